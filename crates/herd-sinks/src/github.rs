//! Workflow commands, which GitHub Actions shows beside the changed lines.

use std::fmt::Write as _;

use herd_model::{Envelope, Place, Severity};

use crate::{
    Look,
    messages::{Messages, messages},
    name::{clean, rooted_file},
    text::{counted, holes, is_of_goroutines, shown, verdict_sentence, waits_on_text},
};

/// One `::error`, `::warning` or `::notice` a finding, one `::notice` a candidate and a hole in the input, and the verdict.
pub fn github(envelope: &Envelope, look: &Look<'_>) -> String {
    let say = messages(look.lang);
    let mut text = String::new();
    for finding in &envelope.findings {
        let words = look.finding(finding, &say);
        let heading = format!("{} {}, {}", finding.id, words.title, say.say(finding.certainty.as_str()));
        let mut message = if is_of_goroutines(finding) {
            let counted = counted(finding.count, finding.rate_per_s, &say);
            vec![facts(&counted, &finding.waits_on, finding.started_by.as_ref(), &say)]
        } else {
            shown(finding, look, &say)
        };
        message.extend([words.why, words.fix]);
        let message: Vec<&str> = message.iter().map(String::as_str).collect();
        command(&mut text, level(finding.severity), Some(&finding.at), &heading, &message, look);
    }
    for candidate in &envelope.candidates {
        let title = look.candidate(candidate, &say).title;
        let rank = say.say_with("candidate", &[("rank", &candidate.rank.to_string())]);
        let heading = format!("{} {title}, {rank}", candidate.id);
        let counted = counted(candidate.count, candidate.rate_per_s, &say);
        let facts = facts(&counted, &candidate.waits_on, candidate.started_by.as_ref(), &say);
        let steps: Vec<String> = candidate.steps.iter().map(|step| say.step(step)).collect();
        let message: Vec<&str> = std::iter::once(&facts).chain(&steps).map(String::as_str).collect();
        command(&mut text, "notice", Some(&candidate.at), &heading, &message, look);
    }
    for hole in holes(envelope, &say) {
        command(&mut text, "notice", None, "goherd input", &[&hole], look);
    }
    command(&mut text, "notice", None, "goherd", &[&verdict_sentence(envelope, &say)], look);
    text
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    }
}

fn facts(counted: &str, waits_on: &str, started_by: Option<&Place>, say: &Messages) -> String {
    let waits_on = waits_on_text(waits_on, say);
    let started_by = started_by.map(|place| {
        let place = format!("{} ({}:{})", place.func, place.file, place.line);
        format!(", {}", say.say_with("line-started-by", &[("place", &place)]))
    });
    format!("{counted}: {waits_on}{}", started_by.unwrap_or_default())
}

fn command(text: &mut String, level: &str, at: Option<&Place>, title: &str, message: &[&str], look: &Look<'_>) {
    let mut properties = Vec::new();
    if let Some(place) = at.filter(|place| !place.file.is_empty()) {
        properties.push(format!("file={}", property(rooted_file(place, look))));
        if place.line > 0 {
            properties.push(format!("line={}", place.line));
        }
    }
    properties.push(format!("title={}", property(title)));
    let _ = writeln!(
        text,
        "::{level} {}::{}",
        properties.join(","),
        message.iter().map(|line| data(line)).collect::<Vec<_>>().join("%0A")
    );
}

/// Escapes a line of a message: the runner unescapes `%25`, and a line end from a dump could start a command of its own.
fn data(text: &str) -> String {
    clean(text).replace('%', "%25")
}

/// Escapes a property, in which `:` and `,` separate.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
