//! JUnit XML for CI dashboards: a suite a target, a failed case a finding, a skipped case a candidate, a passed case when nothing is wrong.

use herd_model::{Candidate, Envelope, Finding, GateVerdict, Place};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::{
    Look, SinkError,
    messages::{Messages, messages},
    name::{clean, full_place, func_tail},
    text::{counted, is_of_goroutines, shown, verdict_sentence, waits_on_text},
};

/// The answer as one `testsuites` document.
pub fn junit(envelope: &Envelope, look: &Look<'_>) -> Result<String, SinkError> {
    let say = messages(look.lang);
    let mut report = Report::new(format!("goherd {}", envelope.command));
    for target in &envelope.targets {
        let mut suite = TestSuite::new(clean(&target.name).into_owned());
        let findings = envelope.findings.iter().filter(|finding| finding.target == target.name);
        let candidates = envelope.candidates.iter().filter(|candidate| candidate.target == target.name);
        suite.add_test_cases(findings.map(|finding| failed(finding, look, &say)));
        suite.add_test_cases(candidates.map(|candidate| skipped(candidate, look, &say)));
        if suite.test_cases.is_empty() {
            let mut case = TestCase::new(verdict_sentence(envelope, &say), gate_status(envelope, &say));
            case.set_classname("goherd");
            suite.add_test_case(case);
        }
        let notes: Vec<String> = envelope.notes.iter().map(|note| say.sentence(&note.text)).collect();
        suite.set_system_out(notes.join("\n"));
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

/// A gate's answer; whatever else has no finding is well.
fn gate_status(envelope: &Envelope, say: &Messages) -> TestCaseStatus {
    let guard = envelope.guard.as_ref().map(|report| report.verdict);
    let verdict = guard
        .or(envelope.diff.as_ref().map(|report| report.verdict))
        .or(envelope.trace_diff.as_ref().map(|report| report.verdict));
    match verdict.or(envelope.capacity.as_ref().and_then(|report| report.verdict)) {
        Some(GateVerdict::Fail) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(verdict_sentence(envelope, say));
            status
        }
        Some(GateVerdict::Inconclusive) => TestCaseStatus::skipped(),
        Some(GateVerdict::Pass) | None => TestCaseStatus::success(),
    }
}

fn failed(finding: &Finding, look: &Look<'_>, say: &Messages) -> TestCase {
    let words = look.finding(finding, say);
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(format!("{}, {}", finding.severity.as_str(), finding.certainty.as_str()));
    let mut lines = shown(finding, look, say);
    if is_of_goroutines(finding) {
        let counted = counted(finding.count, finding.rate_per_s, say);
        status.set_message(format!("{counted}: {}", waits_on_text(&finding.waits_on, say)));
        lines = finding.evidence.iter().map(|fact| clean(&say.evidence(&finding.id, fact)).into_owned()).collect();
    } else if let Some(fact) = lines.first() {
        status.set_message(fact.clone());
    }
    lines.push(words.why.clone());
    lines.push(words.fix.clone());
    lines.extend(finding.started_by.as_ref().map(|place| format!("{} {}", say.say("row-started-by"), full_place(place, look))));
    lines.extend(finding.steps.iter().map(|step| format!("{} {}", say.say("row-next"), say.step(step))));
    status.set_description(lines.join("\n"));
    case(&finding.id.0, &words.title, &finding.at, &finding.fingerprint, status, look)
}

fn skipped(candidate: &Candidate, look: &Look<'_>, say: &Messages) -> TestCase {
    let title = look.candidate(candidate, say).title;
    let mut status = TestCaseStatus::skipped();
    status.set_type("candidate");
    status.set_message(format!(
        "{}: {}",
        counted(candidate.count, candidate.rate_per_s, say),
        waits_on_text(&candidate.waits_on, say)
    ));
    let decide = candidate.steps.iter().map(|step| format!("{} {}", say.say("row-decide"), say.step(step)));
    status.set_description(decide.collect::<Vec<_>>().join("\n"));
    case(&candidate.id.0, &title, &candidate.at, &candidate.fingerprint, status, look)
}

fn case(id: &str, title: &str, at: &Place, fingerprint: &str, status: TestCaseStatus, look: &Look<'_>) -> TestCase {
    let place = full_place(at, look);
    let place = if place.is_empty() { clean(func_tail(&at.func)).into_owned() } else { place };
    let mut case = TestCase::new(format!("{} {} at {place}", clean(id), clean(title)), status);
    case.set_classname(format!("goherd.{}", clean(id)));
    case.extra.insert("file".into(), clean(&at.file).into());
    case.extra.insert("line".into(), at.line.to_string().into());
    case.extra.insert("fingerprint".into(), fingerprint.into());
    case
}
