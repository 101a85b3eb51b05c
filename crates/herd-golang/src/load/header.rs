//! The head of a Go file: its build constraints, package name and imports, read from its first bytes.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::constraint::{self, Constraint};
use crate::lexer::Lexer;
use crate::literal;
use crate::token::Token;

/// Bytes read at first: nine heads in ten are shorter.
const FIRST_BYTES: usize = 4 << 10;

/// Heads are not followed beyond this; it takes a comment or an import list of that size.
const HEAD_BYTES_MAX: usize = 64 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What stands above the first declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether the file takes part, and why.
    pub constraint: Constraint,
    /// Package name; empty where there is none. Not read where the constraints leave the file out.
    pub package: Box<str>,
    /// In the order of the file, with `C`.
    pub imports: Vec<HeaderImport>,
    /// Line of the first mistake, 1-based.
    pub fault: Option<u32>,
}

/// One import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderImport {
    /// Import path.
    pub path: Box<str>,
    /// 1-based.
    pub line: u32,
}

/// Reads the head of a file. `buffer` is scratch space that a caller keeps for many files. Linear in the head.
pub fn read(path: &Path, buffer: &mut Vec<u8>, tag: &dyn Fn(&str) -> bool) -> io::Result<Header> {
    let mut file = File::open(path)?;
    let mut wanted = FIRST_BYTES;
    buffer.clear();
    loop {
        let whole = fill(&mut file, buffer, wanted)?;
        if let Some(header) = of_source(buffer, whole || wanted >= HEAD_BYTES_MAX, tag) {
            return Ok(header);
        }
        wanted = wanted.saturating_mul(8);
    }
}

/// Reads on until the buffer has that many bytes; whether the file ended before.
fn fill(file: &mut File, buffer: &mut Vec<u8>, wanted: usize) -> io::Result<bool> {
    let mut length = buffer.len();
    buffer.resize(wanted, 0);
    while let Some(free) = buffer.get_mut(length..).filter(|free| !free.is_empty()) {
        match file.read(free) {
            Ok(0) => {
                buffer.truncate(length);
                return Ok(true);
            }
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Reads the head in the first bytes of a source; `None` where it goes on behind them.
pub fn of_source(source: &[u8], whole: bool, tag: &dyn Fn(&str) -> bool) -> Option<Header> {
    let mut lexer = Lexer::new(source);
    next(&mut lexer);
    let inside = |lexer: &Lexer<'_>| whole || (lexer.end as usize) < source.len();
    if !inside(&lexer) {
        return None;
    }
    let above = source.get(..lexer.end as usize).unwrap_or_default();
    let above = above.strip_prefix(BYTE_ORDER_MARK).unwrap_or(above);
    let constraint = constraint::of_header(above, tag);
    let mut header = Header { constraint, package: "".into(), imports: Vec::new(), fault: None };
    if !header.constraint.holds {
        return Some(header);
    }
    clauses(&mut lexer, &mut header);
    inside(&lexer).then_some(header)
}

/// The package clause and the import declarations; stops at the first token that belongs to neither.
fn clauses(lexer: &mut Lexer<'_>, header: &mut Header) {
    if lexer.token != Token::Package {
        return fault(lexer, header);
    }
    next(lexer);
    if lexer.token != Token::Ident {
        return fault(lexer, header);
    }
    header.package = String::from_utf8_lossy(lexer.text()).into();
    next(lexer);
    while matches!(lexer.token, Token::Semicolon | Token::Import) {
        let import = lexer.token == Token::Import;
        next(lexer);
        if !import {
            continue;
        }
        let grouped = lexer.token == Token::LeftParen;
        if grouped {
            next(lexer);
        }
        if !specs(lexer, header, grouped) {
            return fault(lexer, header);
        }
    }
}

/// One import, or those of a group up to its closing parenthesis; false at a mistake.
fn specs(lexer: &mut Lexer<'_>, header: &mut Header, grouped: bool) -> bool {
    loop {
        if grouped && lexer.token == Token::RightParen {
            next(lexer);
            return true;
        }
        if matches!(lexer.token, Token::Ident | Token::Period) {
            next(lexer);
        }
        if lexer.token != Token::String {
            return false;
        }
        let Some(path) = literal::string(lexer.text()) else { return false };
        header.imports.push(HeaderImport { path: String::from_utf8_lossy(&path).into(), line: lexer.line + 1 });
        next(lexer);
        if !grouped {
            return true;
        }
        if lexer.token == Token::Semicolon {
            next(lexer);
        } else if lexer.token != Token::RightParen {
            return false;
        }
    }
}

/// The next token that is no comment.
fn next(lexer: &mut Lexer<'_>) {
    lexer.scan();
    while lexer.token == Token::Comment {
        lexer.scan();
    }
}

fn fault(lexer: &Lexer<'_>, header: &mut Header) {
    header.fault = Some(lexer.line + 1);
}
