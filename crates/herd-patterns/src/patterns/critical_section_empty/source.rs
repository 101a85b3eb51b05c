//! The source eye of LO007: a lock is given back right after it was taken, so that it guards nothing.

use herd_golang::acts::{LockAct, LockWhat, Steps, When};
use herd_golang::ast::{Expr, Pos};
use herd_golang::flow::{self, StepId};
use herd_golang::types::{LocalKind, Meaning};

use crate::source::{Edit, Repair, Safety, Scene, Spotted};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let graph = scene.graph();
    let file = scene.file().checked.file;
    for taken in scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now && act.via.len() == 1) {
        let given = scene.locks.iter().find(|act| {
            act.step.0 == taken.step.0 + 1
                && act.path == taken.path
                && act.read == taken.read
                && act.what == LockWhat::Gives
                && act.when == When::Now
                && act.via.len() == 1
        });
        let (Some(given), Some((_, from))) = (given, taken.via.first()) else { continue };
        let Some((None, at)) = given.via.first() else { continue };
        // With nothing behind it that it could have guarded it is a barrier: whoever holds the lock is to be done first.
        if graph.place(given.step).block != graph.place(taken.step).block
            || !(is_used_after(scene, given) || is_own(scene, given))
            || is_explained(scene, *from)
        {
            continue;
        }
        let name = scene.package.text(taken.path);
        let way = vec![scene.stop(*from, format!("takes {name}")), scene.stop(*at, format!("gives {name} back at once"))];
        let span = graph.steps.get(given.step.index()).and_then(|step| match *step {
            herd_golang::flow::Step::Call(call) => Some(file.expr_span(call)),
            _ => None,
        });
        let repair = span.map(|span| Repair {
            safety: Safety::Unsafe,
            text: "give it back when the function ends".to_owned(),
            edits: vec![Edit { span: herd_golang::ast::Span { start: span.start, end: span.start }, text: "defer ".to_owned() }],
        });
        let text = format!("{name} is given back at once and guards nothing");
        found.push(Spotted::new(scene.body.file, *at, text, way).cured_by(repair));
    }
    found
}

/// Whether the lock is a variable of the function that no other one sees: nobody can hold it.
fn is_own(scene: &Scene<'_, '_>, given: &LockAct) -> bool {
    let Some(local) = scene.root(given.path).filter(|_| scene.package.unit.paths.parent(given.path).is_none()) else {
        return false;
    };
    let declared = scene.file().checked.locals.get(local.0 as usize);
    let uses = scene.file().uses.get(local.0 as usize);
    declared.is_some_and(|one| one.function == Some(scene.body.function) && one.kind == LocalKind::Var)
        && !scene.goes_elsewhere(local)
        && uses.is_some_and(|uses| !uses.captured)
}

/// Whether what the lock is a field of is used once it was given back.
fn is_used_after(scene: &Scene<'_, '_>, given: &LockAct) -> bool {
    let checked = &scene.file().checked;
    let paths = &scene.package.unit.paths;
    let (Some(_), Some(root)) = (paths.parent(given.path), scene.root(given.path)) else { return false };
    let locks = scene.steps(|_| true);
    let mut used = Steps::default();
    for (index, step) in scene.graph().steps.iter().enumerate() {
        let id = StepId(index as u32);
        flow::own_exprs(checked.file, *step, |x| {
            if let Expr::Selector { x, .. } = *checked.file.expr(x)
                && checked.meaning(checked.file.unparen(x)) == Meaning::Local(root)
                && !locks.contains(id)
            {
                used.insert(id);
            }
        });
    }
    let again = scene.steps(|act| act.path == given.path && act.what != LockWhat::Gives);
    !used.is_empty() && scene.way(given.step, |place| used.has(scene.graph(), place), &again).is_some()
}

/// Whether a comment stands on the line above, as barriers have one that says what is waited for.
fn is_explained(scene: &Scene<'_, '_>, lock: Pos) -> bool {
    let file = scene.file().checked.file;
    let above = file.line(lock).saturating_sub(1);
    file.comments.iter().any(|comment| {
        let end = Pos::at(comment.span.end.offset().saturating_sub(1));
        file.line(comment.span.start) <= above && above <= file.line(end)
    })
}
