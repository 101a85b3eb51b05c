//! Statements.

use super::{Mode, Parser, starts_statement};
use crate::ast::{Expr, ExprId, Ident, List, Pos, Span, Stmt, StmtId};
use crate::token::Token;

/// A simple statement, before it is known what becomes of it.
#[derive(Clone, Copy)]
enum Simple {
    /// An expression: a statement, or the condition of another one.
    Expr(ExprId),
    /// A whole statement, to which a semicolon belongs.
    Stmt(StmtId),
    /// A statement with its label, which has taken its semicolon.
    Labeled(StmtId),
    /// `lhs := range x`
    Range { op: Option<Token>, lhs: List<ExprId>, range: Pos, x: ExprId },
}

/// What a simple statement may be where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Header,
    List,
    ForHeader,
}

impl Parser<'_> {
    /// The body of a function; in a mode that does without it, only its braces.
    pub(super) fn body(&mut self) -> StmtId {
        if self.mode == Mode::Full || !self.at(Token::LeftBrace) {
            return self.block();
        }
        let pos = self.pos();
        self.lexer.skip_block();
        self.expect(Token::RightBrace);
        self.add_stmt(pos, Stmt::SkippedBlock)
    }

    /// `{…}`
    pub(super) fn block(&mut self) -> StmtId {
        let start = self.expect(Token::LeftBrace);
        let stmts = self.stmts();
        let closing = self.expect_some(Token::RightBrace);
        self.add_block(start, stmts, closing)
    }

    fn add_block(&mut self, start: Pos, stmts: List<StmtId>, closing: Option<Pos>) -> StmtId {
        let end = match closing {
            Some(closing) => Pos::at(closing.offset() + 1),
            None => self.end_of_stmts(stmts).unwrap_or(Pos::at(start.offset() + 1)),
        };
        self.add_stmt_at(Span { start, end }, Stmt::Block { stmts })
    }

    fn end_of_stmts(&self, stmts: List<StmtId>) -> Option<Pos> {
        self.file.list(stmts).last().map(|last| self.file.stmt_span(*last).end)
    }

    /// Statements up to the end of the block or of the case.
    fn stmts(&mut self) -> List<StmtId> {
        let from = self.scratch.stmts.len();
        while !matches!(self.token(), Token::Case | Token::Default | Token::RightBrace | Token::Eof) {
            let stmt = self.stmt();
            self.scratch.stmts.push(stmt);
        }
        self.stmt_list(from)
    }

    fn stmt(&mut self) -> StmtId {
        let pos = self.pos();
        if self.too_deep() {
            self.leave();
            return self.add_bad_stmt(pos);
        }
        let stmt = match self.token() {
            Token::Ident
            | Token::Int
            | Token::Float
            | Token::Imag
            | Token::Char
            | Token::String
            | Token::Func
            | Token::LeftParen
            | Token::LeftBracket
            | Token::Struct
            | Token::Map
            | Token::Chan
            | Token::Interface
            | Token::Add
            | Token::Sub
            | Token::Mul
            | Token::And
            | Token::Xor
            | Token::Arrow
            | Token::Not => {
                let simple = self.simple_stmt(Place::List);
                if !matches!(simple, Simple::Labeled(_)) {
                    self.expect_semicolon();
                }
                self.stmt_of(simple)
            }
            Token::Const | Token::Type | Token::Var => {
                let decl = self.decl(starts_statement);
                self.add_stmt_at(self.file.decl_span(decl), Stmt::Decl { decl })
            }
            Token::Go | Token::Defer => self.go_or_defer(),
            Token::Return => self.return_stmt(),
            Token::Break | Token::Continue | Token::Goto | Token::Fallthrough => self.branch_stmt(),
            Token::LeftBrace => {
                let block = self.block();
                self.expect_semicolon();
                block
            }
            Token::If => self.if_stmt(),
            Token::Switch => self.switch_stmt(),
            Token::Select => self.select_stmt(),
            Token::For => self.for_stmt(),
            Token::Semicolon => {
                let implicit = self.lexer.implicit;
                self.next();
                let end = if implicit { pos } else { Pos::at(pos.offset() + 1) };
                self.add_stmt_at(Span { start: pos, end }, Stmt::Empty { implicit })
            }
            Token::RightBrace => self.add_stmt_at(Span { start: pos, end: pos }, Stmt::Empty { implicit: true }),
            _ => {
                self.error_expected(pos, "statement");
                self.synchronise(starts_statement);
                self.add_bad_stmt(pos)
            }
        };
        self.leave();
        stmt
    }

    fn add_bad_stmt(&mut self, start: Pos) -> StmtId {
        let span = Span { start, end: self.pos() };
        self.add_stmt_at(span, Stmt::Bad)
    }

    fn simple_stmt(&mut self, place: Place) -> Simple {
        let outer = std::mem::replace(&mut self.in_rhs, false);
        let first = self.expr();
        let start = self.file.expr_span(first).start;
        let from = self.scratch.exprs.len();
        let several = self.at(Token::Comma);
        if several {
            self.scratch.exprs.push(first);
            self.more_exprs();
        }
        self.in_rhs = outer;
        if assigns(self.token()) {
            if !several {
                self.scratch.exprs.push(first);
            }
            let lhs = self.expr_list(from);
            return self.assignment(place, start, lhs);
        }
        if several {
            self.error_expected(start, "1 expression");
            self.scratch.exprs.truncate(from);
        }
        let pos = self.pos();
        match self.token() {
            Token::Colon => {
                self.next();
                if place == Place::List
                    && let Some(label) = self.take_ident(first)
                {
                    let stmt = self.stmt();
                    let end = self.file.stmt_span(stmt).end;
                    let node = Stmt::Labeled { label, colon: pos, stmt };
                    return Simple::Labeled(self.add_stmt_at(Span { start, end }, node));
                }
                self.error(pos, "illegal label declaration");
                Simple::Stmt(self.add_stmt(start, Stmt::Bad))
            }
            Token::Arrow => {
                self.next();
                let value = self.rhs();
                Simple::Stmt(self.add_stmt(start, Stmt::Send { chan: first, arrow: pos, value }))
            }
            op @ (Token::Inc | Token::Dec) => {
                self.next();
                Simple::Stmt(self.add_stmt(start, Stmt::IncDec { op, x: first }))
            }
            _ => Simple::Expr(first),
        }
    }

    fn assignment(&mut self, place: Place, start: Pos, lhs: List<ExprId>) -> Simple {
        let (op, op_pos) = (self.token(), self.pos());
        self.next();
        if place == Place::ForHeader && self.at(Token::Range) && matches!(op, Token::Define | Token::Assign) {
            let range = self.pos();
            self.next();
            let x = self.rhs();
            return Simple::Range { op: Some(op), lhs, range, x };
        }
        let rhs = self.exprs(true);
        Simple::Stmt(self.add_stmt(start, Stmt::Assign { op, op_pos, lhs, rhs }))
    }

    /// The name that an expression is, which is then no expression any more.
    pub(super) fn take_ident(&mut self, x: ExprId) -> Option<Ident> {
        let Expr::Ident { name } = *self.file.expr(x) else { return None };
        let pos = self.file.expr_span(x).start;
        if x.index() + 1 == self.file.exprs.len() {
            self.file.exprs.pop();
        }
        Some(Ident { name, pos })
    }

    /// A simple statement as a statement.
    fn stmt_of(&mut self, simple: Simple) -> StmtId {
        match simple {
            Simple::Expr(x) => self.add_stmt_at(self.file.expr_span(x), Stmt::Expr { x }),
            Simple::Stmt(stmt) | Simple::Labeled(stmt) => stmt,
            // Only the header of a `for` asks for ranges, and takes them itself.
            Simple::Range { range, .. } => self.add_stmt(range, Stmt::Bad),
        }
    }

    /// A simple statement as an expression, which it must be.
    fn expr_of(&mut self, simple: Simple, wanted: &str) -> ExprId {
        let stmt = match simple {
            Simple::Expr(x) => return x,
            Simple::Stmt(_) | Simple::Labeled(_) | Simple::Range { .. } => self.stmt_of(simple),
        };
        let span = self.file.stmt_span(stmt);
        let assignment = matches!(self.file.stmt(stmt), Stmt::Assign { .. });
        let found = if assignment { "assignment" } else { "simple statement" };
        let message = format!("expected {wanted}, found {found} (missing parentheses around composite literal?)");
        self.error(span.start, message);
        self.add_expr_at(span, Expr::Bad)
    }

    fn go_or_defer(&mut self) -> StmtId {
        let (keyword, pos) = (self.token(), self.pos());
        self.next();
        let x = self.rhs();
        let call = self.file.unparen(x);
        let span = self.file.expr_span(x);
        if call != x {
            self.error(span.start, format!("expression in {} must not be parenthesized", keyword.text()));
        }
        let end = self.file.expr_span(call).end;
        let mut node = Stmt::Bad;
        if matches!(self.file.expr(call), Expr::Call { .. }) {
            node = if keyword == Token::Go { Stmt::Go { call } } else { Stmt::Defer { call } };
        } else if !matches!(self.file.expr(call), Expr::Bad) {
            self.error(end, format!("expression in {} must be function call", keyword.text()));
        }
        let stmt = self.add_stmt_at(Span { start: pos, end }, node);
        self.expect_semicolon();
        stmt
    }

    fn return_stmt(&mut self) -> StmtId {
        let pos = self.pos();
        self.next();
        let mut results = List::EMPTY;
        if !self.at(Token::Semicolon) && !self.at(Token::RightBrace) {
            results = self.exprs(true);
        }
        let stmt = self.add_stmt(pos, Stmt::Return { results });
        self.expect_semicolon();
        stmt
    }

    fn branch_stmt(&mut self) -> StmtId {
        let (op, pos) = (self.token(), self.pos());
        self.next();
        let mut label = None;
        if op == Token::Goto || op != Token::Fallthrough && self.at(Token::Ident) {
            label = Some(self.ident());
        }
        let stmt = self.add_stmt(pos, Stmt::Branch { op, label });
        self.expect_semicolon();
        stmt
    }

    /// Chains of `else if` grow in a loop, not in depth.
    fn if_stmt(&mut self) -> StmtId {
        let mut chain: Vec<(Pos, Option<StmtId>, ExprId, StmtId)> = Vec::new();
        let mut links = 0;
        let mut stmt = loop {
            let pos = self.expect(Token::If);
            let (init, cond) = self.if_header();
            let body = self.block();
            if !self.at(Token::Else) {
                self.expect_semicolon();
                break self.add_if(pos, init, cond, body, None);
            }
            self.next();
            if self.at(Token::If) && !self.too_long(&mut links) {
                chain.push((pos, init, cond, body));
                continue;
            }
            let els = if self.at(Token::LeftBrace) {
                let block = self.block();
                self.expect_semicolon();
                block
            } else {
                self.error_expected(self.pos(), "if statement or block");
                self.add_bad_stmt(self.pos())
            };
            break self.add_if(pos, init, cond, body, Some(els));
        };
        for (pos, init, cond, body) in chain.into_iter().rev() {
            stmt = self.add_if(pos, init, cond, body, Some(stmt));
        }
        stmt
    }

    fn add_if(&mut self, start: Pos, init: Option<StmtId>, cond: ExprId, body: StmtId, els: Option<StmtId>) -> StmtId {
        let end = self.file.stmt_span(els.unwrap_or(body)).end;
        self.add_stmt_at(Span { start, end }, Stmt::If { init, cond, body, els })
    }

    fn if_header(&mut self) -> (Option<StmtId>, ExprId) {
        if self.at(Token::LeftBrace) {
            self.error(self.pos(), "missing condition in if statement");
            return (None, self.add_bad_expr(self.pos()));
        }
        let outer = std::mem::replace(&mut self.expr_level, -1);
        let mut first = None;
        if !self.at(Token::Semicolon) {
            if self.at(Token::Var) {
                self.next();
                self.error(self.pos(), "var declaration not allowed in if initializer");
            }
            first = Some(self.simple_stmt(Place::Header));
        }
        let mut init = None;
        let mut cond = None;
        if self.at(Token::LeftBrace) {
            cond = first;
        } else {
            init = first.map(|first| self.stmt_of(first));
            let semicolon = self.at(Token::Semicolon).then_some((self.pos(), self.lexer.implicit));
            self.expect(Token::Semicolon);
            if !self.at(Token::LeftBrace) {
                cond = Some(self.simple_stmt(Place::Header));
            } else if let Some((pos, implicit)) = semicolon {
                let newline = "unexpected newline, expecting { after if clause";
                self.error(pos, if implicit { newline } else { "missing condition in if statement" });
            }
        }
        let cond = match cond {
            Some(cond) => self.expr_of(cond, "boolean expression"),
            None => self.add_bad_expr(self.pos()),
        };
        self.expr_level = outer;
        (init, cond)
    }

    fn switch_stmt(&mut self) -> StmtId {
        let pos = self.expect(Token::Switch);
        let mut init = None;
        let mut tag = None;
        if !self.at(Token::LeftBrace) {
            let outer = std::mem::replace(&mut self.expr_level, -1);
            if !self.at(Token::Semicolon) {
                tag = Some(self.simple_stmt(Place::Header));
            }
            if self.at(Token::Semicolon) {
                self.next();
                init = tag.take().map(|init| self.stmt_of(init));
                if !self.at(Token::LeftBrace) {
                    tag = Some(self.simple_stmt(Place::Header));
                }
            }
            self.expr_level = outer;
        }
        let by_type = tag.filter(|tag| self.guards_types(*tag));
        let opening = self.expect(Token::LeftBrace);
        let from = self.scratch.stmts.len();
        while matches!(self.token(), Token::Case | Token::Default) {
            let case = self.case_clause();
            self.scratch.stmts.push(case);
        }
        let body = self.end_of_cases(opening, from);
        let end = self.file.stmt_span(body).end;
        let node = match by_type {
            Some(assign) => Stmt::TypeSwitch { init, assign: self.stmt_of(assign), body },
            None => Stmt::Switch { init, tag: tag.map(|tag| self.expr_of(tag, "switch expression")), body },
        };
        self.add_stmt_at(Span { start: pos, end }, node)
    }

    /// The block of the clauses above `from` on the stack, and the semicolon behind it.
    fn end_of_cases(&mut self, opening: Pos, from: usize) -> StmtId {
        let closing = self.expect(Token::RightBrace);
        let stmts = self.stmt_list(from);
        let body = self.add_block(opening, stmts, Some(closing));
        self.expect_semicolon();
        body
    }

    /// Whether it is `x.(type)` or `v := x.(type)`.
    fn guards_types(&mut self, simple: Simple) -> bool {
        let guard = |x: &ExprId| matches!(self.file.expr(*x), Expr::TypeAssert { ty: None, .. });
        let stmt = match simple {
            Simple::Expr(x) => return guard(&x),
            Simple::Stmt(stmt) | Simple::Labeled(stmt) => *self.file.stmt(stmt),
            Simple::Range { .. } => return false,
        };
        let Stmt::Assign { op, op_pos, lhs, rhs } = stmt else { return false };
        if lhs.len() != 1 || rhs.len() != 1 || !self.file.list(rhs).iter().all(guard) {
            return false;
        }
        if op == Token::Assign {
            self.error(op_pos, "expected ':=', found '='");
        }
        matches!(op, Token::Assign | Token::Define)
    }

    fn case_clause(&mut self) -> StmtId {
        let pos = self.pos();
        let default = !self.at(Token::Case);
        let mut exprs = List::EMPTY;
        self.next();
        if !default {
            exprs = self.exprs(true);
        }
        let colon = self.expect(Token::Colon);
        let body = self.stmts();
        let end = self.end_of_stmts(body).unwrap_or(Pos::at(colon.offset() + 1));
        self.add_stmt_at(Span { start: pos, end }, Stmt::Case { default, exprs, colon, body })
    }

    fn select_stmt(&mut self) -> StmtId {
        let pos = self.expect(Token::Select);
        let opening = self.expect(Token::LeftBrace);
        let from = self.scratch.stmts.len();
        while matches!(self.token(), Token::Case | Token::Default) {
            let clause = self.comm_clause();
            self.scratch.stmts.push(clause);
        }
        let body = self.end_of_cases(opening, from);
        let end = self.file.stmt_span(body).end;
        self.add_stmt_at(Span { start: pos, end }, Stmt::Select { body })
    }

    fn comm_clause(&mut self) -> StmtId {
        let pos = self.pos();
        let default = !self.at(Token::Case);
        self.next();
        let comm = if default { None } else { Some(self.communication()) };
        let colon = self.expect(Token::Colon);
        let body = self.stmts();
        let end = self.end_of_stmts(body).unwrap_or(Pos::at(colon.offset() + 1));
        self.add_stmt_at(Span { start: pos, end }, Stmt::Comm { comm, colon, body })
    }

    /// A send, a receive, or a receive into one or two variables.
    fn communication(&mut self) -> StmtId {
        let start = self.pos();
        let mut lhs = self.exprs(false);
        let first = self.file.list(lhs).first().copied();
        let op = self.token();
        let most = if matches!(op, Token::Assign | Token::Define) { 2 } else { 1 };
        if lhs.len() > most {
            self.error_expected(start, if most == 1 { "1 expression" } else { "1 or 2 expressions" });
            lhs.len = most as u32;
        }
        let pos = self.pos();
        match (op, first) {
            (Token::Arrow, Some(chan)) => {
                self.next();
                let value = self.rhs();
                self.add_stmt(start, Stmt::Send { chan, arrow: pos, value })
            }
            (Token::Assign | Token::Define, _) => {
                self.next();
                let value = self.rhs();
                let from = self.scratch.exprs.len();
                self.scratch.exprs.push(value);
                let rhs = self.expr_list(from);
                self.add_stmt(start, Stmt::Assign { op, op_pos: pos, lhs, rhs })
            }
            (_, Some(x)) => self.add_stmt(start, Stmt::Expr { x }),
            (_, None) => self.add_bad_stmt(start),
        }
    }

    fn for_stmt(&mut self) -> StmtId {
        let pos = self.expect(Token::For);
        let mut init = None;
        let mut cond = None;
        let mut post = None;
        if !self.at(Token::LeftBrace) {
            let outer = std::mem::replace(&mut self.expr_level, -1);
            if self.at(Token::Range) {
                let range = self.pos();
                self.next();
                let x = self.rhs();
                cond = Some(Simple::Range { op: None, lhs: List::EMPTY, range, x });
            } else if !self.at(Token::Semicolon) {
                cond = Some(self.simple_stmt(Place::ForHeader));
            }
            if !matches!(cond, Some(Simple::Range { .. })) && self.at(Token::Semicolon) {
                self.next();
                init = cond.take().map(|init| self.stmt_of(init));
                if !self.at(Token::Semicolon) {
                    cond = Some(self.simple_stmt(Place::Header));
                }
                self.expect_semicolon();
                if !self.at(Token::LeftBrace) {
                    let last = self.simple_stmt(Place::Header);
                    post = Some(self.stmt_of(last));
                }
            }
            self.expr_level = outer;
        }
        let body = self.block();
        self.expect_semicolon();
        let span = Span { start: pos, end: self.file.stmt_span(body).end };
        let node = match cond {
            Some(Simple::Range { op, lhs, range, x }) => match *self.file.list(lhs) {
                [] => Stmt::Range { op, key: None, value: None, range, x, body },
                [key] => Stmt::Range { op, key: Some(key), value: None, range, x, body },
                [key, value] => Stmt::Range { op, key: Some(key), value: Some(value), range, x, body },
                [.., last] => {
                    self.error_expected(self.file.expr_span(last).start, "at most 2 expressions");
                    Stmt::Bad
                }
            },
            Some(cond) => {
                let cond = Some(self.expr_of(cond, "boolean or range expression"));
                Stmt::For { init, cond, post, body }
            }
            None => Stmt::For { init, cond: None, post, body },
        };
        self.add_stmt_at(span, node)
    }
}

fn assigns(token: Token) -> bool {
    use Token::{
        AddAssign, AndAssign, AndNotAssign, Assign, Define, MulAssign, OrAssign, QuoAssign, RemAssign, ShlAssign, ShrAssign,
        SubAssign, XorAssign,
    };
    matches!(
        token,
        Assign
            | Define
            | AddAssign
            | SubAssign
            | MulAssign
            | QuoAssign
            | RemAssign
            | AndAssign
            | OrAssign
            | XorAssign
            | ShlAssign
            | ShrAssign
            | AndNotAssign
    )
}
