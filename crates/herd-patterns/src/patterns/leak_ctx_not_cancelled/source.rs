//! The source eye of LK005: waits for the end of a context that never ends, or of another one than was handed over.

use herd_golang::acts::{ActKind, Known};
use herd_golang::ast::{Expr, ExprId};
use herd_golang::types::{LocalId, Meaning};

use crate::source::{Scene, Spotted};
use crate::source_calls;
use crate::source_channels::Op;
use crate::source_groups::group;
use crate::source_runs::How;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.is_followed() || scene.is_in_tests() {
        return found;
    }
    found.extend(scene.package.channels().ops_of(scene.id).iter().filter_map(|op| endless(scene, op)));
    found.extend(outer_context(scene));
    found
}

/// `<-ctx.Done()` alone, of a context that nothing ends.
fn endless(scene: &Scene<'_, '_>, op: &Op) -> Option<Spotted> {
    // A program may wait for ever where it starts.
    if !op.is_alone() || scene.is_start() {
        return None;
    }
    let checked = &scene.file().checked;
    let file = checked.file;
    let Expr::Call { fun, .. } = *file.expr(file.unparen(op.channel)) else { return None };
    let Expr::Selector { x, sel } = *file.expr(file.unparen(fun)) else { return None };
    let names = scene.package.unit.types.names();
    if names.text(sel.name) != "Done" {
        return None;
    }
    let made = background(scene, x)?;
    let name = scene.written(x);
    let way = vec![
        scene.stop(file.expr_span(made).start, "makes a context that nothing ever ends"),
        scene.stop(op.pos, format!("waits until {name} ends, for ever")),
    ];
    Some(Spotted::new(scene.body.file, op.pos, format!("{name} never ends"), way))
}

/// The call of `context.Background` that an expression has its value from.
fn background(scene: &Scene<'_, '_>, x: ExprId) -> Option<ExprId> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let mut at = file.unparen(x);
    for _ in 0..8 {
        match *file.expr(at) {
            Expr::Ident { .. } => {
                let local = scene.local(at)?;
                let origin = scene.file().uses.get(local.0 as usize)?.only()?;
                if origin.result.is_some() {
                    return None;
                }
                at = file.unparen(origin.expr);
            }
            Expr::Call { fun, args, .. } => {
                let Meaning::Object(object) = checked.meaning(checked.name_of(fun)) else { return None };
                match scene.package.unit.types.object_text(object).as_str() {
                    "context.Background" | "context.TODO" => return Some(at),
                    "context.WithValue" | "context.WithoutCancel" => at = file.unparen(*file.list(args).first()?),
                    _ => return None,
                }
            }
            _ => return None,
        }
    }
    None
}

/// A member of an errgroup that works under the context which the group's own was made of: it does not learn that another one failed.
fn outer_context(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let package = scene.package;
    let around = package.unit.body(scene.body.outer?);
    if !around.acts.iter().any(|act| matches!(act.kind, ActKind::Known(Known::ErrGroupWithContext, _))) {
        return None;
    }
    let run = package.runs().of(scene.id).iter().find(|run| matches!(run.how, How::Grouped(Some(_))))?;
    let How::Grouped(Some(path)) = run.how else { return None };
    let by = package.scene(run.by);
    let checked = &by.file().checked;
    let file = checked.file;
    // Where the group was made.
    let made = by.body.acts.iter().find(|act| matches!(act.kind, ActKind::Known(Known::ErrGroupWithContext, _)))?;
    let Expr::Call { args, .. } = *file.expr(made.call?) else { return None };
    let parent = by.local(*file.list(args).first()?)?;
    let (group_local, own) = file.all_stmts().find_map(|(_, stmt)| match *stmt {
        herd_golang::ast::Stmt::Assign { lhs, rhs, .. } => match (file.list(lhs), file.list(rhs)) {
            ([group, context], [call]) if Some(file.unparen(*call)) == made.call => {
                Some((by.local(*group)?, by.local(*context)?))
            }
            _ => None,
        },
        _ => None,
    })?;
    let is_this = group(package, path) == Some(crate::source_groups::Group::Local(by.body.file, group_local));
    if !is_this || own == parent || scene.body.file != by.body.file {
        return None;
    }
    // Who waits for the group's context knows, and may need the other one to tidy up.
    let waits = scene
        .body
        .acts
        .iter()
        .any(|act| matches!(act.kind, ActKind::Known(Known::ContextDone, Some(path)) if is_path(scene, path, own)));
    let given = scene.body.acts.iter().find_map(|act| {
        let Expr::Call { args, .. } = *file.expr(act.call?) else { return None };
        let given = file.list(args).iter().any(|arg| scene.local(*arg) == Some(parent));
        let known = matches!(act.kind, ActKind::Known(..));
        (given && !known).then_some(act.pos)
    })?;
    // What the member asks of the group's context shows that it means to end with it.
    let asks = scene.body.acts.iter().any(|act| match act.kind {
        ActKind::Known(Known::ContextErr, Some(path)) => is_path(scene, path, own),
        _ => act.call.is_some_and(|call| match *file.expr(call) {
            Expr::Call { args, .. } => file.list(args).iter().any(|arg| scene.local(*arg) == Some(own)),
            _ => false,
        }),
    });
    if waits || !asks || !is_context(&by, parent) {
        return None;
    }
    let (name, outer) = (by.name_of(own), by.name_of(parent));
    let way = vec![
        by.stop(made.pos, format!("{name} ends when a member fails")),
        by.stop(run.pos, "starts a member"),
        scene.stop(given, format!("works under {outer}, which does not")),
    ];
    Some(Spotted::new(scene.body.file, given, format!("a member of the group does not end with {name}"), way))
}

fn is_path(scene: &Scene<'_, '_>, path: herd_golang::acts::PathId, local: LocalId) -> bool {
    matches!(scene.package.unit.paths.last(path), herd_golang::acts::Step::Local(file, one) if file == scene.body.file && one == local)
}

fn is_context(scene: &Scene<'_, '_>, local: LocalId) -> bool {
    let declared = scene.file().checked.locals.get(local.0 as usize);
    declared.is_some_and(|one| source_calls::is_context(&scene.package.unit, one.ty))
}
