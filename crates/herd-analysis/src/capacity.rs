//! How memory, throughput and latency follow the number of goroutines: models fitted, compared, doubted, and asked about more goroutines.

use std::collections::BTreeMap;

use herd_model::{
    CapacityDoubt, CapacityDoubtKind, CapacityPoints, CapacityPrediction, CapacityReport, GateVerdict, LatencyModel,
    LimitReached, Measurement, MemoryModel, ThroughputModel,
};

use crate::capacity_memory::{MemoryFit, fit_all};
use crate::statistics::curves::{usl, usl_curve, usl_peak};
use crate::statistics::diagnostics::{durbin_watson, normal_quantiles};
use crate::statistics::distributions::falling_root;
use crate::statistics::ols::ols;

/// Rows a model rests on at least: ten more than the parameters of the largest would be better, but load tests have few steps.
const ROWS_MIN: usize = 12;
/// Different numbers of goroutines a curve needs.
const LEVELS_MIN: usize = 6;
/// Most over fewest goroutines below which every curve is a line.
const RANGE_MIN: f64 = 2.0;
/// How far beyond the goroutines measured an answer is given.
const BEYOND_MAX: f64 = 3.0;
/// Share of the variance a model explains at least.
const R_SQUARED_MIN: f64 = 0.5;
/// Level of the tests on residuals.
const DOUBT_P: f64 = 0.01;
/// Level at which uneven spread forbids bounds.
const SPREAD_REFUSES_P: f64 = 0.001;
/// First autocorrelation of residuals that forbids a model: many rows find smaller ones that hurt nobody.
const AUTOCORRELATION_MAX: f64 = 0.25;
/// Skewness that is worth a word, when it is also beyond chance.
const SKEWNESS_MAX: f64 = 1.0;
/// Models whose AIC is farther from the best have no support (K. Burnham and D. Anderson, Model Selection, 2002, ch. 2.6).
const AIC_SUPPORTED: f64 = 10.0;
/// Cross-validation error over the best one's that is worth a word.
const CROSS_VALIDATION_MAX: f64 = 1.1;
/// Points listed for drawing.
const POINTS_MAX: usize = 2000;

/// What is asked of the models.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asked {
    /// Goroutines to predict for.
    pub at: Option<f64>,
    /// Memory that must not be passed, in bytes.
    pub limit_bytes: Option<f64>,
    /// Confidence of bounds, such as 0.95.
    pub confidence: f64,
}

/// Fits every model the rows allow and answers what is asked. Rows without goroutines and memory above zero, and points not listed, are
/// counted in `hidden`.
pub fn capacity(rows: &[Measurement], asked: &Asked, hidden: &mut BTreeMap<String, u64>) -> CapacityReport {
    let pairs = sorted_pairs(rows, |row| row.memory_bytes);
    let (c, m): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    count(hidden, "rows_left_out", rows.len() - c.len());
    let most = c.last().copied().unwrap_or(0.0);
    let mut doubts = of_rows(&c);
    let mut fits = if doubts.is_empty() { fit_all(&c, &m) } else { Vec::new() };
    if fits.is_empty() && doubts.is_empty() {
        doubts.push(doubt(CapacityDoubtKind::NoFit, true, 0.0, 1.0));
    }
    fits.sort_by(|a, b| a.model.aic.total_cmp(&b.model.aic));
    doubts.extend(fits.first().map(|best| of_model(best, &fits, c.len())).unwrap_or_default());
    doubts.extend(
        asked
            .at
            .filter(|at| *at > BEYOND_MAX * most)
            .map(|at| doubt(CapacityDoubtKind::FarBeyond, true, at / most.max(1.0), BEYOND_MAX)),
    );
    let mut verdict = gate(&fits, asked);
    if verdict == Some(GateVerdict::Inconclusive) && disagree(&fits, asked) {
        doubts.push(doubt(CapacityDoubtKind::Disagreement, false, f64::from(supported(&fits).count() as u32), 1.0));
    }
    let refused = fits.is_empty() || doubts.iter().any(|doubt| doubt.refuses);
    if refused {
        verdict = verdict.or(asked.at.or(asked.limit_bytes).map(|_| GateVerdict::Inconclusive));
        verdict = verdict.map(|_| GateVerdict::Inconclusive);
    }
    let best = fits.first().filter(|_| !refused);
    CapacityReport {
        rows: c.len() as u64,
        distinct: levels(&c) as u64,
        goroutines_min: c.first().copied().unwrap_or(0.0),
        goroutines_max: most,
        throughput: throughput(rows),
        latency: latency(rows, asked),
        prediction: best.zip(asked.at).map(|(best, at)| prediction(best, at, most, asked.confidence)),
        limit_bytes: asked.limit_bytes,
        limit_reached: best.zip(asked.limit_bytes).map(|(best, limit)| limit_reached(best, limit, &c, asked.confidence)),
        verdict,
        doubts,
        points: points(&c, &m, fits.first(), hidden),
        memory: fits.into_iter().map(|fit| fit.model).collect::<Vec<MemoryModel>>(),
    }
}

