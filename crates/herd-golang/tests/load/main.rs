//! Loading programs: against what `go list` says of them, on broken inputs, on build constraints.

mod carried;
mod constraints;
mod go;
mod graphs;
mod languages;
mod odd;
mod oracle;
mod programs;
mod workspaces;
