//! Goroutines nothing can wake, told apart from those that wait as long and can be woken.

use std::collections::{BTreeMap, BTreeSet};

use herd_live::Reading;

use crate::cores::core_of;
use crate::program::{Program, newest, toolchains};

/// Goroutines of each kind in `testbed/mixed/leaks`.
pub const EACH: u64 = 20;
/// Kinds that leak; those that wait for each other in a ring are two a time.
pub const KINDS: [(&str, u64); 12] = [
    ("leakedSend", 1),
    ("leakedReceive", 1),
    ("leakedRange", 1),
    ("leakedSelect", 1),
    ("leakedNil", 1),
    ("leakedForever", 1),
    ("leakedMutex", 1),
    ("leakedReaders", 1),
    ("leakedGroup", 1),
    ("leakedRing", 2),
    ("leakedContext", 1),
    ("leakedCond", 1),
];

/// Leaked goroutines by the function of `main` they wait in.
pub fn leaked(reading: &Reading) -> BTreeMap<String, u64> {
    let snapshot = &reading.snapshot;
    let mut counts = BTreeMap::new();
    for cluster in snapshot.clusters.iter().filter(|cluster| cluster.leaked > 0) {
        let frames = &snapshot.stack(cluster).frames;
        let own = frames.iter().map(|frame| snapshot.func(*frame)).find_map(|func| func.strip_prefix("main."));
        *counts.entry(own.unwrap_or("?").to_owned()).or_default() += cluster.leaked;
    }
    counts
}

fn ids(reading: &Reading) -> BTreeSet<u64> {
    reading.snapshot.goroutines().filter(|(_, goroutine)| goroutine.leaked).map(|(_, goroutine)| goroutine.id).collect()
}

#[test]
fn every_kind_is_proven_and_no_healthy_one() {
    for toolchain in toolchains() {
        let program = Program::start(&toolchain.build("leaks", "plain", &[], false), &[]);
        let reading = herd_live::core(&core_of(&program), None).expect("a reading");
        assert!(matches!(reading.proof, Some(Ok(_))), "Go {}: {:?}", toolchain.minor, reading.proof);
        let mut found = leaked(&reading);
        let (mut proven, mut all) = (0, 0);
        for (kind, times) in KINDS {
            let count = found.remove(kind).unwrap_or(0);
            assert!(count <= EACH * times, "Go {}: {count} of {kind}", toolchain.minor);
            proven += count;
            all += EACH * times;
        }
        assert!(found.is_empty(), "Go {}: healthy goroutines called leaked: {found:?}", toolchain.minor);
        println!("Go {}: {proven} of {all} leaked goroutines proven", toolchain.minor);
        // Small values share blocks, so that one that is in use may keep another: that can hide a leak, never make one up.
        assert!(proven * 100 >= all * 99, "Go {}: {proven} of {all}", toolchain.minor);
    }
}

#[test]
fn the_same_as_the_runtime_says() {
    let toolchain = newest();
    if toolchain.number() < 27 {
        println!("Go {} has no leak profile without an experiment", toolchain.minor);
        return;
    }
    let mut program = Program::start(&toolchain.build("leaks", "plain", &[], false), &[]);
    let ours = ids(&herd_live::core(&core_of(&program), None).expect("a reading"));
    // Its first answer may miss some: it looks during one collection.
    program.own_leaks();
    let own = program.own_leaks();
    assert!(ours.is_subset(&own), "only ours: {:?}", ours.difference(&own).collect::<Vec<_>>());
    assert!(ours.len() * 100 >= own.len() * 99, "{} of {}", ours.len(), own.len());
}

/// Channels made, used and dropped as fast as can be, during collections too.
#[test]
fn nothing_is_proven_of_a_program_that_never_rests() {
    let toolchain = newest();
    let program = Program::start(&toolchain.build("leaks", "plain", &[], false), &["-leak=false", "-churn", "50", "-collect"]);
    for pass in 0..5 {
        let reading = herd_live::core(&core_of(&program), None).expect("a reading");
        assert!(matches!(reading.proof, Some(Ok(_))), "pass {pass}: {:?}", reading.proof);
        assert!(ids(&reading).is_empty(), "pass {pass}: {:?}", leaked(&reading));
    }
}
