//! A fleet over time: whom the daemon asks.
//!
//! No format and no rendering is known here.

pub mod targets;
