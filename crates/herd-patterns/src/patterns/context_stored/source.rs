//! The source eye of CX003: the context of a request that outlives it, in a goroutine or in a job that is queued; a context kept in a struct that
//! is used where the caller has another one.
//!
//! Silent about owners: structs that can cancel what they keep, or wait for its end.

use herd_golang::acts::{Act, ActKind, BodyId, Known, Step as PathStep, Target, When};
use herd_golang::ast::{Expr, ExprId, Pos, Stmt};
use herd_golang::flow::Step;
use herd_golang::types::{SelectionKind, Type, TypeId};

use crate::source::{Scene, Spotted, Stop, StopPlace};
use crate::source_calls::{declared, is_context};
use crate::source_contexts::{Runs, at_hand, at_hand_where, given, is_handler, is_waited_for, runs};
use crate::source_flows::{Base, context_argument, flow_of, hops};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    if !scene.graph().sound || scene.is_test() {
        return Vec::new();
    }
    let mut found = Vec::new();
    if is_handler(scene) {
        found.extend(outlived(scene));
        found.extend(queued(scene));
    }
    found.extend(kept(scene));
    found
}

/// `go f(r.Context())` in a handler that does not wait.
fn outlived(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let spawned = scene.body.acts.iter().filter(|act| act.when == When::Spawned && !is_waited_for(scene, act));
    spawned
        .into_iter()
        .filter_map(|act| {
            let user = if let ActKind::Call(Target::Literal(id)) = act.kind {
                let inner = scene.package.scene(id);
                let context = at_hand_where(&inner, |runs| matches!(runs, Runs::Now | Runs::Joined | Runs::Detached))?;
                let only = runs(scene, id) == Runs::Detached && context.of == scene.id && context.is_request;
                let hop = hops(&inner).into_iter().find(|hop| hop.flowing.base == Base::Given && hop.act.when == When::Now)?;
                only.then(|| inner.stop(hop.act.pos, "works under a context that has ended with the request"))?
            } else {
                let argument = context_argument(scene, act.call?)?;
                let from_request = flow_of(scene, act.step, argument).base == Base::Given;
                from_request.then(|| scene.stop(act.pos, "works under a context that ends with the request"))?
            };
            let at = scene.file().checked.file.expr_span(act.call?).start;
            let way = vec![scene.stop(act.pos, "the handler starts a goroutine and goes on"), user];
            Some(Spotted::new(scene.body.file, at, "the goroutine outlives the request whose context it has", way))
        })
        .collect()
}

/// A job with the context of a request, sent to whoever does it later.
fn queued(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let file = scene.file().checked.file;
    let sends = scene.graph().steps.iter().enumerate().filter_map(|(index, step)| {
        let stmt = match *step {
            Step::Send(stmt) => stmt,
            Step::Comm(stmt) => match *file.stmt(stmt) {
                Stmt::Comm { comm: Some(comm), .. } => comm,
                _ => stmt,
            },
            _ => return None,
        };
        let Stmt::Send { value, .. } = *file.stmt(stmt) else { return None };
        Some((herd_golang::flow::StepId(index as u32), value))
    });
    sends
        .filter_map(|(step, value)| {
            let job = scene.local(value).and_then(|local| scene.made_from(local)).unwrap_or(value);
            let (ty, field, context) = context_field(scene, job)?;
            let act = scene.body.acts.iter().find(|act| act.step == step)?;
            if flow_of(scene, step, context).base != Base::Given || is_waited_for(scene, act) {
                return None;
            }
            let place = field_stop(scene, ty, &field)?;
            let StopPlace::Here { file: number, pos } = place.place else { return None };
            let way = vec![
                place,
                scene.stop(file.expr_span(value).start, "a job is queued with the context of the request, which ends first"),
            ];
            Some(Spotted::new(number, pos, "a queued job keeps the context of the request that ordered it", way))
        })
        .collect()
}

/// The type of a literal, and its field that holds a context, with the value.
fn context_field(scene: &Scene<'_, '_>, literal: ExprId) -> Option<(TypeId, String, ExprId)> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let mut at = file.unparen(literal);
    if let Expr::Unary { op: herd_golang::Token::And, x } = *file.expr(at) {
        at = file.unparen(x);
    }
    let Expr::CompositeLit { elts, .. } = *file.expr(at) else { return None };
    file.list(elts).iter().find_map(|element| match *file.expr(*element) {
        Expr::KeyValue { key, value, .. } if is_context(&scene.package.unit, checked.type_of(value)) => {
            Some((checked.type_of(at), scene.written(key), value))
        }
        _ => None,
    })
}

/// Where a field of a struct of the package is declared.
fn field_stop(scene: &Scene<'_, '_>, ty: TypeId, field: &str) -> Option<Stop> {
    let unit = &scene.package.unit;
    let types = unit.types;
    let Type::Struct(fields) = types.get(types.underlying(ty)) else { return None };
    let index = fields.iter().position(|one| types.names().text(one.name) == field)?;
    let (_, name, pos) = types.field_place(types.pointed_at(ty), index)?;
    let package = types.program().package(unit.package)?;
    let file = unit
        .files
        .iter()
        .position(|file| package.files.get(file.checked.source as usize).is_some_and(|one| &*one.name == name))?;
    Some(Stop { place: StopPlace::Here { file: file as u32, pos }, text: format!("{field} keeps a context") })
}

