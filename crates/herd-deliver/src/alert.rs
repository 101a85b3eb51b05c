//! An alert: a finding on one instance, with the labels that identify and route it, and what a person needs to act.

use std::collections::BTreeMap;

use herd_model::{Finding, Place, Severity};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::clock::At;
use crate::sign::hex;

/// Labels; they identify an alert, so none holds what changes while it fires.
pub type Labels = BTreeMap<String, String>;

/// A finding as an alert that fires since `now`. Labels: those of the target, and `alertname` (the pattern), `fingerprint`, `severity`,
/// `priority` (`P0`: critical, `P1`: warning, `P2`: info), and `instance`, the finding's target unless the labels name it.
pub fn of_finding(finding: &Finding, about: &About, now: At) -> Alert {
    let mut labels = Labels::new();
    for (name, value) in about.labels.iter().filter(|(_, value)| !value.is_empty()) {
        labels.insert(label_name(name), value.clone());
    }
    labels.entry("instance".to_owned()).or_insert_with(|| finding.target.clone());
    for (name, value) in [
        ("alertname", finding.id.0.as_ref()),
        ("fingerprint", &finding.fingerprint),
        ("severity", finding.severity.as_str()),
        ("priority", priority(finding.severity)),
    ] {
        labels.insert(name.to_owned(), value.to_owned());
    }
    let mut annotations = Labels::new();
    let mut note = |name: &str, text: String| {
        if !text.is_empty() {
            annotations.insert(name.to_owned(), text);
        }
    };
    let title = about.title.as_ref().unwrap_or(&finding.title);
    note("summary", format!("{title}: {} at {}", counted(finding), shown(&finding.at)));
    note("title", title.clone());
    note("description", finding.why.clone());
    note("fix", finding.fix.clone());
    note("at", shown(&finding.at));
    note("started_by", finding.started_by.as_ref().map(shown).unwrap_or_default());
    note("waits_on", finding.waits_on.clone());
    note("goroutines", finding.count.to_string());
    note("rate_per_s", finding.rate_per_s.map(|rate| format!("{rate:.3}")).unwrap_or_default());
    note("certainty", finding.certainty.as_str().to_owned());
    note("next", finding.next.join("\n"));
    note("runbook_id", finding.id.to_string());
    note("runbook_url", about.runbooks.as_ref().map(|base| format!("{base}{}", finding.id)).unwrap_or_default());
    note("evidence_url", about.evidence.clone().unwrap_or_default());
    Alert { labels, annotations, severity: finding.severity, starts_at: now, ends_at: None, attached: Vec::new() }
}

/// What a finding does not know of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// Of the target: `env`, `team`, `service`, `sla_tier`, `instance`. Empty ones are left out; names are made to fit Prometheus's rules.
    pub labels: Labels,
    /// The pattern's title in the reader's language, where it is not English.
    pub title: Option<String>,
    /// Where runbooks stand; the pattern's id is appended.
    pub runbooks: Option<String>,
    /// Where the evidence can be seen.
    pub evidence: Option<String>,
}

/// Something that fires or is resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// What identifies it, and what routes match.
    pub labels: Labels,
    /// What a person needs; may change while it fires.
    pub annotations: Labels,
    /// How much it hurts.
    pub severity: Severity,
    /// Since when it fires.
    pub starts_at: At,
    /// Since when it is resolved; none while it fires.
    pub ends_at: Option<At>,
    /// What it causes, told with it and not by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attached: Vec<Attached>,
}

/// What another alert causes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attached {
    /// The pattern.
    pub alertname: String,
    /// Identity of the finding.
    pub fingerprint: String,
    /// One sentence.
    pub summary: String,
}

impl Alert {
    /// Its identity: 16 hex digits over the labels.
    pub fn key(&self) -> String {
        digest(&self.labels, None)
    }

    /// Its identity whatever its severity: two alerts of one subject are one thing that got better or worse.
    pub fn subject(&self) -> String {
        digest(&self.labels, Some(["severity", "priority"]))
    }

    /// Whether it fires.
    pub fn is_firing(&self) -> bool {
        self.ends_at.is_none()
    }

    /// A label, empty where it has none.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// An annotation, empty where it has none.
    pub fn annotation(&self, name: &str) -> &str {
        self.annotations.get(name).map_or("", String::as_str)
    }
}

/// `P0` hurts now, `P1` will hurt, `P2` is worth knowing.
pub fn priority(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "P0",
        Severity::Warning => "P1",
        Severity::Info => "P2",
    }
}

/// 16 hex digits over labels, but for some; lengths are hashed too, so that no two sets of labels read as one.
pub(crate) fn digest(labels: &Labels, without: Option<[&str; 2]>) -> String {
    let mut hash = Sha256::new();
    for (name, value) in labels.iter().filter(|(name, _)| without.is_none_or(|without| !without.contains(&name.as_str()))) {
        for text in [name, value] {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
    }
    hex(hash.finalize().get(..8).unwrap_or_default())
}

/// A name as Prometheus takes it: letters, digits and `_`, no digit first.
fn label_name(name: &str) -> String {
    let mut fit: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if fit.is_empty() || fit.starts_with(|c: char| c.is_ascii_digit()) {
        fit.insert(0, '_');
    }
    fit
}

fn counted(finding: &Finding) -> String {
    let rate = finding.rate_per_s.filter(|rate| *rate > 0.0).map(|rate| format!(", {rate:+.2}/s")).unwrap_or_default();
    let noun = if finding.count == 1 { "goroutine" } else { "goroutines" };
    format!("{} {noun}{rate}", finding.count)
}

fn shown(place: &Place) -> String {
    match (place.func.is_empty(), place.file.is_empty()) {
        (_, true) => place.func.clone(),
        (true, false) => format!("{}:{}", place.file, place.line),
        (false, false) => format!("{} ({}:{})", place.func, place.file, place.line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_is_what_the_labels_say() {
        let labels =
            |pairs: &[(&str, &str)]| -> Labels { pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect() };
        let alert = |labels| Alert {
            labels,
            annotations: Labels::new(),
            severity: Severity::Info,
            starts_at: At(0),
            ends_at: None,
            attached: Vec::new(),
        };
        let one = alert(labels(&[("a", "bc"), ("severity", "info")]));
        let other = alert(labels(&[("ab", "c"), ("severity", "info")]));
        let worse = alert(labels(&[("a", "bc"), ("severity", "critical")]));
        assert_ne!(one.key(), other.key(), "names and values do not run together");
        assert_ne!(one.key(), worse.key());
        assert_eq!(one.subject(), worse.subject());
        assert_eq!(label_name("k8s.io/app-name"), "k8s_io_app_name");
        assert_eq!(label_name("9lives"), "_9lives");
        assert_eq!(label_name(""), "_");
    }
}
