//! What is refused before a process is touched.

use std::process::Command;

use herd_live::{Budget, LiveError, freeze};

use crate::program::{Program, newest};
use crate::shows::PATIENT;

#[test]
fn a_budget_that_is_too_small() {
    let program = Program::start(&newest().build("parked", "plain", &[], false), &["-n", "100"]);
    let none = Budget { base_ns: 0, gb_ns: 0 };
    assert!(matches!(freeze::copy(program.pid(), &none), Err(LiveError::OverBudget { .. })));
}

#[test]
fn a_process_that_is_traced() {
    let program = Program::start(&newest().build("parked", "plain", &[], false), &["-n", "1"]);
    let mut tracer = Command::new("gdb");
    let pid = program.pid().to_string();
    tracer.args(["-q", "-batch", "-p", &pid, "-ex", "python import time; time.sleep(30)"]);
    let mut tracer = tracer.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("gdb");
    let is_free = || std::fs::read_to_string(format!("/proc/{pid}/status")).expect("its status").contains("TracerPid:\t0\n");
    while is_free() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let refused = freeze::copy(program.pid(), &PATIENT).expect_err("a refusal").to_string();
    assert!(refused.contains("traces it"), "{refused}");
    tracer.kill().expect("its end");
    tracer.wait().expect("its end");
    freeze::copy(program.pid(), &PATIENT).expect("a copy once it is free");
}

#[test]
fn a_process_whose_calls_are_filtered() {
    let program = Program::start(&newest().build("steady", "plain", &[], false), &["-filter"]);
    let refused = freeze::copy(program.pid(), &PATIENT).expect_err("a refusal").to_string();
    assert!(refused.contains("seccomp"), "{refused}");
}

#[test]
fn what_is_no_go_process() {
    let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
    let pid = child.id().try_into().expect("a process id");
    assert!(matches!(freeze::copy(pid, &PATIENT), Err(LiveError::NotGo(_))));
    child.kill().expect("its end");
    child.wait().expect("its end");
    assert!(matches!(freeze::copy(pid, &PATIENT), Err(LiveError::NoSuchProcess(_))));
}

/// A group of its own for one process; nothing where this machine lets none be made.
struct Group(std::path::PathBuf);

impl Group {
    fn of(controller: &str, pid: i32) -> Option<Group> {
        let second = std::path::Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let parent = if second { "/sys/fs/cgroup".to_owned() } else { format!("/sys/fs/cgroup/{controller}") };
        if second {
            // Refused where the controller belongs to somebody else; its files are then missing below.
            let _ = std::fs::write(format!("{parent}/cgroup.subtree_control"), format!("+{controller}"));
        }
        let path = std::path::Path::new(&parent).join(format!("goherd-test-{controller}-{pid}"));
        std::fs::create_dir(&path).ok()?;
        let group = Group(path);
        std::fs::write(group.0.join("cgroup.procs"), pid.to_string()).ok()?;
        Some(group)
    }

    /// Whether one of the files, which differ by version, took a limit.
    fn limit(&self, files: &[&str], value: u64) -> bool {
        files.iter().any(|file| self.0.join(file).exists() && std::fs::write(self.0.join(file), value.to_string()).is_ok())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // It is empty once its process has ended, a moment after that was killed.
        let removed = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            std::fs::remove_dir(&self.0).is_ok()
        });
        assert!(removed || std::thread::panicking(), "{} stays", self.0.display());
    }
}

#[test]
fn a_control_group_without_room() {
    for (controller, files, limit, said) in [
        ("pids", &["pids.max"][..], 1, "pids.max"),
        ("memory", &["memory.max", "memory.limit_in_bytes"], 24 << 20, "MB of memory left"),
    ] {
        // The program ends before its group does.
        let mut group = None;
        let program = Program::start(&newest().build("parked", "plain", &[], false), &["-n", "1"]);
        group = group.or_else(|| Group::of(controller, program.pid()));
        if !group.as_ref().is_some_and(|group| group.limit(files, limit)) {
            println!("this machine makes no control groups of {controller}");
            continue;
        }
        let refused = freeze::copy(program.pid(), &PATIENT).expect_err("a refusal").to_string();
        assert!(refused.contains(said), "{refused}");
        herd_live::process(program.pid()).expect("it is read live all the same");
        drop(program);
        drop(group);
    }
}

/// The clone itself is refused: the process goes on unharmed, and is copied once there is room again.
#[test]
fn a_user_without_room_for_processes() {
    if !crate::program::is_root() {
        println!("only root runs programs as another user");
        return;
    }
    // One that starts no threads while it may not.
    let built = newest().build("parked", "plain", &[], false);
    let folder = tempfile::tempdir_in("/var/tmp").expect("a folder");
    let path = folder.path().join("parked");
    crate::program::copy_executable(&built, &path);
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("its mode");
    let as_user = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid", "64321", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"]);
        command
    };
    let mut command = as_user();
    command.args(["prlimit", "--nproc=1000:1000"]).arg(&path);
    let mut program = Program::launch(command);
    let pid = program.pid().to_string();
    // One of the same user may, without a capability.
    let limit = |most: &str| {
        let set = as_user().args(["prlimit", "--pid", &pid, &format!("--nproc={most}:1000")]).status();
        assert!(set.expect("prlimit").success());
    };
    limit("1");
    let refused = freeze::copy(program.pid(), &PATIENT).expect_err("a refusal").to_string();
    assert!(refused.contains("RLIMIT_NPROC"), "{refused}");
    limit("1000");
    freeze::copy(program.pid(), &PATIENT).expect("a copy").end().expect("its end");
    program.tell("gc");
}
