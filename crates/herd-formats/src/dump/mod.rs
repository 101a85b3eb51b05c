//! Goroutine dumps in text: `debug=2`, `debug=1`, SIGQUIT and panic output, goleak's text, and all of these inside logs.
//!
//! [`parse`] takes bytes, [`DumpReader`] takes them piece by piece with memory that follows distinct stacks, and [`PartReader`]s
//! take ranges of one input side by side; all three answer the same.

mod block;
mod header;
mod interlude;
mod json;
mod lanes;
mod layers;
mod machine;
mod mend;
pub(crate) mod notes;
mod parked;
pub(crate) mod prefix;
pub(crate) mod profile_text;
mod reader;
mod scan;
mod segment;
mod split;
mod wrap;

use herd_model::{Note, Snapshot};

pub use block::MAX_FRAMES;
pub use machine::MAX_DUMPS;
pub use notes::MAX_NOTES;
pub use reader::{DumpReader, MAX_BLOCK_BYTES, PartReader, Wants, split_points};
pub use segment::{MAX_CLUSTERS, MAX_COUNT, MAX_LABEL_SETS, MAX_OBJECTS, MAX_SAMPLE_BYTES, MAX_SAMPLES_BYTES};
pub use split::{Part, RUNTIME_LIMIT_BYTES};

/// What an input held.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Its dumps, in order.
    pub snapshots: Vec<Snapshot>,
    /// What to know about it.
    pub notes: Vec<Note>,
}

/// Reads a whole text. Cost: one pass, about 2 GB a second.
pub fn parse(bytes: &[u8]) -> Parsed {
    let mut reader = DumpReader::new();
    reader.push(bytes);
    reader.finish()
}

/// Joins the parts of one input, in order; answers what [`parse`] would of the whole.
pub fn join(parts: Vec<Part>) -> Parsed {
    let (snapshots, notes) = split::join(parts);
    Parsed { snapshots, notes }
}
