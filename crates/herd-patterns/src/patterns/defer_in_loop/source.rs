//! The source eye of LO002: what a loop opens, locks or starts is given back only when the function ends.

use herd_golang::acts::{Act, ActKind, Known, Steps, Target, When};
use herd_golang::ast::{Expr, ExprId, Pos, Span, Stmt};
use herd_golang::flow;
use herd_golang::types::{LocalId, LocalKind, Meaning};

use crate::source::{Edit, Repair, Safety, Scene, Spotted};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    let graph = scene.graph();
    if graph.defers.is_empty() || !graph.sound {
        return found;
    }
    let mut loops = None;
    for act in scene.body.acts.iter().filter(|act| act.when == When::Deferred) {
        let loops = loops.get_or_insert_with(|| flow::loops(graph, &flow::dominators(graph)));
        let block = graph.place(act.step).block;
        let Some(inner) = loops.innermost.get(block.index()).copied().flatten() else { continue };
        // A loop that is left behind the defer goes no second round with it.
        let again = scene.way(act.step, |place| scene.is_at(place, act.step), &Steps::default());
        if again.is_none() || scene.package.is_test(scene.body.file) {
            continue;
        }
        found.extend(piled_up(scene, act, loops, inner));
    }
    found
}

fn piled_up(scene: &Scene<'_, '_>, act: &Act, loops: &flow::Loops, inner: flow::LoopId) -> Option<Spotted> {
    let what = match act.kind {
        ActKind::Known(Known::Unlock | Known::ReadUnlock, Some(path)) => {
            // The locks of all shards are meant to be held at once.
            if !scene.resets(path).is_empty() {
                return None;
            }
            let taken = scene.locks.iter().any(|lock| {
                lock.path == path
                    && lock.what == herd_golang::acts::LockWhat::Takes
                    && loops.contains(inner, scene.graph().place(lock.step).block)
            });
            // A flag that is set beside it may let it be done once.
            (taken && !scene.sets_flag(act.step)).then(|| format!("{} is given back", scene.package.text(path)))?
        }
        ActKind::Call(Target::Object(_) | Target::Interface(..) | Target::Unknown) => closed(scene, act)?,
        _ => return None,
    };
    let head = head(scene, loops, inner)?;
    let is_lock = matches!(act.kind, ActKind::Known(..));
    if !is_lock && (!goes_on(scene, head) || is_start(scene)) {
        return None;
    }
    let way = vec![
        scene.stop(scene.file().checked.file.stmt_span(head).start, "each round"),
        scene.stop(act.pos, "puts this off until the function ends"),
    ];
    let text = format!("{what} only when the function ends, not with each round of the loop");
    Some(Spotted::new(scene.body.file, act.pos, text, way).cured_by(in_function(scene, head)))
}

/// The body of the loop as a function of its own, where nothing in it jumps out.
fn in_function(scene: &Scene<'_, '_>, head: herd_golang::ast::StmtId) -> Option<Repair> {
    let file = scene.file().checked.file;
    let (Stmt::For { body, .. } | Stmt::Range { body, .. }) = *file.stmt(head) else { return None };
    let span = file.stmt_span(body);
    let jumps = scene.graph().stmts.iter().any(|(stmt, _)| {
        let at = file.stmt_span(*stmt).start;
        span.start <= at && at < span.end && matches!(file.stmt(*stmt), Stmt::Branch { .. } | Stmt::Return { .. })
    });
    if jumps {
        return None;
    }
    let (open, close) = (Pos::at(span.start.offset() + 1), Pos::at(span.end.offset().checked_sub(1)?));
    let edits = vec![
        Edit { span: Span { start: open, end: open }, text: " func() {".to_owned() },
        Edit { span: Span { start: close, end: close }, text: "}() ".to_owned() },
    ];
    Some(Repair { safety: Safety::Unsafe, text: "make each round a function of its own".to_owned(), edits })
}

/// Whether the process ends, or its start does, with the function.
fn is_start(scene: &Scene<'_, '_>) -> bool {
    scene.body.object.is_some_and(|object| matches!(scene.package.object_name(object), "main" | "init"))
}

/// The statement of a loop.
fn head(scene: &Scene<'_, '_>, loops: &flow::Loops, of: flow::LoopId) -> Option<herd_golang::ast::StmtId> {
    let (graph, file) = (scene.graph(), scene.file().checked.file);
    let inside: Vec<_> = graph.stmts.iter().filter(|(_, block)| loops.contains(of, *block)).map(|(stmt, _)| *stmt).collect();
    let first = inside.iter().map(|stmt| file.stmt_span(*stmt).start).min()?;
    // The innermost loop that encloses what is inside.
    let encloses = graph.stmts.iter().map(|(stmt, _)| *stmt).filter(|stmt| {
        matches!(file.stmt(*stmt), Stmt::For { .. } | Stmt::Range { .. })
            && file.stmt_span(*stmt).start <= first
            && inside.iter().all(|one| file.stmt_span(*one).end <= file.stmt_span(*stmt).end)
    });
    encloses.max_by_key(|stmt| file.stmt_span(*stmt).start)
}

/// Whether a loop may go many rounds: not over what is written out there, and not to a small number.
fn goes_on(scene: &Scene<'_, '_>, head: herd_golang::ast::StmtId) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let is_constant = |x: ExprId| checked.constant(scene.package.unit.types, x).is_some();
    match *file.stmt(head) {
        Stmt::Range { x, .. } => {
            let x = file.unparen(x);
            let written = match *file.expr(x) {
                Expr::CompositeLit { .. } => true,
                Expr::Ident { .. } => {
                    matches!(checked.meaning(x), Meaning::Local(local) if is_written_out(scene, local))
                }
                _ => false,
            };
            !written && !is_constant(x)
        }
        Stmt::For { cond: Some(cond), .. } => match *file.expr(file.unparen(cond)) {
            Expr::Binary { y, .. } => !is_constant(y),
            _ => true,
        },
        _ => true,
    }
}

