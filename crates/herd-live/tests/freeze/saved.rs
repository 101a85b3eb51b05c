//! Core files goherd writes of running programs: what they show is what the programs print, what gcore's show, and what other tools
//! can open.

use std::fs::{File, OpenOptions};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use herd_live::freeze::{self, Progress, Reason, SaveError, Saved};
use herd_model::Snapshot;

use crate::program::{Program, newest, outermost, toolchains};
use crate::shows::{PATIENT, by_id};
use crate::undisturbed::{children, goes_on};

fn save(program: &Program) -> (PathBuf, Saved) {
    let path = program.folder().join("saved.core");
    let file = File::create(&path).expect("a file");
    let mut seen = Vec::new();
    let saved = freeze::save(program.pid(), &PATIENT, &file, &mut |progress: Progress| {
        seen.push(progress);
        ControlFlow::Continue(())
    })
    .expect("a core file");
    assert!(saved.left.is_none(), "{:?}", saved.left);
    assert_eq!(children(program.pid()), Vec::<String>::new(), "nothing is left");
    assert!(seen.is_sorted_by_key(|progress| progress.done), "{seen:?}");
    assert_eq!(seen.last().map(|progress| progress.done), seen.last().map(|progress| progress.of), "{seen:?}");
    let written = file.metadata().expect("its size");
    assert_eq!(written.len(), saved.spans);
    assert!(saved.written <= saved.spans && written.blocks() * 512 <= saved.written + (1 << 20), "{saved:?}");
    (path, saved)
}

fn read(path: &Path) -> herd_live::Reading {
    let reading = herd_live::core(path, None).expect("a reading");
    assert_eq!(reading.cut, 0);
    reading
}

#[track_caller]
fn assert_same(outside: &Snapshot, own: &Snapshot, whose: &str) {
    let (outside, own) = (by_id(outside), by_id(own));
    assert!(own.len() > 50, "{whose}");
    assert_eq!(outside.len(), own.len(), "{whose}");
    // The first goroutine writes the dump.
    for (id, said) in own.iter().filter(|(id, _)| **id != 1) {
        assert_eq!(outside.get(id), Some(said), "{whose}: goroutine {id}");
    }
}

#[test]
fn every_goroutine_as_the_process_prints_it() {
    for toolchain in toolchains() {
        let mut program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "20"]);
        let (path, saved) = save(&program);
        let reading = read(&path);
        assert_same(&reading.snapshot, &program.stacks(), &format!("Go {}", toolchain.minor));
        assert!(matches!(reading.proof, Some(Ok(_))), "{:?}", reading.proof);
        assert!(saved.left_out.is_empty(), "{saved:?}");
        let copied = herd_live::frozen(program.pid(), &PATIENT).expect("a reading");
        assert_same(&reading.snapshot, &copied.snapshot, "the copy");
        println!("Go {}: {saved:?}", toolchain.minor);
    }
}

#[test]
fn every_build() {
    let builds = [
        ("pie", &["-buildmode=pie"][..], false),
        ("stripped", &["-ldflags=-s -w"], false),
        ("pie-stripped", &["-buildmode=pie", "-ldflags=-s -w"], false),
        ("trimmed", &["-trimpath", "-ldflags=-w"], false),
    ];
    for toolchain in outermost() {
        for (name, args, cgo) in builds {
            let mut program = Program::start(&toolchain.build("parked", name, args, cgo), &["-n", "3"]);
            let (path, _) = save(&program);
            assert_same(&read(&path).snapshot, &program.stacks(), name);
        }
        let mut program = Program::start(&toolchain.build("withc", "c", &[], true), &[]);
        let (path, _) = save(&program);
        let (saved, own) = (by_id(&read(&path).snapshot), by_id(&program.stacks()));
        assert_eq!(saved.keys().collect::<Vec<_>>(), own.keys().collect::<Vec<_>>());
        own.iter().filter(|(id, _)| **id != 1).for_each(|(id, said)| assert_eq!(saved.get(id), Some(said), "with C: {id}"));
    }
}

fn gcore(program: &Program) -> PathBuf {
    let prefix = program.folder().join("gcore");
    let output =
        Command::new("gcore").arg("-o").arg(&prefix).arg(program.pid().to_string()).output().expect("gcore, of Debian's gdb");
    assert!(output.status.success(), "gcore: {}", String::from_utf8_lossy(&output.stderr));
    prefix.with_extension(program.pid().to_string())
}

#[test]
fn the_same_as_gcore() {
    let program = Program::start(&newest().build("parked", "plain", &[], false), &["-n", "50"]);
    let (path, saved) = save(&program);
    let theirs = gcore(&program);
    let size = |path: &Path| path.metadata().expect("its size").len();
    let (ours_read, theirs_read) = (read(&path), read(&theirs));
    assert_same(&ours_read.snapshot, &theirs_read.snapshot, "gcore");
    let leaked = |reading: herd_live::Reading| reading.proof.expect("a frozen picture").expect("a proof").leaked.len();
    let (ours_leaked, theirs_leaked) = (leaked(ours_read), leaked(theirs_read));
    println!("{saved:?}; gcore: {}; leaked {ours_leaked}, by gcore's {theirs_leaked}", size(&theirs));
    assert!(ours_leaked.abs_diff(theirs_leaked) * 50 <= theirs_leaked, "{ours_leaked} and {theirs_leaked}");
    assert!(ours_leaked > 100, "{ours_leaked}");
}

