//! What a function waits for, by itself or through callees of its package; and who lets it go on needs a lock first.

use herd_golang::acts::{Act, ActKind, BodyId, Known, LockKey, LockWhat, Steps, Target, When};
use herd_golang::ast::{Pos, Stmt, StmtId};
use herd_golang::flow::{Place, StepId};
use herd_golang::types::ObjectId;

use crate::source::{Package, Scene};
use crate::source_held::held;
use crate::source_partners::{Channel, Use, UseKind, channel, handed_over};

/// Callees are followed so deep.
const DEPTH_MAX: usize = 3;
/// Calls that are followed from one function.
const CALLS_MAX: usize = 512;

/// A wait.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Its step in the function that was asked about.
    pub step: StepId,
    /// Where that is.
    pub pos: Pos,
    /// What is waited for: any of them lets it go on.
    pub on: Vec<(UseKind, Channel)>,
    /// Whether each round of a loop waits for another channel.
    pub renewed: bool,
    /// Locks that the wait itself gives back.
    pub gives: Vec<LockKey>,
    /// The calls that lead there, the wait itself last.
    pub via: Via,
}

/// Calls that lead somewhere, as of [`herd_golang::acts::Acquired::via`].
pub type Via = Vec<(Option<ObjectId>, Pos)>;

/// The waits of a function that may last, callees included. Selects that have a way out and what is not known to be a wait are left out.
pub fn waits(scene: &Scene<'_, '_>) -> Vec<Wait> {
    waits_of(scene, DEPTH_MAX, &mut { CALLS_MAX })
}

fn waits_of(scene: &Scene<'_, '_>, depth: usize, calls: &mut usize) -> Vec<Wait> {
    let package = scene.package;
    let mut found = Vec::new();
    for act in scene.body.acts.iter().filter(|act| act.when == When::Now) {
        let renewed = match act.kind {
            ActKind::Send(Some(path)) | ActKind::Receive(Some(path)) => !scene.resets(path).is_empty(),
            _ => false,
        };
        let mut push = |on: Vec<(UseKind, Channel)>| {
            found.push(Wait { step: act.step, pos: act.pos, on, renewed, gives: Vec::new(), via: vec![(None, act.pos)] });
        };
        match act.kind {
            // What a clause of a select does is the select's.
            ActKind::Send(_) | ActKind::Receive(_) if scene.is_in_select(act.step) => {}
            ActKind::Send(path) => {
                push(path.and_then(|path| channel(package, path)).map(|on| (UseKind::Send, on)).into_iter().collect());
            }
            ActKind::Receive(path) => {
                push(path.and_then(|path| channel(package, path)).map(|on| (UseKind::Receive, on)).into_iter().collect());
            }
            ActKind::Known(Known::GroupWait, path) => {
                push(path.and_then(|path| channel(package, path)).map(|on| (UseKind::Wait, on)).into_iter().collect());
            }
            ActKind::Select { stmt, default: false } => push(clauses(scene, stmt)),
            ActKind::Call(target) if depth > 0 => {
                let (callee, object) = match target {
                    Target::Object(object) => (package.unit.body_of(object), Some(object)),
                    Target::Literal(literal) => (Some(literal), None),
                    Target::Interface(..) | Target::Unknown => (None, None),
                };
                let Some(callee) = callee.filter(|callee| *callee != scene.id && package.waiting.contains(callee)) else {
                    continue;
                };
                let Some(left) = calls.checked_sub(1) else { break };
                *calls = left;
                let given = handed_over(scene, act);
                for wait in waits_of(&package.scene(callee), depth - 1, calls) {
                    let as_here = |(kind, on): (UseKind, Channel)| {
                        (kind, given.iter().find(|(param, _)| *param == on).map_or(on, |(_, given)| *given))
                    };
                    let via = std::iter::once((object, act.pos)).chain(wait.via).collect();
                    let on = wait.on.into_iter().map(as_here).collect();
                    found.push(Wait { step: act.step, pos: act.pos, on, renewed: wait.renewed, gives: wait.gives, via });
                }
            }
            _ => {}
        }
    }
    found.retain(|wait| !wait.on.is_empty());
    found
}

/// The channels of a select, where all are known.
fn clauses(scene: &Scene<'_, '_>, select: StmtId) -> Vec<(UseKind, Channel)> {
    let file = scene.file().checked.file;
    let Stmt::Select { body } = *file.stmt(select) else { return Vec::new() };
    let clauses = file.block(body);
    let is_clause = |stmt: StmtId| {
        clauses
            .iter()
            .any(|clause| *clause == stmt || matches!(*file.stmt(*clause), Stmt::Comm { comm: Some(comm), .. } if comm == stmt))
    };
    let steps = scene.graph().steps.iter().enumerate().filter_map(|(index, step)| match *step {
        herd_golang::flow::Step::Comm(stmt) if is_clause(stmt) => Some(StepId(index as u32)),
        _ => None,
    });
    let mut on = Vec::new();
    for step in steps {
        let act = scene.body.acts.iter().find(|act| act.step == step);
        let one = match act.map(|act| act.kind) {
            Some(ActKind::Send(Some(path))) => channel(scene.package, path).map(|on| (UseKind::Send, on)),
            Some(ActKind::Receive(Some(path))) => channel(scene.package, path).map(|on| (UseKind::Receive, on)),
            _ => None,
        };
        let Some(one) = one else { return Vec::new() };
        on.push(one);
    }
    if on.len() == clauses.len() { on } else { Vec::new() }
}

