//! The source eye of LK012: workers that read a channel which nobody closes and that outlive the function they work for; goroutines, one for each
//! value that is made, that nothing can end.

use herd_golang::types::LocalKind;

use crate::source::{Scene, Spotted};
use crate::source_channels::OpKind;
use crate::source_closing::never_closed;
use crate::source_ways::{made_here, only_run};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let channels = scene.package.channels();
    if channels.is_empty() || !scene.is_followed() || scene.is_in_tests() {
        return Vec::new();
    }
    let found = channels.made_in(scene.id).filter_map(|made| never_closed(scene, made));
    let mut found: Vec<Spotted> = found.filter(|(_, several)| *several).map(|(spotted, _)| spotted).collect();
    found.extend(of_each(scene));
    found
}

/// A loop that waits for channels which nobody closes, in a goroutine that each value of a type has.
fn of_each(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let package = scene.package;
    let channels = package.channels();
    let graph = scene.graph();
    let ops = channels.ops_of(scene.id);
    let wait = ops.iter().find(|op| op.is_receive())?;
    if scene.can_end() || graph.is_reachable(graph.panic) || graph.is_reachable(graph.gone) {
        return None;
    }
    // Every channel is one of the value's own, and stays open.
    let own = ops.iter().filter(|op| op.is_receive()).all(|op| {
        let made = op.node.and_then(|node| channels.only(node));
        made.is_some_and(|made| !made.open.send && channels.ops_on(made).all(|op| op.kind != OpKind::Close))
    });
    let run = only_run(package, scene.id).filter(|run| run.how.is_goroutine() && own)?;
    let by = package.scene(run.by);
    let receiver = scene.body.params.first().copied()?;
    let declared = scene.file().checked.locals.get(receiver.0 as usize)?;
    let owner = package.unit.types.pointed_at(declared.ty);
    if declared.kind != LocalKind::Receiver || by.is_start() {
        return None;
    }
    let made = made_here(&by, run.call, owner)?;
    let at = match wait.select {
        Some((stmt, _)) => scene.file().checked.file.stmt_span(stmt).start,
        None => wait.pos,
    };
    let way = vec![
        by.stop(made, "makes a value"),
        by.stop(run.pos, "starts a goroutine for it"),
        scene.stop(at, "waits in a loop without a way out, for channels that nobody closes"),
    ];
    Some(Spotted::new(scene.body.file, at, "nothing can end the goroutine, one for each value that is made", way))
}
