//! Control against treatment of a rollout: four limits, each tested so that it may be looked at as often as one likes.

use herd_model::{GateVerdict, GuardArm, GuardCheck, GuardCheckKind, GuardReport, Measurement};

use crate::statistics::counts;
use crate::statistics::diagnostics::durbin_watson;
use crate::statistics::sequential::{ln_mixture_ratio, needed_for_width, sequence_half_width};

/// Looks at a growing part of the rows; the test holds at each.
const LOOKS: usize = 50;
/// Rows a variance of latencies needs on each side.
const LATENCY_ROWS_MIN: u64 = 30;
/// Requests, and failures of both sides together, before shares are near enough to normal to fail a rollout.
const REQUESTS_MIN: u64 = 30;
const FAILURES_MIN: f64 = 10.0;
/// The differences the test is best at, in limits: facts were measured with 20 ms for a limit of 30 ms.
const TAU_PER_LIMIT: f64 = 2.0 / 3.0;
/// How likely the number of observations that is called for leads to a decision.
const POWER: f64 = 0.8;
/// Autocorrelation that is believed at most; nearer to 1 the variance it implies has no bound.
const AUTOCORRELATION_MAX: f64 = 0.95;

/// What a rollout must keep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GuardLimits {
    /// How far treatment's success rate may fall below control's, as a share (0.0005).
    pub success_drop: f64,
    /// How far treatment's latency may rise above control's, in milliseconds.
    pub latency_rise_ms: f64,
    /// Success rate treatment must keep by itself, as a share (0.995).
    pub success_floor: f64,
    /// Latency treatment must keep by itself, in milliseconds.
    pub latency_ceiling_ms: f64,
    /// Level of all checks together.
    pub alpha: f64,
}

/// Which measures are judged. What is asked for and not measured is inconclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Success rates and latencies.
    Both,
    /// Success rates only.
    Success,
    /// Latencies only.
    Latency,
}

/// Judges. Rows of each side stand in order of time.
pub fn guard(control: &[Measurement], treatment: &[Measurement], limits: &GuardLimits, judged: Judged) -> GuardReport {
    let (old, new) = (Arm::of(control), Arm::of(treatment));
    let kinds: &[GuardCheckKind] = match judged {
        Judged::Both => &[
            GuardCheckKind::SuccessDrop,
            GuardCheckKind::LatencyRise,
            GuardCheckKind::SuccessFloor,
            GuardCheckKind::LatencyCeiling,
        ],
        Judged::Success => &[GuardCheckKind::SuccessDrop, GuardCheckKind::SuccessFloor],
        Judged::Latency => &[GuardCheckKind::LatencyRise, GuardCheckKind::LatencyCeiling],
    };
    // Bonferroni: the checks share the level.
    let alpha = limits.alpha / kinds.len() as f64;
    let checks: Vec<GuardCheck> = kinds.iter().map(|kind| check(*kind, &old, &new, limits, alpha)).collect();
    let any = |verdict| checks.iter().any(|check| check.verdict == verdict);
    let verdict = if any(GateVerdict::Fail) {
        GateVerdict::Fail
    } else if any(GateVerdict::Inconclusive) {
        GateVerdict::Inconclusive
    } else {
        GateVerdict::Pass
    };
    GuardReport {
        verdict,
        control: old.report(control.len()),
        treatment: new.report(treatment.len()),
        checks,
        alpha: limits.alpha,
    }
}

/// Running sums of one side: index i holds those of the first i rows.
struct Arm {
    requests: Vec<f64>,
    failures: Vec<f64>,
    dispersion: f64,
    latency: Vec<f64>,
    latency_square: Vec<f64>,
    /// Taken off each latency before it is squared, so that squares keep their digits.
    level: f64,
    autocorrelation: f64,
}

/// An estimate after some rows.
#[derive(Clone, Copy)]
struct Estimate {
    value: f64,
    /// Of the estimate itself.
    variance: f64,
    observations: u64,
    failures: f64,
}

