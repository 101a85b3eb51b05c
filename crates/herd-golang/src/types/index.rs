//! Indices, slices, and type arguments in brackets.

use super::check::Checker;
use super::operand::{Mode, Operand};
use super::table::{Basic, Type, TypeId};
use crate::ast::{ExprId, List};

impl Checker<'_> {
    pub(super) fn index(&mut self, id: ExprId, x: ExprId, index: ExprId) -> Operand {
        let op = self.raw(x, TypeId::UNKNOWN);
        if let Some(instance) = self.instantiate(id, x, op, &[index]) {
            return instance;
        }
        let op = self.single(x, op);
        let (mode, ty, key) = self.indexed(op);
        let of = self.raw(index, TypeId::UNKNOWN);
        match key {
            Some(key) => {
                self.assign_to(index, of, key);
            }
            None if ty.is_unknown() => {
                if of.ty.is_untyped() {
                    self.assign_to(index, of, TypeId::UNKNOWN);
                }
            }
            None => self.index_value(index, of),
        }
        Operand::new(mode, ty)
    }

    /// What indexing gives: of what kind, of which type, by which keys where it is a map.
    fn indexed(&self, op: Operand) -> (Mode, TypeId, Option<TypeId>) {
        let unknown = (Mode::Unknown, TypeId::UNKNOWN, None);
        if let Type::TypeParam { .. } = self.t.get(op.ty) {
            let terms = self.t.param_interface(op.ty, self.progress).and_then(|interface| interface.terms.as_deref());
            let mut all: Option<(Mode, TypeId, Option<TypeId>)> = None;
            for term in terms.unwrap_or_default() {
                let (mode, ty, key) = self.indexed_type(op.mode, self.under_type(term.ty));
                all = match all {
                    None => Some((mode, ty, key)),
                    Some((known, element, keys)) if element == ty && keys == key => {
                        Some((if known == Mode::Value { known } else { mode }, ty, key))
                    }
                    Some(_) => return unknown,
                };
            }
            return all.unwrap_or(unknown);
        }
        self.indexed_type(op.mode, self.under_type(op.ty))
    }

    fn indexed_type(&self, mode: Mode, ty: &Type) -> (Mode, TypeId, Option<TypeId>) {
        match ty {
            Type::Basic(basic) if basic.is_string() => (Mode::Value, Basic::Uint8.id(), None),
            Type::Array { element, .. } => (if mode == Mode::Variable { mode } else { Mode::Value }, *element, None),
            Type::Slice(element) => (Mode::Variable, *element, None),
            Type::Map { key, value } => (Mode::MapIndex, *value, Some(*key)),
            Type::Pointer(to) => match self.under_type(*to) {
                Type::Array { element, .. } => (Mode::Variable, *element, None),
                _ => (Mode::Unknown, TypeId::UNKNOWN, None),
            },
            _ => (Mode::Unknown, TypeId::UNKNOWN, None),
        }
    }

    /// An index without a type is an int.
    pub(super) fn index_value(&mut self, id: ExprId, op: Operand) {
        if op.ty.is_untyped() {
            self.convert_untyped(id, op, Basic::Int.id());
        }
    }

    pub(super) fn index_list(&mut self, id: ExprId, x: ExprId, indices: List<ExprId>) -> Operand {
        let op = self.raw(x, TypeId::UNKNOWN);
        let indices = self.file.list(indices);
        if let Some(instance) = self.instantiate(id, x, op, indices) {
            return instance;
        }
        for index in indices {
            self.raw(*index, TypeId::UNKNOWN);
        }
        Operand::UNKNOWN
    }

    /// Type arguments of a generic type or function.
    fn instantiate(&mut self, id: ExprId, x: ExprId, op: Operand, indices: &[ExprId]) -> Option<Operand> {
        let of = match op.mode {
            Mode::Type => match self.t.get(op.ty) {
                Type::Named { object, args } if args.is_empty() => *object,
                _ => {
                    for index in indices {
                        self.typ(*index);
                    }
                    return Some(Operand::UNKNOWN);
                }
            },
            Mode::GenericAlias(object) => object,
            Mode::Generic(at) => return Some(self.instantiate_function(id, x, at, indices)),
            Mode::Unknown
            | Mode::Nothing
            | Mode::Builtin(_)
            | Mode::Constant
            | Mode::Variable
            | Mode::MapIndex
            | Mode::Value
            | Mode::Vague
            | Mode::Nil
            | Mode::CommaOk => return None,
        };
        let args: Vec<TypeId> = indices.iter().map(|index| self.typ(*index)).collect();
        if args.len() != self.t.type_params(of).len() {
            return Some(Operand::UNKNOWN);
        }
        Some(Operand::of_type(match op.mode {
            Mode::GenericAlias(_) => self.t.subst(op.ty, of, &args),
            _ => self.t.table.intern(Type::Named { object: of, args: args.into() }),
        }))
    }

    pub(super) fn slice(&mut self, x: ExprId, bounds: [Option<ExprId>; 3]) -> Operand {
        let op = self.raw(x, TypeId::UNKNOWN);
        let op = self.single(x, op);
        for bound in bounds.into_iter().flatten() {
            let of = self.expr(bound);
            self.index_value(bound, of);
        }
        let ty = match self.core_or_string(op.ty) {
            Some(Type::Basic(basic)) if basic.is_string() => {
                if op.ty.is_untyped() {
                    Basic::String.id()
                } else {
                    op.ty
                }
            }
            Some(Type::Slice(_)) => op.ty,
            Some(Type::Array { element, .. }) => self.t.slice_of(*element),
            Some(Type::Pointer(to)) => match self.under_type(*to) {
                Type::Array { element, .. } => self.t.slice_of(*element),
                _ => TypeId::UNKNOWN,
            },
            _ => TypeId::UNKNOWN,
        };
        Operand::value(ty)
    }

    /// As the core type; a type parameter of strings and byte slices counts as strings.
    pub(super) fn core_or_string(&self, id: TypeId) -> Option<&Type> {
        if let Some(core) = self.core_type(id) {
            return Some(core);
        }
        let terms = self.t.param_interface(id, self.progress)?.terms.as_deref()?;
        let bytes = self.t.slice_of(Basic::Uint8.id());
        let fits = |under: TypeId| under == bytes || under == Basic::String.id();
        let all = !terms.is_empty() && terms.iter().all(|term| fits(self.under(term.ty)));
        all.then(|| self.t.get(Basic::String.id()))
    }
}
