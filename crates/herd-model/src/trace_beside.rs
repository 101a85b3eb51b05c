//! What a profile given beside a trace adds to it: where its CPU samples lie on the trace's clock, who allocates what the assists pay for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Place, TraceCall, TraceCpuStack, TraceStack};

/// Samples that were taken inside the allocator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceAllocating {
    /// Samples with `runtime.mallocgc` in their stack.
    pub samples: u64,
    /// Of these, in an assist: marking that an allocation was made to pay for.
    pub assisting: u64,
    /// Who called it, most samples first; frames from the first outside the runtime.
    pub stacks: Vec<TraceCpuStack>,
}

/// What went on in an interval besides the samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceMeanwhile {
    /// Share of the interval in which marking was under way, 0 to 1.
    pub marking_share: f64,
    /// Stops of the world that overlap it.
    pub pauses: u64,
    /// Their time in it.
    pub paused_s: f64,
    /// Assists that overlap it.
    pub assists: u64,
    /// Their time in it, of all goroutines together.
    pub assisted_s: f64,
    /// Where goroutines assisted, most time first; counts and times are those in the interval.
    pub assisting: Vec<TraceStack>,
}

/// Samples of one goroutine in an interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceBusyGoroutine {
    /// Its id, the same as in a dump.
    pub goroutine: u64,
    /// Samples.
    pub samples: u64,
    /// What it had waited for before the first of them, where that was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Where it was seen most often.
    #[serde(flatten)]
    pub call: TraceCall,
    /// The stack, innermost first.
    pub frames: Vec<Place>,
}

/// How a profile lies on the clock of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TracePlaced {
    /// Wholly inside the trace.
    Inside,
    /// A part of it.
    Partly,
    /// No part of it.
    Apart,
    /// The trace has no wall clock (before Go 1.25), or the profile does not say when it was taken.
    #[default]
    Unknown,
}

/// A CPU profile beside a trace. While both are taken the runtime writes each sample to both (`runtime/proc.go`, `sigprof`), so its
/// samples are never added to the trace's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceBesideCpu {
    /// Samples.
    pub samples: u64,
    /// CPU they stand for, in seconds.
    pub cpu_s: f64,
    /// How long it was taken for, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// How it lies on the trace's clock.
    pub placed: TracePlaced,
    /// When it began, in seconds since the trace did; negative where it began before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_s: Option<f64>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_s: Option<f64>,
    /// Share of its time that lies in the trace, 0 to 1. Which of its samples do it cannot tell: they carry no moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside_share: Option<f64>,
    /// The trace's own samples of that time; all of them where the clocks cannot be joined.
    pub trace_samples: u64,
    /// Samples that stand in both, as far as stacks tell: by functions, each counted once.
    pub in_both: u64,
    /// Its stacks, most samples first.
    pub stacks: Vec<TraceBesideStack>,
    /// Its labels, most samples first: a trace's samples have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<TraceBesideLabel>,
}

/// A stack of a CPU profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceBesideStack {
    /// The line of the program, and what of the standard library it called.
    #[serde(flatten)]
    pub call: TraceCall,
    /// Frames, innermost first.
    pub frames: Vec<Place>,
    /// Samples in the profile.
    pub samples: u64,
    /// CPU they stand for, in seconds.
    pub cpu_s: f64,
    /// Samples of the trace with the same functions on their stack.
    pub in_trace: u64,
}

/// A label of a CPU profile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceBesideLabel {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// Samples.
    pub samples: u64,
    /// CPU they stand for, in seconds.
    pub cpu_s: f64,
}

/// A profile of allocations beside a trace. Figures are estimates, scaled from samples as the runtime does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceAllocators {
    /// Seconds it was taken for; absent for one of all since the process started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_s: Option<f64>,
    /// Mean distance of samples in bytes; 0 when unknown.
    pub sampled_every_bytes: u64,
    /// Bytes allocated.
    pub bytes: u64,
    /// Objects allocated.
    pub objects: u64,
    /// Bytes a second, where the time is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_s: Option<f64>,
    /// Who allocated, most bytes first.
    pub stacks: Vec<TraceAllocator>,
    /// Functions that assisted in the trace, most time first, with what the profile says of them; then those that allocated most.
    pub functions: Vec<TracePaid>,
}

/// Allocations at one stack.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TraceAllocator {
    /// The line of the program, and what of the standard library it called.
    #[serde(flatten)]
    pub call: TraceCall,
    /// Frames from the first outside the runtime.
    pub frames: Vec<Place>,
    /// Bytes allocated.
    pub bytes: u64,
    /// Objects allocated.
    pub objects: u64,
    /// Share of all bytes, 0 to 1.
    pub share: f64,
    /// Bytes a second, where the time is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_s: Option<f64>,
}

/// What a function allocated, and what its allocations were made to pay.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TracePaid {
    /// The program's innermost function; the standard library's where there is none.
    pub func: String,
    /// Bytes allocated, by the profile.
    pub bytes: u64,
    /// Objects allocated, by the profile.
    pub objects: u64,
    /// Share of all bytes, 0 to 1.
    pub share: f64,
    /// Assists, in the trace.
    pub assists: u64,
    /// Their time.
    pub assisted_s: f64,
    /// Share of all time of assists, 0 to 1.
    pub assisted_share: f64,
    /// The trace's CPU samples in the allocator.
    pub samples: u64,
}
