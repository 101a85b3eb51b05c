//! A program whose goroutines make, use and drop channels as fast as they can, during collections too: nothing of it is ever proven.

use herd_live::Budget;

use crate::program::{Program, newest, toolchains};
use crate::proofs::{EACH, KINDS};

/// A machine that runs tests may be slow to stop threads.
const PATIENT: Budget = Budget { base_ns: 10_000_000_000, gb_ns: 0 };
/// Beside the newest, the minors whose records of special objects of the heap are laid out otherwise.
const OLDER: [u32; 2] = [21, 24];

#[test]
fn nothing_is_proven_of_a_program_that_never_rests() {
    let passes = std::env::var("GOHERD_TEST_CHURN_PASSES").map_or(25, |passes| passes.parse().expect("a number"));
    let newest = newest();
    for toolchain in toolchains() {
        let number = toolchain.number();
        if number != newest.number() && !OLDER.contains(&number) {
            continue;
        }
        let built = toolchain.build("leaks", "plain", &[], false);
        let program = Program::start(&built, &["-leak=false", "-churn", "50", "-collect"]);
        let mut candidates = 0;
        for pass in 0..passes {
            let reading = herd_live::frozen(program.pid(), &PATIENT).expect("a reading");
            let proof = reading.proof.as_ref().expect("one instant").as_ref().expect("a proof");
            let said = |id: &u64| {
                let (cluster, _) = reading.snapshot.goroutines().find(|(_, goroutine)| goroutine.id == *id)?;
                let frames = &reading.snapshot.stack(&reading.snapshot.clusters[cluster.0 as usize]).frames;
                Some(frames.iter().map(|frame| reading.snapshot.func(*frame).to_owned()).collect::<Vec<_>>())
            };
            let leaked: Vec<_> = proof.leaked.iter().map(|id| (id, said(id))).collect();
            assert!(leaked.is_empty(), "Go {} pass {pass}: {leaked:?}", toolchain.minor);
            candidates += proof.candidates;
            if pass % 100 == 99 {
                eprintln!("Go {}: {} of {passes}", toolchain.minor, pass + 1);
            }
        }
        // Those that churn wait most of the time, so that there is something to be wrong about.
        assert!(candidates > passes * 100, "Go {}: {candidates} in {passes} copies", toolchain.minor);
        println!(
            "Go {}: {passes} copies, {candidates} goroutines that waited on channels and locks, none proven",
            toolchain.minor
        );
    }
}

/// What is leaked beside all that is found in each copy, whatever the collector is at: what it keeps to mark by is no reference.
#[test]
fn what_leaks_meanwhile_is_proven() {
    const PASSES: u64 = 10;
    let planted: u64 = KINDS.iter().map(|(_, times)| EACH * times).sum();
    for toolchain in toolchains() {
        let built = toolchain.build("leaks", "plain", &[], false);
        let program = Program::start(&built, &["-churn", "50", "-collect"]);
        let mut found = Vec::new();
        for _ in 0..PASSES {
            let reading = herd_live::frozen(program.pid(), &PATIENT).expect("a reading");
            found.push(reading.proof.expect("one instant").expect("a proof").leaked.len() as u64);
        }
        println!("Go {}: {found:?} of {planted}", toolchain.minor);
        // A word left over somewhere may hide one or two; in each copy it may be another.
        let all: u64 = found.iter().sum();
        let each = found.iter().all(|found| (planted * 96 / 100..=planted).contains(found));
        assert!(each && all * 100 >= planted * PASSES * 99, "Go {}: {found:?} of {planted}", toolchain.minor);
    }
}
