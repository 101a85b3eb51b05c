//! Who waits on what: as a witness saw it ([`Waits`]), and as it is printed ([`WaitGraph`]).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Address, ClusterId, GoroutineId, ObjectKind, Place};

/// Every wait of a snapshot's goroutines whose object the witness names.
#[derive(Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "four independent properties of how the waits were seen")]
pub struct Waits {
    /// What is waited on.
    pub objects: Vec<Awaited>,
    /// Who waits.
    pub waiters: Vec<Waiter>,
    /// Whose stack holds the address of what others wait on.
    pub mentions: Vec<Mention>,
    /// Who is known to hold a lock: a witness inside the process saw them take it. In order of their objects.
    pub held: Vec<Held>,
    /// Stacks were searched for [`Waits::mentions`].
    pub searched: bool,
    /// Locks were asked for [`Waits::held`]; what is not said of one is not known.
    pub recorded: bool,
    /// The memory did not change while it was read.
    pub frozen: bool,
    /// Goroutines that went on while their waits were read; they are left out.
    pub moved: u64,
    /// What can still run was followed through the heap: a goroutine that is not leaked can be woken.
    pub followed: bool,
}

impl Waits {
    /// Who is known to hold an object.
    pub fn holders(&self, object: u32) -> &[Held] {
        let from = self.held.partition_point(|held| held.object < object);
        let len = self.held[from..].partition_point(|held| held.object == object);
        &self.held[from..from + len]
    }
}

/// Something goroutines wait on.
#[derive(Clone, Debug, PartialEq)]
pub struct Awaited {
    /// What it is.
    pub what: What,
    /// Where it is; nothing for a file descriptor.
    pub address: Option<Address>,
    /// What it looks like inside, as far as it could be read.
    pub inside: Inside,
}

/// Kinds of things goroutines wait on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// A channel.
    Channel,
    /// The channel of a timer or ticker.
    TimerChannel,
    /// A `sync.Mutex`.
    Mutex,
    /// A `sync.RWMutex`.
    RwMutex,
    /// A `sync.WaitGroup`.
    WaitGroup,
    /// A `sync.Cond`.
    Cond,
    /// A semaphore of the runtime; whose it is, is not known.
    Semaphore,
    /// A file descriptor.
    Descriptor,
    /// The end of a sleep.
    Sleep,
    /// A channel that is nil: nobody can ever send to it or receive from it.
    NilChannel,
    /// A `select` without cases.
    Nothing,
}

impl What {
    /// Lower-case words, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Channel => "channel",
            What::TimerChannel => "timer-channel",
            What::Mutex => "mutex",
            What::RwMutex => "rw-mutex",
            What::WaitGroup => "wait-group",
            What::Cond => "cond",
            What::Semaphore => "semaphore",
            What::Descriptor => "descriptor",
            What::Sleep => "sleep",
            What::NilChannel => "nil-channel",
            What::Nothing => "nothing",
        }
    }

    /// Whether the wait can by its structure never end.
    pub fn is_for_ever(self) -> bool {
        matches!(self, What::NilChannel | What::Nothing)
    }

    /// Whether goroutines take turns to hold it.
    pub fn is_lock(self) -> bool {
        matches!(self, What::Mutex | What::RwMutex)
    }
}

impl From<ObjectKind> for What {
    fn from(kind: ObjectKind) -> What {
        match kind {
            ObjectKind::Channel => What::Channel,
            ObjectKind::Mutex => What::Mutex,
            ObjectKind::RwMutex => What::RwMutex,
            ObjectKind::WaitGroup => What::WaitGroup,
            ObjectKind::Cond => What::Cond,
            ObjectKind::Semaphore => What::Semaphore,
        }
    }
}

