//! Comments that keep findings from being told: those of golangci-lint, of staticcheck, and goherd's own.
//!
//! `//nolint`, `//nolint:govet,staticcheck // why` speak for their line, and for the line or the block below where they stand alone;
//! `//lint:ignore SA2002 why` and `//goherd:ignore DL001 why` for their line or the one below. `//lint:file-ignore` speaks for the file.

use herd_golang::ast::{Decl, File, Pos};

/// Other tools' names of what a pattern finds. A name of a whole tool stands for all of its checks.
const PEERS: &[(&str, &[&str])] = &[
    ("CX001", &["contextcheck", "G118"]),
    ("CX002", &["lostcancel", "govet", "G118"]),
    ("CX003", &["containedctx"]),
    ("CX004", &["noctx"]),
    ("CX005", &["fatcontext"]),
    ("LO001", &["copylocks", "govet"]),
    ("LO002", &["revive", "gocritic"]),
    ("LO005", &["waitgroup", "govet", "staticcheck", "SA2000"]),
    ("DL001", &["staticcheck", "SA2003"]),
    ("LK009", &["bodyclose"]),
    ("TO003", &["gosec", "G112", "G114"]),
];

/// The comments of a file that keep findings back.
pub(crate) struct Ignored {
    entries: Vec<Entry>,
}

struct Entry {
    /// First and last line it speaks for.
    lines: (u32, u32),
    /// The names it gives; none stands for everything.
    names: Vec<String>,
}

impl Ignored {
    /// Reads a file's comments. Linear.
    pub(crate) fn of(file: &File) -> Self {
        let entries = file.comments.iter().filter_map(|comment| {
            let text = file.text(comment.span);
            let line = file.line(comment.span.start);
            let (names, below) = named(text.strip_prefix("//")?)?;
            let alone = is_alone(file, comment.span.start);
            let lines = match (below, alone) {
                (Below::File, _) => (1, u32::MAX),
                (Below::Node, true) => (line, end_of_node(file, line + 1)),
                (Below::Line, true) => (line, line + 1),
                (Below::Node | Below::Line, false) => (line, line),
            };
            Some(Entry { lines, names })
        });
        Ignored { entries: entries.collect() }
    }

    /// Whether a finding of a pattern on a line is kept back.
    pub(crate) fn has(&self, id: &str, line: u32) -> bool {
        let peers = PEERS.iter().find(|(of, _)| *of == id).map(|(_, names)| *names).unwrap_or_default();
        let means =
            |name: &String| name == "all" || name == "goherd" || name.eq_ignore_ascii_case(id) || peers.contains(&name.as_str());
        self.entries
            .iter()
            .filter(|entry| entry.lines.0 <= line && line <= entry.lines.1)
            .any(|entry| entry.names.is_empty() || entry.names.iter().any(means))
    }
}

/// What a comment speaks for where it stands on a line of its own.
#[derive(Clone, Copy)]
enum Below {
    Line,
    Node,
    File,
}

/// The names in a comment without its `//`, if it is one of these.
fn named(text: &str) -> Option<(Vec<String>, Below)> {
    let list = |names: &str| names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let first = |rest: &str| rest.split_whitespace().next().map(list);
    // As golangci-lint reads it: `^nolint( |:|$)`, blanks before it allowed.
    if let Some(rest) = text.trim_start().strip_prefix("nolint") {
        return match rest.strip_prefix(':') {
            Some(rest) => Some((list(rest.split("//").next().unwrap_or("")), Below::Node)),
            None if rest.is_empty() || rest.starts_with(' ') => Some((Vec::new(), Below::Node)),
            None => None,
        };
    }
    for (word, below) in [("lint:ignore ", Below::Line), ("goherd:ignore ", Below::Line), ("lint:file-ignore ", Below::File)] {
        if let Some(rest) = text.strip_prefix(word) {
            // A reason is asked for by staticcheck and by goherd.
            let has_reason = rest.split_whitespace().nth(1).is_some();
            return first(rest).filter(|_| has_reason).map(|names| (names, below));
        }
    }
    None
}

fn is_alone(file: &File, pos: Pos) -> bool {
    let line = file.line(pos) as usize;
    let start = file.lines.get(line.saturating_sub(1)).map_or(0, |start| *start as usize);
    file.source.get(start..pos.offset() as usize).is_some_and(|before| before.iter().all(u8::is_ascii_whitespace))
}

/// The last line of the declaration or statement that starts on a line; the line itself where none does.
fn end_of_node(file: &File, line: u32) -> u32 {
    let decls = file.decls.iter().filter(|id| !matches!(file.decl(**id), Decl::Bad)).map(|id| file.decl_span(*id));
    let stmts = file.all_stmts().map(|(id, _)| file.stmt_span(id));
    let spans = decls.chain(stmts).filter(|span| file.line(span.start) == line);
    spans.map(|span| file.line(Pos::at(span.end.offset().saturating_sub(1)))).max().unwrap_or(line)
}
