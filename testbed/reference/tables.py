"""Writes the tables of fixtures/measurements: a load test, a change before and after, rollouts. Made by law and seed, not measured.

The laws stand in the code, so that tests know the truth: memory 40 MiB·(C/10,000)^1.37 with 5 % noise, throughput by the Universal
Scalability Law with its peak at about 57,000 goroutines, latency by Little's law.
"""

import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

OUT = Path(__file__).resolve().parents[2] / "fixtures/measurements"
MINUTE = timedelta(minutes=1)


def write(name, head, rows):
    lines = [",".join(head)] + [",".join(str(cell) for cell in row) for row in rows]
    (OUT / name).write_text("\n".join(lines) + "\n")


def load(rng):
    rows = []
    for step in range(1, 41):
        c = 2500 * step
        memory = 40 * (c / 1e4) ** 1.37 * rng.lognormvariate(0, 0.05)
        qps = 2.0 * c / (1 + 1e-5 * (c - 1) + 3.0e-10 * c * (c - 1)) * rng.lognormvariate(0, 0.01)
        rows.append((c, round(memory, 2), round(qps, 1), round(1000 * c / qps, 2)))
    write("load.csv", ("goroutines", "p99_memory_mib", "qps", "p99_latency_ms"), rows)
    write("load-few.csv", ("goroutines", "p99_memory_mib", "qps", "p99_latency_ms"), rows[::5])


def change(rng):
    def period(name, start, latency, pause, goroutines):
        rows = []
        for minute in range(240):
            time = (start + minute * MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.append((time, round(rng.gauss(latency, latency / 20), 2), round(rng.gauss(pause, 1.5), 2), round(rng.gauss(goroutines, 300)), round(rng.gauss(850, 20), 1)))
        write(name, ("time", "p99_latency_ms", "gc_pause_ms", "goroutines", "qps"), rows)

    tuesday = datetime(2026, 11, 10, 9, 0, tzinfo=timezone.utc)
    period("before.csv", tuesday, 180.0, 31.0, 12000)
    period("after.csv", tuesday + timedelta(days=7), 180.0 * (1 - 0.261), 31.0 - 18.3, 12000 * (1 - 0.327))
    period("after-saturday.csv", tuesday + timedelta(days=4), 130.0, 12.0, 8000)


def rollout(rng):
    def arm(name, windows, failing, latency):
        start = datetime(2026, 11, 17, 13, 0, tzinfo=timezone.utc)
        rows = []
        for minute in range(windows):
            requests = rng.randint(1900, 2100)
            failures = sum(1 for _ in range(requests) if rng.random() < failing)
            rows.append(((start + minute * MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ"), requests, failures, round(rng.gauss(latency, 6), 2)))
        write(name, ("time", "requests", "failures", "latency_ms"), rows)

    arm("control.csv", 300, 0.0008, 120.0)
    arm("treatment.csv", 300, 0.0008, 121.0)
    arm("treatment-slow.csv", 300, 0.0008, 158.0)
    arm("treatment-failing.csv", 300, 0.0030, 120.0)
    arm("treatment-few.csv", 12, 0.0008, 121.0)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    rng = random.Random(20261121)
    load(rng)
    change(rng)
    rollout(rng)


main()
