//! Stops all threads of a process by `PTRACE_SEIZE` and `PTRACE_INTERRUPT`, and lets them go.
//!
//! Stops are looked at without being taken note of (`WNOWAIT`): a signal that a thread was about to receive then reaches it even
//! when goherd is killed at that moment (`kernel/exit.c`, `wait_task_stopped` clears the signal otherwise).

use std::fs;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc::user_regs_struct;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid, waitpid};
use nix::unistd::Pid;

use super::status::{field, inner_id, tasks};
use super::take::Trouble;
use super::{inject, refusal};
use crate::core::Thread;
use crate::error::LiveError;
use crate::permission;

/// How often a stop is looked for without a pause: most take microseconds, and a pause is many of them.
const LOOKS: u32 = 200;
/// How long a stop that takes longer is waited for before looking again.
const LOOK: Duration = Duration::from_micros(20);
/// How long something that cannot fail is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// A thread that stands still.
#[derive(Clone, Debug)]
pub struct Halted {
    /// Kernel id.
    pub tid: Pid,
    /// Where it stands.
    pub registers: user_regs_struct,
    /// Its floating point registers, where they can be had.
    pub floats: Option<Vec<u8>>,
    /// A signal it was about to receive.
    pub signal: Option<Signal>,
}

/// What a traced thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Runs,
    /// It entered or leaves a system call.
    Syscall,
    /// It stands at an event, `PTRACE_EVENT_CLONE` for one.
    Event(i32),
    /// It is about to receive a signal.
    Signal(Signal),
    /// It is about to receive a real-time signal, which cannot be passed on by number.
    OtherSignal,
    /// It has ended.
    Ended,
}

/// `PTRACE_EVENT_STOP`: stopped by `PTRACE_INTERRUPT`, or where a traced clone begins.
pub const EVENT_STOP: i32 = 128;
/// `PTRACE_EVENT_CLONE`
pub const EVENT_CLONE: i32 = 3;

/// Stops all threads, those too that start meanwhile.
pub fn all(pid: Pid, until: Instant) -> Result<Vec<Halted>, Trouble> {
    let mut halted: Vec<Halted> = Vec::new();
    let mut ended: Vec<Pid> = Vec::new();
    loop {
        let known = |tid: &Pid| ended.contains(tid) || halted.iter().any(|thread| thread.tid == *tid);
        let new: Vec<Pid> = tasks(pid)?.into_iter().filter(|tid| !known(tid)).collect();
        if new.is_empty() {
            return if halted.is_empty() { Err(LiveError::Gone(pid.as_raw()).into()) } else { Ok(halted) };
        }
        // All are asked before any is waited for: they stop side by side.
        let mut asked = Vec::new();
        for tid in new {
            if ask(pid, tid)? { asked.push(tid) } else { ended.push(tid) }
        }
        for tid in asked {
            match wait(pid, tid, until)? {
                Some(thread) => halted.push(thread),
                None => ended.push(tid),
            }
        }
    }
}

/// Stops one thread; `None` when it has ended.
pub fn one(pid: Pid, tid: Pid, until: Instant) -> Result<Option<Halted>, Trouble> {
    if ask(pid, tid)? { wait(pid, tid, until) } else { Ok(None) }
}

/// Asks a thread to stop; `false` when it has ended.
fn ask(pid: Pid, tid: Pid) -> Result<bool, LiveError> {
    match ptrace::seize(tid, Options::PTRACE_O_TRACESYSGOOD).and_then(|()| ptrace::interrupt(tid)) {
        Ok(()) => Ok(true),
        Err(Errno::ESRCH) => Ok(false),
        Err(Errno::EPERM) if has_ended(pid, tid) => Ok(false),
        Err(errno) => Err(permission::explain(pid.as_raw(), errno)),
    }
}

/// Whether a thread is one that has ended and stays listed, as the first of a process does until all have.
fn has_ended(pid: Pid, tid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).unwrap_or_default();
    field(&status, "State:").is_none_or(|state| state.starts_with(['Z', 'X']))
}

