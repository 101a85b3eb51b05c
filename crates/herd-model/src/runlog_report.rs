//! What a runtime log shows, measured, and which questions it can answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `goherd runlog` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunlogReport {
    /// Records read.
    pub records: u64,
    /// Records that other text cut in two or more.
    pub torn: u64,
    /// Torn records that were put together again.
    pub stitched: u64,
    /// Torn records that are missing.
    pub lost: u64,
    /// Processes, in order of appearance; those with fewer than two records are counted in `hidden.processes_not_listed`.
    pub processes: Vec<RunlogProcess>,
}

/// One process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunlogProcess {
    /// What the log calls it, where lines carry a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// First minor of Go 1 that prints in this form, where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_from_minor: Option<u32>,
    /// Last minor that does, where it tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub go_until_minor: Option<u32>,
    /// What was measured.
    pub facts: RunlogFacts,
    /// What the log says to each question.
    pub answers: Vec<RunlogAnswer>,
    /// What is worth knowing and is no pattern of its own.
    pub observations: Vec<RunlogObservation>,
    /// Collections, for plots.
    pub collections: CollectionColumns,
    /// States of the scheduler, for plots.
    pub states: SchedulerColumns,
}

/// What was measured of one process. A part is absent where the log holds too little of it: fewer than five records, or less than two
/// seconds between the first and the last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunlogFacts {
    /// Seconds from the first record to the last.
    pub span_s: f64,
    /// Collections in the log.
    pub collections: u64,
    /// States of the scheduler in the log.
    pub states: u64,
    /// What the collector did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<CollectorFacts>,
    /// How the live heap moves, MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_heap: Option<GrowthFacts>,
    /// How stacks move, MiB; Go 1.18 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stacks: Option<GrowthFacts>,
    /// What the scheduler did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduler: Option<SchedulerFacts>,
    /// How the number of threads moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<GrowthFacts>,
    /// How the number of goroutines moves; scheddetail only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goroutines: Option<GrowthFacts>,
}

/// What the collector did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CollectorFacts {
    /// Seconds from the first collection to the last.
    pub span_s: f64,
    /// Median of the seconds between two collections.
    pub interval_p50_s: f64,
    /// Median of concurrent marking, milliseconds of clock.
    pub mark_p50_ms: f64,
    /// Median of both pauses together, milliseconds of clock.
    pub pause_p50_ms: f64,
    /// Their 99th percentile.
    pub pause_p99_ms: f64,
    /// The longest.
    pub pause_max_ms: f64,
    /// Share of all processors the collector took, without idle marking; 0 to 1.
    pub cpu_share: f64,
    /// Share of the time in which it took 5 % or more; 0 to 1.
    pub busy_share: f64,
    /// Share of its CPU that allocating goroutines were made to give; 0 to 1.
    pub assist_share: f64,
    /// Share of collections the program called for; 0 to 1.
    pub forced_share: f64,
    /// Median of the goal over what was live after the collection before: 1 + GOGC/100, less near a memory limit. Absent below 4 MB,
    /// where the runtime's least goal decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goal_to_live_p50: Option<f64>,
    /// Whether that was ever 1.5 or more, as a small GOGC never lets it be; absent where the log does not show the heap
    /// while it was small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was_roomy: Option<bool>,
    /// GOMAXPROCS.
    pub procs: u32,
    /// CPU of the pauses over their clock: the processors stopped, at most the CPUs the process may use. Absent where pauses are too
    /// short to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpus: Option<f64>,
    /// Heap found live by the last collection, MiB.
    pub live_mb: u64,
}

/// What the scheduler did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SchedulerFacts {
    /// Seconds from the first state to the last.
    pub span_s: f64,
    /// GOMAXPROCS.
    pub procs: u32,
    /// Median of the goroutines that can run and do not.
    pub queued_p50: u64,
    /// Most of them.
    pub queued_max: u64,
    /// States in a row with more than 100 of them.
    pub backlog_states: u64,
    /// Seconds those span.
    pub backlog_s: f64,
    /// Mean share of processors without work; 0 to 1.
    pub idle_share: f64,
    /// Threads at the end.
    pub threads: u32,
    /// Median share of threads that are parked, over the last third; 0 to 1.
    pub idle_threads_share: f64,
    /// Goroutines were switched between the first state and the last; Go 1.25 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switches: Option<u64>,
}

