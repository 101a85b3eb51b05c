//! The source eye of LK008: loops that pause between their tries and do not look at the context they were given; tries that go on when whoever
//! asked has left.

use herd_golang::Token;
use herd_golang::acts::{Act, ActKind, Known, Steps, When};
use herd_golang::ast::Expr;
use herd_golang::flow::{self, LoopId, Loops, Paths, Step, StepId};
use herd_golang::types::{Constant, LocalId, Meaning};

use crate::source::{Scene, Spotted};
use crate::source_calls;
use crate::source_channels::OpKind;
use crate::source_runs::How;
use crate::source_ways::only_run;

/// Shorter pauses are over before anybody minds.
const PAUSE_MIN_NS: i128 = 100_000_000;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let pauses = |act: &Act| matches!(act.kind, ActKind::Known(Known::Sleep | Known::After, _)) && act.when == When::Now;
    if !scene.is_followed() || !scene.body.acts.iter().any(pauses) || scene.is_in_tests() {
        return found;
    }
    let loops = scene.loops();
    for pause in scene.body.acts.iter().filter(|act| pauses(act)) {
        let Some(around) = loops.innermost.get(scene.graph().place(pause.step).block.index()).copied().flatten() else {
            continue;
        };
        if !is_alone(scene, pause) || is_short(scene, pause) || !starts_anew(scene, &loops, around) {
            continue;
        }
        found.extend(ignores(scene, &loops, around, pause).or_else(|| nobody_asks(scene, &loops, around, pause)));
    }
    found
}

/// Whether nothing else is waited for: a sleep, or a receive from the timer outside of a select.
fn is_alone(scene: &Scene<'_, '_>, pause: &Act) -> bool {
    if matches!(pause.kind, ActKind::Known(Known::Sleep, _)) {
        return true;
    }
    let file = scene.file().checked.file;
    scene.graph().steps.iter().any(|step| match *step {
        Step::Receive(x) => match *file.expr(x) {
            Expr::Unary { x, .. } => Some(file.unparen(x)) == pause.call,
            _ => false,
        },
        _ => false,
    })
}

fn is_short(scene: &Scene<'_, '_>, pause: &Act) -> bool {
    let checked = &scene.file().checked;
    let Some(Expr::Call { args, .. }) = pause.call.map(|call| *checked.file.expr(call)) else { return true };
    let Some(arg) = checked.file.list(args).first() else { return true };
    matches!(checked.constant(scene.package.unit.types, *arg), Some(Constant::Int(pause)) if pause < PAUSE_MIN_NS)
}

/// Whether a loop tries something again, and does not go over what was given to it.
fn starts_anew(scene: &Scene<'_, '_>, loops: &Loops, around: LoopId) -> bool {
    let header = loops.get(around).header;
    !scene.graph().steps(header).iter().any(|step| matches!(step, Step::RangeNext(_)))
}

/// A context among the parameters that the loop hands on and never looks at.
fn ignores(scene: &Scene<'_, '_>, loops: &Loops, around: LoopId, pause: &Act) -> Option<Spotted> {
    let context = scene.body.params.iter().copied().find(|param| is_context(scene, *param))?;
    let graph = scene.graph();
    let file = scene.file().checked.file;
    let within = |step: StepId| loops.contains(around, graph.place(step).block);
    // Whoever looks at any context may look at this one, by what was made of it.
    let watches = scene.body.acts.iter().any(|act| {
        matches!(act.kind, ActKind::Known(Known::ContextDone | Known::ContextErr, _) | ActKind::Select { .. }) && within(act.step)
    });
    let given = scene.body.acts.iter().filter(|act| {
        within(act.step)
            && match act.call.map(|call| *file.expr(call)) {
                Some(Expr::Call { args, .. }) => file.list(args).iter().any(|arg| scene.local(*arg) == Some(context)),
                _ => false,
            }
    });
    let tries: Vec<&Act> = given.collect();
    let set_anew = scene.file().uses.get(context.0 as usize).is_none_or(|uses| !uses.is_constant());
    if watches || set_anew || !is_retried(scene, (loops, around), pause, &tries) {
        return None;
    }
    let name = scene.name_of(context);
    let declared = scene.file().checked.locals.get(context.0 as usize)?.pos;
    let way = vec![
        scene.stop(declared, format!("is given {name}")),
        scene.stop(pause.pos, format!("pauses between its tries, whatever becomes of {name}")),
    ];
    Some(Spotted::new(scene.body.file, pause.pos, format!("the pause between tries does not end with {name}"), way))
}

/// Whether the loop pauses behind a try under the context, and no error of one ends it: what fails since the context is over would end it as well.
fn is_retried(scene: &Scene<'_, '_>, (loops, around): (&Loops, LoopId), pause: &Act, tries: &[&Act]) -> bool {
    let graph = scene.graph();
    let dominators = flow::dominators(graph);
    let behind = graph.place(pause.step).block;
    let mut any = false;
    for act in tries {
        let Some(call) = act.call else { continue };
        let start = graph.place(act.step).block;
        // What is asked before both may find another reason to pause.
        let asked = graph.steps.iter().enumerate().filter(|(_, step)| matches!(step, Step::Condition(_)));
        let before: Steps = asked
            .map(|(index, _)| StepId(index as u32))
            .filter(|step| {
                let block = graph.place(*step).block;
                block != start && [start, behind].iter().all(|to| dominators.dominates(block, *to))
            })
            .collect();
        any |= scene.way(act.step, |place| scene.is_at(place, pause.step), &before).is_some();
        let error = scene.results_of(call).and_then(|(_, to)| to.last()).and_then(|x| scene.local(*x));
        if error.is_some_and(|error| ends_on(scene, loops, around, error)) {
            return false;
        }
    }
    any
}

