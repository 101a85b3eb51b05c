//! Declarations, and the file they make.

use super::{Mode, Parser, ends_expression, starts_general_declaration};
use crate::ast::{CommentGroupId, Decl, DeclId, Expr, ExprId, Ident, List, Pos, Span, Spanned, Spec, SpecId, Stmt};
use crate::intern::known;
use crate::literal;
use crate::token::Token;

impl Parser<'_> {
    /// The whole file, or as much as the mode asks for. Nothing behind a package clause that is none: then it is likely no Go.
    pub(super) fn file(&mut self) {
        self.advance(None);
        if !self.lexer.errors.is_empty() {
            return;
        }
        self.file.doc = self.lead_comment;
        let package = self.expect_some(Token::Package);
        let name = self.ident();
        self.expect_semicolon();
        self.file.package = package;
        self.file.name = package.map(|_| name);
        if !self.lexer.errors.is_empty() {
            return;
        }
        while self.at(Token::Import) {
            self.top_decl();
            self.release();
        }
        if self.mode == Mode::Imports {
            return;
        }
        let mut last = Token::Import;
        while !self.at(Token::Eof) || self.release() {
            if self.at(Token::Import) && last != Token::Import {
                self.error(self.pos(), "imports must appear before other declarations");
            }
            last = self.token();
            self.top_decl();
        }
    }

    fn top_decl(&mut self) {
        self.broken = false;
        self.suspect = None;
        self.depth = 1;
        self.expr_level = 0;
        self.in_rhs = false;
        let decl = self.decl(starts_general_declaration);
        self.file.decls.push(decl);
        if self.broken
            && let Some(mark) = self.suspect
            && self.rewind_to(mark)
        {
            self.give_up_body(decl);
        }
        self.depth = 0;
    }

    /// Leaves nothing of a body that took the declarations behind it for its own.
    fn give_up_body(&mut self, decl: DeclId) {
        let end = self.taken_end();
        if let Decl::Func { body: Some(body), .. } = *self.file.decl(decl) {
            let start = self.file.stmt_span(body).start;
            let end = end.max(start);
            self.file.stmts[body.index()] = Spanned { node: Stmt::Bad, span: Span { start, end } };
            self.file.all_decls[decl.index()].span.end = end;
        }
    }

    /// A declaration; where none starts, up to where one may.
    pub(super) fn decl(&mut self, sync: fn(Token) -> bool) -> DeclId {
        match self.token() {
            Token::Import | Token::Const | Token::Var | Token::Type => self.gen_decl(),
            Token::Func => self.func_decl(),
            _ => {
                let pos = self.pos();
                self.error_expected(pos, "declaration");
                self.synchronise(sync);
                let span = Span { start: pos, end: self.pos() };
                self.add_decl(span, Decl::Bad)
            }
        }
    }

    fn gen_decl(&mut self) -> DeclId {
        let doc = self.lead_comment;
        let (keyword, pos) = (self.token(), self.pos());
        self.next();
        let from = self.scratch.specs.len();
        let mut left_paren = None;
        let end;
        if self.at(Token::LeftParen) {
            left_paren = Some(self.pos());
            self.next();
            while !self.at(Token::RightParen) && !self.at(Token::Eof) {
                let doc = self.lead_comment;
                let spec = self.spec(keyword, doc);
                self.scratch.specs.push(spec);
            }
            self.expect(Token::RightParen);
            end = self.taken_end();
            self.expect_semicolon();
        } else {
            let spec = self.spec(keyword, None);
            end = self.file.spec_span(spec).end;
            self.scratch.specs.push(spec);
        }
        let specs = self.spec_list(from);
        self.add_decl(Span { start: pos, end }, Decl::Gen { keyword, doc, left_paren, specs })
    }

    fn spec(&mut self, keyword: Token, doc: Option<CommentGroupId>) -> SpecId {
        match keyword {
            Token::Import => self.import_spec(doc),
            Token::Type => self.type_spec(doc),
            _ => self.value_spec(doc, keyword),
        }
    }

    fn import_spec(&mut self, doc: Option<CommentGroupId>) -> SpecId {
        let start = self.pos();
        let mut name = None;
        if self.at(Token::Ident) {
            name = Some(self.ident());
        } else if self.at(Token::Period) {
            name = Some(Ident { name: known::DOT, pos: start });
            self.next();
        }
        let pos = self.pos();
        let mut path_span = Span { start: pos, end: pos };
        let mut path = known::EMPTY;
        if self.at(Token::String) {
            path_span.end = Pos::at(self.lexer.end);
            if let Some(text) = literal::string(self.lexer.text())
                && let Ok(text) = std::str::from_utf8(&text)
            {
                path = self.names.intern(text);
            }
            self.next();
        } else if self.token().is_literal() {
            self.error(pos, "import path must be a string");
            self.next();
        } else {
            self.error(pos, "missing import path");
            self.synchronise(ends_expression);
        }
        let comment = self.expect_semicolon();
        let spec = self.add_spec(Span { start, end: path_span.end }, Spec::Import { doc, name, path, path_span, comment });
        self.file.imports.push(spec);
        spec
    }

    fn value_spec(&mut self, doc: Option<CommentGroupId>, keyword: Token) -> SpecId {
        let start = self.pos();
        let first = self.file.idents.len();
        loop {
            let name = self.ident();
            self.file.idents.push(name);
            if !self.at(Token::Comma) {
                break;
            }
            self.next();
        }
        let names = self.idents_since(first);
        let mut ty = None;
        let mut assigned = self.at(Token::Assign);
        if keyword == Token::Var {
            if !assigned {
                ty = Some(self.ty());
                assigned = self.at(Token::Assign);
            }
        } else if matches!(self.token(), Token::Eof | Token::Semicolon | Token::RightParen) {
            assigned = false;
        } else {
            ty = self.try_type();
            assigned = self.at(Token::Assign);
        }
        let mut values = List::EMPTY;
        if assigned {
            self.next();
            values = self.exprs(true);
        }
        let span = self.span_from(start);
        let comment = self.expect_semicolon();
        self.add_spec(span, Spec::Value { doc, names, ty, values, comment })
    }

    fn type_spec(&mut self, doc: Option<CommentGroupId>) -> SpecId {
        let name = self.ident();
        let mut type_params = None;
        let mut assign = None;
        let ty;
        if self.at(Token::LeftBracket) {
            let left_bracket = self.pos();
            self.next();
            let first = if self.at(Token::Ident) { Some(self.length_or_type_parameter()) } else { None };
            if let Some(x) = first
                && let Some((parameter, constraint)) = self.split_name(x)
                && (constraint.is_some() || !self.at(Token::RightBracket))
            {
                let fields = self.parameter_list(Some((parameter, constraint)), Token::RightBracket, false);
                let closing = self.expect(Token::RightBracket);
                type_params = Some(self.add_field_list(Some(left_bracket), fields, Some(closing)));
                assign = self.alias_sign();
                ty = self.ty();
            } else {
                ty = self.array_type(left_bracket, first);
            }
        } else {
            assign = self.alias_sign();
            ty = self.ty();
        }
        let span = self.span_from(name.pos);
        let comment = self.expect_semicolon();
        self.add_spec(span, Spec::Type { doc, name, type_params, assign, ty, comment })
    }

    /// The `=` of an alias.
    fn alias_sign(&mut self) -> Option<Pos> {
        let pos = self.at(Token::Assign).then(|| self.pos());
        if pos.is_some() {
            self.next();
        }
        pos
    }

    /// What follows `type T[`, where a name does: a length, or a type parameter and what looks like the rest of an expression with it. A `[`
    /// behind the name starts a constraint: an element of something is no constant.
    fn length_or_type_parameter(&mut self) -> ExprId {
        let name = self.ident();
        let x = self.add_ident_expr(name);
        if self.at(Token::LeftBracket) {
            return x;
        }
        self.expr_level += 1;
        let x = self.primary(x);
        let x = self.binary(x, 1);
        self.expr_level -= 1;
        x
    }

    /// Splits what was read as `P *C`, `P (C)` or `P *C|D` into the name of a type parameter and its constraint, where it can only be that,
    /// or a comma follows; a name alone has no constraint. Otherwise the expression stays as it is.
    fn split_name(&mut self, x: ExprId) -> Option<(Ident, Option<ExprId>)> {
        if let Expr::Ident { name } = *self.file.expr(x) {
            return Some((Ident { name, pos: self.file.expr_span(x).start }, None));
        }
        // Down the terms `P *C|D|E`, the rightmost first, to the one with the name.
        let mut certain = self.at(Token::Comma);
        let mut terms = Vec::new();
        let mut id = x;
        while let Expr::Binary { op: Token::Or, x, y, .. } = *self.file.expr(id) {
            certain |= self.is_type_element(y);
            terms.push(id);
            id = x;
        }
        let (named, constraint, start, operand) = if let Expr::Binary { op: Token::Mul, op_pos, x, y } = *self.file.expr(id) {
            (x, Expr::Star { x: y }, op_pos, y)
        } else if let Expr::Call { fun, left_paren, args, ellipsis: None } = *self.file.expr(id)
            && let [x] = *self.file.list(args)
        {
            (fun, Expr::Paren { x }, left_paren, x)
        } else {
            return None;
        };
        if !certain && !self.is_type_element(operand) {
            return None;
        }
        let Expr::Ident { name } = *self.file.expr(named) else { return None };
        self.file.exprs[id.index()].node = constraint;
        for term in std::iter::once(id).chain(terms) {
            self.file.exprs[term.index()].span.start = start;
        }
        Some((Ident { name, pos: self.file.expr_span(named).start }, Some(x)))
    }

    /// Whether an expression can only be a type or a union of types.
    fn is_type_element(&self, x: ExprId) -> bool {
        let mut open = vec![x];
        while let Some(id) = open.pop() {
            let expr = *self.file.expr(id);
            if expr.is_type_literal() || matches!(expr, Expr::Unary { op: Token::Tilde, .. }) {
                return true;
            }
            if let Expr::Binary { x, y, .. } = expr {
                open.extend([x, y]);
            } else if let Expr::Paren { x } = expr {
                open.push(x);
            }
        }
        false
    }

    fn func_decl(&mut self) -> DeclId {
        let doc = self.lead_comment;
        let pos = self.expect(Token::Func);
        let recv = if self.at(Token::LeftParen) { Some(self.parameters()) } else { None };
        let name = self.ident();
        let type_params = if self.at(Token::LeftBracket) { self.type_parameters() } else { None };
        let ty = self.signature(pos, Some(pos), type_params);
        let mut body = None;
        match self.token() {
            Token::LeftBrace => {
                body = Some(self.body());
                self.expect_semicolon();
            }
            Token::Semicolon => {
                self.next();
                if self.at(Token::LeftBrace) {
                    self.error(self.pos(), "unexpected semicolon or newline before {");
                    body = Some(self.body());
                    self.expect_semicolon();
                }
            }
            _ => {
                self.expect_semicolon();
            }
        }
        let end = body.map_or(self.file.expr_span(ty).end, |body| self.file.stmt_span(body).end);
        self.add_decl(Span { start: pos, end }, Decl::Func { doc, recv, name, ty, body })
    }
}
