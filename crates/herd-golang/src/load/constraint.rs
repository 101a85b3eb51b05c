//! Build constraints: whether the lines above a file's package clause let the file take part in a build, and which Go version they ask for.

use std::borrow::Cow;

use crate::unicode;

/// Operands a `//go:build` expression may have; go/build/constraint (Go 1.26, expr.go, `maxSize`) has the same limit.
const OPERANDS_MAX: u32 = 1000;

/// Operators a `// +build` line may have (`maxOldSize` in the same file).
const OLD_OPERATORS_MAX: u32 = 100;

/// What the constraints of one file say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Whether the file takes part.
    pub holds: bool,
    /// The line that decided: 1-based, 0 where no line did.
    pub line: u32,
    /// The least Go 1.N that the expression implies.
    pub go: Option<u32>,
    /// What is wrong with the constraints; such a file takes no part.
    pub fault: Option<Fault>,
}

/// A constraint that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More than one `//go:build` line.
    Multiple,
    /// The expression has a mistake.
    Syntax(SyntaxError),
}

/// A mistake in a build expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Byte offset inside the expression.
    pub offset: usize,
    /// What is wrong, in the words of go/build/constraint.
    pub text: Cow<'static, str>,
}

/// What an expression comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// Whether it holds.
    pub holds: bool,
    /// The least Go 1.N it implies (`constraint.GoVersion`, Go 1.21 and later).
    pub go: Option<u32>,
}

/// Reads the constraints in the first bytes of a file, which must reach into its package clause. Linear in `header`.
///
/// The rules are those of `parseFileHeader` and `shouldBuild` (go/build/build.go, Go 1.26): a `//go:build` line anywhere before the first
/// line that is no comment, else all `// +build` lines that a blank line separates from what follows.
pub fn of_header(header: &[u8], tag: &dyn Fn(&str) -> bool) -> Constraint {
    let mut constraint = Constraint { holds: true, line: 0, go: None, fault: None };
    let top = scan(header);
    match top.go_build {
        Lines::Many { second } => {
            (constraint.holds, constraint.line) = (false, second);
            constraint.fault = Some(Fault::Multiple);
        }
        Lines::One { text, line } => {
            constraint.line = line;
            match expression(text, tag) {
                Ok(value) => (constraint.holds, constraint.go) = (value.holds, value.go),
                Err(error) => (constraint.holds, constraint.fault) = (false, Some(Fault::Syntax(error))),
            }
        }
        Lines::None => {
            for (line, text) in top.old_lines {
                let holds = old_expression(text, tag).is_none_or(|value| value.holds);
                if !holds && constraint.holds {
                    (constraint.holds, constraint.line) = (false, line);
                }
            }
        }
    }
    constraint
}

/// The comment lines above the package clause that matter.
struct Top<'a> {
    go_build: Lines<'a>,
    old_lines: Vec<(u32, &'a str)>,
}

enum Lines<'a> {
    None,
    One { text: &'a str, line: u32 },
    Many { second: u32 },
}

fn scan(header: &[u8]) -> Top<'_> {
    let mut top = Top { go_build: Lines::None, old_lines: Vec::new() };
    // Old lines count only above the last blank line that still stands among comments.
    let mut old_valid = 0;
    let (mut in_block_comment, mut ended) = (false, false);
    for (at, line) in header.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if line.is_empty() {
            if !ended {
                old_valid = top.old_lines.len();
            }
            continue;
        }
        let number = u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1);
        if !line.starts_with(b"//") {
            ended = true;
        }
        if !in_block_comment && let Some(text) = after_go_build(line) {
            top.go_build = match top.go_build {
                Lines::None => Lines::One { text, line: number },
                Lines::One { .. } => Lines::Many { second: number },
                Lines::Many { second } => Lines::Many { second },
            };
        }
        if !ended && let Some(text) = after_plus_build(line) {
            top.old_lines.push((number, text));
        }
        if !only_comment(line, &mut in_block_comment) {
            break;
        }
    }
    top.old_lines.truncate(old_valid);
    top
}

