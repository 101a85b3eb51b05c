//! What differs between two weighted profiles, and whether the second is worse.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Flame, GateVerdict};

/// What `goherd diff` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiffReport {
    /// `fail` when a function is worse by more than the smallest effect and by more than chance; `pass` when none is and one would have
    /// been seen; `inconclusive` when too little was sampled to see one.
    pub verdict: GateVerdict,
    /// What the profiles are of: `cpu`, `heap`, `goroutine`…
    pub kind: String,
    /// What the shares are of, such as `cpu` or `inuse_space`.
    pub measure: String,
    /// Its unit: `nanoseconds`, `bytes`, `count`.
    pub unit: String,
    /// The rule the verdict follows.
    pub rule: DiffRule,
    /// The profiles before.
    pub before: DiffSide,
    /// The profiles after.
    pub after: DiffSide,
    /// What the counts before are multiplied with to be compared with those after.
    pub exposure: f64,
    /// What that rests on.
    pub exposure_from: ExposureFrom,
    /// Cosine of the angle between the two sides' shares by function, 1 for alike. Shown only: its ranges for equal and for changed code
    /// overlap.
    pub cosine: f64,
    /// How the stacks of the two sides found each other.
    pub matched: DiffMatched,
    /// How many times a function with a tenth of all must grow to be seen; nothing where everything is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detectable: Option<f64>,
    /// Why the answer is `inconclusive`, or what weakens it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<DiffDoubt>,
    /// Functions that changed: culprits, then by weight of the change.
    pub rows: Vec<DiffRow>,
    /// Functions renamed or moved.
    pub renames: Vec<DiffRename>,
    /// Functions put between others, or taken from between them, that cost nothing themselves.
    pub wrappers: Vec<DiffWrapper>,
    /// The call trees of both sides in one, where a format draws it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flame: Option<Flame>,
}

/// The rule a verdict follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiffRule {
    /// Significance at a false-discovery rate, and a smallest effect.
    Significance,
    /// Depth by 2, frequency by 30 %, blocking time by 50 %, whatever chance does. Fails almost every comparison of a program with
    /// itself.
    Thresholds,
}

/// One side of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiffSide {
    /// Profiles added up.
    pub runs: u64,
    /// Samples, goroutines or contentions.
    pub count: f64,
    /// Σ of the measure.
    pub total: f64,
    /// For how long they were taken together, in seconds, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// Distinct stacks by function.
    pub stacks: u64,
    /// Mean number of calls a stack has outside the standard library, by weight.
    pub depth: f64,
}

/// What an exposure rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExposureFrom {
    /// The median ratio of functions that have enough on both sides: one that changes moves no other.
    MedianOfFunctions,
    /// The durations of the profiles.
    Durations,
    /// The totals, for want of durations or functions.
    Totals,
    /// Nothing: everything is counted, and compared as it is.
    Counted,
}

/// Shares of the weight of both sides by how their stacks found each other; they add up to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiffMatched {
    /// Same functions.
    pub exact: f64,
    /// The same once renames are undone.
    pub renamed: f64,
    /// Alike but for a few calls.
    pub near: f64,
    /// On one side only.
    pub alone: f64,
}

/// Why an answer is weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiffDoubt {
    /// A side holds nothing of the measure.
    Empty,
    /// Too few samples: a function that doubles would not be seen.
    FewSamples,
    /// Too few contentions on a side.
    FewContentions,
    /// Delays are longer, and the loads differ: queues may be all there is to it.
    LoadsDiffer,
    /// What is more follows from the load that functions which did not change tell, and not from the time that was looked: so few cannot
    /// tell which is right.
    LoadUnclear,
    /// No functions but those of the standard library: nothing can gate.
    NoApplication,
    /// Too few functions to tell what changed from what there was more of.
    FewFunctions,
}

/// What became of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DiffChange {
    /// Not there before.
    New,
    /// Not there any more.
    Gone,
    /// More of the measure.
    More,
    /// Less of it.
    Less,
    /// Waits longer each time.
    Longer,
    /// Waits shorter each time.
    Shorter,
    /// Deeper stacks.
    Deeper,
    /// Shallower stacks.
    Shallower,
    /// New, while what calls it costs no more: the work was there before.
    Moved,
}

/// A function that changed, or several that always stand in the same stacks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiffRow {
    /// The innermost of them, as the profile after names it.
    pub function: String,
    /// The others, which always stand in the same stacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// Where it is, as recorded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// Its name before, where it was renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
    /// What became of it.
    pub change: DiffChange,
    /// It makes the comparison fail.
    pub culprit: bool,
    /// Of the measure before, with all it calls.
    pub before: f64,
    /// Of the measure after.
    pub after: f64,
    /// Samples, goroutines or contentions before.
    pub count_before: f64,
    /// Samples, goroutines or contentions after.
    pub count_after: f64,
    /// Share of the whole before.
    pub share_before: f64,
    /// Share of the whole after.
    pub share_after: f64,
    /// How many times as much as the exposure explains; of delays, how many times the mean. Nothing where there was none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Mean number of calls outside the standard library down to it, before.
    pub depth_before: f64,
    /// The same after.
    pub depth_after: f64,
    /// The chance of such a difference or a larger one without a change, adjusted for how many functions are compared.
    pub q: f64,
    /// The stack on which it changed most, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
}

/// A function that has another name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiffRename {
    /// Its name before.
    pub before: String,
    /// Its name after.
    pub after: String,
    /// How alike callers, callees and name are, of 1.
    pub score: f64,
}

/// A function put between two others, or taken from between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DiffWrapper {
    /// The function.
    pub function: String,
    /// What it calls.
    pub around: String,
    /// There after and not before; the other way round otherwise.
    pub added: bool,
}
