//! What an execution trace shows: how goroutines lived, what they waited for, how long they waited for a P, what the collector did.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Place, TraceAllocating, TraceAllocators, TraceBesideCpu, TraceBusyGoroutine, TraceMeanwhile};

/// An execution trace, measured. Times in seconds; where one is a moment, since the trace began.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceReport {
    /// The format in its header, such as `go1.26` (which Go 1.27 writes, too).
    pub format: String,
    /// Generations, each about a second.
    pub generations: u64,
    /// Events.
    pub events: u64,
    /// Events by kind, most first.
    pub kinds: Vec<TraceCount>,
    /// From its first event to its last.
    pub span_s: f64,
    /// When it began, RFC 3339, where it tells (Go 1.25 and later).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_at: Option<String>,
    /// `recorded`, or `go` where times are moved as Go's own tools do.
    pub times: String,
    /// What could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<TraceLost>,
    /// Goroutines by how they came and went.
    pub goroutines: TraceCensus,
    /// Time of all goroutines together by what they did, the runtime's own apart.
    pub states: TraceStates,
    /// What goroutines waited for, longest first; waits of the runtime's own last.
    pub reasons: Vec<TraceReason>,
    /// Where goroutines of the program waited when the trace ended, most first.
    pub unfinished: Vec<TraceUnfinished>,
    /// From runnable to running.
    pub latency: TraceSpread,
    /// System calls.
    pub syscalls: TraceSyscalls,
    /// Ps.
    pub procs: TraceProcs,
    /// Goroutines by where they were created, most waiting time first.
    pub sites: Vec<TraceSite>,
    /// The collector.
    pub collector: TraceCollector,
    /// `trace.NewTask`, by type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TraceUser>,
    /// `trace.StartRegion`, by type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<TraceUser>,
    /// `trace.Log`, by category.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<TraceCount>,
    /// Where the CPU went, where the profiler ran meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<TraceCpu>,
    /// A CPU profile given beside the trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub beside_cpu: Option<TraceBesideCpu>,
    /// A profile of allocations given beside the trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocators: Option<TraceAllocators>,
    /// Columns over time.
    pub over_time: TraceOverTime,
}

/// How often something happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TraceCount {
    /// What.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// What of a damaged trace is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TraceLost {
    /// Bytes that could not be read.
    pub bytes: u64,
    /// Events that could not follow those before them and were taken all the same.
    pub out_of_order: u64,
}

/// Goroutines by how they came and went.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TraceCensus {
    /// There when the trace began.
    pub before: u64,
    /// Created in it.
    pub created: u64,
    /// Ended in it.
    pub ended: u64,
    /// There when it ended.
    pub alive: u64,
}

/// Time of goroutines by what they did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceStates {
    /// On a P.
    pub running_s: f64,
    /// Ready, without a P.
    pub runnable_s: f64,
    /// Waiting.
    pub waiting_s: f64,
    /// In system calls and C code.
    pub syscall_s: f64,
}

/// Intervals that began and ended in the trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceSpread {
    /// How many.
    pub count: u64,
    /// All together.
    pub total_s: f64,
    /// Mean.
    pub mean_s: f64,
    /// Median, within 1.6 %, as are the other two.
    pub p50_s: f64,
    /// 90th percentile.
    pub p90_s: f64,
    /// 99th percentile.
    pub p99_s: f64,
    /// Longest.
    pub max_s: f64,
}

/// Intervals still open when the trace ended: counted up to there, and beyond that nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceOpen {
    /// How many.
    pub count: u64,
    /// All together, up to the end of the trace.
    pub total_s: f64,
    /// Longest.
    pub max_s: f64,
}

/// A reason to wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceReason {
    /// As the trace has it, `sync` split by what was called: `sync.(*Mutex).Lock`. `coroutine switch` where it gives none.
    pub reason: String,
    /// Goroutines of the runtime wait so; no part of the shares.
    pub system: bool,
    /// Share of all finished waiting time, 0 to 1.
    pub share: f64,
    /// Waits that ended.
    pub finished: TraceSpread,
    /// Waits that had not ended when the trace did.
    pub unfinished: TraceOpen,
    /// Where, longest first.
    pub stacks: Vec<TraceStack>,
}

