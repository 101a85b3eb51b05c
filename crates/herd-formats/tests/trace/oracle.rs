//! Every figure against what `testbed/trace-oracle` says on golang.org/x/exp/trace.

use std::collections::BTreeMap;
use std::fs;

use herd_analysis::trace::AliveState;
use herd_formats::trace::{Times, kind_name};
use herd_model::{TraceReason, TraceSpread};
use serde_json::Value;

use crate::{folder, recordings, seen};

fn oracle(name: &str) -> Value {
    let bytes = fs::read(folder().join(format!("{name}.oracle.json"))).expect("the oracle's figures");
    serde_json::from_slice(&bytes).expect("JSON")
}

/// Nanoseconds of a sum in seconds; exact for sums below a hundred days.
fn ns(seconds: f64) -> u64 {
    (seconds * 1e9).round() as u64
}

#[test]
fn events_of_each_kind_are_as_many_as_in_the_file() {
    for (name, bytes) in recordings() {
        let seen = seen(&bytes, Times::Recorded).unwrap();
        assert!(seen.summary.losses.is_whole(), "{name}: {:?}", seen.summary.losses);
        let counts: BTreeMap<String, u64> = (0..=u8::MAX)
            .map(|kind| (kind_name(kind).to_owned(), seen.summary.events[kind as usize]))
            .filter(|(kind, count)| *count > 0 && kind != "CPUSample")
            .collect();
        let wire = &oracle(&name)["wire"];
        let theirs: BTreeMap<String, u64> = serde_json::from_value(wire["events"].clone()).unwrap();
        assert_eq!(counts, theirs, "{name}");
        assert_eq!(seen.summary.generations, wire["generations"].as_u64().unwrap(), "{name}");
        assert_eq!(seen.summary.events[7], wire["cpu_samples"].as_u64().unwrap(), "{name}");
    }
}

/// What a reason of the trace is called here: `sync` is split, and a switch without one has a name.
fn theirs_for(reason: &TraceReason) -> Option<&str> {
    match reason.reason.as_str() {
        "coroutine switch" | "began before the trace" => None,
        text if text.starts_with("sync.") && text != "sync.(*Cond).Wait" => Some("sync"),
        "runtime semaphore" => Some("sync"),
        text => Some(text),
    }
}

#[test]
fn waits_by_reason_are_those_of_the_reader_to_the_nanosecond() {
    for (name, bytes) in recordings() {
        let seen = seen(&bytes, Times::Go).unwrap();
        let mut ours: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for reason in &seen.finished.report.reasons {
            if let Some(theirs) = theirs_for(reason).filter(|_| reason.finished.count > 0) {
                let sum = ours.entry(theirs.to_owned()).or_default();
                sum.0 += reason.finished.count;
                sum.1 += ns(reason.finished.total_s);
            }
        }
        let oracle = oracle(&name);
        let theirs: BTreeMap<String, (u64, u64)> = oracle["blocks"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(reason, waits)| (reason.clone(), (waits["n"].as_u64().unwrap(), waits["total_ns"].as_u64().unwrap())))
            .filter(|(reason, (count, _))| *count > 0 && !reason.is_empty())
            .collect();
        assert_eq!(ours, theirs, "{name}");
    }
}

#[track_caller]
fn same(name: &str, what: &str, ours: &TraceSpread, theirs: &Value) {
    let figures = |of: &str| theirs[of].as_u64().expect("a count");
    assert_eq!(
        (ours.count, ns(ours.total_s), ns(ours.max_s)),
        (figures("n"), figures("total_ns"), figures("max_ns")),
        "{name}: {what}"
    );
}

#[test]
fn latency_and_system_calls_are_those_of_the_reader() {
    for (name, bytes) in recordings() {
        let report = seen(&bytes, Times::Go).unwrap().finished.report;
        let oracle = oracle(&name);
        same(&name, "latency", &report.latency, &oracle["latency"]);
        let near = |ours: f64, theirs: &str| {
            let theirs = oracle["latency"][theirs].as_f64().unwrap();
            assert!((ours * 1e9 - theirs).abs() <= theirs / 32.0 + 1.0, "{name}: {ours} s against {theirs} ns");
        };
        near(report.latency.p50_s, "p50_ns");
        near(report.latency.p99_s, "p99_ns");
        same(&name, "system calls", &report.syscalls.finished, &oracle["syscalls"]);
        assert_eq!(report.syscalls.unfinished.count, oracle["syscalls"]["open"].as_u64().unwrap(), "{name}");
    }
}

