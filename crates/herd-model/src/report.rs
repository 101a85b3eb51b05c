//! A snapshot as it is printed: families, clusters and what was measured over them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Place, Spread};

/// One call as printed.
pub type FrameReport = Place;

/// A label and how many goroutines of the cluster carry it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Label {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// Goroutines.
    pub count: u64,
}

/// Goroutines that share stack and wait reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClusterReport {
    /// Content hash, stable across processes and versions of the same code; 16 hex digits.
    pub id: String,
    /// Goroutines.
    pub count: u64,
    /// Wait reason as Go prints it.
    pub state: String,
    /// The state was inferred from frames.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub state_inferred: bool,
    /// Seconds blocked; absent when the witness carries no age.
    pub wait_s: Option<Spread>,
    /// Goroutines by whole minutes blocked; key 0 is "below one minute".
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub wait_minutes: BTreeMap<u32, u64>,
    /// Frames, creator not counted.
    pub depth: u32,
    /// Frames left out by the runtime.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub elided: u32,
    /// Frames, innermost first.
    pub frames: Vec<FrameReport>,
    /// The `go` statement.
    pub created_by: Option<Place>,
    /// Most frequent labels.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// Tagged `(leaked)` by the runtime.
    #[serde(default, skip_serializing_if = "is_zero_u64")]
    pub leaked: u64,
    /// Locked to a thread.
    #[serde(default, skip_serializing_if = "is_zero_u64")]
    pub locked: u64,
    /// Exact addresses waited on with waiters, most waited first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<(String, u64)>,
    /// A few goroutine ids, lowest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goroutine_ids: Vec<u64>,
    /// Known long waiter: why it is healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benign: Option<String>,
    /// Line of the first one's header in the input, from 1.
    pub line: u64,
    /// Byte offset of that header in the decompressed input.
    pub offset: u64,
    /// The first one's text in the input, bounded.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sample: String,
}

/// Clusters that share state class, blocking user frame and creator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FamilyReport {
    /// Content hash of the three; 16 hex digits.
    pub id: String,
    /// Goroutines.
    pub count: u64,
    /// State class.
    pub state: String,
    /// The blocking user frame.
    pub at: Place,
    /// The `go` statement, or the entry function.
    pub created_by: Option<Place>,
    /// Ids of its clusters, largest first.
    pub clusters: Vec<String>,
    /// Groups of near-identical clusters (normalised edit distance ≤ 0.2), by cluster id; only groups of two and more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub similar: Vec<Vec<String>>,
    /// Seconds blocked over all its clusters.
    pub wait_s: Option<Spread>,
    /// Known long waiters only: why they are healthy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benign: Option<String>,
}

/// A blocking frame and how many goroutines stand there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BlockingPoint {
    /// State as printed.
    pub state: String,
    /// The innermost frame above the runtime.
    pub at: Place,
    /// Goroutines.
    pub count: u64,
}

/// A merged call tree in columns, outermost frame first, depth-first order: row `i` spans `start[i] .. start[i] + total[i]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Flame {
    /// Unit of `total`, such as `goroutines`.
    pub unit: String,
    /// Distinct names.
    pub names: Vec<String>,
    /// Index into `names` a row.
    pub name: Vec<u32>,
    /// Depth a row; the root is 0.
    pub depth: Vec<u16>,
    /// Left edge a row.
    pub start: Vec<u64>,
    /// Width a row.
    pub total: Vec<u64>,
    /// Of a comparison, the weight of the same path before, a row: rows whose `total` is 0 are those that went away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Vec<u64>>,
    /// Rows of calls the compiler inlined into the row above, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inlined: Vec<u32>,
    /// Rows folded away, and their weight, never dropped silently.
    pub folded_rows: u64,
    /// Weight of the folded rows.
    pub folded_total: u64,
}

/// All goroutines at one instant, measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotReport {
    /// Goroutines; equals the sum over `clusters` plus `hidden.goroutines_not_listed` of the envelope.
    pub goroutines: u64,
    /// The input does not hold every goroutine.
    pub truncated: bool,
    /// Why it is truncated, as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truncated_why: Option<String>,
    /// What text it was read from.
    pub origin: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Why the process died, for crash output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crash: Option<String>,
    /// Goroutines by state.
    pub states: BTreeMap<String, u64>,
    /// Families, largest first.
    pub families: Vec<FamilyReport>,
    /// Clusters, largest first.
    pub clusters: Vec<ClusterReport>,
    /// Where goroutines block, most first.
    pub blocking_points: Vec<BlockingPoint>,
    /// Shannon entropy of the module of the blocking frame over goroutines, bits: near 0 when one package holds them all.
    pub module_entropy: f64,
    /// Mean frames a goroutine.
    pub mean_depth: f64,
    /// Distinct exact stacks.
    pub distinct_stacks: u64,
}

/// One family over a series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesFamily {
    /// Family id.
    pub id: String,
    /// Goroutines in each snapshot of the series.
    pub counts: Vec<u64>,
}

/// Counts over several snapshots of one target, in columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SeriesReport {
    /// RFC 3339 a snapshot; empty text where unknown.
    pub times: Vec<String>,
    /// Seconds since the first; absent when times are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<Vec<f64>>,
    /// All goroutines a snapshot.
    pub goroutines: Vec<u64>,
    /// Families, fastest growing first.
    pub families: Vec<SeriesFamily>,
}

/// What `--redact` takes out of anything meant to be shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redaction {
    /// Nothing.
    Off,
    /// Arguments, labels, URLs, trace ids and raw text.
    On,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_zero_u64(value: &u64) -> bool {
    *value == 0
}
