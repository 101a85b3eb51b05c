//! One line a finding or candidate, for pipes, editors and grep; then what of the input was not read, and one line with the verdict.

use std::fmt::Write as _;

use herd_model::{Envelope, Evidence, PatternId, Place, Spread};

use crate::{
    Charset, Detail, Look,
    figure::{rate, spread},
    lint_chains,
    messages::{Messages, messages},
    name::{clean, full_place},
    text::{hidden, holes, verdict_sentence, waits_on_text},
};

/// The answer in lines of `file:line: severity[ID] certainty: …`.
pub fn concise(envelope: &Envelope, look: &Look<'_>) -> String {
    let look = Look { charset: Charset::Ascii, colour: false, ..look.clone() };
    let say = messages(look.lang);
    let mut text = String::new();
    for finding in &envelope.findings {
        let title = look.finding(finding, &say).title;
        let head = format!("{}[{}] {}", finding.severity.as_str(), finding.id, finding.certainty.as_str());
        let told = || {
            facts(
                finding.count,
                finding.rate_per_s,
                &finding.waits_on,
                finding.since_s.as_ref(),
                finding.started_by.as_ref(),
                &look,
                &say,
            )
        };
        let facts = of_process(&finding.id, finding.count, &finding.evidence, &say).unwrap_or_else(told);
        line(&mut text, &place(&finding.at, &finding.target, &look), &head, &title, &facts);
    }
    for chain in envelope.lint.iter().flat_map(|report| &report.chains) {
        if let Some(told) = lint_chains::line(chain, &look, &say) {
            let _ = writeln!(text, "{told}");
        }
    }
    let brief = look.detail == Detail::Brief;
    for candidate in envelope.candidates.iter().filter(|_| !brief) {
        let title = look.candidate(candidate, &say).title;
        let head = format!("candidate[{}] rank {}", candidate.id, candidate.rank);
        let told = || {
            facts(
                candidate.count,
                candidate.rate_per_s,
                &candidate.waits_on,
                candidate.since_s.as_ref(),
                candidate.started_by.as_ref(),
                &look,
                &say,
            )
        };
        let mut facts = of_process(&candidate.id, candidate.count, &candidate.evidence, &say).unwrap_or_else(told);
        if let Some(step) = candidate.steps.first() {
            let _ = write!(facts, "; {}", say.say_with("line-decide", &[("step", &say.step(step))]));
        }
        line(&mut text, &place(&candidate.at, &candidate.target, &look), &head, &title, &facts);
    }
    for hole in holes(envelope, &say).iter().filter(|_| !brief) {
        let _ = writeln!(text, "goherd: {}", clean(&say.say_with("line-note", &[("note", hole)])));
    }
    let mut end = vec![verdict_sentence(envelope, &say)];
    end.extend(hidden(envelope, &look, &say));
    let _ = writeln!(text, "goherd: {}", clean(&end.join("; ")));
    text
}

/// What a whole process shows counts no goroutines; its facts are told instead.
fn of_process(id: &PatternId, count: u64, evidence: &[Evidence], say: &Messages) -> Option<String> {
    (count == 0).then(|| evidence.iter().map(|fact| say.evidence(id, fact)).collect::<Vec<_>>().join("; "))
}

fn line(text: &mut String, place: &str, head: &str, title: &str, facts: &str) {
    let _ = writeln!(text, "{place}: {}: {}: {}", clean(head), clean(title), clean(facts));
}

/// Where to look: the source line, else the target.
fn place(at: &Place, target: &str, look: &Look<'_>) -> String {
    let place = full_place(at, look);
    if place.is_empty() { clean(target).into_owned() } else { place }
}

fn facts(
    count: u64,
    per_s: Option<f64>,
    waits_on: &str,
    since: Option<&Spread>,
    started_by: Option<&Place>,
    look: &Look<'_>,
    say: &Messages,
) -> String {
    let goroutines = say.digits("goroutines", count);
    let goroutines = per_s.and_then(rate).map_or_else(|| goroutines.clone(), |rate| format!("{goroutines} ({rate})"));
    let mut facts = say.say_with("line-in", &[("goroutines", &goroutines), ("state", &waits_on_text(waits_on, say))]);
    if let Some(since) = since {
        facts = say.say_with("line-for", &[("facts", &facts), ("time", &spread(since, look.charset))]);
    }
    if let Some(started_by) = started_by {
        let place = full_place(started_by, look);
        let place = if place.is_empty() { &started_by.func } else { &place };
        let _ = write!(facts, "; {}", say.say_with("line-started-by", &[("place", place)]));
    }
    facts
}
