//! An execution trace as the events it holds, in the order they happened: who was created, ran, waited and was woken, and what the
//! collector did meanwhile.

use std::any::Any;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::{Frame, FrameId, NameId, Names, StackId};

/// A goroutine of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceGoroutine {
    /// Its id; 0 where there is none.
    pub id: u64,
    /// A small number that is its own while it lives and is given to another once it has ended, so that what is known of it may lie in a
    /// list.
    pub slot: u32,
}

impl TraceGoroutine {
    /// No goroutine.
    pub const NONE: TraceGoroutine = TraceGoroutine { id: 0, slot: u32::MAX };

    /// Whether there is one.
    pub fn is_some(self) -> bool {
        self.id != 0
    }
}

/// No P.
pub const NO_PROC: u32 = u32::MAX;

/// No thread.
pub const NO_THREAD: u64 = u64::MAX;

/// What a goroutine was doing when a generation began or it was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceGoState {
    /// Ready, without a P.
    Runnable,
    /// On a P.
    Running,
    /// In a system call or C code.
    Syscall,
    /// Waiting.
    Waiting,
}

/// What a P was doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceProcState {
    /// Runs Go code.
    Running,
    /// Runs nothing.
    Idle,
    /// Its thread is in a system call.
    Syscall,
    /// The same, and the thread has given it up without a word.
    SyscallAbandoned,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceWhat {
    /// GOMAXPROCS is now this.
    ProcsChange {
        /// How many Ps.
        procs: u64,
        /// Who changed it.
        stack: StackId,
    },
    /// The thread took a P.
    ProcStart {
        /// Which.
        proc: u32,
    },
    /// The thread gave its P up.
    ProcStop,
    /// The P was taken from a thread in a system call.
    ProcSteal {
        /// Which.
        proc: u32,
        /// The thread that had it.
        from: u64,
    },
    /// A P's state as a generation begins.
    ProcStatus {
        /// Which.
        proc: u32,
        /// What it does.
        state: TraceProcState,
        /// It was not seen before.
        first: bool,
    },
    /// A goroutine was created.
    GoCreate {
        /// The new one.
        goroutine: TraceGoroutine,
        /// Where it starts: one frame, its function.
        start: StackId,
        /// The `go` statement.
        stack: StackId,
        /// It waits from the start (`iter.Pull`).
        blocked: bool,
    },
    /// A goroutine came with a call from C.
    GoCreateSyscall {
        /// The new one.
        goroutine: TraceGoroutine,
    },
    /// It runs now.
    GoStart {
        /// Which.
        goroutine: TraceGoroutine,
    },
    /// The running one has ended.
    GoDestroy,
    /// The one in a call from C has ended.
    GoDestroySyscall,
    /// The running one stepped aside and is runnable.
    GoStop {
        /// `preempted` or `runtime.Gosched`.
        reason: NameId,
        /// Where.
        stack: StackId,
    },
    /// The running one waits.
    GoBlock {
        /// The trace's reason; empty where a coroutine switched.
        reason: NameId,
        /// Where.
        stack: StackId,
    },
    /// A waiting one is runnable.
    GoUnblock {
        /// Which.
        goroutine: TraceGoroutine,
        /// Where the waker stands.
        stack: StackId,
    },
    /// The running one entered a system call.
    SyscallBegin {
        /// Where.
        stack: StackId,
    },
    /// It came back with its P.
    SyscallEnd,
    /// It came back and its P was gone: it is runnable.
    SyscallEndBlocked,
    /// A goroutine's state as a generation begins or ends.
    GoStatus {
        /// Which.
        goroutine: TraceGoroutine,
        /// What it does.
        state: TraceGoState,
        /// Where it stands; empty before Go 1.23.
        stack: StackId,
        /// It was not seen before.
        first: bool,
    },
    /// The world is being stopped.
    StwBegin {
        /// `stop-the-world (GC mark termination)` and the like, without the bracket's words around.
        kind: NameId,
        /// Who stops it.
        stack: StackId,
    },
    /// The world runs again.
    StwEnd,
    /// A collection is under way as a generation begins.
    GcActive,
    /// A collection begins.
    GcBegin {
        /// What made it begin.
        stack: StackId,
    },
    /// Its marking is over.
    GcEnd,
    /// A P sweeps as a generation begins.
    SweepActive {
        /// Which.
        proc: u32,
    },
    /// A P sweeps.
    SweepBegin {
        /// For whom.
        stack: StackId,
    },
    /// It has swept.
    SweepEnd {
        /// Bytes looked through.
        swept: u64,
        /// Bytes found free.
        reclaimed: u64,
    },
    /// A goroutine assists as a generation begins.
    AssistActive {
        /// Which.
        goroutine: TraceGoroutine,
    },
    /// The running one must mark before it may allocate.
    AssistBegin {
        /// Where it allocates.
        stack: StackId,
    },
    /// It has marked enough.
    AssistEnd,
    /// The live heap in bytes.
    HeapAlloc {
        /// Bytes.
        bytes: u64,
    },
    /// The heap at which the next collection is to be done, in bytes.
    HeapGoal {
        /// Bytes.
        bytes: u64,
    },
    /// The running one has this label until it stops (the collector's workers).
    Label {
        /// The text.
        label: NameId,
    },
    /// `trace.NewTask`.
    TaskBegin {
        /// Its id.
        task: u64,
        /// The task around it; 0 for none.
        parent: u64,
        /// Its type.
        name: NameId,
        /// Where.
        stack: StackId,
    },
    /// A task ended.
    TaskEnd {
        /// Its id.
        task: u64,
        /// Where.
        stack: StackId,
    },
    /// `trace.StartRegion`.
    RegionBegin {
        /// The task it belongs to.
        task: u64,
        /// Its type.
        name: NameId,
        /// Where.
        stack: StackId,
    },
    /// A region ended.
    RegionEnd {
        /// The task it belongs to.
        task: u64,
        /// Its type.
        name: NameId,
        /// Where.
        stack: StackId,
    },
    /// `trace.Log`.
    Log {
        /// The task it belongs to.
        task: u64,
        /// Category.
        key: NameId,
        /// Message.
        value: NameId,
        /// Where.
        stack: StackId,
    },
    /// The CPU profiler looked (`runtime/pprof.StartCPUProfile` while tracing): the event's thread, P and goroutine are what it saw.
    CpuSample {
        /// What ran.
        stack: StackId,
    },
    /// An event of an experiment (`GODEBUG=traceallocfree=1`).
    Experimental,
}

