//! The source eye of GC005: a value that is put into a pool by itself, used after it was put back, or put back on some ways only.

use herd_golang::acts::{Act, ActKind, Known, Steps, When};
use herd_golang::ast::{Expr, ExprId, Stmt};
use herd_golang::flow::{self, Step, StepId};
use herd_golang::types::{LocalId, Type, TypeId};

use crate::source::{Scene, Spotted};
use crate::source_contexts::holds;
use crate::source_release::mentions;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let puts: Vec<&Act> = scene.body.acts.iter().filter(|act| matches!(act.kind, ActKind::Known(Known::PoolPut, _))).collect();
    if puts.is_empty() || !scene.graph().sound || scene.is_test() {
        return Vec::new();
    }
    let mut found: Vec<Spotted> = puts.iter().filter_map(|put| boxed(scene, put)).collect();
    found.extend(puts.iter().filter_map(|put| used_after(scene, put)));
    found.extend(skipped(scene, &puts));
    found
}

/// A value that has to be allocated anew to go into the interface that `Put` takes.
fn boxed(scene: &Scene<'_, '_>, put: &Act) -> Option<Spotted> {
    let checked = &scene.file().checked;
    let value = *scene.args(put.call?).first()?;
    let ty = checked.type_of(value);
    let types = scene.package.unit.types;
    if !types.is_known(ty) || types.has_params(ty) || !is_boxed(scene, ty) {
        return None;
    }
    let at = checked.file.expr_span(put.call?).start;
    let text = format!("{} is no pointer: each Put allocates to make an interface of it", scene.written(value));
    Some(Spotted::new(scene.body.file, at, text, Vec::new()))
}

fn is_boxed(scene: &Scene<'_, '_>, ty: TypeId) -> bool {
    let types = scene.package.unit.types;
    match types.get(types.underlying(ty)) {
        Type::Slice(_) => true,
        // A struct of one pointer, or of nothing, needs no room of its own.
        Type::Struct(fields) => fields.len() > 1,
        _ => false,
    }
}

/// A way from where a value was put back to where it is used, or to a return of what belongs to it.
fn used_after(scene: &Scene<'_, '_>, put: &Act) -> Option<Spotted> {
    let checked = &scene.file().checked;
    let file = checked.file;
    let value = scene.local(*scene.args(put.call?).first()?)?;
    let declared = checked.locals.get(value.0 as usize)?;
    if declared.function != Some(scene.body.function) {
        return None;
    }
    let graph = scene.graph();
    let name = scene.package.unit.types.names().text(declared.name);
    let back = file.expr_span(put.call?).start;
    match put.when {
        When::Now => {
            let resets: Steps = scene.body.sets_of(value).collect();
            let is_use =
                |place: flow::Place| place.step != put.step && graph.step(place).is_some_and(|step| mentions(scene, step, value));
            let way = scene.way(put.step, |place| is_use(place) && !resets.has(graph, place), &resets)?;
            let last = way.last().and_then(|place| graph.step(*place))?;
            if clears(scene, last, value) {
                return None;
            }
            let at = flow::pos(file, last);
            let mut stops = vec![scene.stop(back, format!("{name} goes back into the pool"))];
            stops.push(scene.stop(at, format!("{name} is used: somebody else may have it by now")));
            Some(Spotted::new(scene.body.file, at, format!("{name} is used after it was put back into the pool"), stops))
        }
        When::Deferred => {
            let returned = graph.steps.iter().find_map(|step| match *step {
                Step::Return(stmt) => belongs(scene, stmt, value).then_some(stmt),
                _ => None,
            })?;
            let at = file.stmt_span(returned).start;
            let stops = vec![
                scene.stop(back, format!("{name} goes back into the pool when the function ends")),
                scene.stop(at, format!("the caller gets what belongs to {name}, and so does whoever takes it from the pool")),
            ];
            Some(Spotted::new(
                scene.body.file,
                at,
                format!("what is returned belongs to {name}, which goes back into the pool"),
                stops,
            ))
        }
        When::Spawned => None,
    }
}

/// Whether a step only forgets the variable: `x = nil`.
fn clears(scene: &Scene<'_, '_>, step: Step, value: LocalId) -> bool {
    let file = scene.file().checked.file;
    match step {
        Step::Assign(stmt) => match *file.stmt(stmt) {
            Stmt::Assign { lhs, rhs, .. } => {
                file.list(lhs).iter().any(|x| scene.local(*x) == Some(value))
                    && !file.list(rhs).iter().any(|x| scene.local(*x) == Some(value))
            }
            _ => false,
        },
        _ => false,
    }
}

/// Whether a return gives away the variable itself, or memory of a buffer that it is.
fn belongs(scene: &Scene<'_, '_>, stmt: herd_golang::ast::StmtId, value: LocalId) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let Stmt::Return { results } = *file.stmt(stmt) else { return false };
    file.list(results).iter().any(|x| {
        let x = file.unparen(*x);
        let is_slice = matches!(
            scene.package.unit.types.get(scene.package.unit.types.underlying(checked.type_of(x))),
            Type::Slice(_) | Type::Pointer(_)
        );
        is_slice && shares(scene, x, value)
    })
}

