//! Which thread can run a system call for goherd: one of the runtime's own, at rest in a system call the runtime takes up again
//! whatever it returns, so that nothing the program knows of is touched.

use nix::libc::user_regs_struct;
use nix::unistd::Pid;

use super::halt::Halted;
use super::status::{field, inner_id};
use crate::layout::{At, Layout};
use crate::memory::{Process, Space, u64_at};

/// A thread at rest, and room on the stack its signal handlers run on.
#[derive(Clone, Debug)]
pub struct Rest {
    /// Its process.
    pub pid: Pid,
    /// Kernel id.
    pub tid: Pid,
    /// Where it rests.
    pub registers: user_regs_struct,
    /// Signals it blocks.
    pub blocked: u64,
    /// First byte of the room, which is [`ROOM`] long, for 64-byte values.
    pub room: u64,
}

/// Bytes used of a signal stack.
pub const ROOM: u64 = 2048;
/// A signal stack is big enough for a handler below the room.
const MIN_STACK: u64 = 16 << 10;
const MAX_STACK: u64 = 1 << 20;
/// Bytes below the thread pointer among which the runtime keeps its goroutine (`runtime/tls_amd64.s`; the last without C).
const TLS_BYTES: u64 = 512;

const FUTEX: u64 = 202;
/// Calls the runtime rests in: `nanosleep`, `futex`, `epoll_wait`, `epoll_pwait`: `runtime/sys_linux_amd64.s`.
pub const RESTS: [u64; 4] = [35, FUTEX, 232, 281];
const USER_CODE: u64 = 0x33;

/// The best of all threads, when there is one and no thread handles a signal.
pub fn choose(pid: Pid, layout: &Layout, halted: &[Halted]) -> Option<Rest> {
    let mut space = Space::new(Box::new(Process::new(pid.as_raw())));
    if halted.iter().any(|thread| is_in_handler(&mut space, pid, layout, thread)) {
        return None;
    }
    let mut order: Vec<&Halted> = halted.iter().filter(|thread| thread.signal.is_none() && rests(&thread.registers)).collect();
    // A wait without an end is taken up again by the kernel as if it had not been interrupted.
    order.sort_by_key(|thread| (thread.registers.orig_rax != FUTEX, thread.registers.r10 != 0));
    order.into_iter().find_map(|thread| of(&mut space, pid, layout, thread))
}

/// Whether a thread was interrupted in such a call.
pub fn rests(registers: &user_regs_struct) -> bool {
    const INTERRUPTED: [i64; 5] = [-4, -512, -513, -514, -516];
    RESTS.contains(&registers.orig_rax) && INTERRUPTED.contains(&registers.rax.cast_signed()) && registers.cs == USER_CODE
}

/// Whether a thread was stopped in a signal handler: where its goroutine stood is then in the handler's frame alone.
fn is_in_handler(space: &mut Space, pid: Pid, layout: &Layout, thread: &Halted) -> bool {
    let registers = &thread.registers;
    !rests(registers)
        && signal_stack(space, layout, registers.fs_base, u64::from(inner_id(pid, thread.tid)))
            .is_some_and(|(from, end)| (from..end).contains(&registers.rsp))
}

/// A stopped thread as one at rest, when it is the runtime's and its signal stack is free.
pub fn of(space: &mut Space, pid: Pid, layout: &Layout, thread: &Halted) -> Option<Rest> {
    const SYSCALL: [u8; 2] = [0x0f, 0x05];
    let registers = thread.registers;
    let code = space.bytes(registers.rip.wrapping_sub(2), 2).ok()??;
    let status = std::fs::read_to_string(format!("/proc/{pid}/task/{}/status", thread.tid)).ok()?;
    let mask = |name: &str| u64::from_str_radix(field(&status, name)?, 16).ok();
    let blocked = mask("SigBlk:")?;
    let pending = (mask("SigPnd:")? | mask("ShdPnd:")?) & !blocked;
    if code != SYSCALL || pending != 0 || field(&status, "Seccomp:").is_some_and(|mode| mode != "0") {
        return None;
    }
    let (from, end) = signal_stack(space, layout, registers.fs_base, u64::from(inner_id(pid, thread.tid)))?;
    let size = end.checked_sub(from)?;
    if !(MIN_STACK..=MAX_STACK).contains(&size) || (from..end).contains(&registers.rsp) {
        return None;
    }
    Some(Rest { pid, tid: thread.tid, registers, blocked, room: (end - ROOM) & !63 })
}

/// The stack that a thread's signal handlers run on, by way of the goroutine its thread-local storage names.
fn signal_stack(space: &mut Space, layout: &Layout, thread_pointer: u64, id: u64) -> Option<(u64, u64)> {
    let at = |place: At| u64::from(layout.get(place));
    let local = space.bytes(thread_pointer.checked_sub(TLS_BYTES)?, TLS_BYTES as usize).ok()??;
    for word in local.chunks_exact(8).rev().map(|word| u64_at(word, 0)) {
        if word < 4096 || word % 8 != 0 {
            continue;
        }
        let Some(m) = space.word(word.wrapping_add(at(At::GM))).ok()?.filter(|m| *m != 0) else { continue };
        let procid = space.word(m.wrapping_add(at(At::MProcid))).ok()?;
        if procid != Some(id) || space.word(m.wrapping_add(at(At::MG0))).ok()? == Some(0) {
            continue;
        }
        let Some(signal) = space.word(m.wrapping_add(at(At::MGsignal))).ok()?.filter(|g| *g != 0) else { continue };
        if space.word(signal.wrapping_add(at(At::GM))).ok()? != Some(m) {
            continue;
        }
        let bounds = space.bytes(signal.wrapping_add(at(At::GStack)), 16).ok()??;
        return Some((u64_at(&bounds, 0), u64_at(&bounds, 8)));
    }
    None
}
