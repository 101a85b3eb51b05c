//! Tests that may be looked at as often as one likes: the mixture sequential probability ratio test and the confidence sequence that
//! goes with it (R. Johari, P. Koomen, L. Pekelis and D. Walsh, Operations Research 70, 2022; H. Robbins, Ann. Math. Statist. 41, 1970).

use super::distributions::{falling_root, normal_quantile};

/// Farthest projection of how many observations are needed.
const NEEDED_MAX: f64 = 1e12;

/// ln Λ of a difference `d` whose estimate has variance `variance` (σx²/nx + σy²/ny), against none, mixed over differences of standard
/// deviation `tau`: Λ = √(V/(V + τ²)) · exp(τ² d² / (2 V (V + τ²))). The first look at which Λ ≥ 1/α rejects at level α, whenever it is.
pub fn ln_mixture_ratio(d: f64, variance: f64, tau: f64) -> f64 {
    let square = tau * tau;
    0.5 * (variance / (variance + square)).ln() + square * d * d / (2.0 * variance * (variance + square))
}

/// Half the width of the confidence sequence at level 1 − α: the d at which Λ reaches 1/α.
pub fn sequence_half_width(variance: f64, tau: f64, alpha: f64) -> f64 {
    let square = tau * tau;
    let ln_needed = -alpha.ln() + 0.5 * ((variance + square) / variance).ln();
    (2.0 * variance * (variance + square) / square * ln_needed).sqrt()
}

/// p-values that hold at any look: the running minimum of 1/Λ, at most 1.
pub fn always_valid_p(ln_ratios: &[f64]) -> Vec<f64> {
    let mut least: f64 = 0.0;
    let falling = ln_ratios.iter().map(|ln_ratio| {
        least = least.min(-ln_ratio);
        least.exp()
    });
    falling.collect()
}

/// Observations each side needs until the bounds leave what is `width` away with probability `power`, when one observation each side has
/// variance `of_one` (σx² + σy²): half width and the estimate's own error, z(power)·√V, fit into it. Nothing beyond 1e12.
pub fn needed_for_width(width: f64, of_one: f64, tau: f64, alpha: f64, power: f64) -> Option<u64> {
    if width <= 0.0 || of_one <= 0.0 {
        return None;
    }
    let error = normal_quantile(power);
    let excess = |ln_n: f64| {
        let variance = of_one / ln_n.exp();
        sequence_half_width(variance, tau, alpha) + error * variance.sqrt() - width
    };
    let end = NEEDED_MAX.ln();
    (excess(end) < 0.0).then(|| falling_root(0.0, end, excess).exp().ceil() as u64)
}
