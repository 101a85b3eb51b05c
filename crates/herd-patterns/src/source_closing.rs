//! Channels that somebody ranges over, and who closes them.

use herd_golang::acts::Steps;
use herd_golang::flow::EdgeKind;

use crate::source::{Scene, Spotted};
use crate::source_abandoned::is_local;
use crate::source_channels::{Made, Op, OpKind};
use crate::source_runs::Run;
use crate::source_ways::only_run;

/// Who reads a channel to its end, in a goroutine that the channel's owner starts, with no other way out of the loop.
pub fn reader(scene: &Scene<'_, '_>, made: &Made) -> Option<(Op, Run)> {
    let channels = scene.package.channels();
    if made.open.send || !is_local(scene.package, made) {
        return None;
    }
    channels.ops_on(made).filter(|op| op.kind == OpKind::Range && op.body != scene.id).find_map(|op| {
        let run = only_run(scene.package, op.body).filter(|run| run.by == scene.id && run.how.is_goroutine())?;
        let alone = op.node.and_then(|node| channels.only(node)).is_some();
        (alone && is_endless(&scene.package.scene(op.body), op)).then_some((*op, *run))
    })
}

/// Whether the loop that ranges over a channel ends with the channel alone.
pub fn is_endless(scene: &Scene<'_, '_>, range: &Op) -> bool {
    let graph = scene.graph();
    let loops = scene.loops();
    let Some(id) = loops.innermost.get(graph.place(range.step).block.index()).copied().flatten() else { return false };
    graph.sound
        && loops.exits(graph, id).all(|edge| matches!(edge.kind, EdgeKind::RangeDone | EdgeKind::Panics | EdgeKind::Exits))
}

/// A channel that its owner has read to its end by a goroutine, and that nobody closes; and whether by several.
pub fn never_closed(scene: &Scene<'_, '_>, made: &Made) -> Option<(Spotted, bool)> {
    let channels = scene.package.channels();
    if channels.ops_on(made).any(|op| op.kind == OpKind::Close) || scene.is_start() || !scene.can_end() {
        return None;
    }
    let (range, run) = reader(scene, made)?;
    // Others who send may go on for as long as they live.
    let sends = |op: &&Op| op.kind == OpKind::Send && op.body != scene.id;
    if channels.ops_on(made).filter(sends).any(|op| !scene.package.scene(op.body).can_end() || is_beyond(scene, op)) {
        return None;
    }
    let by = scene.package.scene(range.body);
    let name = by.written(range.channel);
    let several = scene.is_repeated(&scene.loops(), run.step, made.by.map(|(_, step)| step));
    let way = vec![
        scene.stop(made.pos, "the channel is made"),
        scene.stop(run.pos, if several { "starts the goroutines" } else { "starts the goroutine" }),
        by.stop(range.pos, format!("receives from {name} until it is closed, which nobody does")),
        scene.stop(scene.body_end(), "ends, and nobody else can close the channel"),
    ];
    let at = if several { made.pos } else { range.pos };
    Some((
        Spotted::new(
            if several { scene.body.file } else { by.body.file },
            at,
            format!("nobody closes {name}, which is read to its end"),
            way,
        ),
        several,
    ))
}

/// Whether who sends is neither called nor started by the owner of the channel.
fn is_beyond(scene: &Scene<'_, '_>, op: &Op) -> bool {
    !scene.package.runs().by(scene.id).iter().any(|(body, _)| *body == op.body)
}

/// Who waits until a channel is closed, or sent on where nobody ranges; and the steps of a function that let them go on, all that there are.
pub fn closer(scene: &Scene<'_, '_>, made: &Made) -> Option<(Op, Steps)> {
    let channels = scene.package.channels();
    if made.open.send {
        return None;
    }
    let ranged = channels.ops_on(made).find(|op| op.kind == OpKind::Range && is_endless(&scene.package.scene(op.body), op));
    let alone = channels.ops_on(made).find(|op| op.kind == OpKind::Receive && op.is_alone());
    let (waits, with_sends) = match (ranged, alone) {
        (Some(op), _) => (op, false),
        (None, Some(op)) => (op, true),
        (None, None) => return None,
    };
    let lets_go = |op: &&Op| op.kind == OpKind::Close || with_sends && op.kind == OpKind::Send;
    if waits.body == scene.id || channels.ops_on(made).filter(lets_go).any(|op| op.body != scene.id) {
        return None;
    }
    Some((*waits, channels.ops_on(made).filter(lets_go).map(|op| op.step).collect()))
}
