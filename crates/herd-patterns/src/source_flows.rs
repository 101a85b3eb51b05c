//! What becomes of contexts on their way through a function: where one comes from, what limits it got, who is given it.

use herd_golang::acts::{Act, ActKind, BodyId, Steps, When};
use herd_golang::ast::{Expr, ExprId, Pos, Stmt, StmtId};
use herd_golang::flow::{Step, StepId};
use herd_golang::types::{Constant, LocalId, LocalKind, Signature, Type, TypeId};

use crate::source::Scene;
use crate::source_calls::{Called, is_context, is_request};

/// Where a context comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    /// The function was given it, or a request that has it.
    Given,
    /// It was begun there: `context.Background()`, `context.TODO()`.
    Begun(Pos),
    /// It was cut off there from the one given: `context.WithoutCancel(ctx)`.
    Detached(Pos),
    /// A field, a variable of the package, or what nobody can tell.
    Elsewhere,
}

/// The time a context got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit {
    /// Where.
    pub at: Pos,
    /// How much, where that is a constant.
    pub ns: Option<i64>,
}

/// A context as an expression has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flowing {
    /// Where it comes from.
    pub base: Base,
    /// The tightest limit it got in the function.
    pub limit: Option<Limit>,
}

/// A call that is given a context.
#[derive(Clone, Copy, Debug)]
pub struct Hop {
    /// The call.
    pub act: Act,
    /// What it is given.
    pub flowing: Flowing,
}

/// Definitions of variables that are followed one after the other.
const DEPTH_MAX: usize = 8;

const ELSEWHERE: Flowing = Flowing { base: Base::Elsewhere, limit: None };

/// The calls of a function that are given a context, but for those that derive one.
pub fn hops(scene: &Scene<'_, '_>) -> Vec<Hop> {
    let acts = scene.body.acts.iter().filter(|act| matches!(act.kind, ActKind::Call(_)));
    acts.filter_map(|act| {
        let call = act.call?;
        let context = context_argument(scene, call)?;
        let derives = is_context(&scene.package.unit, first_result(scene, call)?);
        (!derives).then(|| Hop { act: *act, flowing: flow_of(scene, act.step, context) })
    })
    .collect()
}

/// The context among the arguments of a call.
pub fn context_argument(scene: &Scene<'_, '_>, call: ExprId) -> Option<ExprId> {
    let checked = &scene.file().checked;
    scene.args(call).iter().take(3).copied().find(|x| is_context(&scene.package.unit, checked.type_of(*x)))
}

/// The type of the first result of a call; that of nothing where it has none.
fn first_result(scene: &Scene<'_, '_>, call: ExprId) -> Option<TypeId> {
    match signature(scene, call)?.results.first() {
        Some(ty) => Some(*ty),
        None => Some(TypeId::NOTHING),
    }
}

/// What is called, by its type.
pub fn signature<'a>(scene: &'a Scene<'_, '_>, call: ExprId) -> Option<&'a Signature> {
    let checked = &scene.file().checked;
    let types = scene.package.unit.types;
    let Expr::Call { fun, .. } = *checked.file.expr(call) else { return None };
    match types.get(types.underlying(checked.type_of(checked.file.unparen(fun)))) {
        Type::Signature(signature) => Some(signature),
        _ => None,
    }
}

/// Where the context comes from that an expression of a step is, and what limits it got.
pub fn flow_of(scene: &Scene<'_, '_>, at: StepId, x: ExprId) -> Flowing {
    follow(scene, Some(at), x, 0)
}

fn follow(scene: &Scene<'_, '_>, at: Option<StepId>, x: ExprId, depth: usize) -> Flowing {
    let file = scene.file().checked.file;
    let x = file.unparen(x);
    if depth > DEPTH_MAX {
        return ELSEWHERE;
    }
    match *file.expr(x) {
        Expr::Ident { .. } => scene.local(x).map_or(ELSEWHERE, |local| variable(scene, at, local, depth)),
        Expr::Call { .. } => called(scene, at, x, depth),
        _ => ELSEWHERE,
    }
}

