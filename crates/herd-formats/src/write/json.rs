//! JSON pushed piece by piece, for files too big to stand in memory a second time as values.

use std::fmt::Display;

/// Appends a text, quoted.
///
/// # Panics
/// Never: a text prints as JSON.
pub fn push_text(out: &mut String, text: &str) {
    out.push_str(&serde_json::to_string(text).expect("a text prints as JSON"));
}

/// Appends a whole number.
pub fn push_number(out: &mut String, number: impl Display) {
    out.push_str(&number.to_string());
}
