//! What a Go process serves of its runtime: the JSON of package expvar (`/debug/vars`), and the text of Prometheus (`/metrics`) as
//! `client_golang` names things.

use herd_model::RuntimeMetrics;
use serde_json::Value;

use crate::exposition::{self, Keep, Limits};

/// Series of the runtime that are read; no runtime has more.
const SERIES: Limits = Limits { series: 1 << 16, key_bytes: 1 << 10 };

/// Reads an answer. Nothing where it is neither form, or tells nothing of the runtime.
pub fn read(answer: &[u8]) -> Option<RuntimeMetrics> {
    let is_json = answer.trim_ascii_start().starts_with(b"{");
    let metrics = if is_json { of_json(&serde_json::from_slice(answer).ok()?) } else { of_page(answer) };
    Some(metrics).filter(|metrics| !metrics.is_empty())
}

/// A name of `runtime/metrics`, which programs publish as they are.
fn set(metrics: &mut RuntimeMetrics, name: &str, value: f64) {
    let into = match name {
        "/sched/goroutines:goroutines" => &mut metrics.goroutines,
        "/gc/heap/live:bytes" => &mut metrics.heap_bytes,
        "/cpu/classes/gc/total:cpu-seconds" => &mut metrics.gc_cpu_s,
        "/cpu/classes/total:cpu-seconds" => &mut metrics.total_cpu_s,
        "/gc/cycles/total:gc-cycles" => &mut metrics.collections,
        "/gc/limiter/last-enabled:gc-cycle" => &mut metrics.limited_at,
        _ => return,
    };
    *into = Some(value);
}

fn of_json(vars: &Value) -> RuntimeMetrics {
    let mut metrics = RuntimeMetrics::default();
    // Published one by one, or as one variable that holds them.
    let own = vars.as_object().into_iter().flatten();
    let inner = own.clone().filter_map(|(_, value)| value.as_object()).flatten();
    for (name, value) in own.chain(inner) {
        if let Some(value) = value.as_f64() {
            set(&mut metrics, name, value);
        }
    }
    let memstats = |name: &str| vars.pointer(&format!("/memstats/{name}")).and_then(Value::as_f64);
    metrics.heap_bytes = metrics.heap_bytes.or_else(|| memstats("HeapAlloc"));
    metrics.collections = metrics.collections.or_else(|| memstats("NumGC"));
    metrics.paused_s = memstats("PauseTotalNs").map(|ns| ns / 1e9);
    metrics.gc_cpu_fraction = memstats("GCCPUFraction");
    metrics
}

/// Names of `client_golang`'s collectors (`prometheus/go_collector.go`, `go_collector_latest.go`).
fn of_page(page: &[u8]) -> RuntimeMetrics {
    let page = exposition::read(page, &Keep::Prefixes(vec!["go_".into()]), SERIES);
    let mut metrics = RuntimeMetrics::default();
    let mut allocated = None;
    for ((key, _), value) in page.layout.series().zip(page.values) {
        match key {
            "go_goroutines" => metrics.goroutines = Some(value),
            "go_sched_goroutines_goroutines" => set(&mut metrics, "/sched/goroutines:goroutines", value),
            "go_gc_heap_live_bytes" => set(&mut metrics, "/gc/heap/live:bytes", value),
            "go_memstats_heap_alloc_bytes" => allocated = Some(value),
            "go_cpu_classes_gc_total_cpu_seconds_total" => set(&mut metrics, "/cpu/classes/gc/total:cpu-seconds", value),
            "go_cpu_classes_total_cpu_seconds_total" => set(&mut metrics, "/cpu/classes/total:cpu-seconds", value),
            "go_gc_limiter_last_enabled_gc_cycle" => set(&mut metrics, "/gc/limiter/last-enabled:gc-cycle", value),
            "go_gc_duration_seconds_count" => metrics.collections = Some(value),
            "go_gc_duration_seconds_sum" => metrics.paused_s = Some(value),
            _ => {}
        }
    }
    metrics.heap_bytes = metrics.heap_bytes.or(allocated);
    metrics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_nothing_of_the_runtime_is_none() {
        for text in ["", "{}", "<html></html>", "{\"a\": 1", "up 1\n", "# HELP go_goroutines Number of goroutines\n", "\u{fffd}"]
        {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read(&[0xff, 0xfe]), None);
    }

    #[test]
    fn lines_with_labels_and_times_are_told_apart() {
        let text = "# TYPE go_goroutines gauge\ngo_goroutines 42 1700000000000\ngo_gc_duration_seconds{quantile=\"1\"} 0.5\n\
                    go_gc_duration_seconds_sum 0.25\ngo_gc_duration_seconds_count 10\ngo_memstats_heap_alloc_bytes 1.5e+06\n";
        let metrics = read(text.as_bytes()).expect("it tells of the runtime");
        let expected = RuntimeMetrics {
            goroutines: Some(42.0),
            heap_bytes: Some(1.5e6),
            collections: Some(10.0),
            paused_s: Some(0.25),
            ..RuntimeMetrics::default()
        };
        assert_eq!(metrics, expected);
    }
}
