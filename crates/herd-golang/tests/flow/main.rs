//! Control flow: against golang.org/x/tools/go/cfg over the standard library, against the ways that real programs took, and against slow,
//! plain ways to compute the same.

mod cfg;
mod computed;
mod damaged;
mod forms;
mod oracle;
#[path = "../support/mod.rs"]
mod support;
mod traced;
