//! The source eye of LK013: a goroutine sends on a channel that nobody receives from once its creator has returned.

use herd_golang::acts::{ActKind, BodyId, Step, Steps, Target, When};

use crate::source::{Scene, Spotted};
use crate::source_values::capacity;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let unit = &scene.package.unit;
    if !scene.graph().sound {
        return found;
    }
    for spawned in &scene.body.acts {
        let (ActKind::Call(Target::Literal(id)), When::Spawned) = (spawned.kind, spawned.when) else { continue };
        let inner = scene.package.scene(id);
        for send in &inner.body.acts {
            let ActKind::Send(Some(channel)) = send.kind else { continue };
            let Step::Local(file, local) = unit.paths.last(channel) else { continue };
            let own = unit.files[file as usize].checked.locals.get(local.0 as usize);
            let is_own = own.is_some_and(|local| local.function == Some(scene.body.function)) && file == scene.body.file;
            if !is_own || scene.package.values.escaped.contains(&(file, local)) || capacity(unit, (file, local)) != Some(0) {
                continue;
            }
            if inner.is_in_select(send.step) {
                continue;
            }
            // Anybody else who receives may be there in time.
            let others = (0..unit.bodies.len()).map(|index| BodyId(index as u32)).filter(|other| *other != scene.id);
            let receives = |act: &herd_golang::acts::Act| act.kind == ActKind::Receive(Some(channel));
            if others.into_iter().any(|other| unit.body(other).acts.iter().any(receives)) {
                continue;
            }
            let mut barrier: Steps = scene.body.acts.iter().filter(|act| receives(act)).map(|act| act.step).collect();
            if barrier.is_empty() {
                continue;
            }
            // A loop that receives does so as often as is needed, for all that is known.
            barrier.extend(scene.loop_heads(&barrier, spawned.step));
            let graph = scene.graph();
            let Some(way) = scene.way(spawned.step, |place| place.block == graph.exit, &barrier) else { continue };
            let name = scene.package.text(channel);
            let mut stops = vec![scene.stop(spawned.pos, "starts the goroutine")];
            stops.push(inner.stop(send.pos, format!("sends on {name}, which holds no value")));
            let jumps = scene.jumps(&way);
            stops.extend(if jumps.is_empty() { vec![scene.stop(scene.body_end(), "ends")] } else { jumps });
            if let Some(last) = stops.last_mut() {
                last.text = format!("{}, and nobody receives from {name} any more", last.text);
            }
            let at = scene.made_at(local).unwrap_or(send.pos);
            stops.insert(0, scene.stop(at, format!("{name} is made without room for a value")));
            found.push(Spotted::new(
                scene.body.file,
                at,
                format!("the send on {name} waits for ever once the function has returned"),
                stops,
            ));
        }
    }
    found
}
