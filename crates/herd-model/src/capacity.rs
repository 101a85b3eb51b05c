//! How memory, throughput and latency follow the number of goroutines, and what that says of more of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::GateVerdict;

/// What `goherd capacity` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CapacityReport {
    /// Rows with goroutines and memory, which the memory models rest on.
    pub rows: u64,
    /// Different numbers of goroutines among them.
    pub distinct: u64,
    /// Fewest goroutines of a row.
    pub goroutines_min: f64,
    /// Most goroutines of a row.
    pub goroutines_max: f64,
    /// Models of memory, the one with the least AIC first.
    pub memory: Vec<MemoryModel>,
    /// Throughput by the Universal Scalability Law, where rows have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throughput: Option<ThroughputModel>,
    /// Latency, where rows have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyModel>,
    /// What the first memory model says of the goroutines asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prediction: Option<CapacityPrediction>,
    /// Memory that must not be passed, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_bytes: Option<f64>,
    /// Goroutines at which the limit is passed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_reached: Option<LimitReached>,
    /// Whether the goroutines asked about fit the limit; `inconclusive` without a model to trust.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<GateVerdict>,
    /// Why no answer is given, or with what reserve.
    pub doubts: Vec<CapacityDoubt>,
    /// The rows as drawn, sorted by goroutines; thinned evenly beyond a limit, which `hidden` counts.
    pub points: CapacityPoints,
}

/// A model of memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MemoryModel {
    /// Which.
    pub kind: MemoryModelKind,
    /// `log-quadratic`: intercept, by goroutine, by goroutine²; power laws: factor A and exponent k of A·Cᵏ.
    pub coefficients: Vec<f64>,
    /// Standard errors: of the same for `log-quadratic`; of ln A (for least squares of memory itself: of ln memory at the centre) and k
    /// for power laws.
    pub errors: Vec<f64>,
    /// Share of the variance explained, of the response the model fits (`power-law-nls`: memory; the others: its logarithm).
    pub r_squared: f64,
    /// Akaike's criterion of memory itself, so that models of memory and of its logarithm compare; the variance is not counted.
    pub aic: f64,
    /// Root mean square of ln(memory / prediction), each row predicted by the other rows.
    pub cross_validation: f64,
    /// What its residuals say.
    pub diagnostics: Diagnostics,
}

/// Which model of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryModelKind {
    /// ln M = a + b·C + c·C², ordinary least squares.
    LogQuadratic,
    /// M = A·Cᵏ, ordinary least squares of ln M on ln C.
    PowerLawOls,
    /// M = A·Cᵏ, nonlinear least squares of M.
    PowerLawNls,
}

impl MemoryModelKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            MemoryModelKind::LogQuadratic => "log-quadratic",
            MemoryModelKind::PowerLawOls => "power-law-ols",
            MemoryModelKind::PowerLawNls => "power-law-nls",
        }
    }
}

/// What residuals say of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnostics {
    /// Durbin–Watson in the order of goroutines, ties in the order of the input; 2 for independent residuals.
    pub durbin_watson: f64,
    /// Two-sided p of it for many rows.
    pub durbin_watson_p: f64,
    /// Skewness g1, biased.
    pub skewness_g1: f64,
    /// Skewness G1, adjusted.
    pub skewness_adjusted: f64,
    /// Slope of √|studentised residual| on fitted values.
    pub scale_location_slope: f64,
    /// Two-sided p of it.
    pub scale_location_p: f64,
    /// Breusch–Pagan in Koenker's studentised form.
    pub breusch_pagan_koenker: f64,
    /// Its p.
    pub breusch_pagan_koenker_p: f64,
    /// Breusch–Pagan in the original form, for normal errors.
    pub breusch_pagan_original: f64,
    /// Its p.
    pub breusch_pagan_original_p: f64,
    /// Correlation of the normal quantile plot; 1 for normal residuals.
    pub qq_correlation: f64,
}

