//! The call tree as folded stacks: `outer;inner 12`, one line for each own weight.

use std::fmt::Write as _;

use herd_model::Envelope;

use crate::{SinkError, name::clean, tree::rows};

/// The tree's own weights; they add up to its root.
pub fn folded(envelope: &Envelope) -> Result<String, SinkError> {
    let flame = envelope.flame.as_ref().ok_or(SinkError::NoTree)?;
    let mut text = String::new();
    let mut path: Vec<String> = Vec::new();
    for row in rows(flame) {
        path.truncate(row.depth);
        // `;` and line ends separate in this format.
        path.push(clean(row.name).replace(';', ":"));
        if row.own > 0 {
            let from = usize::from(path.len() > 1);
            let _ = writeln!(text, "{} {}", path[from..].join(";"), row.own);
        }
    }
    Ok(text)
}
