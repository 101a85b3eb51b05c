//! What would cure a finding of the linter, as changes of source files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change of source that would cure a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Repair {
    /// Whether it may be made without being read.
    pub safety: Safety,
    /// What it does, an English sentence without its full stop.
    pub text: String,
    /// What is written instead of what; not overlapping.
    pub edits: Vec<Edit>,
}

/// How far a change may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Safety {
    /// The program does what it did, without the fault.
    Safe,
    /// It may do something else that was meant: to be read first.
    Unsafe,
    /// An outline, which may not compile.
    DisplayOnly,
}

impl Safety {
    /// The word of JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Safety::Safe => "safe",
            Safety::Unsafe => "unsafe",
            Safety::DisplayOnly => "display-only",
        }
    }
}

/// One replacement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// The file, named as in the finding's place.
    pub file: String,
    /// Where what goes starts.
    pub start: TextPosition,
    /// Where it ends; equal to the start where nothing goes.
    pub end: TextPosition,
    /// What comes.
    pub text: String,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct TextPosition {
    /// Bytes before it.
    pub offset: u32,
    /// Line, from 1.
    pub line: u32,
    /// Byte in the line, from 1, as Go counts columns.
    pub column: u32,
    /// The same in code units of UTF-16, as editors count.
    pub column_utf16: u32,
}
