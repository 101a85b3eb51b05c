//! What source eyes ask of the ways through a function: loops that end early, goroutines that never do.

use std::ops::Range;

use herd_golang::Token;
use herd_golang::acts::{BodyId, Steps};
use herd_golang::ast::{Expr, ExprId, Pos, Stmt, StmtId};
use herd_golang::flow::{self, EdgeKind, Loops, Paths, Place, Step, StepId};
use herd_golang::types::{LocalId, Meaning, TypeId};

use crate::source::{Package, Scene};

/// Functions that do more than this were not written by anybody, and following each thing they do takes too long.
const ACTS_MAX: usize = 2_000;

impl Scene<'_, '_> {
    /// Whether the ways through the function are known and can be followed.
    pub fn is_followed(&self) -> bool {
        self.graph().sound && self.body.acts.len() <= ACTS_MAX
    }

    /// The loops of the function.
    pub fn loops(&self) -> Loops {
        flow::loops(self.graph(), &flow::dominators(self.graph()))
    }

    /// Whether a step is in a loop that another one is not in.
    pub fn is_repeated(&self, loops: &Loops, step: StepId, apart: Option<StepId>) -> bool {
        let block = |step: StepId| self.graph().place(step).block;
        let mut at = loops.innermost.get(block(step).index()).copied().flatten();
        while let Some(id) = at {
            if !apart.is_some_and(|apart| loops.contains(id, block(apart))) {
                return true;
            }
            at = loops.get(id).parent;
        }
        false
    }

    /// Whether a loop around a step goes as often as is written there: over a number, or over what is listed.
    pub fn is_counted(&self, loops: &Loops, step: StepId) -> bool {
        let graph = self.graph();
        let checked = &self.file().checked;
        let file = checked.file;
        let constant = |x: ExprId| checked.constant(self.package.unit.types, x).is_some();
        let mut at = loops.innermost.get(graph.place(step).block.index()).copied().flatten();
        while let Some(id) = at {
            let header = loops.get(id).header;
            let counted = graph.steps(header).iter().any(|step| match *step {
                Step::RangeNext(stmt) => match *file.stmt(stmt) {
                    Stmt::Range { x, .. } => constant(x) || matches!(file.expr(file.unparen(x)), Expr::CompositeLit { .. }),
                    _ => false,
                },
                Step::Condition(x) => match *file.expr(file.unparen(x)) {
                    Expr::Binary { x, y, .. } => constant(x) || constant(y),
                    _ => false,
                },
                _ => false,
            });
            if counted {
                return true;
            }
            at = loops.get(id).parent;
        }
        false
    }

    /// Whether control can come to the end of the function.
    pub fn can_end(&self) -> bool {
        let graph = self.graph();
        !graph.sound || graph.is_reachable(graph.exit)
    }

    /// Where a `range` goes on with a value.
    pub fn with_value(&self, step: StepId) -> Option<Place> {
        let graph = self.graph();
        let block = graph.place(step).block;
        graph.edges(block).iter().find(|edge| edge.kind == EdgeKind::RangeNext).map(|edge| graph.start(edge.to))
    }

    /// A way from a place, which may be avoided itself, to the end of the function.
    pub fn way_out(&self, from: Place, avoid: &Steps) -> Option<Vec<Place>> {
        let graph = self.graph();
        if avoid.has(graph, from) {
            return None;
        }
        if from.block == graph.exit {
            return Some(vec![from]);
        }
        flow::path(graph, Paths::Consistent, from, |place| place.block == graph.exit, |place| avoid.has(graph, place))
    }

    /// Whether one of some steps may come behind a step.
    pub fn comes_behind(&self, step: StepId, others: &Steps) -> bool {
        let graph = self.graph();
        let found = flow::path(graph, Paths::Consistent, graph.place(step), |place| others.has(graph, place), |_| false);
        found.is_some()
    }

    /// The name of a variable of the function's file.
    pub fn name_of(&self, local: LocalId) -> &str {
        let local = self.file().checked.locals.get(local.0 as usize);
        local.map_or("?", |local| self.package.unit.types.names().text(local.name))
    }

    /// An expression as it is written, in one line.
    pub fn written(&self, x: ExprId) -> String {
        written(self.package, self.body.file, x)
    }

    /// Whether the function stands in a test file: what is left there is gone with the test.
    pub fn is_in_tests(&self) -> bool {
        self.package.is_test(self.body.file)
    }

    /// Whether this is where the program starts, which ends with it.
    pub fn is_start(&self) -> bool {
        let types = self.package.unit.types;
        let name = self.body.object.map(|object| types.names().text(types.name(object)));
        matches!(name, Some("main" | "init")) && self.body.outer.is_none()
    }

    /// Whether a statement is within another one, by where they stand.
    pub fn is_within(&self, inner: StmtId, outer: StmtId) -> bool {
        let file = self.file().checked.file;
        let (inner, outer) = (file.stmt_span(inner), file.stmt_span(outer));
        outer.start <= inner.start && inner.end <= outer.end
    }

    /// The variable that an expression is.
    pub fn local(&self, x: ExprId) -> Option<LocalId> {
        let checked = &self.file().checked;
        match checked.meaning(checked.file.unparen(x)) {
            Meaning::Local(local) => Some(local),
            _ => None,
        }
    }

    /// The bytes of a block.
    pub fn span_of(&self, stmt: StmtId) -> Range<u32> {
        let span = self.file().checked.file.stmt_span(stmt);
        span.start.offset()..span.end.offset()
    }
}

/// An expression of a file as it is written, in one line.
pub fn written(package: &Package<'_>, file: u32, x: ExprId) -> String {
    let Some(of) = package.unit.files.get(file as usize) else { return String::new() };
    let text = of.checked.file.text(of.checked.file.expr_span(x));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The body that another one is run by, once, as far as is known.
pub fn only_run<'a>(package: &'a Package<'_>, body: BodyId) -> Option<&'a crate::source_runs::Run> {
    let runs = package.runs();
    match (runs.is_open(body), runs.of(body)) {
        (false, [one]) => Some(one),
        _ => None,
    }
}

/// Where a function makes what it calls a method on, and returns it.
pub fn made_here(by: &Scene<'_, '_>, call: ExprId, owner: TypeId) -> Option<Pos> {
    let checked = &by.file().checked;
    let file = checked.file;
    let Expr::Call { fun, .. } = *file.expr(call) else { return None };
    let Expr::Selector { x, .. } = *file.expr(file.unparen(fun)) else { return None };
    let local = by.local(x)?;
    let origin = by.file().uses.get(local.0 as usize)?.only()?;
    let types = by.package.unit.types;
    let mut made = file.unparen(origin.expr);
    if let Expr::Unary { op: Token::And, x } = *file.expr(made) {
        made = file.unparen(x);
    }
    let is_literal = matches!(*file.expr(made), Expr::CompositeLit { .. }) && types.pointed_at(checked.type_of(made)) == owner;
    (is_literal && by.is_returned(local)).then(|| file.expr_span(made).start)
}
