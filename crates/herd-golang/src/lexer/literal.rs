//! Numbers, strings and characters in all their writings, and what Go checks of them.

use memchr::memchr2;

use super::{Lexer, Token, decode};

/// Bits of what a run of digits holds.
const DIGITS: u8 = 1;
const SEPARATORS: u8 = 2;

/// How an integer begins, and the digits it may have.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Radix {
    Decimal,
    /// `0` and digits. Becomes decimal where it proves to be a fraction.
    Octal,
    ExplicitOctal,
    Binary,
    Hexadecimal,
}

impl Radix {
    fn name(self) -> &'static str {
        match self {
            Self::Decimal => "decimal literal",
            Self::Octal | Self::ExplicitOctal => "octal literal",
            Self::Binary => "binary literal",
            Self::Hexadecimal => "hexadecimal literal",
        }
    }

    /// The first decimal digit it may not have.
    fn bound(self) -> u8 {
        match self {
            Self::Decimal | Self::Hexadecimal => b'9' + 1,
            Self::Octal | Self::ExplicitOctal => b'8',
            Self::Binary => b'2',
        }
    }
}

impl Lexer<'_> {
    /// A number; its first byte is a digit, or a point before one.
    pub(super) fn number(&mut self, start: usize) {
        let rest = self.source.get(start..).unwrap_or_default();
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let plain = rest.first() != Some(&b'0') || digits == 1;
        let next = rest.get(digits).copied().unwrap_or(0);
        if digits > 0 && plain && !next.is_ascii_alphabetic() && next != b'_' && next != b'.' {
            return self.finish(Token::Int, start + digits, true);
        }
        self.number_in_full(start);
    }

    fn number_in_full(&mut self, start: usize) {
        let mut at = start;
        let mut token = Token::Int;
        let mut radix = Radix::Decimal;
        let mut held = 0;
        let mut invalid = None;
        if self.byte(at) != b'.' {
            if self.byte(at) == b'0' {
                at += 1;
                radix = match self.byte(at) | 0x20 {
                    b'x' => Radix::Hexadecimal,
                    b'o' => Radix::ExplicitOctal,
                    b'b' => Radix::Binary,
                    _ => Radix::Octal,
                };
                if radix == Radix::Octal {
                    held = DIGITS;
                } else {
                    at += 1;
                }
            }
            held |= self.digits(&mut at, radix, &mut invalid);
        }
        if self.byte(at) == b'.' {
            token = Token::Float;
            if matches!(radix, Radix::ExplicitOctal | Radix::Binary) {
                self.error(at, format!("invalid radix point in {}", radix.name()));
            }
            at += 1;
            held |= self.digits(&mut at, radix, &mut invalid);
        }
        if held & DIGITS == 0 {
            self.error(at, format!("{} has no digits", radix.name()));
        }
        let exponent = self.byte(at);
        if matches!(exponent, b'e' | b'E' | b'p' | b'P') {
            let sign = char::from(exponent);
            if exponent | 0x20 == b'e' && !matches!(radix, Radix::Decimal | Radix::Octal) {
                self.error(at, format!("'{sign}' exponent requires decimal mantissa"));
            }
            if exponent | 0x20 == b'p' && radix != Radix::Hexadecimal {
                self.error(at, format!("'{sign}' exponent requires hexadecimal mantissa"));
            }
            at += 1;
            token = Token::Float;
            if matches!(self.byte(at), b'+' | b'-') {
                at += 1;
            }
            let power = self.digits(&mut at, Radix::Decimal, &mut None);
            held |= power;
            if power & DIGITS == 0 {
                self.error(at, "exponent has no digits");
            }
        } else if radix == Radix::Hexadecimal && token == Token::Float {
            self.error(at, "hexadecimal mantissa requires a 'p' exponent");
        }
        if self.byte(at) == b'i' {
            token = Token::Imag;
            at += 1;
        }
        if token == Token::Int
            && let Some(offset) = invalid
        {
            let digit = char::from(self.byte(offset));
            self.error(offset, format!("invalid digit '{digit}' in {}", radix.name()));
        }
        if held & SEPARATORS != 0
            && let Some(offset) = misplaced_separator(self.source.get(start..at).unwrap_or_default())
        {
            self.error(start + offset, "'_' must separate successive digits");
        }
        self.finish(token, at, true);
    }

    /// Passes over digits and separators; tells which of both there were, and the first digit the radix does not have.
    fn digits(&self, at: &mut usize, radix: Radix, invalid: &mut Option<usize>) -> u8 {
        let mut held = 0;
        loop {
            match self.byte(*at) {
                b'_' => held |= SEPARATORS,
                digit @ b'0'..=b'9' => {
                    held |= DIGITS;
                    if digit >= radix.bound() {
                        invalid.get_or_insert(*at);
                    }
                }
                b'a'..=b'f' | b'A'..=b'F' if radix == Radix::Hexadecimal => held |= DIGITS,
                _ => return held,
            }
            *at += 1;
        }
    }

    /// `"…"` on one line.
    #[inline]
    pub(super) fn string(&mut self, start: usize) {
        let mut at = start + 1;
        loop {
            match self.source.get(at) {
                Some(b'"') => return self.finish(Token::String, at + 1, true),
                Some(b'\\') => {
                    at += 1;
                    self.escape(&mut at, b'"');
                }
                Some(b'\n') | None => {
                    self.error(start, "string literal not terminated");
                    return self.finish(Token::String, at, true);
                }
                Some(_) => at += 1,
            }
        }
    }

    /// `` `…` `` over any number of lines.
    pub(super) fn raw_string(&mut self, start: usize) {
        let mut at = start + 1;
        loop {
            let rest = self.source.get(at..).unwrap_or_default();
            let Some(found) = memchr2(b'`', b'\n', rest) else {
                self.error(start, "raw string literal not terminated");
                return self.finish(Token::String, self.source.len(), true);
            };
            at += found + 1;
            if rest.get(found) == Some(&b'`') {
                return self.finish(Token::String, at, true);
            }
            self.lines.push(at as u32);
        }
    }

    /// `'…'` with one character in it.
    pub(super) fn character(&mut self, start: usize) {
        let mut at = start + 1;
        let mut valid = true;
        let mut characters = 0;
        loop {
            match self.source.get(at) {
                Some(b'\n') | None => {
                    if valid {
                        self.error(start, "rune literal not terminated");
                    }
                    return self.finish(Token::Char, at, true);
                }
                Some(b'\'') => {
                    if valid && characters != 1 {
                        self.error(start, "illegal rune literal");
                    }
                    return self.finish(Token::Char, at + 1, true);
                }
                Some(b'\\') => {
                    at += 1;
                    valid &= self.escape(&mut at, b'\'');
                }
                Some(0x80..) => at += decode(self.source.get(at..).unwrap_or_default()).map_or(1, char::len_utf8),
                Some(_) => at += 1,
            }
            characters += 1;
        }
    }

    /// What follows a backslash; stops at what is wrong with it.
    fn escape(&mut self, at: &mut usize, quote: u8) -> bool {
        let start = *at;
        let first = self.byte(start);
        let (digits, radix, max) = match first {
            b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'\\' => {
                *at += 1;
                return true;
            }
            _ if first == quote => {
                *at += 1;
                return true;
            }
            b'0'..=b'7' => (3, 8, 255),
            b'x' => (2, 16, 255),
            b'u' => (4, 16, u32::from(char::MAX)),
            b'U' => (8, 16, u32::from(char::MAX)),
            _ => {
                let ended = start >= self.source.len();
                self.error(start, if ended { "escape sequence not terminated" } else { "unknown escape sequence" });
                return false;
            }
        };
        if radix == 16 {
            *at += 1;
        }
        let mut value = 0_u32;
        for _ in 0..digits {
            let Some(digit) = char::from(self.byte(*at)).to_digit(radix) else {
                let ended = *at >= self.source.len();
                self.error(*at, if ended { "escape sequence not terminated" } else { "illegal character in escape sequence" });
                return false;
            };
            value = value.wrapping_mul(radix).wrapping_add(digit);
            *at += 1;
        }
        if value > max || (0xd800..0xe000).contains(&value) {
            self.error(start, "escape sequence is invalid Unicode code point");
            return false;
        }
        true
    }

    /// The byte at an offset, 0 behind the end.
    #[inline]
    fn byte(&self, at: usize) -> u8 {
        self.source.get(at).copied().unwrap_or(0)
    }
}

/// The offset of the first `_` that does not stand between digits or between a prefix and a digit.
fn misplaced_separator(text: &[u8]) -> Option<usize> {
    #[derive(Clone, Copy, PartialEq)]
    enum Kind {
        Separator,
        Digit,
        Other,
    }
    let prefix = text.get(1).filter(|_| text.first() == Some(&b'0')).map_or(0, |byte| byte | 0x20);
    let prefixed = matches!(prefix, b'x' | b'o' | b'b');
    let mut last = if prefixed { Kind::Digit } else { Kind::Other };
    let body = if prefixed { 2 } else { 0 };
    for (at, byte) in text.iter().enumerate().skip(body) {
        let kind = match byte {
            b'_' => Kind::Separator,
            b'0'..=b'9' => Kind::Digit,
            b'a'..=b'f' | b'A'..=b'F' if prefix == b'x' => Kind::Digit,
            _ => Kind::Other,
        };
        if kind == Kind::Separator && last != Kind::Digit {
            return Some(at);
        }
        if kind == Kind::Other && last == Kind::Separator {
            return Some(at - 1);
        }
        last = kind;
    }
    (last == Kind::Separator).then(|| text.len() - 1)
}
