//! Who holds what a heap has in use: sampled objects, and what they are reached from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Place;

/// What holds a heap, as far as its sampled objects tell, in a picture in which nothing moves. Every word that may be a pointer counts as
/// one, so *reached by* is evidence and no proof: a word may only look like a pointer. What a variable reaches is told of it, what none
/// reaches of a goroutine's stack, and only what neither does of anything else; of several ways the shortest.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeapHolders {
    /// Sampled objects that are in the heap.
    pub objects: u64,
    /// Bytes they stand for, an estimate.
    pub bytes: u64,
    /// Of these objects, those that nothing reaches: garbage that has not been swept yet.
    pub unreached_objects: u64,
    /// Bytes they stand for.
    pub unreached_bytes: u64,
    /// Roots, by the bytes they reach.
    pub roots: Vec<RootShare>,
    /// Roots beyond those listed.
    pub roots_left_out: u64,
    /// Lines that have more than 1 MiB in use, by bytes.
    pub sites: Vec<HeldSite>,
    /// Bytes of memory that were looked through.
    pub looked_bytes: u64,
}

/// What one root reaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RootShare {
    /// The root.
    pub root: HolderRoot,
    /// Sampled objects it reaches.
    pub objects: u64,
    /// Bytes they stand for.
    pub bytes: u64,
}

/// A line that allocates, and who holds what it has allocated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeldSite {
    /// The innermost call outside the runtime.
    pub at: Place,
    /// Sampled objects of it that are in the heap.
    pub objects: u64,
    /// Bytes they stand for.
    pub bytes: u64,
    /// Of these objects, those that nothing reaches.
    pub unreached_objects: u64,
    /// Bytes they stand for.
    pub unreached_bytes: u64,
    /// Who holds the others, by bytes.
    pub held: Vec<HeldBy>,
    /// Roots beyond those listed.
    pub roots_left_out: u64,
}

/// What one root holds of a line's objects, and one way there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeldBy {
    /// The root.
    pub root: HolderRoot,
    /// Sampled objects it reaches.
    pub objects: u64,
    /// Bytes they stand for.
    pub bytes: u64,
    /// The objects from the root to one of those, itself the last.
    pub steps: Vec<HolderStep>,
    /// Steps left out in the middle of a long way.
    #[serde(default, skip_serializing_if = "crate::report::is_zero_u64")]
    pub steps_left_out: u64,
}

/// An object on a way, or a run of objects of one size, such as the elements of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HolderStep {
    /// How many follow on each other.
    pub objects: u64,
    /// Bytes of each, rounded up as the runtime does.
    pub bytes: u64,
    /// Where it was allocated, for one that is sampled itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_at: Option<Place>,
}

/// What something is held by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HolderRoot {
    /// What it is.
    pub kind: HolderKind,
    /// The variable, or the function of a goroutine's frame; empty for others.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Of a variable: bytes from its beginning to the word, in the example.
    #[serde(default, skip_serializing_if = "crate::report::is_zero_u64")]
    pub offset: u64,
    /// Of a goroutine: where the frame stands; line 0 where only the function it began with is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Place>,
    /// Of a goroutine: its id, in the example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goroutine: Option<u64>,
    /// Goroutines that hold by this frame.
    #[serde(default, skip_serializing_if = "crate::report::is_zero_u64")]
    pub goroutines: u64,
}

/// What kind of root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HolderKind {
    /// A variable of the program.
    Variable,
    /// A goroutine's stack, or what the runtime notes of the goroutine.
    Goroutine,
    /// A variable of the runtime, such as those of timers.
    Runtime,
    /// A finalizer, cleanup or weak pointer.
    Finalizer,
    /// Memory that is not Go's, or the runtime's own.
    Other,
    /// A register of a thread.
    Register,
}

impl HolderKind {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            HolderKind::Variable => "variable",
            HolderKind::Goroutine => "goroutine",
            HolderKind::Runtime => "runtime",
            HolderKind::Finalizer => "finalizer",
            HolderKind::Other => "other",
            HolderKind::Register => "register",
        }
    }
}
