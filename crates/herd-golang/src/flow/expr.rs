//! What evaluating an expression does, in order. On a stack of its own, so that neither depth nor length costs any of the thread's.

use super::build::Builder;
use super::{BlockId, EdgeKind, Step};
use crate::ast::{Expr, ExprId, List};
use crate::intern::known;
use crate::token::Token;

/// What is still to be done of an expression.
#[derive(Clone, Copy)]
pub(super) enum Task {
    /// Evaluate it.
    Eval(ExprId),
    /// Evaluate it for where to go.
    Cond { x: ExprId, yes: BlockId, no: BlockId },
    /// Go by the value of what was evaluated.
    Branch { x: ExprId, yes: BlockId, no: BlockId },
    /// All that a step needs is there.
    Do(Step),
    /// Leave for a block that begins later.
    Goto(BlockId),
    /// Begin a block.
    Begin(BlockId),
}

impl Builder<'_> {
    /// Evaluates an expression for its value.
    pub(super) fn eval(&mut self, x: ExprId) {
        self.run(Task::Eval(x));
    }

    /// Evaluates a condition and leaves the block at hand by its outcome.
    pub(super) fn cond(&mut self, x: ExprId, yes: BlockId, no: BlockId) {
        self.run(Task::Cond { x, yes, no });
    }

    /// Evaluates the function and the arguments of a call that is not made here.
    pub(super) fn eval_parts_of_call(&mut self, call: ExprId) -> u32 {
        if let Expr::Call { fun, args, .. } = *self.file.expr(call) {
            self.eval(fun);
            for index in 0..args.len() {
                self.eval_at(args, index);
            }
        }
        self.current();
        self.steps.len() as u32
    }

    fn eval_at(&mut self, list: List<ExprId>, index: usize) {
        if let Some(x) = self.file.list(list).get(index) {
            self.eval(*x);
        }
    }

    /// Evaluates expressions, the first one first.
    pub(super) fn eval_all(&mut self, list: List<ExprId>) {
        for index in 0..list.len() {
            self.eval_at(list, index);
        }
    }

    fn run(&mut self, task: Task) {
        // What the commonest expressions do needs no stack.
        if let Task::Eval(x) = task
            && matches!(self.file.expr(x), Expr::Ident { .. } | Expr::BasicLit { .. })
        {
            return;
        }
        debug_assert!(self.tasks.is_empty(), "expressions hold no statements that are entered");
        self.tasks.push(task);
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Eval(x) => self.expr(x),
                Task::Cond { x, yes, no } => self.condition(x, yes, no),
                Task::Branch { x, yes, no } => self.branch(x, yes, no),
                Task::Do(Step::Call(call)) => self.call(call),
                Task::Do(step) => drop(self.step(step)),
                Task::Goto(block) => self.goto(block, EdgeKind::Next),
                Task::Begin(block) => self.begin(block),
            }
        }
    }

    fn condition(&mut self, x: ExprId, yes: BlockId, no: BlockId) {
        match *self.file.expr(x) {
            Expr::Paren { x } => self.tasks.push(Task::Cond { x, yes, no }),
            Expr::Unary { op: Token::Not, x } => self.tasks.push(Task::Cond { x, yes: no, no: yes }),
            Expr::Binary { op: Token::LogicalAnd, x, y, .. } => {
                let both = self.new_block();
                self.tasks.extend([Task::Cond { x: y, yes, no }, Task::Begin(both), Task::Cond { x, yes: both, no }]);
            }
            Expr::Binary { op: Token::LogicalOr, x, y, .. } => {
                let neither = self.new_block();
                self.tasks.extend([Task::Cond { x: y, yes, no }, Task::Begin(neither), Task::Cond { x, yes, no: neither }]);
            }
            _ => self.tasks.extend([Task::Branch { x, yes, no }, Task::Eval(x)]),
        }
    }

    /// Puts what an expression does onto the stack, the first thing last.
    fn expr(&mut self, id: ExprId) {
        let step = |step: Step| Task::Do(step);
        match *self.file.expr(id) {
            Expr::Bad => self.sound = false,
            Expr::Ident { .. }
            | Expr::BasicLit { .. }
            | Expr::Ellipsis { .. }
            | Expr::ArrayType { .. }
            | Expr::StructType { .. }
            | Expr::FuncType { .. }
            | Expr::InterfaceType { .. }
            | Expr::MapType { .. }
            | Expr::ChanType { .. } => {}
            Expr::FuncLit { .. } => drop(self.step(Step::FuncLit(id))),
            Expr::CompositeLit { elts, .. } => {
                self.tasks.push(step(Step::Composite(id)));
                self.push_all(elts);
            }
            Expr::Paren { x }
            | Expr::Selector { x, .. }
            | Expr::Star { x }
            | Expr::TypeAssert { x, .. }
            | Expr::IndexList { x, .. } => self.tasks.push(Task::Eval(x)),
            Expr::Unary { op, x } => {
                match op {
                    Token::Arrow => self.tasks.push(step(Step::Receive(id))),
                    Token::And => self.log.address(x),
                    _ => {}
                }
                self.tasks.push(Task::Eval(x));
            }
            Expr::Index { x, index, .. } => self.tasks.extend([Task::Eval(index), Task::Eval(x)]),
            Expr::Slice { x, low, high, max, .. } => {
                self.tasks.extend([max, high, low, Some(x)].into_iter().flatten().map(Task::Eval));
            }
            Expr::Call { fun, args, .. } => self.push_call(id, fun, args),
            Expr::Binary { op: op @ (Token::LogicalAnd | Token::LogicalOr), x, y, .. } => {
                let (second, done) = (self.new_block(), self.new_block());
                let (yes, no) = if op == Token::LogicalAnd { (second, done) } else { (done, second) };
                let rest = [Task::Begin(done), Task::Goto(done), Task::Eval(y), Task::Begin(second)];
                self.tasks.extend(rest);
                self.tasks.push(Task::Cond { x, yes, no });
            }
            Expr::Binary { x, y, .. } => self.tasks.extend([Task::Eval(y), Task::Eval(x)]),
            Expr::KeyValue { key, value, .. } => self.tasks.extend([Task::Eval(value), Task::Eval(key)]),
        }
    }

    fn push_all(&mut self, list: List<ExprId>) {
        self.tasks.extend(self.file.list(list).iter().rev().map(|x| Task::Eval(*x)));
    }

    fn push_call(&mut self, id: ExprId, fun: ExprId, args: List<ExprId>) {
        let file = self.file;
        match *file.expr(file.unparen(fun)) {
            // A conversion that cannot be taken for a call.
            Expr::ArrayType { .. }
            | Expr::StructType { .. }
            | Expr::FuncType { .. }
            | Expr::InterfaceType { .. }
            | Expr::MapType { .. }
            | Expr::ChanType { .. } => return self.push_all(args),
            // What these are given is not evaluated.
            Expr::Selector { x, sel }
                if matches!(file.expr(x), Expr::Ident { name: known::UNSAFE })
                    && matches!(file.bytes(file.ident_span(sel)), b"Sizeof" | b"Alignof" | b"Offsetof") =>
            {
                return;
            }
            _ => {}
        }
        self.tasks.push(Task::Do(Step::Call(id)));
        self.push_all(args);
        self.tasks.push(Task::Eval(fun));
    }

    fn call(&mut self, call: ExprId) {
        let step = self.called(call);
        self.log.call(call, step);
    }
}
