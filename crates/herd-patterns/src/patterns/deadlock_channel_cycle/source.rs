//! The source eye of DL005: goroutines that wait for each other over channels, and such as wait for themselves.

use herd_golang::acts::{ActKind, BodyId, Known, Steps, Target, When};
use herd_golang::ast::{Expr, Pos, Stmt};
use herd_golang::flow::Step;
use rustc_hash::FxHashSet;

use crate::source::{Scene, Spotted, Stop};
use crate::source_abandoned::{is_local, room, senders, stops_to};
use crate::source_channels::{Capacity, Made, Op, OpKind};
use crate::source_groups::{Does, acts, group, within};
use crate::source_runs::How;
use crate::source_ways::only_run;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.is_followed() {
        return found;
    }
    found.extend(nested(scene));
    found.extend(holds_and_asks(scene));
    let channels = scene.package.channels();
    if channels.is_empty() {
        return found;
    }
    found.extend(channels.ops_of(scene.id).iter().filter_map(|op| sends_to_itself(scene, op)));
    found.extend(channels.made_in(scene.id).filter_map(|made| read_after_wait(scene, made)));
    found.extend(both_send(scene));
    found.extend(asks_itself(scene));
    found
}

/// Results that are read once all who send them have ended, which they cannot before they are read.
fn read_after_wait(scene: &Scene<'_, '_>, made: &Made) -> Option<Spotted> {
    let (package, channels) = (scene.package, scene.package.channels());
    // More room may be for all that come.
    let room = room(made).filter(|room| *room <= 1)?;
    if made.open.receive || !is_local(package, made) || channels.ops_on(made).any(|op| op.is_receive() && op.body != scene.id) {
        return None;
    }
    let receives: Steps = channels.ops_on(made).filter(|op| op.is_receive()).map(|op| op.step).collect();
    let senders = senders(scene, made);
    if senders.iter().any(|sender| !sender.op.is_alone()) {
        return None;
    }
    let sender = senders.iter().find(|sender| sender.often).or_else(|| senders.first().filter(|_| room == 0))?;
    let run = sender.run?;
    let body = sender.via.first().map_or(sender.op.body, |_| sender_body(scene, &run));
    acts(scene).find_map(|(wait, does, path)| {
        let (Does::Wait, When::Now, Some(of)) = (does, wait.when, group(package, path)) else { return None };
        // Who sends is done when it ends.
        let inner = package.scene(body);
        let member = match run.how {
            How::Counted(counted) => counted == Some(path),
            How::Spawned => {
                let of = within(package, of, &run, body);
                acts(&inner)
                    .any(|(act, does, path)| does == Does::Done && act.when == When::Deferred && group(package, path) == Some(of))
            }
            How::Called | How::Deferred | How::Grouped(_) => false,
        };
        scene.way(run.step, |place| scene.is_at(place, wait.step), &receives).filter(|_| member)?;
        // A receive before the wait makes room, whenever that is.
        if receives.iter().any(|step| scene.way(step, |place| scene.is_at(place, wait.step), &Steps::default()).is_some()) {
            return None;
        }
        let name = scene.package.text(path);
        let by = package.scene(sender.op.body);
        let channel = by.written(sender.op.channel);
        let holds = match room {
            0 => "without room for a value".to_owned(),
            1 => "with room for one value".to_owned(),
            room => format!("with room for {room} values"),
        };
        let mut way = vec![scene.stop(made.pos, format!("the channel is made {holds}"))];
        way.extend(stops_to(package, sender, &channel));
        way.push(scene.stop(wait.pos, format!("waits until the senders are done; only behind this {channel} is received from")));
        let text = format!("{name} is waited for before anybody receives what its goroutines send");
        Some(Spotted::new(scene.body.file, wait.pos, text, way))
    })
}

fn sender_body(scene: &Scene<'_, '_>, run: &crate::source_runs::Run) -> BodyId {
    let mut runs = scene.package.runs().by(scene.id).iter();
    runs.find(|(_, one)| one.step == run.step).map_or(scene.id, |(body, _)| *body)
}

