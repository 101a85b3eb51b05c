//! What an expression comes to while it is looked at.

use super::constant::Value;
use super::objects::ObjectId;
use super::table::{Basic, TypeId};
use super::universe::Builtin;

/// What an expression is: a value, a type, or something in between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operand {
    pub(super) mode: Mode,
    pub(super) ty: TypeId,
    /// Of a constant, where it could be told.
    pub(super) value: Option<Value>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    Unknown,
    /// A call without results.
    Nothing,
    Builtin(Builtin),
    Type,
    Constant,
    /// What has an address.
    Variable,
    MapIndex,
    Value,
    /// A value that may be a constant: something unknown is part of it.
    Vague,
    Nil,
    /// A value that may come with an `ok`.
    CommaOk,
    /// A generic function that lacks type arguments: its place in a list of the checker.
    Generic(u32),
    /// The name of a generic alias that lacks type arguments.
    GenericAlias(ObjectId),
}

/// A generic function that lacks type arguments.
#[derive(Clone, Debug)]
pub(super) struct Generic {
    pub(super) object: ObjectId,
    /// Arguments of its receiver, then those that are written.
    pub(super) args: Vec<TypeId>,
    /// How many of them are its receiver's.
    pub(super) receiver: usize,
    /// Its type, of a method expression the one with the receiver as first parameter.
    pub(super) signature: TypeId,
}

impl Operand {
    pub(super) const UNKNOWN: Self = Self { mode: Mode::Unknown, ty: TypeId::UNKNOWN, value: None };
    pub(super) const NOTHING: Self = Self { mode: Mode::Nothing, ty: TypeId::NOTHING, value: None };

    pub(super) fn new(mode: Mode, ty: TypeId) -> Self {
        if ty.is_unknown() { Self::UNKNOWN } else { Self { mode, ty, value: None } }
    }

    pub(super) fn value(ty: TypeId) -> Self {
        Self::new(Mode::Value, ty)
    }

    pub(super) fn of_type(ty: TypeId) -> Self {
        Self::new(Mode::Type, ty)
    }

    pub(super) fn constant(basic: Basic, value: Option<Value>) -> Self {
        Self { mode: Mode::Constant, ty: basic.id(), value }
    }

    /// Whether it may be a constant, for all that is known.
    pub(super) fn may_be_constant(&self) -> bool {
        matches!(self.mode, Mode::Constant | Mode::Vague | Mode::Unknown)
    }

    /// What is made of operands: a value, unless they may be constants.
    pub(super) fn made_of(operands: &[Self], ty: TypeId) -> Self {
        let mode = if operands.iter().all(Self::may_be_constant) { Mode::Vague } else { Mode::Value };
        Self::new(mode, ty)
    }

    pub(super) fn is_constant(&self) -> bool {
        self.mode == Mode::Constant
    }

    pub(super) fn is_nil(&self) -> bool {
        self.mode == Mode::Nil
    }

    /// The type of a variable that is declared with it.
    pub(super) fn variable_type(&self) -> TypeId {
        match (self.mode, self.ty.basic()) {
            (Mode::Generic(_) | Mode::Nil | Mode::Type, _) => TypeId::UNKNOWN,
            (_, Some(basic)) => basic.default_type().id(),
            (_, None) => self.ty,
        }
    }

    /// Whether it is a single value.
    pub(super) fn is_value(&self) -> bool {
        match self.mode {
            Mode::Constant | Mode::Variable | Mode::MapIndex | Mode::Value | Mode::Vague | Mode::Nil | Mode::CommaOk => true,
            Mode::Unknown | Mode::Nothing | Mode::Builtin(_) | Mode::Type | Mode::Generic(_) | Mode::GenericAlias(_) => false,
        }
    }
}
