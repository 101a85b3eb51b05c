//! What a copy shows against what the program prints of itself.

use std::collections::BTreeMap;

use herd_live::Budget;
use herd_model::Snapshot;

use crate::program::{Program, newest, toolchains};

/// A machine that runs tests may be slow to stop threads.
pub const PATIENT: Budget = Budget { base_ns: 10_000_000_000, gb_ns: 0 };

/// State, frames, creator and parent by goroutine.
pub fn by_id(snapshot: &Snapshot) -> BTreeMap<u64, String> {
    let frame = |id| format!("{} {}:{}", snapshot.func(id), snapshot.file(id), snapshot.frame(id).line);
    let said = |index: usize, parent: Option<herd_model::GoroutineId>| {
        let cluster = &snapshot.clusters[index];
        let stack = snapshot.stack(cluster);
        let frames: Vec<String> = stack.frames.iter().map(|id| frame(*id)).collect();
        format!("{} {frames:?} {:?} {parent:?}", cluster.state.as_str(), stack.created_by.map(frame))
    };
    snapshot.goroutines().map(|(id, goroutine)| (goroutine.id, said(id.0 as usize, goroutine.parent))).collect()
}

#[test]
fn every_goroutine_as_the_process_prints_it() {
    for toolchain in toolchains() {
        let mut program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "50"]);
        let reading = herd_live::frozen(program.pid(), &PATIENT).expect("a reading");
        let own = program.stacks();
        let writer = own.clusters.iter().filter(|cluster| cluster.state.as_str() == "running").count();
        assert_eq!(writer, 1);
        let (copied, own) = (by_id(&reading.snapshot), by_id(&own));
        assert!(own.len() > 1000);
        assert_eq!(copied.len(), own.len());
        // The first goroutine writes the dump.
        for (id, said) in own.iter().filter(|(id, _)| **id != 1) {
            assert_eq!(copied.get(id), Some(said), "Go {}: goroutine {id}", toolchain.minor);
        }
        let proof = reading.proof.expect("a frozen picture").expect("a proof");
        println!(
            "Go {}: stopped {:?} ns, {} leaked of {}",
            toolchain.minor,
            reading.stopped_ns,
            proof.leaked.len(),
            proof.candidates
        );
        assert!(reading.stopped_ns.is_some_and(|ns| ns > 0));
    }
}

/// Goroutines that run have stacks; goroutines that come and go are seen at one instant.
#[test]
fn goroutines_that_run() {
    for toolchain in toolchains() {
        let args = ["-n", "2", "-spin", "3", "-churn", "50"];
        let program = Program::start(&toolchain.build("parked", "plain", &[], false), &args);
        for _ in 0..if toolchain.minor == newest().minor { 10 } else { 3 } {
            let reading = herd_live::frozen(program.pid(), &PATIENT).expect("a reading");
            assert_eq!((reading.tally.running, reading.tally.moved), (0, 0), "Go {}: {:?}", toolchain.minor, reading.tally);
            let named = |cluster: &&herd_model::Cluster, name: &str| {
                let frames = &reading.snapshot.stack(cluster).frames;
                frames.iter().any(|frame| reading.snapshot.func(*frame) == name)
            };
            let count =
                |name| reading.snapshot.clusters.iter().filter(|cluster| named(cluster, name)).map(|c| c.count).sum::<u64>();
            assert_eq!((count("main.spin"), count("main.churn")), (3, 50), "Go {}", toolchain.minor);
            let leaked = &reading.proof.as_ref().expect("a frozen picture").as_ref().expect("a proof").leaked;
            // What lies about on stacks hides some.
            assert!(leaked.len() > 5, "Go {}: {} leaked", toolchain.minor, leaked.len());
            for (cluster, goroutine) in reading.snapshot.goroutines() {
                let cluster = &&reading.snapshot.clusters[cluster.0 as usize];
                let healthy = ["main.spin", "main.churn", "main.churnSend"].iter().any(|name| named(cluster, name));
                assert!(!healthy || !leaked.contains(&goroutine.id), "Go {}: goroutine {}", toolchain.minor, goroutine.id);
            }
        }
    }
}

#[test]
fn every_build() {
    let toolchain = newest();
    for (package, name, args, cgo) in [
        ("parked", "pie-stripped", &["-buildmode=pie", "-ldflags=-s -w"][..], false),
        ("withc", "c", &[][..], true),
        ("withc", "c-pie", &["-buildmode=pie"][..], true),
        ("withc", "c-static", &["-ldflags=-linkmode=external -extldflags=-static"][..], true),
    ] {
        let program = Program::start(&toolchain.build(package, name, args, cgo), &[]);
        let reading = herd_live::frozen(program.pid(), &PATIENT).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(by_id(&reading.snapshot), by_id(&herd_live::process(program.pid()).expect("a reading").snapshot), "{name}");
    }
}
