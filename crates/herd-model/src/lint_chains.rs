//! Deadline chains: from where work enters a program to where it leaves it, with what becomes of its time on the way.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Place;

/// One way through a program, from an entry to a call that waits for another process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadlineChain {
    /// How work comes in.
    pub entry: Entry,
    /// The function it comes in by.
    pub at: Place,
    /// The calls from there on, the last one leaving the process.
    pub hops: Vec<DeadlineHop>,
    /// What the last call asks.
    pub sink: Sink,
}

/// One call of a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadlineHop {
    /// What is called, as it is written.
    pub calls: String,
    /// Where.
    pub at: Place,
    /// What becomes of the deadline.
    pub deadline: Deadline,
    /// The time it has, where that is a constant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_ms: Option<u64>,
    /// Where it became so, if not by the call itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Place>,
    /// Whether it runs in a goroutine of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub spawned: bool,
}

/// What becomes of a deadline at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// That of the caller goes on.
    Inherited,
    /// It gets a limit of its own, within that of the caller.
    Bounded,
    /// A context is begun, with a limit that knows nothing of the caller's.
    Fresh,
    /// The limit is longer than that of the caller.
    Widened,
    /// Cut off from the caller on purpose, without a limit.
    Detached,
    /// There is none any more.
    Lost,
    /// A context that is kept somewhere: nobody can tell.
    Unknown,
}

/// How work comes into a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A handler of HTTP.
    Http,
    /// A method of a gRPC server.
    Grpc,
    /// A message of a queue.
    Queue,
    /// A goroutine that `main` starts.
    Goroutine,
}

/// What a call asks of another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sink {
    /// A request of HTTP.
    Http,
    /// A call of gRPC.
    Grpc,
    /// A query of a database.
    Sql,
    /// A command of Redis.
    Redis,
    /// A connection is dialled.
    Dial,
    /// A program is run.
    Command,
}
