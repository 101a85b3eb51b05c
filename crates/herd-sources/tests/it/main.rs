//! Targets asked for real: Go services on loopback, the files made of their dumps, and peers that misbehave on the wire.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod accounts;
mod endpoints;
mod faults;
mod files;
mod leaks;
mod server;
mod weights;
