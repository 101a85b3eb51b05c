//! Least squares by Householder's QR (G. Golub, Numer. Math. 7, 1965): normal equations would square the condition of the design.

/// A diagonal of R this small beside its column says that the column is made of the others.
const RANK_TOLERANCE: f64 = 1e-10;

/// R of a design, and what of the right-hand side it explains.
#[derive(Clone, Debug)]
pub struct Factors {
    /// Upper triangle, by rows.
    upper: Vec<Vec<f64>>,
    /// The first components of Qᵀ y.
    explained: Vec<f64>,
}

/// Factors the design, given by columns of equal length, together with its right-hand side. Nothing where columns depend on each other,
/// are more than the rows, or hold what is no number.
pub fn factor(columns: &[Vec<f64>], right: &[f64]) -> Option<Factors> {
    let count = columns.len();
    let mut work: Vec<Vec<f64>> = columns.to_vec();
    let mut rest = right.to_vec();
    if rest.len() < count {
        return None;
    }
    for at in 0..count {
        let norm = length(&work[at][at..]);
        let whole = length(&columns[at]);
        if norm.is_nan() || norm <= RANK_TOLERANCE * whole || whole == 0.0 {
            return None;
        }
        let pivot = if work[at][at] > 0.0 { -norm } else { norm };
        let mut mirror = work[at][at..].to_vec();
        mirror[0] -= pivot;
        let square: f64 = mirror.iter().map(|value| value * value).sum();
        for column in work[at..].iter_mut().chain([&mut rest]) {
            let along = 2.0 * dot(&mirror, &column[at..]) / square;
            column[at..].iter_mut().zip(&mirror).for_each(|(value, part)| *value -= along * part);
        }
    }
    let upper = (0..count).map(|row| (0..count).map(|column| if column < row { 0.0 } else { work[column][row] }).collect());
    Some(Factors { upper: upper.collect(), explained: rest[..count].to_vec() })
}

impl Factors {
    /// The coefficients: R β = Qᵀ y from the last row up.
    pub fn solution(&self) -> Vec<f64> {
        let count = self.explained.len();
        let mut solution = vec![0.0; count];
        for row in (0..count).rev() {
            let known: f64 = (row + 1..count).map(|column| self.upper[row][column] * solution[column]).sum();
            solution[row] = (self.explained[row] - known) / self.upper[row][row];
        }
        solution
    }

    /// wᵀ (XᵀX)⁻¹ w, the variance of wᵀβ in units of σ²: |R⁻ᵀ w|².
    pub fn leverage(&self, weights: &[f64]) -> f64 {
        let mut solved: Vec<f64> = Vec::with_capacity(weights.len());
        for (row, weight) in weights.iter().enumerate() {
            let known: f64 = solved.iter().enumerate().map(|(column, value)| self.upper[column][row] * value).sum();
            solved.push((weight - known) / self.upper[row][row]);
        }
        solved.iter().map(|value| value * value).sum()
    }
}

fn length(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// The inner product.
pub fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}
