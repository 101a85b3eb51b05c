//! Lists of parameters and of type parameters, where names and types look alike until the list is at its end.

use super::{Parser, ends_expression};
use crate::ast::{Expr, ExprId, Field, FieldId, FieldListId, Ident, List, Pos, Span};
use crate::intern::known;
use crate::token::Token;

/// One parameter: a name, a type, or both.
#[derive(Clone, Copy)]
struct Parameter {
    name: Option<Ident>,
    ty: Option<ExprId>,
}

impl Parser<'_> {
    /// `(…)`
    pub(super) fn parameters(&mut self) -> FieldListId {
        self.parenthesised(true)
    }

    /// `(…)`, a lone type, or nothing.
    pub(super) fn results(&mut self) -> Option<FieldListId> {
        if self.at(Token::LeftParen) {
            return Some(self.parenthesised(false));
        }
        let ty = self.try_type()?;
        let span = self.file.expr_span(ty);
        let field = self.add_field(span, Field { doc: None, names: List::EMPTY, ty, tag: None, comment: None });
        let from = self.scratch.fields.len();
        self.scratch.fields.push(field);
        let fields = self.field_list(from);
        Some(self.add_field_list(None, fields, None))
    }

    fn parenthesised(&mut self, variadic: bool) -> FieldListId {
        let opening = self.expect(Token::LeftParen);
        let mut fields = List::EMPTY;
        if !self.at(Token::RightParen) {
            fields = self.parameter_list(None, Token::RightParen, variadic);
        }
        let closing = self.expect(Token::RightParen);
        self.add_field_list(Some(opening), fields, Some(closing))
    }

    /// `[…]`, of which at least one is asked.
    pub(super) fn type_parameters(&mut self) -> Option<FieldListId> {
        let opening = self.expect(Token::LeftBracket);
        let mut fields = List::EMPTY;
        if !self.at(Token::RightBracket) {
            fields = self.parameter_list(None, Token::RightBracket, false);
        }
        let closing = self.expect(Token::RightBracket);
        if fields.is_empty() {
            self.error(closing, "empty type parameter list");
            return None;
        }
        Some(self.add_field_list(Some(opening), fields, Some(closing)))
    }

    /// Parameters up to `closing`, which is `]` for type parameters. The first name, and its type, may have been taken already.
    pub(super) fn parameter_list(
        &mut self,
        first: Option<(Ident, Option<ExprId>)>,
        closing: Token,
        variadic: bool,
    ) -> List<FieldId> {
        let generic = closing == Token::RightBracket;
        let start = first.map_or(self.pos(), |(name, _)| name.pos);
        let mut first = first;
        // Most lists are short, but they are within each other.
        let mut list: Vec<Parameter> = Vec::new();
        while first.is_some() || !self.at(closing) && !self.at(Token::Eof) {
            let parameter = match first.take() {
                Some((name, Some(ty))) => {
                    let ty = if generic { self.embedded_elem(Some(ty)) } else { ty };
                    Parameter { name: Some(name), ty: Some(ty) }
                }
                Some((name, None)) => self.parameter(Some(name), generic),
                None => self.parameter(None, generic),
            };
            if parameter.name.is_some() || parameter.ty.is_some() {
                list.push(parameter);
            }
            if !self.at_comma("parameter list", closing) {
                break;
            }
            self.next();
        }
        if list.is_empty() {
            return List::EMPTY;
        }
        let named = self.distribute(&mut list, start, generic);
        self.check_ellipses(&mut list, variadic);
        self.group(&list, named)
    }

    /// One parameter, as far as it can be told alone: a name by itself may prove to be a type. The name may have been taken already.
    fn parameter(&mut self, name: Option<Ident>, generic: bool) -> Parameter {
        let mut found = Parameter { name, ty: None };
        if name.is_none() && generic && self.at(Token::Tilde) {
            found.ty = Some(self.embedded_elem(None));
            return found;
        }
        let token = if name.is_some() { Token::Ident } else { self.token() };
        match token {
            Token::Ident => {
                let name = match name {
                    Some(name) => name,
                    None => self.ident(),
                };
                found.name = Some(name);
                match self.token() {
                    Token::Ident
                    | Token::Mul
                    | Token::Arrow
                    | Token::Func
                    | Token::Chan
                    | Token::Map
                    | Token::Struct
                    | Token::Interface
                    | Token::LeftParen => found.ty = Some(self.ty()),
                    Token::LeftBracket => {
                        let (array, ty) = self.array_or_instance(name);
                        found.ty = Some(ty);
                        if !array {
                            found.name = None;
                        }
                    }
                    Token::Ellipsis => {
                        found.ty = Some(self.dots_type());
                        return found;
                    }
                    Token::Period => {
                        found.ty = Some(self.qualified_ident(Some(name)));
                        found.name = None;
                    }
                    Token::Tilde if generic => {
                        found.ty = Some(self.embedded_elem(None));
                        return found;
                    }
                    Token::Or if generic => {
                        let ty = self.add_ident_expr(name);
                        found.ty = Some(self.embedded_elem(Some(ty)));
                        found.name = None;
                        return found;
                    }
                    _ => {}
                }
            }
            Token::Mul
            | Token::Arrow
            | Token::Func
            | Token::LeftBracket
            | Token::Chan
            | Token::Map
            | Token::Struct
            | Token::Interface
            | Token::LeftParen => found.ty = Some(self.ty()),
            Token::Ellipsis => {
                found.ty = Some(self.dots_type());
                return found;
            }
            _ => {
                self.error_expected(self.pos(), "')'");
                self.synchronise(ends_expression);
            }
        }
        if generic
            && self.at(Token::Or)
            && let Some(ty) = found.ty
        {
            found.ty = Some(self.embedded_elem(Some(ty)));
        }
        found
    }

    fn dots_type(&mut self) -> ExprId {
        let pos = self.expect(Token::Ellipsis);
        let elt = self.ty();
        self.add_expr(pos, Expr::Ellipsis { elt: Some(elt) })
    }

    /// Decides which of the names are types, and gives each name its type, which is that of the next one where it has none. Tells whether
    /// the parameters have names.
    fn distribute(&mut self, list: &mut [Parameter], start: Pos, generic: bool) -> bool {
        let named = list.iter().filter(|parameter| parameter.name.is_some() && parameter.ty.is_some()).count();
        let typed = list.iter().filter(|parameter| parameter.ty.is_some()).count();
        if named == 0 {
            for parameter in list.iter_mut() {
                if let Some(name) = parameter.name.take() {
                    let span = Span { start: name.pos, end: self.file_ident_end(name) };
                    parameter.ty = Some(self.add_expr_at(span, Expr::Ident { name: name.name }));
                }
            }
            if generic && typed == 0 {
                self.error(self.pos(), "missing type constraint");
            } else if generic {
                self.error(start, missing_type_parameter(list.len()));
            }
            return false;
        }
        if named == list.len() {
            return true;
        }
        let count = list.len();
        let mut wrong = None;
        let mut current = None;
        for parameter in list.iter_mut().rev() {
            if let Some(ty) = parameter.ty {
                current = Some(ty);
                if parameter.name.is_none() {
                    let pos = self.file.expr_span(ty).start;
                    wrong = Some(pos);
                    parameter.name = Some(Ident { name: known::BLANK, pos });
                }
            } else if current.is_some() {
                parameter.ty = current;
            } else if let Some(name) = parameter.name {
                wrong = Some(name.pos);
                parameter.ty = Some(self.add_bad_expr(name.pos));
            }
        }
        if let Some(pos) = wrong {
            match (named == typed, generic) {
                (true, true) => self.error(self.pos(), "missing type constraint"),
                (true, false) => self.error(self.pos(), "missing parameter type"),
                (false, true) => self.error(pos, missing_type_parameter(count)),
                (false, false) => self.error(pos, "missing parameter name"),
            }
        }
        true
    }

    /// `...` stands before the type of the last parameter only, and only of those between parentheses that are no results.
    fn check_ellipses(&mut self, list: &mut [Parameter], variadic: bool) {
        let final_number = list.len() - 1;
        let mut told = false;
        for (number, parameter) in list.iter_mut().enumerate() {
            let Some(ty) = parameter.ty else { continue };
            if !matches!(self.file.expr(ty), Expr::Ellipsis { .. }) || variadic && number == final_number {
                continue;
            }
            let span = self.file.expr_span(ty);
            if !told {
                told = true;
                let message = if variadic { "can only use ... with final parameter" } else { "invalid use of ..." };
                self.error(span.start, message);
            }
            parameter.ty = Some(self.add_expr_at(span, Expr::Bad));
        }
    }

    /// Puts names that follow each other and share a type into one field.
    fn group(&mut self, list: &[Parameter], with_names: bool) -> List<FieldId> {
        let from = self.scratch.fields.len();
        for group in list.chunk_by(|one, next| with_names && one.ty == next.ty) {
            let Some(ty) = group.first().and_then(|parameter| parameter.ty) else { continue };
            let first = self.file.idents.len();
            self.file.idents.extend(group.iter().filter_map(|parameter| parameter.name));
            let names = self.idents_since(first);
            let span = self.file.expr_span(ty);
            let start = group.first().and_then(|parameter| parameter.name).map_or(span.start, |name| name.pos);
            let field = Field { doc: None, names, ty, tag: None, comment: None };
            let field = self.add_field(Span { start, end: span.end }, field);
            self.scratch.fields.push(field);
        }
        self.field_list(from)
    }
}

fn missing_type_parameter(count: usize) -> &'static str {
    if count == 1 { "missing type parameter name or invalid array length" } else { "missing type parameter name" }
}