#[test]
fn the_pause_table_is_that_of_the_reader() {
    for (name, bytes) in recordings() {
        let report = seen(&bytes, Times::Go).unwrap().finished.report;
        let ranges = oracle(&name)["ranges"].clone();
        let theirs: BTreeMap<String, Value> = ranges
            .as_object()
            .unwrap()
            .iter()
            .filter_map(|(range, figures)| {
                let kind = range.strip_prefix("stop-the-world (")?.strip_suffix(')')?;
                (figures["n"].as_u64() != Some(0)).then(|| (kind.to_owned(), figures.clone()))
            })
            .collect();
        assert_eq!(report.collector.pauses.len(), theirs.len(), "{name}");
        for pause in &report.collector.pauses {
            same(&name, &pause.kind, &pause.pauses, &theirs[&pause.kind]);
        }
        if let Some(assists) = ranges.get("GC mark assist").filter(|range| range["n"].as_u64() != Some(0)) {
            same(&name, "assists", &report.collector.assists, assists);
        }
        if let Some(sweeps) = ranges.get("GC incremental sweep").filter(|range| range["n"].as_u64() != Some(0)) {
            same(&name, "sweeps", &report.collector.sweeps, sweeps);
        }
    }
}

#[test]
fn who_came_and_went_is_what_the_reader_says() {
    for (name, bytes) in recordings() {
        let seen = seen(&bytes, Times::Go).unwrap();
        let report = &seen.finished.report;
        let oracle = oracle(&name);
        let theirs = &oracle["goroutines"];
        let census = &report.goroutines;
        let counts = [census.before, census.created, census.ended];
        assert_eq!(counts, ["existing", "created", "ended"].map(|key| theirs[key].as_u64().unwrap()), "{name}");

        let state = |state: AliveState| match state {
            AliveState::Running => "Running",
            AliveState::Runnable => "Runnable",
            AliveState::Waiting => "Waiting",
            AliveState::Syscall => "Syscall",
        };
        let mut alive: Vec<(u64, &str)> = seen.finished.alive.iter().map(|alive| (alive.id, state(alive.state))).collect();
        alive.sort_unstable();
        let rows = theirs["alive"].as_array().unwrap();
        let mut other: Vec<(u64, &str)> =
            rows.iter().map(|row| (row["id"].as_u64().unwrap(), row["state"].as_str().unwrap())).collect();
        other.sort_unstable();
        assert_eq!(alive, other, "{name}");

        let mut sites: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for site in report.sites.iter().filter(|site| site.created > 0) {
            let by = site.created_by.as_ref().map_or_else(String::new, |by| format!("{}:{}", by.func, by.line));
            let sum = sites.entry(format!("{} < {by}", site.entry.func)).or_default();
            *sum = (sum.0 + site.created, sum.1 + site.ended);
        }
        let theirs: BTreeMap<String, (u64, u64)> = oracle["sites"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(site, counts)| (site.clone(), (counts["created"].as_u64().unwrap(), counts["ended"].as_u64().unwrap())))
            .collect();
        for (site, counts) in &theirs {
            let ours = sites.get(site).or_else(|| sites.get(&site.replace(" < ", "<unknown> < ")));
            assert_eq!(ours, Some(counts), "{name}: {site}: {sites:?}");
        }
    }
}

#[test]
fn tasks_and_regions_are_those_of_the_reader() {
    for (name, bytes) in recordings() {
        let report = seen(&bytes, Times::Go).unwrap().finished.report;
        let oracle = oracle(&name);
        for (ours, key) in [(&report.tasks, "tasks"), (&report.regions, "regions")] {
            let theirs = oracle[key].as_object().unwrap();
            for row in ours {
                same(&name, &row.name, &row.finished, &theirs[&row.name]);
            }
            let finished = theirs.values().filter(|row| row["n"].as_u64() != Some(0)).count();
            assert_eq!(ours.iter().filter(|row| row.finished.count > 0).count(), finished, "{name}: {key}");
        }
        let logs: u64 = report.logs.iter().map(|log| log.count).sum();
        let theirs: u64 = oracle["logs"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
        assert_eq!(logs, theirs, "{name}");
    }
}

#[test]
fn time_by_stack_adds_up_to_time_by_reason() {
    for (name, bytes) in recordings() {
        let seen = seen(&bytes, Times::Recorded).unwrap();
        let weights = seen.finished.weights.unwrap();
        let sum = |of: fn(&TraceReason) -> u64| seen.finished.report.reasons.iter().map(of).sum::<u64>();
        let totals = [
            sum(|reason| reason.finished.count),
            sum(|reason| ns(reason.finished.total_s)),
            sum(|reason| reason.unfinished.count),
            sum(|reason| ns(reason.unfinished.total_s)),
        ];
        assert_eq!([0, 1, 2, 3].map(|at| weights.total(at) as u64), totals, "{name}");
    }
}
