//! The source eye of LK002: receives from channels that nobody sends on or closes, at all or on some way out of who should.

use herd_golang::acts::{ActKind, Body, Known, Steps, When};
use herd_golang::ast::{Expr, Stmt};
use herd_golang::flow::{EdgeKind, Place, Step};
use herd_golang::types::{LocalId, Meaning, Type};

use crate::source::{Scene, Spotted};
use crate::source_abandoned::end_of;
use crate::source_channels::{Made, Op, OpKind};
use crate::source_closing::{closer, never_closed};
use crate::source_ways::only_run;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let channels = scene.package.channels();
    if !scene.is_followed() || scene.is_in_tests() {
        return found;
    }
    found.extend(pipe_left_open(scene));
    if channels.is_empty() {
        return found;
    }
    for made in channels.made_in(scene.id) {
        found.extend(unserved(scene, made));
        found.extend(never_closed(scene, made).filter(|(_, several)| !several).map(|(spotted, _)| spotted));
        found.extend(left_open(scene, made));
    }
    found.extend(closed_at_times(scene));
    found.extend(channels.ops_of(scene.id).iter().filter_map(|op| unanswered(scene, op)));
    found.extend(drained_twice(scene));
    found
}

/// A channel that is received from and never sent on or closed, by anybody.
fn unserved(scene: &Scene<'_, '_>, made: &Made) -> Option<Spotted> {
    let channels = scene.package.channels();
    if made.open.send || channels.ops_on(made).any(|op| !op.is_receive()) {
        return None;
    }
    // A channel that is made for one receive is how one waits for ever on purpose.
    if made.ops.len() == 1 && made.nodes.len() <= 2 {
        return None;
    }
    let receive = channels.ops_on(made).find(|op| op.is_alone())?;
    let by = scene.package.scene(receive.body);
    let name = by.written(receive.channel);
    let way = vec![
        scene.stop(made.pos, "the channel is made"),
        by.stop(receive.pos, format!("receives from {name}; nobody sends on it or closes it anywhere")),
    ];
    Some(Spotted::new(by.body.file, receive.pos, format!("nobody sends on {name} or closes it"), way))
}

/// The owner of a channel starts who ranges over it and leaves on some way without closing it.
fn left_open(scene: &Scene<'_, '_>, made: &Made) -> Option<Spotted> {
    let channels = scene.package.channels();
    let (range, reader) = crate::source_closing::reader(scene, made)?;
    let closes: Steps = channels.ops_on(made).filter(|op| op.kind == OpKind::Close).map(|op| op.step).collect();
    if closes.is_empty() || channels.ops_on(made).any(|op| op.kind == OpKind::Close && op.body != scene.id) || scene.is_start() {
        return None;
    }
    // A deferred close before the start is on all ways.
    let before = scene.way_from_start(|place| scene.is_at(place, reader.step), &closes);
    before.as_ref()?;
    let graph = scene.graph();
    let way = scene.way(reader.step, |place| place.block == graph.exit, &closes)?;
    let by = scene.package.scene(range.body);
    let name = by.written(range.channel);
    let mut stops = vec![
        scene.stop(reader.pos, "starts the goroutine"),
        by.stop(range.pos, format!("receives from {name} until it is closed")),
    ];
    stops.extend(end_of(scene, &way, "and the channel is not closed"));
    let at = match stops.last().map(|stop| stop.place) {
        Some(crate::source::StopPlace::Here { pos, .. }) => pos,
        _ => reader.pos,
    };
    Some(Spotted::new(scene.body.file, at, "the channel is not closed on every way out", stops))
}

/// A goroutine that closes a channel others wait for, on some ways and not on others.
fn closed_at_times(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let channels = scene.package.channels();
    let close = channels.ops_of(scene.id).iter().find(|op| op.kind == OpKind::Close)?;
    let run = only_run(scene.package, scene.id).filter(|run| run.how.is_goroutine())?;
    let made = channels.only(close.node?)?;
    let (receive, barrier) = closer(scene, made)?;
    let graph = scene.graph();
    // The goroutine of each channel: it starts where the channel is made.
    if made.by.is_none_or(|(by, _)| by != run.by) {
        return None;
    }
    let way = scene.way_from_start(|place| place.block == graph.exit, &barrier)?;
    // A loop that closes may always do so before it ends.
    let loops = scene.loops();
    let returns = scene.jumps(&way).last().is_some_and(|stop| stop.text == "returns");
    if !returns && barrier.iter().any(|step| scene.is_repeated(&loops, step, None)) {
        return None;
    }
    let by = scene.package.scene(receive.body);
    let name = by.written(receive.channel);
    let mut stops = vec![
        by.stop(receive.pos, format!("waits for {name}")),
        scene.package.scene(run.by).stop(run.pos, "starts the goroutine that is to close it"),
        scene.stop(close.pos, "closes it on another way"),
    ];
    stops.extend(end_of(scene, &way, &format!("and {name} is not closed")));
    let at = match stops.last().map(|stop| stop.place) {
        Some(crate::source::StopPlace::Here { pos, .. }) => pos,
        _ => close.pos,
    };
    Some(Spotted::new(scene.body.file, at, format!("{name} is not closed on every way out"), stops))
}

