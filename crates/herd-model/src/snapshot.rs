//! All goroutines of one process at one instant, by distinct stack.

use std::borrow::Cow;
use std::hash::BuildHasher as _;

use hashbrown::HashTable;
use rustc_hash::{FxBuildHasher, FxHashMap};

use crate::{Account, Address, Goroutine, GoroutineLog, LabelSetId, WaitReason, Waits};

/// Index into [`Names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub u32);

/// Index into [`Snapshot::frames`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameId(pub u32);

/// Index into [`Snapshot::stacks`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StackId(pub u32);

/// Index into [`Snapshot::clusters`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClusterId(pub u32);

/// An interned text.
pub type Name = Box<str>;

/// Interned function names, files, label keys and values.
#[derive(Clone, Debug, Default)]
pub struct Names {
    texts: Vec<Name>,
    // Numbers only, so that no text is kept twice.
    index: HashTable<NameId>,
}

impl Names {
    /// The id of `text`, new or known.
    pub fn intern(&mut self, text: &str) -> NameId {
        let hash = FxBuildHasher.hash_one(text);
        if let Some(id) = self.index.find(hash, |id| &*self.texts[id.0 as usize] == text) {
            return *id;
        }
        let id = NameId(self.texts.len() as u32);
        self.texts.push(text.into());
        let texts = &self.texts;
        self.index.insert_unique(hash, id, |id| FxBuildHasher.hash_one(&*texts[id.0 as usize]));
        id
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The text of `id`, which must come from this table.
    pub fn text(&self, id: NameId) -> &str {
        &self.texts[id.0 as usize]
    }
}

/// A function's name as code has it: the linker writes `.` in the last path element, and other odd bytes, as `%xx`.
pub fn unescaped(func: &[u8]) -> Cow<'_, str> {
    if !func.contains(&b'%') {
        return String::from_utf8_lossy(func);
    }
    let mut name = Vec::with_capacity(func.len());
    let mut rest = func;
    while let Some((&byte, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| byte == b'%').and_then(|code| std::str::from_utf8(code).ok());
        if let Some(value) = code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            name.push(value);
            rest = &after[2..];
        } else {
            name.push(byte);
            rest = after;
        }
    }
    Cow::Owned(String::from_utf8_lossy(&name).into_owned())
}

/// One call: function as the runtime names it (`pkg/path.(*T).Method`, `%2e` unescaped, no arguments), file as recorded, line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// Function.
    pub func: NameId,
    /// Source file; empty when unknown.
    pub file: NameId,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
}

/// The stack of a goroutine that started this one (`GODEBUG=tracebackancestors=N`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ancestor {
    /// Its frames, innermost first.
    pub frames: Box<[FrameId]>,
    /// Who started it.
    pub created_by: Option<FrameId>,
}

/// A distinct call stack, innermost frame first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stack {
    /// Frames, innermost first.
    pub frames: Box<[FrameId]>,
    /// The `go` statement that started the goroutine.
    pub created_by: Option<FrameId>,
    /// Frames the runtime left out of the middle (`...N frames elided...`); `u32::MAX` when it gave no number.
    pub elided: u32,
    /// Frame index before which the elided ones stand.
    pub elided_at: u32,
    /// Stacks of the starters, nearest first.
    pub ancestors: Box<[Ancestor]>,
    /// The goroutine ran on another thread and its stack could not be read.
    pub unavailable: bool,
}

/// What kind of object a cluster's goroutines wait on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ObjectKind {
    /// A channel (`runtime.hchan`).
    Channel,
    /// A `sync.Mutex`.
    Mutex,
    /// A `sync.RWMutex`.
    RwMutex,
    /// A `sync.WaitGroup`.
    WaitGroup,
    /// A `sync.Cond`, by the address of its list of waiters.
    Cond,
    /// A runtime semaphore of unknown owner.
    Semaphore,
}

/// How many goroutines show each age, in whole minutes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WaitMinutes {
    /// Goroutines by age in minutes, ascending.
    pub by_minute: std::collections::BTreeMap<u32, u64>,
    /// Goroutines whose header carries no age: below one minute, or not seen blocked by a collection.
    pub unaged: u64,
}

/// All goroutines that share stack and wait reason.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The shared stack.
    pub stack: StackId,
    /// The shared wait reason.
    pub state: WaitReason,
    /// The state was inferred from frames: the witness (debug=0, debug=1) carries none.
    pub state_inferred: bool,
    /// Goroutines in it; at least [`GoroutineLog::len`].
    pub count: u64,
    /// Of these, tagged `(leaked)` by the runtime.
    pub leaked: u64,
    /// Of these, locked to a thread.
    pub locked: u64,
    /// Ages; empty when the witness carries none.
    pub waits: WaitMinutes,
    /// What they wait on, when the stack tells.
    pub object_kind: Option<ObjectKind>,
    /// Exact addresses waited on, with the number of waiters; bounded by the reader, which notes what it drops.
    pub objects: FxHashMap<Address, u64>,
    /// Label sets with the number of goroutines that carry each.
    pub labels: FxHashMap<LabelSetId, u64>,
    /// One record a goroutine, where the witness tells them apart.
    pub log: GoroutineLog,
    /// Byte offset of the first one's header in the (decompressed) input.
    pub offset: u64,
    /// Line of that header, from 1.
    pub line: u64,
    /// The first one's text as it stood in the input, bounded.
    pub sample: Box<str>,
}