/// How a figure moves: medians over twelfths of the time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GrowthFacts {
    /// Seconds from the first value to the last.
    pub span_s: f64,
    /// Median of the first twelfth.
    pub first: f64,
    /// Median of the last.
    pub last: f64,
    /// Rise a minute over all.
    pub per_min: f64,
    /// Rise a minute over the last third; near zero on a plateau.
    pub late_per_min: f64,
    /// Largest fall from an earlier median, as a share of the rise; above 1 where it falls by more than it rises in all.
    pub fall_share: f64,
    /// It rises over all, hardly ever falls, and goes on rising at half the pace or more in the last third.
    pub rising: bool,
}

/// What is asked of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunlogQuestion {
    /// Is the collector's work in proportion, and the live heap steady?
    Collector,
    /// Do goroutines run when they can, and threads stay few?
    Scheduler,
    /// Do goroutines wait for ever?
    Goroutines,
}

/// The answer to one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunlogSaid {
    /// Nothing is wrong.
    Healthy,
    /// Something is.
    Wrong,
    /// The log cannot tell.
    Undecidable,
}

/// A question and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunlogAnswer {
    /// What is asked.
    pub question: RunlogQuestion,
    /// What the log says.
    pub said: RunlogSaid,
}

/// What is worth knowing and is no pattern of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunlogObservation {
    /// Most collections are called for by the program.
    ForcedCollections,
    /// GOGC is so small that the collector runs for a few percent of growth.
    GogcTiny,
    /// No collection at all while goroutines run.
    NoCollections,
    /// Stacks grow while the heap does not: goroutines, or deep calls.
    StacksGrow,
    /// The number of goroutines grows.
    GoroutinesGrow,
    /// Pauses of 10 ms and more, which what a pause has to do does not explain: the machine gave the process no CPU.
    PausesStretched,
}

/// Collections in columns of equal length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CollectionColumns {
    /// Seconds from the start of the process.
    pub at_s: Vec<f64>,
    /// Heap at the start, MiB.
    pub begin_mb: Vec<u64>,
    /// Heap found live, MiB.
    pub live_mb: Vec<u64>,
    /// Goal, MiB.
    pub goal_mb: Vec<u64>,
    /// Both pauses, milliseconds.
    pub pause_ms: Vec<f64>,
    /// Share of all processors since the collection before, percent.
    pub cpu_percent: Vec<f64>,
}

/// States of the scheduler in columns of equal length.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SchedulerColumns {
    /// Seconds from the first state.
    pub at_s: Vec<f64>,
    /// Goroutines that can run and do not.
    pub queued: Vec<u64>,
    /// Threads.
    pub threads: Vec<u32>,
    /// Processors without work.
    pub idle_procs: Vec<u32>,
    /// Goroutines; empty without scheddetail.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goroutines: Vec<u64>,
}

impl RunlogQuestion {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            RunlogQuestion::Collector => "collector",
            RunlogQuestion::Scheduler => "scheduler",
            RunlogQuestion::Goroutines => "goroutines",
        }
    }
}

impl RunlogSaid {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            RunlogSaid::Healthy => "healthy",
            RunlogSaid::Wrong => "wrong",
            RunlogSaid::Undecidable => "undecidable",
        }
    }
}

impl RunlogObservation {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            RunlogObservation::ForcedCollections => "forced-collections",
            RunlogObservation::GogcTiny => "gogc-tiny",
            RunlogObservation::NoCollections => "no-collections",
            RunlogObservation::StacksGrow => "stacks-grow",
            RunlogObservation::GoroutinesGrow => "goroutines-grow",
            RunlogObservation::PausesStretched => "pauses-stretched",
        }
    }
}