/// What a call that gives a context makes of what it is given.
fn called(scene: &Scene<'_, '_>, at: Option<StepId>, call: ExprId, depth: usize) -> Flowing {
    let pos = scene.file().checked.file.expr_span(call).start;
    let Some(Called { package, owner, name }) = scene.callee(call) else { return derived(scene, at, call, depth) };
    match (package, owner, name) {
        ("context", "", "Background" | "TODO") => Flowing { base: Base::Begun(pos), limit: None },
        ("context", "", "WithTimeout" | "WithTimeoutCause" | "WithDeadline" | "WithDeadlineCause") => {
            let parent = derived(scene, at, call, depth);
            let own = Limit { at: pos, ns: scene.args(call).get(1).and_then(|x| nanoseconds(scene, *x)) };
            let is_tighter = |old: Limit| match (old.ns, own.ns) {
                (Some(old), Some(new)) => new < old,
                _ => false,
            };
            Flowing { limit: parent.limit.filter(|old| !is_tighter(*old)).or(Some(own)), ..parent }
        }
        ("context", "", "WithoutCancel") => match derived(scene, at, call, depth).base {
            Base::Given | Base::Detached(_) => Flowing { base: Base::Detached(pos), limit: None },
            base @ (Base::Begun(_) | Base::Elsewhere) => Flowing { base, limit: None },
        },
        (_, _, "Context") if scene.args(call).is_empty() => {
            let on = scene.called_on(call);
            let given = on.and_then(|x| scene.local(x)).is_some_and(|local| is_given(scene, local));
            let counts = on.is_some_and(|x| {
                let ty = scene.file().checked.type_of(x);
                is_request(&scene.package.unit, ty)
                    || matches!(scene.package.unit.types.get(scene.package.unit.types.underlying(ty)), Type::Interface(_))
            });
            Flowing { base: if given && counts { Base::Given } else { Base::Elsewhere }, limit: None }
        }
        _ => derived(scene, at, call, depth),
    }
}

/// The context that another one is derived from: the first that the call is given.
fn derived(scene: &Scene<'_, '_>, at: Option<StepId>, call: ExprId, depth: usize) -> Flowing {
    context_argument(scene, call).map_or(ELSEWHERE, |parent| follow(scene, at, parent, depth + 1))
}

/// Whether a variable is a parameter that keeps what it was given.
fn is_given(scene: &Scene<'_, '_>, local: LocalId) -> bool {
    let file = scene.file();
    let is_param = file.checked.locals.get(local.0 as usize).is_some_and(|one| one.kind == LocalKind::Param);
    is_param && file.uses.get(local.0 as usize).is_some_and(herd_golang::acts::Uses::is_constant)
}

/// What a variable holds at a step, by all values that come to it.
fn variable(scene: &Scene<'_, '_>, at: Option<StepId>, local: LocalId, depth: usize) -> Flowing {
    let file = scene.file();
    let (Some(declared), Some(uses)) = (file.checked.locals.get(local.0 as usize), file.uses.get(local.0 as usize)) else {
        return ELSEWHERE;
    };
    if uses.address_taken {
        return ELSEWHERE;
    }
    if is_given(scene, local) {
        return Flowing { base: Base::Given, limit: None };
    }
    if let Some(origin) = uses.only()
        && declared.kind != LocalKind::Param
    {
        let first = origin.result.is_none_or(|result| result == 0);
        let at = at.filter(|_| declared.function == Some(scene.body.function));
        return if first { follow(scene, definition(scene, local).or(at), origin.expr, depth + 1) } else { ELSEWHERE };
    }
    let (Some(at), true) = (at, declared.function == Some(scene.body.function) && !uses.set_elsewhere) else { return ELSEWHERE };
    let sets: Steps = scene.body.sets_of(local).collect();
    let mut found: Option<Flowing> = None;
    let mut join = |one: Flowing| {
        found = Some(match found {
            None => one,
            Some(old) if old.base != one.base => ELSEWHERE,
            // A limit that some ways do not set is none.
            Some(old) => {
                Flowing { base: old.base, limit: old.limit.zip(one.limit).map(|(a, b)| if a.ns >= b.ns { a } else { b }) }
            }
        });
    };
    for set in sets.iter() {
        let others: Steps = sets.iter().filter(|one| *one != at).collect();
        if scene.way(set, |place| scene.is_at(place, at), &others).is_none() {
            continue;
        }
        join(value_of(scene, set, local).map_or(ELSEWHERE, |x| follow(scene, Some(set), x, depth + 1)));
    }
    let others: Steps = sets.iter().filter(|one| *one != at).collect();
    if declared.kind == LocalKind::Param && scene.way_from_start(|place| scene.is_at(place, at), &others).is_some() {
        join(Flowing { base: Base::Given, limit: None });
    }
    found.unwrap_or(ELSEWHERE)
}

