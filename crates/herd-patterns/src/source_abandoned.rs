//! Goroutines that go on sending when whoever received has left.

use herd_golang::Token;
use herd_golang::acts::{BodyId, Steps};
use herd_golang::ast::{Expr, ExprId, Stmt};
use herd_golang::flow::{Place, Step, StepId};
use rustc_hash::FxHashSet;

use crate::source::{Package, Scene, Spotted, Stop, StopPlace};
use crate::source_channels::{Capacity, Made, Node, NodeId, Op, OpKind};
use crate::source_runs::{How, Run};

/// A function that sends on a channel.
#[derive(Clone, Debug)]
pub struct Sender {
    /// What it does.
    pub op: Op,
    /// Where its goroutine starts; nothing where the one who made the channel sends.
    pub run: Option<Run>,
    /// The calls that lead there from the goroutine's start.
    pub via: Vec<(BodyId, Run)>,
    /// Whether it may happen more often than can be told.
    pub often: bool,
    /// Whether that is so because many goroutines are started.
    pub by_many: bool,
}

/// A channel that a function made and returned, and that its caller leaves.
pub struct Left {
    /// What is to be said.
    pub spotted: Spotted,
    /// Whether its sender has more than one value.
    pub often: bool,
}

/// How deep calls are followed.
const DEPTH_MAX: usize = 4;

/// Whether a channel is held by variables alone, so that nobody finds it later.
pub fn is_local(package: &Package<'_>, made: &Made) -> bool {
    let channels = package.channels();
    made.nodes.iter().filter_map(|id| channels.held(*id)).all(|held| match held.node {
        Node::Local(..) | Node::Result(..) => true,
        Node::Made(file, at) => (file, at) == (made.file, made.at),
        Node::Field(_) | Node::Global(_) => false,
    })
}

/// Who sends on a channel, in the goroutines that its owner starts: as far as calls can be followed.
pub fn senders(owner: &Scene<'_, '_>, made: &Made) -> Vec<Sender> {
    let mut found = Vec::new();
    let package = owner.package;
    let made_at = made.by.map(|(_, step)| step);
    let loops = owner.loops();
    for (body, run) in package.runs().by(owner.id).iter().filter(|(_, run)| run.how.is_goroutine()) {
        let often = owner.is_repeated(&loops, run.step, made_at) && !owner.is_counted(&loops, run.step);
        let allowed = carried(package, made, *body, run.call, owner.id);
        let start = Start { made, run: *run, often };
        follow(package, &start, &allowed, *body, &mut Vec::new(), &mut found);
    }
    found
}

/// The nodes that are a channel in a function that a call runs: variables around it, and what the call gives it.
fn carried(package: &Package<'_>, made: &Made, callee: BodyId, call: ExprId, by: BodyId) -> FxHashSet<NodeId> {
    let (channels, unit) = (package.channels(), &package.unit);
    let (file, params) = (unit.body(callee).file, &unit.body(callee).params);
    let given: Vec<NodeId> = match *unit.file_of(unit.body(by)).checked.file.expr(call) {
        Expr::Call { args, .. } => {
            let tree = unit.file_of(unit.body(by)).checked.file;
            tree.list(args).iter().filter_map(|arg| channels.node_of(unit.body(by).file, *arg)).collect()
        }
        _ => Vec::new(),
    };
    let is_given = |node: NodeId| {
        channels.nodes.iter().enumerate().any(|(index, held)| {
            let from = NodeId(index as u32);
            given.contains(&from) && made.nodes.contains(&from) && held.to.contains(&node)
        })
    };
    let nodes = made.nodes.iter().copied();
    let seen = nodes.filter(|id| match channels.held(*id).map(|held| held.node) {
        Some(Node::Local(of, local)) if of == file && params.contains(&local) => is_given(*id),
        Some(Node::Local(..)) => channels.only(*id).is_some(),
        Some(Node::Field(_) | Node::Global(_) | Node::Result(..) | Node::Made(..)) | None => false,
    });
    seen.collect()
}

/// Where a goroutine starts.
struct Start<'a> {
    made: &'a Made,
    run: Run,
    often: bool,
}

