//! The source eye of LK010: waits on a condition variable that miss their wake-up, and changes that wake nobody or too few.

use herd_golang::Token;
use herd_golang::acts::{ActKind, BodyId, Field, Known, Steps, When};
use herd_golang::ast::{Expr, ExprId, Node, Pos, Stmt};
use herd_golang::flow::{EdgeKind, Step, StepId};

use herd_golang::types::Type;
use herd_golang::walk::{Descend, walk};

use crate::source::{LockKey, Scene, Spotted};
use crate::source_abandoned::end_of;
use crate::source_channels::{Capacity, Made, OpKind};
use crate::source_conds::{Ask, Wait, Wants, field_of};
use crate::source_runs::How;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.is_followed() || scene.body.graph.steps.is_empty() {
        return found;
    }
    if has(scene, Known::CondWait) {
        found.extend(unasked(scene));
    }
    found.extend(scene.package.channels().made_in(scene.id).filter_map(|made| dropped(scene, made)));
    if !scene.graph().steps.iter().any(|step| matches!(step, Step::Assign(_) | Step::IncDec(_))) {
        return found;
    }
    let waits = scene.package.cond_waits();
    if waits.all.is_empty() {
        return found;
    }
    let mut concerned: Vec<usize> =
        set_fields(scene).iter().filter_map(|field| waits.by_field.get(field)).flatten().copied().collect();
    concerned.sort_unstable();
    concerned.dedup();
    for wait in concerned.into_iter().filter_map(|index| waits.all.get(index)) {
        found.extend(silent_change(scene, wait).or_else(|| wakes_one(scene, wait)));
    }
    found
}

fn has(scene: &Scene<'_, '_>, known: Known) -> bool {
    scene.body.acts.iter().any(|act| matches!(act.kind, ActKind::Known(one, _) if one == known))
}

/// A wait that asks for nothing before it: the wake-up may have been.
fn unasked(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let graph = scene.graph();
    let loops = scene.loops();
    let wait = scene.body.acts.iter().find(|act| {
        matches!(act.kind, ActKind::Known(Known::CondWait, Some(_)))
            && act.when == When::Now
            && !scene.is_repeated(&loops, act.step, None)
            // On every way, whatever holds.
            && scene.way_from_start(|place| place.block == graph.exit, &Steps::from_iter([act.step])).is_none()
    })?;
    let ActKind::Known(_, Some(path)) = wait.kind else { return None };
    // Who wraps a condition variable leaves the question to its callers.
    if scene.body.acts.len() < 2 {
        return None;
    }
    let key = scene.package.key(path)?;
    let unit = &scene.package.unit;
    let wake = unit.bodies.iter().enumerate().find_map(|(index, body)| {
        let act = body.acts.iter().find(|act| match act.kind {
            ActKind::Known(Known::CondSignal | Known::CondBroadcast, Some(path)) => scene.package.key(path) == Some(key),
            _ => false,
        })?;
        Some((BodyId(index as u32), act.pos))
    });
    // A signal for each that waits, given under a lock by who knows of it, is another matter: it is seen as a call.
    let (body, pos) = wake.filter(|(body, _)| *body != scene.id)?;
    // What is read behind the wait is what it waits for; who waits for the next event of many reads nothing.
    let waker = scene.package.scene(body);
    let set: Vec<Field> = set_fields(&waker);
    let reads = graph.steps.iter().enumerate().any(|(index, step)| {
        let mut found = false;
        herd_golang::flow::own_exprs(scene.file().checked.file, *step, |x| {
            found |= field_of(scene, x).is_some_and(|field| set.contains(&field));
        });
        found && scene.comes_behind(wait.step, &Steps::from_iter([StepId(index as u32)]))
    });
    if !reads {
        return None;
    }
    let name = scene.package.text(path);
    let way = vec![
        scene.package.scene(body).stop(pos, format!("wakes who waits on {name} at this moment")),
        scene.stop(wait.pos, "waits without asking whether that has been"),
    ];
    Some(Spotted::new(scene.body.file, wait.pos, format!("{name} is waited on without a condition"), way))
}