/// What an object looks like inside. What is not there does not apply, or could not be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Inside {
    /// Values in a channel's buffer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffered: Option<u64>,
    /// Values a channel's buffer takes; zero for an unbuffered channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    /// A channel is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<bool>,
    /// Waiters in a channel's queue of senders, cases of `select` included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub senders: Option<u64>,
    /// Waiters in a channel's queue of receivers, cases of `select` included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receivers: Option<u64>,
    /// A mutex is locked; an `RWMutex` is locked for writing, or a writer waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<bool>,
    /// A mutex has let someone wait for more than a millisecond and hands itself over in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starving: Option<bool>,
    /// Waiters by a mutex's or a `WaitGroup`'s own count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_waiters: Option<u64>,
    /// Readers an `RWMutex` counts: those that hold it, and those that wait for its writer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<i64>,
    /// Readers that hold an `RWMutex` and that its writer waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers_left: Option<i64>,
    /// What a `WaitGroup` counts: calls of `Done` that are still to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counter: Option<i64>,
    /// Milliseconds until the timer fires, from the moment of reading.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fires_in_ms: Option<i64>,
    /// The descriptor's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fd: Option<u64>,
    /// What the descriptor is: `tcp 10.0.0.7:8080 <- 10.0.0.9:51724`, `unix /run/app.sock`, a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
}

/// What a goroutine wants of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// To send to a channel.
    Send,
    /// To receive from a channel.
    Receive,
    /// To lock for itself alone.
    Lock,
    /// To lock for reading.
    ReadLock,
    /// To read from a descriptor.
    Read,
    /// To write to a descriptor.
    Write,
    /// To be woken.
    Wake,
    /// To send or to receive: the witness does not tell which.
    Either,
}

impl Side {
    /// Lower-case words, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Send => "send",
            Side::Receive => "receive",
            Side::Lock => "lock",
            Side::ReadLock => "read-lock",
            Side::Read => "read",
            Side::Write => "write",
            Side::Wake => "wake",
            Side::Either => "either",
        }
    }
}

/// One goroutine's waits: one, or a case each of its `select`; any of them ends the wait.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiter {
    /// Who.
    pub goroutine: GoroutineId,
    /// Its cluster in the snapshot.
    pub cluster: ClusterId,
    /// Indices into [`Waits::objects`], and what it wants of each.
    pub on: Box<[(u32, Side)]>,
    /// It is in a `select`.
    pub select: bool,
}

/// A goroutine whose stack holds an object's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mention {
    /// Index into [`Waits::objects`].
    pub object: u32,
    /// Who.
    pub goroutine: GoroutineId,
    /// Its cluster in the snapshot.
    pub cluster: ClusterId,
}

/// A goroutine that was seen to lock and not to unlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// Index into [`Waits::objects`].
    pub object: u32,
    /// Who.
    pub goroutine: GoroutineId,
    /// Its cluster in the snapshot; nothing where it is not there any more.
    pub cluster: Option<ClusterId>,
    /// For itself alone, or for reading.
    pub side: Side,
}

/// Who waits on what, clustered to what fits a picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WaitGraph {
    /// Goroutines whose wait is known. One in a `select` counts once here and once an object in [`WaitGraph::waits`].
    pub waiting: u64,
    /// Goroutines that wait on something this witness does not name.
    pub unnamed: u64,
    /// Objects they wait on.
    pub awaited: u64,
    /// Goroutines of one state, blocking place and starter, largest first.
    pub groups: Vec<GraphGroup>,
    /// Objects: those of rings first, then those of findings, then those with the most waiters.
    pub objects: Vec<GraphObject>,
    /// Which group waits on which object.
    pub waits: Vec<GraphWait>,
    /// Goroutines that seem to wait on each other.
    pub cycles: Vec<WaitCycle>,
    /// The memory did not change while it was read.
    pub one_instant: bool,
    /// Stacks were searched for who may hold or serve what is waited on.
    pub searched: bool,
    /// What can still run was followed through the heap: groups and rings tell which goroutines nothing can wake.
    #[serde(default)]
    pub followed: bool,
    /// What does not fit the picture.
    #[serde(default, skip_serializing_if = "GraphRest::is_empty")]
    pub rest: GraphRest,
}

/// What does not fit the picture of a wait graph, up to a limit; nobody is sought who may hold it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GraphRest {
    /// Groups that wait on nothing in the picture.
    pub groups: Vec<GraphGroup>,
    /// Objects, in the order of the picture's.
    pub objects: Vec<GraphObject>,
    /// Which group, of the picture or of these, waits on which of these objects.
    pub waits: Vec<GraphWait>,
}

