//! Comments that keep findings from being told: those of golangci-lint, staticcheck, gosec and revive, and goherd's own.
//!
//! `//nolint`, `//nolint:govet,staticcheck // why` and `//goherd:ignore DL001 why` speak for their line and for the declaration or
//! statement that starts there; where they stand alone, for the one that starts below. `//lint:ignore SA2002 why` speaks for its line or
//! the one below, `#nosec G118` and `//revive:disable-line:defer` for their line, `//revive:disable-next-line:defer` for the one below,
//! `//lint:file-ignore` for the file.

use std::cell::OnceCell;

use herd_golang::ast::{Decl, File, Pos};
use rustc_hash::FxHashMap;

/// Other tools' names of what a pattern finds. A name of a whole tool stands for all of its checks.
const PEERS: &[(&str, &[&str])] = &[
    ("CX001", &["contextcheck", "gosec", "G118"]),
    ("CX002", &["lostcancel", "govet", "vet", "gosec", "G118"]),
    ("CX003", &["containedctx"]),
    ("CX004", &["noctx"]),
    ("CX005", &["fatcontext"]),
    ("CX006", &["gosec", "G118"]),
    ("LO006", &["testinggoroutine", "govet", "vet", "staticcheck", "SA2002"]),
    ("LO007", &["staticcheck", "SA2001"]),
    ("DL001", &["staticcheck", "SA2003"]),
    ("DL006", &["staticcheck", "SA2003"]),
    ("GC005", &["staticcheck", "SA6002"]),
    ("LK003", &["nilness", "govet", "vet"]),
    ("LK007", &["staticcheck", "SA1015", "revive", "time-tick"]),
    ("LK009", &["bodyclose", "sqlclosecheck", "rowserrcheck"]),
    ("LO001", &["copylocks", "govet", "vet", "revive", "waitgroup-by-value"]),
    ("LO002", &["revive", "defer", "gocritic", "deferInLoop", "staticcheck", "SA5003", "SA9001"]),
    ("LO003", &["revive", "defer", "recovergoroutine"]),
    ("LO005", &["waitgroup", "govet", "vet", "staticcheck", "SA2000"]),
    ("TO001", &["contextcheck", "G118"]),
    ("TO003", &["gosec", "G112", "G114", "noctx"]),
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
    /// Where it is goherd's own, the line it stands on: one that keeps nothing back is left over.
    own: Option<u32>,
    /// Whether it has kept something back.
    used: bool,
}

/// A comment of goherd's own that keeps nothing back.
pub(crate) struct Unused {
    /// Its line.
    pub(crate) line: u32,
    /// What it names.
    pub(crate) names: String,
}

impl Ignored {
    /// Reads a file's comments. Linear.
    pub(crate) fn of(file: &File) -> Self {
        let ends = OnceCell::new();
        let end_of_node = |line: u32| ends.get_or_init(|| ends_of_nodes(file)).get(&line).copied().unwrap_or(line);
        let entries = file.comments.iter().filter_map(|comment| {
            let text = file.text(comment.span);
            let said = named(text.strip_prefix("//")?)?;
            let line = file.line(comment.span.start);
            let lines = match (said.reach, is_alone(file, comment.span.start)) {
                (Reach::File, _) => (1, u32::MAX),
                (Reach::Node, true) => (line, end_of_node(line + 1)),
                (Reach::Node, false) => (line, end_of_node(line)),
                (Reach::Line, true) => (line, line + 1),
                (Reach::Line, false) | (Reach::OwnLine, _) => (line, line),
                (Reach::NextLine, _) => (line + 1, line + 1),
            };
            Some(Entry { lines, names: said.names, own: said.own.then_some(line), used: false })
        });
        Ignored { entries: entries.collect() }
    }

    /// Whether a finding of a pattern on a line is kept back.
    pub(crate) fn has(&mut self, id: &str, line: u32) -> bool {
        let peers = PEERS.iter().find(|(of, _)| *of == id).map(|(_, names)| *names).unwrap_or_default();
        let is = |name: &str, known: &str| name.eq_ignore_ascii_case(known);
        let means = |name: &String| ["all", "goherd", id].iter().chain(peers).any(|known| is(name, known));
        let mut has = false;
        for entry in &mut self.entries {
            let speaks = entry.lines.0 <= line && line <= entry.lines.1;
            if speaks && (entry.names.is_empty() || entry.names.iter().any(means)) {
                entry.used = true;
                has = true;
            }
        }
        has
    }

    /// Comments of goherd's own that have kept nothing back.
    pub(crate) fn unused(&self) -> impl Iterator<Item = Unused> {
        let unused = self.entries.iter().filter(|entry| !entry.used);
        unused.filter_map(|entry| Some(Unused { line: entry.own?, names: entry.names.join(",") }))
    }
}

