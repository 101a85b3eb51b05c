//! The suppression file: findings a team has decided to live with, by fingerprint, each with a reason and perhaps an end.

use std::path::Path;

use herd_model::{Envelope, Finding, Note, NoteKind};
use serde::Deserialize;
use time::Date;
use toml::value::Datetime;

use crate::error::ExpectedError;

/// The file's content.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppressions {
    /// Entries, `[[suppress]]`.
    #[serde(default)]
    suppress: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    reason: String,
    expires: Option<Datetime>,
}

/// Reads the file; every entry must say why.
pub fn read(path: &Path) -> Result<Suppressions, ExpectedError> {
    let failed = |why: String| ExpectedError::Suppressions { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let file: Suppressions = toml::from_str(&text).map_err(|error| failed(error.to_string().trim_end().to_owned()))?;
    for entry in &file.suppress {
        if entry.reason.trim().is_empty() {
            return Err(failed(format!("the entry of {} has no reason", entry.fingerprint)));
        }
        if entry.expires.is_some_and(|expires| date(&expires).is_none()) {
            return Err(failed(format!("the entry of {} has no date in `expires`", entry.fingerprint)));
        }
    }
    Ok(file)
}

/// Takes suppressed findings out, counts them under `hidden.suppressed`, and notes each, as well as entries that have expired.
pub fn apply(envelope: &mut Envelope, file: &Suppressions, today: Date) {
    let mut notes = Vec::new();
    let suppressed = |finding: &Finding, notes: &mut Vec<Note>| {
        let Some(entry) = file.suppress.iter().find(|entry| entry.fingerprint == finding.fingerprint) else { return false };
        let what = format!("{} {} ({})", finding.id, finding.title, finding.fingerprint);
        let ended = entry.expires.as_ref().and_then(date).filter(|end| *end < today);
        notes.push(match ended {
            Some(end) => note(format!("{what} is no longer suppressed since {end}: {}", entry.reason)),
            None => note(format!("{what} is suppressed: {}", entry.reason)),
        });
        ended.is_none()
    };
    let before = envelope.findings.len();
    envelope.findings.retain(|finding| !suppressed(finding, &mut notes));
    let gone = (before - envelope.findings.len()) as u64;
    envelope.notes.append(&mut notes);
    if gone > 0 {
        *envelope.hidden.entry("suppressed".to_owned()).or_default() += gone;
        envelope.verdict = herd_diagnose::verdict(&envelope.findings, &envelope.candidates, is_open(envelope));
    }
}

/// Whether the testimony has holes, so that nothing found is no health.
fn is_open(envelope: &Envelope) -> bool {
    envelope.snapshot.as_ref().is_some_and(|report| report.truncated)
        || envelope.notes.iter().any(|note| note.kind == NoteKind::Truncated || note.text.contains("no pattern describes them"))
}

/// A file that suppresses what is found now, for a team that starts with a baseline.
pub fn baseline(findings: &[Finding], today: Date) -> String {
    let mut text =
        String::from("# Findings goherd leaves out. Give each its own reason and, where it is to end, `expires = YYYY-MM-DD`.\n");
    let mut written: Vec<&str> = Vec::new();
    for finding in findings.iter().filter(|finding| !finding.fingerprint.is_empty()) {
        if written.contains(&finding.fingerprint.as_str()) {
            continue;
        }
        written.push(&finding.fingerprint);
        let reason = format!("baseline of {today}: {} {} at {}:{}", finding.id, finding.title, finding.at.file, finding.at.line);
        let (fingerprint, reason) = (toml::Value::from(finding.fingerprint.as_str()), toml::Value::from(reason));
        text.extend(["\n[[suppress]]\nfingerprint = ", &fingerprint.to_string(), "\nreason = ", &reason.to_string(), "\n"]);
    }
    text
}

fn note(text: String) -> Note {
    Note { kind: NoteKind::Suppressed, offset: None, text }
}

fn date(datetime: &Datetime) -> Option<Date> {
    let date = datetime.date?;
    let month = time::Month::try_from(date.month).ok()?;
    Date::from_calendar_date(i32::from(date.year), month, date.day).ok()
}
