//! What Go's compiler says of escapes: the text of `-gcflags=-m` and `-m=2`, and the files of `-gcflags=-json=0,DIR`.
//!
//! A [`Reader`] takes any number of such texts, tells their form, and leaves out what is about something else.

mod gather;
mod json;
mod text;

use herd_model::{EscapeLog, Note, NoteKind};

use gather::Gather;

/// Escapes all texts may have together.
pub const MAX_ESCAPES: usize = 1 << 20;
/// Source files they may stand in.
pub const MAX_FILES: usize = 1 << 16;
/// Bytes a line may have; a longer one is left out.
pub const MAX_LINE_BYTES: usize = 1 << 20;
/// Bytes of a value or a reason that are kept; the compiler prints whole types.
pub const MAX_SHOWN_BYTES: usize = 240;

/// Reads texts one after another. Memory follows distinct escapes.
#[derive(Debug, Default)]
pub struct Reader {
    gather: Gather,
    notes: Vec<Note>,
}

impl Reader {
    /// Adds a text; `name` stands before the notes about it. Answers how many new escapes it has. Cost: linear in its bytes.
    pub fn add(&mut self, name: &str, text: &[u8]) -> usize {
        let before = self.gather.log.escapes.len();
        let left_out = if text.trim_ascii_start().first() == Some(&b'{') {
            json::read(text, &mut self.gather)
        } else {
            text::read(text, &mut self.gather)
        };
        if let Some(offset) = left_out.first {
            let text = format!("{name}: {} lines that cannot be read were left out", left_out.lines);
            self.notes.push(Note { kind: NoteKind::Skipped, offset: Some(offset), text });
        }
        self.gather.log.escapes.len() - before
    }

    /// What was told, and what was left out.
    pub fn finish(mut self) -> (EscapeLog, Vec<Note>) {
        let beyond = self.gather.beyond;
        if beyond > 0 {
            let text = format!("{beyond} escapes beyond {MAX_ESCAPES} or in files beyond {MAX_FILES} were left out");
            self.notes.push(Note { kind: NoteKind::Limit, offset: None, text });
        }
        (self.gather.log, self.notes)
    }
}

/// Lines that could not be read.
#[derive(Clone, Copy, Debug, Default)]
struct LeftOut {
    lines: u64,
    first: Option<u64>,
}

impl LeftOut {
    fn at(&mut self, offset: usize) {
        self.lines += 1;
        self.first.get_or_insert(offset as u64);
    }
}

/// Lines with the offsets they start at, line ends taken off.
fn lines(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut offset = 0;
    text.split(|byte| *byte == b'\n').map(move |line| {
        let at = offset;
        offset += line.len() + 1;
        (at, line.strip_suffix(b"\r").unwrap_or(line))
    })
}
