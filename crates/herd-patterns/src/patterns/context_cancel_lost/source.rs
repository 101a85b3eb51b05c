//! The source eye of CX002: a cancel that is thrown away, not called on some way, overwritten before, or kept in a field that nobody reads.
//!
//! Any use of the function but `_ = cancel` counts as its being called, as go vet's lostcancel has it: it may be stored, returned, handed on.

use herd_golang::Token;
use herd_golang::acts::{ActKind, BodyId, Known, PathId, Step as PathStep, Steps, Target, When};
use herd_golang::ast::{Expr, ExprId, Span, Spec, Stmt};
use herd_golang::flow::{Step, StepId};
use herd_golang::types::{LocalId, LocalKind, Meaning, Selection, SelectionKind};

use crate::source::{Edit, Repair, Safety, Scene, Spotted, StopPlace};
use crate::source_calls::{Library, declared};

const THROWN_AWAY: &str = "the function that cancels the context is thrown away";

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if !scene.graph().sound {
        return found;
    }
    for act in &scene.body.acts {
        let (ActKind::Known(Known::WithCancel | Known::WithTimeout | Known::WithDeadline, _), When::Now, Some(call)) =
            (act.kind, act.when, act.call)
        else {
            continue;
        };
        found.extend(lost(scene, call).or_else(|| kept_unread(scene, call)));
    }
    found.extend(replaced(scene));
    found
}

fn lost(scene: &Scene<'_, '_>, call: ExprId) -> Option<Spotted> {
    if is_declared_blank(scene, call) {
        let at = scene.file().checked.file.expr_span(call).start;
        return Some(Spotted::new(scene.body.file, at, THROWN_AWAY, Vec::new()));
    }
    let (step, target) = target(scene, call)?;
    let checked = &scene.file().checked;
    let file = checked.file;
    let at = file.expr_span(call).start;
    let spotted = |text: &str, way| Some(Spotted::new(scene.body.file, at, text, way));
    if &*file.text(file.expr_span(target)) == "_" {
        let spotted = spotted(THROWN_AWAY, Vec::new());
        return spotted.map(|spotted| spotted.cured_by(deferred(scene, step, target)));
    }
    let Meaning::Local(local) = checked.meaning(file.unparen(target)) else { return None };
    let declared = checked.locals.get(local.0 as usize)?;
    // Others may call what is a variable of the function around.
    let own = declared.function == Some(scene.body.function);
    let uses = scene.file().uses.get(local.0 as usize)?;
    if !own || uses.address_taken {
        return None;
    }
    let named = scene.package.values.named.get(&(scene.body.file, local)).map(Vec::as_slice).unwrap_or_default();
    // Who calls it elsewhere says `_ = cancel` to quieten others.
    let is_only_quietened = named.iter().all(|(body, step)| *body == scene.id && is_blank(scene, *step));
    let own_steps = named.iter().filter(|(body, step)| *body == scene.id && !(is_only_quietened && is_blank(scene, *step)));
    let mut here: Steps = own_steps.map(|(_, step)| *step).collect();
    if declared.kind == LocalKind::Result {
        here.extend(bare_returns(scene).iter());
    }
    let name = scene.package.unit.types.names().text(declared.name);
    let graph = scene.graph();
    let again: Vec<StepId> = scene.body.sets_of(local).collect();
    // A literal that was made before sees whatever value there is.
    let earlier = here.iter().any(|one| {
        matches!(graph.steps.get(one.index()), Some(Step::FuncLit(_)))
            && scene.way(one, |place| scene.is_at(place, step), &Steps::default()).is_some()
    });
    if earlier {
        return None;
    }
    // A context that was seen to be done has nothing left to cancel.
    let ended: Steps = here.iter().chain(waits_for_done(scene, step).iter()).collect();
    let overwritten = again.iter().find_map(|next| {
        let way = scene.way(step, |place| scene.is_at(place, *next), &ended)?;
        Some((*next, way))
    });
    if let Some((next, way)) = overwritten {
        let mut stops = vec![scene.stop(at, format!("{name} can cancel the context"))];
        let pos = graph.steps.get(next.index()).map(|step| herd_golang::flow::pos(file, *step))?;
        // The last block of the way goes on behind the assignment.
        stops.extend(
            scene.jumps(&way).into_iter().filter(|stop| matches!(stop.place, StopPlace::Here { pos: at, .. } if at < pos)),
        );
        stops.push(scene.stop(pos, format!("{name} gets another value, and was not called")));
        return spotted(&format!("{name} gets another value before it was called"), stops);
    }
    let way = scene.way(step, |place| place.block == graph.exit, &here)?;
    let mut stops = vec![scene.stop(at, format!("{name} can cancel the context"))];
    let jumps = scene.jumps(&way);
    stops.extend(if jumps.is_empty() { vec![scene.stop(scene.body_end(), "ends")] } else { jumps });
    if let Some(last) = stops.last_mut() {
        last.text = format!("{}, and {name} was not called", last.text);
    }
    spotted(&format!("{name} is not called on every way out"), stops)
}

