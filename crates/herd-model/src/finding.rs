//! What was judged: findings, and candidates that need another witness.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Evidence, Place, Repair, TextPosition};

/// A pattern's id, such as `LK005`; never reused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PatternId(pub Cow<'static, str>);

impl PatternId {
    /// An id known at compile time.
    pub const fn new(id: &'static str) -> Self {
        PatternId(Cow::Borrowed(id))
    }
}

impl std::fmt::Display for PatternId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// How much it hurts; says nothing of how sure goherd is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// P1: will hurt.
    Warning,
    /// P0: hurts now.
    Critical,
}

impl Severity {
    /// Lower-case word, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// How sure goherd is; says nothing of how much it hurts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// One kind of witness shows what healthy services do not show.
    Suspected,
    /// Two kinds of witness agree.
    Confirmed,
    /// Memory, the runtime or the text itself shows that nothing can ever wake it.
    Proven,
}

impl Certainty {
    /// Lower-case word, as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Certainty::Suspected => "suspected",
            Certainty::Confirmed => "confirmed",
            Certainty::Proven => "proven",
        }
    }
}

/// Minimum, median and maximum of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Spread {
    /// Smallest.
    pub min: f64,
    /// Median.
    pub p50: f64,
    /// Largest.
    pub max: f64,
}

/// What leads on: a command, words, or a command and what to know about it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// A command as a POSIX shell takes it: without placeholders, its arguments quoted where they must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// What to know about the command, or what to get where there is none; an English fragment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl Step {
    /// A command of these arguments, the first of them the program.
    pub fn command(arguments: &[&str]) -> Self {
        Step { command: Some(arguments.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" ")), words: None }
    }

    /// Something no command of goherd's gets.
    pub fn words(words: impl Into<String>) -> Self {
        Step { command: None, words: Some(words.into()) }
    }

    /// The same command with what to know about it.
    #[must_use]
    pub fn knowing(mut self, words: &str) -> Self {
        self.words = Some(words.to_owned());
        self
    }

    /// Both parts in one text, as in `next` and `decide_by`.
    pub fn text(&self) -> String {
        [self.command.as_deref(), self.words.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ")
    }
}

/// A word as a POSIX shell reads it: as it is, or in single quotes.
pub fn shell_word(word: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@%+=:,./_-".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        Cow::Borrowed(word)
    } else {
        Cow::Owned(format!("'{}'", word.replace('\'', "'\\''")))
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Pattern.
    pub id: PatternId,
    /// Name of the target it was found in.
    pub target: String,
    /// The pattern's title.
    pub title: String,
    /// How much it hurts.
    pub severity: Severity,
    /// How sure goherd is.
    pub certainty: Certainty,
    /// Goroutines concerned, in the latest snapshot.
    pub count: u64,
    /// Growth in goroutines per second; absent without a timed series.
    pub rate_per_s: Option<f64>,
    /// The blocked operation.
    pub at: Place,
    /// The `go` statement, or the entry function where the witness names no creator.
    pub started_by: Option<Place>,
    /// State, and the object where known.
    pub waits_on: String,
    /// Time blocked, seconds (whole minutes in dumps; 0 means below one minute); absent when the witness carries no age.
    pub since_s: Option<Spread>,
    /// The facts it rests on.
    pub evidence: Vec<Evidence>,
    /// Why it happens.
    pub why: String,
    /// What to change.
    pub fix: String,
    /// Commands that lead on.
    pub next: Vec<String>,
    /// The same, command and words apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Identity across runs and versions: pattern, function, creator; 16 hex digits.
    pub fingerprint: String,
    /// Other patterns that fit this family as well, best first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<PatternId>,
    /// The family in `snapshot.families`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// Where in the file `at` is, where source was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<TextPosition>,
    /// What would cure it, where that can be written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<Repair>,
}

/// Something that looks stuck; another witness must decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Pattern.
    pub id: PatternId,
    /// Name of the target it was seen in.
    pub target: String,
    /// The pattern's title.
    pub title: String,
    /// Place in the list of candidates, from 1.
    pub rank: u32,
    /// Place among the patterns that fit the same family, from 1.
    pub family_rank: u32,
    /// Goroutines concerned, in the latest snapshot.
    pub count: u64,
    /// Growth in goroutines per second; absent without a timed series.
    pub rate_per_s: Option<f64>,
    /// The blocked operation.
    pub at: Place,
    /// The `go` statement, or the entry function where the witness names no creator.
    pub started_by: Option<Place>,
    /// State, and the object where known.
    pub waits_on: String,
    /// Time blocked, seconds; absent when the witness carries no age.
    pub since_s: Option<Spread>,
    /// The facts it rests on.
    pub evidence: Vec<Evidence>,
    /// Why it would happen.
    pub why: String,
    /// What to change if it holds.
    pub fix: String,
    /// What would decide, best first: a command, a command and words after a colon, or words.
    pub decide_by: Vec<String>,
    /// The same, command and words apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Identity across runs and versions.
    pub fingerprint: String,
    /// The family in `snapshot.families`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_more_than_it() {
        for (word, expected) in [
            ("dump.txt", "dump.txt"),
            (":6060", ":6060"),
            ("a b.txt", "'a b.txt'"),
            ("http://h:1/p?debug=2&t=1", "'http://h:1/p?debug=2&t=1'"),
            ("it's", r"'it'\''s'"),
            ("~/x", "'~/x'"),
            ("日志.txt", "'日志.txt'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(word), expected);
        }
    }

    #[test]
    fn a_step_reads_as_one_text() {
        assert_eq!(Step::command(&["goherd", "open", "a b"]).text(), "goherd open 'a b'");
        assert_eq!(Step::command(&["goherd", "doctor", ":1"]).knowing("why").text(), "goherd doctor :1: why");
        assert_eq!(Step::words("the source at a.go:7").text(), "the source at a.go:7");
    }
}