impl Arm {
    fn of(rows: &[Measurement]) -> Arm {
        let counted: Vec<(f64, f64)> =
            rows.iter().filter_map(|row| Some((row.requests.filter(|requests| *requests > 0.0)?, row.failures?))).collect();
        let (requests, failures): (Vec<f64>, Vec<f64>) = counted.into_iter().unzip();
        let windows = requests.iter().any(|requests| *requests > 1.0);
        let dispersion = if windows { counts::dispersion(&failures, &requests).unwrap_or(1.0).max(1.0) } else { 1.0 };
        let latencies: Vec<f64> = rows.iter().filter_map(|row| row.latency_ms.filter(|ms| ms.is_finite())).collect();
        let level = latencies.first().copied().unwrap_or(0.0);
        let mean = latencies.iter().sum::<f64>() / latencies.len().max(1) as f64;
        let around: Vec<f64> = latencies.iter().map(|ms| ms - mean).collect();
        let first = 1.0 - durbin_watson(&around) / 2.0;
        let autocorrelation = if first.is_finite() { first.clamp(0.0, AUTOCORRELATION_MAX) } else { 0.0 };
        Arm {
            requests: running(requests.into_iter()),
            failures: running(failures.into_iter()),
            dispersion,
            latency_square: running(latencies.iter().map(|ms| (ms - level).powi(2))),
            latency: running(latencies.iter().map(|ms| ms - level)),
            level,
            autocorrelation,
        }
    }

    /// The success rate after a share of the rows. The variance counts one success and one failure more on each side, which keeps it from
    /// zero (A. Agresti and B. Caffo, The American Statistician 54, 2000).
    fn success(&self, share: f64) -> Option<Estimate> {
        let at = prefix(self.requests.len(), share)?;
        let (requests, failures) = (self.requests[at], self.failures[at]);
        let smoothed = (requests - failures + 1.0) / (requests + 2.0);
        let variance = self.dispersion * smoothed * (1.0 - smoothed) / requests;
        Some(Estimate { value: 1.0 - failures / requests, variance, observations: requests as u64, failures })
    }

    /// The mean latency after a share of the rows. Neighbours that are alike tell less than their number: the variance of a mean of a
    /// first-order autoregression is (1 + ρ)/(1 − ρ) times that of independent rows.
    fn latency(&self, share: f64) -> Option<Estimate> {
        let at = prefix(self.latency.len(), share).filter(|at| *at > 1)?;
        let rows = at as f64;
        let mean = self.latency[at] / rows;
        let spread = ((self.latency_square[at] - rows * mean * mean) / (rows - 1.0)).max(0.0);
        let alike = (1.0 + self.autocorrelation) / (1.0 - self.autocorrelation);
        Some(Estimate { value: self.level + mean, variance: spread * alike / rows, observations: at as u64, failures: 0.0 })
    }

    fn report(&self, rows: usize) -> GuardArm {
        let (success, latency) = (self.success(1.0), self.latency(1.0));
        let alike = (1.0 + self.autocorrelation) / (1.0 - self.autocorrelation);
        GuardArm {
            rows: rows as u64,
            requests: success.and_then(|_| self.requests.last().copied()),
            failures: success.and_then(|_| self.failures.last().copied()),
            dispersion: success.map(|_| self.dispersion),
            latency_ms: latency.map(|latency| latency.value),
            latency_sd_ms: latency.map(|latency| (latency.variance * latency.observations as f64 / alike).sqrt()),
            latency_autocorrelation: latency.map(|_| self.autocorrelation),
        }
    }
}

fn running(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let sums = values.scan(0.0, |sum, value| {
        *sum += value;
        Some(*sum)
    });
    std::iter::once(0.0).chain(sums).collect()
}

/// How many rows a share of them is; nothing for none.
fn prefix(sums: usize, share: f64) -> Option<usize> {
    let rows = sums - 1;
    let at = ((rows as f64 * share).ceil() as usize).min(rows);
    (at > 0).then_some(at)
}

/// What a check is about: positive where treatment is worse.
struct Stand {
    worse_by: f64,
    variance: f64,
    observations: u64,
    /// Enough to fail a rollout.
    enough: bool,
}

