//! Binary operators: types that must match, comparisons, shifts.

use super::check::Checker;
use super::constant::{self, Value};
use super::operand::{Mode, Operand};
use super::table::{Basic, Type, TypeId};
use crate::ast::ExprId;
use crate::token::Token;

impl Checker<'_> {
    pub(super) fn binary(&mut self, op: Token, x: ExprId, y: ExprId) -> Operand {
        let left = self.raw(x, TypeId::UNKNOWN);
        let right = self.raw(y, TypeId::UNKNOWN);
        let (left, right) = (self.single(x, left), self.single(y, right));
        self.combine(op, (x, left), (y, right))
    }

    pub(super) fn combine(&mut self, op: Token, x: (ExprId, Operand), y: (ExprId, Operand)) -> Operand {
        if matches!(op, Token::Shl | Token::Shr) {
            return self.shift(op, x, y);
        }
        let (left, right) = self.match_types(x, y);
        if is_comparison(op) {
            return self.compared(op, (x.0, left), (y.0, right));
        }
        // Both have one type, so that either tells it.
        let ty = match (left.ty.is_unknown(), right.ty.is_unknown()) {
            (true, true) => return Operand::UNKNOWN,
            (false, false) if left.ty != right.ty => return Operand::UNKNOWN,
            (false, _) => left.ty,
            (true, false) => right.ty,
        };
        if ty.is_untyped() && (left.ty.is_unknown() || right.ty.is_unknown()) {
            return Operand::UNKNOWN;
        }
        if !left.is_constant() || !right.is_constant() {
            return Operand::made_of(&[left, right], ty);
        }
        let value = match (left.value, right.value) {
            (Some(x), Some(y)) => constant::binary(op, x, y, self.is_integer(ty)).or_else(|| self.joined(op, x, y)),
            _ => None,
        };
        Operand { mode: Mode::Constant, ty, value }
    }

    /// `"a" + "b"`; only where the result is asked for, outside functions.
    fn joined(&self, op: Token, x: Value, y: Value) -> Option<Value> {
        if op != Token::Add || self.recording {
            return None;
        }
        let text = |value: Value| match value.settle(self.file, self.t.names)? {
            super::Constant::String(symbol) => Some(self.t.names.text(symbol)),
            _ => None,
        };
        let (x, y) = (text(x)?, text(y)?);
        (x.len() + y.len() < 1 << 16).then(|| Value::String(self.t.names.intern(&format!("{x}{y}"))))
    }

    /// Gives operands without a type that of the other one.
    pub(super) fn match_types(&mut self, x: (ExprId, Operand), y: (ExprId, Operand)) -> (Operand, Operand) {
        let (mut left, mut right) = (x.1, y.1);
        let (left_vague, right_vague) = (self.is_vague(left.ty), self.is_vague(right.ty));
        if left_vague || right_vague {
            if right_vague {
                self.unsettle(x.0, &mut left);
            }
            if left_vague {
                self.unsettle(y.0, &mut right);
            }
            return (left, right);
        }
        if self.may_convert(&left, &right) {
            left = self.convert_untyped(x.0, left, right.ty);
            right = self.convert_untyped(y.0, right, left.ty);
        }
        (left, right)
    }

    /// Whether it cannot be told what may be put into a type.
    pub(super) fn is_vague(&self, id: TypeId) -> bool {
        match self.under_type(id) {
            Type::Unknown => true,
            Type::Interface(interface) => interface.incomplete && matches!(self.t.get(id), Type::TypeParam { .. }),
            _ => false,
        }
    }

    /// What has no type yet and stands beside something unknown may get any.
    fn unsettle(&mut self, id: ExprId, op: &mut Operand) {
        if op.ty.is_untyped() && !op.is_nil() {
            self.update(id, TypeId::UNKNOWN);
            *op = Operand { ty: TypeId::UNKNOWN, ..*op };
        }
    }

    fn may_convert(&self, x: &Operand, y: &Operand) -> bool {
        if !x.ty.is_untyped() && !y.ty.is_untyped() {
            return false;
        }
        let all = |id: TypeId, of: fn(Basic) -> bool| self.all_basic(id, of);
        if all(x.ty, Basic::is_numeric) != all(y.ty, Basic::is_numeric) {
            return self.is_plain_interface(x.ty) || self.is_plain_interface(y.ty);
        }
        if self.is_plain_interface(x.ty) || self.is_plain_interface(y.ty) {
            return true;
        }
        if all(x.ty, Basic::is_boolean) != all(y.ty, Basic::is_boolean)
            || all(x.ty, Basic::is_string) != all(y.ty, Basic::is_string)
        {
            return false;
        }
        if x.is_nil() || y.is_nil() {
            return true;
        }
        !matches!(self.under_type(x.ty), Type::Pointer(_)) && !matches!(self.under_type(y.ty), Type::Pointer(_))
    }

    fn compared(&mut self, op: Token, x: (ExprId, Operand), y: (ExprId, Operand)) -> Operand {
        let (left, right) = (x.1, y.1);
        if left.is_constant() && right.is_constant() && !left.ty.is_unknown() && !right.ty.is_unknown() {
            let value = match (left.value, right.value) {
                (Some(a), Some(b)) => constant::binary(op, a, b, self.is_integer(left.ty)),
                _ => None,
            };
            return Operand::constant(Basic::UntypedBool, value);
        }
        for (id, op) in [x, y] {
            if let Some(basic) = op.ty.basic().filter(|basic| basic.is_untyped()) {
                self.update(id, basic.default_type().id());
            }
        }
        Operand::made_of(&[left, right], Basic::UntypedBool.id())
    }

    fn shift(&mut self, op: Token, x: (ExprId, Operand), y: (ExprId, Operand)) -> Operand {
        let ((left_id, left), (right_id, right)) = (x, y);
        if !right.is_constant() && right.ty.is_untyped() && !self.is_integer(right.ty) {
            self.update(right_id, Basic::Uint.id());
        }
        if left.ty.is_unknown() {
            return Operand::UNKNOWN;
        }
        if left.is_constant() {
            if right.is_constant() {
                let integer = self.is_integer(left.ty);
                let ty = if integer || !left.ty.is_untyped() { left.ty } else { Basic::UntypedInt.id() };
                let value = match (left.value, right.value) {
                    (Some(x), Some(by)) => constant::shift(op, x, by),
                    _ => None,
                };
                return Operand { mode: Mode::Constant, ty, value };
            }
            if right.may_be_constant() && left.ty.is_untyped() {
                // A constant count would make a constant of it.
                self.update(left_id, TypeId::UNKNOWN);
                return Operand::UNKNOWN;
            }
        }
        Operand::made_of(&[left, right], left.ty)
    }

    pub(super) fn is_integer(&self, id: TypeId) -> bool {
        self.all_basic(id, Basic::is_integer)
    }

    /// Whether a type, or each type of a type parameter, is a predeclared one of a kind.
    pub(super) fn all_basic(&self, id: TypeId, of: fn(Basic) -> bool) -> bool {
        match self.t.get(id) {
            Type::Basic(basic) => of(*basic),
            Type::TypeParam { .. } => {
                let interface = self.t.param_interface(id, self.progress);
                let terms = interface.and_then(|interface| interface.terms.as_deref()).unwrap_or_default();
                !terms.is_empty() && terms.iter().all(|term| matches!(self.under_type(term.ty), Type::Basic(basic) if of(*basic)))
            }
            _ => matches!(self.under_type(id), Type::Basic(basic) if of(*basic)),
        }
    }

    /// Whether it is an interface and no type parameter.
    pub(super) fn is_plain_interface(&self, id: TypeId) -> bool {
        !matches!(self.t.get(id), Type::TypeParam { .. }) && matches!(self.under_type(id), Type::Interface(_))
    }
}

pub(super) fn is_comparison(op: Token) -> bool {
    matches!(op, Token::Equal | Token::NotEqual | Token::Less | Token::LessEqual | Token::Greater | Token::GreaterEqual)
}
