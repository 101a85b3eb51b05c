//! What a wait is about: a signal, a pause, a select with a way out.

#![allow(clippy::wildcard_enum_match_arm, reason = "a few shapes of expressions and types are asked for out of dozens")]

use herd_golang::Token;
use herd_golang::acts::{Act, ActKind, Known, PathId, Step as PathStep};
use herd_golang::ast::{Expr, ExprId, Pos, Stmt};
use herd_golang::flow::{self, Edge, EdgeKind, Step};
use herd_golang::types::{LocalId, Type, TypeId};

use crate::source::{Package, Scene};
use crate::source_channels::{Capacity, Node};
use crate::source_ends::is_done;

/// Whether a variable is a channel with room for values: all that it may be was made so.
pub(crate) fn has_room(package: &Package<'_>, file: u32, local: LocalId) -> bool {
    let channels = package.channels();
    let node = channels.id(Node::Local(file, local));
    let made = node.and_then(|node| channels.only(node));
    made.is_some_and(|made| matches!(made.capacity, Capacity::Known(1..)))
}

/// Whether what is received from at a place only says that it is time: a channel of empty structs.
pub(crate) fn is_signal(scene: &Scene<'_, '_>, pos: Pos) -> bool {
    let types = scene.package.unit.types;
    let Some(ty) = received_at(scene, pos) else { return false };
    let Type::Chan { element, .. } = types.get(types.underlying(ty)) else { return false };
    matches!(types.get(types.underlying(*element)), Type::Struct(fields) if fields.is_empty())
}

/// The type of the channel that is received from at a place.
fn received_at(scene: &Scene<'_, '_>, pos: Pos) -> Option<TypeId> {
    let checked = &scene.file().checked;
    let tree = checked.file;
    scene.graph().steps.iter().find_map(|step| match *step {
        Step::Receive(x) if tree.expr_span(x).start == pos => match *tree.expr(x) {
            Expr::Unary { x, .. } => Some(checked.type_of(x)),
            _ => None,
        },
        _ => None,
    })
}

/// `time.After(…)` and the like, received from where they are called.
pub(crate) fn is_pause(scene: &Scene<'_, '_>, pos: Pos) -> bool {
    let checked = &scene.file().checked;
    let tree = checked.file;
    scene.graph().steps.iter().any(|step| match *step {
        Step::Receive(x) if tree.expr_span(x).start == pos => match *tree.expr(x) {
            Expr::Unary { x, .. } => is_time(scene, tree.unparen(x)),
            _ => false,
        },
        _ => false,
    })
}

fn is_time(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    let of = |act: &Act| act.call == Some(call) && matches!(act.kind, ActKind::Known(Known::After | Known::Tick, _));
    scene.body.acts.iter().any(of)
}

/// The channel of a timer or ticker.
pub(crate) fn is_timer(scene: &Scene<'_, '_>, path: PathId) -> bool {
    let types = scene.package.unit.types;
    match scene.package.unit.paths.last(path) {
        PathStep::Field(_, field) => match field.owner {
            herd_golang::acts::Owner::Declared(object) => {
                matches!(&*types.object_text(object), "time.Timer" | "time.Ticker")
            }
            herd_golang::acts::Owner::Type(_) => false,
        },
        _ => false,
    }
}

/// Whether a select has a clause that is a way out of waiting: a context's, a signal's, a timer's.
pub(crate) fn has_way_out(scene: &Scene<'_, '_>, select: flow::StepId) -> bool {
    let graph = scene.graph();
    let block = graph.place(select).block;
    graph.edges(block).iter().filter(|edge| matches!(edge.kind, EdgeKind::Clause(_))).any(|edge| {
        let step = graph.start(edge.to).step;
        scene.body.acts.iter().filter(|act| act.step == step).any(|act| match act.kind {
            ActKind::Receive(Some(path)) => {
                is_done(scene, path) || is_timer(scene, path) || of_structs(scene, edge) || is_time_of(scene, edge)
            }
            ActKind::Receive(None) => of_structs(scene, edge) || is_time_of(scene, edge),
            ActKind::Known(..) | ActKind::Call(_) | ActKind::Close(_) | ActKind::Send(_) | ActKind::Select { .. } => false,
        })
    })
}

/// The channel a clause receives from.
fn clause_channel(scene: &Scene<'_, '_>, edge: &Edge) -> Option<ExprId> {
    let tree = scene.file().checked.file;
    let Some(Step::Comm(stmt)) = scene.graph().steps(edge.to).first() else { return None };
    let comm = match *tree.stmt(*stmt) {
        Stmt::Comm { comm: Some(comm), .. } => comm,
        _ => *stmt,
    };
    let received = match *tree.stmt(comm) {
        Stmt::Expr { x } => x,
        Stmt::Assign { rhs, .. } => *tree.list(rhs).first()?,
        _ => return None,
    };
    match *tree.expr(tree.unparen(received)) {
        Expr::Unary { op: Token::Arrow, x } => Some(tree.unparen(x)),
        _ => None,
    }
}

fn of_structs(scene: &Scene<'_, '_>, edge: &Edge) -> bool {
    let types = scene.package.unit.types;
    clause_channel(scene, edge).is_some_and(|x| match types.get(types.underlying(scene.file().checked.type_of(x))) {
        Type::Chan { element, .. } => {
            matches!(types.get(types.underlying(*element)), Type::Struct(fields) if fields.is_empty())
        }
        _ => false,
    })
}

fn is_time_of(scene: &Scene<'_, '_>, edge: &Edge) -> bool {
    clause_channel(scene, edge).is_some_and(|x| is_time(scene, x))
}
