//! Functions that have another name on the other side, found by who calls them, what they call, and what they are called.

use herd_model::DiffRename;
use rustc_hash::FxHashMap;

use super::paths::{Both, Func, Functions, Paths, Side, Weight};
use crate::distance::distance;
use crate::names;

/// Share of a side, by measure or by count, below which a function is not worth a name.
const SHARE_MIN: f64 = 0.002;
/// Functions of a side that are compared, the heaviest first.
const CANDIDATES_MAX: usize = 200;
/// How alike two functions of one package must be, of 1.
const SCORE_MIN: f64 = 0.6;
/// How alike two functions of different packages must be.
const SCORE_MIN_ELSEWHERE: f64 = 0.8;
/// A renamed function's neighbours may be renamed, too; each round knows those of the one before.
const ROUNDS: usize = 4;
/// Share of a package's weight whose functions must be found in another for the package to have moved.
const PACKAGE_SHARE: f64 = 0.5;

/// Stands for what calls a goroutine's first function, and for what an innermost function calls.
const NOBODY: Func = Func::MAX;

/// Names before to names after.
#[derive(Debug, Default)]
pub(super) struct Renames {
    pub map: FxHashMap<Func, Func>,
    pub told: Vec<DiffRename>,
}

/// Finds renames, and moves what the old names have to the new ones. `by_function` is what each function has with all it calls.
pub(super) fn undo(functions: &Functions, paths: &mut Paths, by_function: &[Both]) -> Renames {
    let mut renames = Renames::default();
    let old = candidates(functions, by_function, Side::Before);
    let new = candidates(functions, by_function, Side::After);
    if !old.is_empty() && !new.is_empty() {
        moved_packages(functions, by_function, &old, &new, &mut renames);
        let new_neighbours = neighbours(paths, &new, Side::After, &renames.map);
        for _ in 0..ROUNDS {
            let old_neighbours = neighbours(paths, &old, Side::Before, &renames.map);
            if !round(functions, (&old, &old_neighbours), (&new, &new_neighbours), &mut renames) {
                break;
            }
        }
        relabel(paths, &renames.map);
    }
    renames
}

/// Functions of the application that stand on one side only, the heaviest first.
fn candidates(functions: &Functions, by_function: &[Both], side: Side) -> Vec<Func> {
    let other = if side == Side::Before { Side::After } else { Side::Before };
    let most = |of: fn(Weight) -> f64| by_function.iter().map(|both| of(both.of(side))).fold(0.0, f64::max);
    let whole = Weight { amount: most(|weight| weight.amount), count: most(|weight| weight.count), variance: 0.0 };
    let mut found: Vec<Func> = (0..functions.list.len() as Func)
        .filter(|id| {
            let both = &by_function[*id as usize];
            let here = both.of(side);
            // Idle workers wait longer than all others together, so that delays alone would show nothing else.
            let heavy = here.amount > SHARE_MIN * whole.amount || here.count > SHARE_MIN * whole.count;
            functions.get(*id).application && both.of(other).count == 0.0 && heavy
        })
        .collect();
    let amount = |id: Func| by_function[id as usize].of(side).amount;
    found.sort_by(|a, b| amount(*b).total_cmp(&amount(*a)));
    found.truncate(CANDIDATES_MAX);
    found
}

/// A package whose functions stand under another path on the other side.
fn moved_packages(functions: &Functions, by_function: &[Both], old: &[Func], new: &[Func], renames: &mut Renames) {
    let package = |id: Func| names::package(&functions.get(id).name);
    let mut weights: FxHashMap<&str, f64> = FxHashMap::default();
    let mut shared: FxHashMap<(&str, &str), f64> = FxHashMap::default();
    let mut pairs = Vec::new();
    for before in old {
        let amount = by_function[*before as usize].before.amount;
        *weights.entry(package(*before)).or_default() += amount;
        for after in new {
            let names = (&functions.get(*before).name, &functions.get(*after).name);
            if package(*before) != package(*after) && names::local(names.0) == names::local(names.1) {
                *shared.entry((package(*before), package(*after))).or_default() += amount;
                pairs.push((*before, *after));
            }
        }
    }
    for (before, after) in pairs {
        let key = (package(before), package(after));
        if shared[&key] >= PACKAGE_SHARE * weights[key.0] && !is_taken(renames, before, after) {
            take(functions, renames, before, after, 1.0);
        }
    }
}

/// Weights by who stands next to a function: outside of it and inside of it.
#[derive(Debug, Default)]
struct Neighbours {
    callers: FxHashMap<Func, f64>,
    callees: FxHashMap<Func, f64>,
}

