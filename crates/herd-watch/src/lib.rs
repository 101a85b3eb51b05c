//! A fleet over time: whom the daemon asks, and what becomes of the answers.
//!
//! No format and no rendering is known here.

pub mod fleet;
pub mod targets;