/// Steps that wait until the context is done which a step derives.
fn waits_for_done(scene: &Scene<'_, '_>, derives: StepId) -> Steps {
    let file = scene.file().checked.file;
    let context = match scene.graph().steps.get(derives.index()) {
        Some(Step::Assign(stmt)) => match *file.stmt(*stmt) {
            Stmt::Assign { lhs, .. } => file.list(lhs).first().and_then(|x| scene.local(*x)),
            _ => None,
        },
        _ => None,
    };
    let paths = &scene.package.unit.paths;
    let of = |path: PathId| match (paths.last(path), context) {
        (PathStep::Call(context, _), Some(wanted)) => paths.last(context) == PathStep::Local(scene.body.file, wanted),
        _ => false,
    };
    let acts = scene.body.acts.iter().filter(|act| matches!(act.kind, ActKind::Receive(Some(path)) if of(path)));
    acts.map(|act| act.step).collect()
}

/// Whether a declaration throws the cancel of a call away: `var ctx, _ = context.WithCancel(parent)`.
fn is_declared_blank(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    let file = scene.file().checked.file;
    scene.graph().steps.iter().any(|step| match *step {
        Step::Declare(spec) => match *file.spec(spec) {
            Spec::Value { names, values, .. } => {
                let is_it = matches!(file.list(values), [from] if file.unparen(*from) == call);
                let second = file.list(names).get(1).map(|name| file.bytes(file.ident_span(*name)));
                is_it && second == Some(b"_")
            }
            _ => false,
        },
        _ => false,
    })
}

/// Returns without operands, which return the named results.
fn bare_returns(scene: &Scene<'_, '_>) -> Steps {
    let file = scene.file().checked.file;
    let bare = |step: &Step| matches!(*step, Step::Return(stmt) if matches!(*file.stmt(stmt), Stmt::Return { results } if results.is_empty()));
    let steps = scene.graph().steps.iter().enumerate().filter(|(_, step)| bare(step));
    steps.map(|(index, _)| StepId(index as u32)).collect()
}

/// The step that takes the results of a call, and what the second of them is put into.
fn target(scene: &Scene<'_, '_>, call: ExprId) -> Option<(StepId, ExprId)> {
    let file = scene.file().checked.file;
    scene.graph().steps.iter().enumerate().find_map(|(index, step)| {
        let Step::Assign(stmt) = *step else { return None };
        let Stmt::Assign { lhs, rhs, .. } = *file.stmt(stmt) else { return None };
        let [from] = file.list(rhs) else { return None };
        (file.unparen(*from) == call).then(|| Some((StepId(index as u32), *file.list(lhs).get(1)?))).flatten()
    })
}

/// Whether a step only says that a variable is used: `_ = cancel`.
fn is_blank(scene: &Scene<'_, '_>, step: StepId) -> bool {
    let file = scene.file().checked.file;
    match scene.graph().steps.get(step.index()) {
        Some(Step::Assign(stmt)) => match *file.stmt(*stmt) {
            Stmt::Assign { lhs, .. } => file.list(lhs).iter().all(|x| scene.written(*x) == "_"),
            _ => false,
        },
        _ => false,
    }
}

/// A cancel that goes into a field of the package which nothing ever reads.
fn kept_unread(scene: &Scene<'_, '_>, call: ExprId) -> Option<Spotted> {
    let (_, targets) = scene.results_of(call)?;
    let target = *targets.get(1)?;
    let checked = &scene.file().checked;
    let file = checked.file;
    let field = match scene.local(target) {
        // The only use of the variable is to be stored.
        Some(local) => {
            let named = scene.package.values.named.get(&(scene.body.file, local)).map(Vec::as_slice).unwrap_or_default();
            let [(body, step)] = named else { return None };
            if *body != scene.id {
                return None;
            }
            stored(scene, *step, local)?
        }
        None => *checked.selection(file.unparen(target)).filter(|one| one.kind == SelectionKind::Field)?,
    };
    let names = scene.package.unit.types.names();
    let name = names.text(field.name);
    let is_own = declared(&scene.package.unit, field.owner).is_some_and(|(package, _)| {
        scene.package.unit.types.program().package(scene.package.unit.package).is_some_and(|own| *own.path == *package)
    });
    if !is_own || name.starts_with(char::is_uppercase) || is_read(scene, &field) {
        return None;
    }
    let at = file.expr_span(call).start;
    let way = vec![
        scene.stop(at, "derives a context"),
        scene.stop(
            file.expr_span(target).start,
            format!("its cancel is kept in the field {name}, which nothing in the package reads"),
        ),
    ];
    Some(Spotted::new(scene.body.file, at, format!("the cancel is kept in {name} and never called"), way))
}

