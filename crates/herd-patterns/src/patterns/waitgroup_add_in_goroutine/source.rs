//! The source eye of LO005: a goroutine counts itself, so that the wait may be over before it did.

use herd_golang::acts::{ActKind, Known, Steps, Target, When};

use crate::source::{Scene, Spotted};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let unit = &scene.package.unit;
    for spawned in &scene.body.acts {
        let (ActKind::Call(Target::Literal(id)), When::Spawned) = (spawned.kind, spawned.when) else { continue };
        let inner = unit.body(id);
        for add in &inner.acts {
            let (ActKind::Known(Known::GroupAdd, Some(group)), When::Now) = (add.kind, add.when) else { continue };
            let of = |known: Known, kind: ActKind| kind == ActKind::Known(known, Some(group));
            // Who is counted by its creator, and counts others, is right.
            let counted = scene.body.acts.iter().any(|act| {
                of(Known::GroupAdd, act.kind)
                    && scene.way(act.step, |place| scene.is_at(place, spawned.step), &Steps::default()).is_some()
            });
            let waits = scene.body.acts.iter().any(|act| {
                of(Known::GroupWait, act.kind)
                    && scene.way(spawned.step, |place| scene.is_at(place, act.step), &Steps::default()).is_some()
            });
            let done = inner.acts.iter().any(|act| of(Known::GroupDone, act.kind));
            if waits && done && !counted {
                let name = scene.package.text(group);
                let way = vec![
                    scene.stop(spawned.pos, "starts the goroutine"),
                    scene.stop(add.pos, format!("the goroutine counts itself in {name}, perhaps after the wait is over")),
                ];
                found.push(Spotted::new(
                    inner.file,
                    add.pos,
                    format!("{name}.Add is called in the goroutine that it counts"),
                    way,
                ));
            }
        }
    }
    found
}
