//! Two shares against each other, and how many observations a comparison needs.

use super::distributions::{normal_quantile, normal_upper};
use super::special::ln_binomial_density;

/// Equal probabilities differ by rounding; R and scipy take the same slack.
const TIES: f64 = 1.0 + 1e-7;

/// Fisher's exact test of a 2×2 table of counts [[a, b], [c, d]]: the two-sided p, the sum over all tables of the same margins that
/// are no more likely than this one (R. Fisher, 1935). Cost: the smaller margin.
pub fn fisher_exact(a: u64, b: u64, c: u64, d: u64) -> f64 {
    let (first, second, drawn) = (a + b, c + d, a + c);
    let total = first + second;
    if first == 0 || second == 0 || drawn == 0 || drawn == total {
        return 1.0;
    }
    let share = drawn as f64 / total as f64;
    let density = |x: u64| {
        ln_binomial_density(x as f64, first as f64, share, 1.0 - share)
            + ln_binomial_density((drawn - x) as f64, second as f64, share, 1.0 - share)
            - ln_binomial_density(drawn as f64, total as f64, share, 1.0 - share)
    };
    let seen = density(a) + TIES.ln();
    let least = drawn.saturating_sub(second);
    (least..=drawn.min(first)).map(density).filter(|ln| *ln <= seen).map(f64::exp).sum::<f64>().min(1.0)
}

/// The z-test of two shares with the pooled variance: (z, two-sided p). Nothing where neither side varies.
pub fn two_proportion_z(successes: [f64; 2], of: [f64; 2]) -> Option<(f64, f64)> {
    let pooled = (successes[0] + successes[1]) / (of[0] + of[1]);
    let error = (pooled * (1.0 - pooled) * (1.0 / of[0] + 1.0 / of[1])).sqrt();
    let z = (successes[0] / of[0] - successes[1] / of[1]) / error;
    z.is_finite().then(|| (z, 2.0 * normal_upper(z.abs())))
}

/// Observations each side needs so that a two-sided test at level `alpha` finds two shares different with probability `power`
/// (J. Fleiss, Statistical Methods for Rates and Proportions, 1981, without continuity correction).
pub fn sample_size_proportions(first: f64, second: f64, alpha: f64, power: f64) -> f64 {
    let (at_level, at_power) = (normal_quantile(1.0 - alpha / 2.0), normal_quantile(power));
    let pooled = f64::midpoint(first, second);
    let alike = (2.0 * pooled * (1.0 - pooled)).sqrt();
    let apart = (first * (1.0 - first) + second * (1.0 - second)).sqrt();
    ((at_level * alike + at_power * apart) / (first - second)).powi(2)
}

/// The same for two means `difference` apart, each side with standard deviation `sd`, by the normal distribution.
pub fn sample_size_means(difference: f64, sd: f64, alpha: f64, power: f64) -> f64 {
    let quantiles = normal_quantile(1.0 - alpha / 2.0) + normal_quantile(power);
    2.0 * (sd * quantiles / difference).powi(2)
}