/// Throughput X(N) = λN / (1 + α(N − 1) + βN(N − 1)) over goroutines N, nonlinear least squares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ThroughputModel {
    /// Rows with goroutines and throughput.
    pub rows: u64,
    /// λ: requests a second of the first goroutine.
    pub lambda: f64,
    /// α: contention.
    pub alpha: f64,
    /// β: coherence.
    pub beta: f64,
    /// Standard errors of the three.
    pub errors: Vec<f64>,
    /// Share of the variance explained.
    pub r_squared: f64,
    /// Durbin–Watson in the order of goroutines.
    pub durbin_watson: f64,
    /// Goroutines at the peak, √((1 − α)/β); absent where the law has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_goroutines: Option<f64>,
    /// Requests a second at the peak.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_qps: Option<f64>,
    /// Whether the peak is among the goroutines measured; beyond them it is an extrapolation.
    pub peak_measured: bool,
}

/// Latency in the law's terms, R(N) = a + b(N − 1) + cN(N − 1) in milliseconds, ordinary least squares: N/X by Little's law.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyModel {
    /// Rows with goroutines and latency.
    pub rows: u64,
    /// a, b, c.
    pub coefficients: Vec<f64>,
    /// Their standard errors.
    pub errors: Vec<f64>,
    /// Share of the variance explained.
    pub r_squared: f64,
    /// Durbin–Watson in the order of goroutines.
    pub durbin_watson: f64,
    /// Latency at the goroutines asked about: expected, low, high.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predicted_ms: Option<[f64; 3]>,
}

/// Memory expected at a number of goroutines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CapacityPrediction {
    /// Goroutines.
    pub goroutines: f64,
    /// Memory expected, in bytes; the median where the model fits its logarithm.
    pub memory_bytes: f64,
    /// Lower bound of one new observation.
    pub low_bytes: f64,
    /// Upper bound of one new observation.
    pub high_bytes: f64,
    /// Confidence of the bounds, such as 0.95.
    pub confidence: f64,
    /// Whether more goroutines are asked about than were measured.
    pub extrapolated: bool,
}

/// Goroutines at which memory passes the limit. What is not reached up to three times the goroutines measured is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LimitReached {
    /// By the expected value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<f64>,
    /// By the upper bound of the prediction interval: from here on it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<f64>,
}

/// A reserve about a model, with the figure behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CapacityDoubt {
    /// Which.
    pub kind: CapacityDoubtKind,
    /// Whether it forbids an answer.
    pub refuses: bool,
    /// What was found.
    pub found: f64,
    /// What is asked for.
    pub wanted: f64,
}

/// Which reserve.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CapacityDoubtKind {
    /// Fewer rows than a model needs.
    FewRows,
    /// Fewer different numbers of goroutines than a curve needs.
    FewLevels,
    /// Goroutines vary too little to show a curve: most over fewest.
    NarrowRange,
    /// No model could be fitted to the rows.
    NoFit,
    /// Goroutines explain too little of memory: R² of the logarithm.
    Unexplained,
    /// Residuals next to each other are alike: the curve has another shape, or rows are not independent (Durbin–Watson).
    Shape,
    /// Residuals vary more here than there: bounds are too narrow on one side (p of Breusch–Pagan, Koenker).
    Spread,
    /// Residuals are skewed (G1).
    Skewed,
    /// Cross-validation prefers another model: its error over the best one's.
    Disagreement,
    /// More goroutines are asked about than the measured range supports: asked over most.
    FarBeyond,
}

impl CapacityDoubtKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            CapacityDoubtKind::FewRows => "few-rows",
            CapacityDoubtKind::FewLevels => "few-levels",
            CapacityDoubtKind::NarrowRange => "narrow-range",
            CapacityDoubtKind::NoFit => "no-fit",
            CapacityDoubtKind::Unexplained => "unexplained",
            CapacityDoubtKind::Shape => "shape",
            CapacityDoubtKind::Spread => "spread",
            CapacityDoubtKind::Skewed => "skewed",
            CapacityDoubtKind::Disagreement => "disagreement",
            CapacityDoubtKind::FarBeyond => "far-beyond",
        }
    }
}

/// Columns of equal length for drawing, all of the first memory model; `qq_` sorted, each for itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CapacityPoints {
    /// Goroutines.
    pub goroutines: Vec<f64>,
    /// Memory in bytes.
    pub memory_bytes: Vec<f64>,
    /// Memory as fitted, in bytes.
    pub fitted_bytes: Vec<f64>,
    /// Internally studentised residuals.
    pub studentised: Vec<f64>,
    /// Quantiles of the normal distribution.
    pub qq_normal: Vec<f64>,
    /// Studentised residuals, sorted.
    pub qq_values: Vec<f64>,
}
