//! Locks by what they are for all values: which ones a function may take, those too that callers cannot name.

use super::paths::{Field, PathId, Step};
use super::summary::{LockAct, LockWhat, Summaries, Summary, VIA_MAX, may_be_untaken};
use super::{ActKind, Body, Target, Unit, When};
use crate::ast::{Expr, Pos};
use crate::token::Token;
use crate::types::ObjectId;

/// Locks told of a function by their keys.
const KEYS_MAX: usize = 24;

/// A lock by its place in a type, or by its variable: the same for all values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum LockKey {
    /// A field.
    Field(Field),
    /// A variable of a package.
    Global(ObjectId),
}

/// A lock that a function may take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyTaken {
    /// Which.
    pub key: LockKey,
    /// Whether for reading.
    pub read: bool,
    /// Locks that are given back before or after on behalf of a caller, so that they need not be held when this one is taken.
    pub without: Vec<LockKey>,
    /// The calls that lead there, as of [`Acquired::via`].
    pub via: Vec<(Option<ObjectId>, Pos)>,
}

/// What a lock is for all values.
pub fn lock_key(unit: &Unit<'_>, path: PathId) -> Option<LockKey> {
    match unit.paths.last(path) {
        Step::Field(_, field) => Some(LockKey::Field(field)),
        Step::Global(object) => Some(LockKey::Global(object)),
        Step::Local(..) | Step::Element(_) | Step::Call(..) => None,
    }
}

/// Locks that are taken and given back, by their keys.
pub(super) fn keys(unit: &Unit<'_>, body: &Body, acts: &[LockAct], known: &Summaries, all: &[Summary], summary: &mut Summary) {
    let mut takes: Vec<KeyTaken> = Vec::new();
    let mut add = |one: KeyTaken| {
        let is_known = takes.iter().any(|taken| taken.key == one.key && taken.read == one.read);
        if !is_known && takes.len() < KEYS_MAX {
            takes.push(one);
        }
    };
    let mut drops: Vec<LockKey> = Vec::new();
    for act in acts.iter().filter(|act| act.via.len() == 1) {
        let Some(key) = lock_key(unit, act.path) else { continue };
        match act.what {
            LockWhat::Takes if act.when != When::Spawned && !is_new(unit, act.path) => {
                add(KeyTaken { key, read: act.read, without: Vec::new(), via: act.via.clone() });
            }
            LockWhat::Gives if act.when == When::Now && may_be_untaken(&body.graph, acts, act) => drops.push(key),
            LockWhat::Takes | LockWhat::Gives | LockWhat::Within | LockWhat::Tries => {}
        }
    }
    for act in body.acts.iter().filter(|act| act.when != When::Spawned) {
        let ActKind::Call(target) = act.kind else { continue };
        let Some(callee) = known.of(unit, all, target) else { continue };
        let object = if let Target::Object(object) = target { Some(object) } else { None };
        drops.extend(&callee.drops);
        // A lock of what was just made here is nobody else's.
        let of_new: Vec<LockKey> = acts
            .iter()
            .filter(|taken| taken.step == act.step && taken.what != LockWhat::Gives && is_new(unit, taken.path))
            .filter_map(|taken| lock_key(unit, taken.path))
            .collect();
        for one in callee.takes.iter().filter(|one| one.via.len() < VIA_MAX && !of_new.contains(&one.key)) {
            let via = std::iter::once((object, act.pos)).chain(one.via.iter().copied()).collect();
            add(KeyTaken { via, ..one.clone() });
        }
    }
    drops.sort_unstable();
    drops.dedup();
    for one in &mut takes {
        one.without.extend(&drops);
        one.without.sort_unstable();
        one.without.dedup();
    }
    summary.takes = takes;
    summary.drops = drops;
}

/// Whether a path starts with a variable of a value that the function makes.
fn is_new(unit: &Unit<'_>, path: PathId) -> bool {
    let Step::Local(number, local) = unit.paths.root(path) else { return false };
    let Some(file) = unit.files.get(number as usize) else { return false };
    let Some(origin) = file.uses.get(local.0 as usize).and_then(super::Uses::only) else { return false };
    let tree = file.checked.file;
    let made = |x| matches!(tree.expr(tree.unparen(x)), Expr::CompositeLit { .. });
    match *tree.expr(tree.unparen(origin.expr)) {
        Expr::Unary { op: Token::And, x } => made(x),
        _ => origin.result.is_none() && made(origin.expr),
    }
}
