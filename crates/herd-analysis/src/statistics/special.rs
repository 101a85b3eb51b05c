//! The gamma and beta functions and their incomplete forms in log space, on which every tail here rests.
//!
//! Densities follow C. Loader, "Fast and accurate computation of binomial probabilities" (2000): Stirling's formula with its error
//! term and deviances, which keep their digits where differences of log-gammas lose them.

use std::f64::consts::LN_2;

/// ln √(2π).
const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
/// Terms of a series or continued fraction; both take about the root of their largest parameter.
const TERMS_MAX: usize = 1_000_000;
/// Below it a term no longer changes a double.
const SMALL: f64 = 1e-16;
/// Keeps a continued fraction's denominators from zero (Thompson and Barnett 1986, the modified Lentz algorithm).
const TINY: f64 = 1e-300;

/// ln Γ(x) for x > 0.
pub fn ln_gamma(x: f64) -> f64 {
    (x - 0.5) * x.ln() - x + LN_SQRT_2PI + stirling_error(x)
}

/// ln(1 − eᵛ) for v ≤ 0 (M. Mächler, "Accurately computing log(1 − exp(−|a|))", 2012).
pub fn ln_one_minus_exp(v: f64) -> f64 {
    if v > -LN_2 { (-v.exp_m1()).ln() } else { (-v.exp()).ln_1p() }
}

/// ln of the Poisson density e^−λ λˣ / Γ(x + 1), for any real x ≥ 0.
pub fn ln_poisson_density(x: f64, lambda: f64) -> f64 {
    if lambda <= 0.0 {
        return if x <= 0.0 { 0.0 } else { f64::NEG_INFINITY };
    }
    if x <= 0.0 {
        return -lambda;
    }
    -stirling_error(x) - deviance(x, lambda) - LN_SQRT_2PI - 0.5 * x.ln()
}

/// ln of the binomial density of x of n at probability p, for any real 0 ≤ x ≤ n; `q` is 1 − p, given so that it keeps its digits.
pub fn ln_binomial_density(x: f64, n: f64, p: f64, q: f64) -> f64 {
    if p <= 0.0 {
        return if x <= 0.0 { 0.0 } else { f64::NEG_INFINITY };
    }
    if q <= 0.0 {
        return if x >= n { 0.0 } else { f64::NEG_INFINITY };
    }
    if x <= 0.0 {
        return n * ln_of(q, p);
    }
    if x >= n {
        return n * ln_of(p, q);
    }
    let rest = n - x;
    stirling_error(n) - stirling_error(x) - stirling_error(rest) - deviance(x, n * p) - deviance(rest, n * q) - LN_SQRT_2PI
        + 0.5 * (n / x / rest).ln()
}

/// (ln P, ln Q): the regularised incomplete gamma function of a > 0 at x ≥ 0 and its complement.
/// Series DLMF 8.11.4 below a + 1, continued fraction DLMF 8.9.2 above.
pub fn ln_incomplete_gamma(a: f64, x: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    let density = ln_poisson_density(a, x);
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0, 1.0);
        for step in 1..TERMS_MAX {
            term *= x / (a + step as f64);
            sum += term;
            if term < sum * SMALL {
                break;
            }
        }
        let lower = (density + sum.ln()).min(0.0);
        return (lower, ln_one_minus_exp(lower));
    }
    let upper = (density + a.ln() + gamma_fraction(a, x).ln()).min(0.0);
    (ln_one_minus_exp(upper), upper)
}

fn gamma_fraction(a: f64, x: f64) -> f64 {
    let mut base = x + 1.0 - a;
    let mut above = 1.0 / TINY;
    let mut below = 1.0 / base;
    let mut fraction = below;
    for step in 1..TERMS_MAX {
        let step = step as f64;
        let factor = step * (a - step);
        base += 2.0;
        below = 1.0 / away_from_zero(factor * below + base);
        above = away_from_zero(base + factor / above);
        fraction *= below * above;
        if (below * above - 1.0).abs() < SMALL {
            break;
        }
    }
    fraction
}

/// (ln I, ln(1 − I)): the regularised incomplete beta function of a, b > 0 at x and its complement; `y` is 1 − x.
/// Continued fraction DLMF 8.17.22, on the side where it converges.
pub fn ln_incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if y <= 0.0 {
        return (0.0, f64::NEG_INFINITY);
    }
    let front = ln_binomial_density(a, a + b, x, y) - (a + b).ln();
    if x < (a + 1.0) / (a + b + 2.0) {
        let lower = (front + b.ln() + beta_fraction(a, b, x).ln()).min(0.0);
        (lower, ln_one_minus_exp(lower))
    } else {
        let upper = (front + a.ln() + beta_fraction(b, a, y).ln()).min(0.0);
        (ln_one_minus_exp(upper), upper)
    }
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut above = 1.0;
    let mut below = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = below;
    for step in 1..TERMS_MAX {
        let m = step as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        below = 1.0 / away_from_zero(1.0 + even * below);
        above = away_from_zero(1.0 + even / above);
        fraction *= below * above;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        below = 1.0 / away_from_zero(1.0 + odd * below);
        above = away_from_zero(1.0 + odd / above);
        fraction *= below * above;
        if (below * above - 1.0).abs() < SMALL {
            break;
        }
    }
    fraction
}

fn away_from_zero(value: f64) -> f64 {
    if value.abs() < TINY { TINY } else { value }
}

/// ln v where v = 1 − w, by whichever of the two has the digits.
fn ln_of(v: f64, w: f64) -> f64 {
    if w < 0.5 { (-w).ln_1p() } else { v.ln() }
}

/// ln Γ(x + 1) − (x + ½) ln x + x − ln √(2π), for x > 0: the asymptotic series DLMF 5.11.1 from 16 on, the recurrence
/// δ(x) = δ(x + 1) + (x + ½) ln(1 + 1/x) − 1 below.
fn stirling_error(x: f64) -> f64 {
    let mut from = x;
    let mut sum = 0.0;
    while from < 16.0 {
        sum += (from + 0.5) * (1.0 / from).ln_1p() - 1.0;
        from += 1.0;
    }
    let square = from * from;
    let tail = 1.0 / 1680.0 - 1.0 / 1188.0 / square;
    sum + (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - tail / square) / square) / square) / from
}

/// Loader's deviance: x ln(x/m) + m − x.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let ratio = (x - mean) / (x + mean);
    let mut sum = (x - mean) * ratio;
    let mut power = 2.0 * x * ratio;
    for step in 1..1000 {
        power *= ratio * ratio;
        let next = sum + power / f64::from(2 * step + 1);
        if next.to_bits() == sum.to_bits() {
            break;
        }
        sum = next;
    }
    sum
}
