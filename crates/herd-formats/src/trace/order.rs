//! The order of events of all threads: each thread's are true among themselves, times of different threads are not, so Gs and Ps carry
//! numbers that say what follows what (`runtime/traceruntime.go`; the rules of `internal/trace/order.go`, Go 1.22 to 1.27).

mod procs;

use herd_model::{
    NO_PROC, NO_THREAD, NameId, StackId, TraceEvent, TraceGoState, TraceGoroutine, TraceProcState, TraceTables, TraceVisitor,
    TraceWhat,
};
use rustc_hash::FxHashMap;

use self::procs::proc_id;
use super::slots::Slots;
use super::wire::{
    ARGS_MAX, GC_ACTIVE, GC_BEGIN, GC_END, GC_MARK_ASSIST_ACTIVE, GC_MARK_ASSIST_BEGIN, GC_MARK_ASSIST_END, GC_SWEEP_ACTIVE,
    GC_SWEEP_BEGIN, GC_SWEEP_END, GO_BLOCK, GO_CREATE, GO_CREATE_BLOCKED, GO_CREATE_SYSCALL, GO_DESTROY, GO_DESTROY_SYSCALL,
    GO_LABEL, GO_START, GO_STATUS, GO_STATUS_STACK, GO_STOP, GO_SWITCH, GO_SWITCH_DESTROY, GO_SYSCALL_BEGIN, GO_SYSCALL_END,
    GO_SYSCALL_END_BLOCKED, GO_UNBLOCK, HEAP_ALLOC, HEAP_GOAL, PROC_START, PROC_STATUS, PROC_STEAL, PROC_STOP, PROCS_CHANGE,
    STW_BEGIN, STW_END, USER_LOG, USER_REGION_BEGIN, USER_REGION_END, USER_TASK_BEGIN, USER_TASK_END,
};

/// An event as it stands in a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wire {
    /// Kind.
    pub kind: u8,
    /// Nanoseconds.
    pub at_ns: u64,
    /// The numbers behind its time.
    pub args: [u64; ARGS_MAX],
}

/// Whether an event could be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was its turn, and the visitor has it.
    Yes,
    /// Something of another thread must come first.
    Wait,
    /// It can never follow what came before.
    Never,
}

/// What events of a generation refer to.
pub trait Lookup {
    /// The text of an id.
    fn name(&self, id: u64) -> NameId;
    /// The stack of an id.
    fn stack(&self, id: u64) -> StackId;
}

/// Where events go, in order.
pub struct Out<'a, V> {
    /// Tables.
    pub tables: &'a TraceTables,
    /// The visitor.
    pub visit: &'a mut V,
    /// Time of the last event, where each must be later than the one before, as Go's own reader has it.
    pub clamp: Option<u64>,
}

impl<V: TraceVisitor> Out<'_, V> {
    /// Passes an event on.
    #[allow(clippy::inline_always, reason = "where it is called the kind is known, and the visitor's choice by it falls away")]
    #[inline(always)]
    pub fn event(&mut self, mut event: TraceEvent) {
        if let Some(last) = &mut self.clamp {
            *last = event.at_ns.max(*last + 1);
            event.at_ns = *last;
        }
        self.visit.event(self.tables, &event);
    }
}

#[derive(Clone, Copy, Debug)]
struct Goroutine {
    id: u64,
    seq: u64,
    generation: u64,
    state: TraceGoState,
}

#[derive(Clone, Copy, Debug)]
struct Proc {
    state: Option<TraceProcState>,
    seq: u64,
    generation: u64,
}

