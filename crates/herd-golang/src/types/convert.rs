//! Constants, comparisons and nil without a type: which one their context gives them (as `updateExprType` of go/types, expr.go, Go 1.27).

use super::check::Checker;
use super::constant::Value;
use super::operand::{Mode, Operand};
use super::operators::is_comparison;
use super::table::{Basic, Type, TypeId};
use crate::ast::{Expr, ExprId};
use crate::token::Token;

impl Checker<'_> {
    /// Gives a value the type of the variable, parameter or element it is put into.
    pub(super) fn assign_to(&mut self, id: ExprId, op: Operand, target: TypeId) -> Operand {
        if let Mode::Generic(at) = op.mode {
            return self.assign_generic(id, at, target);
        }
        if !op.ty.is_untyped() || op.is_nil() {
            return op;
        }
        if self.is_vague(target) {
            self.update(id, TypeId::UNKNOWN);
            return Operand::UNKNOWN;
        }
        self.convert_untyped(id, op, target)
    }

    /// Gives a value that is put into a variable without a type, or `_`, its own default.
    pub(super) fn assign_default(&mut self, id: ExprId, op: Operand) -> Operand {
        if let Mode::Generic(_) = op.mode {
            self.lose(id);
            return Operand::UNKNOWN;
        }
        match op.ty.basic() {
            Some(basic) if basic.is_untyped() => self.convert_untyped(id, op, basic.default_type().id()),
            _ => op,
        }
    }

    /// Converts what has no type to a target that may have none either; what cannot be converted stays.
    pub(super) fn convert_untyped(&mut self, id: ExprId, op: Operand, target: TypeId) -> Operand {
        let Some(from) = op.ty.basic().filter(|basic| basic.is_untyped()) else { return op };
        let Some(to) = self.implicit_type(from, target) else { return op };
        if to == op.ty {
            return op;
        }
        self.update(id, to);
        let value = op.value.and_then(|value| self.converted(value, to));
        Operand { ty: to, value, ..op }
    }

    fn implicit_type(&self, from: Basic, target: TypeId) -> Option<TypeId> {
        let fits = |to: Basic| {
            from.is_numeric() && to.is_numeric() || from.is_boolean() && to.is_boolean() || from.is_string() && to.is_string()
        };
        if let Some(to) = target.basic().filter(|basic| basic.is_untyped()) {
            let both_numbers = from.is_numeric() && to.is_numeric();
            return if both_numbers { Some(from.max(to).id()) } else { (from == to).then_some(target) };
        }
        if from == Basic::UntypedNil {
            return None;
        }
        match self.under_type(target) {
            Type::Basic(to) => fits(*to).then_some(target),
            Type::Interface(_) if matches!(self.t.get(target), Type::TypeParam { .. }) => {
                let of = |kind: fn(Basic) -> bool| self.all_basic(target, kind);
                let fits = match from {
                    _ if from.is_numeric() => of(Basic::is_numeric),
                    _ if from.is_boolean() => of(Basic::is_boolean),
                    _ => of(Basic::is_string),
                };
                fits.then_some(target)
            }
            Type::Interface(_) => Some(from.default_type().id()),
            _ => None,
        }
    }

    /// A value in another type.
    pub(super) fn converted(&self, value: Value, to: TypeId) -> Option<Value> {
        let Type::Basic(basic) = self.under_type(to) else { return Some(value) };
        match basic {
            _ if basic.is_integer() => value.int().map(Value::Int),
            Basic::Float32 => value.float().map(|value| Value::Float(f64::from(value as f32))),
            Basic::Float64 => value.float().map(Value::Float),
            _ => Some(value),
        }
    }

    /// Says what an expression without a type has become, and with it the operands it takes its type from.
    pub(super) fn update(&mut self, id: ExprId, ty: TypeId) {
        if !self.recording {
            return;
        }
        let (mut at, mut ty, mut pending) = (id, ty, Vec::new());
        loop {
            let constant = is_set(&self.out.constant_bits, at);
            let mut next = None;
            if let Some(cell) = self.out.types.get_mut(at.index())
                && cell.is_untyped()
                && *cell != ty
            {
                *cell = ty;
                self.coverage.unknown += u32::from(ty.is_unknown());
                // Operands of constants keep what they have; whether this is one is not known.
                if is_set(&self.out.vague_bits, at) && !matches!(*self.file.expr(at), Expr::Paren { .. }) {
                    ty = TypeId::UNKNOWN;
                }
                next = match *self.file.expr(at) {
                    Expr::Paren { x } => Some(x),
                    Expr::Unary { x, .. } if !constant => Some(x),
                    Expr::Binary { op, x, y, .. } if !constant && !is_comparison(op) => {
                        if !matches!(op, Token::Shl | Token::Shr) {
                            pending.push((y, ty));
                        }
                        Some(x)
                    }
                    _ => None,
                };
            }
            match next.map(|next| (next, ty)).or_else(|| pending.pop()) {
                Some(next) => (at, ty) = next,
                None => return,
            }
        }
    }

    /// An expression turned out to be unknown after all.
    pub(super) fn lose(&mut self, id: ExprId) {
        if let Some(cell) = self.out.types.get_mut(id.index()) {
            self.coverage.unknown += u32::from(!cell.is_unknown());
            *cell = TypeId::UNKNOWN;
        }
    }

    /// `T(x)`
    pub(super) fn conversion(&mut self, id: ExprId, op: Operand, to: TypeId) -> Operand {
        let op = match op.mode {
            Mode::Generic(at) => self.assign_generic(id, at, to),
            _ => op,
        };
        if self.is_vague(to) {
            if op.ty.is_untyped() && !op.is_nil() {
                self.update(id, TypeId::UNKNOWN);
            }
            return Operand::made_of(&[op], to);
        }
        let basic = match self.under_type(to) {
            Type::Basic(basic) if *basic != Basic::UnsafePointer => Some(*basic),
            _ => None,
        };
        if op.ty.is_untyped() && !op.is_nil() {
            let constant = op.is_constant();
            let from = op.ty.basic().unwrap_or(Basic::UntypedInt);
            let final_type = if self.is_plain_interface(to) || constant && basic.is_none() {
                from.default_type().id()
            } else if constant && from.is_integer() && self.all_basic(to, Basic::is_string) {
                op.ty
            } else {
                to
            };
            if final_type != op.ty {
                self.update(id, final_type);
            }
        }
        match basic {
            Some(basic) if op.is_constant() => {
                let text_of_number = basic.is_string() && self.is_integer(op.ty);
                let value = op.value.filter(|_| !text_of_number).and_then(|value| self.converted(value, to));
                Operand { mode: Mode::Constant, ty: to, value }
            }
            Some(_) => Operand::made_of(&[op], to),
            None => Operand::value(to),
        }
    }
}

fn is_set(bits: &[u64], id: ExprId) -> bool {
    bits.get(id.index() / 64).is_some_and(|bits| bits & (1 << (id.index() % 64)) != 0)
}
