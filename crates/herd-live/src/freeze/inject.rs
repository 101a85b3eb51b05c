//! One system call run by a stopped thread of another process, so that the thread finds its way back alone.
//!
//! The thread gets the registers of the call, the address of a `syscall; ret` that the program has anyway, and a stack pointer into
//! its own signal stack. What lies there returns into the program's `rt_sigreturn` over a frame with the registers the thread had:
//! if goherd is killed at any point, the thread runs the call, returns and goes on where it was. A clone is given another stack, on
//! which the same `ret` leads to `exit_group`. While goherd lives none of it is run: the thread is stopped behind the call and its
//! registers are set back exactly, which lets the kernel take up the interrupted call itself.

use std::fs;
use std::io::IoSlice;

use nix::errno::Errno;
use nix::libc::user_regs_struct;
use nix::sys::ptrace::{self, Options};
use nix::sys::uio::{RemoteIoVec, process_vm_writev};
use nix::unistd::Pid;

use super::halt::{self, EVENT_CLONE, EVENT_STOP, State};
use super::refusal;
use super::rest::Rest;
use super::take::Trouble;
use crate::error::LiveError;
use crate::memory::{Process, Space};

/// What a clone that nobody holds ends with: it tells goherd's zombies from others.
pub const EXIT_CODE: u64 = 0x67;

const CLONE: u64 = 56;
const WAIT4: u64 = 61;
const RESTART_SYSCALL: u64 = 219;
/// The descriptor table is shared, lest the clone hold connections open; no signal says that it has ended.
const CLONE_FILES: u64 = 0x400;
const NO_CALL: u64 = u64::MAX;

/// Pieces of code every Go program has.
#[derive(Clone, Copy, Debug)]
pub struct Gadgets {
    /// `syscall; ret`
    call: u64,
    /// `mov $15, %eax; syscall`: `rt_sigreturn`
    sigreturn: u64,
    /// `mov 8(%rsp), %edi; mov $231, %eax; syscall`: `exit_group`
    exit: u64,
}

impl Gadgets {
    /// Looks for them in the program's code (`runtime/sys_linux_amd64.s`: `osyield`, `sigreturn__sigaction`, `exit`).
    pub fn find(pid: i32) -> Result<Gadgets, LiveError> {
        const CALL: &[u8] = &[0x0f, 0x05, 0xc3];
        const SIGRETURN: [&[u8]; 2] = [&[0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05], &[0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05]];
        const EXIT: [&[u8]; 2] = [
            &[0x8b, 0x7c, 0x24, 0x08, 0xb8, 0xe7, 0, 0, 0, 0x0f, 0x05],
            &[0x8b, 0x7c, 0x24, 0x08, 0x48, 0xc7, 0xc0, 0xe7, 0, 0, 0, 0x0f, 0x05],
        ];
        const PIECE: u64 = 1 << 20;
        const OVERLAP: u64 = 16;
        let mut space = Space::new(Box::new(Process::new(pid)));
        let (mut call, mut sigreturn, mut exit) = (None, None, None);
        for (from, end) in code(pid)? {
            let mut at = from;
            while at < end {
                let len = (end - at).min(PIECE + OVERLAP);
                let bytes = space.bytes(at, len as usize)?.unwrap_or_default();
                let find = |pattern: &[u8]| memchr::memmem::find(&bytes, pattern).map(|found| at + found as u64);
                call = call.or_else(|| find(CALL));
                sigreturn = sigreturn.or_else(|| SIGRETURN.iter().find_map(|pattern| find(pattern)));
                exit = exit.or_else(|| EXIT.iter().find_map(|pattern| find(pattern)));
                if let (Some(call), Some(sigreturn), Some(exit)) = (call, sigreturn, exit) {
                    return Ok(Gadgets { call, sigreturn, exit });
                }
                at += PIECE;
            }
        }
        Err(LiveError::Missing { what: "the runtime's own system calls" })
    }
}

