//! What is judged of live processes: the kernels of all patterns and their cured twins, on every Go minor.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking and shows its figures"
)]

mod kernels;
mod looks;
#[path = "../judging/marks.rs"]
mod marks;
#[path = "../../../herd-live/tests/it/program.rs"]
mod program;
mod runtime;
mod started;
