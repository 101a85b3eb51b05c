//! Ps on their way from thread to thread.

use herd_model::{NO_PROC, TraceProcState, TraceVisitor, TraceWhat};

use super::{At, Order, Out, Proc, Taken, Wire};

/// Ps a process may have; more is damage.
const PROCS_MAX: u64 = 1 << 20;

impl Order {
    pub(super) fn proc(&mut self, proc: u32) -> Option<&mut Proc> {
        let at = proc as usize;
        if u64::from(proc) >= PROCS_MAX {
            return None;
        }
        if at >= self.procs.len() {
            self.procs.resize(at + 1, Proc { state: None, seq: 0, generation: 0 });
        }
        Some(&mut self.procs[at])
    }

    pub(super) fn proc_state(&self, proc: u32) -> Option<TraceProcState> {
        self.procs.get(proc as usize).and_then(|proc| proc.state)
    }

    pub(super) fn set_proc(&mut self, proc: u32, state: TraceProcState) {
        if let Some(proc) = self.proc(proc) {
            proc.state = Some(state);
        }
    }

    pub(super) fn proc_start<V: TraceVisitor>(&mut self, at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        let (Some(proc), seq) = (proc_id(wire.args[0]), wire.args[1]) else { return Taken::Never };
        let (generation, force) = (self.generation, self.force);
        let Some(known) = self.proc(proc) else { return Taken::Never };
        let follows =
            known.state == Some(TraceProcState::Idle) && known.generation == generation && known.seq.wrapping_add(1) == seq;
        if (!follows || at.proc != NO_PROC) && !force {
            return Taken::Wait;
        }
        *known = Proc { state: Some(TraceProcState::Running), seq, generation };
        self.threads[at.thread].proc = proc;
        self.pass(at, wire, TraceWhat::ProcStart { proc }, out)
    }

    pub(super) fn proc_stop<V: TraceVisitor>(&mut self, at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        let right =
            at.proc != NO_PROC && matches!(self.proc_state(at.proc), Some(TraceProcState::Running | TraceProcState::Syscall));
        if !right && !self.force {
            return Taken::Never;
        }
        self.set_proc(at.proc, TraceProcState::Idle);
        self.threads[at.thread].proc = NO_PROC;
        self.pass(at, wire, TraceWhat::ProcStop, out)
    }

    pub(super) fn proc_steal<V: TraceVisitor>(&mut self, at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        let [id, seq, from, _] = wire.args;
        let Some(proc) = proc_id(id) else { return Taken::Never };
        let (generation, force) = (self.generation, self.force);
        let Some(known) = self.proc(proc) else { return Taken::Never };
        let before = known.state;
        let stealable = matches!(before, Some(TraceProcState::Syscall | TraceProcState::SyscallAbandoned));
        let follows = stealable && known.generation == generation && known.seq.wrapping_add(1) == seq;
        if !follows && !force {
            return Taken::Wait;
        }
        *known = Proc { state: Some(TraceProcState::Idle), seq, generation };
        if before != Some(TraceProcState::SyscallAbandoned) {
            // The thread it is taken from has no P now, so that it can come out of its call.
            match self.by_thread.get(&from) {
                Some(other) if self.threads[*other as usize].proc == proc => self.threads[*other as usize].proc = NO_PROC,
                Some(_) | None if !force => return Taken::Never,
                Some(_) | None => {}
            }
        }
        self.pass(at, wire, TraceWhat::ProcSteal { proc, from }, out)
    }

    pub(super) fn proc_status<V: TraceVisitor>(&mut self, mut at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        let Some(proc) = proc_id(wire.args[0]) else { return Taken::Never };
        let state = match wire.args[1] {
            1 => TraceProcState::Running,
            2 => TraceProcState::Idle,
            3 => TraceProcState::Syscall,
            4 => TraceProcState::SyscallAbandoned,
            _ => return Taken::Never,
        };
        let (generation, force) = (self.generation, self.force);
        let Some(known) = self.proc(proc) else { return Taken::Never };
        let before = known.state;
        // Given up by its thread without a word, and still known to be in its call: nothing was lost.
        let kept = state == TraceProcState::SyscallAbandoned && before == Some(TraceProcState::Syscall);
        if before.is_some_and(|before| before != state && !kept) && !force {
            return Taken::Never;
        }
        *known = Proc { state: if kept { before } else { Some(state) }, seq: 0, generation };
        if kept {
            if let Some(other) = self.threads.iter().position(|thread| thread.proc == proc) {
                at = At { thread: other, proc, goroutine: self.threads[other].goroutine };
            }
        } else if matches!(state, TraceProcState::Running | TraceProcState::Syscall) {
            self.threads[at.thread].proc = proc;
        }
        self.pass(at, wire, TraceWhat::ProcStatus { proc, state, first: before.is_none() }, out)
    }
}

/// The number of a P, unless it is damage.
pub(super) fn proc_id(id: u64) -> Option<u32> {
    (id < PROCS_MAX).then_some(id as u32)
}
