//! The source eye of LO003: a `recover` that cannot stop a panic, and one that ends a loop without a word.
//!
//! `recover` stops a panic only where a deferred function calls it itself (The Go Programming Language Specification, "Handling panics").

use herd_golang::acts::{ActKind, BodyId, Target, When};
use herd_golang::ast::{ExprId, Stmt};
use herd_golang::flow::{self, Step};
use herd_golang::types::{Builtin, Callee};

use crate::source::{Edit, Repair, Safety, Scene, Spotted};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let mut found = Vec::new();
    if scene.graph().defers.is_empty() {
        return found;
    }
    let (package, file) = (scene.package, scene.file().checked.file);
    for step in &scene.graph().defers {
        let Some(Step::Defer(stmt)) = scene.graph().steps.get(step.index()).copied() else { continue };
        let Stmt::Defer { call } = *file.stmt(stmt) else { continue };
        if is_recover(scene, call) {
            found.push(by_itself(scene, call));
        }
    }
    for act in scene.body.acts.iter().filter(|act| act.when == When::Deferred) {
        let ActKind::Call(Target::Literal(literal)) = act.kind else { continue };
        let inner = package.scene(literal);
        found.extend(too_deep(scene, &inner));
        if package.recovers.contains(&literal) {
            found.extend(silent(scene, &inner));
        }
    }
    found
}

fn is_recover(scene: &Scene<'_, '_>, call: ExprId) -> bool {
    scene.file().checked.callee(call) == Callee::Builtin(Builtin::Recover)
}

/// `defer recover()`
fn by_itself(scene: &Scene<'_, '_>, call: ExprId) -> Spotted {
    let span = scene.file().checked.file.expr_span(call);
    let repair = Repair {
        safety: Safety::Unsafe,
        text: "let a deferred function call it".to_owned(),
        edits: vec![Edit { span, text: "func() { _ = recover() }()".to_owned() }],
    };
    let text = "recover is deferred by itself and stops no panic: only a deferred function that calls it does";
    Spotted::new(scene.body.file, span.start, text, Vec::new()).cured_by(Some(repair))
}

/// A deferred literal that leaves it to a callee.
fn too_deep(scene: &Scene<'_, '_>, inner: &Scene<'_, '_>) -> Option<Spotted> {
    let package = scene.package;
    if package.recovers.contains(&inner.id) {
        return None;
    }
    inner.body.acts.iter().filter(|act| act.when == When::Now).find_map(|act| {
        let callee: BodyId = match act.kind {
            ActKind::Call(Target::Object(object)) => package.unit.body_of(object)?,
            ActKind::Call(Target::Literal(literal)) => literal,
            _ => return None,
        };
        if !package.recovers.contains(&callee) || has_defers_that_recover(&package.scene(callee)) {
            return None;
        }
        let of = package.scene(callee);
        let call = of.graph().steps.iter().find_map(|step| match *step {
            Step::Call(call) if is_recover(&of, call) => Some(call),
            _ => None,
        })?;
        let way = vec![
            inner.stop(act.pos, "the deferred function calls another one"),
            of.stop(
                of.file().checked.file.expr_span(call).start,
                "which calls recover, and gets nil: the deferred function itself must",
            ),
        ];
        Some(Spotted::new(inner.body.file, act.pos, "recover is one call too deep to stop a panic", way))
    })
}

/// Whether a function protects itself, so that it may be called from anywhere.
fn has_defers_that_recover(scene: &Scene<'_, '_>) -> bool {
    !scene.graph().defers.is_empty()
}

/// A recover whose value nobody looks at, around a loop that others' code may end.
fn silent(scene: &Scene<'_, '_>, inner: &Scene<'_, '_>) -> Option<Spotted> {
    let tree = inner.file().checked.file;
    // Nothing but the recover, its value thrown away.
    let [only] = tree.block(inner.body.block) else { return None };
    let x = match *tree.stmt(*only) {
        Stmt::Expr { x } => x,
        Stmt::Assign { lhs, rhs, .. } => match (tree.list(lhs), tree.list(rhs)) {
            ([to], [x]) if &*tree.text(tree.expr_span(*to)) == "_" => *x,
            _ => return None,
        },
        _ => return None,
    };
    if !is_recover(inner, tree.unparen(x)) {
        return None;
    }
    let graph = scene.graph();
    let loops = flow::loops(graph, &flow::dominators(graph));
    let file = scene.file().checked.file;
    // What a message is handed to, by a loop that is to go on for ever.
    let handled = scene.body.acts.iter().find(|act| {
        let unknown = matches!(act.kind, ActKind::Call(Target::Unknown | Target::Interface(..))) && act.when == When::Now;
        unknown && loops.innermost.get(graph.place(act.step).block.index()).is_some_and(Option::is_some)
    })?;
    let endless = graph.steps.iter().any(|step| match *step {
        Step::RangeNext(stmt) => {
            scene.body.acts.iter().any(|act| matches!(act.kind, ActKind::Receive(_)) && act.pos == range_at(file, stmt))
        }
        _ => false,
    });
    let at = tree.expr_span(x).start;
    endless.then(|| {
        let way = vec![
            scene.stop(handled.pos, "a panic here ends the loop"),
            inner.stop(at, "and nobody hears of it: what was recovered is thrown away"),
        ];
        Spotted::new(inner.body.file, at, "recover swallows every panic, and the loop that it ends is not taken up again", way)
    })
}

fn range_at(file: &herd_golang::File, stmt: herd_golang::ast::StmtId) -> herd_golang::ast::Pos {
    match *file.stmt(stmt) {
        Stmt::Range { range, .. } => range,
        _ => file.stmt_span(stmt).start,
    }
}