/// The fields that a function sets.
fn set_fields(scene: &Scene<'_, '_>) -> Vec<Field> {
    let file = scene.file().checked.file;
    let mut found = Vec::new();
    for step in &scene.graph().steps {
        match *step {
            Step::Assign(stmt) | Step::IncDec(stmt) => match *file.stmt(stmt) {
                Stmt::Assign { lhs, .. } => found.extend(file.list(lhs).iter().filter_map(|x| field_of(scene, file.unparen(*x)))),
                Stmt::IncDec { x, .. } => found.extend(field_of(scene, file.unparen(x))),
                _ => {}
            },
            _ => {}
        }
    }
    found
}

/// A channel that wakes a goroutine, without room for a wake-up that comes while it works: that one is dropped.
fn dropped(scene: &Scene<'_, '_>, made: &Made) -> Option<Spotted> {
    let (package, channels) = (scene.package, scene.package.channels());
    let types = package.unit.types;
    let Type::Chan { element, .. } = types.get(types.underlying(scene.file().checked.type_of(made.at))) else { return None };
    let is_word = matches!(types.get(types.underlying(*element)), Type::Struct(fields) if fields.is_empty());
    let open = made.open.send || made.open.receive;
    if !is_word || open || made.capacity != Capacity::Known(0) || channels.ops_on(made).any(|op| op.kind == OpKind::Close) {
        return None;
    }
    let send = channels.ops_on(made).find(|op| op.kind == OpKind::Send)?;
    if channels
        .ops_on(made)
        .any(|op| op.kind == OpKind::Send && !(op.default && op.select.is_some_and(|(_, clauses)| clauses == 1)))
    {
        return None;
    }
    let mut receives = channels.ops_on(made).filter(|op| op.is_receive());
    let receive = receives.next().filter(|op| op.is_alone() && op.body != send.body)?;
    let by = package.scene(receive.body);
    let loops = by.loops();
    if receives.next().is_some() || !by.is_repeated(&loops, receive.step, None) {
        return None;
    }
    // It does something between one wake-up and the next.
    let works =
        by.body.acts.iter().find(|act| {
            matches!(act.kind, ActKind::Call(_)) && act.when == When::Now && by.is_repeated(&loops, act.step, None)
        })?;
    let sender = package.scene(send.body);
    let name = sender.written(send.channel);
    let way = vec![
        scene.stop(made.pos, "the channel is made without room"),
        by.stop(receive.pos, "waits for the next wake-up"),
        by.stop(works.pos, "and works meanwhile"),
        sender.stop(send.pos, format!("sends on {name} if somebody waits at this moment, else drops the wake-up")),
    ];
    Some(Spotted::new(scene.body.file, made.pos, format!("a wake-up over {name} is lost while its receiver works"), way))
}

/// A change that lets a wait end, with nobody woken on some way behind it.
fn silent_change(scene: &Scene<'_, '_>, wait: &Wait) -> Option<Spotted> {
    let graph = scene.graph();
    // Before the wait of the function itself nobody else waits for what it does.
    if scene.id == wait.body {
        return None;
    }
    let mut changes = changes(scene, wait).peekable();
    changes.peek()?;
    let wakes = wakes(scene, wait.cond);
    if woken_by_others(scene, wait.cond) {
        return None;
    }
    let (pos, field, after) = changes.find_map(|(change, pos, field, flag)| {
        // Who never wakes and adds something may do so before anybody waits; who says that it is over may not.
        if wakes.is_empty() && !flag {
            return None;
        }
        let mut heeded = wakes.clone();
        heeded.extend(asked_of(scene, &wakes, field).iter());
        let after = scene.way(change, |place| place.block == graph.exit, &heeded)?;
        // Woken before the change, under the lock that the waiters need, they see it as well.
        let before = wakes.iter().any(|step| scene.way(step, |place| scene.is_at(place, change), &Steps::default()).is_some());
        (!before).then_some((pos, field, after))
    })?;
    let text = written(scene, field);
    let mut way = vec![
        scene.package.scene(wait.body).stop(wait.pos, format!("waits until {text} changes")),
        scene.stop(pos, format!("changes {text}")),
    ];
    way.extend(end_of(scene, &after, "and nobody is woken"));
    let at = match way.last().map(|stop| stop.place) {
        // Where some ways wake, the one that does not is at fault.
        Some(crate::source::StopPlace::Here { pos, .. }) if !wakes.is_empty() => pos,
        _ => pos,
    };
    Some(Spotted::new(scene.body.file, at, format!("{text} changes, and nobody who waits for it is woken"), way))
}