fn follow(
    package: &Package<'_>,
    start: &Start<'_>,
    allowed: &FxHashSet<NodeId>,
    body: BodyId,
    via: &mut Vec<(BodyId, Run)>,
    found: &mut Vec<Sender>,
) {
    let scene = package.scene(body);
    let channels = package.channels();
    let is_send = |op: &&Op| op.kind == OpKind::Send && op.node.is_some_and(|node| allowed.contains(&node));
    let sends: Vec<&Op> = channels.ops_of(body).iter().filter(is_send).collect();
    let steps: Steps = sends.iter().map(|op| op.step).collect();
    let all_go_on = !sends.is_empty() && sends.iter().all(|op| scene.comes_behind(op.step, &steps));
    let looped = via.iter().any(|(_, run)| {
        let by = package.scene(run.by);
        by.is_repeated(&by.loops(), run.step, None)
    });
    for op in &sends {
        let often = start.often || all_go_on || looped;
        found.push(Sender { op: **op, run: Some(start.run), via: via.clone(), often, by_many: start.often });
    }
    if via.len() >= DEPTH_MAX {
        return;
    }
    let sends_in = |body: BodyId| channels.ops_on(start.made).any(|op| op.body == body);
    for (callee, run) in package.runs().by(body).iter().filter(|(_, run)| run.how == How::Called) {
        if *callee == body || via.iter().any(|(seen, _)| seen == callee) || !sends_in(*callee) {
            continue;
        }
        let next = carried(package, start.made, *callee, run.call, body);
        if !next.is_empty() {
            via.push((*callee, *run));
            follow(package, start, &next, *callee, via, found);
            via.pop();
        }
    }
}

/// How the ways of a function from a step to its end receive.
pub struct Leaving {
    /// A way on which it does not receive at all.
    pub never: Option<Vec<Place>>,
    /// A way on which it received and does not do so again, though a loop meant to.
    pub once: Option<(StepId, Vec<Place>)>,
}

/// Looks for ways out that leave values behind. A loop that receives does so as often as is needed, if it comes to its end.
pub fn leaving(scene: &Scene<'_, '_>, from: StepId, receives: &[Op]) -> Leaving {
    let steps: Steps = receives.iter().map(|op| op.step).collect();
    let mut barrier = steps.clone();
    barrier.extend(scene.loop_heads(&steps, from));
    let graph = scene.graph();
    let loops = scene.loops();
    // A loop that receives and counts ends when all has come, over whichever channel.
    let in_loop = |place: &&Place| {
        let around = loops.innermost.get(place.block.index()).copied().flatten();
        around.is_some_and(|id| receives.iter().any(|op| loops.contains(id, graph.place(anchor(scene, op)).block)))
    };
    let counts = |way: &Vec<Place>| is_counted_down(scene, &way.iter().filter(in_loop).copied().collect::<Vec<_>>());
    let never = scene.way(from, |place| place.block == graph.exit, &barrier).filter(|way| !counts(way));
    let once = receives.iter().find_map(|op| {
        // Who starts one and receives from one in each round is even.
        let around = loops.innermost.get(graph.place(op.step).block.index()).copied().flatten();
        if around.is_some_and(|id| loops.contains(id, graph.place(from).block)) {
            return None;
        }
        let start = match op.kind {
            OpKind::Range => scene.with_value(op.step)?,
            OpKind::Receive if !asks_for_end(scene, op.step) => graph.place(op.step),
            OpKind::Receive | OpKind::Send | OpKind::Close => return None,
        };
        // Who receives the rest behind the loop may do so on every way on which there is a rest.
        let others: Steps = steps.iter().filter(|step| *step != op.step).collect();
        let heads: Steps = std::iter::once(op.step).chain(scene.loop_heads(&Steps::from_iter([op.step]), from)).collect();
        if scene.way(op.step, |place| others.has(graph, place), &heads).is_some() && op.kind == OpKind::Range {
            return None;
        }
        let way = match op.kind {
            OpKind::Range => scene.way_out(start, &barrier)?,
            _ => scene.way(op.step, |place| place.block == graph.exit, &barrier)?,
        };
        // Who counts what has come knows when all has.
        (!is_counted_down(scene, &way)).then_some((op.step, way))
    });
    Leaving { never, once }
}

/// Where an operation waits: its select, whose clauses may be outside of the loop that the select is in.
fn anchor(scene: &Scene<'_, '_>, op: &Op) -> StepId {
    let Some((select, _)) = op.select else { return op.step };
    let is_it = |step: &Step| matches!(*step, Step::Select { stmt, .. } if stmt == select);
    scene.graph().steps.iter().position(is_it).map_or(op.step, |index| StepId(index as u32))
}

