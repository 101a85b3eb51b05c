//! Programs that check their own work while they are copied again and again.

use std::fs;
use std::process::Command;

use herd_live::freeze;

use crate::program::{Program, newest, outermost, toolchains};
use crate::shows::PATIENT;

/// What such a program says of itself.
#[derive(Debug)]
pub struct Report {
    /// Of the work that lags most.
    pub rounds: u64,
    pub wrong: u64,
    pub child_signals: u64,
    pub user_signals: u64,
    pub gap_us: u64,
}

pub fn report(program: &mut Program) -> Report {
    let path = program.folder().join("report");
    program.tell(&format!("report {}", path.display()));
    let text = fs::read_to_string(path).expect("a report");
    let numbers: Vec<u64> = text.split(' ').map(|number| number.parse().expect("a number")).collect();
    let [rounds, wrong, child_signals, user_signals, gap_us] = numbers[..] else { panic!("{text}") };
    Report { rounds, wrong, child_signals, user_signals, gap_us }
}

/// What it says once all its kinds of work have gone on.
pub fn goes_on(program: &mut Program) -> Report {
    let before = report(program);
    for _ in 0..2000 {
        std::thread::sleep(std::time::Duration::from_millis(10));
        let after = report(program);
        if after.rounds > before.rounds + 1 {
            return after;
        }
    }
    panic!("some of its work stands still: {before:?}");
}

/// The children of a process, ended ones too.
pub fn children(pid: i32) -> Vec<String> {
    let stats =
        fs::read_dir("/proc").expect("processes").filter_map(|entry| fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    let of =
        |stat: &String| stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1)?.parse::<i32>().ok());
    stats.filter(|stat| of(stat) == Some(pid)).collect()
}

#[test]
fn fifty_copies_under_load() {
    for toolchain in toolchains() {
        let mut program = Program::start(&toolchain.build("steady", "plain", &[], false), &[]);
        let copies = if toolchain.minor == newest().minor { 50 } else { 10 };
        let mut stops = Vec::new();
        for _ in 0..copies {
            let copy = freeze::copy(program.pid(), &PATIENT).expect("a copy");
            assert!(children(program.pid()).iter().any(|child| child.starts_with(&copy.pid.to_string())));
            let mark = fs::read_to_string(format!("/proc/{}/oom_score_adj", copy.pid)).expect("its mark");
            assert_eq!(mark.trim(), "1000");
            stops.push(copy.stopped_ns / 1000);
            copy.end().expect("its end");
            assert_eq!(children(program.pid()), Vec::<String>::new(), "nothing is left");
        }
        let after = goes_on(&mut program);
        stops.sort_unstable();
        println!("Go {}: stopped for {stops:?} us; its worst tick was {} us late", toolchain.minor, after.gap_us);
        assert_eq!((after.wrong, after.child_signals), (0, 0));
    }
}

/// A process that starts others and is sent signals meanwhile; neither is lost.
#[test]
fn children_and_signals_of_its_own() {
    let mut program = Program::start(&newest().build("steady", "plain", &[], false), &["-exec"]);
    let pid = program.pid().to_string();
    for round in 1..=20 {
        let copy = freeze::copy(program.pid(), &PATIENT).expect("a copy");
        let sent = Command::new("kill").args(["-USR1", &pid]).status().expect("kill");
        assert!(sent.success());
        drop(copy);
        // Signals of one number are told apart only when the one before was taken.
        let taken = (0..1000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            report(&mut program).user_signals == round
        });
        assert!(taken, "signal {round}");
    }
    let report = goes_on(&mut program);
    assert_eq!(report.wrong, 0);
    assert!(report.child_signals > 0);
}

/// Waits in C end as they must: the kernel takes up what the stop interrupted.
#[test]
fn waits_in_c() {
    for toolchain in outermost() {
        let mut program = Program::start(&toolchain.build("cwaits", "c", &[], true), &[]);
        for _ in 0..30 {
            freeze::copy(program.pid(), &PATIENT).expect("a copy").end().expect("its end");
        }
        let report = goes_on(&mut program);
        assert_eq!(report.wrong, 0, "Go {}: {report:?}", toolchain.minor);
    }
}

/// Signals that queue up: each of them arrives, whatever thread was about to receive it when all were stopped.
#[test]
fn no_signal_is_lost() {
    const SIGNALS: u64 = 2000;
    let mut program = Program::start(&newest().build("cwaits", "c", &[], true), &["-signals"]);
    let send = format!("for i in $(seq {SIGNALS}); do kill -s RTMIN+6 {}; done", program.pid());
    let mut sender = Command::new("bash").args(["-c", &send]).spawn().expect("bash");
    let mut copies = 0;
    while copies < 10 || sender.try_wait().expect("its state").is_none() {
        freeze::copy(program.pid(), &PATIENT).expect("a copy").end().expect("its end");
        copies += 1;
    }
    assert!(sender.wait().expect("its end").success());
    let received = (0..500).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        report(&mut program).user_signals == SIGNALS
    });
    assert!(received, "{copies} copies: {:?}", report(&mut program));
}
