//! A weighted profile measured: what each function costs, and the call tree of each value.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Flame;

/// A profile, or what several of one kind add up to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileReport {
    /// What it is of, by the name `net/http/pprof` serves it under: `cpu`, `heap`, `mutex` …
    pub kind: String,
    /// RFC 3339, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// Seconds it was taken for; absent where it counts since the process started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// Index into `types` of the one shown first.
    pub shown: u32,
    /// Whether the rows of `top` are lines instead of functions.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_line: bool,
    /// What its samples count.
    pub types: Vec<ProfileType>,
}

/// The values of one type.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProfileType {
    /// What is counted, such as `inuse_space`.
    pub name: String,
    /// In which unit, such as `bytes`.
    pub unit: String,
    /// Σ of the values without their signs.
    pub total: i64,
    /// Their call tree; absent where it was not asked for. Its root holds what is above zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flame: Option<Flame>,
    /// Functions, or lines, that are not zero; those beyond `top` are counted under `hidden` as `functions_not_listed`.
    pub functions: u64,
    /// The costliest by themselves first.
    pub top: Vec<TopFunction>,
}

/// What a function, or a line, costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TopFunction {
    /// The function as recorded; `[file]` of an address without one.
    pub func: String,
    /// Its file as recorded; empty when unknown.
    pub file: String,
    /// The line, or where the function starts, from 1; 0 when unknown.
    pub line: u32,
    /// Σ of the samples whose innermost call it is.
    pub flat: i64,
    /// Σ of the samples in whose stacks it is.
    pub cum: i64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