/// A request whose answer is sent on some ways round only, while who asked waits for nothing else.
fn unanswered(scene: &Scene<'_, '_>, send: &Op) -> Option<Spotted> {
    if send.kind != OpKind::Send || send.deferred {
        return None;
    }
    let channels = scene.package.channels();
    let file = scene.file().checked.file;
    let Expr::Selector { x, .. } = *file.expr(file.unparen(send.channel)) else { return None };
    let request = scene.local(x)?;
    let made = channels.only(send.node?)?;
    let waits = channels.ops_on(made).find(|op| op.is_receive() && op.is_alone())?;
    let others = channels.ops_on(made).any(|op| !op.is_receive() && op.body != scene.id);
    if made.open.send || others || made.by.is_none_or(|(by, _)| by != waits.body) {
        return None;
    }
    let graph = scene.graph();
    let next = graph.steps.iter().enumerate().find_map(|(index, step)| match *step {
        Step::RangeNext(stmt) => match *file.stmt(stmt) {
            Stmt::Range { key: Some(key), .. } if scene.local(key) == Some(request) => {
                Some(herd_golang::flow::StepId(index as u32))
            }
            _ => None,
        },
        _ => None,
    })?;
    if is_handed_on(scene, request) {
        return None;
    }
    let answers: Steps = channels.ops_on(made).filter(|op| !op.is_receive()).map(|op| op.step).collect();
    let start = scene.with_value(next)?;
    let again = |place: Place| scene.is_at(place, next) || place.block == graph.exit;
    if answers.has(graph, start) {
        return None;
    }
    let way =
        herd_golang::flow::path(graph, herd_golang::flow::Paths::Consistent, start, again, |place| answers.has(graph, place))?;
    let by = scene.package.scene(waits.body);
    let mut stops = vec![
        by.stop(waits.pos, "waits for the answer, and for nothing else"),
        scene.stop(send.pos, "sends the answer on another way"),
    ];
    stops.extend(end_of(scene, &way, "and no answer was sent"));
    let at = match stops.last().map(|stop| stop.place) {
        Some(crate::source::StopPlace::Here { pos, .. }) => pos,
        _ => send.pos,
    };
    Some(Spotted::new(scene.body.file, at, "the answer is not sent on every way round", stops))
}

/// Whether somebody else may answer: the request is handed to a function, stored or sent on.
fn is_handed_on(scene: &Scene<'_, '_>, request: herd_golang::types::LocalId) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let is_it = |x: herd_golang::ast::ExprId| scene.local(x) == Some(request);
    let captured = scene.file().uses.get(request.0 as usize).is_none_or(|uses| uses.captured || uses.address_taken);
    captured
        || scene.goes_elsewhere(request)
        || file.all_exprs().any(|(_, expr)| match *expr {
            Expr::Call { fun, args, .. } => {
                let method = matches!(*file.expr(file.unparen(fun)), Expr::Selector { x, .. } if is_it(x));
                method || file.list(args).iter().any(|arg| is_it(*arg) || is_channel_of(scene, *arg, request))
            }
            _ => false,
        })
}

/// Whether an expression is a field of a variable that may hold the channel.
fn is_channel_of(scene: &Scene<'_, '_>, x: herd_golang::ast::ExprId, of: herd_golang::types::LocalId) -> bool {
    let file = scene.file().checked.file;
    match *file.expr(file.unparen(x)) {
        Expr::Selector { x: base, .. } => {
            scene.local(base) == Some(of) && scene.package.channels().node_of(scene.body.file, x).is_some()
        }
        _ => false,
    }
}

