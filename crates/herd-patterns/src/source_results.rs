//! Channels that functions return, for callers in other packages: who sends on them, and what becomes of them there.

use herd_golang::acts::{ActKind, BodyId, SentResult, Summaries, Target, Unit, When};
use herd_golang::ast::ExprId;
use herd_golang::flow::{Step, StepId};
use herd_golang::types::ObjectId;
use rustc_hash::FxHashSet;

use crate::source::{Package, Scene, Spotted, Stop, StopPlace};
use crate::source_abandoned::{Left, end_of, leaving, room, root, senders};
use crate::source_channels::{Made, Node, Op};

/// A channel that a function gets from one of another package.
#[derive(Clone, Copy, Debug)]
pub struct Gotten {
    /// By which body.
    pub by: BodyId,
    /// The step of the call.
    pub step: StepId,
    /// The call.
    pub call: ExprId,
    /// What is called.
    pub of: ObjectId,
    /// What is known of the channel.
    pub sent: SentResult,
}

/// What the functions of a package return and send on, by their bodies.
pub fn returned(package: &Package<'_>) -> Vec<(BodyId, SentResult)> {
    package.channels().made.iter().filter_map(|made| of(package, made)).collect()
}

fn of(package: &Package<'_>, made: &Made) -> Option<(BodyId, SentResult)> {
    let channels = package.channels();
    let (maker, _) = made.by?;
    package.unit.body(maker).object?;
    let index = made.nodes.iter().find_map(|id| match channels.held(*id)?.node {
        Node::Result(body, index) if body == maker => Some(index),
        _ => None,
    })?;
    let kept = made.nodes.iter().filter_map(|id| channels.held(*id)).any(|held| match held.node {
        Node::Field(_) | Node::Global(_) => true,
        Node::Local(..) | Node::Made(..) => held.open.receive,
        Node::Result(..) => false,
    });
    let owner = package.scene(maker);
    let received = channels.ops_on(made).any(|op| op.is_receive() && root(package, op.body) == root(package, maker));
    if kept || received || !owner.is_followed() {
        return None;
    }
    let senders = senders(&owner, made);
    if senders.iter().any(|sender| !sender.op.is_alone()) {
        return None;
    }
    let often = senders.iter().find(|sender| sender.often || !package.scene(sender.op.body).can_end());
    let sender = often.or_else(|| senders.first().filter(|_| room(made) == Some(0)))?;
    room(made)?;
    Some((maker, SentResult { index, places: [made.pos, sender.op.pos], often: often.is_some() }))
}

/// The channels that the functions of a package get from others.
pub fn gotten(unit: &Unit<'_>, known: &Summaries) -> Vec<Gotten> {
    let mut found = Vec::new();
    for (index, body) in unit.bodies.iter().enumerate() {
        for act in &body.acts {
            let (ActKind::Call(Target::Object(of)), When::Now, Some(call)) = (act.kind, act.when, act.call) else { continue };
            let results = known.objects.get(&of).map(|summary| summary.results.as_slice()).unwrap_or_default();
            let by = BodyId(index as u32);
            found.extend(results.iter().map(|sent| Gotten { by, step: act.step, call, of, sent: *sent }));
        }
    }
    found
}

/// What a function gets from other packages and leaves before it is sent.
pub fn left(scene: &Scene<'_, '_>) -> Vec<Left> {
    scene.package.gotten.iter().filter(|one| one.by == scene.id).filter_map(|one| leaves(scene, one)).collect()
}

fn leaves(scene: &Scene<'_, '_>, gotten: &Gotten) -> Option<Left> {
    let channels = scene.package.channels();
    if scene.is_start() || scene.package.unit.body_of(gotten.of).is_some() {
        return None;
    }
    let receives: Vec<Op> = match variable(scene, gotten) {
        Some(node) => channels.ops.iter().filter(|op| op.is_receive() && op.node == Some(node)).copied().collect(),
        None => channels.ops_of(scene.id).iter().filter(|op| is_call(scene, op, gotten.call)).copied().collect(),
    };
    if receives.is_empty() || receives.iter().any(|op| op.body != scene.id) {
        return None;
    }
    let leaving = leaving(scene, gotten.step, &receives);
    let way = match (leaving.never, leaving.once) {
        (Some(way), _) => way,
        (None, Some((_, way))) if gotten.sent.often => way,
        _ => return None,
    };
    let pos = herd_golang::flow::pos(scene.file().checked.file, *scene.graph().steps.get(gotten.step.index())?);
    let [made, send] = gotten.sent.places;
    let name = scene.package.object_name(gotten.of);
    let there = |pos, text: &str| Stop { place: StopPlace::In { function: gotten.of, pos }, text: text.to_owned() };
    let mut stops = vec![
        scene.stop(pos, format!("gets a channel from {name}")),
        there(made, "the channel is made"),
        there(send, "a goroutine sends on it, and can do nothing else"),
    ];
    stops.extend(end_of(scene, &way, "and nobody receives from the channel any more"));
    let text = format!("the send in {name} waits for ever once its receiver has returned");
    Some(Left { spotted: Spotted::new(scene.body.file, pos, text, stops), often: gotten.sent.often })
}

/// The variable that the channel is put into, which has nothing else and goes nowhere.
fn variable(scene: &Scene<'_, '_>, gotten: &Gotten) -> Option<crate::source_channels::NodeId> {
    let channels = scene.package.channels();
    let file = scene.file().checked.file;
    scene.graph().steps.iter().find_map(|step| {
        let Step::Assign(stmt) = *step else { return None };
        let herd_golang::ast::Stmt::Assign { lhs, rhs, .. } = *file.stmt(stmt) else { return None };
        let [from] = file.list(rhs) else { return None };
        if file.unparen(*from) != gotten.call {
            return None;
        }
        let local = scene.local(*file.list(lhs).get(usize::from(gotten.sent.index))?)?;
        let node = channels.id(Node::Local(scene.body.file, local))?;
        let held = channels.held(node)?;
        let uses = scene.file().uses.get(local.0 as usize)?;
        let own = held.sets == 1 && held.to.is_empty() && !held.open.receive && !uses.captured && !uses.address_taken;
        own.then_some(node)
    })
}

/// Whether a channel is what a call returns, as it is written there.
fn is_call(scene: &Scene<'_, '_>, op: &Op, call: ExprId) -> bool {
    op.is_receive() && scene.file().checked.file.unparen(op.channel) == call
}

/// Adds what is returned to the summaries of a package.
pub fn summarised(package: &mut Package<'_>) {
    let mut seen = FxHashSet::default();
    for (body, sent) in returned(package) {
        if seen.insert((body, sent.index))
            && let Some(summary) = package.summaries.get_mut(body.0 as usize)
        {
            summary.results.push(sent);
        }
    }
}
