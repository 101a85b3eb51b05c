//! Values of constants: as exact as integers of 128 bits and floats of 64 are; what does not fit is not told.

use crate::ast::{ExprId, File, Literal};
use crate::intern::{Interner, Symbol};
use crate::literal;
use crate::token::Token;

/// The value of a constant.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Constant {
    /// Of an integer or rune.
    Int(i128),
    /// Of a floating-point number.
    Float(f64),
    /// A truth value.
    Bool(bool),
    /// A string; one that is no UTF-8 has no value.
    String(Symbol),
}

/// A value on the way: strings are not read before someone asks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Value {
    Int(i128),
    Float(f64),
    Bool(bool),
    String(Symbol),
    /// What a string literal of the file at hand says.
    Literal(ExprId),
}

/// Bits a constant may be shifted by, as in go/types (expr.go, `shift`).
const SHIFT_MAX: i128 = 1023 - 1 + 52;

/// The value of a literal.
pub(super) fn of_literal(file: &File, id: ExprId, kind: Literal) -> Option<Value> {
    let bytes = file.bytes(file.expr_span(id));
    match kind {
        Literal::Int => integer(bytes),
        Literal::Float => float(bytes).map(Value::Float),
        Literal::Imag => None,
        Literal::Char => literal::character(bytes).map(|character| Value::Int(i128::from(character))),
        Literal::String => Some(Value::Literal(id)),
    }
}

impl Value {
    /// With strings read.
    pub(super) fn settle(self, file: &File, names: &Interner) -> Option<Constant> {
        Some(match self {
            Self::Int(value) => Constant::Int(value),
            Self::Float(value) => Constant::Float(value),
            Self::Bool(value) => Constant::Bool(value),
            Self::String(value) => Constant::String(value),
            Self::Literal(id) => {
                let bytes = literal::string(file.bytes(file.expr_span(id)))?;
                Constant::String(names.intern(std::str::from_utf8(&bytes).ok()?))
            }
        })
    }

    /// As an integer, where it is one.
    pub(super) fn int(self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(value),
            // Beyond that the integer meant may be another one.
            Self::Float(value) if value.fract() == 0.0 && value.abs() < (1_u64 << f64::MANTISSA_DIGITS) as f64 => {
                Some(value as i128)
            }
            Self::Float(_) | Self::Bool(_) | Self::String(_) | Self::Literal(_) => None,
        }
    }

    /// As a float, where it is a number.
    pub(super) fn float(self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(value as f64),
            Self::Float(value) => Some(value),
            Self::Bool(_) | Self::String(_) | Self::Literal(_) => None,
        }
    }
}

impl From<Constant> for Value {
    fn from(constant: Constant) -> Self {
        match constant {
            Constant::Int(value) => Self::Int(value),
            Constant::Float(value) => Self::Float(value),
            Constant::Bool(value) => Self::Bool(value),
            Constant::String(value) => Self::String(value),
        }
    }
}

fn integer(bytes: &[u8]) -> Option<Value> {
    let (radix, digits) = match bytes {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        [b'0', b'o' | b'O', rest @ ..] => (8, rest),
        [b'0', rest @ ..] if !rest.is_empty() => (8, rest),
        _ => (10, bytes),
    };
    let mut value: i128 = 0;
    for digit in digits.iter().filter(|digit| **digit != b'_') {
        let digit = char::from(*digit).to_digit(radix)?;
        value = value.checked_mul(i128::from(radix))?.checked_add(i128::from(digit))?;
    }
    Some(Value::Int(value))
}

fn float(bytes: &[u8]) -> Option<f64> {
    let text: String = bytes.iter().filter(|byte| **byte != b'_').map(|byte| char::from(*byte)).collect();
    let Some(hex) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) else { return text.parse().ok() };
    let (mantissa, exponent) = hex.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0_f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value.mul_add(16.0, f64::from(digit.to_digit(16)?));
    }
    let scale = exponent.checked_sub(i32::try_from(fraction.len()).ok()?.checked_mul(4)?)?;
    // In two steps, so that neither overflows where the product does not.
    Some(value * 2.0_f64.powi(scale / 2) * 2.0_f64.powi(scale - scale / 2))
}

/// What an operator makes of two values of one kind; `integers` tells whether `/` cuts off.
pub(super) fn binary(op: Token, x: Value, y: Value, integers: bool) -> Option<Value> {
    if let (Value::Bool(x), Value::Bool(y)) = (x, y) {
        return match op {
            Token::LogicalAnd => Some(Value::Bool(x && y)),
            Token::LogicalOr => Some(Value::Bool(x || y)),
            Token::Equal => Some(Value::Bool(x == y)),
            Token::NotEqual => Some(Value::Bool(x != y)),
            _ => None,
        };
    }
    if let (Some(x), Some(y), true) = (x.int(), y.int(), integers) {
        return integers_of(op, x, y);
    }
    let (x, y) = (x.float()?, y.float()?);
    let value = match op {
        Token::Add => x + y,
        Token::Sub => x - y,
        Token::Mul => x * y,
        Token::Quo if y != 0.0 => x / y,
        _ => return compare(op, x.partial_cmp(&y)?),
    };
    value.is_finite().then_some(Value::Float(value))
}

fn integers_of(op: Token, x: i128, y: i128) -> Option<Value> {
    let value = match op {
        Token::Add => x.checked_add(y)?,
        Token::Sub => x.checked_sub(y)?,
        Token::Mul => x.checked_mul(y)?,
        Token::Quo => x.checked_div(y)?,
        Token::Rem => x.checked_rem(y)?,
        Token::And => x & y,
        Token::Or => x | y,
        Token::Xor => x ^ y,
        Token::AndNot => x & !y,
        _ => return compare(op, x.cmp(&y)),
    };
    Some(Value::Int(value))
}

fn compare(op: Token, order: std::cmp::Ordering) -> Option<Value> {
    Some(Value::Bool(match op {
        Token::Equal => order.is_eq(),
        Token::NotEqual => order.is_ne(),
        Token::Less => order.is_lt(),
        Token::LessEqual => order.is_le(),
        Token::Greater => order.is_gt(),
        Token::GreaterEqual => order.is_ge(),
        _ => return None,
    }))
}

/// `x << by`, `x >> by`
pub(super) fn shift(op: Token, x: Value, by: Value) -> Option<Value> {
    let (x, by) = (x.int()?, by.int()?);
    if !(0..=SHIFT_MAX).contains(&by) {
        return None;
    }
    let by = u32::try_from(by).ok()?;
    if op == Token::Shr {
        return Some(Value::Int(if by > 126 { if x < 0 { -1 } else { 0 } } else { x >> by }));
    }
    if by > 126 {
        return (x == 0).then_some(Value::Int(0));
    }
    let shifted = x.checked_shl(by)?;
    (shifted >> by == x).then_some(Value::Int(shifted))
}

/// What an operator makes of one value; `bits` is the width of an unsigned type.
pub(super) fn unary(op: Token, x: Value, bits: Option<u32>) -> Option<Value> {
    match (op, x) {
        (Token::Add, _) => Some(x),
        (Token::Sub, Value::Int(x)) => x.checked_neg().map(Value::Int),
        // Constants have no negative zero.
        (Token::Sub, Value::Float(x)) => Some(Value::Float(0.0 - x)),
        (Token::Not, Value::Bool(x)) => Some(Value::Bool(!x)),
        (Token::Xor, Value::Int(x)) => Some(Value::Int(match bits {
            Some(bits) if bits < 127 => !x & ((1 << bits) - 1),
            _ => !x,
        })),
        _ => None,
    }
}