/// Whether a type is `net.Listener`: many are kept open at once so that no port is had twice.
fn is_listener(scene: &Scene<'_, '_>, ty: herd_golang::types::TypeId) -> bool {
    let types = scene.package.unit.types;
    matches!(types.get(types.pointed_at(ty)), herd_golang::types::Type::Named { object, .. }
        if matches!(&*types.object_text(*object), "net.Listener" | "net.TCPListener"))
}

/// Whether all values that a variable ever has are written out in the function.
fn is_written_out(scene: &Scene<'_, '_>, local: LocalId) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let mut sets = scene.body.sets_of(local).peekable();
    let known = sets.peek().is_some();
    known
        && sets.all(|step| match scene.graph().steps.get(step.index()) {
            Some(flow::Step::Assign(stmt)) => match *file.stmt(*stmt) {
                Stmt::Assign { rhs, .. } => {
                    file.list(rhs).iter().all(|x| matches!(file.expr(file.unparen(*x)), Expr::CompositeLit { .. }))
                }
                _ => false,
            },
            // Without a value: `var x []T`.
            Some(flow::Step::Declare(_)) => true,
            _ => false,
        })
}

/// Whether a goroutine is started in the loop that is given a variable, and so may need it longer than the round.
fn is_given_to_goroutine(scene: &Scene<'_, '_>, local: LocalId) -> bool {
    let checked = &scene.file().checked;
    let names = |x: &ExprId| checked.meaning(checked.file.unparen(*x)) == Meaning::Local(local);
    scene.body.acts.iter().any(|act| {
        act.when == When::Spawned
            && matches!(act.call.map(|call| *checked.file.expr(call)), Some(Expr::Call { args, .. })
                if checked.file.list(args).iter().any(names))
    })
}

/// The context that a function cancels.
fn context_of(scene: &Scene<'_, '_>, cancel: LocalId) -> Option<LocalId> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let step = scene.body.sets_of(cancel).next()?;
    let flow::Step::Assign(stmt) = *scene.graph().steps.get(step.index())? else { return None };
    let Stmt::Assign { lhs, .. } = *file.stmt(stmt) else { return None };
    let first = *file.list(lhs).first()?;
    match checked.meaning(file.unparen(first)) {
        Meaning::Local(local) => Some(local),
        _ => checked.local_at(file.expr_span(first).start),
    }
}

/// What a call closes, cancels or stops that the loop made and nobody else has.
fn closed(scene: &Scene<'_, '_>, act: &Act) -> Option<String> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let Expr::Call { fun, args, .. } = *file.expr(act.call?) else { return None };
    if !file.list(args).is_empty() {
        return None;
    }
    let fun = file.unparen(fun);
    let names = scene.package.unit.types.names();
    match *file.expr(fun) {
        Expr::Selector { x, sel } => {
            let name = names.text(sel.name);
            // `resp.Body.Close()` closes what resp has.
            let mut base = file.unparen(x);
            while let Expr::Selector { x, .. } = *file.expr(base) {
                base = file.unparen(x);
            }
            let Meaning::Local(local) = checked.meaning(base) else { return None };
            (name == "Close" && is_of_the_round(scene, act, local)).then(|| format!("{} is closed", file.text(file.expr_span(x))))
        }
        Expr::Ident { .. } => {
            let Meaning::Local(local) = checked.meaning(fun) else { return None };
            let context = context_of(scene, local);
            let is_passed = context.is_some_and(|context| {
                is_given_to_goroutine(scene, context)
                    || scene.file().uses.get(context.0 as usize).is_some_and(|uses| uses.captured)
            });
            (is_cancel(scene, local) && !is_passed && is_of_the_round(scene, act, local))
                .then(|| format!("{} is called", file.text(file.expr_span(fun))))
        }
        _ => None,
    }
}

/// Whether a variable cancels a context.
fn is_cancel(scene: &Scene<'_, '_>, local: LocalId) -> bool {
    let file = scene.file();
    let Some(origin) = file.uses.get(local.0 as usize).and_then(herd_golang::acts::Uses::only) else { return false };
    scene.body.acts.iter().any(|act| {
        act.call == Some(file.checked.file.unparen(origin.expr))
            && matches!(act.kind, ActKind::Known(Known::WithCancel | Known::WithTimeout | Known::WithDeadline, _))
    })
}

/// Whether a variable is made by a call in each round before the defer, and its value goes nowhere else, so that it is done with at the round's end.
fn is_of_the_round(scene: &Scene<'_, '_>, act: &Act, local: LocalId) -> bool {
    let checked = &scene.file().checked;
    let Some(declared) = checked.locals.get(local.0 as usize) else { return false };
    let Some(uses) = scene.file().uses.get(local.0 as usize) else { return false };
    let sets: Steps = scene.body.sets_of(local).collect();
    // Between two defers it gets a new value.
    let renewed = !sets.is_empty() && scene.way(act.step, |place| scene.is_at(place, act.step), &sets).is_none();
    let made = uses.from.is_some_and(|from| matches!(checked.file.expr(checked.file.unparen(from.expr)), Expr::Call { .. }));
    declared.function == Some(scene.body.function)
        && !is_listener(scene, declared.ty)
        && matches!(declared.kind, LocalKind::Define | LocalKind::Var)
        && renewed
        && made
        && !uses.captured
        && !uses.address_taken
        && !scene.goes_elsewhere(local)
        && !is_given_to_goroutine(scene, local)
}
