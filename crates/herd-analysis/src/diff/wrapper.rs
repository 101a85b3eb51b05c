//! Functions put between others: new, without cost of their own, around a call that costs what it did.

use std::collections::BTreeMap;

use herd_model::DiffWrapper;
use rustc_hash::FxHashSet;

use super::hypotheses::Measured;
use super::paths::{Func, Functions, Paths, Side};

/// Share of a side a function may cost itself and still be nothing but a wrapper.
const OWN_SHARE_MAX: f64 = 0.01;
/// Share of what the call inside costs on the side without the wrapper that must stand below the wrapper on the other.
const KEPT_SHARE_MIN: f64 = 0.7;

/// Wrappers of both directions, and the set of their functions. Cost: linear in the frames of stacks that hold new or gone functions.
pub(super) fn find(functions: &Functions, paths: &Paths, measured: &Measured) -> (Vec<DiffWrapper>, FxHashSet<Func>) {
    let (mut told, mut found) = (Vec::new(), FxHashSet::default());
    for side in [Side::After, Side::Before] {
        let other = if side == Side::Before { Side::After } else { Side::Before };
        let (whole, whole_other) = (measured.whole.of(side).amount, measured.whole.of(other).amount);
        if whole <= 0.0 || whole_other <= 0.0 {
            continue;
        }
        let of = |id: Func| measured.of_function[id as usize].map(|group| measured.together[group].whole);
        let only_here = |id: Func| of(id).is_some_and(|both| both.of(other).count == 0.0 && both.of(side).count > 0.0);
        for (id, inside) in inside(functions, paths, side, only_here) {
            let own = measured.own[id as usize].weights.of(side).amount;
            let Some((callee, amount)) = inside.iter().max_by(|a, b| a.1.total_cmp(b.1)) else { continue };
            let known = of(*callee).map_or(0.0, |both| both.of(other).amount);
            if own < OWN_SHARE_MAX * whole && known > 0.0 && amount / whole >= KEPT_SHARE_MIN * known / whole_other {
                let name = |id: Func| functions.get(id).shown.to_string();
                told.push(DiffWrapper { function: name(id), around: name(*callee), added: side == Side::After });
                found.insert(id);
            }
        }
    }
    told.sort_by(|a, b| a.function.cmp(&b.function));
    (told, found)
}

/// Of functions on one side only: the first function inside of each that stands on both, by weight.
fn inside(
    functions: &Functions,
    paths: &Paths,
    side: Side,
    only_here: impl Fn(Func) -> bool,
) -> BTreeMap<Func, BTreeMap<Func, f64>> {
    let mut out: BTreeMap<Func, BTreeMap<Func, f64>> = BTreeMap::new();
    for (stack, both) in paths.iter() {
        let amount = both.of(side).amount;
        if amount <= 0.0 {
            continue;
        }
        let mut known = None;
        let mut counted: Option<Func> = None;
        for id in stack.iter().filter(|id| functions.get(**id).application) {
            if !only_here(*id) {
                known = Some(*id);
            } else if let Some(callee) = known.filter(|_| counted != Some(*id)) {
                *out.entry(*id).or_default().entry(callee).or_default() += amount;
                counted = Some(*id);
            }
        }
    }
    out
}
