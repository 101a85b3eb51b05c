//! What a change is worth: latency, pauses and goroutines before and after, over like periods.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `goherd roi` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoiReport {
    /// The period before the change.
    pub before: Period,
    /// The period after it.
    pub after: Period,
    /// The three parts of the score; empty where it is refused.
    pub parts: Vec<RoiPart>,
    /// 0.5·min(1, P99 gain / 30 %) + 0.3·min(1, pause saved / 20 ms) + 0.2·min(1, goroutine drop / 40 %); at most 1, negative where
    /// things got worse. Absent where the periods do not compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Interval>,
    /// Confidence of the bounds, such as 0.95.
    pub confidence: f64,
    /// Resamples of the bootstrap.
    pub resamples: u64,
    /// Why the periods do not compare, or with what reserve.
    pub doubts: Vec<RoiDoubt>,
}

/// A period that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Period {
    /// Rows.
    pub rows: u64,
    /// First row, RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Seconds from the first row to the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Mean of requests a second, where rows have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qps: Option<f64>,
}

/// A part of the score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoiPart {
    /// Which.
    pub kind: RoiPartKind,
    /// Mean before: milliseconds, milliseconds, goroutines.
    pub before: f64,
    /// Mean after.
    pub after: f64,
    /// Gain: a share of before for latency and goroutines (0.261 for 26.1 %), milliseconds for pauses.
    pub gain: Interval,
    /// What it adds to the score.
    pub adds: f64,
}

/// Which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoiPartKind {
    /// P99 latency.
    Latency,
    /// Pauses of the collector.
    GcPause,
    /// Goroutines.
    Goroutines,
}

impl RoiPartKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            RoiPartKind::Latency => "latency",
            RoiPartKind::GcPause => "gc-pause",
            RoiPartKind::Goroutines => "goroutines",
        }
    }
}

/// A figure with its bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Interval {
    /// The figure.
    pub value: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// Why two periods do not compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoiDoubt {
    /// Which.
    pub kind: RoiDoubtKind,
    /// Whether it forbids a score.
    pub refuses: bool,
    /// Of the period before: a weekday (0 for Monday), an hour of the day, seconds, rows or requests a second.
    pub before: f64,
    /// The same of the period after.
    pub after: f64,
}

/// Which reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoiDoubtKind {
    /// Rows have no time, so the periods cannot be compared.
    NoTime,
    /// They begin on different weekdays.
    Weekday,
    /// They begin at different hours of the day.
    Hour,
    /// They are of different length.
    Length,
    /// Fewer rows with all three figures than an interval needs.
    FewRows,
    /// Gaps: rows a second differ.
    Coverage,
    /// Traffic differs.
    Traffic,
}

impl RoiDoubtKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            RoiDoubtKind::NoTime => "no-time",
            RoiDoubtKind::Weekday => "weekday",
            RoiDoubtKind::Hour => "hour",
            RoiDoubtKind::Length => "length",
            RoiDoubtKind::FewRows => "few-rows",
            RoiDoubtKind::Coverage => "coverage",
            RoiDoubtKind::Traffic => "traffic",
        }
    }
}
