//! The source eye of TO001: a context with a time limit is at hand, and what is called gets another one; a limit that a caller sent is read
//! and not applied.

use herd_golang::acts::{ActKind, Target, When};
use herd_golang::ast::{ExprId, Stmt};
use herd_golang::flow::Step;
use herd_golang::types::{Constant, LocalId};

use crate::source::{Scene, Spotted};
use crate::source_begun::begun_below;
use crate::source_contexts::{at_hand, holds};
use crate::source_flows::{Base, hops};
use crate::source_release::mentions;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found: Vec<Spotted> = begun_below(scene).into_iter().filter(|one| one.loses_limit).map(|one| one.spotted).collect();
    found.extend(not_applied(scene));
    found
}

/// A limit in a header of the request that is parsed and told to nobody but a log.
fn not_applied(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let parses = |act: &&herd_golang::acts::Act| {
        let name = act.call.filter(|_| matches!(act.kind, ActKind::Call(Target::Object(_)))).and_then(|call| scene.callee(call));
        act.when == When::Now
            && name.is_some_and(|name| {
                matches!(
                    (name.package, name.owner, name.name),
                    ("time", "", "ParseDuration") | ("strconv", "", "Atoi" | "ParseInt" | "ParseFloat")
                )
            })
    };
    let act = scene.body.acts.iter().find(|act| parses(act) && act.call.is_some_and(|call| reads_limit(scene, call)))?;
    let call = act.call?;
    let context = at_hand(scene).filter(|one| one.is_request)?;
    if !scene.graph().sound || scene.is_test() {
        return None;
    }
    let (step, targets) = scene.results_of(call)?;
    let limit = scene.local(*targets.first()?)?;
    let is_told = |id: usize, one: &Step| id == step.index() || !mentions(scene, *one, limit) || is_only_told(scene, *one, limit);
    let all_told = scene.graph().steps.iter().enumerate().all(|(id, one)| is_told(id, one));
    let waits = hops(scene)
        .into_iter()
        .find(|hop| hop.flowing.base == Base::Given && hop.flowing.limit.is_none() && hop.act.when == When::Now)?;
    if !all_told {
        return None;
    }
    let at = scene.file().checked.file.expr_span(call).start;
    let way = vec![
        scene.stop(at, "the limit of the caller is read"),
        scene.stop(waits.act.pos, format!("waits under {}, without that limit", context.text)),
    ];
    Some(Spotted::new(scene.body.file, at, "the time limit that the caller sent is read and applied to nothing", way))
}

/// Whether a call is given what `Header.Get` says of a time limit.
fn reads_limit(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    let is_get = |x: ExprId| {
        let name = scene.callee(x);
        let of_header = name.is_some_and(|name| (name.package, name.owner, name.name) == ("net/http", "Header", "Get"));
        let key = scene.args(x).first().and_then(|key| scene.file().checked.constant(scene.package.unit.types, *key));
        of_header
            && matches!(key, Some(Constant::String(text)) if {
                let text = scene.package.unit.types.names().text(text).to_ascii_lowercase();
                text.ends_with("timeout") || text.ends_with("deadline")
            })
    };
    scene.args(call).iter().any(|x| {
        let x = scene.file().checked.file.unparen(*x);
        is_get(x) || scene.local(x).and_then(|local| scene.made_from(local)).is_some_and(is_get)
    })
}

/// Whether a step sets a variable, or gives it to a log alone.
fn is_only_told(scene: &Scene<'_, '_>, step: Step, local: LocalId) -> bool {
    let file = scene.file().checked.file;
    match step {
        Step::Call(call) => scene.callee(call).is_some_and(|name| matches!(name.package, "log" | "log/slog" | "fmt")),
        Step::Assign(stmt) => match *file.stmt(stmt) {
            Stmt::Assign { rhs, .. } => !file.list(rhs).iter().any(|x| holds(scene, *x, local)),
            _ => false,
        },
        _ => false,
    }
}