/// What a comment speaks for.
#[derive(Clone, Copy)]
enum Reach {
    /// Its line, or the one below where it stands alone.
    Line,
    /// Its line.
    OwnLine,
    /// The one below.
    NextLine,
    /// The declaration or statement that starts on its line; on the one below where it stands alone.
    Node,
    /// The file.
    File,
}

struct Said {
    names: Vec<String>,
    reach: Reach,
    /// Whether it is goherd's.
    own: bool,
}

/// What a comment without its `//` says, if it is one of these.
fn named(text: &str) -> Option<Said> {
    let list = |names: &str| names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    let peer = |names: Vec<String>, reach| Some(Said { names, reach, own: false });
    // As golangci-lint reads it: `^nolint( |:|$)`, blanks before it allowed.
    if let Some(rest) = text.trim_start().strip_prefix("nolint") {
        return match rest.strip_prefix(':') {
            Some(rest) => peer(list(rest.split("//").next().unwrap_or("")), Reach::Node),
            None if rest.is_empty() || rest.starts_with(' ') => peer(Vec::new(), Reach::Node),
            None => None,
        };
    }
    let spoken =
        [("lint:ignore ", Reach::Line, false), ("goherd:ignore ", Reach::Node, true), ("lint:file-ignore ", Reach::File, false)];
    for (word, reach, own) in spoken {
        if let Some(rest) = text.strip_prefix(word) {
            let mut words = rest.split_whitespace();
            let names = list(words.next()?);
            // A reason is asked for by staticcheck and by goherd.
            return words.next().is_some().then_some(Said { names, reach, own });
        }
    }
    for (word, reach) in [("revive:disable-line:", Reach::OwnLine), ("revive:disable-next-line:", Reach::NextLine)] {
        if let Some(rest) = text.trim_start().strip_prefix(word) {
            return peer(list(rest.split_whitespace().next()?), reach);
        }
    }
    // As gosec reads it: `#nosec G118 G114 -- why`, anywhere in the comment; without names it stands for all that gosec reports.
    let rest = text.split_once("#nosec").map(|(_, rest)| rest).or_else(|| text.strip_prefix("nosec"))?;
    let rules = rest.split("--").next().unwrap_or("").split([' ', ',', '\t']);
    let rules: Vec<String> = rules.take_while(|word| word.is_empty() || is_rule(word)).map(str::to_owned).collect();
    let names: Vec<String> = rules.into_iter().filter(|rule| !rule.is_empty()).collect();
    peer(if names.is_empty() { vec!["gosec".to_owned()] } else { names }, Reach::Line)
}

/// A rule of gosec's: `G118`.
fn is_rule(word: &str) -> bool {
    word.strip_prefix('G').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_alone(file: &File, pos: Pos) -> bool {
    let line = file.line(pos) as usize;
    let start = file.lines.get(line.saturating_sub(1)).map_or(0, |start| *start as usize);
    file.source.get(start..pos.offset() as usize).is_some_and(|before| before.iter().all(u8::is_ascii_whitespace))
}

/// The last line of the declarations and statements that start on a line, by that line.
fn ends_of_nodes(file: &File) -> FxHashMap<u32, u32> {
    let decls = file.decls.iter().filter(|id| !matches!(file.decl(**id), Decl::Bad)).map(|id| file.decl_span(*id));
    let stmts = file.all_stmts().map(|(id, _)| file.stmt_span(id));
    let mut ends = FxHashMap::default();
    for span in decls.chain(stmts) {
        let end = file.line(Pos::at(span.end.offset().saturating_sub(1)));
        let known = ends.entry(file.line(span.start)).or_insert(end);
        *known = end.max(*known);
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_of_all_tools_are_read() {
        let names = |text: &str| named(text).map(|said| said.names.join("+"));
        for (text, expected) in [
            ("nolint", Some("")),
            (" nolint // why", Some("")),
            ("nolint:govet, lostcancel // why", Some("govet+lostcancel")),
            ("nolintlint", None),
            ("lint:ignore SA2002 the test ends there", Some("SA2002")),
            ("lint:ignore SA2002", None),
            ("lint:file-ignore CX001,CX002 generated by hand", Some("CX001+CX002")),
            ("goherd:ignore DL001 re-entered on purpose", Some("DL001")),
            ("goherd:ignore DL001", None),
            (" #nosec G118 -- outlives the request", Some("G118")),
            (" listens for ever #nosec G114 G112", Some("G114+G112")),
            ("nosec", Some("gosec")),
            (" #nosec because", Some("gosec")),
            ("revive:disable-line:defer", Some("defer")),
            ("revive:disable-next-line:defer why", Some("defer")),
            ("revive:disable", None),
            (" go on", None),
        ] {
            assert_eq!(names(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn names_of_peers_are_of_patterns_that_exist() {
        for (id, _) in PEERS {
            assert!(herd_patterns::by_id(id).is_some(), "{id}");
        }
    }
}
