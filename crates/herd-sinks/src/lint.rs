//! What `goherd lint` found, with the lines of source that show it.

use herd_model::{Envelope, Evidence, Finding, LintReport, Verdict};

use crate::{
    Detail, Look,
    figure::{percent, thousands},
    layout::{Role, columns, labelled, pad, paint, two_sided},
    lint_chains,
    messages::Messages,
    name::{clean, full_place, func_tail},
    text,
};

/// Columns of source that are shown of a line.
const CODE_COLUMNS_MAX: usize = 100;

/// Findings one after another: the way that proves each, why it hurts, what to change.
pub fn body(envelope: &Envelope, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let chains = envelope.lint.as_ref().map(|report| &*report.chains).unwrap_or_default();
    let mut lines = lint_chains::lines(chains, look, say);
    for finding in &envelope.findings {
        if !lines.is_empty() && look.detail > Detail::Brief {
            lines.push(String::new());
        }
        lines.extend(finding_lines(finding, look, say));
    }
    if look.detail > Detail::Brief {
        lines.extend(envelope.lint.as_ref().map(|report| paint(Role::Faint, &coverage(report, say), look)));
    }
    lines
}

/// The verdict in one sentence; nothing where nothing was linted.
pub fn sentence(envelope: &Envelope, say: &Messages) -> Option<String> {
    let report = envelope.lint.as_ref()?;
    let (functions, packages) = (say.count("functions", report.functions), say.count("packages", report.packages));
    let findings = say.count("findings", envelope.findings.len() as u64);
    let facts = [("functions", &*functions), ("packages", &*packages), ("findings", &*findings)];
    Some(match envelope.verdict {
        Verdict::Findings => say.say_with("lint-findings", &facts),
        Verdict::Healthy => say.say_with("lint-healthy", &facts),
        Verdict::Undecidable | Verdict::Inconclusive => say.say("lint-nothing"),
    })
}

fn finding_lines(finding: &Finding, look: &Look<'_>, say: &Messages) -> Vec<String> {
    let (left, right) = text::head(finding, look, say);
    let mut lines = vec![two_sided(&left, &right, look.width)];
    if look.detail == Detail::Brief {
        return lines;
    }
    let place = clean(&full_place(&finding.at, look)).into_owned();
    let func = clean(func_tail(&finding.at.func)).into_owned();
    lines.push(format!("  {}   {}", paint(Role::Strong, &place, look), paint(Role::Faint, &func, look)));
    let places: Vec<String> = finding.evidence.iter().map(|fact| place_of(fact, finding, look)).collect();
    let width = places.iter().map(|place| columns(place)).max().unwrap_or(0);
    for (fact, place) in finding.evidence.iter().zip(&places) {
        let said = clean(&say.evidence(&finding.id, fact)).into_owned();
        lines.push(format!("    {}  {said}", paint(Role::Faint, &pad(place, width), look)));
        if let Some(code) = &fact.code {
            let code: String = clean(code).chars().take(CODE_COLUMNS_MAX).collect();
            lines.push(format!("    {}    {}", " ".repeat(width), paint(Role::Command, &code, look)));
        }
    }
    let words = look.finding(finding, say);
    lines.extend(labelled(&say.say("row-why"), &clean(&words.why), look));
    lines.extend(labelled(&say.say("row-fix"), &clean(&words.fix), look));
    if let Some(repair) = &finding.repair {
        let key = format!("lint-repair-{}", repair.safety.as_str());
        lines.extend(labelled(
            &say.say("row-repair"),
            &say.say_with(&key, &[("text", &clean(&say.sentence(&repair.text)))]),
            look,
        ));
    }
    lines.push(text::explain_hint(&finding.id, look, say));
    lines
}

/// The line alone in the finding's own file.
fn place_of(fact: &Evidence, finding: &Finding, look: &Look<'_>) -> String {
    match &fact.place {
        Some(place) if place.file == finding.at.file => format!(":{}", place.line),
        Some(place) => clean(&full_place(place, look)).into_owned(),
        None => String::new(),
    }
}

fn coverage(report: &LintReport, say: &Messages) -> String {
    let known = percent(report.expressions - report.unknown.min(report.expressions), report.expressions);
    let mut text = say.say_with(
        "lint-coverage",
        &[("packages", &say.count("packages", report.packages)), ("files", &thousands(report.files)), ("known", &known)],
    );
    if report.mended > 0 {
        let facts = [("findings", &*say.count("findings", report.mended)), ("files", &*thousands(report.files_mended))];
        text = format!("{}; {text}", say.say_with("lint-mended", &facts));
    }
    for (key, count) in [
        ("lint-generated", report.generated),
        ("lint-damaged", report.damaged),
        ("lint-unsound", report.unsound),
        ("lint-missing", report.modules_missing),
        ("lint-not-mended", report.not_mended),
    ] {
        if count > 0 {
            text += "; ";
            text += &say.say_with(key, &[("count", &thousands(count))]);
        }
    }
    text
}
