//! Profiles of every kind, recorded by one program on every Go version (`fixtures/profiles`), against what `go tool pprof` makes of them.

mod cuts;
mod forms;
mod merge;
mod recorded;
mod texts;
mod tops;
mod writers;