/// A method that works under the context its struct keeps, called where another one is at hand.
fn kept(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let object = scene.body.object?;
    let file = scene.file().checked.file;
    if given(scene).is_some() {
        return None;
    }
    let acts =
        scene.body.acts.iter().filter(|act| matches!(act.kind, ActKind::Call(_)) && act.when == When::Now && act.call.is_some());
    let (used, ty, field) = acts.into_iter().find_map(|act| {
        let x = file.unparen(context_argument(scene, act.call?)?);
        let Expr::Selector { x: inner, .. } = *file.expr(x) else { return None };
        let selection = scene.file().checked.selection(x).filter(|one| one.kind == SelectionKind::Field)?;
        let receiver = scene.local(inner)? == *scene.body.params.first()?;
        (receiver && selection.path.indices().len() == 1).then(|| (act.pos, selection.owner, scene.written(x)))
    })?;
    let name = field.rsplit('.').next().unwrap_or_default().to_owned();
    if owns(scene, ty, &name) {
        return None;
    }
    let stored = stored_from_caller(scene, ty, &name)?;
    let package = scene.package;
    let call = (0..package.unit.bodies.len()).map(|index| package.scene(BodyId(index as u32))).find_map(|caller| {
        let act =
            caller.body.acts.iter().find(|act| act.kind == ActKind::Call(Target::Object(object)) && act.when == When::Now)?;
        let context = at_hand(&caller)?;
        let on = caller.called_on(act.call?)?;
        let foreign = caller.local(on).is_none_or(|local| caller.body.params.contains(&local));
        (foreign && !caller.is_test())
            .then(|| caller.stop(act.pos, format!("has {} at hand, and this call does not get it", context.text)))
    })?;
    let place = field_stop(scene, ty, &name)?;
    let StopPlace::Here { file: number, pos } = place.place else { return None };
    let way = vec![place, stored, scene.stop(used, format!("works under {field}, whoever calls")), call];
    Some(Spotted::new(number, pos, "calls work under the context of whoever made the struct, not of their caller", way))
}

/// Whether a struct is meant to have a life of its own: it holds a cancel function, or somebody waits for the end of what it keeps.
fn owns(scene: &Scene<'_, '_>, ty: TypeId, field: &str) -> bool {
    let unit = &scene.package.unit;
    let types = unit.types;
    let Type::Struct(fields) = types.get(types.underlying(ty)) else { return true };
    let cancels = fields.iter().any(|one| {
        matches!(declared(unit, one.ty), Some(("context", "CancelFunc" | "CancelCauseFunc")))
            || matches!(types.get(types.underlying(one.ty)), Type::Chan { .. })
    });
    let waits = unit.bodies.iter().any(|body| {
        body.acts.iter().any(|act: &Act| match act.kind {
            ActKind::Known(Known::ContextDone | Known::ContextErr, Some(path)) => match unit.paths.last(path) {
                PathStep::Field(_, of) => {
                    fields.get(usize::from(of.index)).is_some_and(|one| types.names().text(one.name) == field)
                }
                _ => false,
            },
            _ => false,
        })
    });
    cancels || waits
}

/// Where a function stores the context that it was given in the field, if no other value gets there.
fn stored_from_caller(scene: &Scene<'_, '_>, ty: TypeId, field: &str) -> Option<Stop> {
    let package = scene.package;
    let mut found = None;
    for index in 0..package.unit.bodies.len() {
        let by = package.scene(BodyId(index as u32));
        let file = by.file().checked.file;
        for (number, step) in by.graph().steps.iter().enumerate() {
            let (value, pos): (ExprId, Pos) = match *step {
                Step::Composite(literal) if package.unit.types.pointed_at(by.file().checked.type_of(literal)) == ty => {
                    let Some((_, name, value)) = context_field(&by, literal) else { continue };
                    if name != field {
                        continue;
                    }
                    (value, file.expr_span(value).start)
                }
                Step::Assign(stmt) => {
                    let Stmt::Assign { lhs, rhs, .. } = *file.stmt(stmt) else { continue };
                    let sets = file.list(lhs).iter().position(|x| {
                        by.file()
                            .checked
                            .selection(file.unparen(*x))
                            .is_some_and(|one| one.owner == ty && package.unit.types.names().text(one.name) == field)
                    });
                    let Some(value) = sets.and_then(|at| file.list(rhs).get(at)) else { continue };
                    (*value, file.expr_span(*value).start)
                }
                _ => continue,
            };
            let step = herd_golang::flow::StepId(number as u32);
            if flow_of(&by, step, value).base != Base::Given {
                return None;
            }
            found.get_or_insert_with(|| by.stop(pos, "the context of the caller is stored"));
        }
    }
    found
}