/// Whether nothing but comments stands on the line; keeps track of block comments.
fn only_comment(mut line: &[u8], in_block_comment: &mut bool) -> bool {
    while !line.is_empty() {
        if *in_block_comment {
            let Some(end) = memchr::memmem::find(line, b"*/") else { return true };
            *in_block_comment = false;
            line = line.get(end + 2..).unwrap_or_default().trim_ascii();
        } else if line.starts_with(b"//") {
            return true;
        } else if let Some(rest) = line.strip_prefix(b"/*") {
            *in_block_comment = true;
            line = rest.trim_ascii();
        } else {
            return false;
        }
    }
    true
}

/// The expression of a `//go:build` line.
fn after_go_build(line: &[u8]) -> Option<&str> {
    // A constraint that is no UTF-8 has no tag that could hold; it is no constraint to go/build either, which then reads U+FFFD.
    after_keyword(std::str::from_utf8(line.strip_prefix(b"//go:build")?).unwrap_or(" \u{fffd}"))
}

/// The clauses of a `// +build` line.
fn after_plus_build(line: &[u8]) -> Option<&str> {
    let text = line.strip_prefix(b"//")?.trim_ascii_start().strip_prefix(b"+build")?;
    after_keyword(std::str::from_utf8(text).unwrap_or(" \u{fffd}"))
}

/// What follows a keyword: a space must separate it.
fn after_keyword(text: &str) -> Option<&str> {
    let trimmed = text.trim();
    (text.is_empty() || trimmed.len() != text.len()).then_some(trimmed)
}

/// Evaluates the expression of a `//go:build` line: tags, `!`, `&&`, `||`, parentheses. Linear; at most [`OPERANDS_MAX`] operands.
pub fn expression(text: &str, tag: &dyn Fn(&str) -> bool) -> Result<Value, SyntaxError> {
    let mut parser = Parser { text, at: 0, token: Token::End, token_at: 0, operands: 0, tag };
    let sides = parser.or()?;
    match parser.token {
        Token::End => Ok(Value { holds: sides.holds, go: u32::try_from(sides.go).ok() }),
        Token::Open | Token::Close | Token::Not | Token::And | Token::Or | Token::Tag(_) => Err(parser.unexpected()),
    }
}

/// Evaluates the clauses of a `// +build` line; `None` where the line is too long to count.
pub fn old_expression(text: &str, tag: &dyn Fn(&str) -> bool) -> Option<Value> {
    let mut operators = 0;
    let mut any: Option<Sides> = None;
    for clause in text.split_whitespace() {
        let mut all: Option<Sides> = None;
        for literal in clause.split(',') {
            let one = old_literal(literal, tag);
            all = Some(match all {
                None => one,
                Some(all) => {
                    operators += 1;
                    all.and(one)
                }
            });
        }
        any = match (any, all) {
            (None, all) => all,
            (Some(any), None) => Some(any),
            (Some(any), Some(all)) => {
                operators += 1;
                Some(any.or(all))
            }
        };
        if operators > OLD_OPERATORS_MAX {
            return None;
        }
    }
    let sides = any.unwrap_or_else(|| Sides::of_tag("ignore", tag));
    Some(Value { holds: sides.holds, go: u32::try_from(sides.go).ok() })
}

fn old_literal(literal: &str, tag: &dyn Fn(&str) -> bool) -> Sides {
    if literal.starts_with("!!") || literal == "!" {
        return Sides::of_tag("ignore", tag);
    }
    let (name, negated) = literal.strip_prefix('!').map_or((literal, false), |name| (name, true));
    let valid = !name.is_empty() && name.chars().all(is_tag_char);
    let sides = Sides::of_tag(if valid { name } else { "ignore" }, tag);
    if negated { sides.not() } else { sides }
}

/// Truth and implied version of an expression and of its negation, so that one pass without a tree is enough.
#[derive(Clone, Copy)]
struct Sides {
    holds: bool,
    /// Least Go 1.N implied, −1 for none.
    go: i64,
    /// The same of the negated expression.
    go_negated: i64,
}

impl Sides {
    fn of_tag(name: &str, tag: &dyn Fn(&str) -> bool) -> Self {
        Self { holds: tag(name), go: version_of_tag(name), go_negated: -1 }
    }

    fn not(self) -> Self {
        Self { holds: !self.holds, go: self.go_negated, go_negated: self.go }
    }

    fn and(self, other: Self) -> Self {
        Self { holds: self.holds && other.holds, go: self.go.max(other.go), go_negated: self.go_negated.min(other.go_negated) }
    }

    fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// The N of a `go1.N` tag, 0 of `go1`, −1 of others. Text before `go1.` is ignored as constraint.GoVersion (Go 1.26, vers.go) ignores it.
fn version_of_tag(name: &str) -> i64 {
    if name == "go1" {
        return 0;
    }
    name.split_once("go1.").and_then(|(_, minor)| minor.parse::<u32>().ok()).map_or(-1, i64::from)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token<'a> {
    End,
    Open,
    Close,
    Not,
    And,
    Or,
    Tag(&'a str),
}

struct Parser<'a, 'b> {
    text: &'a str,
    /// Offset of what is read next.
    at: usize,
    token: Token<'a>,
    token_at: usize,
    operands: u32,
    tag: &'b dyn Fn(&str) -> bool,
}

impl Parser<'_, '_> {
    fn or(&mut self) -> Result<Sides, SyntaxError> {
        let mut sides = self.and()?;
        while self.token == Token::Or {
            sides = sides.or(self.and()?);
        }
        Ok(sides)
    }

    fn and(&mut self) -> Result<Sides, SyntaxError> {
        let mut sides = self.not()?;
        while self.token == Token::And {
            sides = sides.and(self.not()?);
        }
        Ok(sides)
    }

    fn not(&mut self) -> Result<Sides, SyntaxError> {
        // The limit also bounds the depth of parentheses.
        self.operands += 1;
        if self.operands > OPERANDS_MAX {
            return Err(self.error(self.token_at, "build expression too large"));
        }
        self.advance()?;
        if self.token != Token::Not {
            return self.atom();
        }
        self.advance()?;
        if self.token == Token::Not {
            return Err(self.error(self.token_at, "double negation not allowed"));
        }
        Ok(self.atom()?.not())
    }

    fn atom(&mut self) -> Result<Sides, SyntaxError> {
        match self.token {
            Token::Tag(name) => {
                let sides = Sides::of_tag(name, self.tag);
                self.advance()?;
                Ok(sides)
            }
            Token::Open => {
                let open_at = self.token_at;
                let sides = self.or().map_err(|mut error| {
                    if error.text == "unexpected end of expression" {
                        error.text = Cow::Borrowed("missing close paren");
                    }
                    error
                })?;
                if self.token != Token::Close {
                    return Err(self.error(open_at, "missing close paren"));
                }
                self.advance()?;
                Ok(sides)
            }
            Token::End => Err(self.error(self.token_at, "unexpected end of expression")),
            Token::Close | Token::Not | Token::And | Token::Or => Err(self.unexpected()),
        }
    }

    fn advance(&mut self) -> Result<(), SyntaxError> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start_matches([' ', '\t']);
        let start = self.text.len() - trimmed.len();
        self.token_at = start;
        let mut chars = trimmed.chars();
        let (token, length) = match chars.next() {
            None => (Token::End, 0),
            Some('(') => (Token::Open, 1),
            Some(')') => (Token::Close, 1),
            Some('!') => (Token::Not, 1),
            Some('&') if chars.next() == Some('&') => (Token::And, 2),
            Some('|') if chars.next() == Some('|') => (Token::Or, 2),
            Some(first) => {
                let length = trimmed.find(|c| !is_tag_char(c)).unwrap_or(trimmed.len());
                match trimmed.get(..length) {
                    Some(name) if length > 0 => (Token::Tag(name), length),
                    _ => return Err(self.error(start, format!("invalid syntax at {first}"))),
                }
            }
        };
        self.token = token;
        self.at = start + length;
        Ok(())
    }

    fn unexpected(&self) -> SyntaxError {
        self.error(self.token_at, format!("unexpected token {}", self.text.get(self.token_at..self.at).unwrap_or_default()))
    }

    #[expect(clippy::unused_self, reason = "reads as the parser's complaint at each call")]
    fn error(&self, offset: usize, text: impl Into<Cow<'static, str>>) -> SyntaxError {
        SyntaxError { offset, text: text.into() }
    }
}

/// Letters, digits, `_` and `.`, as in `isValidTag` (go/build/constraint/expr.go).
fn is_tag_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '.' || !c.is_ascii() && (unicode::is_letter(c) || unicode::is_digit(c))
}