/// (goroutines, value) of the rows that have both above zero, by goroutines; ties stay in the order of the input.
fn sorted_pairs(rows: &[Measurement], value: impl Fn(&Measurement) -> Option<f64>) -> Vec<(f64, f64)> {
    let usable = |value: &f64| value.is_finite() && *value > 0.0;
    let pair = |row: &Measurement| Some((row.goroutines.filter(usable)?, value(row).filter(usable)?));
    let mut pairs: Vec<(f64, f64)> = rows.iter().filter_map(pair).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    pairs
}

fn levels(sorted: &[f64]) -> usize {
    sorted.chunk_by(|a, b| a.total_cmp(b).is_eq()).count()
}

fn count(hidden: &mut BTreeMap<String, u64>, name: &str, left_out: usize) {
    if left_out > 0 {
        hidden.insert(name.to_owned(), left_out as u64);
    }
}

fn doubt(kind: CapacityDoubtKind, refuses: bool, found: f64, wanted: f64) -> CapacityDoubt {
    CapacityDoubt { kind, refuses, found, wanted }
}

/// What forbids a model before one is fitted.
fn of_rows(c: &[f64]) -> Vec<CapacityDoubt> {
    if c.len() < ROWS_MIN {
        return vec![doubt(CapacityDoubtKind::FewRows, true, c.len() as f64, ROWS_MIN as f64)];
    }
    if levels(c) < LEVELS_MIN {
        return vec![doubt(CapacityDoubtKind::FewLevels, true, levels(c) as f64, LEVELS_MIN as f64)];
    }
    let range = c[c.len() - 1] / c[0];
    if range < RANGE_MIN { vec![doubt(CapacityDoubtKind::NarrowRange, true, range, RANGE_MIN)] } else { Vec::new() }
}

/// What its residuals and its rivals say against the best model.
fn of_model(best: &MemoryFit, fits: &[MemoryFit], rows: usize) -> Vec<CapacityDoubt> {
    let model = &best.model;
    let found = &model.diagnostics;
    let mut doubts = Vec::new();
    if model.r_squared < R_SQUARED_MIN {
        doubts.push(doubt(CapacityDoubtKind::Unexplained, true, model.r_squared, R_SQUARED_MIN));
    }
    if found.durbin_watson_p < DOUBT_P {
        let refuses = (1.0 - found.durbin_watson / 2.0).abs() > AUTOCORRELATION_MAX;
        doubts.push(doubt(CapacityDoubtKind::Shape, refuses, found.durbin_watson, 2.0));
    }
    if found.breusch_pagan_koenker_p < DOUBT_P {
        let refuses = found.breusch_pagan_koenker_p < SPREAD_REFUSES_P;
        doubts.push(doubt(CapacityDoubtKind::Spread, refuses, found.breusch_pagan_koenker_p, DOUBT_P));
    }
    // The standard deviation of g1 of normal rows is about √(6/n); 2.6 of them are one in a hundred.
    let skew_max = SKEWNESS_MAX.max(2.6 * (6.0 / rows as f64).sqrt());
    if found.skewness_adjusted.abs() > skew_max {
        doubts.push(doubt(CapacityDoubtKind::Skewed, false, found.skewness_adjusted, skew_max));
    }
    let least = fits.iter().map(|fit| fit.model.cross_validation).fold(f64::INFINITY, f64::min);
    if model.cross_validation > CROSS_VALIDATION_MAX * least {
        doubts.push(doubt(CapacityDoubtKind::Disagreement, false, model.cross_validation / least, CROSS_VALIDATION_MAX));
    }
    doubts
}

fn supported(fits: &[MemoryFit]) -> impl Iterator<Item = &MemoryFit> {
    let best = fits.first().map_or(0.0, |fit| fit.model.aic);
    fits.iter().filter(move |fit| fit.model.aic - best <= AIC_SUPPORTED)
}

/// What each supported model answers; the gate's verdict needs all of them.
fn answers(fits: &[MemoryFit], asked: &Asked) -> Option<Vec<GateVerdict>> {
    let (at, limit) = asked.at.zip(asked.limit_bytes)?;
    let one = |fit: &MemoryFit| {
        let predicted = fit.predict(at, asked.confidence);
        if predicted.mean > limit {
            GateVerdict::Fail
        } else if predicted.high <= limit {
            GateVerdict::Pass
        } else {
            GateVerdict::Inconclusive
        }
    };
    Some(supported(fits).map(one).collect())
}

fn gate(fits: &[MemoryFit], asked: &Asked) -> Option<GateVerdict> {
    let answers = answers(fits, asked)?;
    let first = answers.first().copied()?;
    Some(if answers.iter().all(|answer| *answer == first) { first } else { GateVerdict::Inconclusive })
}