/// The conditions that decide on a wake-up and ask what it is about: of a field of the struct that is changed, such as how many wait.
fn asked_of(scene: &Scene<'_, '_>, wakes: &Steps, changed: Target) -> Steps {
    let (graph, file) = (scene.graph(), scene.file().checked.file);
    let owner = field_of(scene, file.unparen(changed.0)).map(|field| field.owner);
    let mut asked = Steps::default();
    for wake in wakes.iter() {
        for edge in graph.edges_into(graph.place(wake).block) {
            let EdgeKind::True(condition) = edge.kind else { continue };
            let mut own = false;
            walk(file, Node::Expr(condition), |node| {
                own |= matches!(node, Node::Expr(x) if field_of(scene, x).is_some_and(|field| Some(field.owner) == owner));
                Descend::Into
            });
            let steps = graph.block(edge.from).steps.clone().map(StepId);
            asked.extend(steps.filter(|step| own && graph.steps.get(step.index()) == Some(&Step::Condition(condition))));
        }
    }
    asked
}

/// A change for good that all who wait could go on with, of whom one is woken.
fn wakes_one(scene: &Scene<'_, '_>, wait: &Wait) -> Option<Spotted> {
    let (change, pos, field, _) = changes(scene, wait).next().filter(|_| wait.single)?;
    let ask = wait.asks.first().filter(|ask| matches!(ask.wants, Wants::True | Wants::False))?;
    let signal = scene.body.acts.iter().find(|act| match act.kind {
        ActKind::Known(Known::CondSignal, Some(path)) => scene.package.key(path) == Some(wait.cond),
        _ => false,
    })?;
    let broadcasts = scene.package.unit.bodies.iter().any(|body| {
        body.acts.iter().any(|act| match act.kind {
            ActKind::Known(Known::CondBroadcast, Some(path)) => scene.package.key(path) == Some(wait.cond),
            _ => false,
        })
    });
    // Whoever sets it back lets one through at a time.
    let back = (0..scene.package.unit.bodies.len() as u32).map(BodyId).any(|id| sets_back(&scene.package.scene(id), ask));
    if broadcasts || back || scene.way(change, |place| scene.is_at(place, signal.step), &Steps::default()).is_none() {
        return None;
    }
    let text = written(scene, field);
    let way = vec![
        scene.package.scene(wait.body).stop(wait.pos, format!("waits until {text} changes")),
        scene.stop(pos, format!("changes {text}, for good")),
        scene.stop(signal.pos, "wakes one of all who wait"),
    ];
    Some(Spotted::new(scene.body.file, signal.pos, format!("one is woken where all could go on: {text} changes for good"), way))
}

/// Whether a function sets a field the other way, or to what cannot be told.
fn sets_back(scene: &Scene<'_, '_>, ask: &Ask) -> bool {
    assigned(scene, ask.field).any(|(_, _, value)| {
        let text = value.map(|x| scene.written(x));
        match ask.wants {
            Wants::True => text.as_deref() != Some("true"),
            Wants::False => text.as_deref() != Some("false"),
            Wants::Less | Wants::More => true,
        }
    })
}

