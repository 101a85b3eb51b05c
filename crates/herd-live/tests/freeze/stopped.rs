//! Processes in odd states: stopped by a signal, traced while they are read, ending or running another program meanwhile, in a
//! namespace of their own.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use herd_live::{LiveError, freeze};
use nix::sys::ptrace::{self, Options};
use nix::unistd::Pid;

use crate::program::{Program, is_root, newest, outermost};
use crate::shows::{PATIENT, by_id};
use crate::undisturbed::children;

/// The first letters of the states of all threads.
fn states(pid: i32) -> BTreeSet<char> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("its threads").flatten();
    let stats = threads.filter_map(|thread| fs::read_to_string(thread.path().join("stat")).ok());
    stats.filter_map(|stat| stat.rsplit_once(") ")?.1.chars().next()).collect()
}

fn threads(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).expect("its threads").flatten();
    threads.filter_map(|thread| thread.file_name().to_str()?.parse().ok()).collect()
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    assert!((0..1000).any(|_| is() || (thread::sleep(Duration::from_millis(5)), false).1), "{what}");
}

fn signal(name: &str, pid: i32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().expect("kill").success());
}

#[test]
fn stopped_by_a_signal() {
    for toolchain in outermost() {
        let mut program = Program::start(&toolchain.build("parked", "plain", &[], false), &["-n", "5"]);
        let pid = program.pid();
        let own = program.stacks();
        for round in 0..5 {
            signal("-STOP", pid);
            until("it stops", || states(pid) == BTreeSet::from(['T']));
            let reading = herd_live::frozen(pid, &PATIENT).unwrap_or_else(|error| panic!("Go {}: {error}", toolchain.minor));
            assert_eq!(reading.snapshot.goroutines, own.goroutines);
            assert!(reading.left.is_none(), "{:?}", reading.left);
            until("it stays stopped", || states(pid) == BTreeSet::from(['T']));
            assert_eq!(children(pid), Vec::<String>::new(), "round {round}: nothing is left");
            signal("-CONT", pid);
        }
        assert_eq!(program.stacks().goroutines, own.goroutines, "it goes on");
    }
}

/// Another tracer comes while the copy is read: the zombie cannot be reaped then, which spoils nothing, and the next copy reaps it.
#[test]
fn traced_before_the_copy_ends() {
    let program = Program::start(&newest().build("parked", "plain", &[], false), &["-n", "3000"]);
    let pid = program.pid();
    let done = AtomicBool::new(false);
    let (traced, reading) = thread::scope(|scope| {
        let tracer = scope.spawn(|| {
            while children(pid).is_empty() && !done.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            let mut left = threads(pid);
            while !left.is_empty() && !done.load(Ordering::Relaxed) {
                // The thread that copies may not have let all go yet.
                left.retain(|thread| ptrace::seize(Pid::from_raw(*thread), Options::empty()).is_err());
            }
            while !done.load(Ordering::Relaxed) {
                thread::sleep(Duration::from_millis(1));
            }
            left.is_empty()
        });
        let reading = herd_live::frozen(pid, &PATIENT);
        done.store(true, Ordering::Relaxed);
        (tracer.join().expect("the tracer's end"), reading.expect("a reading"))
    });
    assert!(traced, "the tracer came in time");
    assert!(reading.snapshot.goroutines > 60_000 && matches!(reading.proof, Some(Ok(_))));
    let why = reading.left.expect("a zombie is left").to_string();
    assert!(why.contains("trace"), "{why}");
    assert!(children(pid).iter().all(|child| child.contains(") Z ")) && children(pid).len() == 1, "{:?}", children(pid));
    until("it is free", || fs::read_to_string(format!("/proc/{pid}/status")).expect("its status").contains("TracerPid:\t0\n"));
    freeze::copy(pid, &PATIENT).expect("a copy").end().expect("its end");
    assert_eq!(children(pid), Vec::<String>::new(), "the next copy reaps both");
}

#[test]
fn a_process_that_goes_away() {
    let built = newest().build("parked", "plain", &[], false);
    for how in ["exit", "exec"] {
        for delay in [0, 1, 2, 5, 10, 20] {
            let mut program = Program::start(&built, &["-n", "100"]);
            let pid = program.pid();
            program.begin(how);
            thread::sleep(Duration::from_millis(delay));
            match herd_live::frozen(pid, &PATIENT) {
                Ok(reading) => assert!(reading.snapshot.goroutines > 2_000, "{how}: all or nothing"),
                Err(
                    LiveError::Gone(_)
                    | LiveError::NoSuchProcess(_)
                    | LiveError::NotGo(_)
                    | LiveError::Missing { .. }
                    | LiveError::NoCopy { .. }
                    | LiveError::Io { .. },
                ) => {}
                Err(other) => panic!("{how} after {delay} ms: {other}"),
            }
            assert!(children(pid).iter().all(|child| child.contains(") Z ")), "{how}: {:?}", children(pid));
        }
    }
}

/// In a container: another process namespace, another root, in which there is nothing but the program.
#[test]
fn in_namespaces_of_its_own() {
    if !is_root() {
        println!("only root makes namespaces");
        return;
    }
    let built = newest().build("parked", "plain", &[], false);
    let root = tempfile::tempdir().expect("a folder");
    let script = format!(
        "mount -t tmpfs none {0} && cp {1} {0}/goherd-test-api && exec chroot {0} /goherd-test-api -n 20 -spin 1",
        root.path().display(),
        built.display()
    );
    let mut command = Command::new("unshare");
    command.args(["--pid", "--mount", "--fork", "--kill-child", "sh", "-c", &script]);
    let outer = Program::launch(command);
    let list = fs::read_to_string(format!("/proc/{0}/task/{0}/children", outer.pid())).expect("its children");
    let pid: i32 = list.trim().parse().expect("one child");
    let inner = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    assert!(inner.lines().any(|line| line.starts_with("NSpid:") && line.ends_with("\t1")), "{inner}");
    let live = herd_live::process(pid).expect("a reading");
    let copied = herd_live::frozen(pid, &PATIENT).expect("a reading");
    assert!(matches!(copied.proof, Some(Ok(_))) && copied.left.is_none(), "{:?} {:?}", copied.proof, copied.left);
    assert_eq!(copied.tally.running, 0, "threads are known by the ids their runtime has");
    let path = outer.folder().join("saved.core");
    let saved = freeze::save(pid, &PATIENT, &File::create(&path).expect("a file"), &mut |_| ControlFlow::Continue(()));
    let saved = saved.expect("a core file");
    // Nothing on the host is at the path the program has there, so the file holds it.
    assert!(saved.in_files < 1 << 20, "{saved:?}");
    assert!(matches!(herd_live::core(&path, None), Err(LiveError::NoExecutable(_))));
    let read = herd_live::core(&path, Some(&built)).expect("a reading");
    assert_eq!((read.cut, read.tally.running), (0, 0));
    let parked = |reading: &herd_live::Reading| {
        let mut said = by_id(&reading.snapshot);
        said.retain(|_, said| !said.contains("main.spin") && !said.contains("held.Serve") && !said.contains("os/signal"));
        said.retain(|_, said| !said.starts_with("running"));
        said
    };
    assert!(parked(&live).len() > 400);
    assert_eq!(parked(&read), parked(&copied));
    assert_eq!(parked(&live), parked(&copied));
}
