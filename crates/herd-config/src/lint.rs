//! `[lint]`: which rules are told, of which files, and how grave they are.

use std::collections::BTreeMap;

use herd_model::Severity;
use schemars::JsonSchema;
use serde::Deserialize;

/// What `goherd lint` and `goherd lsp` ask and tell. What the command line says comes first.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Lint {
    /// Ids of rules, or what ids start with (`LK`); all settled rules where it is empty. A full id asks for a rule under trial, too.
    pub select: Vec<String>,
    /// Ids of rules, or what ids start with, that are not told.
    pub ignore: Vec<String>,
    /// Whether rules under trial are told.
    pub preview: Option<bool>,
    /// Whether test files are read; they are unless told otherwise.
    pub tests: Option<bool>,
    /// Build tags.
    pub tags: Vec<String>,
    /// Least severity that makes the exit code 1.
    pub fail_on: Option<FailOn>,
    /// Files and folders of which nothing is told, seen from this file's folder: `*`, `?` and `**`; a pattern without `/` is a name at any
    /// depth.
    pub exclude: Vec<String>,
    /// Other severities, by id or what ids start with.
    pub severity: BTreeMap<String, Severity>,
    /// Rules that are not told of some files.
    pub paths: Vec<LintPaths>,
    /// Where the risk of a goroutine's start becomes medium and high.
    pub spawns: LintSpawns,
}

/// Rules that are not told of some files.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LintPaths {
    /// Files and folders, as in `exclude`.
    #[serde(rename = "match")]
    pub matched: OneOrMany,
    /// Ids of rules, or what ids start with.
    pub ignore: Vec<String>,
}

/// One text, or a list.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All of them.
    pub fn list(&self) -> impl Iterator<Item = &str> {
        match self {
            OneOrMany::One(text) => std::slice::from_ref(text).iter().map(String::as_str),
            OneOrMany::Many(list) => list.iter().map(String::as_str),
        }
    }
}

/// Where the risk of a goroutine's start becomes medium and high.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LintSpawns {
    /// From so many points on it is medium.
    pub medium: i32,
    /// From so many points on it is high.
    pub high: i32,
}

impl Default for LintSpawns {
    fn default() -> Self {
        LintSpawns { medium: 2, high: 4 }
    }
}

/// Least severity that makes the exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Critical findings only.
    Critical,
    /// Warnings and worse.
    Warning,
    /// Any finding.
    Info,
    /// Nothing.
    Never,
}
