//! GitLab's Code Quality report: a list of issues, each with a place, a fingerprint and a severity.

use herd_model::{Envelope, Finding, Severity};
use serde_json::{Value, json};

use crate::{
    Look,
    messages::{Messages, messages},
    name::{clean, rooted_file},
};

/// The findings that stand in a file.
pub fn gitlab(envelope: &Envelope, look: &Look<'_>) -> Value {
    let say = messages(look.lang);
    let placed = envelope.findings.iter().filter(|finding| !finding.at.file.is_empty());
    placed.map(|finding| issue(finding, look, &say)).collect()
}

fn issue(finding: &Finding, look: &Look<'_>, say: &Messages) -> Value {
    let words = look.finding(finding, say);
    let fact = finding.evidence.first().map(|fact| format!(": {}", say.evidence(&finding.id, fact))).unwrap_or_default();
    let file = rooted_file(&finding.at, look);
    json!({
        "description": clean(&format!("{}{fact}", words.title)),
        "check_name": finding.id.0,
        "fingerprint": finding.fingerprint,
        "severity": match finding.severity {
            Severity::Critical => "critical",
            Severity::Warning => "major",
            Severity::Info => "info",
        },
        "location": {"path": file.strip_prefix("./").unwrap_or(file), "lines": {"begin": finding.at.line.max(1)}},
        "content": {"body": clean(&format!("{} {}", words.why, words.fix))},
    })
}
