//! Ordinary least squares with an intercept, on centred and scaled regressors, with what a judgement of the fit needs.

use super::distributions::t_quantile;
use super::qr::{Factors, dot, factor};

/// A fitted line, plane or curve.
#[derive(Clone, Debug)]
pub struct Ols {
    /// Coefficients in the units given, the intercept first.
    pub coefficients: Vec<f64>,
    /// Their standard errors.
    pub errors: Vec<f64>,
    /// Fitted values, by row.
    pub fitted: Vec<f64>,
    /// Residuals, by row.
    pub residuals: Vec<f64>,
    /// Diagonal of the hat matrix, by row.
    pub leverage: Vec<f64>,
    /// Residual variance, SSR / (n − k).
    pub variance: f64,
    /// Sum of squared residuals.
    pub ssr: f64,
    /// Share of the variance explained.
    pub r_squared: f64,
    factors: Factors,
    centres: Vec<f64>,
    scales: Vec<f64>,
}

/// Fits y to the regressors, columns without the intercept. Nothing where they depend on each other, are constant, or rows are not more
/// than coefficients.
pub fn ols(regressors: &[Vec<f64>], y: &[f64]) -> Option<Ols> {
    let rows = y.len();
    let count = regressors.len() + 1;
    if rows <= count || regressors.iter().any(|column| column.len() != rows) || !y.iter().all(|value| value.is_finite()) {
        return None;
    }
    let centres: Vec<f64> = regressors.iter().map(|column| mean(column)).collect();
    let scales: Vec<f64> = regressors.iter().zip(&centres).map(|(column, centre)| spread(column, *centre)).collect();
    if scales.iter().any(|scale| !scale.is_finite() || *scale <= 0.0) {
        return None;
    }
    let standard = |(column, (centre, scale)): (&Vec<f64>, (&f64, &f64))| -> Vec<f64> {
        column.iter().map(|value| (value - centre) / scale).collect()
    };
    let mut design = vec![vec![1.0; rows]];
    design.extend(regressors.iter().zip(centres.iter().zip(&scales)).map(standard));
    let factors = factor(&design, y)?;
    let solution = factors.solution();
    let row = |at: usize| -> Vec<f64> { design.iter().map(|column| column[at]).collect() };
    let fitted: Vec<f64> = (0..rows).map(|at| dot(&row(at), &solution)).collect();
    let residuals: Vec<f64> = y.iter().zip(&fitted).map(|(value, fit)| value - fit).collect();
    let leverage = (0..rows).map(|at| factors.leverage(&row(at))).collect();
    let ssr: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let variance = ssr / (rows - count) as f64;
    let level = mean(y);
    let total: f64 = y.iter().map(|value| (value - level).powi(2)).sum();
    let weights = |index: usize| functional(index, &centres, &scales);
    let coefficients = (0..count).map(|index| dot(&weights(index), &solution)).collect();
    let errors = (0..count).map(|index| (variance * factors.leverage(&weights(index))).sqrt()).collect();
    let r_squared = 1.0 - ssr / total;
    Some(Ols { coefficients, errors, fitted, residuals, leverage, variance, ssr, r_squared, factors, centres, scales })
}

/// The weights that make a coefficient in the units given out of those of the standardised design.
fn functional(index: usize, centres: &[f64], scales: &[f64]) -> Vec<f64> {
    let mut weights = vec![0.0; centres.len() + 1];
    if index > 0 {
        weights[index] = 1.0 / scales[index - 1];
        return weights;
    }
    weights[0] = 1.0;
    for (at, (centre, scale)) in centres.iter().zip(scales).enumerate() {
        weights[at + 1] = -centre / scale;
    }
    weights
}

/// A predicted value and the bounds of a new observation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicted {
    /// Expected value.
    pub mean: f64,
    /// Lower bound of one new observation.
    pub low: f64,
    /// Upper bound of one new observation.
    pub high: f64,
}

impl Ols {
    /// Coefficients, the intercept included.
    pub fn count(&self) -> usize {
        self.coefficients.len()
    }

    /// The expected value and the prediction interval of one new observation at `confidence`: ŷ ± t · s · √(1 + h).
    pub fn predict(&self, regressors: &[f64], confidence: f64) -> Predicted {
        let mut weights = vec![1.0];
        weights.extend(
            regressors.iter().zip(self.centres.iter().zip(&self.scales)).map(|(x, (centre, scale))| (x - centre) / scale),
        );
        let mean = dot(&weights, &self.factors.solution());
        let df = (self.residuals.len() - self.count()) as f64;
        let error = (self.variance * (1.0 + self.factors.leverage(&weights))).sqrt();
        let half = t_quantile(f64::midpoint(1.0, confidence), df) * error;
        Predicted { mean, low: mean - half, high: mean + half }
    }

    /// The log-likelihood at its maximum, errors normal with variance SSR / n.
    pub fn ln_likelihood(&self) -> f64 {
        ln_likelihood(self.ssr, self.residuals.len())
    }

    /// Akaike's criterion, −2 ln L + 2k over the coefficients (the variance not counted, as statsmodels does).
    pub fn aic(&self) -> f64 {
        2.0 * self.count() as f64 - 2.0 * self.ln_likelihood()
    }

    /// Each residual as the model without that row has it: e / (1 − h).
    pub fn left_out_residuals(&self) -> Vec<f64> {
        self.residuals.iter().zip(&self.leverage).map(|(residual, h)| residual / (1.0 - h)).collect()
    }

    /// Internally studentised residuals: e / (s √(1 − h)).
    pub fn studentised(&self) -> Vec<f64> {
        let sd = self.variance.sqrt();
        self.residuals.iter().zip(&self.leverage).map(|(residual, h)| residual / (sd * (1.0 - h).sqrt())).collect()
    }
}

/// ln L of normal errors with variance SSR / n.
pub fn ln_likelihood(ssr: f64, rows: usize) -> f64 {
    let rows = rows as f64;
    -rows / 2.0 * ((2.0 * std::f64::consts::PI * ssr / rows).ln() + 1.0)
}

/// The arithmetic mean; NaN of nothing.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Root mean square of values; NaN of nothing.
pub fn root_mean_square(values: &[f64]) -> f64 {
    (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
}

fn spread(values: &[f64], centre: f64) -> f64 {
    let centred: Vec<f64> = values.iter().map(|value| value - centre).collect();
    let scale = root_mean_square(&centred);
    // What is left of a constant after rounding is no spread.
    if scale <= f64::EPSILON * centre.abs() { 0.0 } else { scale }
}
