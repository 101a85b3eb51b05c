//! What is worth knowing of a function to whoever calls it: whether it returns, which locks it takes, keeps and gives back.
//!
//! Summaries are made bottom-up: of the packages a package imports first, within a package until nothing changes any more.

use rustc_hash::{FxHashMap, FxHashSet};

use super::keys::{KeyTaken, LockKey, keys};
use super::known::Known;
use super::lower::never_returns;
use super::order::bottom_up;
use super::paths::{Field, PathId, Step};
use super::steps::Steps;
use super::{Act, ActKind, Body, BodyId, Target, Unit, When};
use crate::ast::{Expr, Pos};
use crate::flow::{self, Ends, Graph, Paths, Place, StepId};
use crate::types::{LocalId, Meaning, ObjectId};

/// What functions with bodies do, by their declarations.
#[derive(Default)]
pub struct Summaries {
    /// Of declared functions, of all packages gone through so far.
    pub objects: FxHashMap<ObjectId, Summary>,
}

/// What a function does.
#[derive(Clone, Default, Debug)]
pub struct Summary {
    /// Whether control comes back from it.
    pub ends: Option<Ends>,
    /// Whether there are ways on which control does not come back from it, by itself or through others: it may panic, or end a test.
    pub may_end: bool,
    /// Locks it may take, by itself or through others, wherever.
    pub acquires: Vec<Acquired>,
    /// Locks that are held whenever it returns and were not before.
    pub keeps: Vec<Acquired>,
    /// Locks it gives back that it did not take.
    pub releases: Vec<Released>,
    /// Locks it may take, by what they are for all values: those too that callers cannot name.
    pub takes: Vec<KeyTaken>,
    /// Locks that it gives back at some time without having taken them, whether it takes them again or not.
    pub drops: Vec<LockKey>,
    /// Functions it is given and calls under a lock.
    pub under_lock: Vec<CallsUnderLock>,
    /// Where it begins a context of its own under which it waits for others, though it is given none: told by rules, not by what summarises.
    pub begins: Option<Pos>,
    /// Channels it returns on which a goroutine of its own sends, with nothing else to do. Whoever knows of channels fills this in.
    pub results: Vec<SentResult>,
}

/// A channel that a function makes and returns, for its caller to receive what one of its goroutines sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SentResult {
    /// Which result.
    pub index: u16,
    /// Where it is made and where is sent.
    pub places: [Pos; 2],
    /// Whether more is sent than can be told.
    pub often: bool,
}

/// A lock that a function takes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Acquired {
    /// Which.
    pub path: SumPath,
    /// Whether for reading.
    pub read: bool,
    /// Whether no parameter decides about it: it is taken always, or as things stand.
    pub certain: bool,
    /// The calls that lead there, the lock itself last: functions and places. The first is in the function itself.
    pub via: Vec<(Option<ObjectId>, Pos)>,
}

/// A lock that a function gives back for its caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Released {
    /// Which.
    pub path: SumPath,
    /// Whether it does so whenever it returns.
    pub always: bool,
}

/// A parameter that a function calls while it holds locks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallsUnderLock {
    /// Which parameter, the receiver being the first.
    pub param: u16,
    /// The lock.
    pub path: SumPath,
    /// Whether it is held for reading.
    pub read: bool,
    /// Where the lock is taken and the parameter is called.
    pub places: [Pos; 2],
}

/// An access path as a caller can read it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SumPath {
    /// Where it starts.
    pub root: Root,
    /// The fields that lead from there.
    pub fields: Vec<Field>,
}

/// Where an access path of a callee starts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Root {
    /// A parameter, the receiver being the first.
    Param(u16),
    /// A variable of a package.
    Global(ObjectId),
    /// A variable around a function literal: of that file of the unit.
    Around(u32, LocalId),
}

/// Locks told of a function.
const LOCKS_MAX: usize = 32;
/// Calls told that lead to one.
pub(super) const VIA_MAX: usize = 8;

