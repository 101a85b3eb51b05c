//! OpenTelemetry metrics in OTLP's JSON form.

use serde_json::{Value, json};

use crate::clock::At;
use crate::exposition::{Family, Kind, Sample};
use crate::sinks::otlp_logs::{attributes, nanoseconds};

/// The body of a call to `/v1/metrics`. Gauges and what is unknown are gauges, counters are cumulative sums without `_total` at the end of
/// their names. Samples without a time were measured `now`.
pub fn otlp_metrics(families: &[Family], resource: &[(String, String)], started_at: At, now: At) -> Vec<u8> {
    let metrics: Vec<Value> = families.iter().map(|family| metric(family, started_at, now)).collect();
    let resource = attributes(resource.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let body = json!({
        "resourceMetrics": [{
            "resource": {"attributes": resource},
            "scopeMetrics": [{"scope": {"name": "goherd", "version": env!("CARGO_PKG_VERSION")}, "metrics": metrics}],
        }],
    });
    body.to_string().into_bytes()
}

fn metric(family: &Family, started_at: At, now: At) -> Value {
    let points = |since: Option<At>| -> Vec<Value> { family.samples.iter().map(|sample| point(sample, since, now)).collect() };
    match family.kind {
        Kind::Gauge | Kind::Unknown => {
            json!({"name": family.name, "description": family.help, "gauge": {"dataPoints": points(None)}})
        }
        Kind::Counter => json!({
            "name": family.name.strip_suffix("_total").unwrap_or(&family.name),
            "description": family.help,
            // 2: since the start, not since the last time.
            "sum": {"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": points(Some(started_at))},
        }),
    }
}

fn point(sample: &Sample, since: Option<At>, now: At) -> Value {
    let labels = sample.labels.iter().filter(|(_, value)| !value.is_empty());
    let mut point = json!({
        "attributes": attributes(labels.map(|(name, value)| (name.as_str(), value.as_str()))),
        "timeUnixNano": nanoseconds(sample.at.unwrap_or(now)),
        "asDouble": number(sample.value),
    });
    if let (Some(since), Some(point)) = (since, point.as_object_mut()) {
        point.insert("startTimeUnixNano".to_owned(), Value::String(nanoseconds(since)));
    }
    point
}

/// JSON has no word for these; that of protobuf has.
fn number(value: f64) -> Value {
    if value.is_finite() {
        json!(value)
    } else if value.is_nan() {
        json!("NaN")
    } else {
        json!(if value > 0.0 { "Infinity" } else { "-Infinity" })
    }
}
