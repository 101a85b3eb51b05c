//! What residuals say of a model: are they independent, symmetric, of one variance, normal?

use super::distributions::{chi_squared_upper, f_upper, normal_quantile, normal_upper, t_two_sided};
use super::ols::{mean, ols};

/// Durbin and Watson's statistic Σ(eₜ − eₜ₋₁)² / Σeₜ² (Biometrika 37, 1950) in the order given: sort by what should explain first, and
/// say which. 2 for independent residuals, towards 0 where neighbours are alike.
pub fn durbin_watson(residuals: &[f64]) -> f64 {
    let steps: f64 = residuals.windows(2).map(|pair| (pair[1] - pair[0]).powi(2)).sum();
    steps / residuals.iter().map(|residual| residual * residual).sum::<f64>()
}

/// Two-sided p of a Durbin–Watson statistic of n rows for large n: 1 − DW/2 is the first autocorrelation, of variance 1/n.
pub fn durbin_watson_p(statistic: f64, rows: usize) -> f64 {
    2.0 * normal_upper(((1.0 - statistic / 2.0) * (rows as f64).sqrt()).abs())
}

/// Skewness: (g1 = m3 / m2^1.5, biased; G1 = g1 √(n(n − 1)) / (n − 2)).
pub fn skewness(values: &[f64]) -> (f64, f64) {
    let centre = mean(values);
    let rows = values.len() as f64;
    let moment = |power: i32| values.iter().map(|value| (value - centre).powi(power)).sum::<f64>() / rows;
    let biased = moment(3) / moment(2).powf(1.5);
    (biased, biased * (rows * (rows - 1.0)).sqrt() / (rows - 2.0))
}

/// Breusch and Pagan's test of one variance (Econometrica 47, 1979) in both forms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreuschPagan {
    /// Koenker's studentised form (J. Econometrics 17, 1981): n R² of e² on the regressors; right without normal errors.
    pub koenker: f64,
    /// Its p, χ² with as many degrees of freedom as regressors.
    pub koenker_p: f64,
    /// p of the F form of the same regression.
    pub koenker_f_p: f64,
    /// The original form: half the explained sum of squares of e²/(SSR/n) on the regressors; for normal errors.
    pub original: f64,
    /// Its p.
    pub original_p: f64,
}

/// Tests whether the variance of residuals follows the regressors (columns without the intercept). Nothing where they cannot be fitted.
pub fn breusch_pagan(residuals: &[f64], regressors: &[Vec<f64>]) -> Option<BreuschPagan> {
    let squares: Vec<f64> = residuals.iter().map(|residual| residual * residual).collect();
    let fit = ols(regressors, &squares)?;
    let (rows, df) = (residuals.len() as f64, regressors.len() as f64);
    let koenker = rows * fit.r_squared;
    let level = mean(&squares);
    let explained: f64 = fit.fitted.iter().map(|fitted| ((fitted - level) / level).powi(2)).sum();
    let original = explained / 2.0;
    let f = fit.r_squared / df / ((1.0 - fit.r_squared) / (rows - df - 1.0));
    Some(BreuschPagan {
        koenker,
        koenker_p: chi_squared_upper(koenker, df),
        koenker_f_p: f_upper(f, df, rows - df - 1.0),
        original,
        original_p: chi_squared_upper(original, df),
    })
}

/// The line through the scale–location plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScaleLocation {
    /// Slope of √|r| on the fitted values.
    pub slope: f64,
    /// Two-sided p of no slope.
    pub p: f64,
}

/// Regresses √|r|, r the internally studentised residuals, on fitted values (J. Chambers et al., Graphical Methods for Data Analysis,
/// 1983). Nothing where the fitted values are all alike.
pub fn scale_location(studentised: &[f64], fitted: &[f64]) -> Option<ScaleLocation> {
    let roots: Vec<f64> = studentised.iter().map(|residual| residual.abs().sqrt()).collect();
    let fit = ols(&[fitted.to_vec()], &roots)?;
    let t = fit.coefficients[1] / fit.errors[1];
    Some(ScaleLocation { slope: fit.coefficients[1], p: t_two_sided(t, (fitted.len() - 2) as f64) })
}

/// Points of the normal quantile plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiles {
    /// Quantiles of the normal distribution at Filliben's medians of order statistics (Technometrics 17, 1975).
    pub normal: Vec<f64>,
    /// The values, sorted.
    pub values: Vec<f64>,
    /// Correlation of both: 1 for normal values.
    pub correlation: f64,
}

/// Sorts the values and sets them against a normal distribution's.
pub fn normal_quantiles(values: &[f64]) -> Quantiles {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rows = sorted.len() as f64;
    let last = 0.5_f64.powf(1.0 / rows);
    let median = |at: usize| match at {
        0 => 1.0 - last,
        _ if at + 1 == sorted.len() => last,
        _ => (at as f64 + 1.0 - 0.3175) / (rows + 0.365),
    };
    let normal: Vec<f64> = (0..sorted.len()).map(|at| normal_quantile(median(at))).collect();
    let correlation = correlation(&normal, &sorted);
    Quantiles { normal, values: sorted, correlation }
}

/// Pearson's correlation.
pub fn correlation(one: &[f64], other: &[f64]) -> f64 {
    let (a, b) = (mean(one), mean(other));
    let products: f64 = one.iter().zip(other).map(|(x, y)| (x - a) * (y - b)).sum();
    let squares = |values: &[f64], centre: f64| values.iter().map(|value| (value - centre).powi(2)).sum::<f64>();
    products / (squares(one, a) * squares(other, b)).sqrt()
}
