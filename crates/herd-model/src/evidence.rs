//! A measured fact with its place and no opinion.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A place in source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Function, `pkg/path.(*T).Method`.
    pub func: String,
    /// File as the binary records it.
    pub file: String,
    /// Line, from 1; 0 when unknown.
    pub line: u32,
}

/// What kind of fact an [`Evidence`] states; also the key of its sentence in other languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceKind {
    /// The runtime's leak profile, or a `(leaked)` tag.
    RuntimeProof,
    /// The wait can by its structure never end (nil channel, `select {}` outside main).
    Structure,
    /// The state and frames fit the pattern.
    Shape,
    /// The stack's own count rises.
    Growth,
    /// S3: same-stack count and presence over the window.
    Presence,
    /// How wait ages are spread.
    AgeSpread,
    /// Goroutines of earlier snapshots are all still there.
    Persistence,
    /// The function that started them is no longer on its goroutine's stack.
    CreatorReturned,
    /// The goroutines were started side by side by one goroutine.
    Siblings,
    /// Several goroutines wait on one address.
    SharedObject,
    /// What the memory of the process shows of what is waited on.
    Memory,
    /// Waiters without the partner a live request would have.
    MissingPartner,
    /// Partners whose counts are equal.
    Pairing,
    /// Growth that follows the number of connections.
    FollowsLoad,
    /// A known long waiter of a library.
    Benign,
    /// A name in the stack suggests the pattern.
    NameHint,
    /// What the witness cannot tell.
    WitnessLimit,
    /// Another pattern fits as well.
    AlsoFits,
    /// What a profile shows of allocations.
    Allocation,
    /// What the runtime printed of itself.
    RuntimeLog,
    /// What an execution trace shows.
    Trace,
    /// What the source shows.
    Source,
    /// What locks of the Go module remember of who holds and who waits.
    LockRecord,
    /// What the process counts of itself at `/debug/goherd`.
    Account,
}

/// A measured fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What kind of fact.
    pub kind: EvidenceKind,
    /// The fact as an English sentence: number, place, no opinion.
    pub text: String,
    /// Where, if at one place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The line of source at the place, without what indents it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The numbers and names in `text`, for sentences in other languages.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Evidence {
    /// A fact without place.
    pub fn new(kind: EvidenceKind, text: impl Into<String>) -> Self {
        Evidence { kind, text: text.into(), place: None, code: None, args: BTreeMap::new() }
    }

    /// The same fact at a place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// The same fact with a named number or name in it.
    #[must_use]
    pub fn with(mut self, name: &str, value: &dyn std::fmt::Display) -> Self {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
}
