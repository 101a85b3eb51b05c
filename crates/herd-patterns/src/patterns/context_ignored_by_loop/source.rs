//! The source eye of CX006: a loop without an end, or a handler, that waits at a channel and never asks its context.
//!
//! Silent about channels that the function makes itself, and where the context is asked anywhere but in the loop's own condition.

use herd_golang::acts::{Act, ActKind, Known, PathId, Step as PathStep, When};
use herd_golang::ast::{Expr, Stmt};
use herd_golang::flow::{self, Step, StepId};
use herd_golang::types::Type;

use crate::source::{Scene, Spotted};
use crate::source_contexts::{AtHand, given, is_handler};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let waits = |act: &&Act| {
        let bare = matches!(scene.graph().steps.get(act.step.index()), Some(Step::Receive(_) | Step::Send(_)));
        matches!(act.kind, ActKind::Receive(_) | ActKind::Send(_)) && act.when == When::Now && bare
    };
    let acts: Vec<&Act> = scene.body.acts.iter().filter(waits).collect();
    if acts.is_empty() || !scene.graph().sound || scene.is_test() {
        return Vec::new();
    }
    let Some(context) = given(scene) else { return Vec::new() };
    acts.into_iter().filter_map(|act| ignores(scene, act, &context)).take(1).collect()
}

fn ignores(scene: &Scene<'_, '_>, act: &Act, context: &AtHand) -> Option<Spotted> {
    let (path, is_send) = match act.kind {
        ActKind::Receive(path) => (path, false),
        ActKind::Send(path) => (path, true),
        _ => return None,
    };
    let head = endless(scene, act.step);
    let asks_done = scene.body.acts.iter().any(|act| matches!(act.kind, ActKind::Known(Known::ContextDone, _)));
    let asks_error = scene.body.acts.iter().any(|act| matches!(act.kind, ActKind::Known(Known::ContextErr, _)));
    let is_foreign = path.is_some_and(|path| !is_own(scene, path));
    let text = if asks_done {
        return None;
    } else if asks_error {
        // Polled between waits: the wait itself does not hear of the end.
        if !is_send || !is_foreign || !is_in_polled_loop(scene, act.step) {
            return None;
        }
        format!("the loop asks {} between its sends, and not in this one", context.text)
    } else if head && is_foreign && !is_fed_here(scene, path) {
        format!("the loop waits here whatever becomes of {}", context.text)
    } else if context.is_request && is_handler(scene) && !is_send && is_from_elsewhere(scene, act, path) {
        format!("the handler waits here although the client may have gone: {} is not asked", context.text)
    } else {
        return None;
    };
    let way = vec![
        scene.stop(scene.body_start(), format!("is given {}", context.text)),
        scene.stop(act.pos, "waits for the channel alone"),
    ];
    Some(Spotted::new(scene.body.file, act.pos, text, way))
}

/// Whether a step stands in a `for` without a condition that no other way leads out of than a return or a jump behind the wait.
fn endless(scene: &Scene<'_, '_>, step: StepId) -> bool {
    let file = scene.file().checked.file;
    let Some(own) = scene.graph().steps.get(step.index()) else { return false };
    let pos = flow::pos(file, *own);
    let inside = file.all_stmts().filter(|(_, stmt)| matches!(stmt, Stmt::For { .. } | Stmt::Range { .. })).filter(|(id, _)| {
        let span = file.stmt_span(*id);
        span.start <= pos && pos < span.end
    });
    // The innermost loop starts last.
    let inner = inside.max_by_key(|(id, _)| file.stmt_span(*id).start);
    matches!(inner, Some((_, Stmt::For { cond: None, .. }))) && crate::source_release::is_repeated(scene, step)
}

/// Whether some loop around a step has a condition that asks for the context's error.
fn is_in_polled_loop(scene: &Scene<'_, '_>, step: StepId) -> bool {
    let file = scene.file().checked.file;
    let Some(own) = scene.graph().steps.get(step.index()) else { return false };
    let pos = flow::pos(file, *own);
    file.all_stmts().any(|(id, stmt)| match *stmt {
        Stmt::For { cond: Some(cond), .. } => {
            let (span, cond) = (file.stmt_span(id), file.expr_span(cond));
            let asked = scene.body.acts.iter().any(|act| {
                matches!(act.kind, ActKind::Known(Known::ContextErr, _)) && cond.start <= act.pos && act.pos < cond.end
            });
            span.start <= pos && pos < span.end && asked
        }
        _ => false,
    })
}

/// Whether a channel is one that the function makes itself: who is at its other end is known there.
fn is_own(scene: &Scene<'_, '_>, path: PathId) -> bool {
    match scene.package.unit.paths.root(path) {
        PathStep::Local(file, local) => {
            let locals = &scene.package.unit.files[file as usize].checked.locals;
            let is_given = locals.get(local.0 as usize).is_some_and(|one| {
                matches!(one.kind, herd_golang::types::LocalKind::Param | herd_golang::types::LocalKind::Receiver)
            });
            !is_given
        }
        PathStep::Global(_) => false,
        PathStep::Field(..) | PathStep::Element(_) | PathStep::Call(..) => true,
    }
}

/// Whether a literal of the function uses the other end: what it does with its context is its own matter.
fn is_fed_here(scene: &Scene<'_, '_>, path: Option<PathId>) -> bool {
    let uses = |act: &Act| match act.kind {
        ActKind::Send(of) | ActKind::Receive(of) | ActKind::Close(of) => of.is_some() && of == path,
        _ => false,
    };
    scene.package.unit.bodies.iter().any(|body| body.outer == Some(scene.id) && body.acts.iter().any(uses))
}

/// Whether a channel comes from a field or a call: not from a goroutine of the handler.
fn is_from_elsewhere(scene: &Scene<'_, '_>, act: &Act, path: Option<PathId>) -> bool {
    let checked = &scene.file().checked;
    let Some(Step::Receive(x)) = scene.graph().steps.get(act.step.index()) else { return false };
    let Expr::Unary { x: channel, .. } = *checked.file.expr(*x) else { return false };
    let is_call = matches!(checked.file.expr(checked.file.unparen(channel)), Expr::Call { .. });
    let types = scene.package.unit.types;
    // A channel that carries nothing tells of an end, as a rule of the connection's.
    if let Type::Chan { element, .. } = types.get(types.underlying(checked.type_of(channel)))
        && matches!(types.get(types.underlying(*element)), Type::Struct(fields) if fields.is_empty())
    {
        return false;
    }
    let of_library =
        is_call && scene.callee(checked.file.unparen(channel)).is_some_and(|name| matches!(name.package, "time" | "context"));
    !of_library && (is_call || path.is_some_and(|path| !is_own(scene, path)))
}
