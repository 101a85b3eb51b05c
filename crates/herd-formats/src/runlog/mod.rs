//! What the Go runtime prints of itself under `GODEBUG`: gctrace, schedtrace, scheddetail, scavtrace and inittrace of Go 1.16 to 1.27,
//! alone or among the lines of an application, with what containers and journals put before them.
//!
//! The runtime writes each argument of its `print` with a write of its own, so that lines of other writers cut records. What was cut
//! is put together again where its parts fit, and counted where they do not.

mod anchors;
mod cursor;
mod gctrace;
mod inittrace;
mod keep;
mod lane;
mod reader;
mod scavtrace;
mod schedtrace;
mod torn;

use herd_model::RuntimeLogs;

pub use reader::RunlogReader;

/// Longest line that is looked at; of a longer one the rest is passed over.
pub const MAX_LINE_BYTES: usize = 1 << 20;
/// Processes that are told apart in one input.
pub const MAX_PROCESSES: usize = 256;
/// Records kept, of all processes; 16 processors of a schedtrace line count as one more. Past it, the oldest go.
pub const MAX_RECORDS: usize = 1 << 19;
/// Offsets of lost records that are kept.
pub const MAX_OFFSETS: usize = 16;

/// Reads a whole text.
pub fn parse(bytes: &[u8]) -> RuntimeLogs {
    let mut reader = RunlogReader::new();
    reader.push(bytes);
    reader.finish()
}

/// Whether a head holds a record.
pub fn is_runtime_log(head: &[u8]) -> bool {
    parse(head).records > 0
}
