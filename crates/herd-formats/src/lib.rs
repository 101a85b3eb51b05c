//! Bytes to the model and back: goroutine dumps in text, profiles of every kind in protobuf and text, saved envelopes, and writers for
//! the forms other tools read.
//!
//! Pure: no file, socket, clock or thread. A reader never panics and never refuses the rest: what it cannot read becomes a note.

pub mod account;
pub mod dump;
pub mod escape;
pub mod exposition;
pub mod fuse;
mod infer;
pub mod labels;
pub mod measurements;
mod pb;
pub mod pprof;
pub mod profile;
pub mod recognise;
pub mod runlog;
pub mod saved;
pub mod served;
pub mod stamp;
pub mod trace;
mod weigh;
pub mod write;

pub use recognise::{Kind, recognise};
pub use weigh::weigh;
