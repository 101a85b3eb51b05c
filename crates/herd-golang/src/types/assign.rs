//! Values put into variables: declarations, assignments, results.

use super::check::Checker;
use super::operand::{Mode, Operand};
use super::output::{LocalKind, Meaning};
use super::table::{Basic, Type, TypeId};
use crate::ast::{Expr, ExprId, Ident, List};
use crate::intern::known;
use crate::token::Token;

impl Checker<'_> {
    /// What a value gives that stands for several: the results of a call, or a value and whether there was one.
    pub(super) fn multi(&mut self, value: ExprId, count: usize) -> Vec<Operand> {
        let op = self.raw(value, TypeId::UNKNOWN);
        if let Type::Tuple(types) = self.t.get(op.ty) {
            return types.iter().map(|ty| Operand::value(*ty)).collect();
        }
        if count == 2 && matches!(op.mode, Mode::CommaOk | Mode::MapIndex) {
            return vec![Operand::value(op.ty), Operand::value(Basic::UntypedBool.id())];
        }
        vec![Operand::UNKNOWN; count]
    }

    /// Values of `count` variables; `of` tells the types of those that have one. Tells the types of all.
    pub(super) fn initialise(&mut self, count: usize, values: &[ExprId], of: &dyn Fn(usize) -> Option<TypeId>) -> Vec<TypeId> {
        if values.len() == count {
            return values.iter().enumerate().map(|(index, value)| self.put(*value, of(index))).collect();
        }
        if let [value] = values {
            let parts = self.multi(*value, count);
            let mut types: Vec<TypeId> =
                parts.iter().enumerate().map(|(index, part)| of(index).unwrap_or_else(|| part.variable_type())).collect();
            self.settle_comma_ok(*value, &types);
            types.resize(count, TypeId::UNKNOWN);
            return types;
        }
        for value in values {
            self.put(*value, None);
        }
        (0..count).map(|index| of(index).unwrap_or(TypeId::UNKNOWN)).collect()
    }

    /// One value into a variable of a type, or of the value's own.
    fn put(&mut self, value: ExprId, target: Option<TypeId>) -> TypeId {
        let op = self.raw(value, TypeId::UNKNOWN);
        let op = if let Mode::Generic(_) = op.mode { op } else { self.single(value, op) };
        if let Some(target) = target {
            self.assign_to(value, op, target);
            return target;
        }
        let op = self.assign_default(value, op);
        if op.is_nil() { TypeId::UNKNOWN } else { op.ty }
    }

    /// A `v, ok` form has the types of both.
    fn settle_comma_ok(&mut self, value: ExprId, types: &[TypeId]) {
        let [_, second] = types else { return };
        if !self.recording {
            return;
        }
        let mut at = value;
        let form = self.file.unparen(value);
        let is_form = match *self.file.expr(form) {
            Expr::Index { .. } | Expr::TypeAssert { .. } => true,
            Expr::Unary { op, .. } => op == Token::Arrow,
            _ => false,
        };
        let single = self.recorded(form);
        if !is_form || single.is_unknown() {
            return;
        }
        let both = self.t.table.intern(Type::Tuple(Box::new([single, *second])));
        loop {
            self.correct(at, both);
            match *self.file.expr(at) {
                Expr::Paren { x } => at = x,
                _ => return,
            }
        }
    }

    /// `a, b := c, d`
    pub(super) fn define(&mut self, lhs: List<ExprId>, rhs: List<ExprId>) {
        let file = self.file;
        let (lhs, rhs) = (file.list(lhs), file.list(rhs));
        let known_types: Vec<Option<TypeId>> = lhs.iter().map(|id| self.redeclared(*id)).collect();
        let types = self.initialise(lhs.len(), rhs, &|index| known_types.get(index).copied().flatten());
        for (index, id) in lhs.iter().enumerate() {
            let ty = types.get(index).copied().unwrap_or(TypeId::UNKNOWN);
            let known_type = known_types.get(index).copied().flatten();
            self.define_one(*id, ty, known_type.is_some(), LocalKind::Define);
        }
    }

    /// The type of a variable that `:=` only assigns to, since it is declared in the same scope.
    fn redeclared(&mut self, id: ExprId) -> Option<TypeId> {
        let Expr::Ident { name } = *self.file.expr(id) else { return None };
        if !self.bound_here(name) {
            return None;
        }
        match self.meaning_of(name) {
            Meaning::Local(local) => self.out.locals.get(local.0 as usize).map(|local| local.ty),
            _ => None,
        }
    }

    /// A name on the left of `:=`.
    pub(super) fn define_one(&mut self, id: ExprId, ty: TypeId, redeclared: bool, kind: LocalKind) {
        let Expr::Ident { name } = *self.file.expr(id) else {
            self.raw(id, TypeId::UNKNOWN);
            return;
        };
        if redeclared {
            let meaning = self.meaning_of(name);
            self.record_meaning(id, meaning);
        } else if name != known::BLANK {
            let ident = Ident { name, pos: self.file.expr_span(id).start };
            let local = self.declare_local(ident, ty, kind);
            self.record_meaning(id, Meaning::Local(local));
        }
        self.correct(id, ty);
    }

    /// `a, b = c, d`
    pub(super) fn assign(&mut self, lhs: List<ExprId>, rhs: List<ExprId>) {
        let file = self.file;
        let (lhs, rhs) = (file.list(lhs), file.list(rhs));
        if lhs.len() == rhs.len() {
            for (left, right) in lhs.iter().zip(rhs) {
                let target = self.variable(*left);
                self.put(*right, target);
            }
            return;
        }
        let targets: Vec<Option<TypeId>> = lhs.iter().map(|left| self.variable(*left)).collect();
        self.initialise(lhs.len(), rhs, &|index| targets.get(index).copied().flatten());
    }

    /// The type of what is assigned to; none for `_`.
    pub(super) fn variable(&mut self, id: ExprId) -> Option<TypeId> {
        if let Expr::Ident { name: known::BLANK } = *self.file.expr(self.file.unparen(id)) {
            return None;
        }
        Some(self.expr(id).ty)
    }

    pub(super) fn return_values(&mut self, values: &[ExprId]) {
        if values.is_empty() {
            return;
        }
        let results = self.results.clone();
        // Of a function whose results are unknown, or other in number, nothing is known of what is returned.
        self.initialise(results.len().max(1), values, &|index| Some(results.get(index).copied().unwrap_or(TypeId::UNKNOWN)));
    }
}