#[derive(Clone, Copy, Debug)]
struct Thread {
    id: u64,
    proc: u32,
    goroutine: TraceGoroutine,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
enum Gc {
    #[default]
    Unknown,
    Off,
    On,
}

/// Who runs where, as far as the events so far tell.
#[derive(Clone, Debug, Default)]
pub struct Order {
    generation: u64,
    first_generation: u64,
    slots: Vec<Goroutine>,
    free: Vec<u32>,
    by_id: Slots,
    procs: Vec<Proc>,
    threads: Vec<Thread>,
    by_thread: FxHashMap<u64, u32>,
    gc: Gc,
    gc_seq: u64,
    /// Events are taken that cannot follow: the trace is damaged.
    pub force: bool,
}

/// Where an event happened.
#[derive(Clone, Copy, Debug)]
struct At {
    thread: usize,
    proc: u32,
    goroutine: TraceGoroutine,
}

impl Order {
    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        let threads = self.threads.len() * size_of::<(Thread, u64, u32)>();
        self.slots.len() * size_of::<Goroutine>() + self.free.len() * size_of::<u32>() + self.by_id.bytes() + threads
    }

    /// A generation begins: numbers of Gs and Ps start again, who runs where stays.
    pub fn begin(&mut self, generation: u64) {
        self.generation = generation;
        if self.first_generation == 0 {
            self.first_generation = generation;
        }
    }

    /// The place of a thread among all threads, new or known.
    pub fn thread(&mut self, id: u64) -> u32 {
        let next = self.threads.len() as u32;
        *self.by_thread.entry(id).or_insert_with(|| {
            self.threads.push(Thread { id, proc: NO_PROC, goroutine: TraceGoroutine::NONE });
            next
        })
    }

    /// What is known of a goroutine, as events name it.
    pub fn goroutine(&self, id: u64) -> TraceGoroutine {
        self.by_id.get(id).map_or(TraceGoroutine { id, slot: u32::MAX }, |slot| TraceGoroutine { id, slot })
    }

    /// Takes an event of a thread if it is its turn, and passes it on.
    #[inline]
    pub fn take<V: TraceVisitor>(&mut self, thread: u32, wire: &Wire, look: &impl Lookup, out: &mut Out<'_, V>) -> Taken {
        let context = self.threads[thread as usize];
        let at = At { thread: thread as usize, proc: context.proc, goroutine: context.goroutine };
        match wire.kind {
            GO_START => self.go_start(at, wire, out),
            GO_UNBLOCK => self.go_unblock(at, wire, look, out),
            GO_SYSCALL_BEGIN => self.syscall_begin(at, wire, look, out),
            GO_BLOCK => self.go_ends_running(at, wire, Some(TraceGoState::Waiting), look, out),
            GO_STOP => self.go_ends_running(at, wire, Some(TraceGoState::Runnable), look, out),
            GO_DESTROY => self.go_ends_running(at, wire, None, look, out),
            GO_CREATE | GO_CREATE_BLOCKED => self.go_create(at, wire, look, out),
            GO_SYSCALL_END => self.syscall_end(at, wire, out),
            GO_SYSCALL_END_BLOCKED => self.syscall_end_blocked(at, wire, out),
            GO_STATUS | GO_STATUS_STACK => self.go_status(at, wire, look, out),
            GO_CREATE_SYSCALL => self.go_create_syscall(at, wire, out),
            GO_DESTROY_SYSCALL => self.go_destroy_syscall(at, wire, out),
            GO_SWITCH | GO_SWITCH_DESTROY => self.go_switch(at, wire, out),
            PROC_START => self.proc_start(at, wire, out),
            PROC_STOP => self.proc_stop(at, wire, out),
            PROC_STEAL => self.proc_steal(at, wire, out),
            PROC_STATUS => self.proc_status(at, wire, out),
            GC_ACTIVE | GC_BEGIN | GC_END => self.collection(at, wire, look, out),
            _ => self.told(at, wire, look, out),
        }
    }

    #[allow(clippy::inline_always, reason = "the same; and an event is not put together from its parts in memory, which stalls")]
    #[inline(always)]
    fn pass<V: TraceVisitor>(&self, at: At, wire: &Wire, what: TraceWhat, out: &mut Out<'_, V>) -> Taken {
        out.event(TraceEvent {
            at_ns: wire.at_ns,
            thread: self.threads[at.thread].id,
            proc: at.proc,
            goroutine: at.goroutine,
            what,
        });
        Taken::Yes
    }

    /// [`Taken::Wait`] or [`Taken::Never`], unless events are forced.
    fn unless_forced(&self, taken: Taken) -> Result<(), Taken> {
        if self.force { Ok(()) } else { Err(taken) }
    }

