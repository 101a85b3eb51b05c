//! Where statements go.

use super::build::{Builder, Target};
use super::{BlockId, EdgeKind, Step};
use crate::ast::{Decl, DeclId, Expr, ExprId, Ident, List, Spec, SpecId, Stmt, StmtId};
use crate::intern::Symbol;
use crate::token::Token;

/// A clause of a switch or a select.
struct Clause {
    stmt: StmtId,
    block: BlockId,
    body: List<StmtId>,
}

impl Builder<'_> {
    /// The statements of a block, in a scope of their own.
    pub(super) fn block(&mut self, block: StmtId) {
        let outer = self.enter();
        match *self.file.stmt(block) {
            Stmt::Block { stmts } => self.stmts(stmts),
            // Only where the parser gave up.
            _ => self.sound = false,
        }
        self.leave(outer);
    }

    fn stmts(&mut self, stmts: List<StmtId>) {
        for index in 0..stmts.len() {
            if let Some(stmt) = self.file.list(stmts).get(index) {
                self.stmt(*stmt, None);
            }
        }
    }

    /// A statement, with the label right before it. The depth of statements is bounded by [`crate::parser::NESTING_MAX`].
    fn stmt(&mut self, id: StmtId, label: Option<Symbol>) {
        if let Stmt::Labeled { label: name, .. } = *self.file.stmt(id) {
            // Jumps to it come to its own block, be the statement before it a dead end or not.
            let block = self.declare_label(name.name);
            self.goto(block, EdgeKind::Next);
            self.begin(block);
        }
        self.starts(id);
        match *self.file.stmt(id) {
            Stmt::Bad | Stmt::SkippedBlock | Stmt::Case { .. } | Stmt::Comm { .. } => self.sound = false,
            Stmt::Empty { .. } => {}
            Stmt::Decl { decl } => self.decl(decl),
            Stmt::Labeled { label, stmt, .. } => self.stmt(stmt, Some(label.name)),
            Stmt::Expr { x } => self.eval(x),
            Stmt::Send { chan, value, .. } => {
                self.eval(chan);
                self.eval(value);
                self.step(Step::Send(id));
            }
            Stmt::IncDec { x, .. } => {
                self.eval(x);
                let step = self.step(Step::IncDec(id));
                self.log.set(x, step);
            }
            Stmt::Assign { op, lhs, rhs, .. } => {
                self.eval_all(lhs);
                self.eval_all(rhs);
                let step = self.step(Step::Assign(id));
                self.set_all(op, lhs, step);
            }
            Stmt::Go { call } => self.later(call, Step::Go(id)),
            Stmt::Defer { call } => self.later(call, Step::Defer(id)),
            Stmt::Return { results } => {
                self.eval_all(results);
                self.step(Step::Return(id));
                self.returns();
            }
            Stmt::Branch { op, label } => self.jump(id, op, label),
            Stmt::Block { .. } => self.block(id),
            Stmt::If { .. } => self.if_chain(id),
            Stmt::Switch { init, tag, body } => self.switch(label, init, tag, body),
            Stmt::TypeSwitch { init, assign, body } => self.type_switch(id, label, init, assign, body),
            Stmt::Select { body } => self.select(id, label, body),
            Stmt::For { init, cond, post, body } => self.for_loop(label, init, cond, post, body),
            Stmt::Range { op, key, value, x, body, .. } => self.range_loop(id, label, op, [key, value], x, body),
        }
    }

    /// `go` and `defer`: what is called and given is evaluated here.
    fn later(&mut self, call: ExprId, step: Step) {
        self.eval_parts_of_call(call);
        let number = self.step(step);
        self.log.call(call, number);
    }

    /// Notes that a step sets what stands on the left.
    fn set_all(&mut self, op: Token, lhs: List<ExprId>, step: u32) {
        for x in self.file.list(lhs) {
            match *self.file.expr(*x) {
                Expr::Ident { name } if op == Token::Define => self.log.declare(name, step),
                _ => self.log.set(*x, step),
            }
        }
    }

    fn decl(&mut self, decl: DeclId) {
        match *self.file.decl(decl) {
            Decl::Bad | Decl::Func { .. } => self.sound = false,
            Decl::Gen { keyword, specs, .. } => {
                for index in 0..specs.len() {
                    if let Some(spec) = self.file.list(specs).get(index) {
                        self.spec(keyword, *spec);
                    }
                }
            }
        }
    }

    fn spec(&mut self, keyword: Token, id: SpecId) {
        match *self.file.spec(id) {
            Spec::Value { names, values, .. } => {
                // Constants are not evaluated when the function runs; their names may hide variables all the same.
                if keyword == Token::Var {
                    self.eval_all(values);
                    self.step(Step::Declare(id));
                }
                let step = self.steps.len().saturating_sub(1) as u32;
                for name in self.file.list(names) {
                    self.log.declare(name.name, step);
                }
            }
            Spec::Type { name, .. } => {
                let step = self.steps.len().saturating_sub(1) as u32;
                self.log.declare(name.name, step);
            }
            Spec::Import { .. } => self.sound = false,
        }
    }

    fn jump(&mut self, id: StmtId, op: Token, label: Option<Ident>) {
        if op == Token::Goto {
            return match label {
                Some(label) => self.goto_label(label.name),
                None => self.jump_nowhere(),
            };
        }
        let name = label.map(|label| label.name);
        let leads = |target: &Target| match op {
            Token::Break => Some(target.break_to),
            Token::Continue => target.continue_to,
            _ => None,
        };
        let to = if op == Token::Fallthrough {
            self.sound &= self.last_of_clause == Some(id);
            self.targets.iter().rev().find(|target| target.cases).and_then(|target| target.fallthrough_to)
        } else if let Some(name) = name {
            self.targets.iter().rev().find(|target| target.label == Some(name)).and_then(leads)
        } else {
            self.targets.iter().rev().find_map(leads)
        };
        match to {
            Some(to) => self.goto(to, EdgeKind::Next),
            None => self.jump_nowhere(),
        }
    }

    fn jump_nowhere(&mut self) {
        self.sound = false;
        self.split();
    }

    /// `if … else if … else …`, in a loop.
    fn if_chain(&mut self, first: StmtId) {
        let done = self.new_block();
        let mut outer_scopes = Vec::new();
        let mut next = Some(first);
        while let Some(id) = next {
            let Stmt::If { init, cond, body, els } = *self.file.stmt(id) else {
                if matches!(self.file.stmt(id), Stmt::Block { .. }) {
                    self.block(id);
                } else {
                    self.sound = false;
                }
                break;
            };
            outer_scopes.push(self.enter());
            if id != first {
                self.starts(id);
            }
            self.init(init);
            let then = self.new_block();
            let otherwise = if els.is_some() { self.new_block() } else { done };
            self.cond(cond, then, otherwise);
            self.begin(then);
            self.block(body);
            self.goto(done, EdgeKind::Next);
            if els.is_some() {
                self.begin(otherwise);
            }
            next = els;
        }
        self.goto(done, EdgeKind::Next);
        for outer in outer_scopes.into_iter().rev() {
            self.leave(outer);
        }
        self.join(done);
    }

    fn init(&mut self, init: Option<StmtId>) {
        if let Some(init) = init {
            self.stmt(init, None);
        }
    }

    fn switch(&mut self, label: Option<Symbol>, init: Option<StmtId>, tag: Option<ExprId>, body: StmtId) {
        let outer = self.enter();
        self.init(init);
        if let Some(tag) = tag {
            self.eval(tag);
            self.step(Step::Tag(tag));
        }
        let done = self.new_block();
        let clauses = self.clauses(body);
        let otherwise = clauses.iter().find(|clause| self.is_default(clause.stmt)).map_or(done, |clause| clause.block);
        let mut followed = tag;
        let mut any = false;
        let mut cases = clauses.iter().flat_map(|clause| self.case_exprs(clause).iter().map(|x| (clause.block, *x))).peekable();
        // The list is that of the file; what is asked of the builder meanwhile does not change it.
        let cases: Vec<(BlockId, ExprId)> = std::iter::from_fn(|| cases.next()).collect();
        for (index, (block, x)) in cases.iter().enumerate() {
            any = true;
            let last = index + 1 == cases.len();
            let next = if last { otherwise } else { self.new_block() };
            match tag {
                None => self.cond(*x, *block, next),
                Some(tag) => self.case(tag, *x, [*block, next], &mut followed),
            }
            if !last {
                self.begin(next);
            }
        }
        if !any {
            self.goto(otherwise, EdgeKind::Default);
        }
        self.case_bodies(label, done, &clauses, true);
        self.leave(outer);
        self.join(done);
    }

    /// Holds a case against the tag. What the tag is made of may change with the first case that is more than a name or a literal.
    fn case(&mut self, tag: ExprId, x: ExprId, [block, next]: [BlockId; 2], followed: &mut Option<ExprId>) {
        let steps = self.steps.len();
        self.eval(x);
        if self.steps.len() != steps {
            *followed = None;
        }
        self.step(Step::CaseExpr(x));
        let met = followed.map(|_| self.log.meet_case(tag, x));
        let from = self.split();
        self.edge(from, block, EdgeKind::Case(x), met.map(|met| (met, true)));
        self.edge(from, next, EdgeKind::NoCase(x), met.map(|met| (met, false)));
    }

    fn type_switch(&mut self, id: StmtId, label: Option<Symbol>, init: Option<StmtId>, assign: StmtId, body: StmtId) {
        let outer = self.enter();
        self.init(init);
        self.starts(assign);
        let mut declared = None;
        match *self.file.stmt(assign) {
            Stmt::Assign { lhs, rhs, .. } => {
                self.eval_all(rhs);
                declared = self.file.list(lhs).first().copied();
            }
            Stmt::Expr { x } => self.eval(x),
            _ => self.sound = false,
        }
        let step = self.step(Step::TypeSwitch(id));
        if let Some(x) = declared
            && let Expr::Ident { name } = *self.file.expr(x)
        {
            self.log.declare(name, step);
        }
        let done = self.new_block();
        let clauses = self.clauses(body);
        let otherwise = clauses.iter().find(|clause| self.is_default(clause.stmt)).map_or(done, |clause| clause.block);
        let from = self.split();
        for clause in &clauses {
            for index in 0..self.case_exprs(clause).len() {
                if let Some(ty) = self.case_exprs(clause).get(index).copied() {
                    self.edge(from, clause.block, EdgeKind::Case(ty), None);
                }
            }
        }
        self.edge(from, otherwise, EdgeKind::Default, None);
        self.case_bodies(label, done, &clauses, false);
        self.leave(outer);
        self.join(done);
    }

    fn case_bodies(&mut self, label: Option<Symbol>, done: BlockId, clauses: &[Clause], falls: bool) {
        for (index, clause) in clauses.iter().enumerate() {
            let fallthrough_to = clauses.get(index + 1).filter(|_| falls).map(|clause| clause.block);
            self.targets.push(Target { label, break_to: done, continue_to: None, fallthrough_to, cases: true });
            self.begin(clause.block);
            self.clause_body(clause, fallthrough_to.is_some());
            self.targets.pop();
            self.goto(done, EdgeKind::Next);
        }
    }

    fn clause_body(&mut self, clause: &Clause, falls: bool) {
        let outer = self.enter();
        let last = if falls { self.last_stmt(clause.body) } else { None };
        let before = std::mem::replace(&mut self.last_of_clause, last);
        self.stmts(clause.body);
        self.last_of_clause = before;
        self.leave(outer);
    }

    /// The last statement that is not empty, without its labels.
    fn last_stmt(&self, stmts: List<StmtId>) -> Option<StmtId> {
        let full = |stmt: &&StmtId| !matches!(self.file.stmt(**stmt), Stmt::Empty { .. });
        let mut last = *self.file.list(stmts).iter().rev().find(full)?;
        while let Stmt::Labeled { stmt, .. } = *self.file.stmt(last) {
            last = stmt;
        }
        Some(last)
    }

    fn clauses(&mut self, body: StmtId) -> Vec<Clause> {
        let mut clauses = Vec::new();
        for stmt in self.file.block(body) {
            match *self.file.stmt(*stmt) {
                Stmt::Case { body, .. } | Stmt::Comm { body, .. } => {
                    let block = self.new_block();
                    clauses.push(Clause { stmt: *stmt, block, body });
                }
                _ => self.sound = false,
            }
        }
        self.sound &= clauses.iter().filter(|clause| self.is_default(clause.stmt)).count() <= 1;
        clauses
    }

    fn is_default(&self, clause: StmtId) -> bool {
        matches!(self.file.stmt(clause), Stmt::Case { default: true, .. } | Stmt::Comm { comm: None, .. })
    }

    fn case_exprs(&self, clause: &Clause) -> &[ExprId] {
        if let Stmt::Case { exprs, .. } = *self.file.stmt(clause.stmt) { self.file.list(exprs) } else { &[] }
    }

    fn select(&mut self, id: StmtId, label: Option<Symbol>, body: StmtId) {
        let clauses = self.clauses(body);
        for clause in &clauses {
            if let Stmt::Comm { comm: Some(comm), .. } = *self.file.stmt(clause.stmt) {
                self.starts(comm);
                self.communication(comm);
            }
        }
        let default = clauses.iter().any(|clause| self.is_default(clause.stmt));
        self.step(Step::Select { stmt: id, default });
        let done = self.new_block();
        let from = self.split();
        for (index, clause) in clauses.iter().enumerate() {
            let kind = if self.is_default(clause.stmt) { EdgeKind::Default } else { EdgeKind::Clause(index as u32) };
            self.edge(from, clause.block, kind, None);
        }
        for clause in &clauses {
            self.begin(clause.block);
            self.targets.push(Target { label, break_to: done, continue_to: None, fallthrough_to: None, cases: false });
            let outer = self.enter();
            if let Stmt::Comm { comm: Some(comm), .. } = *self.file.stmt(clause.stmt) {
                self.communicated(comm);
            }
            self.clause_body(clause, false);
            self.leave(outer);
            self.targets.pop();
            self.goto(done, EdgeKind::Next);
        }
        self.join(done);
    }

    /// What a clause needs before the wait: its channel, and the value it would send.
    fn communication(&mut self, comm: StmtId) {
        let received = match *self.file.stmt(comm) {
            Stmt::Send { chan, value, .. } => {
                self.eval(chan);
                return self.eval(value);
            }
            Stmt::Expr { x } => Some(x),
            Stmt::Assign { rhs, .. } => self.file.list(rhs).first().copied(),
            _ => None,
        };
        match received.map(|x| *self.file.expr(self.file.unparen(x))) {
            Some(Expr::Unary { op: Token::Arrow, x }) => self.eval(x),
            Some(_) | None => self.sound = false,
        }
    }

    /// What a clause does once it was chosen.
    fn communicated(&mut self, comm: StmtId) {
        let Stmt::Assign { op, lhs, .. } = *self.file.stmt(comm) else {
            self.step(Step::Comm(comm));
            return;
        };
        self.eval_all(lhs);
        let step = self.step(Step::Comm(comm));
        self.set_all(op, lhs, step);
    }

    fn for_loop(
        &mut self,
        label: Option<Symbol>,
        init: Option<StmtId>,
        cond: Option<ExprId>,
        post: Option<StmtId>,
        body: StmtId,
    ) {
        let outer = self.enter();
        self.init(init);
        let (head, done) = (self.new_block(), self.new_block());
        self.goto(head, EdgeKind::Next);
        self.begin(head);
        if let Some(cond) = cond {
            let first = self.new_block();
            self.cond(cond, first, done);
            self.begin(first);
        }
        let next = if post.is_some() { self.new_block() } else { head };
        self.targets.push(Target { label, break_to: done, continue_to: Some(next), fallthrough_to: None, cases: false });
        self.block(body);
        self.targets.pop();
        self.goto(next, EdgeKind::Next);
        if let Some(post) = post {
            self.begin(next);
            self.stmt(post, None);
            self.goto(head, EdgeKind::Next);
        }
        self.leave(outer);
        self.join(done);
    }

    fn range_loop(
        &mut self,
        id: StmtId,
        label: Option<Symbol>,
        op: Option<Token>,
        vars: [Option<ExprId>; 2],
        x: ExprId,
        body: StmtId,
    ) {
        self.eval(x);
        self.step(Step::RangeHead(id));
        let (head, first, done) = (self.new_block(), self.new_block(), self.new_block());
        self.goto(head, EdgeKind::Next);
        self.begin(head);
        self.step(Step::RangeNext(id));
        let from = self.split();
        self.edge(from, first, EdgeKind::RangeNext, None);
        self.edge(from, done, EdgeKind::RangeDone, None);
        self.begin(first);
        let outer = self.enter();
        if vars[0].is_some() {
            for x in vars.into_iter().flatten() {
                self.eval(x);
            }
            let step = self.step(Step::RangeAssign(id));
            for x in vars.into_iter().flatten() {
                match *self.file.expr(x) {
                    Expr::Ident { name } if op == Some(Token::Define) => self.log.declare(name, step),
                    _ => self.log.set(x, step),
                }
            }
        }
        self.targets.push(Target { label, break_to: done, continue_to: Some(head), fallthrough_to: None, cases: false });
        self.block(body);
        self.targets.pop();
        self.goto(head, EdgeKind::Next);
        self.leave(outer);
        self.join(done);
    }
}
