//! OpenTelemetry logs over HTTP, in OTLP's JSON form: a record an alert that fires or is resolved.

use std::collections::BTreeMap;

use herd_model::Severity;
use serde_json::{Value, json};
use url::Url;

use crate::alert::Alert;
use crate::clock::At;
use crate::post::{Call, first_line};
use crate::queue::Waiting;
use crate::sinks::json;

pub(super) fn call(url: &Url, waiting: &[Waiting], now: At) -> Call {
    let mut resources: BTreeMap<Vec<(&str, &str)>, Vec<Value>> = BTreeMap::new();
    for message in waiting {
        for alert in &message.notice.alerts {
            resources.entry(resource(alert)).or_default().push(record(alert, &message.delivery, now));
        }
    }
    let resources: Vec<Value> = resources
        .into_iter()
        .map(|(resource, records)| {
            json!({
                "resource": {"attributes": attributes(resource.into_iter())},
                "scopeLogs": [{"scope": {"name": "goherd", "version": env!("CARGO_PKG_VERSION")}, "logRecords": records}],
            })
        })
        .collect();
    json(url, &json!({"resourceLogs": resources}))
}

/// A collector that takes some records and not others says so with a status of success; the same records would not fare better later.
pub(super) fn said_no(body: &[u8]) -> Option<(String, bool)> {
    rejected(body, "rejectedLogRecords", "log records").map(|why| (why, false))
}

/// What a collector says it did not take, by the name of its count.
pub(crate) fn rejected(body: &[u8], count: &str, noun: &str) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let partial = answer.get("partialSuccess")?;
    let rejected = partial.get(count)?;
    // 64-bit numbers are strings in OTLP's JSON; some write numbers all the same.
    let rejected = rejected.as_i64().or_else(|| rejected.as_str()?.parse().ok())?;
    let said = partial.get("errorMessage").and_then(Value::as_str).unwrap_or_default();
    (rejected > 0).then(|| format!("{rejected} {noun} are rejected: {}", first_line(said.as_bytes()).unwrap_or_default()))
}

/// Whose log it is, in OpenTelemetry's words.
fn resource(alert: &Alert) -> Vec<(&'static str, &str)> {
    let known = [
        ("deployment.environment.name", "env"),
        ("service.instance.id", "instance"),
        ("service.name", "service"),
        ("service.namespace", "team"),
    ];
    known.into_iter().map(|(attribute, label)| (attribute, alert.label(label))).filter(|(_, value)| !value.is_empty()).collect()
}

fn record(alert: &Alert, delivery: &str, now: At) -> Value {
    let (severity_number, severity_text) = severity(alert);
    let state = if alert.is_firing() { "firing" } else { "resolved" };
    let own = [("goherd.alert.state", state), ("goherd.delivery", delivery)].map(|(name, value)| (name.to_owned(), value));
    let labels = alert.labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let annotations = alert.annotations.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    json!({
        "timeUnixNano": nanoseconds(alert.ends_at.unwrap_or(alert.starts_at)),
        "observedTimeUnixNano": nanoseconds(now),
        "severityNumber": severity_number,
        "severityText": severity_text,
        "eventName": "goherd.alert",
        "body": {"stringValue": format!("{state}: {} {}", alert.label("alertname"), alert.annotation("summary"))},
        "attributes": attributes(own.into_iter().chain(prefixed(labels, "goherd.label.")).chain(prefixed(annotations, "goherd.annotation."))),
    })
}

fn prefixed<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>, prefix: &str) -> impl Iterator<Item = (String, &'a str)> {
    pairs.map(move |(name, value)| (format!("{prefix}{name}"), value))
}

pub(crate) fn attributes<N: Into<String>>(pairs: impl Iterator<Item = (N, impl Into<String>)>) -> Vec<Value> {
    pairs.map(|(name, value)| json!({"key": name.into(), "value": {"stringValue": value.into()}})).collect()
}

pub(crate) fn nanoseconds(at: At) -> String {
    at.0.saturating_mul(1_000_000).to_string()
}

fn severity(alert: &Alert) -> (u8, &'static str) {
    if !alert.is_firing() {
        return (9, "INFO");
    }
    match alert.severity {
        Severity::Critical => (17, "ERROR"),
        Severity::Warning => (13, "WARN"),
        Severity::Info => (9, "INFO"),
    }
}