/// The text form a snapshot was read from; says what it can and cannot testify.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// `debug=2` text or `runtime.Stack(all)`: ids, states, minutes, creators.
    Stacks,
    /// SIGQUIT, panic or fatal-error output, or `GOTRACEBACK=system`: the same with runtime frames and exact addresses.
    Crash,
    /// `debug=1` text: stacks, counts, labels.
    ProfileText,
    /// `debug=0` profile.proto: stacks, counts, labels.
    ProfileProto,
    /// The runtime's goroutine leak profile (debug=0 or 1): only goroutines nothing can wake.
    LeakProfile,
    /// goleak's failure text.
    Goleak,
    /// Rebuilt from an envelope saved by goherd.
    Saved,
    /// The process's memory, read from outside: ids, states, ages, creators, labels and exact addresses.
    Memory,
    /// The end of an execution trace: ids, states, creators of those it saw begin, and how long they have waited in the trace.
    Trace,
}

impl Origin {
    /// Whether the form carries state, age and creator.
    pub fn tells_state(self) -> bool {
        matches!(self, Origin::Stacks | Origin::Crash | Origin::Goleak | Origin::Saved | Origin::Memory | Origin::Trace)
    }

    /// Whether the form carries each goroutine's id and creator.
    pub fn tells_creators(self) -> bool {
        matches!(self, Origin::Stacks | Origin::Crash | Origin::Memory)
    }
}

/// Evidence that the input does not hold every goroutine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truncation {
    /// 67,108,864 bytes exactly: `net/http/pprof` stops there without a sign (`runtime/pprof/pprof.go`, `writeGoroutineStacks`).
    RuntimeLimit,
    /// The input ends inside a goroutine at this byte.
    CutAt(u64),
    /// The header promises more goroutines than the records hold.
    CountMismatch {
        /// Promised.
        promised: u64,
        /// Found.
        found: u64,
    },
    /// The reader's own limit was hit; the text names it.
    ReaderLimit(Box<str>),
}

/// Why a process died, from the lines before its stacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crash {
    /// The first line: `panic: …`, `fatal error: …`, `SIGQUIT: quit`, `panic: test timed out after 1s`.
    pub reason: Box<str>,
    /// The goroutine that was running, if named.
    pub goroutine: Option<u64>,
}

/// All goroutines of one process at one instant.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What text it came from.
    pub origin: Origin,
    /// When it was taken, in nanoseconds since 1970, where the input or its collector says.
    pub taken_at_ns: Option<i64>,
    /// Go version such as `go1.26.8`, where known.
    pub go_version: Option<Box<str>>,
    /// Interned texts.
    pub names: Names,
    /// Distinct frames.
    pub frames: Vec<Frame>,
    /// Distinct stacks.
    pub stacks: Vec<Stack>,
    /// Distinct label sets, each sorted by key.
    pub label_sets: Vec<Box<[(NameId, NameId)]>>,
    /// Clusters in the order they first appear.
    pub clusters: Vec<Cluster>,
    /// Σ cluster counts.
    pub goroutines: u64,
    /// Why the count may be short.
    pub truncated: Option<Truncation>,
    /// Why the process died, for crash output.
    pub crash: Option<Crash>,
    /// All waits with their objects, where they were asked for.
    pub waits: Option<Box<Waits>>,
    /// What the process counted of itself at that moment, where it was asked and tells.
    pub account: Option<Box<Account>>,
}

impl Snapshot {
    /// The frame of `id`, which must come from this snapshot.
    pub fn frame(&self, id: FrameId) -> Frame {
        self.frames[id.0 as usize]
    }

    /// The function name of a frame.
    pub fn func(&self, id: FrameId) -> &str {
        self.names.text(self.frame(id).func)
    }

    /// The file of a frame.
    pub fn file(&self, id: FrameId) -> &str {
        self.names.text(self.frame(id).file)
    }

    /// The stack of a cluster.
    pub fn stack(&self, cluster: &Cluster) -> &Stack {
        &self.stacks[cluster.stack.0 as usize]
    }

    /// Every goroutine record with its cluster. Cost: linear in goroutines.
    pub fn goroutines(&self) -> impl Iterator<Item = (ClusterId, Goroutine)> + '_ {
        (0u32..).zip(&self.clusters).flat_map(|(id, cluster)| cluster.log.iter().map(move |goroutine| (ClusterId(id), goroutine)))
    }
}