/// One event. Thread, P and goroutine are as they were just before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceEvent {
    /// Nanoseconds of the trace's clock.
    pub at_ns: u64,
    /// Thread; [`NO_THREAD`] for none.
    pub thread: u64,
    /// P; [`NO_PROC`] for none.
    pub proc: u32,
    /// Goroutine that ran.
    pub goroutine: TraceGoroutine,
    /// What happened.
    pub what: TraceWhat,
}

/// One reading of three clocks (Go 1.25 and later).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceClocks {
    /// The trace's, in nanoseconds.
    pub trace_ns: u64,
    /// `CLOCK_MONOTONIC`, in nanoseconds.
    pub monotonic_ns: u64,
    /// Nanoseconds since 1970.
    pub wall_ns: i64,
}

/// A generation as it begins: about a second of the trace that lists every goroutine once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceGeneration {
    /// Its number in the program's trace; a snapshot of a flight recorder does not begin at 1.
    pub number: u64,
    /// Byte offset of its first batch.
    pub offset: u64,
    /// Earliest time in it, in nanoseconds of the trace's clock.
    pub first_ns: u64,
    /// The clocks, where it tells them.
    pub clocks: Option<TraceClocks>,
}

/// Where a reader stands between two events of a generation; only the reader knows what it keeps there.
#[derive(Clone, Debug)]
pub struct TracePlace {
    /// Bytes of memory it takes.
    pub bytes: usize,
    kept: Arc<dyn Any + Send + Sync>,
}

impl TracePlace {
    /// A place by what a reader keeps of it.
    pub fn new(kept: impl Any + Send + Sync, bytes: usize) -> Self {
        TracePlace { bytes, kept: Arc::new(kept) }
    }

    /// What the reader keeps, for the one that made it.
    pub fn kept<T: Any>(&self) -> Option<&T> {
        self.kept.downcast_ref()
    }
}

/// What looks at a trace event by event.
pub trait TraceVisitor {
    /// A generation begins.
    fn generation(&mut self, tables: &TraceTables, generation: &TraceGeneration);
    /// An event, in order.
    fn event(&mut self, tables: &TraceTables, event: &TraceEvent);
    /// Another trace begins in the same file: nobody of the one before is known any more.
    fn another_trace(&mut self, tables: &TraceTables);
    /// Whether nothing more is wanted: reading ends there, though much of the trace may be left.
    #[inline]
    fn is_done(&self) -> bool {
        false
    }
    /// Whether to be told where reading stands, so that it can go on from there another time.
    #[inline]
    fn wants_place(&self) -> bool {
        false
    }
    /// Where reading stands: all events up to here have been shown.
    fn place(&mut self, _place: &TracePlace) {}
}

/// Two look at the same events, the first one first.
impl<A: TraceVisitor, B: TraceVisitor> TraceVisitor for (A, B) {
    fn generation(&mut self, tables: &TraceTables, generation: &TraceGeneration) {
        self.0.generation(tables, generation);
        self.1.generation(tables, generation);
    }