    fn slot(&mut self, id: u64, state: TraceGoState) -> TraceGoroutine {
        let goroutine = Goroutine { id, seq: 0, generation: self.generation, state };
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = goroutine;
            slot
        } else {
            self.slots.push(goroutine);
            self.slots.len() as u32 - 1
        };
        self.by_id.insert(id, slot);
        TraceGoroutine { id, slot }
    }

    fn known(&self, id: u64) -> Option<TraceGoroutine> {
        self.by_id.get(id).map(|slot| TraceGoroutine { id, slot })
    }

    fn forget(&mut self, goroutine: TraceGoroutine) {
        self.free.extend(self.by_id.remove(goroutine.id));
    }

    fn state(&mut self, goroutine: TraceGoroutine) -> Option<&mut Goroutine> {
        self.slots.get_mut(goroutine.slot as usize).filter(|known| known.id == goroutine.id)
    }

    /// The goroutine an event is about, if it is in `state` and the event is the next one of it.
    #[inline]
    fn next_of(&mut self, id: u64, seq: u64, state: TraceGoState) -> Result<TraceGoroutine, Taken> {
        if let Some(slot) = self.by_id.get(id) {
            let known = &mut self.slots[slot as usize];
            let follows = known.state == state && known.generation == self.generation && known.seq.wrapping_add(1) == seq;
            if follows || self.force {
                known.seq = seq;
                known.generation = self.generation;
                return Ok(TraceGoroutine { id, slot });
            }
            return Err(Taken::Wait);
        }
        if id == 0 {
            return Err(Taken::Never);
        }
        self.unless_forced(Taken::Wait)?;
        let new = self.slot(id, state);
        if let Some(known) = self.state(new) {
            known.seq = seq;
        }
        Ok(new)
    }

    fn go_start<V: TraceVisitor>(&mut self, at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        let goroutine = match self.next_of(wire.args[0], wire.args[1], TraceGoState::Runnable) {
            Ok(goroutine) => goroutine,
            Err(taken) => return taken,
        };
        if (at.proc == NO_PROC || at.goroutine.is_some()) && !self.force {
            return Taken::Never;
        }
        self.slots[goroutine.slot as usize].state = TraceGoState::Running;
        self.threads[at.thread].goroutine = goroutine;
        self.pass(at, wire, TraceWhat::GoStart { goroutine }, out)
    }

    fn go_unblock<V: TraceVisitor>(&mut self, at: At, wire: &Wire, look: &impl Lookup, out: &mut Out<'_, V>) -> Taken {
        let goroutine = match self.next_of(wire.args[0], wire.args[1], TraceGoState::Waiting) {
            Ok(goroutine) => goroutine,
            Err(taken) => return taken,
        };
        self.slots[goroutine.slot as usize].state = TraceGoState::Runnable;
        let stack = look.stack(wire.args[2]);
        self.pass(at, wire, TraceWhat::GoUnblock { goroutine, stack }, out)
    }

    /// The running goroutine, in `state`, with thread and P.
    fn current(&mut self, at: At, state: TraceGoState) -> Result<(), Taken> {
        let right = at.proc != NO_PROC && self.state(at.goroutine).is_some_and(|known| known.state == state);
        if right { Ok(()) } else { self.unless_forced(Taken::Never) }
    }

    fn go_ends_running<V: TraceVisitor>(
        &mut self,
        at: At,
        wire: &Wire,
        next: Option<TraceGoState>,
        look: &impl Lookup,
        out: &mut Out<'_, V>,
    ) -> Taken {
        if let Err(taken) = self.current(at, TraceGoState::Running) {
            return taken;
        }
        self.threads[at.thread].goroutine = TraceGoroutine::NONE;
        let what = match next {
            None => {
                self.forget(at.goroutine);
                TraceWhat::GoDestroy
            }
            Some(state) => {
                if let Some(known) = self.state(at.goroutine) {
                    known.state = state;
                }
                let (reason, stack) = (look.name(wire.args[0]), look.stack(wire.args[1]));
                if state == TraceGoState::Waiting {
                    TraceWhat::GoBlock { reason, stack }
                } else {
                    TraceWhat::GoStop { reason, stack }
                }
            }
        };
        self.pass(at, wire, what, out)
    }

    fn go_create<V: TraceVisitor>(&mut self, at: At, wire: &Wire, look: &impl Lookup, out: &mut Out<'_, V>) -> Taken {
        let id = wire.args[0];
        let by_running =
            !at.goroutine.is_some() || self.state(at.goroutine).is_none_or(|known| known.state == TraceGoState::Running);
        let right = at.proc != NO_PROC && by_running && self.by_id.get(id).is_none();
        if id == 0 || !right && !self.force {
            return Taken::Never;
        }
        let blocked = wire.kind == GO_CREATE_BLOCKED;
        let state = if blocked { TraceGoState::Waiting } else { TraceGoState::Runnable };
        let goroutine = match self.known(id) {
            Some(known) => {
                self.slots[known.slot as usize] = Goroutine { id, seq: 0, generation: self.generation, state };
                known
            }
            None => self.slot(id, state),
        };
        let (start, stack) = (look.stack(wire.args[1]), look.stack(wire.args[2]));
        self.pass(at, wire, TraceWhat::GoCreate { goroutine, start, stack, blocked }, out)
    }

    fn go_create_syscall<V: TraceVisitor>(&mut self, at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        let id = wire.args[0];
        let right = !at.goroutine.is_some() && self.by_id.get(id).is_none();
        if id == 0 || !right && !self.force {
            return Taken::Never;
        }
        let goroutine = self.known(id).unwrap_or_else(|| self.slot(id, TraceGoState::Syscall));
        self.slots[goroutine.slot as usize].state = TraceGoState::Syscall;
        self.threads[at.thread].goroutine = goroutine;
        self.pass(at, wire, TraceWhat::GoCreateSyscall { goroutine }, out)
    }

    /// Gives the P up, too: ids of threads are used again, and the next one of this id would seem to have it.
    fn go_destroy_syscall<V: TraceVisitor>(&mut self, at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        let in_syscall = self.state(at.goroutine).is_some_and(|known| known.state == TraceGoState::Syscall);
        let proc_in_syscall = at.proc == NO_PROC || self.proc_state(at.proc) == Some(TraceProcState::Syscall);
        if (!in_syscall || !proc_in_syscall) && !self.force {
            return Taken::Never;
        }
        self.forget(at.goroutine);
        self.threads[at.thread].goroutine = TraceGoroutine::NONE;
        if at.proc != NO_PROC {
            self.set_proc(at.proc, TraceProcState::SyscallAbandoned);
            self.threads[at.thread].proc = NO_PROC;
            let from = self.threads[at.thread].id;
            self.pass(at, wire, TraceWhat::ProcSteal { proc: at.proc, from }, out);
        }
        self.pass(At { proc: NO_PROC, ..at }, wire, TraceWhat::GoDestroySyscall, out)
    }

    /// A coroutine's switch: wakes one, ends or blocks the running one, starts the first.
    fn go_switch<V: TraceVisitor>(&mut self, at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        if let Err(taken) = self.current(at, TraceGoState::Running) {
            return taken;
        }
        let goroutine = match self.next_of(wire.args[0], wire.args[1], TraceGoState::Waiting) {
            Ok(goroutine) => goroutine,
            Err(taken) => return taken,
        };
        self.pass(at, wire, TraceWhat::GoUnblock { goroutine, stack: TraceTables::NO_STACK }, out);
        if wire.kind == GO_SWITCH {
            if let Some(known) = self.state(at.goroutine) {
                known.state = TraceGoState::Waiting;
            }
            let blocked = TraceWhat::GoBlock { reason: TraceTables::NO_NAME, stack: TraceTables::NO_STACK };
            self.pass(at, wire, blocked, out);
        } else {
            self.forget(at.goroutine);
            self.pass(at, wire, TraceWhat::GoDestroy, out);
        }
        if let Some(known) = self.state(goroutine) {
            known.state = TraceGoState::Running;
        }
        self.threads[at.thread].goroutine = goroutine;
        self.pass(At { goroutine: TraceGoroutine::NONE, ..at }, wire, TraceWhat::GoStart { goroutine }, out)
    }

    fn syscall_begin<V: TraceVisitor>(&mut self, at: At, wire: &Wire, look: &impl Lookup, out: &mut Out<'_, V>) -> Taken {
        if let Err(taken) = self.current(at, TraceGoState::Running) {
            return taken;
        }
        let (seq, generation, force) = (wire.args[0], self.generation, self.force);
        let follows = self.proc(at.proc).is_some_and(|proc| {
            let follows = proc.state.is_some() && proc.generation == generation && proc.seq.wrapping_add(1) == seq;
            if follows || force {
                *proc = Proc { state: Some(TraceProcState::Syscall), seq, generation };
            }
            follows
        });
        if !follows && !force {
            return Taken::Never;
        }
        if let Some(known) = self.state(at.goroutine) {
            known.state = TraceGoState::Syscall;
        }
        self.pass(at, wire, TraceWhat::SyscallBegin { stack: look.stack(wire.args[1]) }, out)
    }

    fn syscall_end<V: TraceVisitor>(&mut self, at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        if let Err(taken) = self.current(at, TraceGoState::Syscall) {
            return taken;
        }
        if self.proc_state(at.proc) != Some(TraceProcState::Syscall) && !self.force {
            return Taken::Never;
        }
        self.set_proc(at.proc, TraceProcState::Running);
        if let Some(known) = self.state(at.goroutine) {
            known.state = TraceGoState::Running;
        }
        self.pass(at, wire, TraceWhat::SyscallEnd, out)
    }

    /// Waits until the thread's P has left the system call: the event tells that it was lost there.
    fn syscall_end_blocked<V: TraceVisitor>(&mut self, at: At, wire: &Wire, out: &mut Out<'_, V>) -> Taken {
        if at.proc != NO_PROC && self.proc_state(at.proc) == Some(TraceProcState::Syscall) && !self.force {
            return Taken::Wait;
        }
        if self.state(at.goroutine).is_none_or(|known| known.state != TraceGoState::Syscall) && !self.force {
            return Taken::Never;
        }
        if let Some(known) = self.state(at.goroutine) {
            known.state = TraceGoState::Runnable;
        }
        self.threads[at.thread].goroutine = TraceGoroutine::NONE;
        self.pass(at, wire, TraceWhat::SyscallEndBlocked, out)
    }

    fn go_status<V: TraceVisitor>(&mut self, mut at: At, wire: &Wire, look: &impl Lookup, out: &mut Out<'_, V>) -> Taken {
        let [id, thread, code, stack] = wire.args;
        let stack = if wire.kind == GO_STATUS_STACK { look.stack(stack) } else { TraceTables::NO_STACK };
        let state = match code {
            1 => TraceGoState::Runnable,
            2 => TraceGoState::Running,
            3 => TraceGoState::Syscall,
            4 => TraceGoState::Waiting,
            _ => return Taken::Never,
        };
        let known = self.known(id);
        let right =
            known.map_or(self.generation == self.first_generation, |known| self.slots[known.slot as usize].state == state);
        if id == 0 || !right && !self.force {
            return Taken::Never;
        }
        let goroutine = match known {
            Some(known) => {
                self.slots[known.slot as usize] = Goroutine { id, seq: 0, generation: self.generation, state };
                known
            }
            None => self.slot(id, state),
        };
        match state {
            TraceGoState::Running => self.threads[at.thread].goroutine = goroutine,
            TraceGoState::Syscall if thread == self.threads[at.thread].id => self.threads[at.thread].goroutine = goroutine,
            TraceGoState::Syscall if thread == NO_THREAD => {}
            TraceGoState::Syscall => {
                // It has been in this call for the whole generation; the thread says nothing itself.
                let other = self.thread(thread) as usize;
                at.goroutine = self.threads[other].goroutine;
                self.threads[other].goroutine = goroutine;
                at.thread = other;
            }
            TraceGoState::Runnable | TraceGoState::Waiting => {}
        }
        self.pass(at, wire, TraceWhat::GoStatus { goroutine, state, stack, first: known.is_none() }, out)
    }

    /// Marking has numbers of its own, as its begin and end may be written by different threads.
    fn collection<V: TraceVisitor>(&mut self, at: At, wire: &Wire, look: &impl Lookup, out: &mut Out<'_, V>) -> Taken {
        let seq = wire.args[0];
        let first = match wire.kind {
            GC_ACTIVE => self.generation == self.first_generation,
            GC_BEGIN => self.gc == Gc::Unknown,
            _ => false,
        };
        let right = match wire.kind {
            GC_ACTIVE => {
                if first {
                    self.gc == Gc::Unknown
                } else {
                    self.gc == Gc::On
                }
            }
            GC_BEGIN => self.gc != Gc::On,
            _ => self.gc == Gc::On,
        };
        if !self.force {
            if !first && seq != self.gc_seq.wrapping_add(1) {
                return Taken::Wait;
            }
            if !right {
                return Taken::Never;
            }
        }
        self.gc_seq = seq;
        self.gc = if wire.kind == GC_END { Gc::Off } else { Gc::On };
        let what = match wire.kind {
            GC_ACTIVE => TraceWhat::GcActive,
            GC_BEGIN => TraceWhat::GcBegin { stack: look.stack(wire.args[1]) },
            _ => TraceWhat::GcEnd,
        };
        self.pass(at, wire, what, out)
    }

    /// What changes nobody's state.
    fn told<V: TraceVisitor>(&mut self, at: At, wire: &Wire, look: &impl Lookup, out: &mut Out<'_, V>) -> Taken {
        let [a, b, c, d] = wire.args;
        let what = match wire.kind {
            STW_BEGIN => TraceWhat::StwBegin { kind: look.name(a), stack: look.stack(b) },
            STW_END => TraceWhat::StwEnd,
            GC_SWEEP_ACTIVE => TraceWhat::SweepActive { proc: proc_id(a).unwrap_or(NO_PROC) },
            GC_SWEEP_BEGIN => TraceWhat::SweepBegin { stack: look.stack(a) },
            GC_SWEEP_END => TraceWhat::SweepEnd { swept: a, reclaimed: b },
            GC_MARK_ASSIST_ACTIVE => TraceWhat::AssistActive { goroutine: self.goroutine(a) },
            GC_MARK_ASSIST_BEGIN => TraceWhat::AssistBegin { stack: look.stack(a) },
            GC_MARK_ASSIST_END => TraceWhat::AssistEnd,
            HEAP_ALLOC => TraceWhat::HeapAlloc { bytes: a },
            HEAP_GOAL => TraceWhat::HeapGoal { bytes: a },
            PROCS_CHANGE => TraceWhat::ProcsChange { procs: a, stack: look.stack(b) },
            GO_LABEL => TraceWhat::Label { label: look.name(a) },
            USER_TASK_BEGIN => TraceWhat::TaskBegin { task: a, parent: b, name: look.name(c), stack: look.stack(d) },
            USER_TASK_END => TraceWhat::TaskEnd { task: a, stack: look.stack(b) },
            USER_REGION_BEGIN => TraceWhat::RegionBegin { task: a, name: look.name(b), stack: look.stack(c) },
            USER_REGION_END => TraceWhat::RegionEnd { task: a, name: look.name(b), stack: look.stack(c) },
            USER_LOG => TraceWhat::Log { task: a, key: look.name(b), value: look.name(c), stack: look.stack(d) },
            _ => TraceWhat::Experimental,
        };
        let needs_nothing =
            matches!(what, TraceWhat::AssistActive { .. } | TraceWhat::SweepActive { .. } | TraceWhat::Experimental);
        let of_a_proc = matches!(
            what,
            TraceWhat::SweepBegin { .. } | TraceWhat::SweepEnd { .. } | TraceWhat::HeapAlloc { .. } | TraceWhat::HeapGoal { .. }
        );
        if !(needs_nothing || at.proc != NO_PROC && (of_a_proc || at.goroutine.is_some()) || self.force) {
            return Taken::Never;
        }
        self.pass(at, wire, what, out)
    }
}
