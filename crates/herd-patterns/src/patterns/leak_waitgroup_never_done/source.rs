//! The source eye of LK006: a goroutine that is counted may end without saying that it is done.

use herd_golang::acts::{ActKind, Known, Steps, Target, When};

use crate::source::{Scene, Spotted};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let unit = &scene.package.unit;
    for spawned in &scene.body.acts {
        let (ActKind::Call(Target::Literal(id)), When::Spawned) = (spawned.kind, spawned.when) else { continue };
        let inner = scene.package.scene(id);
        for done in &inner.body.acts {
            let (ActKind::Known(Known::GroupDone, Some(group)), When::Now) = (done.kind, done.when) else { continue };
            let same = |known: Known, kind: ActKind| kind == ActKind::Known(known, Some(group));
            let counted_down: Steps =
                inner.body.acts.iter().filter(|act| same(Known::GroupDone, act.kind)).map(|act| act.step).collect();
            let waits = unit.bodies.iter().any(|body| body.acts.iter().any(|act| same(Known::GroupWait, act.kind)));
            // Whoever hands the group on may have it counted down elsewhere.
            let alone = inner.body.acts.iter().all(|act| !matches!(act.kind, ActKind::Call(Target::Literal(_))));
            if !waits || !alone || !inner.graph().sound {
                continue;
            }
            let graph = inner.graph();
            let Some(way) = inner.way_from_start(|place| place.block == graph.exit, &counted_down) else { continue };
            let name = scene.package.text(group);
            let mut stops = vec![scene.stop(spawned.pos, "starts the goroutine")];
            let jumps = inner.jumps(&way);
            stops.extend(if jumps.is_empty() { vec![inner.stop(inner.body_end(), "ends")] } else { jumps });
            if let Some(last) = stops.last_mut() {
                last.text = format!("{}, and {name} is not done", last.text);
            }
            let at = done.pos;
            found.push(Spotted::new(inner.body.file, at, format!("{name}.Done is not called on every way out"), stops));
            break;
        }
    }
    found
}