/// Where a stack leaves the program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TraceCall {
    /// The innermost line outside the standard library; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// The function of the standard library called there; absent where it is the runtime's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
}

/// Time at one stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceStack {
    /// The line of the program, and what of the standard library it called.
    #[serde(flatten)]
    pub call: TraceCall,
    /// Frames, innermost first.
    pub frames: Vec<Place>,
    /// The function its goroutines start in, where it lies beyond those frames.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// How often, finished.
    pub count: u64,
    /// All together, finished.
    pub total_s: f64,
    /// Longest, finished.
    pub max_s: f64,
    /// Not finished when the trace ended.
    pub unfinished: u64,
}

/// Goroutines that waited at one stack when the trace ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceUnfinished {
    /// What for; told by the stack where the wait began before the trace, for then the trace gives no reason.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// Of these, how many had waited since before the trace, without a move.
    pub since_before: u64,
    /// Of these, how many were created in the trace.
    pub created: u64,
    /// The longest, up to the end of the trace.
    pub max_s: f64,
    /// The line of the program, and what of the standard library it called.
    #[serde(flatten)]
    pub call: TraceCall,
    /// Frames, innermost first.
    pub frames: Vec<Place>,
    /// The `go` statement that started them, where the trace shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Place>,
}

/// System calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceSyscalls {
    /// Calls that came back.
    pub finished: TraceSpread,
    /// Of these, how many lost their P meanwhile.
    pub blocked: u64,
    /// Calls that had not come back when the trace ended.
    pub unfinished: TraceOpen,
    /// Where, longest first.
    pub stacks: Vec<TraceStack>,
}

/// Ps.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceProcs {
    /// How many were seen.
    pub seen: u64,
    /// GOMAXPROCS as last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gomaxprocs: Option<u64>,
    /// Time with a thread, of all Ps together.
    pub busy_s: f64,
    /// Share of the time they could have been busy, 0 to 1.
    pub utilization: f64,
}

/// Goroutines created at one place.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceSite {
    /// The function they start in.
    pub entry: Place,
    /// The `go` statement; absent for those the trace found there or a timer started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Place>,
    /// There when the trace began.
    pub before: u64,
    /// Created in it.
    pub created: u64,
    /// Ended in it.
    pub ended: u64,
    /// There when it ended.
    pub alive: u64,
    /// Time by what they did.
    pub states: TraceStates,
    /// What they waited for longest, open waits too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Share of the waiting time that reason has, 0 to 1.
    pub waits_for_share: f64,
    /// Lives that began and ended in the trace.
    pub lived: TraceSpread,
}

/// What the collector did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceCollector {
    /// Collections.
    pub cycles: u64,
    /// Time marking was under way, of the whole trace.
    pub marking_s: f64,
    /// Stops of the world by kind, longest sum first.
    pub pauses: Vec<TracePause>,
    /// The longest stops.
    pub longest: Vec<TraceStop>,
    /// The collections that took longest.
    pub slowest: Vec<TraceCycle>,
    /// Time of mark workers by mode.
    pub workers: TraceWorkers,
    /// Assists: goroutines that had to mark before they could allocate.
    pub assists: TraceSpread,
    /// Where they assisted, longest first.
    pub assist_stacks: Vec<TraceStack>,
    /// Sweeping on behalf of an allocation.
    pub sweeps: TraceSpread,
}

/// Time of mark workers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceWorkers {
    /// Workers that have their P for the whole of marking.
    pub dedicated_s: f64,
    /// Workers that have part of one.
    pub fractional_s: f64,
    /// Workers on Ps that had nothing else to do.
    pub idle_s: f64,
}

/// Stops of the world of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TracePause {
    /// Such as `GC mark termination`.
    pub kind: String,
    /// The stops.
    pub pauses: TraceSpread,
}

