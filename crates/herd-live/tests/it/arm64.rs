//! Programs for arm64, run by qemu-user, which writes core files of its guests.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use herd_formats::dump;
use herd_model::Snapshot;

use crate::program::{Toolchain, toolchains};
use crate::same::assert_same;
use crate::stripped::assert_proven;

/// What a guest left behind.
struct Left {
    /// What it printed of itself.
    own: Snapshot,
    core: PathBuf,
}

/// Runs a program until it has said what it holds, then lets it die and leave a core file.
fn left_by(program: &Path, args: &[&str], folder: &Path) -> Left {
    // A guest that is slow to get its last signal exits instead (`runtime.dieFromSignal`).
    const TRIES: usize = 5;
    let core = (0..TRIES).find_map(|_| run(program, args, folder)).expect("the guest's core file");
    let own = dump::parse(&fs::read(folder.join("own.txt")).expect("its own words")).snapshots.pop().expect("a snapshot");
    Left { own, core }
}

fn run(program: &Path, args: &[&str], folder: &Path) -> Option<PathBuf> {
    // The limit is the guest's too, and without it qemu writes no core file. The folder holds the dynamic linker of position-independent
    // programs (Debian: package libc6-arm64-cross).
    let mut guest = Command::new("sh")
        .args(["-c", "ulimit -c unlimited && exec qemu-aarch64 \"$@\"", "sh"])
        .arg(program)
        .args(args)
        .env("QEMU_LD_PREFIX", "/usr/aarch64-linux-gnu")
        .env("GOTRACEBACK", "crash")
        .env("GODEBUG", "tracebacklabels=1")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("start qemu-aarch64 (Debian: package qemu-user)");
    let mut output = BufReader::new(guest.stdout.take().expect("its output"));
    let mut answer = |begin: &str| {
        let mut line = String::new();
        output.read_line(&mut line).expect("an answer");
        assert!(line.starts_with(begin), "{line}");
    };
    answer("ready");
    let own = folder.join("own.txt");
    writeln!(guest.stdin.as_ref().expect("its input"), "stacks {}", own.display()).expect("tell the program");
    answer("done");
    let killed = Command::new("kill").args(["-QUIT", &guest.id().to_string()]).status().expect("start kill");
    assert!(killed.success());
    guest.wait().expect("its end");
    let is_core = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("qemu_") && name.ends_with(".core")
    };
    fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("an entry").path()).find(is_core)
}

fn build(toolchain: &Toolchain, package: &str, name: &str, args: &[&str]) -> PathBuf {
    toolchain.build_with(package, &format!("arm64-{name}"), args, &[("GOARCH", "arm64"), ("CGO_ENABLED", "0")])
}

#[test]
fn every_goroutine_as_the_guest_printed_it() {
    for toolchain in toolchains() {
        let folder = tempfile::tempdir().expect("a folder");
        let program = build(&toolchain, "parked", "plain", &[]);
        let left = left_by(&program, &["-n", "20"], folder.path());
        let reading =
            herd_live::core(&left.core, Some(&program)).unwrap_or_else(|error| panic!("Go {}: {error}", toolchain.minor));
        let compared = assert_same(&reading.snapshot, &left.own, toolchain.number() >= 26);
        assert!(compared > 400, "Go {}: {compared} goroutines compared", toolchain.minor);
    }
}

#[test]
fn without_symbols_and_at_any_address() {
    for toolchain in crate::program::outermost() {
        for (name, args) in [("stripped", &["-ldflags=-s -w"][..]), ("pie-stripped", &["-buildmode=pie", "-ldflags=-s -w"])] {
            let folder = tempfile::tempdir().expect("a folder");
            let program = build(&toolchain, "parked", name, args);
            let left = left_by(&program, &["-n", "3"], folder.path());
            let reading = herd_live::core(&left.core, Some(&program))
                .unwrap_or_else(|error| panic!("Go {} {name}: {error}", toolchain.minor));
            assert_same(&reading.snapshot, &left.own, toolchain.number() >= 26);
        }
    }
}

#[test]
fn leaks_are_proven() {
    for toolchain in crate::program::outermost() {
        for (name, args) in [("plain", &[][..]), ("stripped", &["-ldflags=-s -w"])] {
            let folder = tempfile::tempdir().expect("a folder");
            let program = build(&toolchain, "leaks", name, args);
            let left = left_by(&program, &[], folder.path());
            let reading = herd_live::core(&left.core, Some(&program)).expect("a reading");
            assert_proven(&reading, &format!("Go {} {name}", toolchain.minor));
        }
    }
}
