//! What a load could not do or find, each with its place and what to do next.

use std::path::PathBuf;

/// One thing to know about a load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub kind: NoteKind,
    /// Where: a file or a folder.
    pub file: PathBuf,
    /// 1-based; 0 where the whole file or folder is meant.
    pub line: u32,
    /// What was seen.
    pub text: String,
    /// What to do about it.
    pub next: String,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// A line of a go.mod file.
    GoMod,
    /// A go.work file or a module it names.
    GoWork,
    /// The vendor folder.
    Vendor,
    /// The Go toolchain: none found, or one older than the program asks for.
    Toolchain,
    /// A module whose go.mod is not in the module cache, so that versions may be wrong.
    Graph,
    /// A module whose sources are not on this machine.
    ModuleMissing,
    /// A package that no module has.
    PackageMissing,
    /// A package that two modules have.
    Ambiguous,
    /// A pattern that names nothing.
    Pattern,
    /// A file or folder that cannot be read.
    Unreadable,
    /// A file whose package clause or imports cannot be read.
    Header,
    /// A build constraint that cannot be read.
    Constraint,
    /// Files of two packages in one folder.
    MixedPackages,
    /// A limit of goherd was reached.
    Limit,
}

/// Characters of a text that are kept: what a damaged file quotes has no end.
const TEXT_CHARS_MAX: usize = 400;

impl Note {
    /// A note about a line; a text that is too long is cut.
    pub fn at(kind: NoteKind, file: impl Into<PathBuf>, line: u32, text: impl Into<String>, next: impl Into<String>) -> Self {
        let mut text = text.into();
        if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
            text.truncate(end);
            text.push('…');
        }
        Self { kind, file: file.into(), line, text, next: next.into() }
    }
}
