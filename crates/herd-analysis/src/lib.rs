//! Measures snapshots: which stacks are the same code, which goroutines belong together, what grows over a series. Measures profiles:
//! where their values are. Measures execution traces as their events pass.
//!
//! Pure functions over [`herd_model`] values: no clock, no input or output, no opinion on what is wrong.

pub mod allocations;
pub mod capacity;
mod capacity_memory;
pub mod census;
pub mod course;
pub mod diff;
mod distance;
pub mod facts;
pub mod flame;
pub mod graph;
mod graph_cycles;
mod graph_holders;
pub mod guard;
pub mod heap;
mod heap_escapes;
mod heap_growth;
pub mod locks;
pub mod names;
pub mod profile_report;
mod reduce;
pub mod report;
pub mod roi;
pub mod runlog;
mod runlog_growth;
pub mod runlog_report;
pub mod series;
pub mod series_broods;
pub mod series_process;
mod similar;
pub mod statistics;
pub mod top;
pub mod trace;
pub mod trace_diff;
pub mod tune;

pub use census::{Census, Family, Group, census};
pub use facts::{FamilyFacts, family_facts};
pub use reduce::as_profile;
pub use series::{Growth, Point, Series};