/// Whether a way passes what a sender itself says over another channel: then it may have no value to send.
pub fn is_told(scene: &Scene<'_, '_>, way: &[Place], sender: &Sender) -> bool {
    let (package, channels) = (scene.package, scene.package.channels());
    let is_of_sender = |body: BodyId| {
        let mut at = Some(body);
        while let Some(id) = at {
            if id == sender.op.body {
                return true;
            }
            at = package.unit.body(id).outer;
        }
        false
    };
    let passed =
        channels.ops_of(scene.id).iter().filter(|op| op.is_receive() && way.iter().any(|place| scene.is_at(*place, op.step)));
    passed.into_iter().filter(|op| op.node != sender.op.node).any(|op| {
        let made = op.node.and_then(|node| channels.only(node));
        let other = made.filter(|made| !sender.op.node.is_some_and(|node| made.nodes.contains(&node)));
        other.is_some_and(|made| channels.ops_on(made).any(|op| !op.is_receive() && is_of_sender(op.body)))
    })
}

/// Whether a way depends on a variable that the function counts with.
fn is_counted_down(scene: &Scene<'_, '_>, way: &[Place]) -> bool {
    let graph = scene.graph();
    let file = scene.file().checked.file;
    let mut counted = Vec::new();
    for step in &graph.steps {
        match *step {
            Step::IncDec(stmt) => {
                if let Stmt::IncDec { x, .. } = *file.stmt(stmt) {
                    counted.extend(scene.local(x));
                }
            }
            Step::Assign(stmt) => {
                if let Stmt::Assign { op: Token::AddAssign | Token::SubAssign, lhs, .. } = *file.stmt(stmt) {
                    counted.extend(file.list(lhs).iter().filter_map(|x| scene.local(*x)));
                }
            }
            _ => {}
        }
    }
    let asked = way.iter().flat_map(|place| graph.steps(place.block)).filter_map(|step| match *step {
        Step::Condition(x) => Some(x),
        _ => None,
    });
    !counted.is_empty()
        && asked.into_iter().any(|x| match *file.expr(file.unparen(x)) {
            Expr::Binary { x, y, .. } => [x, y].into_iter().any(|x| scene.local(x).is_some_and(|local| counted.contains(&local))),
            _ => false,
        })
}

/// `v, ok := <-c`: the channel tells when there is no more.
fn asks_for_end(scene: &Scene<'_, '_>, step: StepId) -> bool {
    let file = scene.file().checked.file;
    match scene.graph().steps.get(step.index()) {
        Some(Step::Comm(stmt)) => {
            let comm = match *file.stmt(*stmt) {
                Stmt::Comm { comm: Some(comm), .. } => comm,
                _ => *stmt,
            };
            matches!(*file.stmt(comm), Stmt::Assign { lhs, .. } if lhs.len() > 1)
        }
        Some(Step::Receive(x)) => scene.graph().steps.iter().any(|step| match *step {
            Step::Assign(stmt) => match *file.stmt(stmt) {
                Stmt::Assign { lhs, rhs, .. } => lhs.len() > 1 && file.list(rhs).iter().any(|y| file.unparen(*y) == *x),
                _ => false,
            },
            _ => false,
        }),
        _ => false,
    }
}

/// The room of a channel, where it is written as a number.
pub fn room(made: &Made) -> Option<i128> {
    match made.capacity {
        Capacity::Known(size) => Some(size),
        Capacity::Of(_) => None,
    }
}

/// The stops from where a goroutine starts to its send.
pub fn stops_to(package: &Package<'_>, sender: &Sender, name: &str) -> Vec<Stop> {
    let mut stops = Vec::new();
    if let Some(run) = sender.run {
        stops.push(package.scene(run.by).stop(run.pos, "starts the goroutine"));
    }
    for (_, run) in &sender.via {
        stops.push(package.scene(run.by).stop(run.pos, "calls the sender"));
    }
    stops.push(package.scene(sender.op.body).stop(sender.op.pos, format!("sends on {name}")));
    stops
}

/// Where a way ends: its jumps, or the end of the function.
pub fn end_of(scene: &Scene<'_, '_>, way: &[Place], text: &str) -> Vec<Stop> {
    let jumps = scene.jumps(way);
    let mut stops = if jumps.is_empty() { vec![scene.stop(scene.body_end(), "ends")] } else { jumps };
    if let Some(last) = stops.last_mut() {
        last.text = format!("{}, {text}", last.text);
    }
    stops
}

