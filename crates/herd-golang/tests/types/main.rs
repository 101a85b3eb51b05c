//! Types of expressions against go/types: real packages, and small ones of every odd thing.

mod exact;
mod hostile;
mod judged;
mod mutants;
mod odd;
mod oracle;
mod programs;
#[path = "../support/mod.rs"]
mod support;
