//! One file a subcommand.

pub mod capacity;
pub mod completions;
pub mod core_file;
pub mod diff;
pub mod doctor;
pub mod doctor_profiles;
pub mod explain;
pub mod flame;
pub mod graph;
pub mod guard;
pub mod heap;
pub mod lint;
pub mod locks;
pub mod lsp;
pub mod man;
pub mod open;
pub mod roi;
pub mod runlog;
pub mod snap;
pub mod timeline;
pub mod trace;
pub mod trace_beside;
pub mod trace_tracks;
pub mod tune;
