//! The envelope itself: indented for people, on one line for programs.

use std::io::Write;

use herd_model::Envelope;

use crate::{Look, SinkError};

/// Writes the envelope and ends the line.
pub fn json(envelope: &Envelope, look: &Look<'_>, out: &mut dyn Write) -> Result<(), SinkError> {
    value(envelope, look, out)
}

/// Writes anything and ends the line.
pub fn value(value: &impl serde::Serialize, look: &Look<'_>, out: &mut dyn Write) -> Result<(), SinkError> {
    if look.pretty {
        serde_json::to_writer_pretty(&mut *out, value)?;
    } else {
        serde_json::to_writer(&mut *out, value)?;
    }
    out.write_all(b"\n")?;
    Ok(())
}