/// Whether an expression is the variable, a slice of it, or a buffer's bytes.
fn shares(scene: &Scene<'_, '_>, x: ExprId, value: LocalId) -> bool {
    let checked = &scene.file().checked;
    let file = checked.file;
    let mut at = x;
    loop {
        match *file.expr(at) {
            Expr::Paren { x } | Expr::Slice { x, .. } | Expr::Star { x } => at = x,
            Expr::Call { .. } => {
                let is_bytes =
                    scene.callee(at).is_some_and(|name| (name.package, name.owner, name.name) == ("bytes", "Buffer", "Bytes"));
                return is_bytes && scene.called_on(at).and_then(|x| scene.local(x)) == Some(value);
            }
            _ => return scene.local(at) == Some(value),
        }
    }
}

/// A way from `Get` to a return on which the value is dropped, where other ways put it back.
fn skipped(scene: &Scene<'_, '_>, puts: &[&Act]) -> Option<Spotted> {
    let file = scene.file().checked.file;
    let graph = scene.graph();
    for get in scene.body.acts.iter().filter(|act| matches!(act.kind, ActKind::Known(Known::PoolGet, _)) && act.when == When::Now)
    {
        let ActKind::Known(_, Some(pool)) = get.kind else { continue };
        let Some((step, value, is_sure)) = holder(scene, get.call?) else { continue };
        if !is_sure {
            // Where the pool was empty nothing was taken: which ways these are is the assertion's to tell.
            continue;
        }
        let same = |put: &&&Act| matches!(put.kind, ActKind::Known(_, Some(of)) if of == pool);
        let own: Vec<&Act> = puts
            .iter()
            .filter(same)
            .copied()
            .filter(|put| put.call.and_then(|call| scene.local(*scene.args(call).first()?)) == Some(value))
            .collect();
        if own.is_empty() || own.iter().any(|put| put.when != When::Now) {
            continue;
        }
        let mut barrier: Steps = own.iter().map(|put| put.step).collect();
        for (index, one) in graph.steps.iter().enumerate() {
            // Who decides by the value whether to keep it means to drop it; who hands it on may see to it.
            let id = StepId(index as u32);
            let decides = matches!(*one, Step::Condition(x) if holds(scene, x, value));
            if id != step && (decides || mentions(scene, *one, value) && may_keep(scene, *one, value)) {
                barrier.insert(id);
            }
        }
        barrier.extend(scene.body.sets_of(value).filter(|one| *one != step));
        let Some(way) = scene.way(step, |place| place.block == graph.exit, &barrier) else { continue };
        let name = scene.package.unit.types.names().text(scene.file().checked.locals.get(value.0 as usize)?.name);
        let at = file.expr_span(get.call?).start;
        let mut stops = vec![scene.stop(at, format!("{name} is taken from the pool"))];
        let jumps = scene.jumps(&way);
        stops.extend(if jumps.is_empty() { vec![scene.stop(scene.body_end(), "ends")] } else { jumps });
        if let Some(last) = stops.last_mut() {
            last.text = format!("{}, and {name} is not put back", last.text);
        }
        return Some(Spotted::new(scene.body.file, at, format!("{name} is not put back on every way out"), stops));
    }
    None
}

/// The variable that takes what a pool gives, asserted to its type or not; whether it surely holds something of the pool.
fn holder(scene: &Scene<'_, '_>, call: ExprId) -> Option<(StepId, LocalId, bool)> {
    let file = scene.file().checked.file;
    scene.graph().steps.iter().enumerate().find_map(|(index, step)| {
        let Step::Assign(stmt) = *step else { return None };
        let Stmt::Assign { lhs, rhs, .. } = *file.stmt(stmt) else { return None };
        let [from] = file.list(rhs) else { return None };
        let mut from = file.unparen(*from);
        if let Expr::TypeAssert { x, .. } = *file.expr(from) {
            from = file.unparen(x);
        }
        let target = scene.local(*file.list(lhs).first()?)?;
        (from == call).then_some((StepId(index as u32), target, lhs.len() == 1))
    })
}

/// Whether a step may give the value to somebody who keeps it: all but calls of its own methods and of what reads or writes.
fn may_keep(scene: &Scene<'_, '_>, step: Step, value: LocalId) -> bool {
    let file = scene.file().checked.file;
    match step {
        Step::Call(call) => {
            let on_it = scene.called_on(call).is_some_and(|x| scene.local(x) == Some(value));
            let known = scene.callee(call).is_some_and(|name| {
                matches!(name.package, "fmt" | "io" | "encoding/json" | "encoding/binary" | "encoding/xml" | "strconv" | "bytes")
            });
            let Expr::Call { args, .. } = *file.expr(call) else { return true };
            let handed = file.list(args).iter().any(|x| scene.local(*x) == Some(value));
            handed && !known && !on_it
        }
        Step::Assign(stmt) => match *file.stmt(stmt) {
            Stmt::Assign { rhs, .. } => file.list(rhs).iter().any(|x| scene.local(*x) == Some(value)),
            _ => true,
        },
        Step::Condition(_) | Step::IncDec(_) | Step::RangeHead(_) | Step::Tag(_) => false,
        _ => true,
    }
}