/// `if !t.Stop() { <-t.C }` behind a receive from `t.C`.
fn drained_twice(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let graph = scene.graph();
    let file = scene.file().checked.file;
    let paths = &scene.package.unit.paths;
    let stops: Vec<_> = scene
        .body
        .acts
        .iter()
        .filter_map(|act| match (act.kind, act.when) {
            (ActKind::Known(Known::TimerStop, Some(path)), When::Now) => Some((act.call?, path)),
            _ => None,
        })
        .collect();
    if stops.is_empty() {
        return None;
    }
    let receives = || {
        scene.body.acts.iter().filter_map(|act| match act.kind {
            ActKind::Receive(Some(path)) => Some((act, path)),
            _ => None,
        })
    };
    for (drain, channel) in receives() {
        let timer = paths.parent(channel)?;
        let mut into = graph.edges_into(graph.place(drain.step).block);
        let (Some(edge), None) = (into.next(), into.next()) else { continue };
        let EdgeKind::False(condition) = edge.kind else { continue };
        let asked = stops.iter().any(|(call, path)| *call == file.unparen(condition) && *path == timer);
        // Asked together with something else, that may tell whether it was drained.
        let alone = file.all_stmts().any(|(_, stmt)| match *stmt {
            Stmt::If { cond, .. } => {
                matches!(*file.expr(file.unparen(cond)), Expr::Unary { x, .. } if file.unparen(x) == file.unparen(condition))
            }
            _ => false,
        });
        if !asked || !alone || scene.is_in_select(drain.step) || !scene.is_steady(timer) {
            continue;
        }
        let mut anew: Steps = scene
            .body
            .acts
            .iter()
            .filter(|act| act.kind == ActKind::Known(Known::TimerReset, Some(timer)))
            .map(|act| act.step)
            .collect();
        anew.extend(scene.resets(timer).iter());
        let first = receives().find(|(act, path)| {
            *path == channel
                && act.step != drain.step
                && scene.way(act.step, |place| scene.is_at(place, drain.step), &anew).is_some()
        });
        if let Some((first, _)) = first {
            let name = scene.package.text(channel);
            let way = vec![
                scene.stop(first.pos, format!("receives from {name}")),
                scene.stop(
                    drain.pos,
                    format!("receives again: the timer has fired once, so Stop is false and {name} stays empty"),
                ),
            ];
            return Some(Spotted::new(scene.body.file, drain.pos, format!("{name} is drained though it was received from"), way));
        }
    }
    None
}

/// A pipe that is closed on some ways out and not on others, by the function that writes into it: who reads waits for more.
fn pipe_left_open(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let unit = &scene.package.unit;
    let types = unit.types;
    let pipe = scene.body.params.iter().copied().find(|param| {
        let declared = scene.file().checked.locals.get(param.0 as usize);
        declared.is_some_and(|one| match types.get(types.pointed_at(one.ty)) {
            Type::Named { object, .. } => types.object_text(*object) == "io.PipeWriter",
            _ => false,
        })
    })?;
    let uses = scene.file().uses.get(pipe.0 as usize)?;
    if uses.captured || uses.address_taken || !uses.is_constant() || scene.goes_elsewhere(pipe) {
        return None;
    }
    let closes = |body: &Body| -> Vec<(herd_golang::flow::StepId, herd_golang::ast::Pos, Option<LocalId>)> {
        let checked = &unit.file_of(body).checked;
        let of = |call: herd_golang::ast::ExprId| {
            let Expr::Call { fun, .. } = *checked.file.expr(call) else { return None };
            let selector = checked.file.unparen(fun);
            let Expr::Selector { x, sel } = *checked.file.expr(selector) else { return None };
            let owner = checked.selection(selector)?.owner;
            let Type::Named { object, .. } = types.get(owner) else { return None };
            let name = types.names().text(sel.name);
            let is_it = types.object_text(*object) == "io.PipeWriter" && matches!(name, "Close" | "CloseWithError");
            let local = match checked.meaning(checked.file.unparen(x)) {
                Meaning::Local(local) => Some(local),
                _ => None,
            };
            is_it.then_some(local)
        };
        body.acts.iter().filter_map(|act| Some((act.step, act.pos, of(act.call?)?))).collect()
    };
    let own = closes(scene.body);
    let (_, pos, _) = *own.first()?;
    // Whoever else closes pipes may close this one behind the function.
    let others = unit.bodies.iter().any(|body| !std::ptr::eq(body, scene.body) && !closes(body).is_empty());
    if others || own.iter().any(|(_, _, local)| *local != Some(pipe)) {
        return None;
    }
    let mut barrier: Steps = own.iter().map(|(step, ..)| *step).collect();
    let graph = scene.graph();
    // A write that fails says that the reader has gone.
    let file = scene.file().checked.file;
    for act in &scene.body.acts {
        let Some(Expr::Call { fun, .. }) = act.call.map(|call| *file.expr(call)) else { continue };
        let Expr::Selector { x, .. } = *file.expr(file.unparen(fun)) else { continue };
        if scene.local(x) == Some(pipe) {
            let edges = graph.edges(graph.place(act.step).block).iter();
            barrier.extend(edges.filter(|edge| matches!(edge.kind, EdgeKind::True(_))).map(|edge| graph.start(edge.to).step));
        }
    }
    let way = scene.way_from_start(|place| place.block == graph.exit, &barrier)?;
    let name = scene.name_of(pipe);
    let mut stops = vec![scene.stop(pos, format!("closes {name} on another way"))];
    stops.extend(end_of(scene, &way, &format!("and {name} stays open: who reads waits for more")));
    let at = match stops.last().map(|stop| stop.place) {
        Some(crate::source::StopPlace::Here { pos, .. }) => pos,
        _ => pos,
    };
    Some(Spotted::new(scene.body.file, at, format!("{name} is not closed on every way out"), stops))
}