/// The only goroutine that receives from a channel sends on it, in the loop that receives.
fn sends_to_itself(scene: &Scene<'_, '_>, send: &Op) -> Option<Spotted> {
    if send.kind != OpKind::Send || !send.is_alone() || send.deferred {
        return None;
    }
    let channels = scene.package.channels();
    let made = channels
        .only(send.node?)
        .or_else(|| channels.held(send.node?)?.made.first().and_then(|id| channels.made.get(id.0 as usize)))?;
    let held = channels.held(send.node?)?;
    let mut receives = channels.ops_on(made).filter(|op| op.is_receive());
    let receive = receives.next()?;
    if made.open.receive
        || receives.next().is_some()
        || receive.body != scene.id
        || receive.node != send.node
        || held.made.len() != 1
    {
        return None;
    }
    // Several of them could receive from each other.
    let runs = scene.package.runs().of(scene.id);
    let [run] = runs else { return None };
    let by = scene.package.scene(run.by);
    if by.is_repeated(&by.loops(), run.step, made.by.filter(|(body, _)| *body == run.by).map(|(_, step)| step)) {
        return None;
    }
    let loops = scene.loops();
    let in_loop = scene.is_repeated(&loops, send.step, None)
        && scene.way(send.step, |place| scene.is_at(place, receive.step), &Steps::default()).is_some()
        && scene.way(receive.step, |place| scene.is_at(place, send.step), &Steps::default()).is_some();
    let full = match made.capacity {
        Capacity::Known(0) => "which holds no value",
        // As many as it was filled with.
        _ if receive.kind == OpKind::Range => "which may be full",
        Capacity::Known(_) | Capacity::Of(_) => return None,
    };
    if !in_loop {
        return None;
    }
    let name = scene.written(send.channel);
    let way = vec![
        scene.stop(receive.pos, format!("receives from {name}, as nobody else does")),
        scene.stop(send.pos, format!("sends on {name}, {full}, and waits for itself")),
    ];
    Some(Spotted::new(scene.body.file, send.pos, format!("who receives from {name} sends on it"), way))
}

/// One sends all before it receives any answer, the other sends an answer before it receives the next.
fn both_send(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let (package, channels) = (scene.package, scene.package.channels());
    let loops = scene.loops();
    let sends = channels.ops_of(scene.id).iter().filter(|op| op.kind == OpKind::Send && op.is_alone());
    for asks in sends {
        let Some(tasks) = asks.node.and_then(|node| channels.only(node)) else { continue };
        if tasks.open.receive || room(tasks) != Some(0) || !scene.is_repeated(&loops, asks.step, None) {
            continue;
        }
        // The only one that receives the tasks, and answers.
        let receivers: FxHashSet<BodyId> = channels.ops_on(tasks).filter(|op| op.is_receive()).map(|op| op.body).collect();
        let Some(worker) = receivers.iter().next().copied().filter(|body| receivers.len() == 1 && *body != scene.id) else {
            continue;
        };
        let Some(run) = only_run(package, worker).filter(|run| run.how.is_goroutine() && run.by == scene.id) else { continue };
        if scene.is_repeated(&loops, run.step, None) {
            continue;
        }
        let inner = package.scene(worker);
        let takes: Steps = channels.ops_on(tasks).filter(|op| op.is_receive()).map(|op| op.step).collect();
        for answer in channels.ops_of(worker).iter().filter(|op| op.kind == OpKind::Send && op.is_alone()) {
            let Some(answers) = answer.node.and_then(|node| channels.only(node)) else { continue };
            let reads: Vec<&Op> = channels.ops_on(answers).filter(|op| op.is_receive()).collect();
            if answers.open.receive || room(answers) != Some(0) || reads.is_empty() || reads.iter().any(|op| op.body != scene.id)
            {
                continue;
            }
            let read: Steps = reads.iter().map(|op| op.step).collect();
            // No task follows an answer that was read, none is passed over without an answer.
            let mixed =
                read.iter().any(|step| scene.way(step, |place| scene.is_at(place, asks.step), &Steps::default()).is_some());
            let skips = takes.iter().any(|step| {
                let Some(start) = inner.with_value(step) else { return true };
                let answered = Steps::from_iter([answer.step]);
                !answered.has(inner.graph(), start)
                    && herd_golang::flow::path(
                        inner.graph(),
                        herd_golang::flow::Paths::Consistent,
                        start,
                        |place| inner.is_at(place, step),
                        |place| answered.has(inner.graph(), place),
                    )
                    .is_some()
            });
            let comes = scene.comes_behind(asks.step, &read);
            if mixed || skips || !comes {
                continue;
            }
            let (to, back) = (scene.written(asks.channel), inner.written(answer.channel));
            let mut way: Vec<Stop> = made_stop(scene, tasks).into_iter().collect();
            way.push(scene.stop(asks.pos, format!("sends all on {to} before it receives any answer")));
            way.push(inner.stop(answer.pos, format!("sends an answer on {back} before it takes the next: both wait")));
            let text = format!("who sends on {back} and who receives from it both wait to send");
            return Some(Spotted::new(inner.body.file, answer.pos, text, way));
        }
    }
    None
}

