//! A report to paste into an issue or a chat.

use std::fmt::Write as _;

use herd_model::{Candidate, Envelope, Finding, Place, Step};

use crate::{
    Look,
    figure::spread,
    gate, graph_markdown,
    messages::{Messages, messages},
    name::{clean, full_place, func_tail, source_link},
    text::{counted, dot, hidden, is_of_goroutines, verdict_sentence, waits_on_text},
};

/// The answer as GitHub-flavoured Markdown.
pub fn markdown(envelope: &Envelope, look: &Look<'_>) -> String {
    let say = messages(look.lang);
    let mut text = format!("# {}\n\n", say.say("heading-report"));
    let _ = writeln!(text, "**{}**\n", prose(&verdict_sentence(envelope, &say)));
    for target in &envelope.targets {
        let version = target.go_version.as_deref().map_or_else(String::new, |version| format!(", {}", prose(version)));
        let _ = writeln!(text, "- {}: {}{version}", say.say("heading-target"), code(&target.name));
    }
    if !envelope.findings.is_empty() {
        let _ = writeln!(text, "\n## {}\n", say.say("heading-findings"));
        overview(&mut text, envelope, look, &say);
        for finding in &envelope.findings {
            section(&mut text, finding, look, &say);
        }
    }
    if !envelope.candidates.is_empty() {
        let _ = writeln!(text, "\n## {}\n", say.say("heading-candidates"));
        candidates(&mut text, &envelope.candidates, look, &say);
    }
    text.extend(gate::sheets(envelope, &say).iter().map(gate::markdown));
    graph_markdown::section(&mut text, envelope, &say);
    if !envelope.notes.is_empty() {
        let _ = writeln!(text, "\n## {}\n", say.say("heading-notes"));
        for note in &envelope.notes {
            let _ = writeln!(text, "- {}", prose(&say.sentence(&note.text)));
        }
    }
    let hidden = hidden(envelope, look, &say);
    if !hidden.is_empty() {
        let _ = writeln!(text, "\n{}", prose(&hidden.join(&dot(look))));
    }
    text
}

fn row(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

fn heading(text: &mut String, keys: &[&str], say: &Messages) {
    row(text, &keys.iter().map(|key| say.say(key)).collect::<Vec<_>>());
    row(text, &keys.iter().map(|_| "---".to_owned()).collect::<Vec<_>>());
}

fn overview(text: &mut String, envelope: &Envelope, look: &Look<'_>, say: &Messages) {
    heading(
        text,
        &[
            "heading-severity",
            "heading-certainty",
            "heading-finding",
            "heading-goroutines",
            "heading-place",
            "heading-started-by",
        ],
        say,
    );
    for finding in &envelope.findings {
        let title = look.finding(finding, say).title;
        let started_by = finding.started_by.as_ref().map_or_else(|| "-".to_owned(), |place| linked(place, look));
        row(
            text,
            &[
                say.say(finding.severity.as_str()),
                say.say(finding.certainty.as_str()),
                format!("{} {}", finding.id, prose(&title)),
                if is_of_goroutines(finding) { prose(&counted(finding.count, finding.rate_per_s, say)) } else { "-".to_owned() },
                linked(&finding.at, look),
                started_by,
            ],
        );
    }
}

fn section(text: &mut String, finding: &Finding, look: &Look<'_>, say: &Messages) {
    let words = look.finding(finding, say);
    let _ = writeln!(text, "\n### {} {}\n", finding.id, prose(&words.title));
    let since = finding.since_s.as_ref().map_or_else(String::new, |since| format!(", {}", prose(&spread(since, look.charset))));
    if is_of_goroutines(finding) {
        let _ = writeln!(text, "- {}: {}{since}", say.say("row-waits-on"), prose(&waits_on_text(&finding.waits_on, say)));
    }
    let _ = writeln!(text, "- {}: {} {}", say.say("row-at"), linked(&finding.at, look), code(func_tail(&finding.at.func)));
    if let Some(place) = &finding.started_by {
        let _ = writeln!(text, "- {}: {} {}", say.say("row-started-by"), linked(place, look), code(func_tail(&place.func)));
    }
    let _ = writeln!(text, "- {}:", say.say("row-evidence"));
    for fact in &finding.evidence {
        let place = fact.place.as_ref().filter(|_| !is_of_goroutines(finding)).map(|place| format!("{}: ", linked(place, look)));
        let _ = writeln!(text, "  - {}{}", place.unwrap_or_default(), prose(&say.evidence(&finding.id, fact)));
    }
    let _ = writeln!(text, "- {}: {}", say.say("row-why"), prose(&words.why));
    let _ = writeln!(text, "- {}: {}", say.say("row-fix"), prose(&words.fix));
    for next in &finding.steps {
        let _ = writeln!(text, "- {}: {}", say.say("row-next"), step(next, say));
    }
    let _ = writeln!(text, "- {}: {}", say.say("heading-fingerprint"), code(&finding.fingerprint));
}

fn candidates(text: &mut String, candidates: &[Candidate], look: &Look<'_>, say: &Messages) {
    heading(text, &["heading-finding", "heading-goroutines", "heading-place", "heading-started-by", "row-decide"], say);
    for candidate in candidates {
        let title = look.candidate(candidate, say).title;
        let started_by = candidate.started_by.as_ref().map_or_else(|| "-".to_owned(), |place| linked(place, look));
        row(
            text,
            &[
                format!("{} {}", candidate.id, prose(&title)),
                prose(&counted(candidate.count, candidate.rate_per_s, say)),
                linked(&candidate.at, look),
                started_by,
                candidate.steps.iter().map(|decides| step(decides, say)).collect::<Vec<_>>().join("<br>"),
            ],
        );
    }
}

fn step(step: &Step, say: &Messages) -> String {
    let words = step.words.as_deref().map(|words| prose(&say.sentence(words)));
    step.command.as_deref().map(code).into_iter().chain(words).collect::<Vec<_>>().join(": ")
}

fn linked(place: &Place, look: &Look<'_>) -> String {
    let text = full_place(place, look);
    let text = if text.is_empty() { func_tail(&place.func).to_owned() } else { text };
    match source_link(place, look) {
        Some(link) => format!("[{}]({})", code(&text), clean(&link).replace(['(', ')', ' '], "")),
        None => code(&text),
    }
}

/// Text that must not become markup, a mention or a table cell of its own.
pub(crate) fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in clean(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '@') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A code span; table cells need their bars escaped even there.
pub(crate) fn code(text: &str) -> String {
    let text = clean(text).replace('|', "\\|");
    if text.contains('`') { format!("`` {text} ``") } else { format!("`{text}`") }
}