/// Channels that a function gets as results of others of its package, in which goroutines send, and that it leaves before these are done.
pub fn results(scene: &Scene<'_, '_>) -> Vec<Left> {
    let channels = scene.package.channels();
    let mut found: Vec<(NodeId, Left)> = Vec::new();
    for op in channels.ops_of(scene.id).iter().filter(|op| op.is_receive()) {
        let Some(node) = op.node else { continue };
        if !found.iter().any(|(known, _)| *known == node)
            && let Some(left) = result(scene, node)
        {
            found.push((node, left));
        }
    }
    found.into_iter().map(|(_, left)| left).collect()
}

fn result(scene: &Scene<'_, '_>, node: NodeId) -> Option<Left> {
    let (package, channels) = (scene.package, scene.package.channels());
    let made = channels.only(node)?;
    let (maker, _) = made.by?;
    let call = obtained(scene, node)?;
    let owner = package.scene(maker);
    let room = room(made)?;
    if maker == scene.id || !owner.graph().sound || scene.is_start() {
        return None;
    }
    // What else its maker does with it is nobody's business here, as long as nobody there receives or keeps it.
    let keeps = made.nodes.iter().filter_map(|id| channels.held(*id)).any(|held| match held.node {
        Node::Field(_) | Node::Global(_) => true,
        Node::Local(..) | Node::Made(..) => held.open.receive,
        Node::Result(..) => false,
    });
    let own = |body: BodyId| root(package, body);
    let receives_there = channels.ops_on(made).any(|op| op.is_receive() && own(op.body) == own(maker));
    let here: Vec<Op> = channels.ops_on(made).filter(|op| op.is_receive() && op.node == Some(node)).copied().collect();
    if keeps || receives_there || here.iter().any(|op| op.body != scene.id) {
        return None;
    }
    let senders = senders(&owner, made);
    if senders.is_empty() || senders.iter().any(|sender| !sender.op.is_alone()) {
        return None;
    }
    let endless = senders.iter().find(|sender| !package.scene(sender.op.body).can_end());
    let often = senders.iter().find(|sender| sender.often);
    let sender = endless.or(often).or_else(|| senders.first())?;
    let graph = scene.graph();
    let leaving = leaving(scene, call, &here);
    let way = if endless.is_some() {
        scene.way(call, |place| place.block == graph.exit, &Steps::default())?
    } else if often.is_some() {
        leaving.once.map(|(_, way)| way).or(leaving.never)?
    } else if room == 0 {
        leaving.never?
    } else {
        return None;
    };
    let by = package.scene(sender.op.body);
    let name = by.written(sender.op.channel);
    let pos = herd_golang::flow::pos(scene.file().checked.file, *graph.steps.get(call.index())?);
    let mut stops = vec![owner.stop(made.pos, "the channel is made")];
    stops.extend(stops_to(package, sender, &name));
    stops.push(scene.stop(pos, "gets the channel"));
    stops.extend(end_of(scene, &way, "and nobody receives from the channel any more"));
    let text = format!("the send on {name} waits for ever once its receiver has returned");
    let at = match stops.last().map(|stop| stop.place) {
        Some(StopPlace::Here { pos, .. }) => pos,
        _ => pos,
    };
    Some(Left { spotted: Spotted::new(scene.body.file, at, text, stops), often: endless.is_some() || often.is_some() })
}

/// The call by which a function got what a node holds: a variable that has nothing else and goes nowhere, or the call itself.
fn obtained(scene: &Scene<'_, '_>, node: NodeId) -> Option<StepId> {
    let channels = scene.package.channels();
    let held = channels.held(node)?;
    let function = match held.node {
        Node::Local(of, local) => {
            let declared = scene.file().checked.locals.get(local.0 as usize)?;
            let own = of == scene.body.file && declared.function == Some(scene.body.function);
            let uses = scene.file().uses.get(local.0 as usize)?;
            if !own || held.sets != 1 || !held.to.is_empty() || held.open.receive || uses.captured || uses.address_taken {
                return None;
            }
            let from = channels.nodes.iter().find(|one| one.to.contains(&node))?;
            let Node::Result(function, _) = from.node else { return None };
            function
        }
        Node::Result(function, _) => function,
        Node::Field(_) | Node::Global(_) | Node::Made(..) => return None,
    };
    let mut calls = scene.package.runs().by(scene.id).iter().filter(|(body, run)| *body == function && run.how == How::Called);
    match (calls.next(), calls.next()) {
        (Some((_, run)), None) => Some(run.step),
        _ => None,
    }
}

/// The declared function that a body is or is written in.
pub fn root(package: &Package<'_>, body: BodyId) -> BodyId {
    let mut at = body;
    while let Some(outer) = package.unit.body(at).outer {
        at = outer;
    }
    at
}