/// The steps of a function that wake somebody: signals, and calls of what signals.
fn wakes(scene: &Scene<'_, '_>, cond: LockKey) -> Steps {
    let mut steps: Steps = own_wakes(scene, cond);
    for (callee, run) in scene.package.runs().by(scene.id) {
        if !own_wakes(&scene.package.scene(*callee), cond).is_empty() {
            steps.insert(run.step);
        }
    }
    steps
}

fn own_wakes(scene: &Scene<'_, '_>, cond: LockKey) -> Steps {
    let acts = scene.body.acts.iter().filter(|act| match act.kind {
        ActKind::Known(Known::CondSignal | Known::CondBroadcast, Some(path)) => scene.package.key(path) == Some(cond),
        // What is called through a value may wake.
        ActKind::Call(herd_golang::acts::Target::Unknown) => true,
        _ => false,
    });
    acts.map(|act| act.step).collect()
}

/// Whether who calls the function wakes.
fn woken_by_others(scene: &Scene<'_, '_>, cond: LockKey) -> bool {
    scene.body.outer.is_some()
        || scene.package.runs().of(scene.id).iter().any(|run| {
            let by = scene.package.scene(run.by);
            let signals = by.body.acts.iter().any(|act| match act.kind {
                ActKind::Known(Known::CondSignal | Known::CondBroadcast, Some(path)) => by.package.key(path) == Some(cond),
                _ => false,
            });
            signals || matches!(run.how, How::Called | How::Deferred) && !own_wakes(&by, cond).is_empty()
        })
}

/// The steps of a function that change a field so that a wait may end.
fn changes<'a>(scene: &'a Scene<'a, '_>, wait: &'a Wait) -> impl Iterator<Item = (StepId, Pos, Target, bool)> + 'a {
    wait.asks.iter().flat_map(move |ask| {
        assigned(scene, ask.field).filter_map(move |(step, target, value)| {
            let file = scene.file().checked.file;
            let ends = match (ask.wants, value, scene.graph().steps.get(step.index()).copied()?) {
                (Wants::True, Some(x), _) => scene.written(x) == "true",
                (Wants::False, Some(x), _) => scene.written(x) == "false",
                (wants, None, Step::IncDec(stmt)) => match *file.stmt(stmt) {
                    Stmt::IncDec { op, .. } => {
                        (wants == Wants::Less) == (op == Token::Dec) && matches!(wants, Wants::Less | Wants::More)
                    }
                    _ => false,
                },
                (Wants::More, Some(x), _) => match *file.expr(file.unparen(x)) {
                    Expr::Call { fun, .. } => &*file.text(file.expr_span(fun)) == "append",
                    _ => false,
                },
                _ => false,
            };
            let flag = matches!(ask.wants, Wants::True | Wants::False);
            ends.then(|| (step, file.expr_span(target).start, Target(target), flag))
        })
    })
}

/// What is set.
#[derive(Clone, Copy)]
struct Target(ExprId);

fn written(scene: &Scene<'_, '_>, target: Target) -> String {
    scene.written(target.0)
}

/// The steps of a function that set a field: what is set, and to what.
fn assigned<'a>(scene: &'a Scene<'a, '_>, field: Field) -> impl Iterator<Item = (StepId, ExprId, Option<ExprId>)> + 'a {
    let file = scene.file().checked.file;
    scene.graph().steps.iter().enumerate().filter_map(move |(index, step)| {
        let id = StepId(index as u32);
        match *step {
            Step::Assign(stmt) => match *file.stmt(stmt) {
                Stmt::Assign { lhs, rhs, .. } => {
                    let at = file.list(lhs).iter().position(|x| field_of(scene, file.unparen(*x)) == Some(field))?;
                    Some((id, *file.list(lhs).get(at)?, file.list(rhs).get(at).copied()))
                }
                _ => None,
            },
            Step::IncDec(stmt) => match *file.stmt(stmt) {
                Stmt::IncDec { x, .. } if field_of(scene, file.unparen(x)) == Some(field) => Some((id, x, None)),
                _ => None,
            },
            _ => None,
        }
    })
}
