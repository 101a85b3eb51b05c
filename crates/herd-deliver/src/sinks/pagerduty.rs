//! PagerDuty, Events API v2: an event an alert; `dedup_key` is the alert's identity, so that a repeated event changes nothing.

use herd_config::Secret;
use herd_model::Severity;
use serde_json::{Value, json};
use url::Url;

use crate::alert::Alert;
use crate::clock::At;
use crate::notice::Notice;
use crate::post::Call;
use crate::queue::Waiting;
use crate::sinks::{at_most, json};

/// Where PagerDuty takes events.
pub(super) const ADDRESS: &str = "https://events.pagerduty.com/v2/enqueue";

/// Characters a summary may have; bytes are counted, which are no fewer.
const SUMMARY_MAX: usize = 1_024;

pub(super) fn calls(url: &Url, message: &Waiting, Secret(routing_key): &Secret) -> Vec<Call> {
    message.notice.alerts.iter().map(|alert| json(url, &event(&message.notice, alert, routing_key))).collect()
}

fn event(notice: &Notice, alert: &Alert, routing_key: &str) -> Value {
    let key = format!("goherd-{}", alert.key());
    if !alert.is_firing() {
        return json!({"routing_key": routing_key, "event_action": "resolve", "dedup_key": key});
    }
    let links = [("runbook", "runbook_url"), ("evidence", "evidence_url")].map(|(text, name)| (text, alert.annotation(name)));
    let links: Vec<Value> =
        links.iter().filter(|(_, href)| !href.is_empty()).map(|(text, href)| json!({"href": href, "text": text})).collect();
    let summary = format!("{} {}", alert.label("alertname"), alert.annotation("summary"));
    json!({
        "routing_key": routing_key,
        "event_action": "trigger",
        "dedup_key": key,
        "payload": {
            "summary": at_most(&summary, SUMMARY_MAX),
            "source": alert.label("instance"),
            "severity": severity(alert.severity),
            "timestamp": alert.starts_at.rfc3339(),
            "component": alert.label("service"),
            "group": alert.label("env"),
            "class": alert.label("alertname"),
            "custom_details": {"labels": alert.labels, "annotations": alert.annotations, "causes": alert.attached, "told_at": At::rfc3339(notice.at)},
        },
        "links": links,
        "client": "goherd",
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Info => "info",
    }
}