fn disagree(fits: &[MemoryFit], asked: &Asked) -> bool {
    answers(fits, asked).is_some_and(|answers| answers.windows(2).any(|pair| pair[0] != pair[1]))
}

fn prediction(best: &MemoryFit, at: f64, most: f64, confidence: f64) -> CapacityPrediction {
    let predicted = best.predict(at, confidence);
    CapacityPrediction {
        goroutines: at,
        memory_bytes: predicted.mean,
        low_bytes: predicted.low.max(0.0),
        high_bytes: predicted.high,
        confidence,
        extrapolated: at > most,
    }
}

/// The first crossings of the limit, looked for in small steps as a quadratic may turn.
fn limit_reached(best: &MemoryFit, limit: f64, c: &[f64], confidence: f64) -> LimitReached {
    const STEPS: u32 = 600;
    let (fewest, most) = (c[0], BEYOND_MAX * c[c.len() - 1]);
    let crossing = |value: &dyn Fn(f64) -> f64| {
        let place = |step: u32| fewest + (most - fewest) * f64::from(step) / f64::from(STEPS);
        if value(fewest) > limit {
            return Some(fewest);
        }
        let step = (1..=STEPS).find(|step| value(place(*step)) > limit)?;
        Some(falling_root(place(step - 1), place(step), |at| limit - value(at)))
    };
    LimitReached {
        expected: crossing(&|at| best.predict(at, confidence).mean),
        earliest: crossing(&|at| best.predict(at, confidence).high),
    }
}

fn throughput(rows: &[Measurement]) -> Option<ThroughputModel> {
    let (n, x): (Vec<f64>, Vec<f64>) = sorted_pairs(rows, |row| row.qps).into_iter().unzip();
    if n.len() < ROWS_MIN || levels(&n) < LEVELS_MIN {
        return None;
    }
    let fit = usl(&n, &x).filter(|fit| fit.parameters.iter().chain(&fit.errors).all(|value| value.is_finite()))?;
    let [lambda, alpha, beta] = [fit.parameters[0], fit.parameters[1], fit.parameters[2]];
    let peak = usl_peak(alpha, beta);
    Some(ThroughputModel {
        rows: n.len() as u64,
        lambda,
        alpha,
        beta,
        r_squared: fit.r_squared,
        durbin_watson: durbin_watson(&fit.residuals),
        peak_goroutines: peak,
        peak_qps: peak.map(|peak| usl_curve(&fit.parameters, peak).0),
        peak_measured: peak.is_some_and(|peak| peak <= n[n.len() - 1]),
        errors: fit.errors,
    })
}

fn latency(rows: &[Measurement], asked: &Asked) -> Option<LatencyModel> {
    let (n, r): (Vec<f64>, Vec<f64>) = sorted_pairs(rows, |row| row.latency_ms).into_iter().unzip();
    if n.len() < ROWS_MIN || levels(&n) < LEVELS_MIN {
        return None;
    }
    let regressors = |n: f64| [n - 1.0, n * (n - 1.0)];
    let fit = ols(&[0, 1].map(|at| n.iter().map(|n| regressors(*n)[at]).collect::<Vec<f64>>()), &r)?;
    let near = asked.at.filter(|at| *at <= BEYOND_MAX * n[n.len() - 1]);
    let predicted_ms = near.map(|at| fit.predict(&regressors(at), asked.confidence));
    Some(LatencyModel {
        rows: n.len() as u64,
        r_squared: fit.r_squared,
        durbin_watson: durbin_watson(&fit.residuals),
        predicted_ms: predicted_ms.map(|predicted| [predicted.mean, predicted.low.max(0.0), predicted.high]),
        coefficients: fit.coefficients,
        errors: fit.errors,
    })
}

fn points(c: &[f64], m: &[f64], best: Option<&MemoryFit>, hidden: &mut BTreeMap<String, u64>) -> CapacityPoints {
    let stride = c.len().div_ceil(POINTS_MAX).max(1);
    let thin = |values: &[f64]| values.iter().step_by(stride).copied().collect::<Vec<f64>>();
    count(hidden, "points_not_listed", c.len() - c.len().div_ceil(stride));
    let quantiles = best.map(|best| normal_quantiles(&best.studentised));
    CapacityPoints {
        goroutines: thin(c),
        memory_bytes: thin(m),
        fitted_bytes: best.map(|best| thin(&best.fitted_bytes)).unwrap_or_default(),
        studentised: best.map(|best| thin(&best.studentised)).unwrap_or_default(),
        qq_normal: quantiles.as_ref().map(|quantiles| thin(&quantiles.normal)).unwrap_or_default(),
        qq_values: quantiles.as_ref().map(|quantiles| thin(&quantiles.values)).unwrap_or_default(),
    }
}
