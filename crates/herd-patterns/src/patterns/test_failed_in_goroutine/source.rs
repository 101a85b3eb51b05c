//! The source eye of LO006: a goroutine that a test starts ends the test: `FailNow`, `Fatal`, `Skip`.

use herd_golang::acts::{Act, ActKind, BodyId, Known, Target, When};
use herd_golang::ast::{Expr, ExprId};
use herd_golang::types::Meaning;

use crate::source::{Scene, Spotted, Stop};

/// Literals within literals are followed so deep.
const DEPTH_MAX: usize = 8;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    for spawned in &scene.body.acts {
        match (spawned.kind, spawned.when) {
            (ActKind::Known(Known::TestEnds, _), When::Spawned) => found.push(Spotted::new(
                scene.body.file,
                spawned.pos,
                format!("{} is called in a goroutine, and ends that in place of the test", called(scene, spawned)),
                Vec::new(),
            )),
            (ActKind::Call(Target::Literal(literal)), When::Spawned) => {
                let start = scene.stop(spawned.pos, "starts the goroutine");
                ends_within(scene, literal, &start, DEPTH_MAX, &mut found);
            }
            (ActKind::Call(Target::Object(object)), When::Spawned) => {
                let Some(body) = scene.package.unit.body_of(object) else { continue };
                let start = scene.stop(spawned.pos, "starts the goroutine");
                ends_within(scene, body, &start, 0, &mut found);
            }
            (ActKind::Known(known, _), When::Now) => {
                let handed = |(call, param)| scene.package.unit.literal_arg(scene.id, call, param + 1);
                let Some(literal) = spawned.call.zip(known.starts()).and_then(handed) else {
                    continue;
                };
                let start = scene.stop(spawned.pos, "starts the goroutine");
                ends_within(scene, literal, &start, DEPTH_MAX, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// Calls that end a test in the body of a goroutine, and in the literals that it calls itself.
fn ends_within(scene: &Scene<'_, '_>, body: BodyId, start: &Stop, depth: usize, found: &mut Vec<Spotted>) {
    let inner = scene.package.scene(body);
    for act in inner.body.acts.iter().filter(|act| act.when != When::Spawned) {
        match act.kind {
            ActKind::Known(Known::TestEnds, _) if is_given(&inner, act) => {
                let text = format!("{} is called in a goroutine, and ends that in place of the test", called(&inner, act));
                let way = vec![start.clone(), inner.stop(act.pos, "ends the goroutine, not the test")];
                found.push(Spotted::new(inner.body.file, act.pos, text, way));
            }
            ActKind::Call(Target::Literal(literal)) if depth > 0 => ends_within(scene, literal, start, depth - 1, found),
            _ => {}
        }
    }
}

/// Whether the test is a variable of a function, so that it is the one around the goroutine or was handed to it.
fn is_given(scene: &Scene<'_, '_>, act: &Act) -> bool {
    let checked = &scene.file().checked;
    receiver(scene, act.call).is_some_and(|x| matches!(checked.meaning(x), Meaning::Local(_)))
}

fn receiver(scene: &Scene<'_, '_>, call: Option<ExprId>) -> Option<ExprId> {
    let file = scene.file().checked.file;
    let Expr::Call { fun, .. } = *file.expr(call?) else { return None };
    let Expr::Selector { x, .. } = *file.expr(file.unparen(fun)) else { return None };
    Some(file.unparen(x))
}

/// As it is written: `t.Fatal`.
fn called(scene: &Scene<'_, '_>, act: &Act) -> String {
    let file = scene.file().checked.file;
    match act.call.map(|call| *file.expr(call)) {
        Some(Expr::Call { fun, .. }) => file.text(file.expr_span(fun)).into_owned(),
        _ => String::from("what ends the test"),
    }
}
