//! Programs as they are met: linked whole with musl, their file gone, in a container's namespaces.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::program::{Program, copy_executable, is_root, newest, outermost};
use crate::same::assert_same;

/// With musl (Debian: package musl-tools) and with glibc, C and all in one file.
#[test]
fn linked_whole_with_c() {
    const WHOLE: &str = "-ldflags=-linkmode external -extldflags -static";
    for toolchain in outermost() {
        for compiler in ["musl-gcc", "gcc"] {
            let program =
                toolchain.build_with("withc", &format!("whole-{compiler}"), &[WHOLE], &[("CGO_ENABLED", "1"), ("CC", compiler)]);
            let mut program = Program::start(&program, &[]);
            let reading =
                herd_live::process(program.pid()).unwrap_or_else(|error| panic!("Go {} {compiler}: {error}", toolchain.minor));
            let compared = assert_same(&reading.snapshot, &program.stacks(), toolchain.number() >= 26);
            assert!(compared >= 20, "Go {} {compiler}: {compared} goroutines compared", toolchain.minor);
        }
    }
}

#[test]
fn its_file_is_deleted() {
    let built = newest().build("parked", "plain", &[], false);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("program");
    copy_executable(&built, &path);
    let mut program = Program::start(&path, &["-n", "3"]);
    fs::remove_file(&path).expect("its file removed");
    let reading = herd_live::process(program.pid()).expect("a reading");
    assert_same(&reading.snapshot, &program.stacks(), true);
    assert!(reading.executable.ends_with("program (deleted)"), "{}", reading.executable);
}

/// Another program lies where the executable was: what runs is read, not what lies there.
#[test]
fn its_file_is_replaced() {
    let toolchain = newest();
    let built = toolchain.build("parked", "plain", &[], false);
    let other = toolchain.build("parked", "stripped", &["-ldflags=-s -w"], false);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("program");
    copy_executable(&built, &path);
    let mut program = Program::start(&path, &["-n", "3"]);
    fs::remove_file(&path).expect("its file removed");
    copy_executable(&other, &path);
    let reading = herd_live::process(program.pid()).expect("a reading");
    assert_same(&reading.snapshot, &program.stacks(), true);
}

/// As in a container: a process id, a file system and at times users of its own. The executable's path exists there alone.
#[test]
fn in_namespaces_of_its_own() {
    const INSIDE: &str = "mount -t tmpfs none \"$1\" && cp \"$2\" \"$1/program\" && exec \"$1/program\" -n 3";
    let built = newest().build("parked", "plain", &[], false);
    let mut ways = vec![&["--user", "--map-root-user"][..]];
    if is_root() {
        ways.push(&[]);
    }
    for users in ways {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = Command::new("unshare");
        command.args(users).args(["--pid", "--mount", "--fork", "--kill-child", "sh", "-c", INSIDE, "sh"]);
        command.arg(folder.path()).arg(&built);
        let mut program = Program::launch(command);
        let pid = child_of(program.pid());
        let reading = herd_live::process(pid).expect("a reading");
        assert_same(&reading.snapshot, &program.stacks(), true);
        assert!(!Path::new(&reading.executable).exists(), "{} is there alone", reading.executable);
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
        let inside = status.lines().find(|line| line.starts_with("NSpid:")).expect("its ids");
        assert!(inside.ends_with("\t1"), "{inside}");
    }
}

fn child_of(pid: i32) -> i32 {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("its children");
    children.split_ascii_whitespace().next().and_then(|child| child.parse().ok()).expect("a child")
}
