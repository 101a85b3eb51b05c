//! What is judged of live processes: the kernels of all patterns and their cured twins, on every Go minor.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its figures"
)]

mod kernels;
mod looks;
#[path = "../../../herd-live/tests/it/program.rs"]
mod program;
#[path = "../judging/recorded.rs"]
#[allow(dead_code, reason = "the marks are what is used here")]
mod recorded;
mod runtime;
mod started;
