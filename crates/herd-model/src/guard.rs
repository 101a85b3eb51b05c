//! Whether a rollout may go on: control against treatment, with tests that hold however often they are asked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A gate's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GateVerdict {
    /// Within the limits, shown.
    Pass,
    /// Beyond a limit, shown.
    Fail,
    /// Too little to show either.
    Inconclusive,
}

impl GateVerdict {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            GateVerdict::Pass => "pass",
            GateVerdict::Fail => "fail",
            GateVerdict::Inconclusive => "inconclusive",
        }
    }
}

/// What `goherd guard` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuardReport {
    /// `fail` when a check fails, `pass` when all pass.
    pub verdict: GateVerdict,
    /// The version that runs already.
    pub control: GuardArm,
    /// The version that is rolled out.
    pub treatment: GuardArm,
    /// One check a limit.
    pub checks: Vec<GuardCheck>,
    /// Level of all checks together: the chance that a rollout without any difference fails, however often it is looked at.
    pub alpha: f64,
}

/// One side of a rollout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuardArm {
    /// Rows of the input.
    pub rows: u64,
    /// Requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<f64>,
    /// How many of them failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failures: Option<f64>,
    /// How many times chance's variance the failures have over the rows; 1 where rows are requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dispersion: Option<f64>,
    /// Mean of the rows' latencies in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// Standard deviation of the rows' latencies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_sd_ms: Option<f64>,
    /// First autocorrelation of the rows' latencies, at least 0: neighbours that are alike tell less than their number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_autocorrelation: Option<f64>,
}

/// A limit, and what the requests say of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GuardCheck {
    /// Which.
    pub kind: GuardCheckKind,
    /// What was found.
    pub verdict: GateVerdict,
    /// The limit: a share for success rates, milliseconds for latencies.
    pub limit: f64,
    /// What is held against it: treatment less control, or treatment's own figure. Absent where nothing is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// Lower bound that holds at any look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    /// Upper bound that holds at any look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// Always-valid p of no difference (for floors and ceilings: of standing at the limit).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p: Option<f64>,
    /// Observations on each side (treatment's own for floors and ceilings), the smaller count.
    pub observations: u64,
    /// Of an inconclusive check: observations each side needs until it is decided with a probability of 80 %, if the figures stay as they
    /// are and a lead of treatment over control was luck. Absent where no number of them would do, as the value stands at the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needed: Option<u64>,
}

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GuardCheckKind {
    /// Success rate, treatment less control.
    SuccessDrop,
    /// Latency, treatment less control.
    LatencyRise,
    /// Success rate of treatment.
    SuccessFloor,
    /// Latency of treatment.
    LatencyCeiling,
}

impl GuardCheckKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            GuardCheckKind::SuccessDrop => "success-drop",
            GuardCheckKind::LatencyRise => "latency-rise",
            GuardCheckKind::SuccessFloor => "success-floor",
            GuardCheckKind::LatencyCeiling => "latency-ceiling",
        }
    }

    /// Whether it is about shares.
    pub fn is_share(self) -> bool {
        matches!(self, GuardCheckKind::SuccessDrop | GuardCheckKind::SuccessFloor)
    }
}