/// Whether an error ends the loop: by `if err != nil` or `if !isBusy(err)` that leads out of it, or by what goes on only where there is none.
fn ends_on(scene: &Scene<'_, '_>, loops: &Loops, around: LoopId, error: LocalId) -> bool {
    let (graph, checked) = (scene.graph(), &scene.file().checked);
    let file = checked.file;
    let header = loops.get(around).header;
    let leaves = graph.edges.iter().filter(|edge| loops.contains(around, edge.from)).any(|edge| {
        let Some((condition, holds)) = edge.kind.condition() else { return false };
        let failed = match *file.expr(file.unparen(condition)) {
            Expr::Binary { op: op @ (Token::Equal | Token::NotEqual), x, y, .. } => {
                let is_nil = checked.meaning(file.unparen(y)) == Meaning::Nil;
                (op == Token::NotEqual) == holds && is_nil && scene.local(x) == Some(error)
            }
            Expr::Call { args, .. } => !holds && file.list(args).iter().any(|x| scene.local(*x) == Some(error)),
            _ => false,
        };
        let start = graph.start(edge.to);
        let back = start.block == header
            || flow::path(graph, Paths::Consistent, start, |place| place.block == header, |_| false).is_some();
        failed && !back
    });
    leaves
        || scene.body.acts.iter().filter(|act| loops.contains(around, graph.place(act.step).block)).any(|act| {
            let Some(Expr::Call { fun, args, .. }) = act.call.map(|call| *file.expr(call)) else { return false };
            file.text(file.expr_span(fun)).ends_with("NoError") && file.list(args).iter().any(|x| scene.local(*x) == Some(error))
        })
}

fn is_context(scene: &Scene<'_, '_>, local: LocalId) -> bool {
    let declared = scene.file().checked.locals.get(local.0 as usize);
    declared.is_some_and(|one| source_calls::is_context(&scene.package.unit, one.ty))
}

/// A goroutine that tries until it is lucky, for somebody who waits for a while only.
fn nobody_asks(scene: &Scene<'_, '_>, loops: &Loops, around: LoopId, pause: &Act) -> Option<Spotted> {
    let run = only_run(scene.package, scene.id).filter(|run| run.how == How::Spawned)?;
    let graph = scene.graph();
    let channels = scene.package.channels();
    // It looks at nothing that another goroutine could tell it.
    let told = scene.body.acts.iter().any(|act| {
        matches!(
            act.kind,
            ActKind::Receive(_) | ActKind::Select { .. } | ActKind::Known(Known::ContextDone | Known::ContextErr, _)
        ) && act.step != pause.step
    });
    let own_conditions = graph.steps.iter().all(|step| match *step {
        Step::Condition(x) => is_own_result(scene, x),
        _ => true,
    });
    if told
        || !own_conditions
        || loops.exits(graph, around).next().is_none()
        || !scene.body.params.iter().all(|param| !is_context(scene, *param))
    {
        return None;
    }
    let by = scene.package.scene(run.by);
    let word = channels.ops_of(scene.id).iter().find(|op| matches!(op.kind, OpKind::Close | OpKind::Send))?;
    let made = channels.only(word.node?).filter(|made| made.by.is_some_and(|(body, _)| body == run.by) && !made.open.receive)?;
    let mut waits = channels.ops_on(made).filter(|op| op.is_receive());
    let wait = waits.next().filter(|op| op.body == run.by && !op.is_alone() && !op.default)?;
    if waits.next().is_some() {
        return None;
    }
    let way = by.way(run.step, |place| place.block == by.graph().exit, &Steps::from_iter([wait.step]))?;
    let mut stops =
        vec![by.stop(run.pos, "starts the goroutine"), by.stop(wait.pos, "waits for its word, and for something else")];
    stops.extend(by.jumps(&way));
    stops.push(scene.stop(pause.pos, "goes on trying when nobody waits any more"));
    Some(Spotted::new(scene.body.file, pause.pos, "the goroutine goes on trying when whoever started it has left", stops))
}

/// Whether a condition asks for what the function itself got from its calls.
fn is_own_result(scene: &Scene<'_, '_>, x: herd_golang::ast::ExprId) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let mut open = vec![file.unparen(x)];
    while let Some(x) = open.pop() {
        match *file.expr(x) {
            Expr::Binary { x, y, .. } => open.extend([file.unparen(x), file.unparen(y)]),
            Expr::Unary { x, .. } => open.push(file.unparen(x)),
            Expr::BasicLit { .. } => {}
            Expr::Ident { .. } => {
                let own = scene.local(x).is_none_or(|local| {
                    let uses = scene.file().uses.get(local.0 as usize);
                    let declared = checked.locals.get(local.0 as usize);
                    declared.is_some_and(|one| one.function == Some(scene.body.function))
                        && uses.is_some_and(|uses| !uses.captured && !uses.address_taken)
                });
                if !own || matches!(checked.meaning(x), herd_golang::types::Meaning::Object(_)) {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}
