//! Core files the kernel writes of programs that crash.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use herd_live::LiveError;
use herd_model::Snapshot;

use crate::program::{Program, copy_executable, newest, toolchains};
use crate::same::assert_same;

/// What a crashed program left behind.
struct Crashed {
    /// What it had printed of itself.
    own: Snapshot,
    core: PathBuf,
    /// Keeps the core file.
    _folder: tempfile::TempDir,
}

/// Lets a program crash and leave a core file. Where core files go to a program (`core_pattern(5)`), `gcore` writes it instead.
fn crashed(program: &Path, args: &[&str]) -> Crashed {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -c unlimited && exec \"$@\"", "sh"]).arg(program).args(args);
    command.current_dir(folder.path()).env("GOTRACEBACK", "crash").stderr(std::process::Stdio::null());
    let mut program = Program::launch(command);
    let own = program.stacks();
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").expect("where core files go");
    if pattern.starts_with('|') || pattern.contains('/') {
        println!("core files go to {}: gcore writes this one", pattern.trim());
        let prefix = folder.path().join("core");
        let made = Command::new("gcore").arg("-o").arg(&prefix).arg(program.pid().to_string()).output();
        assert!(made.expect("gcore, of Debian's gdb").status.success());
    } else {
        program.end_by("-QUIT");
    }
    let mut files = fs::read_dir(folder.path()).expect("the folder");
    let core = files.next().expect("a core file").expect("an entry").path();
    Crashed { own, core, _folder: folder }
}

#[test]
fn the_same_as_before_the_crash() {
    for toolchain in toolchains() {
        for (name, args) in [("plain", &[][..]), ("pie-stripped", &["-buildmode=pie", "-ldflags=-s -w"][..])] {
            let left = crashed(&toolchain.build("parked", name, args, false), &["-n", "3"]);
            let reading =
                herd_live::core(&left.core, None).unwrap_or_else(|error| panic!("Go {} {name}: {error}", toolchain.minor));
            assert_same(&reading.snapshot, &left.own, toolchain.number() >= 26);
            assert_eq!(reading.cut, 0);
        }
    }
}

/// The runtime tries to stop what runs before it lets the program die (`runtime.freezetheworld`): those goroutines have stacks, and a
/// goroutine that was still running, on a thread that handles the signal, is said to have none.
#[test]
fn goroutines_that_ran() {
    for toolchain in toolchains() {
        let left = crashed(&toolchain.build("parked", "plain", &[], false), &["-n", "1", "-spin", "3"]);
        let read = herd_live::core(&left.core, None).unwrap_or_else(|error| panic!("Go {}: {error}", toolchain.minor)).snapshot;
        let spins = |cluster: &&herd_model::Cluster| {
            let frames = &read.stack(cluster).frames;
            frames.iter().any(|frame| read.func(*frame) == "main.spin")
        };
        let spinning = read.clusters.iter().filter(spins).map(|cluster| cluster.count).sum::<u64>();
        let unknown =
            read.clusters.iter().filter(|cluster| cluster.state.as_str() == "running" && read.stack(cluster).unavailable);
        let unknown = unknown.map(|cluster| cluster.count).sum::<u64>();
        assert_eq!(spinning + unknown, 3, "Go {}", toolchain.minor);
        assert!(spinning >= 1, "Go {}", toolchain.minor);
    }
}

/// The executable has moved, or another one has taken its place.
#[test]
fn the_executable_is_elsewhere() {
    let toolchain = newest();
    let built = toolchain.build("parked", "plain", &[], false);
    let other = toolchain.build("parked", "trimmed", &["-trimpath", "-ldflags=-w"], false);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("program");
    copy_executable(&built, &path);
    let left = crashed(&path, &["-n", "3"]);
    fs::remove_file(&path).expect("its file removed");
    let refused = herd_live::core(&left.core, None);
    assert!(matches!(&refused, Err(LiveError::NoExecutable(_))), "{refused:?}");
    let reading = herd_live::core(&left.core, Some(&built)).expect("a reading");
    assert_same(&reading.snapshot, &left.own, true);
    copy_executable(&other, &path);
    for executable in [None, Some(other.as_path())] {
        let refused = herd_live::core(&left.core, executable).expect_err("another executable").to_string();
        assert!(refused.contains("is not the executable this core file was made from"), "{refused}");
    }
}