/// The field that a step stores a variable in.
fn stored(scene: &Scene<'_, '_>, step: StepId, local: LocalId) -> Option<Selection> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let Some(Step::Assign(stmt)) = scene.graph().steps.get(step.index()) else { return None };
    let Stmt::Assign { lhs, rhs, .. } = *file.stmt(*stmt) else { return None };
    let at = file.list(rhs).iter().position(|x| scene.local(*x) == Some(local))?;
    let target = file.unparen(*file.list(lhs).get(at)?);
    checked.selection(target).filter(|one| one.kind == SelectionKind::Field).copied()
}

/// Whether a field is read anywhere in the package.
fn is_read(scene: &Scene<'_, '_>, field: &Selection) -> bool {
    scene.package.unit.files.iter().any(|file| {
        let tree = file.checked.file;
        let targets: Vec<ExprId> = tree
            .all_stmts()
            .filter_map(|(_, stmt)| if let Stmt::Assign { lhs, .. } = *stmt { Some(lhs) } else { None })
            .flat_map(|lhs| tree.list(lhs).iter().map(|x| tree.unparen(*x)))
            .collect();
        tree.all_exprs().any(|(id, expr)| match *expr {
            Expr::Selector { sel, .. } if sel.name == field.name => {
                let same =
                    file.checked.selection(id).is_some_and(|one| one.owner == field.owner && one.kind == SelectionKind::Field);
                same && !targets.contains(&id)
            }
            _ => false,
        })
    })
}

/// A field that holds a cancel and gets another one, in a method that is called again on the same value and does not look at the old one.
fn replaced(scene: &Scene<'_, '_>) -> Option<Spotted> {
    let object = scene.body.object?;
    let checked = &scene.file().checked;
    let file = checked.file;
    let receiver = *scene.body.params.first()?;
    if checked.locals.get(receiver.0 as usize)?.kind != LocalKind::Receiver {
        return None;
    }
    let (step, target, field) = scene.graph().steps.iter().enumerate().find_map(|(index, step)| {
        let Step::Assign(stmt) = *step else { return None };
        let Stmt::Assign { lhs, .. } = *file.stmt(stmt) else { return None };
        file.list(lhs).iter().find_map(|x| {
            let x = file.unparen(*x);
            let selection = checked.selection(x).filter(|one| one.kind == SelectionKind::Field)?;
            let is_cancel = declared(&scene.package.unit, selection.ty) == Some(("context", "CancelFunc"));
            let Expr::Selector { x: of, .. } = *file.expr(x) else { return None };
            (is_cancel && scene.local(of) == Some(receiver)).then_some((StepId(index as u32), x, *selection))
        })
    })?;
    let names = scene.package.unit.types.names();
    // Whoever reads the field in the method, or calls another method of the value before, may have called the old one.
    let reads = file.all_exprs().any(|(id, expr)| {
        let span = file.expr_span(id);
        let inside = scene.body_start() <= span.start && span.start < scene.body_end();
        matches!(expr, Expr::Selector { .. })
            && inside
            && id != target
            && checked.selection(id).is_some_and(|one| one.owner == field.owner && one.name == field.name)
    });
    let calls_before = scene.body.acts.iter().any(|act| {
        let on = act.call.and_then(|call| scene.called_on(call)).and_then(|x| scene.local(x));
        on == Some(receiver)
            && act.when != When::Spawned
            && scene.way(act.step, |place| scene.is_at(place, step), &Steps::default()).is_some()
    });
    if reads || calls_before {
        return None;
    }
    let again =
        (0..scene.package.unit.bodies.len()).map(|index| scene.package.scene(BodyId(index as u32))).find_map(|caller| {
            let calls: Vec<_> = caller
                .body
                .acts
                .iter()
                .filter(|act| act.kind == ActKind::Call(Target::Object(object)) && act.when == When::Now)
                .filter_map(|act| Some((act, caller.local(caller.called_on(act.call?)?)?)))
                .collect();
            calls.iter().find_map(|(first, on)| {
                calls.iter().find_map(|(second, other)| {
                    let resets: Steps = caller.body.sets_of(*on).collect();
                    // A call of another method in between may have ended the old one.
                    let between: Steps = caller
                        .body
                        .acts
                        .iter()
                        .filter(|act| act.kind != ActKind::Call(Target::Object(object)))
                        .filter(|act| act.call.and_then(|call| caller.called_on(call)).and_then(|x| caller.local(x)) == Some(*on))
                        .map(|act| act.step)
                        .chain(resets.iter())
                        .collect();
                    // Whoever was given the value may have called the old one meanwhile.
                    let again = on == other
                        && !caller.goes_elsewhere(*on)
                        && !is_given(&caller, *on)
                        && caller.way(first.step, |place| caller.is_at(place, second.step), &between).is_some();
                    again.then(|| {
                        vec![caller.stop(first.pos, "is called"), caller.stop(second.pos, "is called again on the same value")]
                    })
                })
            })
        })?;
    let at = file.expr_span(target).start;
    let name = names.text(field.name);
    let mut way = vec![scene.stop(at, format!("{name} gets another cancel, whatever it held"))];
    way.extend(again);
    Some(Spotted::new(scene.body.file, at, format!("{name} gets another cancel, and the old one was not called"), way))
}

