//! Types: names, instances, arrays, structs, functions, interfaces, maps, channels.

use super::{Parser, ends_expression};
use crate::ast::{ChanDir, Expr, ExprId, Field, FieldId, FieldListId, Ident, List, Literal, Pos, Span};
use crate::intern::known;
use crate::token::Token;

impl Parser<'_> {
    /// A type; [`Expr::Bad`] and an error where there is none.
    pub(super) fn ty(&mut self) -> ExprId {
        if let Some(ty) = self.try_type() {
            return ty;
        }
        let pos = self.pos();
        self.error_expected(pos, "type");
        self.synchronise(ends_expression);
        self.add_bad_expr(pos)
    }

    /// A type, where one starts here.
    pub(super) fn try_type(&mut self) -> Option<ExprId> {
        if self.too_deep() {
            self.leave();
            return None;
        }
        let pos = self.pos();
        let ty = match self.token() {
            Token::Ident => {
                let ty = self.type_name(None);
                if self.at(Token::LeftBracket) { self.type_instance(ty) } else { ty }
            }
            Token::LeftBracket => {
                self.next();
                self.array_type(pos, None)
            }
            Token::Struct => self.struct_type(),
            Token::Mul => {
                self.next();
                let x = self.ty();
                self.add_expr(pos, Expr::Star { x })
            }
            Token::Func => self.func_type(),
            Token::Interface => self.interface_type(),
            Token::Map => self.map_type(),
            Token::Chan | Token::Arrow => self.chan_type(),
            Token::LeftParen => {
                self.next();
                let x = self.ty();
                self.expect(Token::RightParen);
                self.add_expr(pos, Expr::Paren { x })
            }
            _ => {
                self.leave();
                return None;
            }
        };
        self.leave();
        Some(ty)
    }

    /// `name` or `package.name`; the first name may have been taken already.
    pub(super) fn type_name(&mut self, ident: Option<Ident>) -> ExprId {
        let ident = match ident {
            Some(ident) => ident,
            None => self.ident(),
        };
        let x = self.add_ident_expr(ident);
        if !self.at(Token::Period) {
            return x;
        }
        self.next();
        let sel = self.ident();
        self.add_expr(ident.pos, Expr::Selector { x, sel })
    }

    /// `name`, `package.name`, either with type arguments.
    pub(super) fn qualified_ident(&mut self, ident: Option<Ident>) -> ExprId {
        let ty = self.type_name(ident);
        if self.at(Token::LeftBracket) { self.type_instance(ty) } else { ty }
    }

    /// `[A, B]` behind a type's name.
    pub(super) fn type_instance(&mut self, ty: ExprId) -> ExprId {
        let start = self.file.expr_span(ty).start;
        let left_bracket = self.expect(Token::LeftBracket);
        let from = self.scratch.exprs.len();
        self.expr_level += 1;
        self.type_arguments();
        self.expr_level -= 1;
        let closing = self.expect_closing(Token::RightBracket, "type argument list");
        if self.scratch.exprs.len() > from {
            return self.index_expr(start, ty, left_bracket, from);
        }
        self.error_expected(closing, "type argument list");
        let index = self.add_bad_expr(closing);
        self.add_expr(start, Expr::Index { x: ty, left_bracket, index })
    }

    /// Types up to `]`, onto the stack.
    fn type_arguments(&mut self) {
        while !self.at(Token::RightBracket) && !self.at(Token::Eof) {
            let argument = self.ty();
            self.scratch.exprs.push(argument);
            if !self.at_comma("type argument list", Token::RightBracket) {
                break;
            }
            self.next();
        }
    }

    /// `x[…]` with the expressions above `from` on the stack, of which there is at least one.
    pub(super) fn index_expr(&mut self, start: Pos, x: ExprId, left_bracket: Pos, from: usize) -> ExprId {
        if self.scratch.exprs.len() == from + 1
            && let Some(index) = self.scratch.exprs.pop()
        {
            return self.add_expr(start, Expr::Index { x, left_bracket, index });
        }
        let indices = self.expr_list(from);
        self.add_expr(start, Expr::IndexList { x, left_bracket, indices })
    }

    /// What follows the `[` at `left_bracket` of an array or slice type; the length may have been taken already.
    pub(super) fn array_type(&mut self, left_bracket: Pos, len: Option<ExprId>) -> ExprId {
        let mut len = len;
        if len.is_none() {
            self.expr_level += 1;
            if self.at(Token::Ellipsis) {
                let pos = self.pos();
                self.next();
                len = Some(self.add_expr(pos, Expr::Ellipsis { elt: None }));
            } else if !self.at(Token::RightBracket) {
                len = Some(self.rhs());
            }
            self.expr_level -= 1;
        }
        if self.at(Token::Comma) {
            self.error(self.pos(), "unexpected comma; expecting ]");
            self.next();
        }
        self.expect(Token::RightBracket);
        let elt = self.ty();
        self.add_expr(left_bracket, Expr::ArrayType { len, elt })
    }

    fn struct_type(&mut self) -> ExprId {
        let pos = self.expect(Token::Struct);
        let opening = self.expect(Token::LeftBrace);
        let from = self.scratch.fields.len();
        while matches!(self.token(), Token::Ident | Token::Mul | Token::LeftParen) {
            let field = self.field_decl();
            self.scratch.fields.push(field);
        }
        let closing = self.expect(Token::RightBrace);
        let list = self.field_list(from);
        let fields = self.add_field_list(Some(opening), list, Some(closing));
        self.add_expr(pos, Expr::StructType { fields })
    }

    /// `a, b T "tag"`, `T`, `*p.T`.
    fn field_decl(&mut self) -> FieldId {
        let doc = self.lead_comment;
        let pos = self.pos();
        let mut names = List::EMPTY;
        let ty = match self.token() {
            Token::Ident => {
                let name = self.ident();
                match self.token() {
                    Token::Period => self.qualified_ident(Some(name)),
                    Token::String | Token::Semicolon | Token::RightBrace => self.add_ident_expr(name),
                    Token::LeftBracket => {
                        let (array, ty) = self.array_or_instance(name);
                        if array {
                            names = self.one_ident(name);
                        }
                        ty
                    }
                    _ => {
                        let first = self.file.idents.len();
                        self.file.idents.push(name);
                        while self.at(Token::Comma) {
                            self.next();
                            let name = self.ident();
                            self.file.idents.push(name);
                        }
                        names = self.idents_since(first);
                        self.ty()
                    }
                }
            }
            Token::Mul => {
                self.next();
                let x = self.embedded_type();
                self.add_expr(pos, Expr::Star { x })
            }
            Token::LeftParen => {
                self.error(pos, "cannot parenthesize embedded type");
                self.next();
                let star = self.pos();
                let ty = if self.at(Token::Mul) {
                    self.next();
                    let x = self.qualified_ident(None);
                    self.add_expr(star, Expr::Star { x })
                } else {
                    self.qualified_ident(None)
                };
                if self.at(Token::RightParen) {
                    self.next();
                }
                ty
            }
            _ => {
                self.error_expected(pos, "field name or embedded type");
                self.synchronise(ends_expression);
                self.add_bad_expr(pos)
            }
        };
        let mut tag = None;
        if self.at(Token::String) {
            let pos = self.pos();
            self.next();
            tag = Some(self.add_expr(pos, Expr::BasicLit { kind: Literal::String }));
        }
        let span = self.span_from(pos);
        let comment = self.expect_semicolon();
        self.add_field(span, Field { doc, names, ty, tag, comment })
    }

    /// What follows the `*` of an embedded type.
    fn embedded_type(&mut self) -> ExprId {
        if !self.at(Token::LeftParen) {
            return self.qualified_ident(None);
        }
        self.error(self.pos(), "cannot parenthesize embedded type");
        self.next();
        let ty = self.qualified_ident(None);
        if self.at(Token::RightParen) {
            self.next();
        }
        ty
    }

    /// `[N]T` or `[]T` behind a name that is a field's or a parameter's, or `[A, B]` behind one that is a generic type. Tells whether it is the
    /// former, and the type, of which the name is part in the latter case.
    pub(super) fn array_or_instance(&mut self, name: Ident) -> (bool, ExprId) {
        let left_bracket = self.expect(Token::LeftBracket);
        let mut trailing_comma = None;
        let from = self.scratch.exprs.len();
        if !self.at(Token::RightBracket) {
            self.expr_level += 1;
            let first = self.rhs();
            self.scratch.exprs.push(first);
            while self.at(Token::Comma) {
                let comma = self.pos();
                self.next();
                if self.at(Token::RightBracket) {
                    trailing_comma = Some(comma);
                    break;
                }
                let argument = self.rhs();
                self.scratch.exprs.push(argument);
            }
            self.expr_level -= 1;
        }
        self.expect(Token::RightBracket);
        match self.scratch.exprs.get(from..) {
            None | Some([]) => {
                let elt = self.ty();
                return (true, self.add_expr(left_bracket, Expr::ArrayType { len: None, elt }));
            }
            Some(&[len]) => {
                if let Some(elt) = self.try_type() {
                    if let Some(comma) = trailing_comma {
                        self.error(comma, "unexpected comma; expecting ]");
                    }
                    self.scratch.exprs.truncate(from);
                    return (true, self.add_expr(left_bracket, Expr::ArrayType { len: Some(len), elt }));
                }
            }
            Some(_) => {}
        }
        let x = self.add_expr_at(Span { start: name.pos, end: self.file_ident_end(name) }, Expr::Ident { name: name.name });
        (false, self.index_expr(name.pos, x, left_bracket, from))
    }

    /// Where a name that was taken earlier ends.
    pub(super) fn file_ident_end(&self, ident: Ident) -> Pos {
        let len = if ident.name == known::BLANK { 1 } else { self.names.text_len(ident.name) };
        Pos::at(ident.pos.offset() + len)
    }

    pub(super) fn func_type(&mut self) -> ExprId {
        let pos = self.expect(Token::Func);
        if self.at(Token::LeftBracket) {
            let opening = self.pos();
            if self.type_parameters().is_some() {
                self.error(opening, "function type must have no type parameters");
            }
        }
        self.signature(pos, Some(pos), None)
    }

    /// Parameters and results.
    pub(super) fn signature(&mut self, start: Pos, func: Option<Pos>, type_params: Option<FieldListId>) -> ExprId {
        let params = self.parameters();
        let results = self.results();
        self.add_expr(start, Expr::FuncType { func, type_params, params, results })
    }

    fn interface_type(&mut self) -> ExprId {
        let pos = self.expect(Token::Interface);
        let opening = self.expect(Token::LeftBrace);
        let from = self.scratch.fields.len();
        loop {
            let start = self.pos();
            let mut doc = None;
            let mut names = List::EMPTY;
            let ty = match self.token() {
                Token::Ident => {
                    doc = self.lead_comment;
                    let (name, ty) = self.method_spec();
                    match name {
                        Some(name) => {
                            names = self.one_ident(name);
                            ty
                        }
                        None => self.embedded_elem(Some(ty)),
                    }
                }
                Token::Tilde => self.embedded_elem(None),
                _ => match self.try_type() {
                    Some(ty) => self.embedded_elem(Some(ty)),
                    None => break,
                },
            };
            let span = self.span_from(start);
            let comment = self.expect_semicolon();
            let field = self.add_field(span, Field { doc, names, ty, tag: None, comment });
            self.scratch.fields.push(field);
        }
        let closing = self.expect(Token::RightBrace);
        let list = self.field_list(from);
        let methods = self.add_field_list(Some(opening), list, Some(closing));
        self.add_expr(pos, Expr::InterfaceType { methods })
    }

    /// A method with its name, or an embedded type.
    fn method_spec(&mut self) -> (Option<Ident>, ExprId) {
        let name = self.ident();
        match self.token() {
            Token::LeftParen => (Some(name), self.signature(self.pos(), None, None)),
            Token::LeftBracket => self.generic_method_or_instance(name),
            _ => (None, self.qualified_ident(Some(name))),
        }
    }

    /// `[…]` behind a name in an interface: type arguments, or type parameters, which a method may not have there.
    fn generic_method_or_instance(&mut self, name: Ident) -> (Option<Ident>, ExprId) {
        let ty = self.add_ident_expr(name);
        let left_bracket = self.pos();
        self.next();
        self.expr_level += 1;
        let x = self.expr();
        self.expr_level -= 1;
        if let Expr::Ident { name: first } = *self.file.expr(x)
            && !self.at(Token::Comma)
            && !self.at(Token::RightBracket)
        {
            let first = Ident { name: first, pos: self.file.expr_span(x).start };
            self.parameter_list(Some((first, None)), Token::RightBracket, false);
            self.expect(Token::RightBracket);
            self.error(left_bracket, "interface method must have no type parameters");
            return (Some(name), self.signature(self.pos(), None, None));
        }
        let from = self.scratch.exprs.len();
        self.scratch.exprs.push(x);
        if self.at_comma("type argument list", Token::RightBracket) {
            self.expr_level += 1;
            self.next();
            self.type_arguments();
            self.expr_level -= 1;
        }
        self.expect_closing(Token::RightBracket, "type argument list");
        (None, self.index_expr(name.pos, ty, left_bracket, from))
    }

    /// `A | ~B | C`; the first term may have been taken already.
    pub(super) fn embedded_elem(&mut self, x: Option<ExprId>) -> ExprId {
        let mut x = match x {
            Some(x) => x,
            None => self.embedded_term(),
        };
        while self.at(Token::Or) {
            let op_pos = self.pos();
            self.next();
            let y = self.embedded_term();
            let start = self.file.expr_span(x).start;
            x = self.add_expr(start, Expr::Binary { op: Token::Or, op_pos, x, y });
        }
        x
    }

    fn embedded_term(&mut self) -> ExprId {
        let pos = self.pos();
        if self.at(Token::Tilde) {
            self.next();
            let x = self.ty();
            return self.add_expr(pos, Expr::Unary { op: Token::Tilde, x });
        }
        if let Some(ty) = self.try_type() {
            return ty;
        }
        self.error_expected(pos, "~ term or type");
        self.synchronise(ends_expression);
        self.add_bad_expr(pos)
    }

    fn map_type(&mut self) -> ExprId {
        let pos = self.expect(Token::Map);
        self.expect(Token::LeftBracket);
        let key = self.ty();
        self.expect(Token::RightBracket);
        let value = self.ty();
        self.add_expr(pos, Expr::MapType { key, value })
    }

    fn chan_type(&mut self) -> ExprId {
        let pos = self.pos();
        let mut dir = ChanDir::Both;
        let mut arrow = None;
        if self.at(Token::Chan) {
            self.next();
            if self.at(Token::Arrow) {
                arrow = Some(self.pos());
                self.next();
                dir = ChanDir::Send;
            }
        } else {
            arrow = Some(self.expect(Token::Arrow));
            self.expect(Token::Chan);
            dir = ChanDir::Receive;
        }
        let value = self.ty();
        self.add_expr(pos, Expr::ChanType { dir, arrow, value })
    }
}
