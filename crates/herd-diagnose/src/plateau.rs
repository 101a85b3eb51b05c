//! From what a trace shows to why a program does no more: the trace eyes look, and what they see is told with its figures.

use herd_analysis::trace::plateau::Facts;
use herd_model::{Envelope, Step, Target, TargetKind};
use herd_patterns::trace::Seen;
use herd_patterns::{CATALOGUE, Pattern};

use crate::said::Said;
use crate::{judge, verdict, worst_first};

/// Judges one trace, or several added up, and adds what is wrong to an answer. A trace alone is one kind of witness: suspected.
pub fn plateau(facts: &Facts, target: &Target, envelope: &mut Envelope) {
    for (pattern, seen) in seen(facts) {
        let decided = seen.sighting.decide_by.is_empty();
        let steps =
            if decided { next(pattern, target) } else { vec![Step::words("a trace of a second or more under the same load")] };
        // What the collector and the scheduler do has no line of the program where no stack tells one.
        let at = seen.at.unwrap_or_default();
        let said = Said { pattern, at, count: seen.count, evidence: seen.sighting.evidence, steps };
        if decided {
            envelope.findings.push(said.finding(target));
        } else {
            envelope.candidates.push(said.candidate(target));
        }
    }
    worst_first(&mut envelope.findings);
    judge::number(&mut envelope.candidates);
    envelope.verdict = verdict(&envelope.findings, &envelope.candidates, envelope.open);
}

/// What each pattern's eye for traces sees.
pub fn seen(facts: &Facts) -> Vec<(&'static Pattern, Seen)> {
    let eyes = CATALOGUE.iter().filter_map(|pattern| pattern.trace.map(|eye| (pattern, eye)));
    eyes.flat_map(|(pattern, eye)| eye(facts).into_iter().map(move |seen| (pattern, seen))).collect()
}

fn next(pattern: &Pattern, target: &Target) -> Vec<Step> {
    let mut steps = vec![Step::command(&["goherd", "explain", pattern.id])];
    if target.kind == TargetKind::File {
        steps.push(Step::command(&["goherd", "trace", &target.name, "--output", "report.html"]));
    }
    steps
}
