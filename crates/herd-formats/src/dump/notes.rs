//! Notes about the input, bounded: a file of noise must not become a list of noise.

use herd_model::{Note, NoteKind};

/// Notes kept one by one; the rest is counted.
pub const MAX_NOTES: usize = 100;

/// Collected notes.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    kept: Vec<Note>,
    more: u64,
}

impl Notes {
    /// Adds one.
    pub fn add(&mut self, kind: NoteKind, offset: u64, text: impl Into<String>) {
        if self.kept.len() < MAX_NOTES {
            self.kept.push(Note { kind, offset: Some(offset), text: text.into() });
        } else {
            self.more += 1;
        }
    }

    /// Adds one unless a note of this kind with this text is there already.
    pub fn add_once(&mut self, kind: NoteKind, offset: u64, text: &str) {
        if !self.kept.iter().any(|note| note.kind == kind && note.text == text) {
            self.add(kind, offset, text);
        }
    }

    /// Adds those of a later part.
    pub fn absorb(&mut self, later: Notes) {
        for note in later.kept {
            if matches!(note.kind, NoteKind::Limit | NoteKind::Unwrapped | NoteKind::Advice) {
                self.add_once(note.kind, note.offset.unwrap_or(0), &note.text);
            } else {
                self.add(note.kind, note.offset.unwrap_or(0), note.text);
            }
        }
        self.more += later.more;
    }

    /// The list, with a last note that counts what was left out.
    pub fn into_list(mut self) -> Vec<Note> {
        if self.more > 0 {
            self.kept.push(Note {
                kind: NoteKind::Limit,
                offset: None,
                text: format!("{} more notes are not listed", self.more),
            });
        }
        self.kept
    }
}

/// At most `max` bytes of a text for a note, as UTF-8.
pub fn quote(text: &[u8], max: usize) -> String {
    let cut = &text[..text.len().min(max)];
    let tail = if cut.len() < text.len() { "…" } else { "" };
    format!("`{}{tail}`", String::from_utf8_lossy(cut))
}