fn check(kind: GuardCheckKind, old: &Arm, new: &Arm, limits: &GuardLimits, alpha: f64) -> GuardCheck {
    let limit = match kind {
        GuardCheckKind::SuccessDrop => limits.success_drop,
        GuardCheckKind::LatencyRise => limits.latency_rise_ms,
        GuardCheckKind::SuccessFloor => limits.success_floor,
        GuardCheckKind::LatencyCeiling => limits.latency_ceiling_ms,
    };
    let unmeasured = GuardCheck {
        kind,
        verdict: GateVerdict::Inconclusive,
        limit,
        value: None,
        low: None,
        high: None,
        p: None,
        observations: 0,
        needed: None,
    };
    let stand = |share: f64| stand(kind, old, new, limit, share);
    let Some(last) = stand(1.0) else { return unmeasured };
    let tau = TAU_PER_LIMIT * if kind.is_share() { limits.success_drop } else { limits.latency_rise_ms };
    let looks = (1..=LOOKS).filter_map(|look| stand(look as f64 / LOOKS as f64)).filter(|stand| stand.enough);
    let (mut p, mut rejected) = (1.0_f64, false);
    for look in looks {
        let ln_ratio = if look.variance > 0.0 { ln_mixture_ratio(look.worse_by, look.variance, tau) } else { 0.0 };
        p = p.min((-ln_ratio).exp());
        rejected |= look.worse_by > 0.0 && ln_ratio >= -alpha.ln();
    }
    let half = if last.variance > 0.0 { sequence_half_width(last.variance, tau, alpha) } else { f64::INFINITY };
    // A floor or ceiling is the difference's own zero; a drop or rise has its limit beside zero.
    let allowed = if is_relative(kind) { limit } else { 0.0 };
    let verdict = if rejected && last.worse_by >= allowed && last.worse_by > 0.0 {
        GateVerdict::Fail
    } else if last.worse_by + half < allowed && observed_enough(kind, last.observations) {
        GateVerdict::Pass
    } else {
        GateVerdict::Inconclusive
    };
    let needed = (verdict == GateVerdict::Inconclusive).then(|| needed(&last, allowed, tau, alpha, kind)).flatten();
    let (value, low, high) = shown(kind, limit, last.worse_by, half);
    let finite = |value: f64| value.is_finite().then_some(value);
    GuardCheck {
        verdict,
        value: finite(value),
        low: finite(low),
        high: finite(high),
        p: Some(p),
        observations: last.observations,
        needed,
        ..unmeasured
    }
}

fn is_relative(kind: GuardCheckKind) -> bool {
    matches!(kind, GuardCheckKind::SuccessDrop | GuardCheckKind::LatencyRise)
}

fn observed_enough(kind: GuardCheckKind, observations: u64) -> bool {
    observations >= if kind.is_share() { REQUESTS_MIN } else { LATENCY_ROWS_MIN }
}

fn stand(kind: GuardCheckKind, old: &Arm, new: &Arm, limit: f64, share: f64) -> Option<Stand> {
    let of = |arm: &Arm| if kind.is_share() { arm.success(share) } else { arm.latency(share) };
    let treatment = of(new)?;
    let sign = if kind.is_share() { -1.0 } else { 1.0 };
    if !is_relative(kind) {
        let enough = observed_enough(kind, treatment.observations) && (!kind.is_share() || treatment.failures >= FAILURES_MIN);
        let (variance, observations) = (treatment.variance, treatment.observations);
        return Some(Stand { worse_by: sign * (treatment.value - limit), variance, observations, enough });
    }
    let control = of(old)?;
    let observations = control.observations.min(treatment.observations);
    let enough =
        observed_enough(kind, observations) && (!kind.is_share() || control.failures + treatment.failures >= FAILURES_MIN);
    let worse_by = sign * (treatment.value - control.value);
    Some(Stand { worse_by, variance: control.variance + treatment.variance, observations, enough })
}

/// Observations until the bounds leave the limit, or zero where treatment is beyond it, with probability [`POWER`] if the figures stay. A
/// treatment that stands better than control may be so by luck and is counted as equal: at 20,000 requests a side luck alone is worth
/// half of 0.05 points, and would promise a decision after a third of what it takes.
fn needed(stand: &Stand, allowed: f64, tau: f64, alpha: f64, kind: GuardCheckKind) -> Option<u64> {
    let beyond = stand.worse_by >= allowed && stand.worse_by > 0.0;
    let worse_by = if is_relative(kind) { stand.worse_by.max(0.0) } else { stand.worse_by };
    let width = if beyond { worse_by } else { allowed - worse_by };
    let least = if kind.is_share() { REQUESTS_MIN } else { LATENCY_ROWS_MIN };
    let of_one = stand.variance * stand.observations as f64;
    needed_for_width(width, of_one, tau, alpha, POWER).map(|needed| needed.max(least).max(stand.observations + 1))
}

/// Back from "worse by" to what the check is about.
fn shown(kind: GuardCheckKind, limit: f64, worse_by: f64, half: f64) -> (f64, f64, f64) {
    let sign = if kind.is_share() { -1.0 } else { 1.0 };
    let base = if is_relative(kind) { 0.0 } else { limit };
    let value = base + sign * worse_by;
    let most = if kind == GuardCheckKind::SuccessFloor { 1.0 } else { f64::INFINITY };
    (value, value - half, (value + half).min(most))
}