impl Summaries {
    /// Whether control comes back from a function.
    pub fn ends(&self, function: ObjectId) -> Ends {
        self.objects.get(&function).and_then(|summary| summary.ends).unwrap_or(Ends::No)
    }

    /// What is known of what an act calls: of `bodies`, the summaries of the unit at hand, where it is in it.
    pub fn of<'a>(&'a self, unit: &Unit<'_>, bodies: &'a [Summary], target: Target) -> Option<&'a Summary> {
        match target {
            Target::Object(object) => match unit.body_of(object) {
                Some(body) => bodies.get(body.0 as usize),
                None => self.objects.get(&object),
            },
            Target::Literal(body) => bodies.get(body.0 as usize),
            Target::Interface(..) | Target::Unknown => None,
        }
    }
}

/// Summaries of all bodies of a unit, by their ids, and what each does to locks. Bottom-up: a body is gone through once, twice where functions
/// call each other.
pub fn summarise(unit: &mut Unit<'_>, known: &Summaries) -> (Vec<Summary>, Vec<Vec<LockAct>>) {
    let mut all: Vec<Summary> =
        unit.bodies.iter().map(|body| Summary { ends: never_returns(&body.graph), ..Summary::default() }).collect();
    let mut acts: Vec<Vec<LockAct>> = Vec::new();
    acts.resize_with(all.len(), Vec::new);
    for group in bottom_up(unit) {
        // Who calls each other is gone through once more, as the first round knew nothing of those that came later.
        let rounds = if group.len() > 1 { 2 } else { 1 };
        for _ in 0..rounds {
            for id in &group {
                let index = id.0 as usize;
                let found = lock_acts(unit, *id, known, &all);
                let ends = all[index].ends;
                all[index] = Summary { ends, ..summed_up(unit, *id, &found, known, &all) };
                acts[index] = found;
            }
        }
    }
    (all, acts)
}

/// A lock that is taken or given back at an act, in the paths of the unit.
#[derive(Clone, Debug)]
pub struct LockAct {
    /// Its step.
    pub step: StepId,
    /// When.
    pub when: When,
    /// Which lock.
    pub path: PathId,
    /// Whether for reading.
    pub read: bool,
    /// What happens to it.
    pub what: LockWhat,
    /// Whether no parameter of a callee decides about it.
    pub certain: bool,
    /// The calls that lead there.
    pub via: Vec<(Option<ObjectId>, Pos)>,
}

/// What happens to a lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LockWhat {
    /// Taken and not given back by the act itself.
    Takes,
    /// Taken while the act lasts, at least at times: within a callee.
    Within,
    /// Given back.
    Gives,
    /// Perhaps taken: `TryLock`.
    Tries,
}

