//! Bytes to the model and back: goroutine dumps in text, goroutine profiles in protobuf, saved envelopes, and writers for the forms
//! other tools read.
//!
//! Pure: no file, socket, clock or thread. A reader never panics and never refuses the rest: what it cannot read becomes a note.

pub mod dump;
mod infer;
pub mod labels;
mod pb;
pub mod profile;
pub mod recognise;
pub mod saved;
pub mod stamp;
pub mod write;

pub use recognise::{Kind, recognise};
