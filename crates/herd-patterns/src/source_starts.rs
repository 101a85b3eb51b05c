//! Where goroutines are started: in which loops, below which request, with whose context.

#![allow(clippy::wildcard_enum_match_arm, reason = "a few shapes of expressions and types are asked for out of dozens")]

use herd_golang::acts::{Act, ActKind, BodyId, Known, When};
use herd_golang::ast::{Expr, ExprId, Node, Pos, Stmt};
use herd_golang::flow::{self, Step, StepId};
use herd_golang::types::{FunctionId, LocalId, Meaning, Type};
use herd_golang::walk::{Descend, walk};

use crate::source::{Scene, StopPlace};
use crate::source_calls::{is_context, is_request};
use crate::source_ends::loop_statement;

/// A loop around a start.
pub(crate) enum Looped {
    /// Nothing says how often.
    Endless(Pos),
    /// Once an element of something.
    Elements(Pos),
}

/// The loop that a start is in, unless something limits how many run: a counter, a place taken in a channel or semaphore, a limit of the group.
pub(crate) fn in_loop(scene: &Scene<'_, '_>, act: &Act) -> Option<Looped> {
    let (graph, tree) = (scene.graph(), scene.file().checked.file);
    if !graph.edges.iter().any(|edge| edge.back) {
        return None;
    }
    let loops = flow::loops(graph, &flow::dominators(graph));
    let block = graph.place(act.step).block;
    let inner = loops.innermost.get(block.index()).copied().flatten()?;
    let limited = scene.body.acts.iter().any(|one| {
        let inside = loops.contains(inner, graph.place(one.step).block);
        match one.kind {
            ActKind::Known(Known::ErrGroupSetLimit, _) => true,
            ActKind::Known(
                Known::SemaphoreAcquire | Known::SemaphoreTryAcquire | Known::GroupWait | Known::ErrGroupWait | Known::RunnerWait,
                _,
            ) => inside,
            ActKind::Send(_) | ActKind::Receive(_) => inside && !is_over_channel(graph, one.step),
            _ => false,
        }
    });
    if limited {
        return None;
    }
    let mut at = Some(inner);
    while let Some(id) = at {
        let stmt = loop_statement(scene, &loops, id);
        if let Some(stmt) = stmt {
            let pos = tree.stmt_span(stmt).start;
            match *tree.stmt(stmt) {
                Stmt::For { cond: None, .. } => return Some(Looped::Endless(pos)),
                Stmt::Range { x, .. } => {
                    let types = scene.package.unit.types;
                    let over = types.get(types.underlying(scene.file().checked.type_of(x)));
                    match over {
                        Type::Chan { .. } => return Some(Looped::Endless(pos)),
                        Type::Slice(_) | Type::Map { .. } => return Some(Looped::Elements(pos)),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        at = loops.get(id).parent;
    }
    None
}

fn is_over_channel(graph: &flow::Graph, step: StepId) -> bool {
    matches!(graph.steps.get(step.index()), Some(Step::RangeNext(_)))
}

/// Whether a function, or one around it, answers a request: it has an `*http.Request`.
pub(crate) fn serves_request(scene: &Scene<'_, '_>) -> bool {
    let unit = &scene.package.unit;
    let mut at = Some(scene.id);
    while let Some(id) = at {
        let body = unit.body(id);
        let checked = &unit.files[body.file as usize].checked;
        let is_request = |local: &LocalId| checked.locals.get(local.0 as usize).is_some_and(|local| is_request(unit, local.ty));
        if body.params.iter().any(is_request) {
            return true;
        }
        at = body.outer;
    }
    false
}

/// A context that a literal uses though its starter cancels it when it returns: derived there with a deferred cancel, or the request's own.
pub(crate) fn context_that_ends(scene: &Scene<'_, '_>, literal: BodyId) -> Option<(String, StopPlace)> {
    let unit = &scene.package.unit;
    let checked = &scene.file().checked;
    let tree = checked.file;
    let inner = unit.body(literal);
    if inner.outer != Some(scene.id) {
        return None;
    }
    let mut found = None;
    walk(tree, Node::Stmt(inner.block), |node| {
        if let Node::Expr(x) = node {
            match (tree.expr(x), checked.meaning(x)) {
                (Expr::Ident { .. }, Meaning::Local(local)) if found.is_none() && is_context(unit, checked.type_of(x)) => {
                    if let Some(at) = cancelled_at_return(scene, local) {
                        found = Some((scene.written(x), StopPlace::Here { file: scene.body.file, pos: at }));
                    }
                }
                (Expr::Call { fun, .. }, _) if found.is_none() && is_context(unit, checked.type_of(x)) => {
                    let of_request = match *tree.expr(tree.unparen(*fun)) {
                        // Its own request is as long as it runs.
                        Expr::Selector { x: of, sel } => {
                            !is_own(checked, of, inner.function)
                                && unit.types.names().text(sel.name) == "Context"
                                && is_request(unit, checked.type_of(of))
                        }
                        _ => false,
                    };
                    if of_request {
                        let pos = tree.expr_span(x).start;
                        found = Some((scene.written(x), StopPlace::Here { file: scene.body.file, pos }));
                    }
                }
                _ => {}
            }
        }
        Descend::Into
    });
    found
}

/// Whether an expression is a variable of the function itself.
fn is_own(checked: &herd_golang::types::CheckedFile<'_>, x: ExprId, function: FunctionId) -> bool {
    let Meaning::Local(local) = checked.meaning(checked.file.unparen(x)) else { return false };
    checked.locals.get(local.0 as usize).is_some_and(|declared| declared.function == Some(function))
}

/// Where a context is derived whose cancel the function defers.
fn cancelled_at_return(scene: &Scene<'_, '_>, context: LocalId) -> Option<Pos> {
    let file = scene.file();
    let (checked, tree) = (&file.checked, file.checked.file);
    let declared = checked.locals.get(context.0 as usize)?;
    if declared.function != Some(scene.body.function) {
        return None;
    }
    let origin = file.uses.get(context.0 as usize)?.from?;
    let call = tree.unparen(origin.expr);
    let derived = scene.body.acts.iter().any(|act| {
        act.call == Some(call)
            && matches!(act.kind, ActKind::Known(Known::WithCancel | Known::WithTimeout | Known::WithDeadline, _))
    });
    // The cancel function has its value from the same call.
    let cancel = |local: LocalId| {
        let from = file.uses.get(local.0 as usize).and_then(|uses| uses.from);
        from.is_some_and(|from| tree.unparen(from.expr) == call && from.result == Some(1))
    };
    let deferred = scene.body.acts.iter().filter(|act| act.when == When::Deferred).filter_map(|act| act.call).any(|call| {
        match *tree.expr(call) {
            Expr::Call { fun, .. } => matches!(checked.meaning(tree.unparen(fun)), Meaning::Local(local) if cancel(local)),
            _ => false,
        }
    });
    (derived && deferred).then(|| tree.expr_span(call).start)
}