/// Whether a variable is an argument somewhere in its file.
fn is_given(scene: &Scene<'_, '_>, local: LocalId) -> bool {
    let file = scene.file().checked.file;
    file.all_exprs().any(|(_, expr)| match *expr {
        Expr::Call { args, .. } => file.list(args).iter().any(|x| scene.local(*x) == Some(local)),
        _ => false,
    })
}

/// `cancel` instead of `_`, put off to the end of the function: right where the context is not to outlive it.
fn deferred(scene: &Scene<'_, '_>, step: StepId, target: ExprId) -> Option<Repair> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let Some(Step::Assign(stmt)) = scene.graph().steps.get(step.index()) else { return None };
    let Stmt::Assign { op: Token::Define, lhs, rhs, .. } = *file.stmt(*stmt) else { return None };
    let context = scene.local(*file.list(lhs).first()?)?;
    let taken = checked.locals.iter().any(|local| {
        scene.package.unit.types.names().text(local.name) == "cancel" && local.function == Some(scene.body.function)
    });
    // In a loop, or where the context goes on elsewhere, the end of the function is the wrong time.
    if taken || crate::source_release::is_repeated(scene, step) || crate::source_flows::keeps(scene, context) {
        return None;
    }
    let end = file.stmt_span(*stmt).end;
    // The cancel of WithCancelCause takes the cause; nil stands for context.Canceled.
    let made = file.text(file.expr_span(*file.list(rhs).first()?));
    let cause = if made.contains("WithCancelCause") { "nil" } else { "" };
    let edits = vec![
        Edit { span: file.expr_span(target), text: "cancel".to_owned() },
        Edit {
            span: Span { start: end, end },
            text: format!("\n{}defer cancel({cause})", scene.indent(file.stmt_span(*stmt).start)),
        },
    ];
    let safety = if ends_with_function(scene, context) { Safety::Safe } else { Safety::Unsafe };
    Some(Repair { safety, text: "cancels the context when the function ends".to_owned(), edits })
}

/// Whether nothing that is given a context goes on under it when the function has ended, as far as its calls are known.
fn ends_with_function(scene: &Scene<'_, '_>, context: LocalId) -> bool {
    let hops = crate::source_flows::hops(scene);
    let given = hops
        .iter()
        .filter(|hop| hop.act.call.is_some_and(|call| scene.args(call).iter().any(|x| scene.local(*x) == Some(context))));
    given.into_iter().all(|hop| {
        let known = scene.library().iter().find(|(act, _)| act.call == hop.act.call);
        match (known, hop.act.kind) {
            // Rows, transactions and answers end with their context.
            (Some((act, Library::SqlContext)), _) => act
                .call
                .and_then(|call| scene.callee(call))
                .is_some_and(|name| matches!(name.name, "ExecContext" | "PingContext")),
            (None, ActKind::Call(Target::Object(object))) => scene.package.unit.body_of(object).is_some_and(|body| {
                let callee = scene.package.scene(body);
                crate::source_contexts::given(&callee).is_some_and(|given| !crate::source_flows::keeps(&callee, given.local))
            }),
            _ => false,
        }
    })
}
