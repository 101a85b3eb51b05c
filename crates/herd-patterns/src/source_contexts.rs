//! Which context a function has at hand, and whether what it does is still done for whoever gave it: what eyes for contexts ask.

use herd_golang::Token;
use herd_golang::acts::{Act, ActKind, BodyId, Known, PathId, Steps, Target, When};
use herd_golang::ast::{Expr, ExprId, Node};
use herd_golang::flow::{self, StepId};
use herd_golang::types::{LocalId, LocalKind, Meaning, Type};
use herd_golang::walk::{Descend, walk};

use crate::source::Scene;
use crate::source_calls::{declared, is_context, is_request};

/// A context that a function was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtHand {
    /// The parameter.
    pub local: LocalId,
    /// The body that has it: the function itself or one around it.
    pub of: BodyId,
    /// How it is written: `ctx`, `r.Context()`.
    pub text: String,
    /// Whether it comes with a request of HTTP.
    pub is_request: bool,
}

/// When a function literal runs, seen from the function around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Runs {
    /// While it does.
    Now,
    /// In a goroutine that it waits for.
    Joined,
    /// In a goroutine that it does not wait for.
    Detached,
    /// When it ends.
    Deferred,
    /// Nobody knows: the literal is handed on or stored.
    Unknown,
}

/// The context that a function has at hand: of its own parameters, or those of the functions around it while these run.
pub fn at_hand(scene: &Scene<'_, '_>) -> Option<AtHand> {
    at_hand_where(scene, |runs| matches!(runs, Runs::Now | Runs::Joined))
}

/// The same, where what a literal does for whom is asked of its caller.
pub fn at_hand_where(scene: &Scene<'_, '_>, counts: impl Fn(Runs) -> bool) -> Option<AtHand> {
    let mut at = scene.id;
    loop {
        let own = scene.package.scene(at);
        if let Some(found) = given(&own) {
            return Some(found);
        }
        let outer = own.body.outer?;
        if !counts(runs(&scene.package.scene(outer), at)) {
            return None;
        }
        at = outer;
    }
}

/// The context among the parameters of a function.
pub fn given(scene: &Scene<'_, '_>) -> Option<AtHand> {
    let unit = &scene.package.unit;
    let locals = &scene.file().checked.locals;
    scene.body.params.iter().find_map(|param| {
        let local = locals.get(param.0 as usize)?;
        let name = unit.types.names().text(local.name);
        if matches!(name, "" | "_") || local.kind == LocalKind::Receiver {
            return None;
        }
        let is_request = is_request(unit, local.ty);
        let text = match (is_context(unit, local.ty), is_request) {
            (true, _) => name.to_owned(),
            (false, true) => format!("{name}.Context()"),
            (false, false) => return None,
        };
        Some(AtHand { local: *param, of: scene.id, text, is_request })
    })
}

/// When a literal runs that stands in a function.
pub fn runs(outer: &Scene<'_, '_>, literal: BodyId) -> Runs {
    let unit = &outer.package.unit;
    let mut found = None;
    for act in &outer.body.acts {
        let one = match act.kind {
            ActKind::Call(Target::Literal(id)) if id == literal => match act.when {
                When::Now => Runs::Now,
                When::Deferred => Runs::Deferred,
                When::Spawned if is_waited_for(outer, act) => Runs::Joined,
                When::Spawned => Runs::Detached,
            },
            ActKind::Known(known, path) => {
                let param = if known == Known::OnceDo { Some(0) } else { known.starts() };
                let (Some(call), Some(param)) = (act.call, param) else { continue };
                if unit.literal_arg(outer.id, call, param + 1) != Some(literal) {
                    continue;
                }
                match known {
                    // What runs once runs for all who come later, too.
                    Known::OnceDo => Runs::Unknown,
                    _ if waits_for_group(outer, path) => Runs::Joined,
                    _ => Runs::Detached,
                }
            }
            _ => continue,
        };
        // Several ways at once are more than can be said.
        if found.is_some_and(|known| known != one) {
            return Runs::Unknown;
        }
        found = Some(one);
    }
    found.unwrap_or(Runs::Unknown)
}

/// Whether a function waits for something after it has started a goroutine: a receive, a select, a group.
pub fn is_waited_for(scene: &Scene<'_, '_>, spawned: &Act) -> bool {
    let waits: Steps = scene
        .body
        .acts
        .iter()
        .filter(|act| {
            act.when == When::Now
                && matches!(
                    act.kind,
                    ActKind::Receive(_)
                        | ActKind::Select { .. }
                        | ActKind::Known(Known::GroupWait | Known::ErrGroupWait | Known::RunnerWait, _)
                )
        })
        .map(|act| act.step)
        .collect();
    let graph = scene.graph();
    !waits.is_empty() && scene.way(spawned.step, |place| waits.has(graph, place), &Steps::default()).is_some()
}

fn waits_for_group(scene: &Scene<'_, '_>, group: Option<PathId>) -> bool {
    let waits = |act: &Act| matches!(act.kind, ActKind::Known(known, path) if known.joins() && path == group && path.is_some());
    scene.body.acts.iter().any(waits)
}

