//! Types as they are written.

use super::check::Checker;
use super::interfaces::Building;
use super::operand::{Mode, Operand};
use super::output::Meaning;
use super::table::{Field, Method, Signature, Term, Type, TypeId};
use crate::ast::{ChanDir, Expr, ExprId, FieldListId};
use crate::intern::{Symbol, known};
use crate::token::Token;

/// Parts of a union beyond which it is unknown.
const PARTS_MAX: usize = 1000;

impl Checker<'_> {
    /// The type an expression denotes; unknown where it is a value.
    pub(super) fn typ(&mut self, id: ExprId) -> TypeId {
        match self.raw(id, TypeId::UNKNOWN) {
            Operand { mode: Mode::Type, ty, .. } => ty,
            _ => TypeId::UNKNOWN,
        }
    }

    /// As it stands before a parameter: `...T` is a slice.
    fn param_type(&mut self, id: ExprId) -> (TypeId, bool) {
        match *self.file.expr(id) {
            Expr::Ellipsis { elt: Some(elt) } => {
                let element = self.typ(elt);
                let slice = self.t.table.slice(element);
                self.record_type(id, slice);
                (slice, true)
            }
            _ => (self.typ(id), false),
        }
    }

    pub(super) fn array_type(&mut self, len: Option<ExprId>, elt: ExprId) -> TypeId {
        let Some(len) = len else {
            let element = self.typ(elt);
            return self.t.table.slice(element);
        };
        let length = if let Expr::Ellipsis { .. } = *self.file.expr(len) { None } else { self.array_length(len) };
        let element = self.typ(elt);
        self.t.table.intern(Type::Array { element, len: length })
    }

    fn array_length(&mut self, len: ExprId) -> Option<u64> {
        let op = self.expr(len);
        op.value.filter(|_| op.is_constant()).and_then(|value| u64::try_from(value.int()?).ok())
    }

    pub(super) fn map_type(&mut self, key: ExprId, value: ExprId) -> TypeId {
        let (key, value) = (self.typ(key), self.typ(value));
        self.t.table.intern(Type::Map { key, value })
    }

    pub(super) fn chan_type(&mut self, dir: ChanDir, value: ExprId) -> TypeId {
        let element = self.typ(value);
        self.t.table.intern(Type::Chan { dir, element })
    }

    pub(super) fn func_type(&mut self, params: FieldListId, results: Option<FieldListId>) -> TypeId {
        let (params, variadic) = self.type_list(Some(params));
        let (results, _) = self.type_list(results);
        self.t.table.intern(Type::Signature(Signature { params: params.into(), results: results.into(), variadic }))
    }

    fn type_list(&mut self, list: Option<FieldListId>) -> (Vec<TypeId>, bool) {
        let file = self.file;
        let (mut types, mut variadic) = (Vec::new(), false);
        for field in list.into_iter().flat_map(|list| file.fields(list)) {
            let (ty, many) = self.param_type(field.ty);
            variadic = many;
            types.extend(std::iter::repeat_n(ty, field.names.len().max(1)));
        }
        (types, variadic)
    }

    pub(super) fn struct_type(&mut self, list: FieldListId) -> TypeId {
        let file = self.file;
        let mut fields = Vec::new();
        for field in file.fields(list) {
            let ty = self.typ(field.ty);
            let tag = match field.tag.map(|tag| (tag, file.expr_span(tag))) {
                Some((tag, span)) => {
                    self.record_type(tag, super::Basic::String.id());
                    crate::literal::string(file.bytes(span))
                        .map_or(known::EMPTY, |text| self.t.names.intern(&String::from_utf8_lossy(&text)))
                }
                None => known::EMPTY,
            };
            let mut add = |name: Symbol, embedded: bool| {
                let scope = (!self.t.is_exported(name)).then_some(self.scope);
                fields.push(Field { name, ty, embedded, scope, tag });
            };
            if field.names.is_empty() {
                add(self.embedded_name(field.ty), true);
            }
            for name in file.list(field.names) {
                add(name.name, false);
            }
        }
        // Paths of selections have no room for more.
        if fields.len() > usize::from(u16::MAX) {
            return TypeId::UNKNOWN;
        }
        self.t.table.intern(Type::Struct(fields.into()))
    }

    fn embedded_name(&self, mut id: ExprId) -> Symbol {
        loop {
            id = match *self.file.expr(id) {
                Expr::Ident { name } => return name,
                Expr::Selector { sel, .. } => return sel.name,
                Expr::Paren { x } | Expr::Star { x } | Expr::Index { x, .. } | Expr::IndexList { x, .. } => x,
                _ => return known::BLANK,
            };
        }
    }

    pub(super) fn interface_type(&mut self, list: FieldListId) -> TypeId {
        let file = self.file;
        let mut built = Building::default();
        for field in file.fields(list) {
            if field.names.is_empty() {
                let element = self.constraint_element(field.ty);
                self.t.embed(&mut built, element, self.progress);
                continue;
            }
            let signature = self.typ(field.ty);
            for name in file.list(field.names) {
                let scope = (!self.t.is_exported(name.name)).then_some(self.scope);
                built.methods.push(Method { name: name.name, scope, signature });
            }
        }
        self.t.built(built)
    }

    /// What stands behind a type parameter: an interface, or what becomes one.
    pub(super) fn constraint_type(&mut self, id: ExprId) -> TypeId {
        let element = self.constraint_element(id);
        if let Type::Interface(_) = self.under_type(element)
            && !matches!(self.t.get(element), Type::TypeParam { .. })
        {
            return element;
        }
        let mut built = Building::default();
        self.t.embed(&mut built, element, self.progress);
        self.t.built(built)
    }

    /// An embedded type, or a union of some.
    fn constraint_element(&mut self, id: ExprId) -> TypeId {
        let file = self.file;
        // Unions lean left.
        let (mut rights, mut at) = (Vec::new(), file.unparen(id));
        while let Expr::Binary { op: Token::Or, x, y, .. } = *file.expr(at) {
            rights.push(y);
            at = x;
            if rights.len() > PARTS_MAX {
                return TypeId::UNKNOWN;
            }
        }
        let tilde = |id: ExprId| matches!(*file.expr(id), Expr::Unary { op: Token::Tilde, .. });
        if rights.is_empty() && !tilde(at) {
            return self.typ(id);
        }
        let mut terms = Vec::new();
        for part in std::iter::once(at).chain(rights.into_iter().rev()) {
            let (is_tilde, ty) = match *file.expr(part) {
                Expr::Unary { op: Token::Tilde, x } => (true, self.typ(x)),
                _ => (false, self.typ(part)),
            };
            terms.push(Term { tilde: is_tilde, ty });
        }
        terms.sort_unstable();
        terms.dedup();
        self.t.table.intern(Type::Union(terms.into()))
    }

    /// Whether an identifier or selector names a generic alias, and which.
    pub(super) fn generic_alias(&self, meaning: Meaning) -> Option<super::ObjectId> {
        let Meaning::Object(id) = meaning else { return None };
        let alias = self.t.object(id)?.kind == super::ObjectKind::Alias;
        (alias && !self.t.type_params(id).is_empty()).then_some(id)
    }
}
