//! Measures snapshots: which stacks are the same code, which goroutines belong together, what grows over a series.
//!
//! Pure functions over [`herd_model`] values: no clock, no input or output, no opinion on what is wrong.

pub mod census;
pub mod facts;
pub mod flame;
pub mod graph;
mod graph_cycles;
mod graph_holders;
pub mod names;
mod reduce;
pub mod report;
pub mod series;
pub mod series_broods;
pub mod series_process;
mod similar;

pub use census::{Census, Family, Group, census};
pub use facts::{FamilyFacts, family_facts};
pub use reduce::as_profile;
pub use series::{Growth, Point, Series};
