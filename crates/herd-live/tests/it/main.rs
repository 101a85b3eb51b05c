//! Real Go programs of every supported minor version, read from outside and compared with what they print of themselves.

mod builds;
mod cores;
mod objects;
mod program;
mod refusals;
mod same;
