//! The source eye of LK001: a send on a channel from which nobody receives; a slot that is taken and not given back on some way out.

use herd_golang::Token;
use herd_golang::acts::{ActKind, Known, PathId, Steps, When};
use herd_golang::ast::{Expr, Stmt};
use herd_golang::flow::{EdgeKind, Place, Step, StepId};

use crate::source::{Scene, Spotted};
use crate::source_abandoned::end_of;
use crate::source_channels::{Capacity, Made, Op, OpKind};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.is_followed() || scene.is_in_tests() {
        return found;
    }
    let channels = scene.package.channels();
    if !channels.is_empty() {
        found.extend(channels.made_in(scene.id).filter_map(|made| unheard(scene, made)));
        found.extend(channels.ops_of(scene.id).iter().filter_map(|op| slot_kept(scene, op)));
        found.extend(channels.ops_of(scene.id).iter().filter_map(|op| receiver_gone(scene, op)));
    }
    let acquires = scene.body.acts.iter().filter_map(|act| match (act.kind, act.when) {
        (ActKind::Known(Known::SemaphoreAcquire, Some(path)), When::Now) => Some((act.step, act.pos, path)),
        _ => None,
    });
    found.extend(acquires.filter_map(|(step, pos, path)| weight_kept(scene, step, pos, path)));
    found
}

/// A channel that is sent on and never received from, by anybody.
fn unheard(scene: &Scene<'_, '_>, made: &Made) -> Option<Spotted> {
    let channels = scene.package.channels();
    if made.open.receive || channels.ops_on(made).any(Op::is_receive) || made.capacity != Capacity::Known(0) {
        return None;
    }
    let send = channels.ops_on(made).find(|op| op.kind == OpKind::Send && op.is_alone())?;
    let by = scene.package.scene(send.body);
    let name = by.written(send.channel);
    let way = vec![
        scene.stop(made.pos, "the channel is made, without room for a value"),
        by.stop(send.pos, format!("sends on {name}, and nobody receives from it anywhere")),
    ];
    Some(Spotted::new(by.body.file, send.pos, format!("nobody receives from {name}"), way))
}

/// A value that is put into a channel with room, and taken out again by the same function on other ways.
fn slot_kept(scene: &Scene<'_, '_>, send: &Op) -> Option<Spotted> {
    let channels = scene.package.channels();
    if send.kind != OpKind::Send || !send.is_alone() || send.deferred {
        return None;
    }
    let node = send.node?;
    let made = channels.only(node)?;
    if made.open.receive || made.capacity == Capacity::Known(0) {
        return None;
    }
    let mut receives = Steps::default();
    for op in channels.ops_on(made).filter(|op| op.is_receive()) {
        let unused = matches!(scene.graph().steps.get(op.step.index()), Some(Step::Receive(_)));
        if op.body != scene.id || op.kind == OpKind::Range || !op.is_alone() || !unused || op.node != Some(node) {
            return None;
        }
        receives.insert(op.step);
    }
    let sends_elsewhere = channels.ops_on(made).any(|op| op.kind == OpKind::Send && op.step != send.step);
    // Only what is taken out where it was put in can be a slot.
    if receives.is_empty() || sends_elsewhere || !scene.comes_behind(send.step, &receives) || scene.is_start() {
        return None;
    }
    let graph = scene.graph();
    let way = scene.way(send.step, |place| place.block == graph.exit, &receives)?;
    if receives.iter().any(|step| scene.way(step, |place| scene.is_at(place, send.step), &Steps::default()).is_some()) {
        return None;
    }
    let name = scene.written(send.channel);
    Some(kept(scene, send.pos, &name, &way))
}

