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
