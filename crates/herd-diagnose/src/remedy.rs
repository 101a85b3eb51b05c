//! What to do next: commands that lead on, and witnesses that decide.

use herd_model::{PatternId, Place, Target, TargetKind};
use herd_patterns::Witness;

/// Commands for a finding.
pub(crate) fn next(id: &PatternId, target: &Target) -> Vec<String> {
    let mut next = vec![format!("goherd explain {id}")];
    match target.kind {
        TargetKind::File => next.push(format!("goherd open {}", first_name(target))),
        TargetKind::Url | TargetKind::Recording => {
            next.push(format!("goherd doctor {} --format html > report.html", target.name));
        }
        TargetKind::Stdin => {}
    }
    next
}

/// What would decide a candidate, best first.
pub(crate) fn decide_by(witnesses: &[Witness], target: &Target, at: &Place) -> Vec<String> {
    witnesses.iter().map(|witness| decide(*witness, target, at)).collect()
}

fn decide(witness: Witness, target: &Target, at: &Place) -> String {
    let address = target.kind == TargetKind::Url;
    match witness {
        Witness::Series if address => format!("goherd doctor {} --for 60s", target.name),
        Witness::Series => "goherd doctor FIRST SECOND …: dumps of the same process, 10 s apart, over a minute".to_owned(),
        Witness::Stacks if address => format!("goherd doctor {} --allow-stw", target.name),
        Witness::Stacks => "goherd doctor STACKS: the text of /debug/pprof/goroutine?debug=2".to_owned(),
        Witness::LeakProfile if address => {
            format!("goherd doctor {} on a process built with Go 1.27: its goroutineleak profile proves leaks", target.name)
        }
        Witness::LeakProfile => {
            "goherd doctor LEAKS: the text of /debug/pprof/goroutineleak?debug=1 of a process built with Go 1.27".to_owned()
        }
        Witness::SystemDump => {
            "goherd doctor STDERR: what the process prints on SIGQUIT (it ends by that); it carries channel addresses".to_owned()
        }
        Witness::Memory => "the memory of the process: which goroutine can still reach what this one waits for".to_owned(),
        Witness::Trace => "an execution trace, /debug/pprof/trace?seconds=5: whether these goroutines ever run".to_owned(),
        Witness::Source => format!("the source at {}:{}", at.file, at.line),
    }
}

fn first_name(target: &Target) -> &str {
    target.name.split(" … ").next().unwrap_or(&target.name)
}
