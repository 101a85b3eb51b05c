//! The source eye of LO005: a goroutine counts itself, so that the wait may be over before it did.

use herd_golang::acts::{Act, ActKind, BodyId, Steps, When};
use herd_golang::ast::{Expr, ExprId, Span, Stmt, StmtId};
use herd_golang::flow::Step;

use crate::source::{Edit, Repair, Safety, Scene, Spotted};
use crate::source_edits::{indent, line_of};
use crate::source_groups::{Does, acts, count, group, within};
use crate::source_runs::{How, Run};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found: Vec<Spotted> = Vec::new();
    if !scene.is_followed() || !scene.body.acts.iter().any(|act| act.when == When::Spawned) {
        return found;
    }
    for (callee, run) in scene.package.runs().by(scene.id).iter().filter(|(_, run)| run.how == How::Spawned) {
        found.extend(counts_itself(scene, *callee, run));
    }
    found
}

fn counts_itself(scene: &Scene<'_, '_>, callee: BodyId, run: &Run) -> Option<Spotted> {
    let package = scene.package;
    let inner = package.scene(callee);
    let (add, path) =
        acts(&inner).find_map(|(act, does, path)| (does == Does::Add && act.when == When::Now).then_some((act, path)))?;
    let of = group(package, path)?;
    let here = |path| group(package, path).map(|one| within(package, one, run, callee)) == Some(of);
    let leads = |act: &Act| scene.way(act.step, |place| scene.is_at(place, run.step), &Steps::default()).is_some();
    // Who is counted by its creator, and counts others, is right.
    if acts(scene).any(|(act, does, path)| does == Does::Add && here(path) && leads(act)) {
        return None;
    }
    // As the first thing that a goroutine written there does, it is what go vet reports.
    let first = is_first(&inner, add);
    let dones: Steps =
        acts(&inner).filter(|(_, does, one)| *does == Does::Done && *one == path).map(|(act, ..)| act.step).collect();
    let graph = inner.graph();
    let before = graph.place(add.step);
    let own = !dones.is_empty()
        && inner.way_from_start(|place| place == before, &dones).is_some()
        && inner.comes_behind(add.step, &dones);
    let waits = acts(scene).any(|(act, does, path)| does == Does::Wait && here(path) && waits_too_early(scene, run, act));
    if !(first || own && waits) {
        return None;
    }
    let name = package.text(path);
    let way = vec![
        scene.stop(run.pos, "starts the goroutine"),
        inner.stop(add.pos, format!("the goroutine counts itself in {name}, perhaps after the wait is over")),
    ];
    let text = format!("{name}.Add is called in the goroutine that it counts");
    let repair = if first && inner.body.file == scene.body.file { moved(scene, run, &inner, add) } else { None };
    Some(Spotted::new(inner.body.file, add.pos, text, way).cured_by(repair))
}

/// Whether the wait is come to without waiting for anything else, that the goroutine may say when it has counted.
fn waits_too_early(scene: &Scene<'_, '_>, run: &Run, wait: &Act) -> bool {
    let others: Steps = scene
        .body
        .acts
        .iter()
        .filter(|act| act.step != wait.step && act.when == When::Now)
        .filter(|act| match act.kind {
            ActKind::Receive(_) | ActKind::Select { .. } => true,
            ActKind::Known(herd_golang::acts::Known::GroupWait, _) => act.kind != wait.kind,
            ActKind::Known(..) | ActKind::Call(_) | ActKind::Close(_) | ActKind::Send(_) => false,
        })
        .map(|act| act.step)
        .collect();
    scene.way(run.step, |place| scene.is_at(place, wait.step), &others).is_some()
}

/// The first statement of a literal.
fn is_first(inner: &Scene<'_, '_>, add: &Act) -> bool {
    let file = inner.file().checked.file;
    let first = file.block(inner.body.block).first().copied();
    inner.body.object.is_none() && first.is_some_and(|first| is_call(inner, first, add.call)) && is_written_there(inner)
}

fn is_call(scene: &Scene<'_, '_>, stmt: StmtId, call: Option<ExprId>) -> bool {
    matches!(*scene.file().checked.file.stmt(stmt), Stmt::Expr { x } if Some(x) == call)
}

/// Whether a literal stands in the `go` statement itself.
fn is_written_there(inner: &Scene<'_, '_>) -> bool {
    let file = inner.file().checked.file;
    let node = inner.file().checked.functions.get(inner.body.function.0 as usize).map(|function| function.node);
    let Some(herd_golang::types::FunctionNode::Literal(literal)) = node else { return false };
    file.all_stmts().any(|(_, stmt)| match *stmt {
        Stmt::Go { call } => matches!(*file.expr(call), Expr::Call { fun, .. } if file.unparen(fun) == literal),
        _ => false,
    })
}

/// The call stands before the `go` statement, where it means the same.
fn moved(scene: &Scene<'_, '_>, run: &Run, inner: &Scene<'_, '_>, add: &Act) -> Option<Repair> {
    let checked = &scene.file().checked;
    let file = checked.file;
    checked.constant(scene.package.unit.types, count(inner, add)?)?;
    let Some(Step::Go(go)) = scene.graph().steps.get(run.step.index()).copied() else { return None };
    let call = file.expr_span(add.call?);
    // A group that is given to the goroutine has another name before it.
    let Expr::Call { fun, .. } = *file.expr(add.call?) else { return None };
    let Expr::Selector { x, .. } = *file.expr(file.unparen(fun)) else { return None };
    if inner.local(x).is_some_and(|local| inner.body.params.contains(&local)) {
        return None;
    }
    let start = file.stmt_span(go).start;
    let indent = indent(file, start);
    let added = Edit { span: Span { start, end: start }, text: format!("{}\n{indent}", file.text(call)) };
    let gone = Edit { span: line_of(file, call)?, text: String::new() };
    Some(Repair { safety: Safety::Safe, text: "count before the goroutine starts".to_owned(), edits: vec![added, gone] })
}