fn wait(pid: Pid, tid: Pid, until: Instant) -> Result<Option<Halted>, Trouble> {
    let mut looks = 0;
    loop {
        let signal = match state(tid)? {
            State::Ended => return Ok(None),
            State::Event(_) => None,
            State::Signal(signal) => Some(signal),
            State::OtherSignal | State::Syscall => return Err(Trouble::Again),
            State::Runs if Instant::now() > until => {
                return Err(refusal(
                    pid.as_raw(),
                    "one of its threads did not stop in time (it waits in the kernel, or the machine is busy): allow a longer stop",
                )
                .into());
            }
            State::Runs => {
                look_again(&mut looks);
                continue;
            }
        };
        return match ptrace::getregs(tid) {
            Ok(registers) => Ok(Some(Halted { tid, registers, floats: inject::floats(tid), signal })),
            Err(_) => Ok(None),
        };
    }
}

/// What a traced thread does now.
pub fn state(tid: Pid) -> Result<State, LiveError> {
    let peek = WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG | WaitPidFlag::WSTOPPED | WaitPidFlag::WEXITED | WaitPidFlag::__WALL;
    match waitid(Id::Pid(tid), peek) {
        Ok(WaitStatus::PtraceSyscall(_)) => Ok(State::Syscall),
        Ok(WaitStatus::PtraceEvent(_, signal, 0) | WaitStatus::Stopped(_, signal)) => Ok(State::Signal(signal)),
        Ok(WaitStatus::PtraceEvent(_, _, event)) => Ok(State::Event(event)),
        Ok(WaitStatus::StillAlive | WaitStatus::Continued(_)) => Ok(State::Runs),
        Ok(WaitStatus::Exited(..) | WaitStatus::Signaled(..)) => {
            // A thread that ended under tracing stays until this is taken note of.
            let _ = waitpid(tid, Some(WaitPidFlag::__WALL | WaitPidFlag::WNOHANG));
            Ok(State::Ended)
        }
        Err(Errno::EINVAL) => Ok(State::OtherSignal),
        Err(Errno::ECHILD | Errno::ESRCH) => Ok(State::Ended),
        Err(errno) => Err(permission::explain(tid.as_raw(), errno)),
    }
}

/// Waits until a traced thread that was made to go on stops again.
pub fn next_state(tid: Pid) -> Result<State, LiveError> {
    let until = Instant::now() + PATIENCE;
    let mut looks = 0;
    loop {
        let state = state(tid)?;
        if state != State::Runs {
            return Ok(state);
        }
        if Instant::now() > until {
            return Err(refusal(tid.as_raw(), "a system call in it did not return"));
        }
        look_again(&mut looks);
    }
}

fn look_again(looks: &mut u32) {
    *looks += 1;
    if *looks > LOOKS {
        std::thread::sleep(LOOK);
    }
}

/// Waits until a clone stands where it begins.
pub fn wait_trap(tid: Pid) -> Result<(), LiveError> {
    match next_state(tid)? {
        State::Event(EVENT_STOP) => Ok(()),
        State::Runs | State::Syscall | State::Event(_) | State::Signal(_) | State::OtherSignal | State::Ended => {
            Err(LiveError::Gone(tid.as_raw()))
        }
    }
}

impl Halted {
    /// Lets it go, with the signal it was about to receive.
    pub fn release(&self) -> Result<(), Trouble> {
        match ptrace::detach(self.tid, self.signal) {
            // A process that is killed ends while it is stopped.
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(permission::explain(self.tid.as_raw(), errno).into()),
        }
    }

    /// As the process's runtime knows it.
    pub fn seen(&self, pid: Pid) -> Thread {
        let r = &self.registers;
        let registers = vec![
            r.r15, r.r14, r.r13, r.r12, r.rbp, r.rbx, r.r11, r.r10, r.r9, r.r8, r.rax, r.rcx, r.rdx, r.rsi, r.rdi, r.orig_rax,
            r.rip, r.cs, r.eflags, r.rsp, r.ss, r.fs_base, r.gs_base, r.ds, r.es, r.fs, r.gs,
        ];
        Thread { id: inner_id(pid, self.tid), registers, floats: self.floats.clone() }
    }
}
