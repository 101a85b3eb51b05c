//! The three models of memory over goroutines, brought to one scale so that they compare.

use herd_model::{Diagnostics, MemoryModel, MemoryModelKind};

use crate::statistics::curves::{PowerLaw, power_curve, power_law_nls, power_law_ols};
use crate::statistics::diagnostics::{breusch_pagan, durbin_watson, durbin_watson_p, normal_quantiles, scale_location, skewness};
use crate::statistics::nls::nls;
use crate::statistics::ols::{Ols, Predicted, ols, root_mean_square};

/// Rows up to which each is really left out in turn of a nonlinear fit; beyond, the tangent plane's e/(1 − h) stands for it, which differs
/// by terms of order 1/n².
const REFITS_MAX: usize = 200;

/// A model with what predictions and drawings need of it.
pub struct MemoryFit {
    /// As reported.
    pub model: MemoryModel,
    /// Memory as fitted, in bytes, by row.
    pub fitted_bytes: Vec<f64>,
    /// Internally studentised residuals of the response the model fits, by row.
    pub studentised: Vec<f64>,
    curve: Fitted,
}

enum Fitted {
    Quadratic(Ols),
    PowerLog(Ols),
    Power(PowerLaw),
}

/// Fits all models to memory `m` over goroutines `c`, both above zero and sorted by `c`. What cannot be fitted, or whose figures are not
/// finite, is absent.
pub fn fit_all(c: &[f64], m: &[f64]) -> Vec<MemoryFit> {
    [quadratic(c, m), power_log(c, m), power(c, m)].into_iter().flatten().filter(is_finite).collect()
}

impl MemoryFit {
    /// Memory at `c` goroutines and the bounds of one new observation, in bytes.
    pub fn predict(&self, c: f64, confidence: f64) -> Predicted {
        let from_log =
            |predicted: Predicted| Predicted { mean: predicted.mean.exp(), low: predicted.low.exp(), high: predicted.high.exp() };
        match &self.curve {
            Fitted::Quadratic(fit) => from_log(fit.predict(&[c, c * c], confidence)),
            Fitted::PowerLog(fit) => from_log(fit.predict(&[c.ln()], confidence)),
            Fitted::Power(law) => law.fit.predict(&power_curve(law.centre), c, confidence),
        }
    }
}

fn is_finite(fit: &MemoryFit) -> bool {
    let MemoryModel { coefficients, errors, r_squared, aic, cross_validation, diagnostics: found, .. } = &fit.model;
    let figures = [
        *r_squared,
        *aic,
        *cross_validation,
        found.durbin_watson,
        found.durbin_watson_p,
        found.skewness_g1,
        found.skewness_adjusted,
        found.scale_location_slope,
        found.scale_location_p,
        found.breusch_pagan_koenker,
        found.breusch_pagan_koenker_p,
        found.breusch_pagan_original,
        found.breusch_pagan_original_p,
        found.qq_correlation,
    ];
    let columns = [coefficients, errors, &fit.fitted_bytes, &fit.studentised];
    figures.iter().chain(columns.into_iter().flatten()).all(|value| value.is_finite())
}

fn quadratic(c: &[f64], m: &[f64]) -> Option<MemoryFit> {
    let regressors = [c.to_vec(), c.iter().map(|c| c * c).collect()];
    let fit = ols(&regressors, &logs(m))?;
    let coefficients = fit.coefficients.clone();
    of_log(MemoryModelKind::LogQuadratic, coefficients, fit, &regressors, m, Fitted::Quadratic)
}

fn power_log(c: &[f64], m: &[f64]) -> Option<MemoryFit> {
    let fit = power_law_ols(c, m)?;
    let coefficients = vec![fit.coefficients[0].exp(), fit.coefficients[1]];
    of_log(MemoryModelKind::PowerLawOls, coefficients, fit, &[logs(c)], m, Fitted::PowerLog)
}

/// A model of ln M. Its likelihood as one of M takes the density's change of variable: − Σ ln M.
fn of_log(
    kind: MemoryModelKind,
    coefficients: Vec<f64>,
    fit: Ols,
    regressors: &[Vec<f64>],
    m: &[f64],
    curve: fn(Ols) -> Fitted,
) -> Option<MemoryFit> {
    let studentised = fit.studentised();
    let diagnostics = diagnostics(&fit.residuals, &studentised, &fit.fitted, regressors)?;
    let model = MemoryModel {
        kind,
        coefficients,
        errors: fit.errors.clone(),
        r_squared: fit.r_squared,
        aic: fit.aic() + 2.0 * logs(m).iter().sum::<f64>(),
        cross_validation: root_mean_square(&fit.left_out_residuals()),
        diagnostics,
    };
    let fitted_bytes = fit.fitted.iter().map(|ln| ln.exp()).collect();
    Some(MemoryFit { model, fitted_bytes, studentised, curve: curve(fit) })
}

fn power(c: &[f64], m: &[f64]) -> Option<MemoryFit> {
    let law = power_law_nls(c, m)?;
    let fit = &law.fit;
    let studentised = fit.studentised();
    let diagnostics = diagnostics(&fit.residuals, &studentised, &fit.fitted, &[c.to_vec()])?;
    let model = MemoryModel {
        kind: MemoryModelKind::PowerLawNls,
        coefficients: vec![law.factor(), law.exponent()],
        errors: fit.errors.clone(),
        r_squared: fit.r_squared,
        aic: 2.0 * fit.parameters.len() as f64 - 2.0 * fit.ln_likelihood(),
        cross_validation: root_mean_square(&left_out(&law, c, m)?),
        diagnostics,
    };
    let fitted_bytes = fit.fitted.clone();
    Some(MemoryFit { model, fitted_bytes, studentised, curve: Fitted::Power(law) })
}

/// ln(M / prediction), each row predicted by a fit without it.
fn left_out(law: &PowerLaw, c: &[f64], m: &[f64]) -> Option<Vec<f64>> {
    let curve = power_curve(law.centre);
    if c.len() > REFITS_MAX {
        let rows = law.fit.residuals.iter().zip(&law.fit.leverage).zip(m);
        return Some(rows.map(|((residual, h), m)| (m / (m - residual / (1.0 - h))).ln()).collect());
    }
    let without = |values: &[f64], row: usize| [&values[..row], &values[row + 1..]].concat();
    let one = |row: usize| {
        let fit = nls(&curve, &law.fit.parameters, &without(c, row), &without(m, row))?;
        Some((m[row] / curve(&fit.parameters, c[row]).0).ln())
    };
    (0..c.len()).map(one).collect()
}

fn diagnostics(residuals: &[f64], studentised: &[f64], fitted: &[f64], regressors: &[Vec<f64>]) -> Option<Diagnostics> {
    let spread = breusch_pagan(residuals, regressors)?;
    let scale = scale_location(studentised, fitted)?;
    let (skewness_g1, skewness_adjusted) = skewness(residuals);
    let statistic = durbin_watson(residuals);
    Some(Diagnostics {
        durbin_watson: statistic,
        durbin_watson_p: durbin_watson_p(statistic, residuals.len()),
        skewness_g1,
        skewness_adjusted,
        scale_location_slope: scale.slope,
        scale_location_p: scale.p,
        breusch_pagan_koenker: spread.koenker,
        breusch_pagan_koenker_p: spread.koenker_p,
        breusch_pagan_original: spread.original,
        breusch_pagan_original_p: spread.original_p,
        qq_correlation: normal_quantiles(studentised).correlation,
    })
}

fn logs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| value.ln()).collect()
}
