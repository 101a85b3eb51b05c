//! The source eye of DL007: a lock is held over a long pause, so that all who need it wait that long.

use herd_golang::acts::{ActKind, Known, LockWhat, When};
use herd_golang::ast::Expr;
use herd_golang::types::Constant;

use crate::source::{Scene, Spotted};
use crate::source_held::{is_fresh, reached_with};
use crate::source_partners::is_handed_over;

/// Shorter pauses are nobody's trouble, in nanoseconds.
const PAUSE_MIN: i128 = 1_000_000_000;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found: Vec<Spotted> = Vec::new();
    if scene.locks.is_empty() || !scene.graph().sound || scene.package.is_test(scene.body.file) {
        return found;
    }
    let pauses: Vec<_> = scene
        .body
        .acts
        .iter()
        .filter(|act| matches!((act.kind, act.when), (ActKind::Known(Known::Sleep, _), When::Now)) && is_long(scene, act.call))
        .collect();
    if pauses.is_empty() {
        return found;
    }
    for held in scene.locks.iter().filter(|act| act.what == LockWhat::Takes && act.when == When::Now) {
        if !scene.is_steady(held.path)
            || scene.is_tried(held.path)
            || is_fresh(scene, held.path)
            || is_handed_over(scene, held.path)
            || scene.package.key(held.path).is_none()
        {
            continue;
        }
        let reached = reached_with(scene, held);
        for pause in pauses.iter().filter(|act| reached.contains(act.step)) {
            if found.iter().any(|one| one.at == pause.pos) {
                continue;
            }
            let name = scene.package.text(held.path);
            let mut way = scene.stops(held, &format!("takes {name}"));
            way.push(scene.stop(pause.pos, format!("sleeps while {name} is held")));
            let text = format!("{name} is held over a pause of seconds, and all who need it wait");
            found.push(Spotted::new(scene.body.file, pause.pos, text, way));
        }
    }
    found
}

/// Whether a pause is written out, and long.
fn is_long(scene: &Scene<'_, '_>, call: Option<herd_golang::ast::ExprId>) -> bool {
    let checked = &scene.file().checked;
    let Some(Expr::Call { args, .. }) = call.map(|call| *checked.file.expr(call)) else { return false };
    let first = checked.file.list(args).first();
    let value = first.and_then(|x| checked.constant(scene.package.unit.types, *x));
    matches!(value, Some(Constant::Int(value)) if value >= PAUSE_MIN)
}
