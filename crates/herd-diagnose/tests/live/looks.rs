//! A process that may not be copied is looked at twice: what cannot move is suspected, what may be idle is not.

use std::time::Duration;

use herd_model::{Certainty, EvidenceKind};
use herd_sources::{Memory, Options};

use crate::program::{Program, newest};
use crate::started::{Kernel, build, judged_with};

/// No process is stopped for nothing, so none is copied; the looks stand close, as time is not what is tested.
fn refused() -> Options {
    let memory = Memory::ProofAndWaits(Some(Duration::ZERO));
    Options { memory, second_look: Duration::from_millis(300), ..Options::default() }
}

#[test]
fn a_ring_of_locks_is_suspected_and_a_single_sender_is_not() {
    let built = build(&newest(), "kernel.go");
    let locks = Kernel::start(&built, "DL002", "", 4);
    let sends = Kernel::start(&built, "LK001", "", 4);
    std::thread::sleep(Duration::from_secs(1));
    let envelope = judged_with(locks.pid(), refused()).envelope;
    assert!(envelope.notes.iter().any(|note| note.text.starts_with("whether goroutines are leaked cannot be proven:")));
    assert!(envelope.notes.iter().any(|note| note.text.starts_with("looked twice instead, ")), "{:?}", envelope.notes);
    let finding = envelope.findings.first().unwrap_or_else(|| panic!("no finding; {:?}", envelope.candidates));
    assert_eq!((finding.id.0.as_ref(), finding.certainty), ("DL002", Certainty::Suspected));
    let tells = |name: &str| finding.evidence.iter().any(|fact| fact.args.contains_key(name));
    assert!(tells("same") && tells("steps"), "{:?}", finding.evidence);
    let envelope = judged_with(sends.pid(), refused()).envelope;
    assert!(envelope.findings.is_empty(), "{:?}", envelope.findings);
    let first = envelope.candidates.first().expect("a candidate");
    let unmoved = first.evidence.iter().any(|fact| fact.kind == EvidenceKind::Persistence && fact.args.contains_key("same"));
    assert!(unmoved, "{:?}", first.evidence);
}

#[test]
fn nothing_is_found_twice_in_a_program_that_never_rests() {
    let built = newest().build("leaks", "looked", &[], false);
    let program = Program::start(&built, &["-leak=false", "-churn", "50", "-collect"]);
    for _ in 0..5 {
        let envelope = judged_with(program.pid().cast_unsigned(), refused()).envelope;
        assert!(envelope.findings.is_empty(), "{:?}", envelope.findings);
    }
}
