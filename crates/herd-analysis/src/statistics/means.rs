//! Two means of samples with spreads of their own.

use super::distributions::t_two_sided;

/// Mean and unbiased variance; the variance of fewer than two values is zero.
pub fn moments(values: &[f64]) -> (f64, f64) {
    if values.is_empty() {
        return (0.0, 0.0);
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, if values.len() > 1 { squares / (n - 1.0) } else { 0.0 })
}

/// Probability, by chance, of means at least so far apart (Welch 1947, two-sided; degrees of freedom after Satterthwaite 1946). Nothing for
/// samples of fewer than two, or where neither has any spread.
pub fn welch(first: &[f64], second: &[f64]) -> Option<f64> {
    if first.len() < 2 || second.len() < 2 {
        return None;
    }
    let ((mean, variance), (other_mean, other_variance)) = (moments(first), moments(second));
    let (n, other_n) = (first.len() as f64, second.len() as f64);
    let (a, b) = (variance / n, other_variance / other_n);
    if a + b <= 0.0 {
        return None;
    }
    let df = (a + b).powi(2) / (a.powi(2) / (n - 1.0) + b.powi(2) / (other_n - 1.0));
    Some(t_two_sided((other_mean - mean) / (a + b).sqrt(), df))
}
