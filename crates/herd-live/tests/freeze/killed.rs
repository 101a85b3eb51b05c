//! A reader that is killed at any moment: the program goes on, no copy of it runs, and the next copy leaves nothing behind.

use std::process::{Command, Stdio};
use std::time::Duration;

use herd_live::freeze;
use herd_live::layout::{Arch, Layout};

use crate::program::{Program, newest};
use crate::shows::PATIENT;
use crate::undisturbed::{children, goes_on};

const TARGET: &str = "GOHERD_TEST_COPY_WITHOUT_END";
const PROVEN: &str = "GOHERD_TEST_PROVE_WITHOUT_END";

/// Not a test of its own: the reader that the test below kills, most of the time while threads are stopped.
#[test]
fn copies_without_end() {
    let Ok(pid) = std::env::var(TARGET) else { return };
    let pid = pid.parse().expect("a process id");
    let layout = Layout::of(newest().number(), Arch::Amd64).expect("a layout");
    loop {
        let copy = freeze::copy_of(pid, &layout, &PATIENT);
        assert!(copy.is_ok(), "{copy:?}");
    }
}

/// Not a test of its own: the reader that the test below kills, most of the time while it reads the copy.
#[test]
fn proofs_without_end() {
    let Ok(pid) = std::env::var(PROVEN) else { return };
    let pid = pid.parse().expect("a process id");
    loop {
        let reading = herd_live::frozen(pid, &PATIENT).expect("a reading");
        assert!(matches!(reading.proof, Some(Ok(_))), "{:?}", reading.proof);
    }
}

#[test]
fn at_any_moment() {
    let kills = std::env::var("GOHERD_TEST_KILLS").map_or(25, |kills| kills.parse().expect("a number"));
    let mut program = Program::start(&newest().build("steady", "plain", &[], false), &[]);
    let mut random = 88_172_645_463_325_252_u64;
    let mut zombies = 0;
    for kill in 0..kills {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let own = std::env::current_exe().expect("this program");
        let mut reader = Command::new(own);
        let pid = program.pid().to_string();
        if kill % 2 == 0 {
            reader.args(["--exact", "killed::copies_without_end"]).env(TARGET, pid);
        } else {
            reader.args(["--exact", "killed::proofs_without_end"]).env(PROVEN, pid);
        }
        let mut reader = reader.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a reader");
        std::thread::sleep(Duration::from_micros(10_000 + random % 60_000));
        assert_eq!(reader.try_wait().expect("its state"), None, "it copies until it is killed");
        reader.kill().expect("its end");
        reader.wait().expect("its end");
        let after = goes_on(&mut program);
        let left = children(program.pid());
        assert!(left.len() <= 1 && left.iter().all(|child| child.contains(") Z ")), "kill {kill}: {left:?}");
        zombies += left.len();
        assert_eq!((after.wrong, after.child_signals), (0, 0), "kill {kill}");
        freeze::copy(program.pid(), &PATIENT).expect("a copy").end().expect("its end");
        assert_eq!(children(program.pid()), Vec::<String>::new(), "kill {kill}: nothing is left");
        if kill % 50 == 49 {
            eprintln!("{} of {kills} killed", kill + 1);
        }
    }
    println!("{kills} readers killed, {zombies} of them left a zombie for the next copy; nothing else was ever left");
}
