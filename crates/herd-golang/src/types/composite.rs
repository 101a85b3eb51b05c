//! Composite literals.

use super::check::Checker;
use super::lookup::{Lookup, SelectionKind};
use super::operand::Operand;
use super::output::Meaning;
use super::table::{Basic, Field, Type, TypeId};
use crate::ast::{Expr, ExprId, List};
use crate::intern::Symbol;

impl Checker<'_> {
    pub(super) fn composite(&mut self, ty: Option<ExprId>, elts: List<ExprId>, hint: TypeId) -> Operand {
        let open_array = ty.and_then(|ty| match *self.file.expr(ty) {
            Expr::ArrayType { len: Some(len), elt } if matches!(*self.file.expr(len), Expr::Ellipsis { .. }) => Some((ty, elt)),
            _ => None,
        });
        if let Some((ty, elt)) = open_array {
            let element = self.typ(elt);
            let len = self.elements(elts, element);
            let array = self.t.table.intern(Type::Array { element, len });
            self.record_type(ty, array);
            return Operand::value(array);
        }
        let (whole, base) = match ty {
            Some(ty) => {
                let ty = self.typ(ty);
                (ty, ty)
            }
            None => match self.core_type(hint) {
                Some(Type::Pointer(to)) => (hint, *to),
                _ => (hint, hint),
            },
        };
        match self.core_type(base) {
            Some(Type::Struct(fields)) => self.fields(elts, base, fields),
            Some(Type::Array { element, .. } | Type::Slice(element)) => {
                self.elements(elts, *element);
            }
            Some(Type::Map { key, value }) => self.entries(elts, *key, *value),
            _ => {
                self.entries(elts, TypeId::UNKNOWN, TypeId::UNKNOWN);
                return Operand::UNKNOWN;
            }
        }
        Operand::value(whole)
    }

    fn element(&mut self, id: ExprId, ty: TypeId) {
        let op = self.raw(id, ty);
        self.assign_to(id, op, ty);
    }

    fn fields(&mut self, elts: List<ExprId>, of: TypeId, fields: &[Field]) {
        let file = self.file;
        for (index, elt) in file.list(elts).iter().enumerate() {
            let Expr::KeyValue { key, value, .. } = *file.expr(*elt) else {
                let ty = fields.get(index).map_or(TypeId::UNKNOWN, |field| field.ty);
                self.element(*elt, ty);
                continue;
            };
            let ty = match *file.expr(key) {
                Expr::Ident { name } => self.field(key, name, of, fields),
                _ => TypeId::UNKNOWN,
            };
            self.element(value, ty);
        }
    }

    /// The type of the field that a key names; since Go 1.27 it may be a promoted one.
    fn field(&mut self, key: ExprId, name: Symbol, of: TypeId, fields: &[Field]) -> TypeId {
        let seen = |field: &&Field| field.name == name && field.scope.is_none_or(|scope| scope == self.scope);
        if let Some((at, field)) = fields.iter().enumerate().find(|(_, field)| seen(field)) {
            self.record_meaning(key, Meaning::Field(at as u32));
            return field.ty;
        }
        match self.t.find(of, name, self.view()) {
            Lookup::Found(found) if found.kind == SelectionKind::Field => {
                self.select(key, of, name, &found);
                found.ty
            }
            Lookup::Found(_) | Lookup::None | Lookup::Unknown => TypeId::UNKNOWN,
        }
    }

    /// Elements of an array or slice; tells how many there are, unless a key could not be told.
    fn elements(&mut self, elts: List<ExprId>, ty: TypeId) -> Option<u64> {
        let file = self.file;
        let (mut next, mut longest, mut known) = (0_u64, 0_u64, true);
        for elt in file.list(elts) {
            let mut value = *elt;
            if let Expr::KeyValue { key, value: of, .. } = *file.expr(*elt) {
                value = of;
                let op = self.expr(key);
                let op = if op.ty.is_untyped() { self.convert_untyped(key, op, Basic::Int.id()) } else { op };
                match op.value.and_then(|value| u64::try_from(value.int()?).ok()) {
                    Some(index) => next = index,
                    None => known = false,
                }
            }
            self.element(value, ty);
            next = next.saturating_add(1);
            longest = longest.max(next);
        }
        known.then_some(longest)
    }

    fn entries(&mut self, elts: List<ExprId>, key_type: TypeId, value_type: TypeId) {
        let file = self.file;
        for elt in file.list(elts) {
            match *file.expr(*elt) {
                Expr::KeyValue { key, value, .. } => {
                    // Of an unknown struct it is a field's name.
                    if !key_type.is_unknown() || !matches!(*file.expr(key), Expr::Ident { .. }) {
                        self.element(key, key_type);
                    }
                    self.element(value, value_type);
                }
                _ => self.element(*elt, value_type),
            }
        }
    }
}
