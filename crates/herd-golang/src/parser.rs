//! Source to tree: a recursive descent over the tokens, with the grammar and the checks of go/parser (parser.go, Go 1.27).
//!
//! It takes what go/parser takes, beyond what Go's compiler does, and refuses what go/parser refuses. After an error it goes on as go/parser
//! does, except that a declaration at the start of a line ends whatever before it is broken.
#![allow(clippy::wildcard_enum_match_arm, reason = "a production names the few tokens it takes, of eighty")]

mod build;
mod decl;
mod expr;
mod names;
mod params;
mod stmt;
mod types;

use std::borrow::Cow;

use crate::ast::{Comment, CommentGroupId, File, Ident, Pos, Span};
use crate::intern::{Interner, known};
use crate::lexer::{ERRORS_MAX, Lexer, SOURCE_BYTES_MAX, SyntaxError, check_encoding};
use crate::token::Token;
use build::Scratch;
use names::Names;

/// How much of a file is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mode {
    /// All of it.
    Full,
    /// All but the bodies of functions, which are passed over by their braces.
    Declarations,
    /// The package clause and the imports; the rest is not even looked at.
    Imports,
}

/// How deep productions may be within each other. go/parser allows a hundred thousand, of which threads of two MiB know nothing.
pub const NESTING_MAX: u32 = 1000;
/// How long a chain of operators, calls and selectors may be, as in go/parser.
const CHAIN_MAX: u32 = 100_000;

/// Reads a Go file. Names are those of `names`, which files of one program share.
///
/// Never fails: what is wrong is in [`File::errors`], and a mistake in one declaration leaves the others whole. Linear in the source; a source
/// of more than a GiB is an error.
pub fn parse(source: Vec<u8>, names: &Interner, mode: Mode) -> File {
    let mut parser = Parser::new(&source, names, mode);
    parser.file();
    let mut file = parser.finish();
    if source.len() > SOURCE_BYTES_MAX {
        file.errors.push(SyntaxError { offset: SOURCE_BYTES_MAX as u32, message: "source is longer than a GiB".into() });
    }
    file.source = source;
    file
}

/// The state of a descent: the next token, and the tree so far.
struct Parser<'s> {
    lexer: Lexer<'s>,
    names: Names<'s>,
    mode: Mode,
    file: File,
    scratch: Scratch,
    /// Offset behind the last token that was taken.
    taken_end: u32,
    /// The comment right above the next token, and the one behind the last token on its line.
    lead_comment: Option<CommentGroupId>,
    line_comment: Option<CommentGroupId>,
    /// Negative in the header of a control clause, where `{` opens the body.
    expr_level: i32,
    /// Whether `=` is taken for a mistaken `==`.
    in_rhs: bool,
    /// Productions that the next token is within.
    depth: u32,
    /// Where the last attempt to find something to go on with ended, and how many ended there.
    sync: (u32, u32),
    /// Whether an error was met in the declaration at hand.
    broken: bool,
    /// The first token within the declaration at hand that seems to start another one.
    suspect: Option<Mark>,
    /// Bytes that were read twice.
    reread: usize,
    /// The token that starts the next declaration, while the broken one before it is shown the end of the file.
    held: Option<Token>,
}

