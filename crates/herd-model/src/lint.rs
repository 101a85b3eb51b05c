//! What `goherd lint` answers, beside its findings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DeadlineChain, Spawn};

/// How much of a program was read and understood. Rules are silent where a type is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LintReport {
    /// Packages that were gone through.
    pub packages: u64,
    /// Their files.
    pub files: u64,
    /// Files among them that are generated: nothing is said of them.
    pub generated: u64,
    /// Files that could not be read whole: what could be was gone through.
    pub damaged: u64,
    /// Functions with bodies, function literals included.
    pub functions: u64,
    /// Functions whose control flow could not be told: rules are silent on them.
    pub unsound: u64,
    /// Expressions that have a type.
    pub expressions: u64,
    /// Of these, those whose type is unknown.
    pub unknown: u64,
    /// Modules whose sources are not on this machine: all that comes from them is unknown.
    pub modules_missing: u64,
    /// The places where goroutines are started, the riskiest first; only where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spawns: Option<Vec<Spawn>>,
    /// Findings that were mended in the sources.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub mended: u64,
    /// Files that mending changed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files_mended: u64,
    /// Repairs that were not made, as they would write over each other or break their file.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_mended: u64,
    /// Ways from where work comes in to where the program waits for another one, if asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<DeadlineChain>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