fn made_stop(scene: &Scene<'_, '_>, made: &Made) -> Option<Stop> {
    let (body, _) = made.by?;
    Some(scene.package.scene(body).stop(made.pos, "the channel is made, without room for a value"))
}

/// A goroutine that runs the functions it is sent, one of which sends it another and waits.
fn asks_itself(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let (package, channels) = (scene.package, scene.package.channels());
    let mut found = Vec::new();
    let file = scene.file().checked.file;
    for send in channels.ops_of(scene.id).iter().filter(|op| op.kind == OpKind::Send) {
        let Some(made) = send.node.and_then(|node| channels.only(node)) else { continue };
        let Some(Step::Send(stmt)) = scene.graph().steps.get(send.step.index()).copied() else { continue };
        let Stmt::Send { value, .. } = *file.stmt(stmt) else { continue };
        let value = file.unparen(value);
        let literal = package.unit.literal(scene.body.file, value).filter(|_| matches!(file.expr(value), Expr::FuncLit { .. }));
        let Some(literal) = literal.filter(|_| !made.open.receive && made.capacity == Capacity::Known(0)) else { continue };
        let receivers: FxHashSet<BodyId> = channels.ops_on(made).filter(|op| op.is_receive()).map(|op| op.body).collect();
        let Some(actor) = receivers.iter().next().copied().filter(|_| receivers.len() == 1) else { continue };
        let runs = only_run(package, actor).filter(|run| run.how.is_goroutine());
        let Some(run) = runs.filter(|_| runs_what_it_gets(&package.scene(actor), made)) else { continue };
        let by = package.scene(run.by);
        if by.is_repeated(&by.loops(), run.step, made.by.filter(|(body, _)| *body == run.by).map(|(_, step)| step)) {
            continue;
        }
        let mut seen = FxHashSet::default();
        let Some((pos, (body, op))) = sends_within(scene, literal, made, &mut seen) else { continue };
        let inner = package.scene(literal);
        let name = scene.written(send.channel);
        let way = vec![
            scene.stop(send.pos, format!("sends a function on {name}")),
            package.scene(actor).stop(package.scene(actor).body_start(), "the goroutine that receives runs it"),
            inner.stop(pos, "which, in that goroutine,"),
            package.scene(body).stop(op, format!("sends on {name} and waits for itself")),
        ];
        found.push(Spotted::new(
            inner.body.file,
            pos,
            format!("what runs in the goroutine behind {name} waits for that goroutine"),
            way,
        ));
    }
    found
}

/// Whether a function calls what it receives from a channel.
fn runs_what_it_gets(scene: &Scene<'_, '_>, made: &Made) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let channels = scene.package.channels();
    let received: Vec<_> = channels
        .ops_of(scene.id)
        .iter()
        .filter(|op| op.is_receive() && op.node.is_some_and(|node| made.nodes.contains(&node)))
        .filter_map(|op| match scene.graph().steps.get(op.step.index()).copied()? {
            Step::RangeNext(stmt) => match *file.stmt(stmt) {
                Stmt::Range { key, .. } => scene.local(key?),
                _ => None,
            },
            Step::Comm(stmt) => {
                let comm = match *file.stmt(stmt) {
                    Stmt::Comm { comm: Some(comm), .. } => comm,
                    _ => stmt,
                };
                match *file.stmt(comm) {
                    Stmt::Assign { lhs, .. } => scene.local(*file.list(lhs).first()?),
                    _ => None,
                }
            }
            _ => None,
        })
        .collect();
    scene.body.acts.iter().any(|act| match (act.kind, act.when, act.call.map(|call| *file.expr(call))) {
        (ActKind::Call(Target::Unknown), When::Now, Some(Expr::Call { fun, .. })) => {
            scene.local(fun).is_some_and(|local| received.contains(&local))
        }
        _ => false,
    })
}

