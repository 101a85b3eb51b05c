//! Which locks a function holds at each of its steps, and what it reaches while it holds one.

use std::cell::RefCell;

use herd_golang::acts::{self, LockAct, LockWhat, PathId, Steps, When};
use herd_golang::ast::{Expr, ExprId};
use herd_golang::flow::{Place, StepId};
use herd_golang::token::Token;
use herd_golang::types::{Builtin, Callee};

use crate::source::Scene;

/// Locks beyond these are not followed.
const LOCKS_MAX: usize = 64;

/// The locks that are held whenever control is before a step.
pub struct Held {
    /// The locks that the function takes.
    pub paths: Vec<PathId>,
    /// By step: which of them, as bits.
    before: Vec<u64>,
}

impl Held {
    /// Those held at a step.
    pub fn at(&self, step: StepId) -> impl Iterator<Item = PathId> + '_ {
        let bits = self.before.get(step.index()).copied().unwrap_or(0);
        self.paths.iter().enumerate().filter(move |(index, _)| bits >> index & 1 == 1).map(|(_, path)| *path)
    }
}

/// Locks that surely are held, as the function took them itself, or gives them back for its caller. Linear in the function, times the depth of its loops.
pub fn held(scene: &Scene<'_, '_>) -> Held {
    let graph = scene.graph();
    let for_callers = given_for_callers(scene);
    let mut paths: Vec<PathId> =
        scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now).map(|act| act.path).collect();
    paths.extend(&for_callers);
    paths.sort_unstable();
    paths.dedup();
    paths.truncate(LOCKS_MAX);
    let mut changes: Vec<(StepId, u64, bool)> = Vec::new();
    for act in scene.locks.iter().filter(|act| act.when == When::Now) {
        let Ok(index) = paths.binary_search(&act.path) else { continue };
        match act.what {
            LockWhat::Takes => changes.push((act.step, 1 << index, true)),
            LockWhat::Gives => changes.push((act.step, 1 << index, false)),
            LockWhat::Within | LockWhat::Tries => {}
        }
    }
    changes.sort_by_key(|(step, ..)| *step);
    let mut before = vec![0_u64; graph.steps.len()];
    // All at first, so that what is told is what every way has.
    let mut entered = vec![u64::MAX; graph.blocks.len()];
    if let Some(entry) = entered.get_mut(graph.entry.index()) {
        let at_start = for_callers.iter().filter_map(|path| paths.binary_search(path).ok());
        *entry = at_start.fold(0, |bits, index| bits | 1 << index);
    }
    let mut open = vec![graph.entry];
    let mut seen = vec![false; graph.blocks.len()];
    while let Some(block) = open.pop() {
        let mut state = entered.get(block.index()).copied().unwrap_or(0);
        if let Some(seen) = seen.get_mut(block.index()) {
            *seen = true;
        }
        for step in graph.block(block).steps.clone() {
            if let Some(slot) = before.get_mut(step as usize) {
                *slot = state;
            }
            let from = changes.partition_point(|(at, ..)| at.0 < step);
            for (_, bit, takes) in changes.iter().skip(from).take_while(|(at, ..)| at.0 == step) {
                state = if *takes { state | bit } else { state & !bit };
            }
        }
        for edge in graph.edges(block) {
            let Some(there) = entered.get_mut(edge.to.index()) else { continue };
            let met = *there & state;
            if met != *there || !seen.get(edge.to.index()).copied().unwrap_or(true) {
                *there = met;
                open.push(edge.to);
            }
        }
    }
    Held { paths, before }
}

/// Locks that are given back before they are taken on every way to a return: whoever calls holds them.
fn given_for_callers(scene: &Scene<'_, '_>) -> Vec<PathId> {
    let graph = scene.graph();
    let mut found: Vec<PathId> = Vec::new();
    for give in scene.locks.iter().filter(|act| act.what == LockWhat::Gives && act.when == When::Now && act.certain) {
        let of = |what: LockWhat| scene.steps(|act| act.path == give.path && act.what == what && act.when == When::Now);
        let (gives, takes) = (of(LockWhat::Gives), of(LockWhat::Takes));
        let is_first = |place: Place| gives.contains(place.step) && graph.step(place).is_some();
        if !found.contains(&give.path)
            && scene.way_from_start(is_first, &takes).is_some()
            && scene.way_from_start(|place| place.block == graph.exit, &gives).is_none()
        {
            found.push(give.path);
        }
    }
    found
}

/// The steps that may come while a lock is held that was taken at a step: until it is given back, or its variable gets another value.
pub fn reached_with(scene: &Scene<'_, '_>, held: &LockAct) -> Steps {
    let mut ends = scene.steps(|act| act.path == held.path && act.what == LockWhat::Gives && act.when != When::Deferred);
    ends.extend(scene.resets(held.path).iter());
    let reached = RefCell::new(Steps::default());
    let note = |place: Place| {
        if scene.graph().step(place).is_some() {
            reached.borrow_mut().insert(place.step);
        }
        false
    };
    // The step that ends it is looked at as well: a wait may be in the expression that is returned.
    scene.way(held.step, note, &ends);
    reached.into_inner()
}

/// Whether a lock is one of something that the function has just made: nobody else can hold it.
pub fn is_fresh(scene: &Scene<'_, '_>, path: PathId) -> bool {
    let acts::Step::Local(file, local) = scene.package.unit.paths.root(path) else { return false };
    let of = &scene.package.unit.files[file as usize];
    let Some(origin) = of.uses.get(local.0 as usize).and_then(|uses| uses.from) else {
        // A variable without a value of its own: `var mu sync.Mutex`.
        return of.uses.get(local.0 as usize).is_some_and(|uses| uses.sets == 0);
    };
    let tree = of.checked.file;
    let made = |x: ExprId| match *tree.expr(tree.unparen(x)) {
        Expr::CompositeLit { .. } => true,
        Expr::Unary { op: Token::And, x } => matches!(tree.expr(tree.unparen(x)), Expr::CompositeLit { .. }),
        Expr::Call { .. } => of.checked.callee(tree.unparen(x)) == Callee::Builtin(Builtin::New),
        _ => false,
    };
    made(origin.expr)
}
