//! A stretch of an execution trace over time: what groups of goroutines do, column by column, and single goroutines where it is short.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Place;

/// What a goroutine does, as a timeline tells it apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimelineState {
    /// On a P.
    Running,
    /// Ready, without a P.
    Runnable,
    /// In a system call or C code.
    Syscall,
    /// Waits at a channel or a select.
    Channel,
    /// Waits at a lock, a condition or a group of package sync.
    Sync,
    /// Waits for the network.
    Network,
    /// Sleeps.
    Sleep,
    /// Waits for the collector.
    Collector,
    /// Waits for something else, or began to before the trace.
    Other,
}

impl TimelineState {
    /// All, in the order of columns.
    pub const ALL: [TimelineState; 9] = [
        TimelineState::Running,
        TimelineState::Runnable,
        TimelineState::Syscall,
        TimelineState::Channel,
        TimelineState::Sync,
        TimelineState::Network,
        TimelineState::Sleep,
        TimelineState::Collector,
        TimelineState::Other,
    ];
}

/// A window of a trace. Times count from the beginning of the trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// Seconds the whole trace spans.
    pub span_s: f64,
    /// The window's beginning.
    pub from_s: f64,
    /// Its end.
    pub to_s: f64,
    /// Width of a column.
    pub step_s: f64,
    /// Whether the window is narrow enough for its goroutines to be told one by one, and for columns about as fine as are asked for.
    pub close: bool,
    /// About how wide a window may be for that, in seconds.
    pub close_s: f64,
    /// The states in the order of cells.
    pub states: Vec<TimelineState>,
    /// Groups of goroutines, most active first.
    pub lanes: Vec<TimelineLane>,
    /// The Ps.
    pub procs: Vec<TimelineProc>,
    /// Marking under way, `[from_s, to_s]`; what is narrower than a column is told with its neighbour.
    pub marking: Vec<[f64; 2]>,
    /// Stops of the world.
    pub stops: Vec<TimelineStop>,
    /// What one goroutine did at one time, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moment: Option<TimelineMoment>,
}

/// Goroutines of one creation site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineLane {
    /// Its number, the same in every window of one trace.
    pub id: u32,
    /// The function they start in; absent where the trace does not tell, and for the lane of all other groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Place>,
    /// The `go` statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Place>,
    /// How many groups share this lane: more than one for the lane of those beyond the limit.
    pub groups: u64,
    /// The runtime's own.
    pub system: bool,
    /// Goroutines in the whole trace.
    pub goroutines: u64,
    /// Seconds in the whole trace by state, in the order of `states`.
    pub total_s: Vec<f64>,
    /// By state, a column each: thousandths of a goroutine in this state on average. A state without time has no columns.
    pub cells: Vec<Vec<u64>>,
    /// Its goroutines, where they were asked for and the window is read closely.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<TimelineRow>,
    /// Goroutines of the window that have no row.
    #[serde(default)]
    pub rows_hidden: u64,
}

/// One goroutine in the window. The lists are columns of its spans, earliest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineRow {
    /// Its id.
    pub goroutine: u64,
    /// Beginnings, in nanoseconds since the window's.
    pub from_ns: Vec<u64>,
    /// Widths in nanoseconds.
    pub ns: Vec<u64>,
    /// States, by their places in `states`; where spans are merged, that with most time.
    pub state: Vec<u8>,
    /// How many spans narrower than a column were merged; 1 for a span that is told as it was.
    pub merged: Vec<u32>,
}

/// One P.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineProc {
    /// Its number; absent for all those beyond the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proc: Option<u32>,
    /// Thousandths of each column in which it had a thread.
    pub busy: Vec<u64>,
}

/// A stop of the world, or several in one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineStop {
    /// When the first began.
    pub at_s: f64,
    /// How long the world stood, all together.
    pub pause_s: f64,
    /// Such as `GC mark termination`, of the longest.
    pub kind: String,
    /// How many.
    pub count: u64,
}

/// What one goroutine did at one time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineMoment {
    /// Its id.
    pub goroutine: u64,
    /// Its lane.
    pub lane: u32,
    /// The function it starts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Place>,
    /// The `go` statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Place>,
    /// What it did.
    pub state: TimelineState,
    /// What it waited for, in the trace's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Since when.
    pub from_s: f64,
    /// Until when; the end of the trace where it went on.
    pub to_s: f64,
    /// It had begun before the goroutine was first seen.
    pub began_before: bool,
    /// It had not ended when the trace did.
    pub unfinished: bool,
    /// Where it stood, innermost first.
    pub stack: Vec<Place>,
    /// Who ended the wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub woken_by: Option<TimelineWaker>,
}

/// Who made a goroutine ready.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineWaker {
    /// The goroutine; absent where the runtime did it on no goroutine's behalf (a timer, the network poller).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goroutine: Option<u64>,
    /// Its lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<u32>,
    /// When.
    pub at_s: f64,
    /// Where the waker stood, innermost first.
    pub stack: Vec<Place>,
}
