//! The source eye of CX002: a cancel that is thrown away, not called on some way, or overwritten before.
//!
//! Any use of the function counts as its being called, as go vet's lostcancel has it: it may be stored, returned, handed on.

use herd_golang::acts::{ActKind, Known, Steps, When};
use herd_golang::ast::{ExprId, Stmt};
use herd_golang::flow::{Step, StepId};
use herd_golang::types::Meaning;

use crate::source::{Scene, Spotted};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.graph().sound {
        return found;
    }
    for act in &scene.body.acts {
        let (ActKind::Known(Known::WithCancel | Known::WithTimeout | Known::WithDeadline, _), When::Now, Some(call)) =
            (act.kind, act.when, act.call)
        else {
            continue;
        };
        found.extend(lost(scene, call));
    }
    found
}

fn lost(scene: &Scene<'_, '_>, call: ExprId) -> Option<Spotted> {
    let (step, target) = target(scene, call)?;
    let checked = &scene.file().checked;
    let file = checked.file;
    let at = file.expr_span(call).start;
    let spotted = |text: &str, way| Some(Spotted::new(scene.body.file, at, text, way));
    if &*file.text(file.expr_span(target)) == "_" {
        return spotted("the function that cancels the context is thrown away", Vec::new());
    }
    let Meaning::Local(local) = checked.meaning(file.unparen(target)) else { return None };
    let declared = checked.locals.get(local.0 as usize)?;
    // Others may call what is a variable of the function around, or a result.
    let own = declared.function == Some(scene.body.function) && declared.kind != herd_golang::types::LocalKind::Result;
    let uses = scene.file().uses.get(local.0 as usize)?;
    if !own || uses.address_taken {
        return None;
    }
    let named = scene.package.values.named.get(&(scene.body.file, local)).map(Vec::as_slice).unwrap_or_default();
    let here: Steps = named.iter().filter(|(body, _)| *body == scene.id).map(|(_, step)| *step).collect();
    let name = scene.package.unit.types.names().text(declared.name);
    let graph = scene.graph();
    let again: Vec<StepId> = scene.body.sets_of(local).collect();
    // A literal that was made before sees whatever value there is.
    let earlier = here.iter().any(|one| {
        matches!(graph.steps.get(one.index()), Some(Step::FuncLit(_)))
            && scene.way(one, |place| scene.is_at(place, step), &Steps::default()).is_some()
    });
    if earlier {
        return None;
    }
    let overwritten = again.iter().find_map(|next| {
        let way = scene.way(step, |place| scene.is_at(place, *next), &here)?;
        Some((*next, way))
    });
    if let Some((next, way)) = overwritten {
        let mut stops = vec![scene.stop(at, format!("{name} can cancel the context"))];
        stops.extend(scene.jumps(&way));
        let pos = graph.steps.get(next.index()).map(|step| herd_golang::flow::pos(file, *step))?;
        stops.push(scene.stop(pos, format!("{name} gets another value, and was not called")));
        return spotted(&format!("{name} gets another value before it was called"), stops);
    }
    let way = scene.way(step, |place| place.block == graph.exit, &here)?;
    let mut stops = vec![scene.stop(at, format!("{name} can cancel the context"))];
    let jumps = scene.jumps(&way);
    stops.extend(if jumps.is_empty() { vec![scene.stop(scene.body_end(), "ends")] } else { jumps });
    if let Some(last) = stops.last_mut() {
        last.text = format!("{}, and {name} was not called", last.text);
    }
    spotted(&format!("{name} is not called on every way out"), stops)
}

/// The step that takes the results of a call, and what the second of them is put into.
fn target(scene: &Scene<'_, '_>, call: ExprId) -> Option<(StepId, ExprId)> {
    let file = scene.file().checked.file;
    scene.graph().steps.iter().enumerate().find_map(|(index, step)| {
        let Step::Assign(stmt) = *step else { return None };
        let Stmt::Assign { lhs, rhs, .. } = *file.stmt(stmt) else { return None };
        let [from] = file.list(rhs) else { return None };
        (file.unparen(*from) == call).then(|| Some((StepId(index as u32), *file.list(lhs).get(1)?))).flatten()
    })
}