impl GraphRest {
    /// Whether everything fits the picture.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// Goroutines of one state, blocking place and starter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GraphGroup {
    /// Name within the graph: `g1`.
    pub id: String,
    /// Id of the snapshot's family.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub family: String,
    /// Goroutines.
    pub count: u64,
    /// Of these, leaked: nothing can wake them.
    #[serde(default, skip_serializing_if = "no_one")]
    pub leaked: u64,
    /// The state as a traceback prints it.
    pub state: String,
    /// Where they block.
    pub at: Place,
    /// The `go` statement that started them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Place>,
    /// Some of their ids.
    pub goroutines: Vec<u64>,
}

/// An object, or several that are alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GraphObject {
    /// Name within the graph: `o1`.
    pub id: String,
    /// What it is.
    pub kind: What,
    /// How many objects this node stands for.
    pub count: u64,
    /// Goroutines that wait on it.
    pub waiters: u64,
    /// Where it is, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What it looks like inside; of several, what they have in common.
    pub inside: Inside,
    /// Nothing can ever end this wait.
    pub for_ever: bool,
    /// Who may hold a lock or serve a channel, most likely first. Go records no holder: none of them is certain.
    pub holders: Vec<Holder>,
    /// Holders beyond those listed.
    #[serde(default)]
    pub holders_not_listed: u64,
}

/// Goroutines of a group that wait on an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphWait {
    /// [`GraphGroup::id`].
    pub group: String,
    /// [`GraphObject::id`].
    pub object: String,
    /// What they want of it.
    pub side: Side,
    /// It is one case of a `select`.
    pub select: bool,
    /// Goroutines.
    pub count: u64,
}

/// A goroutine that may hold a lock or serve a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holder {
    /// Its id.
    pub goroutine: u64,
    /// Its state.
    pub state: String,
    /// Where it stands.
    pub at: Place,
    /// Why it may be the one.
    pub reason: HolderReason,
    /// [`GraphGroup::id`] of its group, where that is in the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// Why a goroutine may hold a lock or serve a channel, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HolderReason {
    /// It was seen to lock it: the lock is the Go module's, which remembers who holds it.
    Recorded,
    /// The same, and it has ended without an unlock.
    RecordedAndEnded,
    /// Its stack holds the address and shows a function that others take this lock in.
    AddressAndFunction,
    /// Its stack holds the object's address, and it does not wait on it itself.
    Address,
    /// Its stack shows a function that others take this lock in.
    Function,
}

/// Goroutines each of which waits on what only another of them is seen to hold or serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaitCycle {
    /// Steps; the last one's `next` is the first one's goroutine.
    pub steps: Vec<CycleStep>,
    /// Cycles like this one, with other goroutines of the same groups.
    pub alike: u64,
    /// A deadlock: nothing that can run reaches what any of them waits on.
    #[serde(default)]
    pub proven: bool,
    /// What keeps it from being proven.
    pub open: Vec<Doubt>,
}

/// A goroutine of a cycle and what it waits on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CycleStep {
    /// Its id.
    pub goroutine: u64,
    /// Where it blocks.
    pub at: Place,
    /// What it wants.
    pub side: Side,
    /// Of what.
    pub kind: What,
    /// Where that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Who is seen with it.
    pub next: u64,
    /// The lock says that `next` holds it; otherwise only its stack speaks for that.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub holder_known: bool,
    /// Nothing that can run reaches what it waits on.
    #[serde(default)]
    pub leaked: bool,
    /// [`GraphGroup::id`] of its group, where that is in the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// [`GraphObject::id`] of what it waits on, where that is in the picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
}

/// Why a cycle is a candidate and not a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Doubt {
    /// A lock does not say who holds it; a stack that holds its address need not.
    NoHolderRecorded,
    /// Other goroutines' stacks hold the lock's address, too.
    OthersHoldAddress,
    /// Another goroutine may reach the channel through the heap or a global variable, which were not searched.
    HeapNotSearched,
    /// Each lock says who holds it, but Go lets another goroutine unlock it.
    AnotherMayUnlock,
    /// The process ran while it was read: the waits are not of one instant.
    NotOneInstant,
    /// What can still run was followed through the heap, and one of them may be woken: something that is not proven to be stuck reaches
    /// what it waits on. That is no deadlock yet.
    StillReachable,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn no_one(count: &u64) -> bool {
    *count == 0
}