/// Whether a step may stand behind the end of what the function was called for: something was waited for that ends things, the context was found
/// to be over, or something has failed and is cleaned up.
pub fn is_afterwards(scene: &Scene<'_, '_>, step: StepId) -> bool {
    let graph = scene.graph();
    let to = graph.place(step);
    let ended: Vec<StepId> =
        scene.body.acts.iter().filter(|act| act.when == When::Now && ends_something(scene, act)).map(|act| act.step).collect();
    let none = Steps::default();
    if ended.iter().any(|from| scene.way(*from, |place| scene.is_at(place, step), &none).is_some()) {
        return true;
    }
    let tree = flow::dominators(graph);
    graph
        .edges
        .iter()
        .any(|edge| tells_an_end(scene, edge) && graph.edges_into(edge.to).len() == 1 && tree.dominates(edge.to, to.block))
}

/// Whether an act waits for a context, a signal, or a channel that carries nothing but its close.
fn ends_something(scene: &Scene<'_, '_>, act: &Act) -> bool {
    let ActKind::Receive(path) = act.kind else { return false };
    let types = scene.package.unit.types;
    let names = types.names();
    if let Some(path) = path
        && let herd_golang::acts::Step::Call(_, name) = scene.package.unit.paths.last(path)
    {
        return names.text(name) == "Done";
    }
    let checked = &scene.file().checked;
    let operand = match scene.graph().steps.get(act.step.index()) {
        Some(flow::Step::Receive(x)) => Some(*x),
        Some(flow::Step::Comm(stmt)) => received(scene, *stmt),
        _ => None,
    };
    let Some(operand) = operand else { return false };
    let Expr::Unary { op: Token::Arrow, x } = *checked.file.expr(checked.file.unparen(operand)) else { return false };
    match types.get(types.underlying(checked.type_of(x))) {
        Type::Chan { element, .. } => {
            let is_empty = matches!(types.get(types.underlying(*element)), Type::Struct(fields) if fields.is_empty());
            is_empty || declared(&scene.package.unit, *element) == Some(("os", "Signal"))
        }
        _ => false,
    }
}

/// What a clause of a select receives.
fn received(scene: &Scene<'_, '_>, stmt: herd_golang::ast::StmtId) -> Option<ExprId> {
    use herd_golang::ast::Stmt;
    let file = scene.file().checked.file;
    let comm = match *file.stmt(stmt) {
        Stmt::Comm { comm: Some(comm), .. } => comm,
        _ => stmt,
    };
    match *file.stmt(comm) {
        Stmt::Expr { x } => Some(file.unparen(x)),
        Stmt::Assign { rhs, .. } => file.list(rhs).first().map(|x| file.unparen(*x)),
        _ => None,
    }
}

/// Whether an edge is taken where a context is over, or an error was met.
fn tells_an_end(scene: &Scene<'_, '_>, edge: &flow::Edge) -> bool {
    let checked = &scene.file().checked;
    let types = scene.package.unit.types;
    let Some((condition, holds)) = edge.kind.condition() else { return false };
    match *checked.file.expr(checked.file.unparen(condition)) {
        Expr::Binary { op: op @ (Token::Equal | Token::NotEqual), x, y, .. } => {
            let is_error = checked.type_of(x) == types.error() || checked.type_of(y) == types.error();
            let is_nil = checked.meaning(checked.file.unparen(y)) == Meaning::Nil;
            is_error && (if is_nil { (op == Token::NotEqual) == holds } else { (op == Token::Equal) == holds })
        }
        // `errors.Is(err, …)` and all else that is asked of an error.
        Expr::Call { args, .. } => holds && checked.file.list(args).iter().any(|x| checked.type_of(*x) == types.error()),
        _ => false,
    }
}

/// Whether an expression or what it is made of names a variable.
pub fn holds(scene: &Scene<'_, '_>, x: ExprId, local: LocalId) -> bool {
    let checked = &scene.file().checked;
    let mut found = false;
    walk(checked.file, Node::Expr(x), |node| {
        found |= matches!(node, Node::Expr(x) if checked.meaning(x) == Meaning::Local(local));
        if found { Descend::Over } else { Descend::Into }
    });
    found
}

/// Whether a function has the shape of a handler of HTTP.
pub fn is_handler(scene: &Scene<'_, '_>) -> bool {
    let locals = &scene.file().checked.locals;
    let is = |of: (&str, &str)| {
        scene
            .body
            .params
            .iter()
            .any(|param| locals.get(param.0 as usize).is_some_and(|one| declared(&scene.package.unit, one.ty) == Some(of)))
    };
    is(("net/http", "ResponseWriter")) && is(("net/http", "Request"))
}

/// Whether a literal, or one around it, is started in a goroutine.
pub fn spawned_from(scene: &Scene<'_, '_>) -> bool {
    let (mut at, mut outer) = (scene.id, scene.body.outer);
    while let Some(around) = outer {
        if matches!(runs(&scene.package.scene(around), at), Runs::Joined | Runs::Detached) {
            return true;
        }
        at = around;
        outer = scene.package.unit.body(around).outer;
    }
    false
}