/// The step that gives a variable its only value.
fn definition(scene: &Scene<'_, '_>, local: LocalId) -> Option<StepId> {
    let mut sets = scene.body.sets_of(local);
    let (Some(only), None) = (sets.next(), sets.next()) else { return None };
    Some(only)
}

/// What a step puts into a variable: of several results the first.
fn value_of(scene: &Scene<'_, '_>, step: StepId, local: LocalId) -> Option<ExprId> {
    let file = scene.file().checked.file;
    let Step::Assign(stmt) = *scene.graph().steps.get(step.index())? else { return None };
    let Stmt::Assign { lhs, rhs, .. } = *file.stmt(stmt) else { return None };
    let (lhs, rhs) = (file.list(lhs), file.list(rhs));
    let at = lhs.iter().position(|x| scene.local(*x) == Some(local))?;
    match rhs {
        [only] if lhs.len() > 1 => (at == 0).then_some(*only),
        _ => rhs.get(at).copied(),
    }
}

/// A constant duration, or a moment that is one away from now.
pub fn nanoseconds(scene: &Scene<'_, '_>, x: ExprId) -> Option<i64> {
    let checked = &scene.file().checked;
    let x = checked.file.unparen(x);
    if let Some(Constant::Int(ns)) = checked.constant(scene.package.unit.types, x) {
        return i64::try_from(ns).ok();
    }
    let name = scene.callee(x)?;
    let is_now = |x: ExprId| scene.callee(x).is_some_and(|name| (name.package, name.owner, name.name) == ("time", "", "Now"));
    let from_now = (name.package, name.owner, name.name) == ("time", "Time", "Add") && scene.called_on(x).is_some_and(is_now);
    let by = *scene.args(x).first()?;
    from_now.then(|| nanoseconds(scene, by)).flatten()
}

/// Whether a function gives a parameter, or what it derives from it, to somebody who keeps it: it stores, returns or captures it, or starts a
/// goroutine with it.
pub fn keeps(scene: &Scene<'_, '_>, param: LocalId) -> bool {
    let file = scene.file().checked.file;
    let mut followed = vec![param];
    let mut at = 0;
    while let Some(local) = followed.get(at).copied() {
        at += 1;
        let handed_on = |act: &Act| {
            act.when == When::Spawned
                && act.call.is_some_and(|call| scene.args(call).iter().any(|x| scene.local(*x) == Some(local)))
        };
        if scene.goes_elsewhere(local) || scene.body.acts.iter().any(handed_on) || is_captured_for_long(scene, local) {
            return true;
        }
        for (_, stmt) in file.all_stmts() {
            let Stmt::Assign { lhs, rhs, .. } = *stmt else { continue };
            let [from] = file.list(rhs) else { continue };
            let derives = matches!(file.expr(file.unparen(*from)), Expr::Call { .. })
                && context_argument(scene, file.unparen(*from)).and_then(|x| scene.local(x)) == Some(local);
            let first = file.list(lhs).first().filter(|x| is_context(&scene.package.unit, scene.file().checked.type_of(**x)));
            if let (true, Some(next)) = (derives, first.and_then(|x| scene.local(*x)))
                && !followed.contains(&next)
                && followed.len() < DEPTH_MAX
            {
                followed.push(next);
            }
        }
    }
    false
}

/// Whether a literal that outlives the function, for all that is known, names a variable.
fn is_captured_for_long(scene: &Scene<'_, '_>, local: LocalId) -> bool {
    use crate::source_contexts::{Runs, holds, runs};
    let captured = scene.file().uses.get(local.0 as usize).is_some_and(|uses| uses.captured);
    captured
        && scene.graph().steps.iter().any(|step| match *step {
            Step::FuncLit(literal) => {
                let outlives = scene
                    .package
                    .unit
                    .literal(scene.body.file, literal)
                    .is_some_and(|id: BodyId| !matches!(runs(scene, id), Runs::Now | Runs::Joined | Runs::Deferred));
                outlives && holds(scene, literal, local)
            }
            _ => false,
        })
}

/// Whether a statement stands in the block of the function itself, under no condition.
pub fn is_unconditional(scene: &Scene<'_, '_>, stmt: StmtId) -> bool {
    let file = scene.file().checked.file;
    file.block(scene.body.block).contains(&stmt)
}
