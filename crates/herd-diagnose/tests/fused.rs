//! Reports of the Go module's fuse: each trouble is named at its marked line, with the certainty its witnesses earn; a holder that
//! merely works convicts nobody.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use herd_diagnose::{Clock, Diagnosis, Request, diagnose};
use herd_model::{Certainty, HolderReason};
use herd_sources::{CancelFlag, Options, Target};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

fn judged(paths: &[PathBuf]) -> Diagnosis {
    let targets = paths.iter().map(|path| Target::parse(&path.to_string_lossy()).expect("a target")).collect();
    let options = Options::default();
    let request = Request { targets, options, watch: None, trace: None, clock: Clock::WALL, rules: BTreeSet::new() };
    diagnose(&request, "doctor", &CancelFlag::new(), &mut |_| {}).expect("a diagnosis")
}

fn report(name: &str) -> Diagnosis {
    judged(&[root().join("fixtures/fuse").join(format!("{name}.json.zst"))])
}

/// Lines marked `// want ID`.
fn wanted(id: &str) -> BTreeSet<u32> {
    let source = fs::read_to_string(root().join("testbed/fuse-reports/main.go")).expect("the program");
    let marked = (1..).zip(source.lines()).filter(|(_, line)| line.ends_with(&format!("// want {id}")));
    marked.map(|(line, _)| line).collect()
}

#[test]
fn each_trouble_is_named_at_its_line() {
    let troubles = [
        ("crossed", "DL002", Certainty::Confirmed),
        ("twice", "DL001", Certainty::Confirmed),
        ("again", "DL004", Certainty::Confirmed),
        ("channel", "DL003", Certainty::Suspected),
        ("left", "DL006", Certainty::Suspected),
    ];
    for (trouble, id, certainty) in troubles {
        // Go 1.27 proves what 1.24 can only tell by its locks.
        for (version, certainty) in [("go1.24", certainty), ("go1.27", Certainty::Proven)] {
            let envelope = report(&format!("{trouble}.{version}")).envelope;
            let ids: BTreeSet<&str> = envelope.findings.iter().map(|finding| &*finding.id.0).collect();
            assert_eq!(ids, BTreeSet::from([id]), "{trouble} of {version}: {:#?}", envelope.findings);
            let at = envelope.findings.iter().filter(|finding| wanted(id).contains(&finding.at.line)).count();
            assert!(at >= 1, "{trouble} of {version}: {:?}", envelope.findings[0].at);
            for finding in &envelope.findings {
                assert_eq!(finding.certainty, certainty, "{trouble} of {version}");
                assert!(!finding.at.func.contains("fuse."), "{:?}", finding.at);
                assert!(finding.started_by.is_some());
            }
        }
    }
}

#[test]
fn what_a_lock_does_not_remember_and_who_merely_works_convict_nobody() {
    for name in ["unwatched.go1.24", "slow.go1.24", "slow.go1.27"] {
        let envelope = report(name).envelope;
        assert!(envelope.findings.is_empty(), "{name}: {:#?}", envelope.findings);
        let [first, ..] = envelope.candidates.as_slice() else { panic!("{name} leaves something open") };
        assert!(!first.decide_by.is_empty());
    }
    let slow = report("slow.go1.24").envelope;
    assert_eq!(slow.candidates[0].id.0, "DL007");
    assert!(slow.candidates[0].evidence.iter().any(|fact| fact.text.contains("holds the Mutex")), "{:#?}", slow.candidates[0]);
}

#[test]
fn the_wait_graph_knows_the_holders() {
    let graph = |name: &str| herd_analysis::graph::graph(&report(name).snapshot, &mut std::collections::BTreeMap::new());
    let crossed = graph("crossed.go1.24");
    assert_eq!(crossed.cycles.len(), 1);
    assert!(crossed.cycles[0].steps.iter().all(|step| step.holder_known) && !crossed.cycles[0].proven);
    assert!(graph("crossed.go1.27").cycles[0].proven);
    let one = graph("twice.go1.24");
    assert_eq!(one.cycles[0].steps.len(), 1, "a ring of one");
    let reasons = |name: &str| -> Vec<HolderReason> {
        graph(name).objects.iter().flat_map(|object| &object.holders).map(|holder| holder.reason).collect()
    };
    assert_eq!(reasons("left.go1.24"), [HolderReason::RecordedAndEnded]);
    assert_eq!(reasons("channel.go1.24"), [HolderReason::Recorded]);
    assert!(graph("unwatched.go1.24").cycles.iter().all(|cycle| cycle.steps.iter().all(|step| !step.holder_known)));
}

#[test]
fn reports_of_a_folder_are_read_together() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["slow.go1.24", "crossed.go1.24"] {
        let file = format!("{name}.json.zst");
        fs::copy(root().join("fixtures/fuse").join(&file), folder.path().join(&file)).expect("a copy");
    }
    let envelope = judged(&[folder.path().to_owned()]).envelope;
    assert_eq!(envelope.targets.len(), 1);
    assert!(envelope.snapshot.is_some_and(|snapshot| snapshot.goroutines == 4));
}
