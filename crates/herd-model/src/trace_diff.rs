//! What differs between the execution traces of two sides, and whether the second is worse.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{GateVerdict, Place};

/// What `goherd diff` answers of execution traces.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceDiff {
    /// `fail` when something takes longer, waits anew or piles up by more than the smallest effect and by more than chance; `pass` when
    /// nothing does and it would have been seen; `inconclusive` otherwise.
    pub verdict: GateVerdict,
    /// The traces before.
    pub before: TraceDiffSide,
    /// The traces after.
    pub after: TraceDiffSide,
    /// How many times as much was done a second: the median, over places, of how often a second goroutines waited there. Nothing where too
    /// few places tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<f64>,
    /// How many times as long goroutines waited each time, the median over places: what slows all alike is the machine's doing as
    /// likely as the program's. Nothing where too few places tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<f64>,
    /// How many times as much Ps computed for as much that was done. A slower machine does that, too: a P whose thread is kept from its CPU
    /// counts as busy. Nothing where too few places tell the load.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub computing: Option<f64>,
    /// How many times as long a wait with a tenth of all waits must take to be seen; nothing where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// Why the answer is `inconclusive`, or what weakens it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<TraceDiffDoubt>,
    /// What changed: culprits, causes before what follows from them; then other changes, largest first; then what is told in any case.
    pub rows: Vec<TraceDiffRow>,
}

/// The traces of one side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceDiffSide {
    /// How many.
    pub runs: u64,
    /// From the first event to the last, of all together.
    pub span_s: f64,
    /// Events.
    pub events: u64,
    /// Waits of the program that began and ended.
    pub waits: u64,
    /// Goroutines created.
    pub created: u64,
    /// Share of the time of Ps in which they had a thread, 0 to 1.
    pub busy: f64,
}

/// Why an answer is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceDiffDoubt {
    /// A side has no waits of the program.
    Empty,
    /// Too few waits: one that takes several times as long would not be seen.
    FewWaits,
    /// A trace is damaged: what is missing may be what changed.
    Damaged,
    /// Waits are longer, and there was more to do, or idle goroutines waited longer, and there was less: queues may be all there is to it.
    LoadsDiffer,
    /// Waits are longer, and for as much that was done more was computed: who waits for those that compute, or for a P, waits longer; the
    /// program may compute more, or the machine be slower.
    MoreComputing,
    /// Ps are busy nearly all the time: how long queues are is chance then, and what is worse would not be seen.
    Busy,
    /// Most waits are longer by as much: a slower machine does that, and so does a change that all of them feel.
    AllSlower,
}

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceDiffWhat {
    /// Waits for what others hold: locks, full channels, the collector's credit.
    Wait,
    /// System calls at one place.
    Syscall,
    /// Goroutines that had to mark before they could allocate, at one place.
    Assist,
    /// Waits for something to happen: a value, a signal, the network, a time.
    Event,
    /// Goroutines created in the trace that wait at one place when it ends.
    Left,
    /// Tasks of one type.
    Task,
    /// Regions of one type.
    Region,
    /// Lives of goroutines of one creation site, from creation to end.
    Life,
    /// Goroutines created at one place.
    Created,
    /// Collections.
    Collection,
    /// Stops of the world of one kind.
    Pause,
    /// From runnable to running.
    Latency,
    /// Time of Ps with a thread, of the time they could have had one.
    Utilization,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TraceDiffChange {
    /// Not there before.
    New,
    /// Not there any more.
    Gone,
    /// Takes longer each time.
    Longer,
    /// Takes less time each time.
    Shorter,
    /// Happens more often, or to more.
    More,
    /// Happens less often, or to fewer.
    Fewer,
    /// No more than chance.
    Same,
}

/// One thing compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceDiffRow {
    /// What it is of.
    pub what: TraceDiffWhat,
    /// The reason of a wait, the kind of a stop, the type of a task or region, the function goroutines start in; empty where there is
    /// only one such row.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Where, as the traces after have it: the innermost line outside the standard library; of goroutines the `go` statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// What of the standard library is called there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// What became of it.
    pub change: TraceDiffChange,
    /// It makes the comparison fail.
    pub culprit: bool,
    /// Before.
    pub before: TraceDiffFigures,
    /// After.
    pub after: TraceDiffFigures,
    /// How many times as long it takes; of what is counted, how many times as much as the load or the time explains. Nothing where
    /// there was none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// The chance of such a difference or a larger one without a change, adjusted for how many things are compared.
    pub q: f64,
}

/// One side of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceDiffFigures {
    /// How often, begun and ended in the traces.
    pub count: u64,
    /// How often a second of trace.
    pub per_s: f64,
    /// Seconds all together, in a second of trace; of Ps, the share of their time.
    pub total_per_s: f64,
    /// Mean in seconds.
    pub mean_s: f64,
    /// 99th percentile in seconds, of several traces the largest; absent where it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_s: Option<f64>,
}
