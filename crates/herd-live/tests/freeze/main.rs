//! Copies of running programs: what they show, that the programs do not notice, and that a reader may be killed at any moment.

mod killed;
#[path = "../it/program.rs"]
#[allow(dead_code, reason = "shared with the readings from outside")]
mod program;
mod refusals;
mod shows;
mod undisturbed;