/// Where the program's own code is mapped.
fn code(pid: i32) -> Result<Vec<(u64, u64)>, LiveError> {
    let path = format!("/proc/{pid}/maps");
    let maps = fs::read_to_string(&path).map_err(|source| LiveError::Io { path, source })?;
    let exe = fs::read_link(format!("/proc/{pid}/exe")).map_err(|_| LiveError::Gone(pid))?;
    let exe = exe.display().to_string();
    let range = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (from, end) = range.split_once('-')?;
        let ours = rest.starts_with("r-x") && rest.ends_with(&exe);
        ours.then_some((u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
    };
    Ok(maps.lines().filter_map(range).collect())
}

/// Clones the process in a thread at rest; answers what the call returned, and the clone. The thread then stands where it stood.
pub fn clone(rest: &Rest, gadgets: &Gadgets) -> Result<(i64, Option<Pid>), Trouble> {
    call(rest, gadgets, CLONE, [CLONE_FILES, rest.room + CLONE_STACK, 0, 0])
}

/// Reaps a child of the process whatever its exit signal, if it has ended.
pub fn reap(rest: &Rest, gadgets: &Gadgets, child: u64) -> Result<i64, Trouble> {
    const WNOHANG: u64 = 1;
    const WALL: u64 = 0x4000_0000;
    call(rest, gadgets, WAIT4, [child, 0, WNOHANG | WALL, 0]).map(|(result, _)| result)
}

/// Why a clone was not made.
pub fn why_not(pid: Pid, result: i64) -> Trouble {
    const ERESTARTNOINTR: i32 = 513;
    let errno = i32::try_from(-result).unwrap_or(0);
    if errno == ERESTARTNOINTR || errno == Errno::EINTR as i32 {
        return Trouble::Again;
    }
    let why = if errno == Errno::EAGAIN as i32 {
        "the number of its user's or its container's processes is at its limit (RLIMIT_NPROC, pids.max)".to_owned()
    } else if errno == Errno::ENOMEM as i32 {
        "the kernel has not the memory for its page tables".to_owned()
    } else {
        format!("its clone was refused: {}", Errno::from_raw(errno).desc())
    };
    Trouble::Final(refusal(pid.as_raw(), &why))
}

fn call(rest: &Rest, gadgets: &Gadgets, number: u64, arguments: [u64; 4]) -> Result<(i64, Option<Pid>), Trouble> {
    let gone = |_| Trouble::Final(LiveError::Gone(rest.pid.as_raw()));
    let bytes = frame(rest, gadgets);
    let room = RemoteIoVec { base: rest.room as usize, len: bytes.len() };
    if process_vm_writev(rest.tid, &[IoSlice::new(&bytes)], &[room]) != Ok(bytes.len()) {
        return Err(Trouble::Again);
    }
    let mut registers = rest.registers;
    registers.rax = number;
    registers.orig_rax = NO_CALL;
    registers.rip = gadgets.call;
    registers.rsp = rest.room;
    [registers.rdi, registers.rsi, registers.rdx, registers.r10] = arguments;
    registers.r8 = 0;
    ptrace::setoptions(rest.tid, Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE).map_err(gone)?;
    ptrace::setregs(rest.tid, registers).map_err(gone)?;
    let done = run(rest.pid, rest.tid);
    // Also when it did not come so far: with these registers a signal that came between is handled as it would have been.
    ptrace::setregs(rest.tid, rest.registers).map_err(gone)?;
    done
}

/// Lets the thread enter and leave the call, and stops it behind it as it was stopped before.
fn run(pid: Pid, tid: Pid) -> Result<(i64, Option<Pid>), Trouble> {
    let gone = |_| Trouble::Final(LiveError::Gone(pid.as_raw()));
    let mut clone = None;
    ptrace::syscall(tid, None).map_err(gone)?;
    let mut begun = halt::next_state(tid)?;
    if begun == State::Event(EVENT_STOP) {
        // A process that a signal had stopped stops once more for `PTRACE_INTERRUPT`; let go, it stays stopped by the signal.
        ptrace::syscall(tid, None).map_err(gone)?;
        begun = halt::next_state(tid)?;
    }
    match begun {
        State::Syscall => {}
        // It came before the call; the thread takes it when it is let go.
        State::Signal(_) | State::OtherSignal | State::Event(_) => return Err(Trouble::Again),
        State::Runs | State::Ended => return Err(LiveError::Gone(pid.as_raw()).into()),
    }
    ptrace::syscall(tid, None).map_err(gone)?;
    let mut state = halt::next_state(tid)?;
    if state == State::Event(EVENT_CLONE) {
        clone = i32::try_from(ptrace::getevent(tid).map_err(gone)?).ok().map(Pid::from_raw);
        ptrace::syscall(tid, None).map_err(gone)?;
        state = halt::next_state(tid)?;
    }
    if state != State::Syscall {
        return Err(LiveError::Gone(pid.as_raw()).into());
    }
    let result = ptrace::getregs(tid).map_err(gone)?.rax.cast_signed();
    ptrace::interrupt(tid).and_then(|()| ptrace::cont(tid, None)).map_err(gone)?;
    match halt::next_state(tid)? {
        State::Event(_) => Ok((result, clone)),
        State::Signal(_) | State::OtherSignal | State::Syscall | State::Runs | State::Ended => {
            Err(LiveError::Gone(pid.as_raw()).into())
        }
    }
}

/// Where a clone's stack begins in the room.
const CLONE_STACK: u64 = 448;
const FLOATS: u64 = 512;

/// What lies in the room: where the call returns to, the frame `rt_sigreturn` takes back, where a clone returns to, floating point
/// registers (`struct rt_sigframe`, `arch/x86/include/asm/sigframe.h`). Handlers of signals that come between lie below.
fn frame(rest: &Rest, gadgets: &Gadgets) -> Vec<u8> {
    const STRICT_SS: u64 = 6;
    const CONTEXT: usize = 8;
    let mut bytes = vec![0; super::rest::ROOM as usize / 2];
    let mut put = |at: usize, word: u64| bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
    put(0, gadgets.sigreturn);
    put(CONTEXT, STRICT_SS);
    // `uc_stack` with a mode there is none of: the kernel then leaves the signal stack as it is (`restore_altstack`).
    put(CONTEXT + 24, 7);
    let r = resumed(&rest.registers);
    let segments = r.cs & 0xffff | (r.ss & 0xffff) << 48;
    let floats = floats(rest.tid);
    let floats_at = if floats.is_some() { rest.room + FLOATS } else { 0 };
    let general = [
        r.r8, r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rdi, r.rsi, r.rbp, r.rbx, r.rdx, r.rax, r.rcx, r.rsp, r.rip,
        r.eflags, segments, 0, 0, 0, 0, floats_at,
    ];
    for (index, word) in general.into_iter().enumerate() {
        put(CONTEXT + 40 + index * 8, word);
    }
    put(CONTEXT + 296, rest.blocked);
    put(CLONE_STACK as usize, gadgets.exit);
    put(CLONE_STACK as usize + 16, EXIT_CODE);
    if let Some(floats) = floats {
        bytes[FLOATS as usize..FLOATS as usize + floats.len()].copy_from_slice(&floats);
    }
    bytes
}

/// The registers with which an interrupted call is taken up without the kernel's help (`arch_do_signal_or_restart`).
fn resumed(registers: &user_regs_struct) -> user_regs_struct {
    let mut resumed = *registers;
    match registers.rax.cast_signed() {
        -514..=-512 => {
            resumed.rax = registers.orig_rax;
            resumed.rip -= 2;
        }
        -516 => {
            resumed.rax = RESTART_SYSCALL;
            resumed.rip -= 2;
        }
        _ => {}
    }
    resumed
}

/// The floating point and SSE registers as `FXSAVE` lays them out, marked as no more than that. In a system call nothing wider is
/// alive: by Go's and C's conventions a call keeps none of it.
#[cfg(target_env = "gnu")]
pub fn floats(tid: Pid) -> Option<Vec<u8>> {
    const BYTES: usize = 512;
    let saved = ptrace::getregset::<ptrace::regset::NT_PRFPREG>(tid).ok()?;
    let mut bytes = Vec::with_capacity(BYTES);
    for word in [saved.cwd, saved.swd, saved.ftw, saved.fop] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(&saved.rip.to_le_bytes());
    bytes.extend_from_slice(&saved.rdp.to_le_bytes());
    for word in [saved.mxcsr, saved.mxcr_mask].into_iter().chain(saved.st_space).chain(saved.xmm_space) {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.resize(BYTES, 0);
    Some(bytes)
}

/// The C library's binding lacks them; `rt_sigreturn` then sets them to what a program begins with, and calls keep only their modes.
#[cfg(not(target_env = "gnu"))]
pub fn floats(_: Pid) -> Option<Vec<u8>> {
    None
}
