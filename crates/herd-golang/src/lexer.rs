//! Bytes to tokens, one at a time, with the semicolons that Go puts at the ends of lines (go/scanner, scanner.go, Go 1.27).

mod check;
mod comment;
mod literal;
mod skip;

use std::borrow::Cow;

pub use check::check_encoding;

use crate::token::{Token, keyword};
use crate::unicode;

/// What is wrong with a source, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxError {
    /// Byte offset.
    pub offset: u32,
    /// A fragment in the words of Go's own tools.
    pub message: Cow<'static, str>,
}

/// Reads tokens from a source of at most [`SOURCE_BYTES_MAX`] bytes. The fields tell of the last token that [`Lexer::scan`] read.
///
/// Linear in the source; allocates only for lines and errors. Encoding is not its concern: see [`check_encoding`].
pub struct Lexer<'s> {
    /// The source.
    pub source: &'s [u8],
    /// What was read.
    pub token: Token,
    /// Offset of its first byte; of the newline, for a semicolon that a newline stands for.
    pub start: u32,
    /// Offset behind its last byte.
    pub end: u32,
    /// Line of its first byte, from 0.
    pub line: u32,
    /// Whether it is a semicolon that is not in the source.
    pub implicit: bool,
    /// First eight bytes of a name, the first one lowest, zero behind its end. Stale for other tokens.
    pub(crate) head: u64,
    /// Offsets at which lines start, the first being 0.
    pub lines: Vec<u32>,
    /// Malformed tokens met so far, at most [`ERRORS_MAX`].
    pub errors: Vec<SyntaxError>,
    /// Whether a `//line` or `/*line` comment was seen. They change no position here.
    pub has_line_directives: bool,
    at: usize,
    needs_semicolon: bool,
    /// Where in a comment stands the newline that ends a statement; the semicolon follows the comment.
    newline_in_comment: Option<(u32, u32)>,
}

/// The longest source that is read.
pub const SOURCE_BYTES_MAX: usize = 1 << 30;
/// Errors kept per file and kind; what follows so many mistakes says nothing new.
pub const ERRORS_MAX: usize = 1000;

