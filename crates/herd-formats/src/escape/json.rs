//! The files of `-gcflags=-json=0,DIR` (`cmd/compile/internal/logopt/log_opts.go`, Go 1.21 to 1.27): a head, then one diagnostic of the
//! Language Server Protocol a line, positions counted from 1.
//!
//! Code `escape` (or `escapes`) with a message is an explanation, its steps in `relatedInformation`; without a message it is the verdict.
//! The range is the outermost position; `inlineLoc` before the first step leads to where the code was inlined from.

use std::borrow::Cow;

use serde::Deserialize;

use super::gather::{Gather, Spot};
use super::{LeftOut, MAX_LINE_BYTES, lines};

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    file: Cow<'a, str>,
    #[serde(borrow, default)]
    package: Cow<'a, str>,
    #[serde(borrow, default)]
    gc_version: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Diagnostic<'a> {
    range: Range,
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
    #[serde(borrow, default, rename = "relatedInformation")]
    related: Vec<Related<'a>>,
}

#[derive(Deserialize)]
struct Related<'a> {
    #[serde(borrow)]
    location: Location<'a>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Location<'a> {
    #[serde(borrow)]
    uri: Cow<'a, str>,
    range: Range,
}

#[derive(Deserialize)]
struct Range {
    start: Position,
}

#[derive(Deserialize)]
struct Position {
    line: u32,
    character: u32,
}

/// Reads a file, or several one after another.
pub(super) fn read(text: &[u8], into: &mut Gather) -> LeftOut {
    let mut left_out = LeftOut::default();
    let mut file = None;
    for (offset, line) in lines(text) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        if line.len() > MAX_LINE_BYTES {
            left_out.at(offset);
        } else if let Ok(told) = serde_json::from_slice::<Diagnostic<'_>>(line) {
            match file {
                Some(file) => diagnostic(file, &told, into),
                None => left_out.at(offset),
            }
        } else if let Ok(head) = serde_json::from_slice::<Head<'_>>(line) {
            // Every command is called main there, which says nothing.
            let package = if head.package == "main" { "" } else { &head.package };
            file = into.file(&head.file, package);
            if into.log.go_version.is_none() && !head.gc_version.is_empty() {
                into.log.go_version = Some(head.gc_version.into());
            }
        } else {
            left_out.at(offset);
        }
    }
    left_out
}

fn diagnostic(file: u32, told: &Diagnostic<'_>, into: &mut Gather) {
    if !matches!(&*told.code, "escape" | "escapes") {
        return;
    }
    let Position { line, character: column } = told.range.start;
    let spot = Spot { file, line, column };
    let inlined = told.related.iter().take_while(|related| related.message == "inlineLoc").last();
    let inlined = inlined.map(|related| (base(&related.location.uri).into(), related.location.range.start.line));
    match told.message.strip_suffix(" escapes to heap") {
        Some(what) => into.explained(spot, what, &why(&told.related), inlined),
        None => into.verdict(spot, &told.message, inlined),
    }
}

/// The last step of the way to the heap.
fn why(related: &[Related<'_>]) -> String {
    let mut why = String::new();
    for related in related {
        let Some(step) = related.message.strip_prefix("escflow:").and_then(|step| step.trim_start().strip_prefix("from ")) else {
            continue;
        };
        if why.is_empty() || !step.ends_with(" (spill)") {
            let Position { line, character } = related.location.range.start;
            why = format!("{} at {}:{line}:{character}", step.trim_end(), base(&related.location.uri));
        }
    }
    why
}

/// The last element of a file's address, its escapes (`%20`) undone.
fn base(uri: &str) -> String {
    let name = uri.rsplit('/').next().unwrap_or(uri).as_bytes();
    let mut plain = Vec::with_capacity(name.len());
    let mut at = 0;
    while at < name.len() {
        let byte = name.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        if let Some(byte) = byte.filter(|_| name[at] == b'%') {
            plain.push(byte);
            at += 3;
        } else {
            plain.push(name[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}
