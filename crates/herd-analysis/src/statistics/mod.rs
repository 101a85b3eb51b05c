//! Statistics behind verdicts: pure functions, no dependency, each formula with its source. Figures equal those of scipy and statsmodels to
//! 1e-6 on generated data (`testbed/reference`, `cargo xtask reference`).

pub mod change_point;
pub mod counts;
pub mod curves;
pub mod diagnostics;
pub mod distributions;
pub mod means;
pub mod nls;
pub mod ols;
pub mod proportions;
pub mod qr;
pub mod random;
pub mod sequential;
pub mod special;
