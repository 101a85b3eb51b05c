//! What to do next: commands that lead on, and witnesses that decide.

use herd_analysis::Series;
use herd_model::{Origin, PatternId, Place, Step, Target, TargetKind};
use herd_patterns::Witness;

/// What leads on from a finding.
pub(crate) fn next(id: &PatternId, target: &Target) -> Vec<Step> {
    let mut next = vec![Step::command(&["goherd", "explain", &id.0])];
    match target.kind {
        TargetKind::File => next.push(Step::command(&["goherd", "open", first_name(target)])),
        TargetKind::Url | TargetKind::Recording | TargetKind::Process | TargetKind::Core => {
            next.push(Step::command(&["goherd", "doctor", &target.name, "--output", "report.html"]));
        }
        TargetKind::Stdin | TargetKind::Source => {}
    }
    next
}

/// Which witnesses need not be asked any more.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Asked {
    /// Snapshots over a time that lets growth be judged.
    series: bool,
    /// The memory: states, stacks and addresses are exact.
    memory: bool,
    /// The memory at one instant: what nothing can wake is known.
    proof: bool,
}

impl Asked {
    /// What a series has told.
    pub(crate) fn of(series: &Series) -> Asked {
        let last = &series.last().snapshot;
        let proof = last.waits.as_ref().is_some_and(|waits| waits.frozen);
        Asked { series: series.can_judge_growth(), memory: last.origin == Origin::Memory, proof }
    }
}

/// What would decide a candidate, best first.
pub(crate) fn decide_by(witnesses: &[Witness], target: &Target, asked: Asked, at: &Place) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for step in witnesses.iter().filter_map(|witness| decide(*witness, target, asked, at)) {
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    steps
}

/// The steps in the form of one text each.
pub(crate) fn texts(steps: &[Step]) -> Vec<String> {
    steps.iter().map(Step::text).collect()
}

/// Nothing where the witness was asked already.
fn decide(witness: Witness, target: &Target, asked: Asked, at: &Place) -> Option<Step> {
    let address = target.kind == TargetKind::Url;
    let process = target.kind == TargetKind::Process;
    let doctor = |option: &[&str]| Step::command(&[&["goherd", "doctor", target.name.as_str()], option].concat());
    let graph = || {
        Step::command(&["goherd", "graph", target.name.as_str()])
            .knowing("who waits on what, and whose stacks hold the addresses of locks and channels")
    };
    Some(match witness {
        Witness::LeakProfile | Witness::Memory if process && !asked.proof => {
            doctor(&["--prove"]).knowing("which stops the process for milliseconds and proves what nothing can wake")
        }
        Witness::Series if asked.series => return None,
        Witness::Series if target.kind.is_live() => doctor(&["--for", "60s"]),
        Witness::Series => Step::words("more dumps of the same process, 10 s apart over a minute, judged together"),
        Witness::Stacks if asked.memory => return None,
        Witness::Stacks if address => doctor(&["--allow-stw"]),
        Witness::Stacks => Step::words("full stacks: the text of /debug/pprof/goroutine?debug=2"),
        Witness::LeakProfile if address => {
            doctor(&[]).knowing("on a process built with Go 1.27, whose goroutineleak profile proves leaks")
        }
        Witness::LeakProfile => Step::words("the text of /debug/pprof/goroutineleak?debug=1 of a process built with Go 1.27"),
        Witness::SystemDump | Witness::Memory if asked.memory => graph(),
        Witness::SystemDump => Step::words("what the process prints on SIGQUIT, which ends it: it carries channel addresses"),
        Witness::Memory => Step::words("the memory of the process: which goroutine can still reach what this one waits for"),
        Witness::Trace => Step::words("an execution trace, /debug/pprof/trace?seconds=5: whether these goroutines ever run"),
        Witness::AllocationRate => {
            Step::words("allocations over a known time: /debug/pprof/allocs?seconds=30 under load shows whether it is so now")
        }
        Witness::Source => Step::words(format!("the source at {}:{}", at.file, at.line)),
    })
}

/// A series is named by its first and last file.
fn first_name(target: &Target) -> &str {
    target.name.split(" … ").next().unwrap_or(&target.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(kind: TargetKind, name: &str) -> Target {
        Target { kind, name: name.into(), go_version: None, witnesses: Vec::new(), bytes: 0, looked_s: None, cost: None }
    }

    #[test]
    fn a_command_can_be_pasted_whatever_the_target_is_called() {
        let id = PatternId::new("LK005");
        let file = next(&id, &target(TargetKind::File, "my dumps/1.txt … my dumps/7.txt"));
        assert_eq!(texts(&file), ["goherd explain LK005", "goherd open 'my dumps/1.txt'"]);
        let url = target(TargetKind::Url, "http://h:6060/gate?team=a&env=b");
        assert_eq!(texts(&next(&id, &url))[1], "goherd doctor 'http://h:6060/gate?team=a&env=b' --output report.html");
        let decide =
            decide_by(&[Witness::Series, Witness::LeakProfile, Witness::Source], &url, Asked::default(), &Place::default());
        assert_eq!(decide[0].command.as_deref(), Some("goherd doctor 'http://h:6060/gate?team=a&env=b' --for 60s"));
        assert_eq!(decide[0].words, None);
        assert_eq!(decide[1].command.as_deref(), Some("goherd doctor 'http://h:6060/gate?team=a&env=b'"));
        assert!(decide[1].words.is_some() && decide[2].command.is_none());
    }
    #[test]
    fn what_was_asked_is_not_asked_again() {
        let all = [Witness::Series, Witness::Stacks, Witness::SystemDump, Witness::LeakProfile, Witness::Memory, Witness::Source];
        let commands = |name: &str, kind: TargetKind, asked: Asked| -> Vec<String> {
            let steps = decide_by(&all, &target(kind, name), asked, &Place::default());
            steps.into_iter().filter_map(|step| step.command).collect()
        };
        let read = Asked { memory: true, ..Asked::default() };
        assert_eq!(
            commands("pid:7", TargetKind::Process, read),
            ["goherd doctor pid:7 --for 60s", "goherd graph pid:7", "goherd doctor pid:7 --prove"]
        );
        let watched = Asked { series: true, proof: true, ..read };
        assert_eq!(commands("pid:7", TargetKind::Process, watched), ["goherd graph pid:7"]);
        assert_eq!(commands("core:c", TargetKind::Core, Asked { proof: true, ..read }), ["goherd graph core:c"]);
    }
}