/// What the acts of a body do to locks, callees included. Acts on unknown locks are left out.
pub fn lock_acts(unit: &mut Unit<'_>, id: BodyId, known: &Summaries, all: &[Summary]) -> Vec<LockAct> {
    let mut found = Vec::new();
    for index in 0..unit.bodies[id.0 as usize].acts.len() {
        let Act { step, when, pos, kind, .. } = unit.bodies[id.0 as usize].acts[index];
        let mut push = |path, read, what, certain, via| found.push(LockAct { step, when, path, read, what, certain, via });
        match kind {
            // Whoever comes while the function runs waits until it is done.
            ActKind::Known(Known::OnceDo, path) => {
                if let Some(path) = path {
                    push(path, false, LockWhat::Within, true, vec![(None, pos)]);
                }
                let Some(given) = unit.bodies[id.0 as usize].acts[index].call.and_then(|call| unit.given(id, call, 1)) else {
                    continue;
                };
                let callee = unit.body(given.body).object;
                let acquires = all.get(given.body.0 as usize).map(|summary| summary.acquires.clone()).unwrap_or_default();
                for one in acquires.iter().filter(|_| when != When::Spawned) {
                    let Some(path) = unit.path_given(&given, &one.path) else { continue };
                    let mut via = vec![(callee, pos)];
                    via.extend(one.via.iter().take(VIA_MAX).copied());
                    push(path, one.read, LockWhat::Within, one.certain, via);
                }
            }
            ActKind::Known(of, Some(path)) => {
                let (read, what) = match of {
                    Known::Lock => (false, LockWhat::Takes),
                    Known::ReadLock => (true, LockWhat::Takes),
                    Known::Unlock => (false, LockWhat::Gives),
                    Known::ReadUnlock => (true, LockWhat::Gives),
                    Known::TryLock => (false, LockWhat::Tries),
                    Known::TryReadLock => (true, LockWhat::Tries),
                    _ => continue,
                };
                push(path, read, what, true, vec![(None, pos)]);
            }
            ActKind::Call(target) => {
                let Some(summary) = known.of(unit, all, target) else { continue };
                let callee = match target {
                    Target::Object(object) => Some(object),
                    Target::Literal(_) | Target::Interface(..) | Target::Unknown => None,
                };
                for (list, what) in [(&summary.acquires, LockWhat::Within), (&summary.keeps, LockWhat::Takes)] {
                    for one in list.iter().filter(|_| when != When::Spawned) {
                        let Some(path) = in_caller(unit, id, index, &one.path) else { continue };
                        let mut via = vec![(callee, pos)];
                        via.extend(one.via.iter().take(VIA_MAX).copied());
                        push(path, one.read, what, one.certain, via);
                    }
                }
                for one in &summary.releases {
                    if let Some(path) = in_caller(unit, id, index, &one.path) {
                        push(path, false, LockWhat::Gives, one.always, vec![(callee, pos)]);
                    }
                }
            }
            _ => {}
        }
    }
    found
}

/// What a callee's path is called where it is called.
pub fn in_caller(unit: &mut Unit<'_>, id: BodyId, act: usize, path: &SumPath) -> Option<PathId> {
    let body = &unit.bodies[id.0 as usize];
    let file = body.file;
    let start = match path.root {
        Root::Global(_) | Root::Around(..) => return around(unit, path),
        Root::Param(number) => {
            let call = body.acts.get(act)?.call?;
            let tree = unit.files[file as usize].checked.file;
            let Expr::Call { fun, args, .. } = *tree.expr(call) else { return None };
            let fun = tree.unparen(fun);
            let checked = &unit.files[file as usize].checked;
            let is_method = checked.has_receiver(fun);
            if is_method && number == 0 {
                unit.receiver(file, fun)?
            } else {
                let index = usize::from(number) - usize::from(is_method);
                let arg = *tree.list(args).get(index)?;
                unit.path(file, arg)?
            }
        }
    };
    Some(along(unit, start, &path.fields))
}

/// A path of a literal that starts outside of it, as the functions around it read it.
pub fn around(unit: &mut Unit<'_>, path: &SumPath) -> Option<PathId> {
    let start = match path.root {
        Root::Around(file, local) => unit.paths.intern(Step::Local(file, local)),
        Root::Global(object) => unit.paths.intern(Step::Global(object)),
        Root::Param(_) => return None,
    };
    Some(along(unit, start, &path.fields))
}

pub(super) fn along(unit: &mut Unit<'_>, start: PathId, fields: &[Field]) -> PathId {
    fields.iter().fold(start, |at, field| unit.paths.intern(Step::Field(at, *field)))
}

