//! Copies of running programs: what they show, that the programs do not notice, and that a reader may be killed at any moment.

mod killed;
#[path = "../it/program.rs"]
mod program;
mod refusals;
mod saved;
mod shows;
mod stopped;
mod undisturbed;
