//! The goroutines that a program starts: where, what risk each is, and of what that risk is made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Place;

/// A place where goroutines are started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Spawn {
    /// Where; the function is the one that starts it.
    pub at: Place,
    /// By what.
    pub by: SpawnKind,
    /// What runs: the name of a function, nothing for a function literal that stands there.
    pub runs: String,
    /// low, medium or high, by the points.
    pub risk: SpawnRisk,
    /// The sum of the reasons' points.
    pub points: i32,
    /// What raises and lowers the points.
    pub reasons: Vec<SpawnReason>,
    /// What has to happen before it ends.
    pub end: SpawnEnd,
    /// What is closed, received from or called for it, as it is written; may be empty.
    pub end_of: String,
    /// Where that is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_at: Option<Place>,
    /// Who waits for it.
    pub joined: SpawnJoin,
    /// By what it is waited for, as it is written; may be empty.
    pub joined_by: String,
    /// Variables of the functions around it that it uses.
    pub captures: Vec<String>,
    /// Whether it asks a context whether it is done, or gives one to what it calls.
    pub context: bool,
    /// Whether a panic of it is recovered from; unknown where what runs is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovers: Option<bool>,
}

/// What starts a goroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpawnKind {
    /// A `go` statement.
    Go,
    /// `sync.WaitGroup.Go`
    Group,
    /// `errgroup.Group.Go` or `TryGo`
    ErrGroup,
    /// `Go` or `TryGo` of the Go module's `runner.Runner`
    Runner,
    /// A task handed to the Go module's `pool.Pool`, one of its groups or workers
    Pool,
    /// `time.AfterFunc`
    AfterFunc,
    /// `context.AfterFunc`
    ContextAfterFunc,
    /// A handler of `net/http`: the server starts it, one a connection.
    Handler,
}

impl SpawnKind {
    /// As JSON writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            SpawnKind::Go => "go",
            SpawnKind::Group => "group",
            SpawnKind::ErrGroup => "err-group",
            SpawnKind::Runner => "runner",
            SpawnKind::Pool => "pool",
            SpawnKind::AfterFunc => "after-func",
            SpawnKind::ContextAfterFunc => "context-after-func",
            SpawnKind::Handler => "handler",
        }
    }
}

/// How much a start deserves to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SpawnRisk {
    /// It ends, as far as can be told.
    Low,
    /// It may outlive what started it.
    Medium,
    /// Nothing is seen that ends it.
    High,
}

impl SpawnRisk {
    /// As JSON writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            SpawnRisk::Low => "low",
            SpawnRisk::Medium => "medium",
            SpawnRisk::High => "high",
        }
    }
}

/// What raises or lowers a risk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SpawnReason {
    /// Which.
    pub kind: SpawnReasonKind,
    /// What it adds.
    pub points: i32,
    /// What it is about, as it is written; may be empty.
    pub of: String,
    /// Where it is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
}

/// Which reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpawnReasonKind {
    /// No loop of it has a way out, or it waits for nothing.
    NeverEnds,
    /// Nobody can tell what runs.
    Unknown,
    /// It goes on until a channel is closed, which no function of the package does.
    NobodyCloses,
    /// A send that nothing cuts short, into a channel that may have no room.
    WaitsToSend,
    /// A receive that nothing cuts short.
    WaitsToReceive,
    /// A `select` without a way out of waiting.
    WaitsInSelect,
    /// A WaitGroup, Cond or semaphore that is waited for without an end.
    WaitsForOthers,
    /// It loops or waits, and neither a context nor a channel can tell it to stop.
    NoStop,
    /// Its context ends when what started it returns.
    ContextEndsFirst,
    /// It is started again and again without a limit.
    InEndlessLoop,
    /// It is started once an element of something, without a limit.
    InLoop,
    /// It is started for each request.
    PerRequest,
    /// A panic of it is not recovered from, though one of the handler that starts it is.
    NoRecover,
    /// What starts it waits for it, whatever happens.
    Joined,
    /// Something waits for it.
    WaitedFor,
    /// It only sends where there is room.
    SendsHaveRoom,
    /// A Runner has it: its context ends with the Runner's, a panic is an error, and who does not stop is named.
    Owned,
}

impl SpawnReasonKind {
    /// As JSON writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            SpawnReasonKind::NeverEnds => "never-ends",
            SpawnReasonKind::Unknown => "unknown",
            SpawnReasonKind::NobodyCloses => "nobody-closes",
            SpawnReasonKind::WaitsToSend => "waits-to-send",
            SpawnReasonKind::WaitsToReceive => "waits-to-receive",
            SpawnReasonKind::WaitsInSelect => "waits-in-select",
            SpawnReasonKind::WaitsForOthers => "waits-for-others",
            SpawnReasonKind::NoStop => "no-stop",
            SpawnReasonKind::ContextEndsFirst => "context-ends-first",
            SpawnReasonKind::InEndlessLoop => "in-endless-loop",
            SpawnReasonKind::InLoop => "in-loop",
            SpawnReasonKind::PerRequest => "per-request",
            SpawnReasonKind::NoRecover => "no-recover",
            SpawnReasonKind::Joined => "joined",
            SpawnReasonKind::WaitedFor => "waited-for",
            SpawnReasonKind::SendsHaveRoom => "sends-have-room",
            SpawnReasonKind::Owned => "owned",
        }
    }
}

/// What has to happen before a goroutine ends, what is harmless first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpawnEnd {
    /// Nothing: it comes to its end.
    #[default]
    RunsOut,
    /// A context is done.
    Context,
    /// A value or a close of a channel tells it to.
    Signal,
    /// A channel is closed, as some function of the package does.
    Closed,
    /// A condition of its own comes true, such as an error.
    Condition,
    /// A server is shut down.
    Shutdown,
    /// A channel is closed, as no function of the package does.
    ClosedElsewhere,
    /// Nobody can tell.
    Unknown,
    /// Nothing can end it but the process.
    Never,
}

impl SpawnEnd {
    /// As JSON writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            SpawnEnd::RunsOut => "runs-out",
            SpawnEnd::Context => "context",
            SpawnEnd::Signal => "signal",
            SpawnEnd::Closed => "closed",
            SpawnEnd::Condition => "condition",
            SpawnEnd::Shutdown => "shutdown",
            SpawnEnd::ClosedElsewhere => "closed-elsewhere",
            SpawnEnd::Unknown => "unknown",
            SpawnEnd::Never => "never",
        }
    }
}

/// Who waits for a goroutine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SpawnJoin {
    /// Nobody, as far as can be seen.
    Nobody,
    /// The function that starts it, whatever happens.
    Starter,
    /// The function that starts it on some ways, or another function.
    Somebody,
    /// Its caller is the runtime or a library: nobody has to.
    Library,
}

impl SpawnJoin {
    /// As JSON writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            SpawnJoin::Nobody => "nobody",
            SpawnJoin::Starter => "starter",
            SpawnJoin::Somebody => "somebody",
            SpawnJoin::Library => "library",
        }
    }
}