/// All threads stand at the same instant, so that goroutines that ran have stacks too, and gdb shows them.
#[test]
fn goroutines_that_ran_and_threads_in_gdb() {
    let toolchain = newest();
    let executable = toolchain.build("parked", "plain", &[], false);
    let program = Program::start(&executable, &["-n", "1", "-spin", "3"]);
    let (path, saved) = save(&program);
    let reading = read(&path);
    assert_eq!(reading.tally.running, 0, "all stand still");
    let spins = |cluster: &&herd_model::Cluster| {
        let frames = &reading.snapshot.stack(cluster).frames;
        frames.iter().any(|frame| reading.snapshot.func(*frame) == "main.spin")
    };
    assert_eq!(reading.snapshot.clusters.iter().filter(spins).map(|cluster| cluster.count).sum::<u64>(), 3);
    let mut gdb = Command::new("gdb");
    gdb.args(["-q", "-batch", "-nx", "-ex", "thread apply all bt 4", "-ex", "info registers xmm0"]).arg(&executable).arg(&path);
    let output = gdb.output().expect("gdb");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(told.matches("\nThread ").count(), saved.threads, "{told}");
    // A goroutine may have been on its way between threads.
    assert!(told.contains("main.spin"), "{told}");
    assert!(told.contains("runtime.futex") || told.contains("runtime.epollwait"), "{told}");
    assert!(told.contains("v4_float"), "floating point registers: {told}");
    assert!(!told.contains("Cannot access memory") && !told.to_lowercase().contains("truncated"), "{told}");
    let first = told.find("(LWP ").map(|at| told[at + 5..].split(')').next().unwrap_or_default().to_owned());
    assert!(first.is_some(), "{told}");
}

/// Memory no core file holds as it is: each kind is counted; the rest is there, also of a file that is deleted.
#[test]
fn what_is_left_out_is_named() {
    const PAGE: u64 = 4096;
    let program = Program::start(&newest().build("mapped", "plain", &[], false), &[]);
    let (path, saved) = save(&program);
    let bytes = |reason: Reason| saved.left_out.iter().find(|(why, ..)| *why == reason).map(|(_, bytes, _)| *bytes);
    assert_eq!(bytes(Reason::Excluded), Some(3 * PAGE), "{saved:?}");
    assert_eq!(bytes(Reason::Wiped), Some(3 * PAGE), "{saved:?}");
    assert_eq!(bytes(Reason::Unread), Some(3 * PAGE), "{saved:?}");
    assert_eq!(bytes(Reason::Device), None, "{saved:?}");
    let core = std::fs::read(&path).expect("the file");
    let holds = |letter: u8| memchr::memmem::find(&core, &[letter; PAGE as usize]).is_some();
    assert_eq!([b'A', b'B', b'C', b'D', b'F'].map(holds), [true, false, false, true, true]);
    let reading = read(&path);
    assert!(reading.snapshot.goroutines > 0);
    // What may hold pointers is not in the file, so nothing is proven of it.
    let unproven = reading.proof.expect("a frozen picture").expect_err("no proof").to_string();
    assert!(unproven.contains("cannot be read"), "{unproven}");
}

/// A program that checks its own work is not disturbed by being written out again and again.
#[test]
fn under_load() {
    let mut program = Program::start(&newest().build("steady", "plain", &[], false), &[]);
    for _ in 0..10 {
        let (path, _) = save(&program);
        let reading = read(&path);
        assert_eq!((reading.tally.running, reading.tally.moved), (0, 0), "{:?}", reading.tally);
    }
    let after = goes_on(&mut program);
    assert_eq!((after.wrong, after.child_signals), (0, 0));
}

#[test]
fn told_to_stop_and_no_room() {
    let program = Program::start(&newest().build("parked", "plain", &[], false), &["-n", "200"]);
    let path = program.folder().join("saved.core");
    let file = File::create(&path).expect("a file");
    let stopped = freeze::save(program.pid(), &PATIENT, &file, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(SaveError::Stopped)), "{stopped:?}");
    assert_eq!(children(program.pid()), Vec::<String>::new(), "nothing is left");
    let full = OpenOptions::new().write(true).open("/dev/full").expect("a device that is always full");
    match freeze::save(program.pid(), &PATIENT, &full, &mut |_| ControlFlow::Continue(())) {
        Err(SaveError::Write { why, .. }) => assert_eq!(why.kind(), std::io::ErrorKind::StorageFull),
        other => panic!("{other:?}"),
    }
    assert_eq!(children(program.pid()), Vec::<String>::new(), "nothing is left");
    save(&program);
}
