//! Pushgateway: all that fires on an instance is one group of metrics, replaced as a whole (`PUT`), and deleted when nothing fires.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use url::Url;

use crate::exposition::{Family, Kind, Sample, prometheus_text};
use crate::post::Call;
use crate::queue::Waiting;
use crate::sinks::below;

pub(super) fn call(url: &Url, message: &Waiting, job: &str) -> Call {
    let notice = &message.notice;
    let mut path = format!("/metrics/{}", part("job", job));
    for (name, value) in &notice.group {
        let _never_fails = write!(path, "/{}", part(name, value));
    }
    let mut family = Family::new("goherd_alert_firing", Kind::Gauge, "Goroutines concerned by an alert that fires.");
    for alert in notice.alerts.iter().filter(|alert| alert.is_firing()) {
        let labels = alert.labels.iter().filter(|(name, _)| !notice.group.contains_key(*name) && *name != "job");
        let goroutines = alert.annotation("goroutines").parse().unwrap_or(1.0);
        family.samples.push(Sample::new(labels.map(|(name, value)| (name.clone(), value.clone())), goroutines));
    }
    let method = if family.samples.is_empty() { Method::DELETE } else { Method::PUT };
    let body = if family.samples.is_empty() { String::new() } else { prometheus_text(&[family]) };
    let content_type = "text/plain; version=0.0.4; charset=utf-8";
    Call { method, url: below(url, &path), content_type, headers: Vec::new(), body: body.into_bytes() }
}

/// A label as two parts of a path. What a path cannot hold, and nothing at all, is written in base64.
fn part(name: &str, value: &str) -> String {
    let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte));
    if !value.is_empty() && plain && value.bytes().any(|byte| byte != b'.') {
        return format!("{name}/{value}");
    }
    if value.is_empty() { format!("{name}@base64/=") } else { format!("{name}@base64/{}", URL_SAFE_NO_PAD.encode(value)) }
}
