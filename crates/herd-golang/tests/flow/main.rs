//! Control flow: against golang.org/x/tools/go/cfg over the standard library, against the ways that real programs took, and against slow,
//! plain ways to compute the same.
#![allow(clippy::wildcard_enum_match_arm, reason = "a test asks for a few shapes of dozens")]
#![allow(clippy::print_stdout, reason = "figures of a run")]

mod cfg;
mod computed;
mod damaged;
mod forms;
mod oracle;
#[path = "../support/mod.rs"]
mod support;
mod traced;
