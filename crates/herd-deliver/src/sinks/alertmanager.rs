//! Alertmanager, `POST /api/v2/alerts`: what fires ends some time after the next message is due, so that it does not flap; what is resolved
//! ends when it did, with its annotations, which Alertmanager would else forget.

use std::time::Duration;

use serde_json::{Value, json};
use url::Url;

use crate::alert::Alert;
use crate::clock::At;
use crate::post::Call;
use crate::queue::Waiting;
use crate::sinks::{below, json};

/// An alert ends unless it is told again within so many times the time between two messages.
const MISSED_MAX: u32 = 4;

pub(super) fn call(url: &Url, waiting: &[Waiting], resend: Duration, now: At) -> Call {
    let ends = now.plus(resend * MISSED_MAX);
    let alerts: Vec<Value> = waiting.iter().flat_map(|message| &message.notice.alerts).map(|alert| told(alert, ends)).collect();
    json(&below(url, "/api/v2/alerts"), &Value::Array(alerts))
}

fn told(alert: &Alert, ends: At) -> Value {
    let mut annotations = alert.annotations.clone();
    if !alert.attached.is_empty() {
        let lines: Vec<String> =
            alert.attached.iter().map(|effect| format!("{}: {}", effect.alertname, effect.summary)).collect();
        annotations.insert("causes".to_owned(), lines.join("\n"));
    }
    let mut told = json!({
        "labels": alert.labels,
        "annotations": annotations,
        "startsAt": alert.starts_at.rfc3339(),
        "endsAt": alert.ends_at.unwrap_or(ends).rfc3339(),
    });
    let evidence = alert.annotation("evidence_url");
    if !evidence.is_empty()
        && let Some(told) = told.as_object_mut()
    {
        told.insert("generatorURL".to_owned(), Value::String(evidence.to_owned()));
    }
    told
}
