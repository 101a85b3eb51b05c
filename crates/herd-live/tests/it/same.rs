//! The reading from outside against the process's own dump, goroutine by goroutine.

use std::collections::BTreeMap;

use herd_model::{FrameId, LabelSetId, Snapshot};

use crate::program::{Program, toolchains};

/// All a dump says of one goroutine.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    state: String,
    /// Innermost first.
    pub stack: Vec<String>,
    created_by: Option<String>,
    parent: Option<u64>,
    locked: bool,
    labels: Vec<String>,
}

/// A snapshot by goroutine.
pub fn by_id(snapshot: &Snapshot) -> BTreeMap<u64, Said> {
    let frame = |id: FrameId| format!("{} {}:{}", snapshot.func(id), snapshot.file(id), snapshot.frame(id).line);
    let said = |cluster: &herd_model::Cluster, goroutine: &herd_model::Goroutine| {
        let kept = snapshot.stack(cluster);
        let mut stack: Vec<String> = kept.frames.iter().map(|id| frame(*id)).collect();
        if kept.elided > 0 {
            stack.insert(kept.elided_at as usize, format!("{} elided", kept.elided));
        }
        let labels = goroutine.labels.map(|set| &snapshot.label_sets[set.0 as usize]);
        let text = |id| snapshot.names.text(id);
        Said {
            state: cluster.state.as_str().to_owned(),
            stack,
            created_by: kept.created_by.map(frame),
            parent: goroutine.parent.map(|parent| parent.0),
            locked: goroutine.locked,
            labels: labels
                .map_or(Vec::new(), |set| set.iter().map(|(key, value)| format!("{}={}", text(*key), text(*value))).collect()),
        }
    };
    snapshot.goroutines().map(|(id, goroutine)| (goroutine.id, said(&snapshot.clusters[id.0 as usize], &goroutine))).collect()
}

/// Asserts that both say the same, but for the goroutine that wrote the dump, which was running then.
pub fn assert_same(outside: &Snapshot, own: &Snapshot, with_labels: bool) -> usize {
    let (mut outside, mut own) = (by_id(outside), by_id(own));
    let writers: Vec<u64> = own.iter().filter(|(_, said)| said.state == "running").map(|(id, _)| *id).collect();
    assert_eq!(writers.len(), 1, "one goroutine writes the dump");
    for id in writers {
        assert!(outside.remove(&id).is_some() && own.remove(&id).is_some());
    }
    if !with_labels {
        for said in outside.values_mut().chain(own.values_mut()) {
            said.labels.clear();
        }
    }
    assert_eq!(outside.keys().collect::<Vec<_>>(), own.keys().collect::<Vec<_>>());
    for (id, said) in &own {
        assert_eq!(outside.get(id), Some(said), "goroutine {id}");
    }
    own.len()
}

/// How many goroutines carry each label set.
fn labelled(snapshot: &Snapshot) -> BTreeMap<String, u64> {
    let named = |set: LabelSetId| {
        let pairs = snapshot.label_sets[set.0 as usize].iter();
        let text = |id| snapshot.names.text(id);
        pairs.map(|(key, value)| format!("{}={}", text(*key), text(*value))).collect::<Vec<_>>().join(",")
    };
    let mut counts = BTreeMap::new();
    let carried = snapshot.clusters.iter().flat_map(|cluster| cluster.labels.iter().map(|(set, count)| (named(*set), *count)));
    carried.for_each(|(set, count)| *counts.entry(set).or_default() += count);
    counts
}

#[test]
fn every_goroutine_as_the_process_prints_it() {
    // `cargo xtask bench live` asks for many.
    let each = std::env::var("GOHERD_TEST_EACH").unwrap_or_else(|_| "50".to_owned());
    for toolchain in toolchains() {
        let mut program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", &each]);
        let reading = herd_live::process(program.pid()).expect("a reading");
        let compared = assert_same(&reading.snapshot, &program.stacks(), toolchain.number() >= 26);
        assert!(compared > 1000, "Go {}: {compared} goroutines compared", toolchain.minor);
        assert_eq!(labelled(&reading.snapshot), labelled(&program.profile()), "Go {}", toolchain.minor);
        assert_eq!(reading.tally.moved, 0);
        println!("Go {}: {compared} goroutines compared, none differs", toolchain.minor);
        assert_eq!(
            reading.snapshot.go_version.as_deref().map(|version| version.starts_with(&format!("go{}.", toolchain.minor))),
            Some(true)
        );
    }
}

/// A goroutine whose stack is deeper than what is read at first, and one whose elision is exactly one frame.
#[test]
fn deep_stacks() {
    let toolchain = crate::program::newest();
    let mut program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "1", "-deep", "20000"]);
    let reading = herd_live::process(program.pid()).expect("a reading");
    assert_same(&reading.snapshot, &program.stacks(), toolchain.number() >= 26);
    let most = reading.snapshot.stacks.iter().map(|stack| stack.elided).max();
    assert!(most > Some(19_000), "{most:?} frames elided");
}

/// Goroutines that come, go and move all the time: nothing is refused, and what is parked for good is read right each time.
#[test]
fn a_process_that_never_rests() {
    let toolchain = crate::program::newest();
    let program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "5", "-churn", "200"]);
    let first = by_id(&herd_live::process(program.pid()).expect("a reading").snapshot);
    let still: Vec<u64> = first
        .iter()
        .filter(|(_, said)| !said.stack.is_empty() && said.stack.iter().all(|frame| !frame.contains("churn")))
        .map(|(id, _)| *id)
        .collect();
    assert!(still.len() > 100);
    for _ in 0..25 {
        let reading = herd_live::process(program.pid()).expect("a reading");
        let again = by_id(&reading.snapshot);
        for id in still.iter().filter(|id| **id != 1) {
            assert_eq!(again.get(id), first.get(id), "goroutine {id}");
        }
        assert!(reading.snapshot.goroutines >= still.len() as u64);
    }
}
