//! What kind of file the first bytes belong to, in words a user understands.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use memchr::memmem;

use crate::pb::{self, Field};
use crate::pprof::{self, TextForm};
use crate::runlog;

/// Bytes of a head that are enough.
pub const HEAD_BYTES: usize = 64 << 10;

/// What an input is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text with goroutines in it.
    DumpText,
    /// A profile in profile.proto.
    ProfileProto {
        /// Gzipped.
        gz: bool,
    },
    /// Gzip around something else.
    Gzip,
    /// Zstandard.
    Zstd,
    /// An envelope goherd printed.
    SavedEnvelope,
    /// A report of the Go module's fuse.
    FuseReport,
    /// What the Go module counts at `/debug/goherd`.
    Account,
    /// A web page, with its title.
    Html(String),
    /// An execution trace.
    Trace,
    /// A profile in text that holds no goroutines, such as `heap`.
    ProfileText(TextForm),
    /// Text without goroutines so far, in which the Go runtime printed of itself; a dump may come later.
    RuntimeLog,
    /// Something else that is not text.
    Binary(&'static str),
    /// Nothing at all.
    Empty,
    /// Text in which nothing is known so far; a dump may come later in a log.
    UnknownText,
}

/// Looks at the first bytes of an input, [`HEAD_BYTES`] of them or all there are.
pub fn recognise(head: &[u8]) -> Kind {
    if head.is_empty() {
        return Kind::Empty;
    }
    if head.starts_with(&[0x1f, 0x8b]) {
        return if looks_like_profile(&inflate_head(head)) { Kind::ProfileProto { gz: true } } else { Kind::Gzip };
    }
    if let Some((_, kind)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return kind.clone();
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if head.starts_with(b"go 1.") && memmem::find(&head[..head.len().min(16)], b" trace").is_some() {
        return Kind::Trace;
    }
    if text.is_empty() {
        return Kind::Empty;
    }
    // Before the text search: an envelope quotes goroutines.
    for (schema, kind) in SCHEMAS {
        if names_schema(text, schema) {
            return kind.clone();
        }
    }
    if has_goroutines(text) {
        return Kind::DumpText;
    }
    if looks_like_html(text) {
        return Kind::Html(title(text));
    }
    if let Some(form) = pprof::text_form(text) {
        return Kind::ProfileText(form);
    }
    if looks_like_profile(head) {
        return Kind::ProfileProto { gz: false };
    }
    if is_binary(head) {
        return Kind::Binary("binary data");
    }
    if runlog::is_runtime_log(head) {
        return Kind::RuntimeLog;
    }
    Kind::UnknownText
}

const MAGICS: &[(&[u8], Kind)] = &[
    (&[0x28, 0xb5, 0x2f, 0xfd], Kind::Zstd),
    (b"\x7fELF", Kind::Binary("an ELF file (a program or a core)")),
    (b"MZ", Kind::Binary("a Windows program")),
    (b"\xcf\xfa\xed\xfe", Kind::Binary("a Mach-O program")),
    (b"PK\x03\x04", Kind::Binary("a zip archive")),
    (b"\x89PNG", Kind::Binary("a PNG picture")),
    (b"%PDF", Kind::Binary("a PDF document")),
    (b"go1.", Kind::Binary("a heap dump (`debug.WriteHeapDump`)")),
    (b"SQLite format 3", Kind::Binary("an SQLite database")),
    (&[0xfd, b'7', b'z', b'X', b'Z'], Kind::Binary("xz-compressed data")),
    (b"BZh", Kind::Binary("bzip2-compressed data")),
];

/// How the schemas of goherd and its Go module begin, and what each is.
const SCHEMAS: &[(&[u8], Kind)] =
    &[(b"goherd/", Kind::SavedEnvelope), (b"goherd-fuse/", Kind::FuseReport), (b"goherd-account/", Kind::Account)];

/// Whether an object's first key names a schema that begins so; goherd and its Go module print it first.
pub(crate) fn names_schema(text: &[u8], schema: &[u8]) -> bool {
    let start = text[..text.len().min(80)].strip_prefix(b"{").unwrap_or_default();
    let value = start.trim_ascii_start().strip_prefix(b"\"schema\"").unwrap_or_default().trim_ascii_start();
    let value = value.strip_prefix(b":").map(<[u8]>::trim_ascii_start);
    value.and_then(|value| value.strip_prefix(b"\"")).is_some_and(|value| value.starts_with(schema))
}

fn has_goroutines(text: &[u8]) -> bool {
    memmem::find_iter(text, b"oroutine").any(|at| {
        let after = &text[at + b"oroutine".len()..];
        let number =
            after.strip_prefix(b" ").and_then(|rest| rest.iter().position(|byte| !byte.is_ascii_digit()).map(|len| (len, rest)));
        number.is_some_and(|(len, rest)| {
            len > 0 && [&b" ["[..], b" gp=", b" in state "].iter().any(|mark| rest[len..].starts_with(mark))
        }) || after.starts_with(b" profile: total ")
            || after.starts_with(b"leak profile: total ")
    })
}

fn looks_like_html(text: &[u8]) -> bool {
    let start = text[..text.len().min(512)].to_ascii_lowercase();
    [&b"<!doctype html"[..], b"<html", b"<head", b"<?xml", b"<title"].iter().any(|tag| start.starts_with(tag))
        || (start.starts_with(b"<!--") && memmem::find(&start, b"<html").is_some())
}

fn title(text: &[u8]) -> String {
    let lower = text.to_ascii_lowercase();
    let inside = memmem::find(&lower, b"<title").and_then(|open| {
        let from = open + memchr::memchr(b'>', &lower[open..])? + 1;
        let len = memmem::find(&lower[from..], b"</title")?;
        Some(&text[from..from + len.min(120)])
    });
    inside.map_or_else(String::new, |title| String::from_utf8_lossy(title).split_whitespace().collect::<Vec<_>>().join(" "))
}

fn inflate_head(head: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut piece = [0; 4096];
    let mut inflater = MultiGzDecoder::new(head);
    // A head ends inside the stream: what came out before the error is what is wanted.
    while out.len() < HEAD_BYTES {
        match inflater.read(&mut piece) {
            Ok(len) if len > 0 => out.extend_from_slice(&piece[..len]),
            Ok(_) | Err(_) => break,
        }
    }
    out
}

/// The first fields of a profile: known numbers, a type of samples or of the period among them. Such a type holds bytes no text does.
fn looks_like_profile(head: &[u8]) -> bool {
    let mut seen = 0;
    let mut typed = false;
    for field in pb::fields(head).take(16) {
        match field {
            Ok((1 | 11, Field::Bytes(value_type))) => {
                let whole = pb::fields(value_type).all(|field| matches!(field, Ok((1 | 2, Field::Number(_)))));
                if !whole {
                    return false;
                }
                typed = true;
            }
            Ok((2..=6 | 13, Field::Bytes(_)) | (7..=10 | 12..=15, Field::Number(_))) => {}
            Ok(_) => return false,
            // The head ends inside a field.
            Err(_) => return typed && seen >= 3,
        }
        seen += 1;
    }
    typed && seen >= 3
}

fn is_binary(head: &[u8]) -> bool {
    let odd = head.iter().filter(|byte| **byte < 9 || (14..32).contains(*byte) && **byte != 0x1b).count();
    head.contains(&0) || odd * 20 > head.len()
}

impl Kind {
    /// Completes "this is …".
    pub fn describe(&self) -> String {
        match self {
            Kind::DumpText => "a goroutine dump".to_owned(),
            Kind::ProfileProto { .. } => "a pprof profile".to_owned(),
            Kind::Gzip => "gzip-compressed data".to_owned(),
            Kind::Zstd => "zstd-compressed data".to_owned(),
            Kind::SavedEnvelope => "an envelope saved by goherd".to_owned(),
            Kind::FuseReport => "a report of the Go module's fuse".to_owned(),
            Kind::Account => "what the Go module counts at /debug/goherd, which names no goroutine".to_owned(),
            Kind::Html(title) if title.is_empty() => "an HTML page".to_owned(),
            Kind::Html(title) => format!("an HTML page: {title}"),
            Kind::Trace => "a Go execution trace".to_owned(),
            Kind::ProfileText(form) => format!("a {} in text, which holds no goroutines", told(*form)),
            Kind::RuntimeLog => "a log of the Go runtime (gctrace, schedtrace)".to_owned(),
            Kind::Binary(what) => (*what).to_owned(),
            Kind::Empty => "empty".to_owned(),
            Kind::UnknownText => "text without a goroutine dump".to_owned(),
        }
    }
}

/// What a text form is called in a sentence.
fn told(form: TextForm) -> &'static str {
    match form {
        TextForm::Heap => "heap profile",
        TextForm::Block => "block profile",
        TextForm::Mutex => "mutex profile",
        TextForm::ThreadCreate => "thread creation profile",
        TextForm::Goroutine | TextForm::GoroutineLeak | TextForm::Count => "profile",
    }
}
