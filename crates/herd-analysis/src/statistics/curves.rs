//! The curves capacity follows: the power law by either estimator, and the Universal Scalability Law.

use super::nls::{Nls, nls};
use super::ols::{Ols, mean, ols};

/// M = A·Cᵏ by ordinary least squares of ln M on ln C: multiplicative errors. Coefficients ln A and k.
pub fn power_law_ols(c: &[f64], m: &[f64]) -> Option<Ols> {
    let logs = |values: &[f64]| values.iter().map(|value| value.ln()).collect::<Vec<f64>>();
    ols(&[logs(c)], &logs(m))
}

/// M = A·Cᵏ by nonlinear least squares of M on C: additive errors, so the largest rows decide. On the same data it gives another
/// exponent than [`power_law_ols`].
#[derive(Clone, Debug)]
pub struct PowerLaw {
    /// The fit; its parameters are ln M at the centre of C, and k.
    pub fit: Nls,
    /// ln of the geometric mean of C, at which the curve is held: the parameters hardly depend on each other there.
    pub centre: f64,
}

/// Fits it from the log-log line.
pub fn power_law_nls(c: &[f64], m: &[f64]) -> Option<PowerLaw> {
    let start = power_law_ols(c, m)?;
    let centre = mean(&c.iter().map(|value| value.ln()).collect::<Vec<f64>>());
    let (level, exponent) = (start.coefficients[0] + start.coefficients[1] * centre, start.coefficients[1]);
    let fit = nls(&power_curve(centre), &[level, exponent], c, m)?;
    Some(PowerLaw { fit, centre })
}

/// exp(a + k (ln C − centre)).
pub fn power_curve(centre: f64) -> impl Fn(&[f64], f64) -> (f64, Vec<f64>) {
    move |parameters, c| {
        let from_centre = c.ln() - centre;
        let value = (parameters[0] + parameters[1] * from_centre).exp();
        (value, vec![value, value * from_centre])
    }
}

impl PowerLaw {
    /// A of M = A·Cᵏ.
    pub fn factor(&self) -> f64 {
        (self.fit.parameters[0] - self.exponent() * self.centre).exp()
    }

    /// k of M = A·Cᵏ.
    pub fn exponent(&self) -> f64 {
        self.fit.parameters[1]
    }
}

/// X(N) = λN / (1 + α(N − 1) + βN(N − 1)) (N. Gunther, Guerrilla Capacity Planning, 2007): parameters λ, α, β.
pub fn usl_curve(parameters: &[f64], n: f64) -> (f64, Vec<f64>) {
    let [lambda, alpha, beta] = [parameters[0], parameters[1], parameters[2]];
    let slowed = 1.0 + alpha * (n - 1.0) + beta * n * (n - 1.0);
    let value = lambda * n / slowed;
    (value, vec![n / slowed, -value * (n - 1.0) / slowed, -value * n * (n - 1.0) / slowed])
}

/// Fits it by nonlinear least squares of X, from Gunther's linear form N/X = (1 + α(N − 1) + βN(N − 1))/λ.
pub fn usl(n: &[f64], x: &[f64]) -> Option<Nls> {
    let less_one: Vec<f64> = n.iter().map(|n| n - 1.0).collect();
    let pairs: Vec<f64> = n.iter().map(|n| n * (n - 1.0)).collect();
    let each: Vec<f64> = n.iter().zip(x).map(|(n, x)| n / x).collect();
    let line = ols(&[less_one, pairs], &each)?;
    let [base, contention, coherence] = [line.coefficients[0], line.coefficients[1], line.coefficients[2]];
    let start = if base > 0.0 {
        [1.0 / base, contention / base, coherence / base]
    } else {
        // Noise can turn the line below zero at its start; the steepest row bounds λ from below.
        [n.iter().zip(x).map(|(n, x)| x / n).fold(0.0, f64::max), 0.0, 0.0]
    };
    nls(&usl_curve, &start, n, x)
}

/// Where the law has its peak, N* = √((1 − α)/β); nothing where it has none.
pub fn usl_peak(alpha: f64, beta: f64) -> Option<f64> {
    (beta > 0.0 && alpha < 1.0).then(|| ((1.0 - alpha) / beta).sqrt())
}
