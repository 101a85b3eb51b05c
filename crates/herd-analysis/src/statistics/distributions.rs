//! Tails and quantiles of the normal, χ², t, F, binomial and Poisson distributions. Tails are exact to about 1e-12 of themselves however
//! small they are; `ln_` forms do not underflow.

use std::f64::consts::LN_2;

use super::special::{ln_incomplete_beta, ln_incomplete_gamma};

/// Halvings of a bracket: past them a double does not change.
const HALVINGS: usize = 200;

/// ln P(Z ≥ z) of the standard normal.
pub fn ln_normal_upper(z: f64) -> f64 {
    let (lower, upper) = ln_incomplete_gamma(0.5, z * z / 2.0);
    (if z >= 0.0 { upper } else { lower.exp().ln_1p() }) - LN_2
}

/// P(Z ≥ z) of the standard normal.
pub fn normal_upper(z: f64) -> f64 {
    ln_normal_upper(z).exp()
}

/// P(Z ≤ z) of the standard normal.
pub fn normal_lower(z: f64) -> f64 {
    normal_upper(-z)
}

/// The z with P(Z ≤ z) = p, for 0 < p < 1; infinite at the ends. Abramowitz and Stegun 26.2.23, then Newton's steps on the tail.
pub fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return if p <= 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let tail = p.min(1.0 - p);
    let t = (-2.0 * tail.ln()).sqrt();
    let above = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let below = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let mut z = t - above / below;
    for _ in 0..4 {
        // In logarithms the step keeps its digits in far tails: d ln Q / dz = −φ/Q.
        let ln_upper = ln_normal_upper(z);
        let ln_density = -z * z / 2.0 - 0.918_938_533_204_672_8;
        z += (ln_upper - tail.ln()) * (ln_upper - ln_density).exp();
    }
    if p < 0.5 { -z } else { z }
}

/// P(X ≥ x) of χ² with `df` degrees of freedom.
pub fn chi_squared_upper(x: f64, df: f64) -> f64 {
    ln_incomplete_gamma(df / 2.0, x / 2.0).1.exp()
}

/// P(T ≥ t) of Student's t with `df` degrees of freedom.
pub fn t_upper(t: f64, df: f64) -> f64 {
    let square = t * t;
    let (inner, _) = ln_incomplete_beta(df / 2.0, 0.5, df / (df + square), square / (df + square));
    let tail = 0.5 * inner.exp();
    if t >= 0.0 { tail } else { 1.0 - tail }
}

/// P(|T| ≥ |t|) of Student's t.
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    2.0 * t_upper(t.abs(), df)
}

/// The t with P(T ≤ t) = p, for 0 < p < 1; infinite at the ends.
pub fn t_quantile(p: f64, df: f64) -> f64 {
    if p <= 0.0 || p >= 1.0 {
        return if p <= 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let tail = p.min(1.0 - p);
    let mut high = 1.0;
    while t_upper(high, df) > tail && high < 1e300 {
        high *= 2.0;
    }
    let t = falling_root(0.0, high, |t| t_upper(t, df) - tail);
    if p < 0.5 { -t } else { t }
}

/// P(F ≥ f) of F with `above` and `below` degrees of freedom.
pub fn f_upper(f: f64, above: f64, below: f64) -> f64 {
    let whole = below + above * f;
    ln_incomplete_beta(below / 2.0, above / 2.0, below / whole, above * f / whole).0.exp()
}

/// (ln P(Y ≤ y), ln P(Y ≥ y)) of a binomial of n at p. Counts need not be whole: between them the incomplete beta function goes on,
/// which is what over-dispersed counts divided by their dispersion need.
pub fn ln_binomial_tails(y: f64, n: f64, p: f64) -> (f64, f64) {
    let lower = if y >= n { 0.0 } else { ln_incomplete_beta(y + 1.0, n - y, p, 1.0 - p).1 };
    let upper = if y <= 0.0 { 0.0 } else { ln_incomplete_beta(y, n - y + 1.0, p, 1.0 - p).0 };
    (lower, upper)
}

/// (ln P(Y ≤ y), ln P(Y ≥ y)) of a Poisson count of mean λ.
pub fn ln_poisson_tails(y: f64, lambda: f64) -> (f64, f64) {
    let lower = ln_incomplete_gamma(y + 1.0, lambda).1;
    let upper = if y <= 0.0 { 0.0 } else { ln_incomplete_gamma(y, lambda).0 };
    (lower, upper)
}

/// The x at which the regularised incomplete beta function of a, b reaches p.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    falling_root(0.0, 1.0, |x| p - ln_incomplete_beta(a, b, x, 1.0 - x).0.exp())
}

/// Where a falling function crosses zero between two places, by halving.
pub fn falling_root(mut low: f64, mut high: f64, value: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if value(middle) > 0.0 { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}
