//! Goroutines that wait on what one thing alone keeps within reach: none may ever be called leaked, on no Go minor, whatever the
//! program does meanwhile.

use herd_live::Budget;

use crate::program::{Program, toolchains};

/// A machine that runs tests may be slow to stop threads.
const PATIENT: Budget = Budget { base_ns: 10_000_000_000, gb_ns: 0 };
/// What the program does besides, and how often it is looked at then.
const MODES: [(&[&str], usize); 3] = [(&[], 5), (&["-collect"], 5), (&["-busy", "-collect"], 15)];
/// Goroutines of the program that wait on channels and locks, at the least: three of each keeper's.
const WAITERS: u64 = 150;

#[test]
fn what_one_thing_keeps_is_not_proven() {
    for toolchain in toolchains() {
        let path = toolchain.build("kept", "plain", &[], false);
        for (args, passes) in MODES {
            let program = Program::start(&path, args);
            for pass in 0..passes {
                let reading = herd_live::frozen(program.pid(), &PATIENT).expect("a reading");
                let proof = reading.proof.expect("a proof").expect("a proof");
                let context = format!("Go {} {args:?}, pass {pass}", toolchain.minor);
                assert!(proof.candidates >= WAITERS, "{context}: {} candidates", proof.candidates);
                let snapshot = &reading.snapshot;
                let called: Vec<String> = snapshot
                    .clusters
                    .iter()
                    .filter(|cluster| cluster.leaked > 0)
                    .map(|cluster| {
                        let frames = &snapshot.stack(cluster).frames;
                        frames.iter().map(|frame| snapshot.func(*frame)).collect::<Vec<_>>().join(" < ")
                    })
                    .collect();
                assert!(proof.leaked.is_empty(), "{context}: {called:?}");
            }
        }
    }
}
