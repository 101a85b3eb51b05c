//! Core files read by the same code as processes.

use std::path::PathBuf;
use std::process::Command;

use herd_live::LiveError;

use crate::program::{Program, outermost};
use crate::same::assert_same;

/// A core file of a program that goes on.
pub fn core_of(program: &Program) -> PathBuf {
    let prefix = program.folder().join("core");
    let output =
        Command::new("gcore").arg("-o").arg(&prefix).arg(program.pid().to_string()).output().expect("gcore, of Debian's gdb");
    assert!(output.status.success(), "gcore: {}", String::from_utf8_lossy(&output.stderr));
    prefix.with_extension(program.pid().to_string())
}

#[test]
fn the_same_as_the_process() {
    for toolchain in outermost() {
        for (name, args) in [("plain", &[][..]), ("pie-stripped", &["-buildmode=pie", "-ldflags=-s -w"][..])] {
            let mut program = Program::start(&toolchain.build("parked", name, args, false), &["-n", "3"]);
            let core = core_of(&program);
            let reading = herd_live::core(&core, None).expect("a reading");
            assert_same(&reading.snapshot, &program.stacks(), toolchain.number() >= 26);
            assert_eq!(reading.cut, 0);
        }
    }
}

/// In a core file all threads stand still, so that goroutines that ran have stacks too.
#[test]
fn goroutines_that_ran() {
    let toolchain = crate::program::newest();
    let program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "1", "-spin", "3"]);
    let live = herd_live::process(program.pid()).expect("a reading");
    assert!(live.tally.running > 0, "some run");
    assert!(live.snapshot.clusters.iter().any(|cluster| live.snapshot.stack(cluster).unavailable));
    let read = herd_live::core(&core_of(&program), None).expect("a reading");
    let spins = |cluster: &&herd_model::Cluster| {
        let frames = &read.snapshot.stack(cluster).frames;
        frames.iter().any(|frame| read.snapshot.func(*frame) == "main.spin")
    };
    let spinning = read.snapshot.clusters.iter().filter(spins).map(|cluster| cluster.count).sum::<u64>();
    // A thread caught while it takes a signal stands on the signal's stack, and its goroutine's own is not to be had.
    assert_eq!(spinning + read.tally.running, 3, "all stand still");
    assert!(spinning >= 1, "none of the three is read");
}

#[test]
fn cut_short() {
    let toolchain = crate::program::newest();
    let program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "3"]);
    let core = core_of(&program);
    let whole = std::fs::metadata(&core).expect("its size").len();
    let file = std::fs::OpenOptions::new().write(true).open(&core).expect("the core");
    for share in [9, 5, 2, 1] {
        file.set_len(whole / 10 * share).expect("a cut");
        match herd_live::core(&core, None) {
            Ok(reading) => assert!(reading.cut > 0, "{share}/10"),
            Err(LiveError::Inconsistent(_) | LiveError::Missing { .. } | LiveError::NotCore { .. }) => {}
            Err(other) => panic!("{share}/10: {other}"),
        }
    }
    file.set_len(1000).expect("a cut");
    assert!(herd_live::core(&core, None).is_err());
}

#[test]
fn no_core_file() {
    let own = std::env::current_exe().expect("this program");
    assert!(matches!(herd_live::core(&own, None), Err(LiveError::NotCore { .. })));
    let text = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    assert!(matches!(herd_live::core(&text, None), Err(LiveError::NotCore { .. })));
    assert!(matches!(herd_live::core(&text.join("missing"), None), Err(LiveError::Io { .. })));
}
