//! What is judged, held against recordings of real programs.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and shows its figures")]

mod allocations;
mod catalogue;
mod incident;
mod marks;
mod recorded;
mod rules;
mod services;
mod sourced;
