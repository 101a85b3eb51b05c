//! Nonlinear least squares by Levenberg and Marquardt's steps (D. Marquardt, SIAM J. 11, 1963), each solved by QR.

use super::distributions::t_quantile;
use super::ols::{Predicted, ln_likelihood};
use super::qr::{Factors, factor};

/// Steps before giving up.
const STEPS_MAX: usize = 500;
/// A step that moves no parameter by more than this share of itself ends the search.
const STEP_TOLERANCE: f64 = 1e-12;
/// A damping so great says that no direction helps any more.
const DAMPING_MAX: f64 = 1e16;

/// The value at x, and its derivatives by each parameter.
pub type Curve<'c> = &'c dyn Fn(&[f64], f64) -> (f64, Vec<f64>);

/// A fitted curve.
#[derive(Clone, Debug)]
pub struct Nls {
    /// Parameters.
    pub parameters: Vec<f64>,
    /// Their standard errors, from the curve's slope at the minimum.
    pub errors: Vec<f64>,
    /// Fitted values, by row.
    pub fitted: Vec<f64>,
    /// Residuals, by row.
    pub residuals: Vec<f64>,
    /// Diagonal of the tangent plane's hat matrix, by row.
    pub leverage: Vec<f64>,
    /// Sum of squared residuals.
    pub ssr: f64,
    /// SSR / (n − k).
    pub variance: f64,
    /// Share of the variance explained.
    pub r_squared: f64,
    factors: Factors,
}

/// Fits y = curve(parameters, x) from a start. Nothing where rows are not more than parameters, or no minimum is found.
pub fn nls(curve: Curve<'_>, start: &[f64], x: &[f64], y: &[f64]) -> Option<Nls> {
    if y.len() <= start.len() || x.len() != y.len() {
        return None;
    }
    let mut parameters = start.to_vec();
    let mut ssr = sum_of_squares(curve, &parameters, x, y);
    let mut damping = 1e-3;
    for _ in 0..STEPS_MAX {
        let step = damped_step(curve, &parameters, x, y, damping)?;
        let next: Vec<f64> = parameters.iter().zip(&step).map(|(value, change)| value + change).collect();
        let next_ssr = sum_of_squares(curve, &next, x, y);
        let still = parameters.iter().zip(&step).all(|(value, change)| change.abs() <= STEP_TOLERANCE * value.abs());
        if next_ssr.is_finite() && next_ssr <= ssr {
            (parameters, ssr) = (next, next_ssr);
            damping = (damping / 10.0).max(1e-15);
        } else {
            damping *= 10.0;
        }
        if still {
            return finished(curve, parameters, x, y);
        }
        if damping > DAMPING_MAX {
            return None;
        }
    }
    None
}

fn sum_of_squares(curve: Curve<'_>, parameters: &[f64], x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (y - curve(parameters, *x).0).powi(2)).sum()
}

/// The step that minimises |J δ − r|² + μ |D δ|², D the lengths of J's columns.
fn damped_step(curve: Curve<'_>, parameters: &[f64], x: &[f64], y: &[f64], damping: f64) -> Option<Vec<f64>> {
    let (mut columns, mut right) = tangent(curve, parameters, x, y);
    let lengths: Vec<f64> = columns.iter().map(|column| column.iter().map(|value| value * value).sum::<f64>().sqrt()).collect();
    let count = parameters.len();
    for (at, (column, length)) in columns.iter_mut().zip(&lengths).enumerate() {
        for value in column.iter_mut() {
            *value /= length;
        }
        column.extend((0..count).map(|row| if row == at { damping.sqrt() } else { 0.0 }));
    }
    right.extend(vec![0.0; count]);
    let scaled = factor(&columns, &right)?.solution();
    Some(scaled.iter().zip(&lengths).map(|(value, length)| value / length).collect())
}

/// The curve's slopes by column, and the residuals.
fn tangent(curve: Curve<'_>, parameters: &[f64], x: &[f64], y: &[f64]) -> (Vec<Vec<f64>>, Vec<f64>) {
    let mut columns = vec![Vec::with_capacity(x.len()); parameters.len()];
    let mut residuals = Vec::with_capacity(x.len());
    for (x, y) in x.iter().zip(y) {
        let (value, slopes) = curve(parameters, *x);
        residuals.push(y - value);
        for (column, slope) in columns.iter_mut().zip(slopes) {
            column.push(slope);
        }
    }
    (columns, residuals)
}

fn finished(curve: Curve<'_>, parameters: Vec<f64>, x: &[f64], y: &[f64]) -> Option<Nls> {
    let (columns, residuals) = tangent(curve, &parameters, x, y);
    let factors = factor(&columns, &residuals)?;
    let slopes = |at: usize| -> Vec<f64> { columns.iter().map(|column| column[at]).collect() };
    let ssr: f64 = residuals.iter().map(|residual| residual * residual).sum();
    let variance = ssr / (y.len() - parameters.len()) as f64;
    let level = super::ols::mean(y);
    let total: f64 = y.iter().map(|value| (value - level).powi(2)).sum();
    let unit = |at: usize| -> Vec<f64> { (0..parameters.len()).map(|index| if index == at { 1.0 } else { 0.0 }).collect() };
    let errors = (0..parameters.len()).map(|at| (variance * factors.leverage(&unit(at))).sqrt()).collect();
    let fitted = y.iter().zip(&residuals).map(|(value, residual)| value - residual).collect();
    let leverage = (0..y.len()).map(|at| factors.leverage(&slopes(at))).collect();
    Some(Nls { errors, fitted, leverage, ssr, variance, r_squared: 1.0 - ssr / total, factors, residuals, parameters })
}

impl Nls {
    /// The expected value and the bounds of one new observation, by the delta method: ŷ ± t · s · √(1 + gᵀ(JᵀJ)⁻¹g).
    pub fn predict(&self, curve: Curve<'_>, x: f64, confidence: f64) -> Predicted {
        let (mean, slopes) = curve(&self.parameters, x);
        let df = (self.residuals.len() - self.parameters.len()) as f64;
        let error = (self.variance * (1.0 + self.factors.leverage(&slopes))).sqrt();
        let half = t_quantile(f64::midpoint(1.0, confidence), df) * error;
        Predicted { mean, low: mean - half, high: mean + half }
    }

    /// The log-likelihood at its maximum, errors normal with variance SSR / n.
    pub fn ln_likelihood(&self) -> f64 {
        ln_likelihood(self.ssr, self.residuals.len())
    }

    /// Internally studentised residuals on the tangent plane.
    pub fn studentised(&self) -> Vec<f64> {
        let sd = self.variance.sqrt();
        self.residuals.iter().zip(&self.leverage).map(|(residual, h)| residual / (sd * (1.0 - h).sqrt())).collect()
    }
}