/// What callers read a path of a body as; nothing for what is its own.
fn for_callers(unit: &Unit<'_>, body: &Body, path: PathId) -> Option<SumPath> {
    let mut fields = Vec::new();
    let mut at = path;
    loop {
        match unit.paths.last(at) {
            Step::Field(parent, field) => {
                fields.push(field);
                at = parent;
            }
            Step::Element(_) | Step::Call(..) => return None,
            Step::Global(object) => {
                fields.reverse();
                return Some(SumPath { root: Root::Global(object), fields });
            }
            Step::Local(file, local) => {
                let of = &unit.files[file as usize];
                if !of.uses.get(local.0 as usize)?.is_constant() {
                    return None;
                }
                fields.reverse();
                if let Some(number) = body.params.iter().position(|param| *param == local) {
                    return Some(SumPath { root: Root::Param(u16::try_from(number).ok()?), fields });
                }
                let owner = of.checked.locals.get(local.0 as usize)?.function;
                return (owner != Some(body.function)).then_some(SumPath { root: Root::Around(file, local), fields });
            }
        }
    }
}

fn summed_up(unit: &Unit<'_>, id: BodyId, acts: &[LockAct], known: &Summaries, all: &[Summary]) -> Summary {
    let body = &unit.bodies[id.0 as usize];
    let mut summary = Summary::default();
    if !body.graph.sound {
        return summary;
    }
    let mut seen = FxHashSet::default();
    for act in acts {
        let Some(path) = for_callers(unit, body, act.path) else { continue };
        match act.what {
            LockWhat::Takes | LockWhat::Within => {
                // Who gave it back before takes it for its caller.
                if !is_taken_anew(&body.graph, acts, act) {
                    continue;
                }
                let certain = act.certain && is_certain(unit, body, act.step);
                if seen.insert((path.clone(), act.read)) && summary.acquires.len() < LOCKS_MAX {
                    summary.acquires.push(Acquired { path: path.clone(), read: act.read, certain, via: act.via.clone() });
                }
                if act.what == LockWhat::Takes
                    && act.when == When::Now
                    && !summary.keeps.iter().any(|kept| kept.path == path && kept.read == act.read)
                    && is_kept_always(&body.graph, acts, act)
                    && !is_given_elsewhere(unit, id, acts, act.path)
                {
                    summary.keeps.push(Acquired { path, read: act.read, certain: true, via: act.via.clone() });
                }
            }
            LockWhat::Gives => {
                if !summary.releases.iter().any(|one| one.path == path) && is_given_untaken(&body.graph, acts, act) {
                    let always = is_given_always(&body.graph, acts, act);
                    summary.releases.push(Released { path, always });
                }
            }
            LockWhat::Tries => {}
        }
    }
    let calls_one = |act: &Act| match act.kind {
        ActKind::Call(target) => act.when != When::Spawned && known.of(unit, all, target).is_some_and(|callee| callee.may_end),
        _ => false,
    };
    let graph = &body.graph;
    summary.may_end = graph.is_reachable(graph.panic) || graph.is_reachable(graph.gone) || body.acts.iter().any(calls_one);
    summary.under_lock = under_lock(unit, body, acts);
    keys(unit, body, acts, known, all, &mut summary);
    summary
}

/// Whether control may come to where a lock is given back without the function having taken it.
pub(super) fn may_be_untaken(graph: &Graph, acts: &[LockAct], give: &LockAct) -> bool {
    let takes: Steps = acts
        .iter()
        .filter(|act| act.path == give.path && matches!(act.what, LockWhat::Takes | LockWhat::Tries))
        .map(|act| act.step)
        .collect();
    let (start, at) = (graph.start(graph.entry), graph.place(give.step));
    let is_taken = |place: Place| takes.has(graph, place);
    start == at || !is_taken(start) && flow::path(graph, Paths::Consistent, start, |place| place == at, is_taken).is_some()
}

