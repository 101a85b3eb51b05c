//! The source eye of CX005: a context that each round of a loop derives from that of the round before, and cancels put off to the end of the
//! function in a loop.

use herd_golang::Token;
use herd_golang::acts::{Act, ActKind, Known, Steps, When};
use herd_golang::ast::{Expr, ExprId, Stmt};
use herd_golang::flow::{self, Step, StepId};
use herd_golang::types::{LocalId, LocalKind, Type};

use crate::source::{Edit, Repair, Safety, Scene, Spotted};
use crate::source_release::{is_repeated, mentions};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let derives = |act: &&Act| {
        let known = matches!(
            act.kind,
            ActKind::Known(Known::WithCancel | Known::WithTimeout | Known::WithDeadline | Known::WithValue, _)
        );
        known && act.when == When::Now
    };
    if !scene.graph().sound || scene.is_test() {
        return Vec::new();
    }
    let acts = scene.body.acts.iter().filter(derives);
    acts.filter_map(|act| grown(scene, act).or_else(|| put_off(scene, act))).collect()
}

/// `ctx = context.With…(ctx, …)` in a loop, where the next round comes to it with what this one made.
fn grown(scene: &Scene<'_, '_>, act: &Act) -> Option<Spotted> {
    let (step, targets) = scene.results_of(act.call?)?;
    let file = scene.file().checked.file;
    let Step::Assign(stmt) = *scene.graph().steps.get(step.index())? else { return None };
    let Stmt::Assign { op: Token::Assign, .. } = *file.stmt(stmt) else { return None };
    let context = scene.local(*targets.first()?)?;
    let parent = scene.local(*scene.args(act.call?).first()?)?;
    let uses = scene.file().uses.get(context.0 as usize)?;
    let declared = scene.file().checked.locals.get(context.0 as usize)?;
    if parent != context || uses.address_taken || declared.function != Some(scene.body.function) {
        return None;
    }
    // From itself to itself, the variable being set by nothing else.
    let again = |resets: &Steps| scene.way(step, |place| scene.is_at(place, step), resets);
    let mut resets: Steps = scene.body.sets_of(context).filter(|one| *one != step).collect();
    again(&resets)?;
    // Where each round declares it, the declaration stands between.
    resets.extend(declarations(scene, context));
    again(&resets)?;
    let is_value = matches!(act.kind, ActKind::Known(Known::WithValue, _));
    if is_value && is_bounded(scene, step) || !is_used_in_round(scene, step, context) {
        return None;
    }
    let name = scene.written(*targets.first()?);
    let at = file.stmt_span(stmt).start;
    let way = vec![
        scene.stop(at, format!("{name} is derived from {name}")),
        scene.stop(at, "the next round derives it from that of this round"),
    ];
    let text = if is_value {
        format!("{name} grows with each round: it is derived from that of the round before")
    } else {
        format!("{name} is derived from that of the round before, and ends with it")
    };
    Some(Spotted::new(scene.body.file, at, text, way))
}

/// The steps that declare a variable.
fn declarations(scene: &Scene<'_, '_>, local: LocalId) -> Vec<StepId> {
    let file = scene.file().checked.file;
    let Some(declared) = scene.file().checked.locals.get(local.0 as usize) else { return Vec::new() };
    let found = scene.graph().steps.iter().enumerate().filter(|(_, step)| match **step {
        Step::Declare(spec) => {
            let span = file.spec_span(spec);
            declared.kind == LocalKind::Var && span.start <= declared.pos && declared.pos < span.end
        }
        _ => false,
    });
    found.map(|(index, _)| StepId(index as u32)).collect()
}

/// Whether the innermost loop around a step goes over a collection: values are gathered then, as many as there are.
fn is_bounded(scene: &Scene<'_, '_>, step: StepId) -> bool {
    let (graph, checked) = (scene.graph(), &scene.file().checked);
    let loops = flow::loops(graph, &flow::dominators(graph));
    let Some(inner) = loops.innermost.get(graph.place(step).block.index()).copied().flatten() else { return false };
    let types = scene.package.unit.types;
    let over_collection = |step: &Step| match *step {
        Step::RangeNext(stmt) => match *checked.file.stmt(stmt) {
            Stmt::Range { x, .. } => !matches!(types.get(types.underlying(checked.type_of(x))), Type::Chan { .. }),
            _ => false,
        },
        _ => false,
    };
    let in_header = graph.steps(loops.get(inner).header).iter().any(over_collection);
    // Counted loops come to an end as well.
    let counts = graph.edges(loops.get(inner).header).iter().any(|edge| matches!(edge.kind, flow::EdgeKind::True(_)));
    in_header || counts
}

/// Whether the round does something with what it derived.
fn is_used_in_round(scene: &Scene<'_, '_>, step: StepId, context: LocalId) -> bool {
    let graph = scene.graph();
    let uses: Steps = (0..graph.steps.len() as u32)
        .map(StepId)
        .filter(|one| *one != step && graph.steps.get(one.index()).is_some_and(|own| mentions(scene, *own, context)))
        .collect();
    let within = |place: flow::Place| uses.has(graph, place);
    let back: Steps = std::iter::once(step).collect();
    scene.way(step, within, &back).is_some()
}

/// `defer cancel()` in a loop: the timers of all rounds live until the function ends.
fn put_off(scene: &Scene<'_, '_>, act: &Act) -> Option<Spotted> {
    if matches!(act.kind, ActKind::Known(Known::WithValue, _)) {
        return None;
    }
    let call = act.call?;
    let (step, targets) = scene.results_of(call)?;
    let cancel = scene.local(*targets.get(1)?)?;
    let file = scene.file().checked.file;
    let (defer, stmt) = scene.graph().defers.iter().find_map(|id| match *scene.graph().steps.get(id.index())? {
        Step::Defer(stmt) if is_call_of(scene, stmt, cancel) => Some((*id, stmt)),
        _ => None,
    })?;
    let none = Steps::default();
    let leads = |from: StepId, to: StepId| scene.way(from, |place| scene.is_at(place, to), &none).is_some();
    if !leads(step, defer) || !is_repeated(scene, defer) || !leads(defer, step) {
        return None;
    }
    let at = file.stmt_span(stmt).start;
    let name = scene.written(*targets.get(1)?);
    let way = vec![
        scene.stop(file.expr_span(call).start, "each round derives a context"),
        scene.stop(at, format!("{name} is put off to the end of the function, not of the round")),
    ];
    let text = format!("{name} runs when the function ends: the contexts of all rounds stay until then");
    Some(Spotted::new(scene.body.file, at, text, way).cured_by(Some(Repair {
        safety: Safety::DisplayOnly,
        text: format!("calls {name} at the end of the round"),
        edits: vec![Edit { span: file.stmt_span(stmt), text: format!("// call {name}() at the end of the round") }],
    })))
}

fn is_call_of(scene: &Scene<'_, '_>, stmt: herd_golang::ast::StmtId, function: LocalId) -> bool {
    let file = scene.file().checked.file;
    let called = |call: ExprId| match *file.expr(call) {
        Expr::Call { fun, .. } => scene.local(fun) == Some(function),
        _ => false,
    };
    matches!(*file.stmt(stmt), Stmt::Defer { call } if called(call))
}
