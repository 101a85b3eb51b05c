//! The catalogue: one folder a way to go wrong, and the table of goroutines that wait for ever in healthy services.
//!
//! A detector looks at one family of goroutines and says whether it fits its pattern, how well, and which facts speak for it. It
//! never says that something is wrong: that takes growth, structure or a proof, and is judged over all witnesses.

#![allow(clippy::wildcard_enum_match_arm, reason = "a detector names the states it looks at; new ones are none of its business")]

mod allocations;
pub mod benign;
mod catalogue;
mod memory;
mod memory_held;
pub mod patterns;
pub mod runlog;
mod scene;
pub mod source;
mod source_abandoned;
mod source_again;
mod source_begun;
mod source_blocked;
mod source_calls;
pub mod source_chains;
mod source_channels;
mod source_closing;
mod source_conds;
mod source_contexts;
mod source_copies;
pub mod source_deadlines;
mod source_edges;
mod source_edits;
pub mod source_ends;
mod source_flows;
mod source_groups;
mod source_held;
mod source_locks;
mod source_locks_cure;
mod source_locks_kept;
mod source_locks_reached;
mod source_partners;
pub mod source_points;
pub mod source_program;
mod source_release;
mod source_results;
mod source_runs;
pub mod source_spawns;
mod source_spotted;
mod source_starts;
mod source_values;
mod source_waits;
mod source_ways;
pub mod trace;

pub use allocations::Spot;
pub use benign::{Benign, benign};
pub use catalogue::{CATALOGUE, Lang, Page, Pattern, Status, Text, by_id};
pub use memory::{Memory, NOT_READ, RingOf, Seen, memory};
pub use memory_held::Recorded;
pub use scene::{Scene, Sighting, Witness};