/// Whether no condition on the way to a step looks at a parameter by itself: `if locked { … }`.
fn is_certain(unit: &Unit<'_>, body: &Body, step: StepId) -> bool {
    let graph = &body.graph;
    let checked = &unit.files[body.file as usize].checked;
    let to = graph.place(step);
    !graph.steps.iter().enumerate().any(|(index, one)| {
        let flow::Step::Condition(condition) = *one else { return false };
        let mut x = checked.file.unparen(condition);
        if let Expr::Binary { x: left, .. } = *checked.file.expr(x) {
            x = checked.file.unparen(left);
        }
        matches!(checked.meaning(x), Meaning::Local(local) if body.params.contains(&local)) && {
            let at = graph.place(StepId(index as u32));
            flow::path(graph, Paths::All, at, |place| place == to, |_| false).is_some()
        }
    })
}

/// Parameters that are called while a lock is held.
fn under_lock(unit: &Unit<'_>, body: &Body, locks: &[LockAct]) -> Vec<CallsUnderLock> {
    let mut found = Vec::new();
    let graph = &body.graph;
    let checked = &unit.files[body.file as usize].checked;
    for act in &body.acts {
        let (ActKind::Call(Target::Unknown), When::Now, Some(call)) = (act.kind, act.when, act.call) else { continue };
        let Expr::Call { fun, .. } = *checked.file.expr(call) else { continue };
        let Meaning::Local(local) = checked.meaning(checked.file.unparen(fun)) else { continue };
        let Some(param) = body.params.iter().position(|param| *param == local) else { continue };
        let at = graph.place(act.step);
        for lock in locks.iter().filter(|lock| lock.what == LockWhat::Takes && lock.when == When::Now) {
            let gives: Steps = locks
                .iter()
                .filter(|one| one.path == lock.path && one.what == LockWhat::Gives && one.when == When::Now)
                .map(|one| one.step)
                .collect();
            let is_given = |place: Place| gives.has(graph, place);
            let Some(path) = for_callers(unit, body, lock.path) else { continue };
            if flow::path(graph, Paths::Consistent, graph.place(lock.step), |place| place == at, is_given).is_some() {
                let from = lock.via.first().map_or(act.pos, |(_, pos)| *pos);
                found.push(CallsUnderLock { param: param as u16, path, read: lock.read, places: [from, act.pos] });
            }
        }
    }
    found
}

/// A way from where a lock is taken to a return, or to one of some other steps, on which it is not given back.
pub fn kept_way(graph: &Graph, acts: &[LockAct], from: &LockAct, lost: &Steps, ends: &Steps) -> Option<Vec<Place>> {
    let same = |act: &LockAct| act.path == from.path && act.what == LockWhat::Gives;
    let mut gives: Steps = acts.iter().filter(|act| same(act)).map(|act| act.step).collect();
    gives.extend(lost.without(ends).iter());
    let at = graph.place(from.step);
    // Put off before it was taken.
    let deferred = acts.iter().filter(|act| same(act) && act.when == When::Deferred);
    for act in deferred {
        if flow::path(graph, Paths::All, graph.place(act.step), |place| place == at, |_| false).is_some() {
            return None;
        }
    }
    flow::path(
        graph,
        Paths::Consistent,
        at,
        |place| place.block == graph.exit || ends.has(graph, place),
        |place| gives.has(graph, place),
    )
}

/// Whether a lock that is taken is held whenever the function returns.
fn is_kept_always(graph: &Graph, acts: &[LockAct], from: &LockAct) -> bool {
    let of = |what: LockWhat| -> Steps {
        acts.iter().filter(|act| act.path == from.path && act.what == what).map(|act| act.step).collect()
    };
    let (takes, gives) = (of(LockWhat::Takes), of(LockWhat::Gives));
    if acts.iter().any(|act| act.path == from.path && (act.what == LockWhat::Tries || act.when == When::Deferred)) {
        return false;
    }
    let start = graph.start(graph.entry);
    let to_exit = |from: Place, avoid: &Steps| {
        flow::path(graph, Paths::All, from, |place| place.block == graph.exit, |place| avoid.has(graph, place)).is_some()
    };
    let past = !takes.has(graph, start) && (start.block == graph.exit || to_exit(start, &takes));
    !past && to_exit(graph.place(from.step), &gives) && !gives.iter().any(|step| to_exit(graph.place(step), &takes))
}