    #[allow(clippy::inline_always, reason = "where the reader calls it the kind of event is known")]
    #[inline(always)]
    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        self.0.event(tables, event);
        self.1.event(tables, event);
    }

    fn another_trace(&mut self, tables: &TraceTables) {
        self.0.another_trace(tables);
        self.1.another_trace(tables);
    }

    fn is_done(&self) -> bool {
        self.0.is_done() && self.1.is_done()
    }

    #[inline]
    fn wants_place(&self) -> bool {
        self.0.wants_place() || self.1.wants_place()
    }

    fn place(&mut self, place: &TracePlace) {
        self.0.place(place);
        self.1.place(place);
    }
}

/// Nobody wants nothing.
impl<V: TraceVisitor> TraceVisitor for Option<V> {
    fn generation(&mut self, tables: &TraceTables, generation: &TraceGeneration) {
        if let Some(visitor) = self {
            visitor.generation(tables, generation);
        }
    }

    #[allow(clippy::inline_always, reason = "the question whether there is anybody costs less than a call")]
    #[inline(always)]
    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        if let Some(visitor) = self {
            visitor.event(tables, event);
        }
    }

    fn another_trace(&mut self, tables: &TraceTables) {
        if let Some(visitor) = self {
            visitor.another_trace(tables);
        }
    }

    fn is_done(&self) -> bool {
        self.as_ref().is_none_or(TraceVisitor::is_done)
    }

    #[inline]
    fn wants_place(&self) -> bool {
        self.as_ref().is_some_and(TraceVisitor::wants_place)
    }

    fn place(&mut self, place: &TracePlace) {
        if let Some(visitor) = self {
            visitor.place(place);
        }
    }
}

/// Names, frames and stacks of a trace, each once, whatever generation they stood in.
#[derive(Clone, Debug)]
pub struct TraceTables {
    /// Texts.
    pub names: Names,
    /// Frames.
    pub frames: Vec<Frame>,
    frame_index: FxHashMap<Frame, FrameId>,
    calls: Vec<FrameId>,
    ends: Vec<u32>,
    // Numbers only, so that no stack is kept twice.
    stack_index: HashTable<StackId>,
}

impl TraceTables {
    /// The stack without frames.
    pub const NO_STACK: StackId = StackId(0);
    /// The empty text.
    pub const NO_NAME: NameId = NameId(0);

    /// Tables with the empty stack and the empty text in them.
    pub fn new() -> Self {
        let mut tables = TraceTables {
            names: Names::default(),
            frames: Vec::new(),
            frame_index: FxHashMap::default(),
            calls: Vec::new(),
            ends: Vec::new(),
            stack_index: HashTable::new(),
        };
        tables.names.intern("");
        tables.stack(&[]);
        tables
    }

    /// The id of a frame, new or known.
    pub fn frame(&mut self, frame: Frame) -> FrameId {
        let next = FrameId(self.frames.len() as u32);
        *self.frame_index.entry(frame).or_insert_with(|| {
            self.frames.push(frame);
            next
        })
    }

    /// The id of a stack, new or known; frames innermost first.
    pub fn stack(&mut self, frames: &[FrameId]) -> StackId {
        let hash = FxBuildHasher.hash_one(frames);
        let (calls, ends) = (&self.calls, &self.ends);
        if let Some(id) = self.stack_index.find(hash, |id| part(calls, ends, *id) == frames) {
            return *id;
        }
        let id = StackId(self.ends.len() as u32);
        self.calls.extend_from_slice(frames);
        self.ends.push(self.calls.len() as u32);
        let (calls, ends) = (&self.calls, &self.ends);
        self.stack_index.insert_unique(hash, id, |id| FxBuildHasher.hash_one(part(calls, ends, *id)));
        id
    }

    /// How many stacks there are, the empty one among them.
    pub fn stacks(&self) -> usize {
        self.ends.len()
    }

    /// The frames of a stack of this table, innermost first.
    pub fn frames_of(&self, stack: StackId) -> &[FrameId] {
        part(&self.calls, &self.ends, stack)
    }

    /// The function of a frame of this table.
    pub fn func(&self, frame: FrameId) -> &str {
        self.names.text(self.frames[frame.0 as usize].func)
    }
}

impl Default for TraceTables {
    fn default() -> Self {
        Self::new()
    }
}

fn part<'a>(calls: &'a [FrameId], ends: &[u32], stack: StackId) -> &'a [FrameId] {
    let at = stack.0 as usize;
    let start = if at == 0 { 0 } else { ends[at - 1] as usize };
    &calls[start..ends[at] as usize]
}
