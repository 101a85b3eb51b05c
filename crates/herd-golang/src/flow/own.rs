//! What a step looks at itself, apart from the steps before it; and where it stands.

use super::Step;
use crate::ast::Node;
use crate::ast::{Expr, ExprId, File, Pos, Spec, Stmt, StmtId};
use crate::token::Token;
use crate::walk::parts;

/// Visits the expressions that a step evaluates or sets itself, outer ones before inner ones, in the order of the source: none that belongs to a
/// call, a receive, a literal or a condition within it, which are steps before it. Of such an operand the step sees the value alone, and
/// nothing is visited. Linear in what is visited.
pub fn own_exprs(file: &File, step: Step, mut visit: impl FnMut(ExprId)) {
    let mut open: Vec<ExprId> = Vec::new();
    roots(file, step, &mut open);
    open.reverse();
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        if let Expr::Binary { op: Token::LogicalAnd | Token::LogicalOr, y, .. } = *file.expr(id) {
            // The first operand is a condition; the second is the value where it comes to that.
            open.push(y);
            continue;
        }
        if is_step(file, id) {
            continue;
        }
        visit(id);
        parts(file, Node::Expr(id), &mut found);
        open.extend(found.drain(..).rev().filter_map(|node| if let Node::Expr(x) = node { Some(x) } else { None }));
    }
}

fn is_step(file: &File, id: ExprId) -> bool {
    match *file.expr(id) {
        Expr::FuncLit { .. } | Expr::CompositeLit { .. } | Expr::Unary { op: Token::Arrow, .. } => true,
        // Conversions to literal types are none, but what they are given may be visited all the same by whoever wants to.
        Expr::Call { fun, .. } => !file.expr(file.unparen(fun)).is_type_literal(),
        _ => false,
    }
}

/// What a step is made of, in order.
fn roots(file: &File, step: Step, roots: &mut Vec<ExprId>) {
    match step {
        Step::Call(x) | Step::Receive(x) | Step::Composite(x) => {
            let mut nodes = Vec::new();
            parts(file, Node::Expr(x), &mut nodes);
            roots.extend(nodes.into_iter().filter_map(|node| if let Node::Expr(x) = node { Some(x) } else { None }));
        }
        Step::FuncLit(_) | Step::RangeNext(_) => {}
        Step::Tag(x) | Step::CaseExpr(x) | Step::Condition(x) => roots.push(x),
        Step::Declare(spec) => {
            if let Spec::Value { values, .. } = *file.spec(spec) {
                roots.extend(file.list(values));
            }
        }
        Step::Select { stmt, .. } => {
            let Stmt::Select { body } = *file.stmt(stmt) else { return };
            for clause in file.block(body) {
                if let Stmt::Comm { comm: Some(comm), .. } = *file.stmt(*clause) {
                    waited_for(file, comm, roots);
                }
            }
        }
        Step::Comm(stmt) => {
            if let Stmt::Assign { lhs, .. } = *file.stmt(stmt) {
                roots.extend(file.list(lhs));
            }
        }
        Step::Send(stmt)
        | Step::Assign(stmt)
        | Step::IncDec(stmt)
        | Step::Go(stmt)
        | Step::Defer(stmt)
        | Step::Return(stmt)
        | Step::RangeHead(stmt)
        | Step::RangeAssign(stmt)
        | Step::TypeSwitch(stmt) => roots_of_stmt(file, step, *file.stmt(stmt), roots),
    }
}

fn roots_of_stmt(file: &File, step: Step, stmt: Stmt, roots: &mut Vec<ExprId>) {
    match stmt {
        Stmt::Send { chan, value, .. } => roots.extend([chan, value]),
        Stmt::Assign { lhs, rhs, .. } => roots.extend(file.list(lhs).iter().chain(file.list(rhs))),
        Stmt::IncDec { x, .. } => roots.push(x),
        Stmt::Go { call } | Stmt::Defer { call } => {
            if let Expr::Call { fun, args, .. } = *file.expr(call) {
                roots.push(fun);
                roots.extend(file.list(args));
            }
        }
        Stmt::Return { results } => roots.extend(file.list(results)),
        Stmt::Range { x, .. } if matches!(step, Step::RangeHead(_)) => roots.push(x),
        Stmt::Range { key, value, .. } => roots.extend(key.into_iter().chain(value)),
        Stmt::TypeSwitch { assign, .. } => match *file.stmt(assign) {
            Stmt::Assign { rhs, .. } => roots.extend(file.list(rhs)),
            Stmt::Expr { x } => roots.push(x),
            _ => {}
        },
        _ => {}
    }
}

/// The channel of a clause, and what it would send.
fn waited_for(file: &File, comm: StmtId, roots: &mut Vec<ExprId>) {
    let received = match *file.stmt(comm) {
        Stmt::Send { chan, value, .. } => return roots.extend([chan, value]),
        Stmt::Expr { x } => Some(x),
        Stmt::Assign { rhs, .. } => file.list(rhs).first().copied(),
        _ => None,
    };
    if let Some(Expr::Unary { op: Token::Arrow, x }) = received.map(|x| *file.expr(file.unparen(x))) {
        roots.push(x);
    }
}

/// Where a step stands, for a message: a call of something selected at what is selected, which in a chain over lines tells one from another.
pub fn pos(file: &File, step: Step) -> Pos {
    match step {
        Step::Call(x) => match *file.expr(x) {
            Expr::Call { fun, .. } => match *file.expr(file.unparen(fun)) {
                Expr::Selector { sel, .. } => sel.pos,
                _ => file.expr_span(x).start,
            },
            _ => file.expr_span(x).start,
        },
        Step::Receive(x) | Step::Composite(x) | Step::FuncLit(x) | Step::Tag(x) | Step::CaseExpr(x) | Step::Condition(x) => {
            file.expr_span(x).start
        }
        Step::Declare(spec) => file.spec_span(spec).start,
        Step::Select { stmt, .. }
        | Step::Send(stmt)
        | Step::Assign(stmt)
        | Step::IncDec(stmt)
        | Step::Go(stmt)
        | Step::Defer(stmt)
        | Step::Return(stmt)
        | Step::RangeHead(stmt)
        | Step::RangeNext(stmt)
        | Step::RangeAssign(stmt)
        | Step::Comm(stmt)
        | Step::TypeSwitch(stmt) => file.stmt_span(stmt).start,
    }
}