/// One stop of the world.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceStop {
    /// Such as `GC mark termination`.
    pub kind: String,
    /// When.
    pub at_s: f64,
    /// How long.
    pub pause_s: f64,
    /// Of this, until the last goroutine had stopped.
    pub stopping_s: f64,
    /// Who stopped the world, innermost first.
    pub by: Vec<Place>,
    /// The goroutine that stopped last, where it took longer than a tenth of the pause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delayed_by: Option<TraceDelay>,
    /// Bytes of live heap as last told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap_bytes: Option<u64>,
}

/// Who kept the world from stopping.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceDelay {
    /// The goroutine.
    pub goroutine: u64,
    /// How long after the stop was asked for it stopped.
    pub after_s: f64,
    /// Where it stood when it stopped, innermost first.
    pub stack: Vec<Place>,
}

/// One collection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceCycle {
    /// When it began; 0 for one under way when the trace began.
    pub at_s: f64,
    /// How long marking took.
    pub marking_s: f64,
    /// What made it begin.
    pub trigger: TraceTrigger,
    /// Who did, innermost first.
    pub by: Vec<Place>,
    /// Bytes of heap when it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap_bytes: Option<u64>,
    /// Bytes at which it was to be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_bytes: Option<u64>,
    /// The world stood still.
    pub paused_s: f64,
    /// Goroutines assisted.
    pub assisted_s: f64,
    /// Where they did, at most three.
    pub assisting: Vec<TraceStack>,
}

/// What makes a collection begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TraceTrigger {
    /// An allocation when the heap had reached its trigger.
    Heap,
    /// A call of `runtime.GC`.
    Call,
    /// A call of `debug.FreeOSMemory`.
    FreeOsMemory,
    /// Two minutes without one.
    Timer,
    /// The trace does not tell.
    #[default]
    Unknown,
}

/// Tasks or regions of one type.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceUser {
    /// Type.
    pub name: String,
    /// Those that began and ended in the trace.
    pub finished: TraceSpread,
    /// Those that had not ended.
    pub unfinished: TraceOpen,
}

/// Where the CPU went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceCpu {
    /// Samples of the profiler, one for each 10 ms of a thread's CPU.
    pub samples: u64,
    /// Stacks with most samples.
    pub stacks: Vec<TraceCpuStack>,
    /// Who was allocating; absent where no sample was taken in the allocator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocating: Option<TraceAllocating>,
    /// Intervals with most samples, each taken apart; none of several traces, whose times are not on one axis.
    pub hot: Vec<TraceHot>,
}

/// Samples at one stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceCpuStack {
    /// The line of the program, and what of the standard library it called.
    #[serde(flatten)]
    pub call: TraceCall,
    /// Frames, innermost first.
    pub frames: Vec<Place>,
    /// Samples.
    pub samples: u64,
    /// Goroutines they were taken of.
    pub goroutines: u64,
    /// What those goroutines had waited for just before, by samples, most first.
    pub after: Vec<TraceCount>,
}

/// An interval in which much was computed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceHot {
    /// From.
    pub from_s: f64,
    /// To.
    pub to_s: f64,
    /// Samples in it.
    pub samples: u64,
    /// Of these, while marking was under way.
    pub while_marking: u64,
    /// Stacks with most samples.
    pub stacks: Vec<TraceCpuStack>,
    /// Goroutines with most samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goroutines: Vec<TraceBusyGoroutine>,
    /// What the collector did; absent where the trace holds more collections, stops or assists than are remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meanwhile: Option<TraceMeanwhile>,
}

/// Columns over time; each value covers `step_s`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceOverTime {
    /// Width of a column.
    pub step_s: f64,
    /// Goroutines running, on average.
    pub running: Vec<f64>,
    /// Goroutines ready without a P, on average.
    pub runnable: Vec<f64>,
    /// Share of the time marking was under way, 0 to 1.
    pub marking: Vec<f64>,
    /// Goroutines created.
    pub created: Vec<u64>,
    /// Goroutines ended.
    pub ended: Vec<u64>,
    /// Greatest live heap told, in bytes; 0 where none was told.
    pub heap_bytes: Vec<u64>,
}
