//! Copies of running programs: what they show, and that the programs do not notice.

#[path = "../it/program.rs"]
#[allow(dead_code, reason = "shared with the readings from outside")]
mod program;

mod shows;