/// Whether a lock may be taken that the function did not give back before.
fn is_taken_anew(graph: &Graph, acts: &[LockAct], from: &LockAct) -> bool {
    let gives: Steps = acts
        .iter()
        .filter(|act| act.path == from.path && act.what == LockWhat::Gives && act.when == When::Now)
        .map(|act| act.step)
        .collect();
    let (start, at) = (graph.start(graph.entry), graph.place(from.step));
    let is_given = |place: Place| gives.has(graph, place);
    start == at || !is_given(start) && flow::path(graph, Paths::Consistent, start, |place| place == at, is_given).is_some()
}

/// Whether a lock may be given back by who knows whom: a literal within the function that it does not call itself, or a method as a value.
pub fn is_given_elsewhere(unit: &Unit<'_>, id: BodyId, acts: &[LockAct], path: PathId) -> bool {
    unit.handed_on.contains(&path)
        || acts.iter().any(|act| act.path == path && act.what == LockWhat::Gives && act.when == When::Spawned)
        || is_left_to_outer(unit, id, acts, path)
        || unit.within[id.0 as usize].iter().any(|inner| {
            let gives = |act: &Act| {
                act.when != When::Spawned
                    && matches!(act.kind, ActKind::Known(Known::Unlock | Known::ReadUnlock, Some(of)) if of == path)
            };
            unit.body(*inner).acts.iter().any(gives) && !is_called(unit, id, *inner)
        })
}

/// Whether a literal leaves it to a function around it to give a lock back: it does not itself, and one of them does.
fn is_left_to_outer(unit: &Unit<'_>, id: BodyId, acts: &[LockAct], path: PathId) -> bool {
    if acts.iter().any(|act| act.path == path && act.what == LockWhat::Gives) {
        return false;
    }
    let gives = |act: &Act| matches!(act.kind, ActKind::Known(Known::Unlock | Known::ReadUnlock, Some(of)) if of == path);
    let mut at = unit.body(id).outer;
    while let Some(outer) = at {
        if unit.body(outer).acts.iter().any(gives) {
            return true;
        }
        at = unit.body(outer).outer;
    }
    false
}

/// Whether a body calls a literal, now or when it ends.
fn is_called(unit: &Unit<'_>, by: BodyId, literal: BodyId) -> bool {
    let calls = |act: &Act| act.when != When::Spawned && act.kind == ActKind::Call(Target::Literal(literal));
    unit.body(by).acts.iter().any(calls)
}

/// Whether a lock may be given back that the function did not take before, and is not taken again before it returns.
fn is_given_untaken(graph: &Graph, acts: &[LockAct], from: &LockAct) -> bool {
    let takes: Steps = acts
        .iter()
        .filter(|act| act.path == from.path && matches!(act.what, LockWhat::Takes | LockWhat::Tries))
        .map(|act| act.step)
        .collect();
    let at = graph.place(from.step);
    let is_taken = |place: Place| takes.has(graph, place);
    may_be_untaken(graph, acts, from)
        && (from.when == When::Deferred
            || flow::path(graph, Paths::Consistent, at, |place| place.block == graph.exit, is_taken).is_some())
}

/// Whether a lock is given back on every way to a return.
fn is_given_always(graph: &Graph, acts: &[LockAct], from: &LockAct) -> bool {
    let same = |act: &&LockAct| act.path == from.path && act.what == LockWhat::Gives && act.certain;
    let gives: Steps = acts.iter().filter(same).map(|act| act.step).collect();
    let start = graph.start(graph.entry);
    let is_given = |place: Place| gives.has(graph, place);
    start.block != graph.exit
        && (is_given(start) || flow::path(graph, Paths::Consistent, start, |place| place.block == graph.exit, is_given).is_none())
}