impl<'s> Lexer<'s> {
    /// A lexer that has read nothing, at the start of a source; a byte order mark there is passed over.
    pub fn new(source: &'s [u8]) -> Self {
        let source = source.get(..SOURCE_BYTES_MAX).unwrap_or(source);
        let mut lines = Vec::with_capacity(source.len() / 32 + 2);
        lines.push(0);
        Self {
            source,
            token: Token::Illegal,
            start: 0,
            end: 0,
            line: 0,
            implicit: false,
            head: 0,
            lines,
            errors: Vec::new(),
            has_line_directives: false,
            at: if source.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 },
            needs_semicolon: false,
            newline_in_comment: None,
        }
    }

    /// Reads the next token; at the end of the source [`Token::Eof`], again and again.
    #[inline]
    pub fn scan(&mut self) {
        if self.newline_in_comment.is_some() {
            return self.semicolon_behind_comment();
        }
        let mut at = self.at;
        let byte = loop {
            let Some(&byte) = self.source.get(at) else { return self.at_end() };
            // White space, and what is illegal, is at most that.
            if byte > b' ' {
                break byte;
            }
            if byte == b'\n' {
                if self.needs_semicolon {
                    break byte;
                }
                self.lines.push(at as u32 + 1);
            } else if byte != b' ' && byte != b'\t' && byte != b'\r' {
                break byte;
            }
            at += 1;
        };
        self.start = at as u32;
        self.line = self.lines.len() as u32 - 1;
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(at),
            b'0'..=b'9' => self.number(at),
            0x80.. => self.beyond_ascii(at),
            _ => self.sign(at, byte),
        }
    }

    /// Goes back to the start of a token that was read, which was the first on its line, and reads it again.
    pub(crate) fn rewind(&mut self, start: u32, line: u32) {
        self.at = start as usize;
        self.needs_semicolon = false;
        self.newline_in_comment = None;
        self.lines.truncate(line as usize + 1);
        self.scan();
    }

    /// The text of the last token.
    #[inline]
    pub fn text(&self) -> &'s [u8] {
        self.source.get(self.start as usize..self.end as usize).unwrap_or_default()
    }

    /// Notes a malformed token.
    pub(crate) fn error(&mut self, offset: usize, message: impl Into<Cow<'static, str>>) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(SyntaxError { offset: offset as u32, message: message.into() });
        }
    }

    #[inline]
    fn finish(&mut self, token: Token, end: usize, needs_semicolon: bool) {
        self.token = token;
        self.at = end;
        self.end = end as u32;
        self.needs_semicolon = needs_semicolon;
    }

    #[cold]
    fn at_end(&mut self) {
        let end = self.source.len();
        self.start = end as u32;
        self.line = self.lines.len() as u32 - 1;
        self.implicit = self.needs_semicolon;
        let token = if self.needs_semicolon { Token::Semicolon } else { Token::Eof };
        self.finish(token, end, false);
    }

    fn semicolon_behind_comment(&mut self) {
        if let Some((newline, line)) = self.newline_in_comment.take() {
            self.token = Token::Semicolon;
            self.implicit = true;
            self.start = newline;
            self.end = newline + 1;
            self.line = line;
            self.needs_semicolon = false;
        }
    }

    /// A name or a keyword that starts with an ASCII letter. Eight bytes at a time.
    #[inline]
    fn word(&mut self, start: usize) {
        let first = self.eight_bytes(start);
        let mut len = word_len(first);
        self.head = if len == 8 { first } else { first & ((1 << (8 * len)) - 1) };
        let mut end = start + len;
        while len == 8 {
            len = word_len(self.eight_bytes(end));
            end += len;
        }
        if self.source.get(end).is_some_and(|byte| *byte >= 0x80) {
            end = self.letters_beyond_ascii(end);
            self.head = self.head_of(start, end);
            return self.finish(Token::Ident, end, true);
        }
        let text = self.source.get(start..end).unwrap_or_default();
        if let 2..=11 = text.len()
            && let Some(token) = keyword(self.head, text)
        {
            let ends = matches!(token, Token::Break | Token::Continue | Token::Fallthrough | Token::Return);
            return self.finish(token, end, ends);
        }
        self.finish(Token::Ident, end, true);
    }

    /// The eight bytes from an offset, the first one lowest; zero behind the end of the source.
    #[inline]
    fn eight_bytes(&self, at: usize) -> u64 {
        if let Some(bytes) = self.source.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            return u64::from_le_bytes(*bytes);
        }
        let rest = self.source.get(at..).unwrap_or_default();
        rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
    }

    fn head_of(&self, start: usize, end: usize) -> u64 {
        let text = self.source.get(start..end.min(start + 8)).unwrap_or_default();
        text.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
    }

    /// The end of a name that goes on at `end` with anything.
    fn letters_beyond_ascii(&self, mut end: usize) -> usize {
        loop {
            match self.source.get(end) {
                Some(byte) if byte.is_ascii_alphanumeric() || *byte == b'_' => end += 1,
                Some(0x80..) => match decode(self.source.get(end..).unwrap_or_default()) {
                    Some(character) if unicode::is_letter(character) || unicode::is_digit(character) => {
                        end += character.len_utf8();
                    }
                    _ => return end,
                },
                _ => return end,
            }
        }
    }

    #[cold]
    fn beyond_ascii(&mut self, start: usize) {
        let character = decode(self.source.get(start..).unwrap_or_default());
        match character {
            Some(letter) if unicode::is_letter(letter) => {
                let end = self.letters_beyond_ascii(start + letter.len_utf8());
                self.head = self.head_of(start, end);
                self.finish(Token::Ident, end, true);
            }
            Some(quote @ ('“' | '”')) => {
                self.error(start, format!("curly quotation mark {quote:?} (use neutral '\"')"));
                self.finish(Token::Illegal, start + quote.len_utf8(), self.needs_semicolon);
            }
            // `check_encoding` tells of both.
            Some('\u{feff}') => self.finish(Token::Illegal, start + 3, self.needs_semicolon),
            None => self.finish(Token::Illegal, start + 1, self.needs_semicolon),
            Some(other) => {
                self.error(start, format!("illegal character U+{:04X} '{other}'", u32::from(other)));
                self.finish(Token::Illegal, start + other.len_utf8(), self.needs_semicolon);
            }
        }
    }

    /// An operator, a delimiter, a string, a comment, or a newline that ends a statement.
    #[inline]
    fn sign(&mut self, start: usize, byte: u8) {
        let next = self.source.get(start + 1).copied().unwrap_or(0);
        let (token, len) = match byte {
            b'\n' => {
                self.implicit = true;
                self.finish(Token::Semicolon, start + 1, false);
                self.lines.push(self.end);
                return;
            }
            b'"' => return self.string(start),
            b'`' => return self.raw_string(start),
            b'\'' => return self.character(start),
            b'/' if next == b'/' => return self.line_comment(start),
            b'/' if next == b'*' => return self.block_comment(start),
            b'.' if next.is_ascii_digit() => return self.number(start),
            b'.' if next == b'.' && self.source.get(start + 2) == Some(&b'.') => (Token::Ellipsis, 3),
            b'.' => (Token::Period, 1),
            b',' => (Token::Comma, 1),
            b';' => {
                self.implicit = false;
                (Token::Semicolon, 1)
            }
            b'(' => (Token::LeftParen, 1),
            b')' => return self.finish(Token::RightParen, start + 1, true),
            b'[' => (Token::LeftBracket, 1),
            b']' => return self.finish(Token::RightBracket, start + 1, true),
            b'{' => (Token::LeftBrace, 1),
            b'}' => return self.finish(Token::RightBrace, start + 1, true),
            b':' => or_assign(next, Token::Colon, Token::Define),
            b'=' => or_assign(next, Token::Assign, Token::Equal),
            b'!' => or_assign(next, Token::Not, Token::NotEqual),
            b'*' => or_assign(next, Token::Mul, Token::MulAssign),
            b'/' => or_assign(next, Token::Quo, Token::QuoAssign),
            b'%' => or_assign(next, Token::Rem, Token::RemAssign),
            b'^' => or_assign(next, Token::Xor, Token::XorAssign),
            b'~' => (Token::Tilde, 1),
            b'+' if next == b'+' => return self.finish(Token::Inc, start + 2, true),
            b'+' => or_assign(next, Token::Add, Token::AddAssign),
            b'-' if next == b'-' => return self.finish(Token::Dec, start + 2, true),
            b'-' => or_assign(next, Token::Sub, Token::SubAssign),
            b'<' if next == b'-' => (Token::Arrow, 2),
            b'<' if next == b'<' => self.doubled(start, Token::Shl, Token::ShlAssign),
            b'<' => or_assign(next, Token::Less, Token::LessEqual),
            b'>' if next == b'>' => self.doubled(start, Token::Shr, Token::ShrAssign),
            b'>' => or_assign(next, Token::Greater, Token::GreaterEqual),
            b'&' if next == b'^' => self.doubled(start, Token::AndNot, Token::AndNotAssign),
            b'&' if next == b'&' => (Token::LogicalAnd, 2),
            b'&' => or_assign(next, Token::And, Token::AndAssign),
            b'|' if next == b'|' => (Token::LogicalOr, 2),
            b'|' => or_assign(next, Token::Or, Token::OrAssign),
            _ => return self.illegal(start, byte),
        };
        self.finish(token, start + len, false);
    }

    /// An operator of two bytes, or of three with `=` behind it.
    fn doubled(&self, start: usize, plain: Token, assign: Token) -> (Token, usize) {
        if self.source.get(start + 2) == Some(&b'=') { (assign, 3) } else { (plain, 2) }
    }

    #[cold]
    fn illegal(&mut self, start: usize, byte: u8) {
        let sign = char::from(byte);
        let shown = if sign.is_ascii_graphic() { format!(" '{sign}'") } else { String::new() };
        self.error(start, format!("illegal character U+{byte:04X}{shown}"));
        self.finish(Token::Illegal, start + 1, self.needs_semicolon);
    }
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn or_assign(next: u8, plain: Token, assign: Token) -> (Token, usize) {
    if next == b'=' { (assign, 2) } else { (plain, 1) }
}

/// How many of eight bytes, from the lowest on, are ASCII letters, digits or `_`.
#[inline]
fn word_len(bytes: u64) -> usize {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const EACH: u64 = 0x0101_0101_0101_0101;
    // Added to a byte, it sets the high bit of those that are no less.
    let from = |least: u8| EACH * u64::from(0x80 - least);
    // Sums cannot carry into the next byte: seven bits and less than 0x80.
    let low = bytes & !HIGH;
    let lower = low | (EACH * 0x20);
    let letter = (lower + from(b'a')) & !(lower + from(b'z' + 1));
    let digit = (low + from(b'0')) & !(low + from(b'9' + 1));
    let underscore = !((low ^ (EACH * u64::from(b'_'))) + EACH * 0x7f);
    let word = (letter | digit | underscore) & !bytes & HIGH;
    ((word ^ HIGH).trailing_zeros() / 8) as usize
}

/// The first character of a text, where it is well formed.
fn decode(text: &[u8]) -> Option<char> {
    (1..=text.len().min(4)).find_map(|len| std::str::from_utf8(text.get(..len)?).ok()?.chars().next())
}

#[cfg(test)]
mod tests;
