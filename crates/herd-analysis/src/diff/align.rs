//! Which stacks of one side stand for which of the other.

use std::hash::BuildHasher;

use rustc_hash::{FxBuildHasher, FxHashMap};

use super::paths::{Func, Functions, Paths};
use crate::distance::distance;

/// Calls that may be added, dropped or exchanged between two stacks that are still the same.
const BAND: usize = 8;
/// Stacks that are looked at, the heaviest first.
const STACKS_MAX: usize = 50_000;
/// Stacks of a block that are compared with each other, the heaviest first.
const BLOCK_MAX: usize = 256;

/// A stack of before and the one of after that stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub before: usize,
    pub after: usize,
}

/// Pairs stacks that stand on one side only: those with the same innermost function of the application and the same packages are
/// compared, nearest first. The heaviest [`STACKS_MAX`] are looked at. Cost: O(stacks + blocks · [`BLOCK_MAX`]² · depth · [`BAND`]), and
/// far less where stacks differ in length.
pub(super) fn near(functions: &Functions, paths: &Paths) -> Vec<Pair> {
    let amounts = |path: usize| {
        let both = paths.both(path);
        (both.before.amount, both.after.amount)
    };
    let mut alone: Vec<usize> = (0..paths.len()).filter(|path| (amounts(*path).0 > 0.0) != (amounts(*path).1 > 0.0)).collect();
    if alone.len() > STACKS_MAX {
        let most = |path: usize| amounts(path).0.max(amounts(path).1);
        alone.select_nth_unstable_by(STACKS_MAX, |a, b| most(*b).total_cmp(&most(*a)));
        alone.truncate(STACKS_MAX);
        alone.sort_unstable();
    }
    let mut blocks: FxHashMap<(Func, u64), (Vec<usize>, Vec<usize>)> = FxHashMap::default();
    let mut packages = Vec::new();
    for path in alone {
        let Some(key) = block(functions, paths.get(path), &mut packages) else { continue };
        let (old, new) = blocks.entry(key).or_default();
        if amounts(path).0 > 0.0 { old.push(path) } else { new.push(path) }
    }
    let both = blocks.values_mut().filter(|(old, new)| !old.is_empty() && !new.is_empty());
    both.flat_map(|(old, new)| pairs(functions, paths, old, new)).collect()
}

/// What stacks that may stand for each other share.
fn block(functions: &Functions, stack: &[Func], packages: &mut Vec<u32>) -> Option<(Func, u64)> {
    let own = |id: &&Func| functions.get(**id).application;
    let leaf = *stack.iter().find(own)?;
    packages.clear();
    packages.extend(stack.iter().filter(own).map(|id| functions.get(*id).package));
    packages.sort_unstable();
    packages.dedup();
    Some((leaf, FxBuildHasher.hash_one(packages)))
}

fn pairs(functions: &Functions, paths: &Paths, old: &mut Vec<usize>, new: &mut Vec<usize>) -> Vec<Pair> {
    old.sort_by(|a, b| paths.both(*b).before.amount.total_cmp(&paths.both(*a).before.amount));
    new.sort_by(|a, b| paths.both(*b).after.amount.total_cmp(&paths.both(*a).after.amount));
    old.truncate(BLOCK_MAX);
    new.truncate(BLOCK_MAX);
    let own =
        |path: &usize| -> Vec<Func> { paths.get(*path).iter().copied().filter(|id| functions.get(*id).application).collect() };
    let (old_calls, new_calls): (Vec<_>, Vec<_>) = (old.iter().map(own).collect(), new.iter().map(own).collect());
    let mut found = Vec::new();
    for (at, calls) in old_calls.iter().enumerate() {
        for (other, others) in new_calls.iter().enumerate() {
            let limit = BAND.min(calls.len().max(others.len()) / 2);
            found.extend(distance(calls, others, limit).map(|distance| (distance, at, other)));
        }
    }
    found.sort_unstable();
    let (mut old_taken, mut new_taken) = (vec![false; old.len()], vec![false; new.len()]);
    let mut out = Vec::new();
    for (_, at, other) in found {
        if !old_taken[at] && !new_taken[other] {
            old_taken[at] = true;
            new_taken[other] = true;
            out.push(Pair { before: old[at], after: new[other] });
        }
    }
    out
}