/// A send to a receiver that says when it has gone, which the sender does not ask.
fn receiver_gone(scene: &Scene<'_, '_>, send: &Op) -> Option<Spotted> {
    let (package, channels) = (scene.package, scene.package.channels());
    if send.kind != OpKind::Send || !send.is_alone() || send.deferred {
        return None;
    }
    let made = channels.only(send.node?)?;
    let receives: Vec<&Op> = channels.ops_on(made).filter(|op| op.is_receive()).collect();
    let taker = receives.first()?.body;
    let closes = channels.ops_on(made).any(|op| op.kind == OpKind::Close);
    if made.open.receive
        || made.capacity != Capacity::Known(0)
        || closes
        || taker == scene.id
        || receives.iter().any(|op| op.body != taker)
    {
        return None;
    }
    // It closes another channel whenever it ends, and nobody else does.
    let by = package.scene(taker);
    let word = channels.ops_of(taker).iter().find(|op| {
        op.kind == OpKind::Close
            && op.deferred
            && by.way_from_start(|place| place.block == by.graph().exit, &Steps::from_iter([op.step])).is_none()
    })?;
    let gone = word.node.and_then(|node| channels.only(node))?;
    let asked = channels.ops_on(gone).find(|op| op.is_receive() && op.body != scene.id)?;
    let others = channels.ops_on(gone).any(|op| !op.is_receive() && op.step != word.step);
    let loops = scene.loops();
    if others || gone.open.send || !by.can_end() || !scene.is_repeated(&loops, send.step, None) || by.is_start() {
        return None;
    }
    let (name, word_name) = (scene.written(send.channel), by.written(word.channel));
    let way = vec![
        by.stop(word.pos, format!("closes {word_name} when it ends: nobody receives from {name} from then on")),
        package.scene(asked.body).stop(asked.pos, format!("asks for {word_name}")),
        scene.stop(send.pos, format!("sends on {name} and asks for nothing else")),
    ];
    Some(Spotted::new(scene.body.file, send.pos, format!("the send on {name} waits for ever once its receiver has gone"), way))
}

/// A semaphore's weight that is given back on other ways.
fn weight_kept(scene: &Scene<'_, '_>, step: StepId, pos: herd_golang::ast::Pos, path: PathId) -> Option<Spotted> {
    let graph = scene.graph();
    let gives = |kind: ActKind| matches!(kind, ActKind::Known(Known::SemaphoreRelease, _));
    let elsewhere = scene.package.unit.bodies.iter().any(|body| {
        !std::ptr::eq(body, scene.body) && body.acts.iter().any(|act| gives(act.kind) && is_same(scene, act.kind, path))
    });
    let own: Steps = scene.body.acts.iter().filter(|act| gives(act.kind)).map(|act| act.step).collect();
    let handed_on =
        scene.body.acts.iter().any(|act| act.when == When::Spawned && scene.comes_behind(step, &Steps::from_iter([act.step])));
    if own.is_empty() || elsewhere || handed_on || !scene.is_steady(path) {
        return None;
    }
    let from = acquired(scene, step)?;
    let way = scene.way_out(from, &own)?;
    let _ = graph;
    let name = scene.package.text(path);
    Some(kept(scene, pos, &name, &way))
}

/// Whether an act is about a semaphore that may be that of a path: the same field or variable.
fn is_same(scene: &Scene<'_, '_>, kind: ActKind, path: PathId) -> bool {
    let (ActKind::Known(_, Some(other)), paths) = (kind, &scene.package.unit.paths) else { return true };
    other == path
        || match (scene.package.key(other), scene.package.key(path)) {
            (Some(one), Some(other)) => one == other,
            _ => matches!((paths.last(other), paths.last(path)), (a, b) if a == b),
        }
}

/// Where a function goes on that got what it asked for: behind the question whether there was an error.
fn acquired(scene: &Scene<'_, '_>, step: StepId) -> Option<Place> {
    let graph = scene.graph();
    let file = scene.file().checked.file;
    let at = graph.place(step);
    let steps = graph.block(at.block).steps.clone();
    let last = StepId(steps.end.checked_sub(1)?);
    let Some(Step::Condition(x)) = graph.steps.get(last.index()).copied() else { return None };
    let Expr::Binary { op, y, .. } = *file.expr(file.unparen(x)) else { return None };
    if &*file.text(file.expr_span(y)) != "nil" || last <= step {
        return None;
    }
    let wanted = |kind: EdgeKind| match kind {
        EdgeKind::True(_) => op == Token::Equal,
        EdgeKind::False(_) => op == Token::NotEqual,
        _ => false,
    };
    let takes_error = graph.steps.get(step.index() + 1..last.index())?.iter().any(
        |step| matches!(*step, Step::Assign(stmt) if matches!(*file.stmt(stmt), Stmt::Assign { rhs, .. } if rhs.len() == 1)),
    );
    let edge = graph.edges(at.block).iter().find(|edge| wanted(edge.kind)).filter(|_| takes_error)?;
    Some(graph.start(edge.to))
}

fn kept(scene: &Scene<'_, '_>, pos: herd_golang::ast::Pos, name: &str, way: &[Place]) -> Spotted {
    let mut stops = vec![scene.stop(pos, format!("takes a place in {name}"))];
    stops.extend(end_of(scene, way, &format!("and the place in {name} is not given back")));
    Spotted::new(scene.body.file, pos, format!("the place in {name} is not given back on every way out"), stops)
}
