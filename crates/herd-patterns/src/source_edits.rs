//! What repairs ask of the text of a file.

use herd_golang::ast::{File, Pos, Span};

/// What stands before a place on its line, if it is white space.
pub fn indent(file: &File, at: Pos) -> String {
    let before = file.source.get(..at.offset() as usize).unwrap_or_default();
    let line =
        before.iter().rposition(|byte| *byte == b'\n').map_or(before, |newline| before.get(newline + 1..).unwrap_or_default());
    String::from_utf8_lossy(line).chars().take_while(|c| c.is_whitespace()).collect()
}

/// The whole line of what stands on it alone, its end included.
pub fn line_of(file: &File, what: Span) -> Option<Span> {
    let line = file.line(what.start) as usize;
    let whole = Span { start: Pos::at(*file.lines.get(line.checked_sub(1)?)?), end: Pos::at(*file.lines.get(line)?) };
    (file.bytes(whole).trim_ascii() == file.bytes(what)).then_some(whole)
}
