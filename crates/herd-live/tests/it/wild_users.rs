//! Processes goherd may not read: the refusal names what is missing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program::{Program, copy_executable, is_root, newest};

/// Names the process to read to this program when it runs once more as someone else.
const READ: &str = "GOHERD_TEST_READ";

/// Reads the process the environment names, else one of its own, which it may.
#[test]
fn reads_or_says_why_not() {
    if let Ok(pid) = std::env::var(READ) {
        match herd_live::process(pid.parse().expect("a process id")) {
            Ok(reading) => println!("read {} goroutines", reading.snapshot.goroutines),
            Err(error) => println!("refused: {error}"),
        }
        return;
    }
    let program = Program::start(&newest().build("parked", "plain", &[], false), &["-n", "1"]);
    let said = said_by(&[], program.pid());
    assert!(said.starts_with("read "), "{said}");
}

/// What this program says of a process when `setpriv` starts it with these rights.
fn said_by(setpriv: &[&str], pid: i32) -> String {
    let folder = public_folder();
    let own = public_copy(&std::env::current_exe().expect("this program"), folder.path(), 0o755);
    let mut command = Command::new("setpriv");
    command.args(setpriv).arg(&own);
    command.args(["wild_users::reads_or_says_why_not", "--exact", "--nocapture"]).env(READ, pid.to_string());
    let output = command.output().expect("start this program once more (setpriv is of Debian's util-linux)");
    let text = String::from_utf8(output.stdout).expect("words");
    let line = text.lines().find_map(|line| line.find("refused: ").or_else(|| line.find("read ")).map(|at| &line[at..]));
    line.unwrap_or_else(|| panic!("it says nothing: {text}{}", String::from_utf8_lossy(&output.stderr))).to_owned()
}

/// A folder everyone may enter: temporary ones belong to their owner alone.
fn public_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("its mode");
    folder
}

fn public_copy(of: &Path, folder: &Path, mode: u32) -> PathBuf {
    let path = folder.join(of.file_name().expect("a name"));
    copy_executable(of, &path);
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
    path
}

const NOBODY: [&str; 3] = ["--reuid=65534", "--regid=65534", "--clear-groups"];

/// Runs a program with these rights.
fn program_of(setpriv: &[&str], program: &Path) -> Program {
    let mut command = Command::new("setpriv");
    command.args(setpriv).arg(program).args(["-n", "1"]);
    Program::launch(command)
}

#[test]
fn another_user() {
    let built = newest().build("parked", "plain", &[], false);
    if !is_root() {
        println!("only root runs programs as others: asked of the first process instead");
        let refused = herd_live::process(1).expect_err("the first process belongs to root").to_string();
        assert!(refused.contains("it belongs to user 0, goherd runs as user"), "{refused}");
        return;
    }
    let folder = public_folder();
    let program = public_copy(&built, folder.path(), 0o755);
    let secret = public_folder();
    let unreadable = public_copy(&built, secret.path(), 0o711);
    let roots = Program::start(&program, &["-n", "1"]);
    let nobodys = program_of(&NOBODY, &program);
    let hidden = program_of(&NOBODY, &unreadable);
    let other_group = program_of(&["--reuid=65534", "--regid=1", "--clear-groups"], &program);
    let caps = ["--inh-caps=+net_bind_service", "--ambient-caps=+net_bind_service"];
    let capable = program_of(&[&NOBODY[..], &caps].concat(), &program);
    let powerless = ["--bounding-set=-sys_ptrace", "--inh-caps=-sys_ptrace"];
    let cases: [(&str, String, &[&str]); 6] = [
        ("nobody reads nobody's", said_by(&NOBODY, nobodys.pid()), &["read "]),
        (
            "nobody reads root's",
            said_by(&NOBODY, roots.pid()),
            &["it belongs to user 0, goherd runs as user 65534", "CAP_SYS_PTRACE"],
        ),
        (
            "root without the capability reads nobody's",
            said_by(&powerless, nobodys.pid()),
            &["it belongs to user 65534, goherd runs as user 0", "CAP_SYS_PTRACE"],
        ),
        ("its executable may not be read", said_by(&NOBODY, hidden.pid()), &["executable may not be read", "chmod +r", "sudo"]),
        ("another group", said_by(&NOBODY, other_group.pid()), &["group 1, goherd runs as group 65534", "CAP_SYS_PTRACE"]),
        ("a capability goherd lacks", said_by(&NOBODY, capable.pid()), &["capabilities goherd does not have", "CAP_SYS_PTRACE"]),
    ];
    for (name, said, words) in cases {
        let missing: Vec<&&str> = words.iter().filter(|word| !said.contains(**word)).collect();
        assert!(missing.is_empty(), "{name}: {said:?} lacks {missing:?}");
    }
}

/// Kernel threads and processes that have ended but are still listed run no program.
#[test]
fn no_program_to_read() {
    let mut ended = Command::new("true").spawn().expect("true");
    while !fs::read_to_string(format!("/proc/{}/stat", ended.id())).expect("it is listed").contains(") Z ") {
        std::thread::yield_now();
    }
    let refused = herd_live::process(ended.id().try_into().expect("a process id")).expect_err("it has ended");
    assert!(matches!(refused, herd_live::LiveError::Gone(_)), "{refused}");
    ended.wait().expect("its end");
    let is_kernel_thread = |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.is_empty());
    match (2..200).find(is_kernel_thread) {
        Some(pid) => {
            let refused = herd_live::process(pid).expect_err("a kernel thread").to_string();
            assert!(refused.contains("kernel thread") || refused.contains("it belongs to user 0"), "{refused}");
        }
        None => println!("no kernel thread is seen from here"),
    }
}
