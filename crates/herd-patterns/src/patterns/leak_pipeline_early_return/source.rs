//! The source eye of LK014: a goroutine goes on sending when who reads its channel has left early; an errgroup that nobody waits for, a pulled
//! iterator that nobody stops.

use herd_golang::acts::{ActKind, Known, Steps, When};
use herd_golang::ast::{Expr, Stmt};
use herd_golang::flow::{Place, Step, StepId};

use crate::source::{Scene, Spotted, Stop};
use crate::source_abandoned::{Sender, end_of, is_local, leaving, results, room, senders, stops_to};
use crate::source_channels::{Made, Op, OpKind};
use crate::source_results::left;
use crate::source_ways::only_run;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.is_followed() || scene.is_in_tests() || scene.is_start() {
        return found;
    }
    let channels = scene.package.channels();
    if !channels.is_empty() {
        found.extend(channels.made_in(scene.id).filter_map(|made| read_by_owner(scene, made)));
        found.extend(channels.made_in(scene.id).filter_map(|made| read_by_another(scene, made)));
        found.extend(left(scene).into_iter().filter(|one| one.often).map(|one| one.spotted));
        found.extend(results(scene).into_iter().filter(|one| one.often).map(|one| one.spotted));
    }
    found.extend(pulled(scene));
    found.extend(never_waited(scene));
    found
}

/// A channel whose owner reads only part of what a goroutine sends.
fn read_by_owner(scene: &Scene<'_, '_>, made: &Made) -> Option<Spotted> {
    let channels = scene.package.channels();
    room(made)?;
    if made.open.receive
        || !is_local(scene.package, made)
        || channels.ops_on(made).any(|op| op.is_receive() && op.body != scene.id)
    {
        return None;
    }
    let receives: Vec<Op> = channels.ops_on(made).filter(|op| op.is_receive()).copied().collect();
    let senders = senders(scene, made);
    let sender = senders.iter().find(|sender| sender.often && !sender.by_many)?;
    if receives.is_empty() || senders.iter().any(|sender| !sender.op.is_alone()) {
        return None;
    }
    let leaving = leaving(scene, sender.run?.step, &receives);
    let way = leaving.once.map(|(_, way)| way).or(leaving.never)?;
    Some(spotted(scene, made, sender, &way))
}

/// A channel that one goroutine reads, which may end before who sends.
fn read_by_another(scene: &Scene<'_, '_>, made: &Made) -> Option<Spotted> {
    let channels = scene.package.channels();
    room(made)?;
    let receives: Vec<Op> = channels.ops_on(made).filter(|op| op.is_receive()).copied().collect();
    let body = receives.first()?.body;
    let run = only_run(scene.package, body).filter(|run| run.by == scene.id && run.how.is_goroutine())?;
    let reader = scene.package.scene(body);
    let loops = scene.loops();
    if made.open.receive
        || !is_local(scene.package, made)
        || body == scene.id
        || receives.iter().any(|op| op.body != body)
        || !reader.graph().sound
        || scene.is_repeated(&loops, run.step, made.by.map(|(_, step)| step))
    {
        return None;
    }
    let mut senders = senders(scene, made);
    senders.retain(|sender| sender.op.body != body);
    senders.extend(
        channels
            .ops_on(made)
            .filter(|op| op.kind == OpKind::Send && op.body == scene.id)
            .filter(|op| scene.is_repeated(&loops, op.step, made.by.map(|(_, step)| step)) && !scene.is_counted(&loops, op.step))
            .map(|op| Sender { op: *op, run: None, via: Vec::new(), often: true, by_many: false }),
    );
    if channels.ops_on(made).any(|op| op.kind == OpKind::Send && !op.is_alone()) {
        return None;
    }
    // A value that is sent last may be what the reader ends with.
    let own: Steps =
        channels.ops_on(made).filter(|op| op.kind == OpKind::Send && op.body == scene.id).map(|op| op.step).collect();
    if own.iter().any(|step| !scene.comes_behind(step, &own)) {
        return None;
    }
    let sender = senders.iter().find(|sender| sender.often)?;
    let leaving = leaving(&reader, StepId(u32::MAX), &receives);
    let (_, way) = leaving.once?;
    let name = reader.written(receives.first()?.channel);
    let mut stops = stops_to(scene.package, sender, &name);
    stops.push(scene.stop(run.pos, "starts who receives"));
    stops.extend(end_of(&reader, &way, &format!("and nobody receives from {name} any more")));
    let at = sender.op.pos;
    let file = scene.package.scene(sender.op.body).body.file;
    Some(Spotted::new(file, at, format!("the send on {name} waits for ever once its receiver has ended"), stops))
}

