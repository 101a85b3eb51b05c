//! Expressions. Types are expressions too, and what is which often shows only to those who know the names.

use super::{CHAIN_MAX, Parser, starts_statement};
use crate::ast::Ident;
use crate::ast::{ChanDir, Expr, ExprId, List, Literal, Pos, Span};
use crate::intern::known;
use crate::token::Token;

impl Parser<'_> {
    /// An expression or a type.
    pub(super) fn expr(&mut self) -> ExprId {
        let x = self.unary();
        self.binary(x, 1)
    }

    /// An expression where `=` would be a mistake for `==`.
    pub(super) fn rhs(&mut self) -> ExprId {
        let outer = std::mem::replace(&mut self.in_rhs, true);
        let x = self.expr();
        self.in_rhs = outer;
        x
    }

    /// Expressions with commas between them.
    pub(super) fn exprs(&mut self, in_rhs: bool) -> List<ExprId> {
        let outer = std::mem::replace(&mut self.in_rhs, in_rhs);
        let from = self.scratch.exprs.len();
        let first = self.expr();
        self.scratch.exprs.push(first);
        self.more_exprs();
        self.in_rhs = outer;
        self.expr_list(from)
    }

    /// What follows the first of several expressions, onto the stack.
    pub(super) fn more_exprs(&mut self) {
        while self.at(Token::Comma) {
            self.next();
            let x = self.expr();
            self.scratch.exprs.push(x);
        }
    }

    /// The operators of at least a precedence that follow an operand. Chains grow in a loop, not in depth.
    pub(super) fn binary(&mut self, mut x: ExprId, least: u8) -> ExprId {
        let mut precedence = self.precedence();
        if precedence < least {
            return x;
        }
        let start = self.file.expr_span(x).start;
        let mut chain = 0;
        while precedence >= least {
            // `=` for `==`: an error.
            let op = if self.at(Token::Assign) { Token::Equal } else { self.token() };
            let op_pos = self.expect(op);
            let y = self.unary();
            let y = self.binary(y, precedence + 1);
            x = self.add_expr(start, Expr::Binary { op, op_pos, x, y });
            if self.too_long(&mut chain) {
                return x;
            }
            precedence = self.precedence();
        }
        x
    }

    #[inline]
    fn precedence(&self) -> u8 {
        if self.in_rhs && self.at(Token::Assign) { Token::Equal.precedence() } else { self.token().precedence() }
    }

    /// Counts a link of a chain.
    pub(super) fn too_long(&mut self, chain: &mut u32) -> bool {
        *chain += 1;
        if *chain + self.depth < CHAIN_MAX {
            return false;
        }
        self.give_up();
        true
    }

    /// An operand with the operators before it.
    pub(super) fn unary(&mut self) -> ExprId {
        let pos = self.pos();
        if self.too_deep() {
            self.leave();
            return self.add_bad_expr(pos);
        }
        let x = match self.token() {
            op @ (Token::Add | Token::Sub | Token::Not | Token::Xor | Token::And | Token::Tilde) => {
                self.next();
                let x = self.unary();
                self.add_expr(pos, Expr::Unary { op, x })
            }
            Token::Mul => {
                self.next();
                let x = self.unary();
                self.add_expr(pos, Expr::Star { x })
            }
            Token::Arrow => {
                self.next();
                let x = self.unary();
                if matches!(self.file.expr(x), Expr::ChanType { .. }) {
                    self.take_arrow(pos, x);
                    x
                } else {
                    self.add_expr(pos, Expr::Unary { op: Token::Arrow, x })
                }
            }
            _ => {
                let x = self.operand();
                self.primary(x)
            }
        };
        self.leave();
        x
    }

    /// Gives an arrow to the channel type behind it: `<- (chan T)` is `(<-chan T)`, and `<- (chan<- T)` is `(<-chan (<-T))`, so that the
    /// arrow of the one goes on to the next.
    fn take_arrow(&mut self, arrow: Pos, ty: ExprId) {
        let mut arrow = Some(arrow);
        let mut id = ty;
        loop {
            let Expr::ChanType { dir, arrow: own, value } = *self.file.expr(id) else {
                if let Some(arrow) = arrow {
                    self.error_expected(arrow, "channel type");
                }
                return;
            };
            if let (ChanDir::Receive, Some(own)) = (dir, own) {
                self.error_expected(own, "'chan'");
            }
            let place = &mut self.file.exprs[id.index()];
            place.node = Expr::ChanType { dir: ChanDir::Receive, arrow, value };
            place.span.start = arrow.unwrap_or(place.span.start);
            if dir != ChanDir::Send {
                return;
            }
            arrow = own;
            id = value;
        }
    }

    /// A name, a literal, something in parentheses, or a type that is not a name.
    #[inline]
    fn operand(&mut self) -> ExprId {
        let pos = self.pos();
        let kind = match self.token() {
            Token::Ident => {
                let name = self.names.symbol(&self.lexer);
                self.next();
                return self.add_expr(pos, Expr::Ident { name });
            }
            Token::String => Literal::String,
            Token::Int => Literal::Int,
            Token::Float => Literal::Float,
            Token::Imag => Literal::Imag,
            Token::Char => Literal::Char,
            _ => return self.other_operand(pos),
        };
        self.next();
        self.add_expr(pos, Expr::BasicLit { kind })
    }

    fn other_operand(&mut self, pos: Pos) -> ExprId {
        match self.token() {
            Token::LeftParen => {
                self.next();
                self.expr_level += 1;
                let x = self.rhs();
                self.expr_level -= 1;
                self.expect(Token::RightParen);
                return self.add_expr(pos, Expr::Paren { x });
            }
            Token::Func => {
                let ty = self.func_type();
                if !self.at(Token::LeftBrace) {
                    return ty;
                }
                self.expr_level += 1;
                let body = self.body();
                self.expr_level -= 1;
                let end = self.file.stmt_span(body).end;
                return self.add_expr_at(Span { start: pos, end }, Expr::FuncLit { ty, body });
            }
            _ => {}
        }
        if let Some(ty) = self.try_type() {
            return ty;
        }
        self.error_expected(pos, "operand");
        self.synchronise(starts_statement);
        self.add_bad_expr(pos)
    }

    /// The selectors, indices, calls and literal values that follow an operand. Chains grow in a loop, not in depth.
    pub(super) fn primary(&mut self, mut x: ExprId) -> ExprId {
        if !matches!(self.token(), Token::Period | Token::LeftParen | Token::LeftBracket | Token::LeftBrace) {
            return x;
        }
        let start = self.file.expr_span(x).start;
        let mut chain = 0;
        loop {
            x = match self.token() {
                Token::Period => self.selector_or_assertion(start, x),
                Token::LeftBracket => self.index_or_slice(start, x),
                Token::LeftParen => self.call(start, x),
                Token::LeftBrace => {
                    let ty = self.file.unparen(x);
                    if !self.is_literal_type(ty) {
                        return x;
                    }
                    if ty != x {
                        self.error(self.file.expr_span(ty).start, "cannot parenthesize type in composite literal");
                    }
                    self.literal_value(start, Some(x))
                }
                _ => return x,
            };
            if self.too_long(&mut chain) {
                return x;
            }
        }
    }

    /// Whether a `{` behind it opens a literal value. Behind a name in the header of a control clause it opens the body.
    fn is_literal_type(&self, ty: ExprId) -> bool {
        match self.file.expr(ty) {
            Expr::Bad | Expr::Ident { .. } | Expr::Selector { .. } | Expr::Index { .. } | Expr::IndexList { .. } => {
                self.expr_level >= 0
            }
            Expr::ArrayType { .. } | Expr::StructType { .. } | Expr::MapType { .. } => true,
            Expr::Ellipsis { .. }
            | Expr::BasicLit { .. }
            | Expr::FuncLit { .. }
            | Expr::CompositeLit { .. }
            | Expr::Paren { .. }
            | Expr::Slice { .. }
            | Expr::TypeAssert { .. }
            | Expr::Call { .. }
            | Expr::Star { .. }
            | Expr::Unary { .. }
            | Expr::Binary { .. }
            | Expr::KeyValue { .. }
            | Expr::FuncType { .. }
            | Expr::InterfaceType { .. }
            | Expr::ChanType { .. } => false,
        }
    }

    #[inline]
    fn selector_or_assertion(&mut self, start: Pos, x: ExprId) -> ExprId {
        self.next();
        if self.at(Token::Ident) {
            let sel = self.ident();
            return self.add_expr(start, Expr::Selector { x, sel });
        }
        let pos = self.pos();
        if self.at(Token::LeftParen) {
            self.next();
            let mut ty = None;
            if self.at(Token::Type) {
                self.next();
            } else {
                ty = Some(self.ty());
            }
            self.expect(Token::RightParen);
            return self.add_expr(start, Expr::TypeAssert { x, left_paren: pos, ty });
        }
        self.error_expected(pos, "selector or type assertion");
        if !self.at(Token::RightBrace) {
            self.next();
        }
        let sel = Ident { name: known::BLANK, pos };
        self.add_expr(start, Expr::Selector { x, sel })
    }

    /// `[…]` behind an operand: an index, a slice, or type arguments.
    fn index_or_slice(&mut self, start: Pos, x: ExprId) -> ExprId {
        let left_bracket = self.expect(Token::LeftBracket);
        if self.at(Token::RightBracket) {
            let pos = self.pos();
            self.error_expected(pos, "operand");
            let index = self.add_bad_expr(pos);
            self.next();
            return self.add_expr(start, Expr::Index { x, left_bracket, index });
        }
        self.expr_level += 1;
        let mut first = None;
        if !self.at(Token::Colon) {
            first = Some(self.rhs());
        }
        if self.at(Token::Colon) {
            return self.slice(start, x, left_bracket, first);
        }
        let from = self.scratch.exprs.len();
        self.scratch.exprs.extend(first);
        while self.at(Token::Comma) {
            self.next();
            if !self.at(Token::RightBracket) && !self.at(Token::Eof) {
                let argument = self.ty();
                self.scratch.exprs.push(argument);
            }
        }
        self.expr_level -= 1;
        self.expect(Token::RightBracket);
        self.index_expr(start, x, left_bracket, from)
    }

    /// What follows `x[low`, at the first colon.
    fn slice(&mut self, start: Pos, x: ExprId, left_bracket: Pos, low: Option<ExprId>) -> ExprId {
        let first_colon = self.pos();
        self.next();
        let mut high = self.slice_bound();
        let mut max = None;
        if self.at(Token::Colon) {
            let second_colon = self.pos();
            self.next();
            max = self.slice_bound();
            if high.is_none() {
                self.error(first_colon, "middle index required in 3-index slice");
                high = Some(self.add_bad_expr(second_colon));
            }
            if max.is_none() {
                self.error(second_colon, "final index required in 3-index slice");
                max = Some(self.add_bad_expr(self.pos()));
            }
        }
        self.expr_level -= 1;
        self.expect(Token::RightBracket);
        self.add_expr(start, Expr::Slice { x, left_bracket, low, high, max })
    }

    fn slice_bound(&mut self) -> Option<ExprId> {
        let none = matches!(self.token(), Token::Colon | Token::RightBracket | Token::Eof);
        if none { None } else { Some(self.rhs()) }
    }

    #[inline]
    fn call(&mut self, start: Pos, fun: ExprId) -> ExprId {
        let left_paren = self.expect(Token::LeftParen);
        self.expr_level += 1;
        let from = self.scratch.exprs.len();
        let mut ellipsis = None;
        while !self.at(Token::RightParen) && !self.at(Token::Eof) && ellipsis.is_none() {
            let argument = self.rhs();
            self.scratch.exprs.push(argument);
            if self.at(Token::Ellipsis) {
                ellipsis = Some(self.pos());
                self.next();
            }
            if !self.at_comma("argument list", Token::RightParen) {
                break;
            }
            self.next();
        }
        self.expr_level -= 1;
        self.expect_closing(Token::RightParen, "argument list");
        let args = self.expr_list(from);
        self.add_expr(start, Expr::Call { fun, left_paren, args, ellipsis })
    }

    /// `{…}` of a composite literal, which starts at `start` where it names its type.
    fn literal_value(&mut self, start: Pos, ty: Option<ExprId>) -> ExprId {
        if self.too_deep() {
            self.leave();
            return self.add_bad_expr(start);
        }
        let left_brace = self.expect(Token::LeftBrace);
        self.expr_level += 1;
        let from = self.scratch.exprs.len();
        while !self.at(Token::RightBrace) && !self.at(Token::Eof) {
            let element = self.element();
            self.scratch.exprs.push(element);
            if !self.at_comma("composite literal", Token::RightBrace) {
                break;
            }
            self.next();
        }
        self.expr_level -= 1;
        self.expect_closing(Token::RightBrace, "composite literal");
        let elts = self.expr_list(from);
        self.leave();
        self.add_expr(start, Expr::CompositeLit { ty, left_brace, elts })
    }

    fn element(&mut self) -> ExprId {
        let key = self.element_value();
        if !self.at(Token::Colon) {
            return key;
        }
        let colon = self.pos();
        self.next();
        let value = self.element_value();
        let start = self.file.expr_span(key).start;
        self.add_expr(start, Expr::KeyValue { key, colon, value })
    }

    fn element_value(&mut self) -> ExprId {
        if self.at(Token::LeftBrace) { self.literal_value(self.pos(), None) } else { self.expr() }
    }
}
