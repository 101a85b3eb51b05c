//! Tests of counts: two rates against each other, many at once, and how much more than chance counts vary.

use super::distributions::{beta_quantile, ln_binomial_tails, normal_upper};

/// Whether the second of two counts is more, or less, than its exposure explains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateTest {
    /// (y / k2) / (x / k1); infinite where x is zero.
    pub ratio: f64,
    /// P of so many or more on the second side when both rates are alike.
    pub p_more: f64,
    /// P of so few or fewer.
    pub p_less: f64,
    /// Twice the smaller of the two, at most 1.
    pub p: f64,
    /// ln of `p`, which tells more where `p` is zero in a double.
    pub ln_p: f64,
}

/// The conditional binomial test: given x + y, y ~ Bin(x + y, k2 / (k1 + k2)) when both rates are alike (J. Przyborowski and H. Wilenski,
/// Biometrika 31, 1940). `dispersion` φ ≥ 1 is how many times the variance of chance counts have: both counts are divided by it, which
/// keeps the ratio and takes the evidence of fewer independent events (quasi-likelihood, R. Wedderburn, Biometrika 61, 1974).
/// Nothing for exposures that are not positive or when there is no count at all.
pub fn conditional_binomial(x: f64, y: f64, k1: f64, k2: f64, dispersion: f64) -> Option<RateTest> {
    let usable = x >= 0.0 && y >= 0.0 && k1 > 0.0 && k2 > 0.0 && x + y > 0.0 && (x + y + k1 + k2).is_finite();
    if !usable {
        return None;
    }
    let dispersion = dispersion.max(1.0);
    let (ln_less, ln_more) = ln_binomial_tails(y / dispersion, (x + y) / dispersion, k2 / (k1 + k2));
    let ln_p = (ln_less.min(ln_more) + std::f64::consts::LN_2).min(0.0);
    Some(RateTest { ratio: (y / k2) / (x / k1), p_more: ln_more.exp(), p_less: ln_less.exp(), p: ln_p.exp(), ln_p })
}

/// Bounds of the ratio of two rates at `confidence` (0.95 for 95 %), from those of Clopper and Pearson (Biometrika 26, 1934) for y of
/// x + y.
pub fn rate_ratio_interval(x: f64, y: f64, k1: f64, k2: f64, confidence: f64) -> (f64, f64) {
    let tail = (1.0 - confidence) / 2.0;
    let low = if y <= 0.0 { 0.0 } else { beta_quantile(tail, y, x + 1.0) };
    let high = if x <= 0.0 { 1.0 } else { beta_quantile(1.0 - tail, y + 1.0, x) };
    let ratio = |p: f64| p / (1.0 - p) * k1 / k2;
    (ratio(low), ratio(high))
}

/// The log ratio of two Poisson rates: (estimate, standard error, two-sided p) by Wald's statistic ln((y/k2)/(x/k1)) / √(φ (1/x + 1/y))
/// (H. Ng and M. Tang, Statistics in Medicine 24, 2005). Nothing where a count is zero.
pub fn poisson_log_ratio(x: f64, y: f64, k1: f64, k2: f64, dispersion: f64) -> Option<(f64, f64, f64)> {
    if !(x > 0.0 && y > 0.0 && k1 > 0.0 && k2 > 0.0) {
        return None;
    }
    let estimate = ((y / k2) / (x / k1)).ln();
    let error = (dispersion.max(1.0) * (1.0 / x + 1.0 / y)).sqrt();
    Some((estimate, error, 2.0 * normal_upper((estimate / error).abs())))
}

/// How many times chance's variance counts of like runs have: Pearson's χ² over its degrees of freedom. `counts` and `exposures` go
/// together. Nothing for fewer than two runs.
pub fn dispersion(counts: &[f64], exposures: &[f64]) -> Option<f64> {
    let (sum, exposed): (f64, f64) = (counts.iter().sum(), exposures.iter().sum());
    if counts.len() < 2 || counts.len() != exposures.len() || sum <= 0.0 || exposed <= 0.0 {
        return None;
    }
    let rate = sum / exposed;
    let pearson: f64 =
        counts.iter().zip(exposures).map(|(count, exposure)| (count - rate * exposure).powi(2) / (rate * exposure)).sum();
    Some(pearson / (counts.len() - 1) as f64)
}

/// Variance, in bytes², of what one site of a heap profile is said to hold, which comes from sampling alone. `count` and `size` are the
/// objects and bytes each the profile states (already scaled up), `rate` the sampling period in bytes. An object is sampled with
/// probability s = 1 − exp(−size/rate), and each sample stands for 1/s of them (runtime/mprof.go and runtime/pprof/protomem.go,
/// `scaleHeapSample`, Go 1.26): n·(1 − s)·(size/s)² of the n = count·s that were sampled.
pub fn heap_sampling_variance(count: f64, size: f64, rate: f64) -> f64 {
    if rate <= 1.0 || size <= 0.0 {
        return 0.0;
    }
    let sampled = -(-size / rate).exp_m1();
    count * sampled * (1.0 - sampled) * (size / sampled).powi(2)
}

/// The p-values adjusted so that taking those below q keeps the share of false ones below q, in the order given (Y. Benjamini and
/// Y. Hochberg, J. R. Statist. Soc. B 57, 1995).
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*b].total_cmp(&p[*a]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least: f64 = 1.0;
    for (larger, index) in order.into_iter().enumerate() {
        let rank = (p.len() - larger) as f64;
        // n/n is not always 1 after rounding, and no p may fall.
        least = least.min((p[index] * p.len() as f64 / rank).max(p[index]));
        adjusted[index] = least;
    }
    adjusted
}