fn spotted(scene: &Scene<'_, '_>, made: &Made, sender: &Sender, way: &[Place]) -> Spotted {
    let by = scene.package.scene(sender.op.body);
    let name = by.written(sender.op.channel);
    let mut stops = vec![scene.stop(made.pos, "the channel is made")];
    stops.extend(stops_to(scene.package, sender, &name));
    stops.extend(end_of(scene, way, &format!("and nobody receives from {name} any more")));
    Spotted::new(by.body.file, sender.op.pos, format!("the send on {name} waits for ever once its receiver has returned"), stops)
}

/// `next, _ := iter.Pull(seq)`
fn pulled(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let mut found = Vec::new();
    for step in &scene.graph().steps {
        let Step::Assign(stmt) = *step else { continue };
        let Stmt::Assign { lhs, rhs, .. } = *file.stmt(stmt) else { continue };
        let ([_, stop], [call]) = (file.list(lhs), file.list(rhs)) else { continue };
        let Expr::Call { fun, .. } = *file.expr(file.unparen(*call)) else { continue };
        if file.bytes(file.expr_span(*stop)) != b"_" {
            continue;
        }
        let name = checked.name_of(fun);
        let herd_golang::types::Meaning::Object(object) = checked.meaning(name) else { continue };
        if !matches!(scene.package.unit.types.object_text(object).as_str(), "iter.Pull" | "iter.Pull2") {
            continue;
        }
        let at = file.expr_span(*call).start;
        let way: Vec<Stop> = Vec::new();
        found.push(Spotted::new(scene.body.file, at, "the function that stops the iterator is thrown away", way));
    }
    found
}

/// An errgroup of the function that runs something and is never waited for.
fn never_waited(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found: Vec<Spotted> = Vec::new();
    let unit = &scene.package.unit;
    for act in &scene.body.acts {
        let (ActKind::Known(Known::ErrGroupGo | Known::ErrGroupTryGo, Some(path)), When::Now) = (act.kind, act.when) else {
            continue;
        };
        let herd_golang::acts::Step::Local(file, local) = unit.paths.last(path) else { continue };
        let declared = unit.files.get(file as usize).and_then(|file| file.checked.locals.get(local.0 as usize));
        let own = file == scene.body.file && declared.is_some_and(|local| local.function == Some(scene.body.function));
        let is_param = scene.body.params.contains(&local);
        let waits = |kind: ActKind| kind == ActKind::Known(Known::ErrGroupWait, Some(path));
        if !own
            || is_param
            || unit.bodies.iter().any(|body| body.acts.iter().any(|act| waits(act.kind)))
            || !is_only_called(scene, local)
        {
            continue;
        }
        let at = declared.map_or(act.pos, |local| local.pos);
        if found.iter().any(|one| one.at == at) {
            continue;
        }
        let name = scene.name_of(local);
        let way = vec![
            scene.stop(at, format!("{name} is made")),
            scene.stop(act.pos, format!("{name} runs a goroutine")),
            scene.stop(
                scene.body_end(),
                format!("ends, and {name}.Wait was not called: its context is not cancelled, its error is lost"),
            ),
        ];
        found.push(Spotted::new(scene.body.file, at, format!("nobody waits for {name}"), way));
    }
    found
}

/// Whether a variable is used for nothing but calls of its methods.
fn is_only_called(scene: &Scene<'_, '_>, local: herd_golang::types::LocalId) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let used = file.all_exprs().filter(|(id, expr)| {
        matches!(expr, Expr::Ident { .. })
            && checked.meaning(*id) == herd_golang::types::Meaning::Local(local)
            && checked.locals.get(local.0 as usize).is_some_and(|local| local.pos != file.expr_span(*id).start)
    });
    let called: rustc_hash::FxHashSet<_> = file
        .all_exprs()
        .filter_map(|(_, expr)| match *expr {
            Expr::Call { fun, .. } => match *file.expr(file.unparen(fun)) {
                Expr::Selector { x, .. } => Some(file.unparen(x)),
                _ => None,
            },
            _ => None,
        })
        .collect();
    used.into_iter().all(|(id, _)| called.contains(&id))
}
