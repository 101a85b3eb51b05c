//! The truth as it is marked in Go sources: where goroutines hang, and who started them.

use std::path::{Path, PathBuf};

use herd_model::Place;
use herd_patterns::Pattern;

/// The repository.
pub fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// A pattern's folder.
pub fn folder(pattern: &Pattern) -> PathBuf {
    top().join("crates/herd-patterns/src/patterns").join(pattern.slug)
}

/// Lines of a Go source marked `// want ID` and `// from ID`; `want ID in FUNC` marks a frame outside the source.
#[derive(Default)]
pub struct Marks {
    want: Vec<u32>,
    want_funcs: Vec<String>,
    from: Vec<u32>,
    from_funcs: Vec<String>,
}

impl Marks {
    pub fn of(pattern: &Pattern) -> Self {
        Marks::read(&folder(pattern).join("kernel/kernel.go"), pattern.id)
    }

    pub fn read(source: &Path, id: &str) -> Self {
        let mut marks = Marks::default();
        for (line, text) in (1u32..).zip(std::fs::read_to_string(source).unwrap().lines()) {
            if let Some((_, rest)) = text.split_once(&format!("// want {id}")) {
                match rest.trim().strip_prefix("in ") {
                    Some(func) => marks.want_funcs.push(func.to_owned()),
                    None => marks.want.push(line),
                }
            }
            if let Some((_, rest)) = text.split_once(&format!("// from {id}")) {
                match rest.trim().strip_prefix("in ") {
                    Some(func) => marks.from_funcs.push(func.to_owned()),
                    None => marks.from.push(line),
                }
            }
        }
        assert!(!marks.want.is_empty() || !marks.want_funcs.is_empty(), "{} marks no line", source.display());
        marks
    }

    pub fn is_wanted(&self, at: &Place) -> bool {
        self.want.contains(&at.line) || self.want_funcs.contains(&at.func)
    }

    pub fn is_start(&self, started_by: Option<&Place>) -> bool {
        let unmarked = self.from.is_empty() && self.from_funcs.is_empty();
        unmarked || started_by.is_some_and(|place| self.from.contains(&place.line) || self.from_funcs.contains(&place.func))
    }
}
