//! The source eye of LK013: goroutines send on a channel that nobody receives from once its owner has returned.

use herd_golang::acts::Steps;
use herd_golang::ast::{Expr, Span};
use herd_golang::flow;

use crate::source::{Edit, Repair, Safety, Scene, Spotted};
use crate::source_abandoned::{Sender, end_of, is_local, is_told, leaving, results, room, senders, stops_to};
use crate::source_channels::{Made, Op, OpKind};
use crate::source_results::left;
use crate::source_runs::Run;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let channels = scene.package.channels();
    if channels.is_empty() || !scene.is_followed() || scene.is_start() || scene.is_in_tests() {
        return Vec::new();
    }
    let mut found: Vec<Spotted> = channels.made_in(scene.id).filter_map(|made| abandoned(scene, made)).collect();
    found.extend(closed_under_sender(scene));
    found.extend(left(scene).into_iter().filter(|one| !one.often).map(|one| one.spotted));
    found.extend(results(scene).into_iter().filter(|one| !one.often).map(|one| one.spotted));
    found
}

fn abandoned(scene: &Scene<'_, '_>, made: &Made) -> Option<Spotted> {
    let channels = scene.package.channels();
    let room = room(made)?;
    if made.open.receive
        || !is_local(scene.package, made)
        || channels.ops_on(made).any(|op| op.is_receive() && op.body != scene.id)
    {
        return None;
    }
    let receives: Vec<Op> = channels.ops_on(made).filter(|op| op.is_receive()).copied().collect();
    // Who never receives is another matter.
    if receives.is_empty() {
        return None;
    }
    let senders = senders(scene, made);
    if senders.iter().any(|sender| !sender.op.is_alone()) {
        return None;
    }
    // From where the last of them starts, at first for one of many.
    let starts: Steps = senders.iter().filter_map(|sender| sender.run).map(|run| run.step).collect();
    // More room than for one may be for as many as there are.
    // One that is started and waited for in each round is one at a time.
    let loops = scene.loops();
    let graph = scene.graph();
    let in_round = |run: &Run| {
        let around = loops.innermost.get(graph.place(run.step).block.index()).copied().flatten();
        around.is_some_and(|id| receives.iter().any(|op| loops.contains(id, graph.place(op.step).block)))
    };
    let by_many = |sender: &&Sender| sender.by_many && room <= 1 && !sender.run.as_ref().is_some_and(in_round);
    let often = senders.iter().find(by_many);
    // Who sends again and again is a stage of a pipeline.
    if often.is_none() && senders.iter().any(|sender| sender.often && !sender.by_many) {
        return None;
    }
    let sender = often.or_else(|| senders.first())?;
    let leaving = leaving(scene, sender.run?.step, &receives);
    let sent = starts.iter().count() as i128;
    let (way, left) = match (leaving.never, leaving.once) {
        (Some(way), _) if often.is_some() || sent > room => (way, "and nobody receives"),
        (_, Some((_, way))) if often.is_some() || sent > room + 1 => (way, "and nobody receives what comes later"),
        _ => return None,
    };
    if is_told(scene, &way, sender) {
        return None;
    }
    Some(spotted(scene, made, sender, (&way, left), sent))
}

fn spotted(
    scene: &Scene<'_, '_>,
    made: &Made,
    sender: &Sender,
    (way, left): (&[herd_golang::flow::Place], &str),
    sent: i128,
) -> Spotted {
    let name = name(scene, made);
    let holds = match room(made) {
        Some(0) | None => "without room for a value".to_owned(),
        Some(1) => "with room for one value".to_owned(),
        Some(room) => format!("with room for {room} values"),
    };
    let mut stops = vec![scene.stop(made.pos, format!("{name} is made {holds}"))];
    stops.extend(stops_to(scene.package, sender, &name));
    stops.extend(end_of(scene, way, &format!("{left} from {name} any more")));
    let text = format!("the send on {name} waits for ever once the function has returned");
    let repair = if sender.often { None } else { room_for(scene, made, sent) };
    Spotted::new(scene.body.file, made.pos, text, stops).cured_by(repair)
}

/// The channel with room for all that is sent.
fn room_for(scene: &Scene<'_, '_>, made: &Made, sent: i128) -> Option<Repair> {
    let file = scene.file().checked.file;
    let Expr::Call { args, .. } = *file.expr(made.at) else { return None };
    let args = file.list(args);
    let edit = match args {
        [ty] => Edit { span: Span { start: file.expr_span(*ty).end, end: file.expr_span(*ty).end }, text: format!(", {sent}") },
        [_, size] => Edit { span: file.expr_span(*size), text: sent.to_string() },
        _ => return None,
    };
    let places = if sent == 1 { "one value".to_owned() } else { format!("{sent} values") };
    Some(Repair { safety: Safety::Safe, text: format!("give the channel room for {places}"), edits: vec![edit] })
}

/// The variable that a channel is put into where it is made.
fn name(scene: &Scene<'_, '_>, made: &Made) -> String {
    let channels = scene.package.channels();
    let own = made.nodes.iter().filter_map(|id| channels.held(*id)).find_map(|held| match held.node {
        crate::source_channels::Node::Local(file, local) if file == scene.body.file => {
            let declared = scene.file().checked.locals.get(local.0 as usize)?;
            (declared.function == Some(scene.body.function)).then(|| scene.name_of(local).to_owned())
        }
        _ => None,
    });
    own.unwrap_or_else(|| "the channel".to_owned())
}

/// A channel that is closed in the loop that receives from it, so that whoever sends next panics.
fn closed_under_sender(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let (package, channels) = (scene.package, scene.package.channels());
    let close = channels.ops_of(scene.id).iter().find(|op| op.kind == OpKind::Close && !op.deferred)?;
    let made = channels.only(close.node?)?;
    let graph = scene.graph();
    let range = channels.ops_of(scene.id).iter().find(|op| {
        let body = || scene.with_value(op.step).map(|start| (start, Steps::from_iter([op.step])));
        op.kind == OpKind::Range && op.node == close.node && {
            body().is_some_and(|(start, again)| {
                start.step == close.step
                    || flow::path(
                        graph,
                        flow::Paths::Consistent,
                        start,
                        |place| scene.is_at(place, close.step),
                        |place| again.has(graph, place),
                    )
                    .is_some()
            })
        }
    })?;
    // Who sends has no way to know: it sends on, whatever the receiver does.
    let mut sends = channels.ops_on(made).filter(|op| op.kind == OpKind::Send && op.body != scene.id);
    let send = sends.find(|op| {
        let by = package.scene(op.body);
        op.is_alone() && by.is_repeated(&by.loops(), op.step, None)
    })?;
    if made.open.send {
        return None;
    }
    let name = scene.written(close.channel);
    let by = package.scene(send.body);
    let way = vec![
        by.stop(send.pos, format!("sends on {name}, again and again")),
        scene.stop(range.pos, format!("receives from {name}")),
        scene.stop(close.pos, format!("closes {name} while more may be sent: the next send panics")),
    ];
    Some(Spotted::new(scene.body.file, close.pos, format!("{name} is closed by its receiver while it is sent on"), way))
}