/// The bodies that wait for something themselves or call one that does, within the package.
pub fn waiting(unit: &herd_golang::acts::Unit<'_>) -> rustc_hash::FxHashSet<BodyId> {
    let mut found: rustc_hash::FxHashSet<BodyId> = rustc_hash::FxHashSet::default();
    let waits = |act: &Act| {
        act.when == When::Now
            && matches!(
                act.kind,
                ActKind::Send(_)
                    | ActKind::Receive(_)
                    | ActKind::Select { default: false, .. }
                    | ActKind::Known(Known::GroupWait | Known::CondWait | Known::RunnerWait, _)
            )
    };
    let ids = || (0..unit.bodies.len()).map(|index| BodyId(index as u32));
    found.extend(ids().filter(|id| unit.body(*id).acts.iter().any(waits)));
    for _ in 0..DEPTH_MAX {
        let calls = |act: &Act| {
            let callee = match act.kind {
                ActKind::Call(Target::Object(object)) => unit.body_of(object),
                ActKind::Call(Target::Literal(literal)) => Some(literal),
                _ => None,
            };
            act.when == When::Now && callee.is_some_and(|callee| found.contains(&callee))
        };
        let more: Vec<BodyId> = ids().filter(|id| !found.contains(id) && unit.body(*id).acts.iter().any(calls)).collect();
        if more.is_empty() {
            break;
        }
        found.extend(more);
    }
    found
}

/// Where whoever lets a wait go on asks for the lock that is held over the wait.
#[derive(Clone, Debug)]
pub struct Needed {
    /// Who.
    pub body: BodyId,
    /// The calls that lead there.
    pub via: Via,
}

/// Whether a use cannot happen without the lock: it is asked for on every way there, or is held by all callers. Loops that ask for it are taken to
/// go at least one round.
pub fn needed_before(package: &Package<'_>, of: &Use, lock: LockKey) -> Option<Needed> {
    let scene = package.scene(of.body);
    let graph = scene.graph();
    if !graph.sound {
        return None;
    }
    let by_callers = scene.body.object.and_then(|object| package.held_by_callers().get(&object));
    if by_callers.is_some_and(|held| held.contains(&lock)) {
        return Some(Needed { body: of.body, via: vec![(None, of.act.pos)] });
    }
    let asked = asked(&scene, lock);
    let (_, via) = asked.first()?;
    let mut steps: Steps = asked.iter().map(|(step, _)| *step).collect();
    steps.extend(scene.loop_heads(&steps, of.act.step));
    let kept = if of.act.when == When::Deferred {
        scene.way(of.act.step, |place| place.block == graph.exit, &steps).is_none()
    } else {
        let here = |place: Place| scene.is_at(place, of.act.step);
        let is_held = held(&scene).at(of.act.step).any(|path| package.key(path) == Some(lock));
        is_held || scene.way_from_start(here, &steps).is_none()
    };
    kept.then(|| Needed { body: of.body, via: via.clone() })
}

/// Whether a use happens in rounds, and the lock is asked for between two of them.
pub fn needed_between(package: &Package<'_>, of: &Use, lock: LockKey) -> Option<Needed> {
    let scene = package.scene(of.body);
    if of.act.when != When::Now || !scene.graph().sound {
        return None;
    }
    asked(&scene, lock).into_iter().find_map(|(step, via)| {
        let none = Steps::default();
        let there = scene.way(of.act.step, |place| scene.is_at(place, step), &none);
        let back = scene.way(step, |place| scene.is_at(place, of.act.step), &none);
        (there.is_some() && back.is_some()).then_some(Needed { body: of.body, via })
    })
}

/// Where a function asks for a lock, by itself or through callees.
fn asked(scene: &Scene<'_, '_>, lock: LockKey) -> Vec<(StepId, Via)> {
    let asks = |act: &&herd_golang::acts::LockAct| {
        act.when == When::Now
            && matches!(act.what, LockWhat::Takes | LockWhat::Within)
            && act.certain
            && scene.package.key(act.path) == Some(lock)
    };
    let mut found: Vec<_> = scene.locks.iter().filter(asks).map(|act| (act.step, act.via.clone())).collect();
    found.sort_by_key(|(step, _)| *step);
    found
}
