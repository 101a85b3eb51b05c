//! The suppression file: findings a team has decided to live with, by fingerprint, each with a reason and perhaps an end.

use std::path::Path;

use herd_model::{Envelope, Finding, Note, NoteKind};
use serde::Deserialize;
use time::Date;
use toml::value::Datetime;

use crate::error::ExpectedError;

/// The file's content.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suppressions {
    /// Entries, `[[suppress]]`.
    #[serde(default)]
    suppress: Vec<Entry>,
    /// The file as it is written, with its comments.
    #[serde(skip)]
    text: String,
}

#[derive(Clone, Debug, Deserialize)]
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
    let mut file: Suppressions = toml::from_str(&text).map_err(|error| failed(error.to_string().trim_end().to_owned()))?;
    for entry in &file.suppress {
        if entry.reason.trim().is_empty() {
            return Err(failed(format!("the entry of {} has no reason", entry.fingerprint)));
        }
        if entry.expires.is_some_and(|expires| date(&expires).is_none()) {
            return Err(failed(format!("the entry of {} has no date in `expires`", entry.fingerprint)));
        }
    }
    file.text = text;
    Ok(file)
}

/// What a file to be written holds already; nothing where there is none.
pub fn read_existing(path: &Path) -> Result<Suppressions, ExpectedError> {
    if path.is_file() { read(path) } else { Ok(Suppressions::default()) }
}

/// What of suppressed findings is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// Each.
    Each,
    /// Those whose entries have expired.
    Expired,
}

/// Takes suppressed findings out, counts them under `hidden.suppressed`, and notes each, as well as entries that have expired.
pub fn apply(envelope: &mut Envelope, file: &Suppressions, today: Date, telling: Noted) {
    let mut notes = Vec::new();
    let suppressed = |finding: &Finding, notes: &mut Vec<Note>| {
        let Some(entry) = file.suppress.iter().find(|entry| entry.fingerprint == finding.fingerprint) else { return false };
        let what = format!("{} {} ({})", finding.id, finding.title, finding.fingerprint);
        let ended = entry.expires.as_ref().and_then(date).filter(|end| *end < today);
        match ended {
            Some(end) => notes.push(note(format!("{what} is no longer suppressed since {end}: {}", entry.reason))),
            None if telling == Noted::Each => notes.push(note(format!("{what} is suppressed: {}", entry.reason))),
            None => {}
        }
        ended.is_none()
    };
    let before = envelope.findings.len();
    envelope.findings.retain(|finding| !suppressed(finding, &mut notes));
    let gone = (before - envelope.findings.len()) as u64;
    envelope.notes.append(&mut notes);
    if gone > 0 {
        *envelope.hidden.entry("suppressed".to_owned()).or_default() += gone;
        envelope.verdict = herd_diagnose::verdict(&envelope.findings, &envelope.candidates, envelope.open);
    }
}

/// How many entries suppress none of these findings.
pub fn unused(findings: &[Finding], file: &Suppressions) -> usize {
    let is_found = |entry: &&Entry| findings.iter().any(|finding| finding.fingerprint == entry.fingerprint);
    file.suppress.iter().filter(|entry| !is_found(entry)).count()
}

/// A file that suppresses what is found now, for a team that starts with a baseline. What `existing` holds is kept as it is written,
/// an entry that has expired, too: renewing it is a decision. `applied` is the file the run suppresses by, whose reasons are taken over.
pub fn baseline(findings: &[Finding], existing: &Suppressions, applied: Option<&Suppressions>, today: Date) -> String {
    let mut added: Vec<Entry> = Vec::new();
    for finding in findings.iter().filter(|finding| !finding.fingerprint.is_empty()) {
        let is_it = |entry: &&Entry| entry.fingerprint == finding.fingerprint;
        if existing.suppress.iter().chain(&added).any(|entry| is_it(&entry)) {
            continue;
        }
        let known = applied.and_then(|file| file.suppress.iter().find(is_it)).cloned();
        added.push(known.unwrap_or_else(|| Entry {
            fingerprint: finding.fingerprint.clone(),
            reason: format!("baseline of {today}: {} {} at {}:{}", finding.id, finding.title, finding.at.file, finding.at.line),
            expires: None,
        }));
    }
    if existing.text.is_empty() {
        return HEAD.to_owned() + &entries(&added);
    }
    let line_end = if existing.text.ends_with('\n') { "" } else { "\n" };
    let text = format!("{}{line_end}{}", existing.text, entries(&added));
    // Entries written as one inline list cannot be followed by tables.
    let holds = |text: &str| toml::from_str::<Suppressions>(text).is_ok();
    if holds(&text) { text } else { HEAD.to_owned() + &entries(&existing.suppress) + &entries(&added) }
}

const HEAD: &str = "# Findings goherd leaves out. Give each its own reason and, where it is to end, `expires = YYYY-MM-DD`.\n";

fn entries(entries: &[Entry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let (fingerprint, reason) = (toml::Value::from(entry.fingerprint.as_str()), toml::Value::from(entry.reason.as_str()));
        text.extend(["\n[[suppress]]\nfingerprint = ", &fingerprint.to_string(), "\nreason = ", &reason.to_string(), "\n"]);
        text.extend(entry.expires.iter().map(|expires| format!("expires = {expires}\n")));
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
