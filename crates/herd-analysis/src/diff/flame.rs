//! Both sides as one call tree.

use herd_model::Flame;

use super::paths::{Functions, Paths};

/// The call tree of both sides, by the names last seen. Weights below zero, as heaps that were subtracted have, have no width.
pub(super) fn flame(functions: &Functions, paths: &Paths, unit: &str) -> Flame {
    let names: Vec<&str> = functions.list.iter().map(|known| &*known.shown).collect();
    // A cast of what is below zero is 0.
    let stacks = paths.iter().map(|(stack, both)| (stack, both.before.amount as u64, both.after.amount as u64));
    crate::flame::flame_of_both(unit, &names, stacks)
}
