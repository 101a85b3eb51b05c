//! Functions of the language: what they take and give.

use super::check::Checker;
use super::constant::{self, Value};
use super::lookup::{Lookup, SelectionKind};
use super::operand::{Mode, Operand};
use super::output::Meaning;
use super::table::{Basic, Type, TypeId};
use super::universe::Builtin;
use crate::ast::{Expr, ExprId};
use crate::literal;
use crate::token::Token;

type Argument = (ExprId, Operand);

impl Checker<'_> {
    pub(super) fn builtin(&mut self, builtin: Builtin, args: &[ExprId], spread: bool) -> Operand {
        match builtin {
            Builtin::Make => return self.make(args),
            Builtin::New => return self.new_value(args),
            Builtin::UnsafeOffsetof => return self.offset_of(args),
            Builtin::Len | Builtin::Cap => return self.length(builtin, args),
            _ => {}
        }
        let list = self.arguments(args);
        let int = Operand::value(Basic::Int.id());
        let Some(first) = list.first().copied() else {
            return match builtin {
                Builtin::Recover => Operand::value(TypeId::ANY),
                Builtin::Print | Builtin::Println => Operand::NOTHING,
                _ => Operand::UNKNOWN,
            };
        };
        let rest = list.get(1..).unwrap_or_default();
        match builtin {
            Builtin::Append => self.append(first, rest, spread),
            Builtin::Copy => int,
            Builtin::Clear | Builtin::Close => Operand::NOTHING,
            Builtin::Delete => {
                let key = match self.core_type(first.1.ty) {
                    Some(Type::Map { key, .. }) => *key,
                    _ => TypeId::UNKNOWN,
                };
                self.assign_all(rest, key);
                Operand::NOTHING
            }
            Builtin::Panic => {
                self.assign_all(&list, TypeId::ANY);
                Operand::NOTHING
            }
            Builtin::Print | Builtin::Println => {
                self.default_all(&list);
                Operand::NOTHING
            }
            Builtin::Recover => Operand::value(TypeId::ANY),
            Builtin::Max | Builtin::Min => self.extreme(builtin, &list),
            Builtin::Complex => self.complex(first, rest),
            Builtin::Real | Builtin::Imag => self.part(first),
            Builtin::UnsafeAdd => {
                self.index_all(rest);
                Operand::value(Basic::UnsafePointer.id())
            }
            Builtin::UnsafeSizeof | Builtin::UnsafeAlignof => {
                let op = self.assign_default(first.0, first.1);
                let bytes = if builtin == Builtin::UnsafeSizeof {
                    self.t.size_of(op.ty, self.progress)
                } else {
                    self.t.align_of(op.ty, self.progress)
                };
                self.bytes(op.ty, bytes)
            }
            Builtin::UnsafeSlice => {
                self.index_all(rest);
                match self.core_type(first.1.ty) {
                    Some(Type::Pointer(to)) => Operand::value(self.t.slice_of(*to)),
                    _ => Operand::UNKNOWN,
                }
            }
            Builtin::UnsafeSliceData => match self.core_type(first.1.ty) {
                Some(Type::Slice(of)) => Operand::value(self.t.pointer_to(*of)),
                _ => Operand::UNKNOWN,
            },
            Builtin::UnsafeString => {
                self.index_all(rest);
                Operand::value(Basic::String.id())
            }
            Builtin::UnsafeStringData => {
                self.assign_all(&list, Basic::String.id());
                Operand::value(self.t.pointer_to(Basic::Uint8.id()))
            }
            Builtin::Cap | Builtin::Len | Builtin::Make | Builtin::New | Builtin::UnsafeOffsetof => Operand::UNKNOWN,
        }
    }

    fn assign_all(&mut self, list: &[Argument], ty: TypeId) {
        for (id, op) in list {
            self.assign_to(*id, *op, ty);
        }
    }

    fn default_all(&mut self, list: &[Argument]) {
        for (id, op) in list {
            self.assign_default(*id, *op);
        }
    }

    fn index_all(&mut self, list: &[Argument]) {
        for (id, op) in list {
            self.index_value(*id, *op);
        }
    }

    fn append(&mut self, (_, slice): Argument, rest: &[Argument], spread: bool) -> Operand {
        let element = match self.core_type(slice.ty) {
            Some(Type::Slice(of)) => *of,
            _ => TypeId::UNKNOWN,
        };
        // With `...` it is a slice, or a string which stays as it is.
        if !spread {
            self.assign_all(rest, element);
        }
        if element.is_unknown() && slice.is_nil() { Operand::UNKNOWN } else { Operand::value(slice.ty) }
    }

    fn length(&mut self, builtin: Builtin, args: &[ExprId]) -> Operand {
        let before = std::mem::replace(&mut self.met_call, false);
        let list = self.arguments(args);
        let met_call = std::mem::replace(&mut self.met_call, before);
        let Some((_, op)) = list.first().copied() else { return Operand::UNKNOWN };
        let int = Basic::Int.id();
        let of = match self.under_type(op.ty) {
            Type::Pointer(to) => self.under_type(*to),
            of => of,
        };
        match of {
            Type::Basic(basic) if basic.is_string() && builtin == Builtin::Len && op.is_constant() => {
                let value = op.value.and_then(|value| self.string_len(value)).map(Value::Int);
                Operand { mode: Mode::Constant, ty: int, value }
            }
            Type::Array { len, .. } if !met_call && !matches!(self.t.get(op.ty), Type::TypeParam { .. }) => {
                Operand { mode: Mode::Constant, ty: int, value: len.map(|len| Value::Int(i128::from(len))) }
            }
            Type::Unknown => Operand::made_of(&[op], int),
            _ => Operand::value(int),
        }
    }

    fn string_len(&self, value: Value) -> Option<i128> {
        let len = match value {
            Value::String(symbol) => self.t.names.text(symbol).len(),
            Value::Literal(id) => literal::string(self.file.bytes(self.file.expr_span(id)))?.len(),
            Value::Int(_) | Value::Float(_) | Value::Bool(_) => return None,
        };
        i128::try_from(len).ok()
    }

    fn make(&mut self, args: &[ExprId]) -> Operand {
        let Some((ty, sizes)) = args.split_first() else { return Operand::UNKNOWN };
        let ty = self.typ(*ty);
        for size in sizes {
            let op = self.expr(*size);
            self.index_value(*size, op);
        }
        Operand::value(ty)
    }

    fn new_value(&mut self, args: &[ExprId]) -> Operand {
        let Some((first, rest)) = args.split_first() else { return Operand::UNKNOWN };
        let op = self.raw(*first, TypeId::UNKNOWN);
        let ty = if op.mode == Mode::Type {
            op.ty
        } else {
            let op = self.single(*first, op);
            let op = self.assign_default(*first, op);
            if op.is_nil() { TypeId::UNKNOWN } else { op.ty }
        };
        for arg in rest {
            self.raw(*arg, TypeId::UNKNOWN);
        }
        Operand::value(self.t.pointer_to(ty))
    }

    fn bytes(&self, of: TypeId, bytes: Option<u64>) -> Operand {
        let ty = Basic::Uintptr.id();
        // Where it depends on type parameters it is no constant.
        if bytes.is_none() && self.t.has_params(of) {
            return Operand::value(ty);
        }
        Operand { mode: Mode::Constant, ty, value: bytes.map(|bytes| Value::Int(i128::from(bytes))) }
    }

    fn offset_of(&mut self, args: &[ExprId]) -> Operand {
        let Some(arg) = args.first() else { return Operand::UNKNOWN };
        let arg = self.file.unparen(*arg);
        let Expr::Selector { x, sel } = *self.file.expr(arg) else { return Operand::UNKNOWN };
        let op = self.raw(arg, TypeId::UNKNOWN);
        if op.ty.is_unknown() {
            return Operand::UNKNOWN;
        }
        // What stands before the dot was looked at; once more, without telling.
        let recording = std::mem::replace(&mut self.recording, false);
        let base = self.expr(x);
        self.recording = recording;
        let (base, _) = self.t.deref(base.ty);
        let mut bytes = None;
        if let Lookup::Found(found) = self.t.find(base, sel.name, self.view())
            && found.kind == SelectionKind::Field
        {
            bytes = self.offset_along(base, found.path.indices());
        }
        self.bytes(base, bytes)
    }

    fn offset_along(&self, base: TypeId, path: &[u16]) -> Option<u64> {
        let (mut ty, mut sum) = (base, 0_u64);
        for index in path {
            let index = usize::from(*index);
            sum = sum.checked_add(self.t.offset_of(ty, index, self.progress)?)?;
            let Type::Struct(fields) = self.under_type(ty) else { return None };
            ty = fields.get(index)?.ty;
        }
        Some(sum)
    }

    fn extreme(&mut self, builtin: Builtin, list: &[Argument]) -> Operand {
        let Some(((first, x), rest)) = list.split_first() else { return Operand::UNKNOWN };
        let mut result = *x;
        for (id, op) in rest {
            let (left, right) = self.match_types((*first, result), (*id, *op));
            if left.ty.is_unknown() || right.ty.is_unknown() || left.ty != right.ty {
                result = Operand::UNKNOWN;
                continue;
            }
            result = if left.is_constant() && right.is_constant() {
                let op = if builtin == Builtin::Max { Token::Greater } else { Token::Less };
                let takes_right = match (right.value, left.value) {
                    (Some(y), Some(x)) => constant::binary(op, y, x, self.is_integer(left.ty)),
                    _ => None,
                };
                match takes_right {
                    Some(Value::Bool(true)) => right,
                    Some(_) => left,
                    None => Operand { value: None, ..left },
                }
            } else {
                Operand::value(left.ty)
            };
        }
        if !result.is_constant() {
            if let Some(basic) = result.ty.basic() {
                result.ty = basic.default_type().id();
            }
            result = Operand::value(result.ty);
        }
        for (id, op) in list {
            if op.ty.is_untyped() && result.ty != op.ty {
                self.update(*id, result.ty);
            }
        }
        result
    }

    fn complex(&mut self, x: Argument, rest: &[Argument]) -> Operand {
        let Some(y) = rest.first().copied() else { return Operand::UNKNOWN };
        let (mut left, mut right) = (x.1, y.1);
        match (left.ty.is_untyped(), right.ty.is_untyped()) {
            (true, false) => left = self.assign_to(x.0, left, right.ty),
            (false, true) => right = self.assign_to(y.0, right, left.ty),
            (true, true) => {
                return if left.is_constant() && right.is_constant() {
                    Operand::constant(Basic::UntypedComplex, None)
                } else {
                    Operand::UNKNOWN
                };
            }
            (false, false) => {}
        }
        let ty = match self.under_type(left.ty) {
            Type::Basic(Basic::Float32) => Basic::Complex64.id(),
            Type::Basic(Basic::Float64) => Basic::Complex128.id(),
            _ => return Operand::UNKNOWN,
        };
        if left.is_constant() && right.is_constant() {
            Operand { mode: Mode::Constant, ty, value: None }
        } else {
            Operand::value(ty)
        }
    }

    fn part(&mut self, (_, op): Argument) -> Operand {
        let ty = match self.under_type(op.ty) {
            Type::Basic(Basic::Complex64) => Basic::Float32.id(),
            Type::Basic(Basic::Complex128) => Basic::Float64.id(),
            Type::Basic(basic) if basic.is_untyped() && basic.is_numeric() => Basic::UntypedFloat.id(),
            _ => return Operand::UNKNOWN,
        };
        let mode = if op.is_constant() { Mode::Constant } else { Mode::Value };
        Operand { mode, ty, value: None }
    }

    /// Whether an expression is `nil`.
    pub(super) fn is_nil(&mut self, id: ExprId) -> bool {
        match *self.file.expr(self.file.unparen(id)) {
            Expr::Ident { name } => self.meaning_of(name) == Meaning::Nil,
            _ => false,
        }
    }
}