fn neighbours(paths: &Paths, of: &[Func], side: Side, map: &FxHashMap<Func, Func>) -> Vec<Neighbours> {
    let index: FxHashMap<Func, usize> = of.iter().enumerate().map(|(at, id)| (*id, at)).collect();
    let mut out: Vec<Neighbours> = of.iter().map(|_| Neighbours::default()).collect();
    let now = |id: Func| map.get(&id).copied().unwrap_or(id);
    for (stack, both) in paths.iter() {
        let amount = both.of(side).amount;
        if amount <= 0.0 {
            continue;
        }
        for (at, id) in stack.iter().enumerate() {
            let Some(found) = index.get(id) else { continue };
            let outside = stack[at + 1..].iter().find(|other| *other != id).map_or(NOBODY, |id| now(*id));
            let within = stack[..at].iter().rev().find(|other| *other != id).map_or(NOBODY, |id| now(*id));
            *out[*found].callers.entry(outside).or_default() += amount;
            *out[*found].callees.entry(within).or_default() += amount;
        }
    }
    out
}

/// Accepts the best pairs; whether there was one.
fn round(functions: &Functions, old: (&[Func], &[Neighbours]), new: (&[Func], &[Neighbours]), renames: &mut Renames) -> bool {
    let mut found: Vec<(f64, Func, Func)> = Vec::new();
    for (before, left) in old.0.iter().zip(old.1) {
        for (after, right) in new.0.iter().zip(new.1) {
            if is_taken(renames, *before, *after) {
                continue;
            }
            let names = (&*functions.get(*before).name, &*functions.get(*after).name);
            let same_package = names::package(names.0) == names::package(names.1);
            let floor = if same_package { SCORE_MIN } else { SCORE_MIN_ELSEWHERE };
            let around = 2.0 * jaccard(&left.callers, &right.callers) + 2.0 * jaccard(&left.callees, &right.callees);
            // The name counts for a fifth: without it the rest must be enough already.
            if around + 1.0 < 5.0 * floor {
                continue;
            }
            let score = (around + likeness(names::local(names.0), names::local(names.1))) / 5.0;
            if score >= floor {
                found.push((score, *before, *after));
            }
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let any = !found.is_empty();
    for (score, before, after) in found {
        if !is_taken(renames, before, after) {
            take(functions, renames, before, after, score);
        }
    }
    any
}

fn is_taken(renames: &Renames, before: Func, after: Func) -> bool {
    renames.map.iter().any(|(old, new)| *old == before || *new == after)
}

fn take(functions: &Functions, renames: &mut Renames, before: Func, after: Func, score: f64) {
    renames.map.insert(before, after);
    let name = |id: Func| functions.get(id).shown.to_string();
    renames.told.push(DiffRename { before: name(before), after: name(after), score });
}

/// Σ min / Σ max of two distributions, each brought to a sum of 1 (S. Ioffe, ICDM 2010, names it weighted Jaccard).
fn jaccard(a: &FxHashMap<Func, f64>, b: &FxHashMap<Func, f64>) -> f64 {
    let (sum_a, sum_b): (f64, f64) = (a.values().sum(), b.values().sum());
    if sum_a <= 0.0 || sum_b <= 0.0 {
        return 0.0;
    }
    let both: f64 = a.iter().filter_map(|(id, left)| b.get(id).map(|right| (left / sum_a).min(right / sum_b))).sum();
    // Both sums are 1, so that Σ max = 2 − Σ min.
    both / (2.0 - both)
}

/// 1 − distance / length.
fn likeness(a: &str, b: &str) -> f64 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let longest = a.len().max(b.len()).max(1);
    distance(&a, &b, longest).map_or(0.0, |distance| 1.0 - distance as f64 / longest as f64)
}

/// Moves what stacks before have under old names to the stacks of the new names.
fn relabel(paths: &mut Paths, map: &FxHashMap<Func, Func>) {
    if map.is_empty() {
        return;
    }
    let mut stack = Vec::new();
    for path in 0..paths.len() {
        if paths.both(path).before.count == 0.0 || !paths.get(path).iter().any(|id| map.contains_key(id)) {
            continue;
        }
        stack.clear();
        stack.extend(paths.get(path).iter().map(|id| map.get(id).copied().unwrap_or(*id)));
        let moved = paths.take_before(path);
        let to = paths.intern(&stack);
        paths.add(to, Side::Before, moved);
    }
}
