//! What settings of the Go runtime do to a command: runs under each, their figures, and which setting is worth it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Spread;

/// What `goherd tune` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TuneReport {
    /// The command and its arguments.
    pub command: Vec<String>,
    /// Runs asked for of each setting.
    pub runs: u64,
    /// What the order of the runs was drawn from.
    pub seed: u64,
    /// The settings, in the order they were given.
    pub settings: Vec<TuneRow>,
    /// The setting the others are compared with, an index into `settings`: the one the command runs under by itself, else the first.
    pub base: u64,
    /// What was judged by: the throughput where the command tells it, else the CPU time.
    pub judged_by: TuneMeasure,
    /// The advice; absent where the differences are within the noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<TuneAdvice>,
    /// Why there is none, or with what reserve.
    pub doubts: Vec<TuneDoubt>,
}

/// Variables of the environment; what is absent was left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TuneSetting {
    /// `GOGC`: a percentage, or `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gogc: Option<String>,
    /// `GOMEMLIMIT`, such as `200MiB`, or `off`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memlimit: Option<String>,
    /// `GOMAXPROCS`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maxprocs: Option<u32>,
}

/// One setting and what its runs cost. Every figure is of the whole process from start to end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TuneRow {
    /// The setting.
    pub setting: TuneSetting,
    /// Runs that ended well.
    pub runs: u64,
    /// Wall clock in seconds.
    pub wall_s: Spread,
    /// User and system CPU time in seconds, as the kernel counts it.
    pub cpu_s: Spread,
    /// Largest resident set in bytes, as the kernel counts it.
    pub rss_bytes: Spread,
    /// Collections.
    pub collections: Spread,
    /// Time of the collector as a share of that of all processors (`wall_s` times GOMAXPROCS), percent: assists, workers and pauses.
    /// Marking on processors that were idle does not count: it takes what nobody wanted.
    pub gc_cpu_percent: Spread,
    /// Share of the collector's CPU time that allocating goroutines gave, percent; marking on idle processors does not count.
    pub assist_percent: Spread,
    /// 99th percentile of the pauses of a run, milliseconds; two pauses a collection.
    pub pause_p99_ms: Spread,
    /// Longest pause, milliseconds.
    pub pause_max_ms: Spread,
    /// What the command says of its throughput, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<Spread>,
    /// What the command served of its runtime while it ran, where it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<TuneServed>,
    /// How it compares with the base; absent for the base itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against_base: Option<TuneComparison>,
}

/// What runs of one setting served of their runtime. A figure is absent where the command does not serve it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TuneServed {
    /// Answers a run.
    pub answers: Spread,
    /// Median heap of a run in bytes: what a collection leaves alive, where that is served, else what is allocated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heap_bytes: Option<Spread>,
    /// Most goroutines of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goroutines: Option<Spread>,
    /// Share of the collector in all CPU time there was between the first answer and the last, idle time and idle marking too, percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gc_cpu_percent: Option<Spread>,
    /// Time the world stood for a collection, on average, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause_mean_ms: Option<Spread>,
    /// Runs in which the runtime held the collector back, as it does where a memory limit leaves it no room; absent where it is not served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limited: Option<u64>,
}

/// A setting against the base. Changes are shares of the base's mean: −0.25 for a quarter less.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TuneComparison {
    /// Change of what is judged by.
    pub measure: TuneChange,
    /// Change of the largest resident set.
    pub rss: TuneChange,
}

/// A change, and whether it is one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TuneChange {
    /// As a share of the base's mean.
    pub share: f64,
    /// Probability of so large a difference by chance (Welch's test, two-sided), times the number of comparisons, at most 1.
    pub p: f64,
    /// More than chance explains, and large enough to matter.
    pub differs: bool,
}

/// By what settings are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TuneMeasure {
    /// CPU seconds of a run; less is better.
    Cpu,
    /// The command's own figure; more is better.
    Throughput,
}

impl TuneMeasure {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            TuneMeasure::Cpu => "cpu",
            TuneMeasure::Throughput => "throughput",
        }
    }
}

/// Which setting is worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TuneAdvice {
    /// Why.
    pub kind: TuneAdviceKind,
    /// The setting, an index into `settings`.
    pub setting: u64,
}

/// Why a setting is worth it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TuneAdviceKind {
    /// It is better by what is judged by; memory is what it costs.
    Faster,
    /// It is as good, and takes less memory.
    Smaller,
    /// All others are worse, or cost memory and bring nothing.
    Keep,
}

impl TuneAdviceKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            TuneAdviceKind::Faster => "faster",
            TuneAdviceKind::Smaller => "smaller",
            TuneAdviceKind::Keep => "keep",
        }
    }
}

/// A reserve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TuneDoubt {
    /// Which.
    pub kind: TuneDoubtKind,
    /// Whether it forbids an advice.
    pub refuses: bool,
    /// What it counts: runs.
    pub count: u64,
}

/// Which reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TuneDoubtKind {
    /// Fewer runs a setting than a comparison takes; counts those there are.
    FewRuns,
    /// Nothing to compare with: one setting only.
    OneSetting,
    /// No setting differs from the base by more than the noise; counts the comparisons.
    WithinNoise,
    /// No run printed a line of gctrace: not a Go program, or its standard error goes elsewhere. Counts the runs.
    NoTrace,
    /// Records of gctrace that other text cut for good; counts them. Figures of collections are too low by them.
    LostRecords,
    /// Runs in which several Go programs printed; counts them. Their collections are added up, as their CPU time is.
    MixedPrograms,
    /// Runs ended by the time given, not by themselves; counts them. CPU time compares only if the load was the same in each.
    Stopped,
}

impl TuneDoubtKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            TuneDoubtKind::FewRuns => "few-runs",
            TuneDoubtKind::OneSetting => "one-setting",
            TuneDoubtKind::WithinNoise => "within-noise",
            TuneDoubtKind::NoTrace => "no-trace",
            TuneDoubtKind::LostRecords => "lost-records",
            TuneDoubtKind::MixedPrograms => "mixed-programs",
            TuneDoubtKind::Stopped => "stopped",
        }
    }
}