/// A token to which one can go back.
#[derive(Clone, Copy)]
struct Mark {
    start: u32,
    line: u32,
    taken_end: u32,
    lead_comment: Option<CommentGroupId>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s [u8], names: &'s Interner, mode: Mode) -> Self {
        Self {
            lexer: Lexer::new(source),
            names: Names::new(source.len(), names),
            mode,
            file: build::empty_file(source.len(), mode),
            scratch: Scratch::default(),
            taken_end: 0,
            lead_comment: None,
            line_comment: None,
            expr_level: 0,
            in_rhs: false,
            depth: 0,
            sync: (0, 0),
            broken: false,
            suspect: None,
            reread: 0,
            held: None,
        }
    }

    /// The tree, with the errors of all kinds in order.
    fn finish(self) -> File {
        let mut file = self.file;
        let mut errors = self.lexer.errors;
        let read = if self.mode == Mode::Imports { self.lexer.end as usize } else { self.lexer.source.len() };
        errors.extend(check_encoding(self.lexer.source.get(..read).unwrap_or_default()));
        errors.sort_by_key(|error| error.offset);
        // Those of what was read twice.
        errors.dedup();
        file.errors = errors;
        file.lines = self.lexer.lines;
        file.has_line_directives = self.lexer.has_line_directives;
        build::give_back(&mut file);
        file
    }

    /// Reads the next token that is no comment.
    #[inline]
    fn next(&mut self) {
        if self.held.is_some() {
            return;
        }
        self.taken_end = self.lexer.end;
        self.advance(Some(self.lexer.line));
    }

    fn advance(&mut self, last_line: Option<u32>) {
        self.lead_comment = None;
        self.line_comment = None;
        self.lexer.scan();
        if self.lexer.token == Token::Comment {
            self.comments(last_line);
        }
        if starts_declaration(self.lexer.token) && self.depth > 0 && self.at_line_start() {
            self.meet_declaration();
        }
    }

    /// At what seems to start a declaration although the one at hand is not at its end: where that is broken it ends here, and where it
    /// proves to be broken further on this is where to go back to.
    fn meet_declaration(&mut self) {
        if self.broken {
            self.hold();
        } else if self.suspect.is_none() {
            self.suspect = Some(self.mark());
        }
    }

    /// Shows everything underway the end of the file, until [`Parser::release`].
    fn hold(&mut self) {
        self.held = Some(self.lexer.token);
        self.lexer.token = Token::Eof;
    }

    /// Whether there is a token left that the declaration before it was not shown.
    fn release(&mut self) -> bool {
        let Some(token) = self.held.take() else { return false };
        self.lexer.token = token;
        token != Token::Eof
    }

    /// Goes back from a broken declaration to where the next one seems to start, unless too much was read twice already. Tells whether it did.
    fn rewind_to(&mut self, mark: Mark) -> bool {
        self.reread += (self.lexer.start - mark.start) as usize;
        if self.reread > self.lexer.source.len() * 4 {
            return false;
        }
        self.sync = (0, 0);
        self.lexer.rewind(mark.start, mark.line);
        self.taken_end = mark.taken_end;
        self.lead_comment = mark.lead_comment;
        self.hold();
        true
    }

    fn mark(&self) -> Mark {
        Mark { start: self.lexer.start, line: self.lexer.line, taken_end: self.taken_end, lead_comment: self.lead_comment }
    }

    fn at_line_start(&self) -> bool {
        self.lexer.lines.last() == Some(&self.lexer.start)
    }

    /// Takes the comments before the next token, as groups, and tells which of them belongs to it or to the token before.
    fn comments(&mut self, last_line: Option<u32>) {
        if Some(self.lexer.line) == last_line {
            let (group, end_line) = self.comment_group(0);
            if self.lexer.line != end_line || matches!(self.lexer.token, Token::Semicolon | Token::Eof) {
                self.line_comment = Some(group);
            }
        }
        let mut last = None;
        while self.lexer.token == Token::Comment {
            last = Some(self.comment_group(1));
        }
        if let Some((group, end_line)) = last
            && end_line + 1 == self.lexer.line
        {
            self.lead_comment = Some(group);
        }
    }

    /// Comments of which each starts at most so many lines behind the one before it; and the line on which the last one ends.
    fn comment_group(&mut self, lines: u32) -> (CommentGroupId, u32) {
        let start = self.pos();
        let again = self.file.comments.last().is_some_and(|last| last.span.start >= start);
        let first = self.file.comments.len();
        let mut end_line = self.lexer.line;
        while self.lexer.token == Token::Comment && self.lexer.line <= end_line + lines {
            if !again {
                let span = Span { start: self.pos(), end: Pos::at(self.lexer.end) };
                self.file.comments.push(Comment { span });
            }
            end_line = self.lexer.lines.len() as u32 - 1;
            self.lexer.scan();
        }
        if again {
            return (self.group_at(start), end_line);
        }
        let group = CommentGroupId::of_index(self.file.comment_groups.len());
        self.file.comment_groups.push((first as u32, (self.file.comments.len() - first) as u32));
        (group, end_line)
    }

    /// The group that a comment which is read again was put into.
    fn group_at(&self, start: Pos) -> CommentGroupId {
        let comments = &self.file.comments;
        let begins = |first: u32| comments.get(first as usize).is_some_and(|comment| comment.span.start <= start);
        let groups = self.file.comment_groups.partition_point(|(first, _)| begins(*first));
        CommentGroupId::of_index(groups.saturating_sub(1))
    }

    #[inline]
    fn token(&self) -> Token {
        self.lexer.token
    }

    #[inline]
    fn at(&self, token: Token) -> bool {
        self.lexer.token == token
    }

    /// Where the next token starts.
    #[inline]
    fn pos(&self) -> Pos {
        Pos::at(self.lexer.start)
    }

    /// Whether the next token is a semicolon that a newline stands for.
    fn at_newline(&self) -> bool {
        self.at(Token::Semicolon) && self.lexer.implicit
    }

    /// Takes a token, whatever it is, and complains where it is another one than expected. Tells where it stands.
    #[inline]
    fn expect(&mut self, token: Token) -> Pos {
        let pos = self.pos();
        if !self.at(token) {
            self.error_expected(pos, &format!("'{}'", token.text()));
        }
        self.next();
        pos
    }

    /// As [`Parser::expect`], without a place where the token is another one.
    fn expect_some(&mut self, token: Token) -> Option<Pos> {
        let found = self.at(token);
        let pos = self.expect(token);
        found.then_some(pos)
    }

    /// As [`Parser::expect`], for a bracket that closes a list whose last comma may be missing.
    fn expect_closing(&mut self, token: Token, context: &str) -> Pos {
        if !self.at(token) && self.at_newline() {
            self.error(self.pos(), format!("missing ',' before newline in {context}"));
            self.next();
        }
        self.expect(token)
    }

    /// Takes the semicolon behind a statement; tells of the comment behind it.
    fn expect_semicolon(&mut self) -> Option<CommentGroupId> {
        match self.token() {
            Token::RightParen | Token::RightBrace => None,
            Token::Comma | Token::Semicolon => {
                if self.at(Token::Comma) {
                    self.error_expected(self.pos(), "';'");
                }
                if self.at(Token::Semicolon) && !self.lexer.implicit {
                    self.next();
                    return self.line_comment;
                }
                let comment = self.line_comment;
                self.next();
                comment
            }
            _ => {
                self.error_expected(self.pos(), "';'");
                self.synchronise(starts_statement);
                None
            }
        }
    }

    /// Whether a list goes on: at a comma, or where one must be missing.
    fn at_comma(&mut self, context: &str, follow: Token) -> bool {
        if self.at(Token::Comma) {
            return true;
        }
        if self.at(follow) {
            return false;
        }
        let newline = if self.at_newline() { " before newline" } else { "" };
        self.error(self.pos(), format!("missing ','{newline} in {context}"));
        true
    }

    /// Passes over tokens up to one of a kind. Where many attempts end at the same token it is passed over too, so that nothing loops.
    fn synchronise(&mut self, at: fn(Token) -> bool) {
        while !self.at(Token::Eof) {
            if at(self.token()) {
                let (place, times) = self.sync;
                if self.lexer.start == place && times < 10 {
                    self.sync.1 += 1;
                    return;
                }
                if self.lexer.start > place {
                    self.sync = (self.lexer.start, 0);
                    return;
                }
            }
            self.next();
        }
    }

    /// Notes an error, unless the last one is on the same line, or what is missing was cut off on purpose.
    #[cold]
    fn error(&mut self, pos: Pos, message: impl Into<Cow<'static, str>>) {
        self.broken = true;
        if self.lexer.errors.len() >= ERRORS_MAX || self.held.is_some() {
            return;
        }
        let line = |offset: u32| self.lexer.lines.partition_point(|start| *start <= offset);
        if self.lexer.errors.last().is_some_and(|last| line(last.offset) == line(pos.offset())) {
            return;
        }
        self.lexer.errors.push(SyntaxError { offset: pos.offset(), message: message.into() });
    }

    #[cold]
    fn error_expected(&mut self, pos: Pos, what: &str) {
        let mut message = format!("expected {what}");
        if pos == self.pos() {
            if self.at_newline() {
                message.push_str(", found newline");
            } else if self.token().is_literal() {
                message = format!("{message}, found {}", String::from_utf8_lossy(self.lexer.text()));
            } else {
                message = format!("{message}, found '{}'", self.token().text());
            }
        }
        self.error(pos, message);
    }

    /// Enters a production. Tells whether that is too deep: then everything underway is at its end, and the next declaration is awaited.
    #[inline]
    fn too_deep(&mut self) -> bool {
        self.depth += 1;
        if self.depth <= NESTING_MAX {
            return false;
        }
        self.give_up();
        true
    }

    /// Leaves a production that was not too deep, or was.
    #[inline]
    fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Ends the declaration at hand, and looks for the next one at the start of a line.
    #[cold]
    fn give_up(&mut self) {
        if self.held.is_some() {
            return;
        }
        self.error(self.pos(), "exceeded max nesting depth");
        while !self.at(Token::Eof) {
            self.next();
        }
        if self.held.is_none() {
            self.hold();
        }
    }

    /// Takes a name; `_` stands for one that is missing.
    #[inline]
    fn ident(&mut self) -> Ident {
        let pos = self.pos();
        let mut name = known::BLANK;
        if self.at(Token::Ident) {
            name = self.names.symbol(&self.lexer);
            self.next();
        } else {
            self.expect(Token::Ident);
        }
        Ident { name, pos }
    }
}

fn starts_statement(token: Token) -> bool {
    use Token::{Break, Const, Continue, Defer, Fallthrough, For, Go, Goto, If, Return, Select, Switch, Type, Var};
    matches!(token, Break | Const | Continue | Defer | Fallthrough | For | Go | Goto | If | Return | Select | Switch | Type | Var)
}

fn starts_declaration(token: Token) -> bool {
    token == Token::Func || starts_general_declaration(token)
}

/// Of any but a function, whose keyword starts literals and types too.
fn starts_general_declaration(token: Token) -> bool {
    matches!(token, Token::Import | Token::Const | Token::Type | Token::Var)
}

fn ends_expression(token: Token) -> bool {
    use Token::{Colon, Comma, RightBrace, RightBracket, RightParen, Semicolon};
    matches!(token, Comma | Colon | Semicolon | RightParen | RightBracket | RightBrace)
}

#[cfg(test)]
mod tests;
