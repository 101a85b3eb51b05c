//! Contention as it is printed: where goroutines wait, and which code lets go of what others waited for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Place;

/// What `goherd locks` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LocksReport {
    /// The profiles the rows are sums of.
    pub profiles: Vec<LockProfile>,
    /// Lines, mutex profiles first, then by delay.
    pub rows: Vec<LockRow>,
    /// Locks and waits inside the runtime, by delay: no line of the program is at fault by itself.
    pub runtime: Vec<LockRow>,
}

/// A profile of contention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LockProfile {
    /// The target's name.
    pub target: String,
    /// What it counts.
    pub kind: LockKind,
    /// Σ contentions.
    pub contentions: u64,
    /// Σ delay in nanoseconds.
    pub delay_ns: u64,
    /// Seconds it was taken for; absent for one that counts since the process started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_s: Option<f64>,
}

/// Whose time is counted where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LockKind {
    /// Time others waited, charged to the call that unlocks.
    Mutex,
    /// Time spent waiting, charged to the call that waits.
    Block,
    /// One of the two: profile.proto does not say which.
    Contention,
}

impl LockKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            LockKind::Mutex => "mutex",
            LockKind::Block => "block",
            LockKind::Contention => "contention",
        }
    }
}

/// A line, and the waiting it is charged with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LockRow {
    /// What it counts.
    pub kind: LockKind,
    /// What the line does.
    pub role: LockRole,
    /// The innermost call outside the standard library, or the innermost at all.
    pub at: Place,
    /// What that line calls: `sync.(*Mutex).Unlock`, `runtime.chanrecv1`.
    pub operation: String,
    /// Contentions.
    pub contentions: u64,
    /// Delay in nanoseconds.
    pub delay_ns: u64,
    /// Delay ÷ contentions.
    pub mean_ns: f64,
    /// Share of the delay of all profiles of this kind, from 0 to 1.
    pub share: f64,
    /// The calls above it on its heaviest stack, innermost first.
    pub callers: Vec<Place>,
    /// Stacks that end at this line.
    pub stacks: u64,
    /// Contentions and delay in each of [`LocksReport::profiles`]; empty where there is one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_profile: Vec<(u64, u64)>,
}

/// What a line that is charged with waiting does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LockRole {
    /// It unlocks what others waited for.
    Unlocks,
    /// It waits for a lock.
    WaitsForLock,
    /// It waits to receive.
    Receives,
    /// It waits to send.
    Sends,
    /// It waits in a select.
    Selects,
    /// It waits for a group.
    WaitsForGroup,
    /// It waits for a condition.
    WaitsForCondition,
    /// A lock or wait of the runtime itself.
    Runtime,
    /// Something else.
    Other,
}

impl LockRole {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            LockRole::Unlocks => "unlocks",
            LockRole::WaitsForLock => "waits-for-lock",
            LockRole::Receives => "receives",
            LockRole::Sends => "sends",
            LockRole::Selects => "selects",
            LockRole::WaitsForGroup => "waits-for-group",
            LockRole::WaitsForCondition => "waits-for-condition",
            LockRole::Runtime => "runtime",
            LockRole::Other => "other",
        }
    }
}