/// Where a function, or what it calls, sends on a channel with nothing else to do: its own place, and that of the send.
fn sends_within(scene: &Scene<'_, '_>, body: BodyId, made: &Made, seen: &mut FxHashSet<BodyId>) -> Option<(Pos, (BodyId, Pos))> {
    if !seen.insert(body) {
        return None;
    }
    let channels = scene.package.channels();
    let own = channels.ops_of(body).iter().find(|op| {
        op.kind == OpKind::Send && op.is_alone() && !op.deferred && op.node.is_some_and(|node| made.nodes.contains(&node))
    });
    if let Some(op) = own {
        return Some((op.pos, (body, op.pos)));
    }
    scene.package.runs().by(body).iter().filter(|(_, run)| run.how == How::Called).find_map(|(callee, run)| {
        let (_, at) = sends_within(scene, *callee, made, seen)?;
        Some((run.pos, at))
    })
}

/// A member of an errgroup with a limit starts another member, which may wait for its own place.
fn nested(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let package = scene.package;
    let mut found = Vec::new();
    for act in &scene.body.acts {
        let (ActKind::Known(Known::ErrGroupGo, Some(path)), When::Now) = (act.kind, act.when) else { continue };
        let Some(of) = group(package, path) else { continue };
        let limited = package.unit.bodies.iter().any(|body| {
            body.acts.iter().any(
                |act| matches!(act.kind, ActKind::Known(Known::ErrGroupSetLimit, Some(path)) if group(package, path) == Some(of)),
            )
        });
        if !limited {
            continue;
        }
        let mut seen = FxHashSet::default();
        let Some(run) = member(scene, scene.id, of, &mut seen) else { continue };
        let name = package.text(path);
        let way = vec![
            package.scene(run.by).stop(run.pos, format!("{name} runs this function, in one of its places")),
            scene.stop(act.pos, format!("waits for a place in {name}, while it keeps its own")),
        ];
        found.push(Spotted::new(
            scene.body.file,
            act.pos,
            format!("a member of {name}, which has a limit, starts another one"),
            way,
        ));
    }
    found
}

/// Where an errgroup runs a function, by itself or through its callers.
fn member(
    scene: &Scene<'_, '_>,
    body: BodyId,
    of: crate::source_groups::Group,
    seen: &mut FxHashSet<BodyId>,
) -> Option<crate::source_runs::Run> {
    if !seen.insert(body) {
        return None;
    }
    scene.package.runs().of(body).iter().find_map(|run| match run.how {
        How::Grouped(Some(path)) if group(scene.package, path) == Some(of) => Some(*run),
        How::Called => member(scene, run.by, of, seen),
        How::Grouped(_) | How::Counted(_) | How::Spawned | How::Deferred => None,
    })
}

/// A function that keeps the weight it took of a semaphore while it calls itself, which takes more.
fn holds_and_asks(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let (acquire, path) = scene.body.acts.iter().find_map(|act| match (act.kind, act.when) {
        (ActKind::Known(Known::SemaphoreAcquire, Some(path)), When::Now) => Some((act, path)),
        _ => None,
    })?;
    let gives: Steps = scene
        .body
        .acts
        .iter()
        .filter(|act| act.kind == ActKind::Known(Known::SemaphoreRelease, Some(path)) && act.when == When::Now)
        .map(|act| act.step)
        .collect();
    let again = scene.package.runs().by(scene.id).iter().find(|(body, run)| {
        *body == scene.id
            && run.how == How::Called
            && scene.way(acquire.step, |place| scene.is_at(place, run.step), &gives).is_some()
    })?;
    let name = scene.package.text(path);
    let way = vec![
        scene.stop(acquire.pos, format!("takes a part of {name}")),
        scene.stop(again.1.pos, format!("calls itself, which takes another part of {name} while this one is kept")),
    ];
    Some(Spotted::new(scene.body.file, again.1.pos, format!("{name} is asked for by who holds a part of it"), way))
}
