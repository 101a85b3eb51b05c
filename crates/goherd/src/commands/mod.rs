//! One file a subcommand.

pub mod completions;
pub mod core_file;
pub mod doctor;
pub mod explain;
pub mod flame;
pub mod graph;
pub mod man;
pub mod open;
pub mod snap;
