//! Real Go programs of every supported minor version, read from outside and compared with what they print of themselves.

#![allow(clippy::print_stdout, reason = "a test says what this machine does not let it do")]

mod arm64;
mod builds;
mod churn;
mod cores;
mod damaged;
mod heaps;
mod heaps_damaged;
mod holders;
mod kept;
mod kernels;
mod objects;
mod program;
mod proofs;
mod refusals;
mod same;
mod stripped;
mod waits;
mod wild;
mod wild_cores;
mod wild_server;
mod wild_users;
