//! A heap as it is printed: what allocates, what stays, what grows, and which escape costs what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{HeapHolders, Place};

/// What `goherd heap` answers. Figures are of the later profile where two were given. Bytes and objects are the profiler's estimates:
/// it samples an object each [`HeapReport::sampled_every_bytes`] on average and scales up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeapReport {
    /// Mean distance of samples in bytes; 0 when unknown, 1 when every object is counted.
    pub sampled_every_bytes: u64,
    /// Seconds the profile was taken for; absent for one that counts since the process started. What is in use is then a difference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over_s: Option<f64>,
    /// Rows asked for of each table.
    pub shown: u64,
    /// Everything.
    pub total: HeapFigures,
    /// The part of it that writing profiles itself has cost; in no row.
    pub profiler: HeapFigures,
    /// Functions, by bytes allocated: the first so many by bytes allocated, by objects allocated and by bytes in use.
    pub functions: Vec<HeapRow>,
    /// Lines, chosen and ordered likewise.
    pub lines: Vec<HeapRow>,
    /// Lines with more than 1 MiB in use, most first.
    pub residents: Vec<Resident>,
    /// Who holds it, where memory was read in which nothing moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holders: Option<HeapHolders>,
    /// What changed since an earlier profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub growth: Option<HeapGrowth>,
    /// What the compiler's escapes cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escapes: Option<EscapeReport>,
}

/// Sums of a heap profile. Negative only in profiles that are differences themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HeapFigures {
    /// Bytes allocated, freed ones included.
    pub alloc_bytes: i64,
    /// Objects allocated.
    pub alloc_objects: i64,
    /// Bytes in use.
    pub inuse_bytes: i64,
    /// Objects in use.
    pub inuse_objects: i64,
}

impl HeapFigures {
    /// Adds the other's; sums saturate.
    pub fn add(&mut self, other: &HeapFigures) {
        let sums = [
            (&mut self.alloc_bytes, other.alloc_bytes),
            (&mut self.alloc_objects, other.alloc_objects),
            (&mut self.inuse_bytes, other.inuse_bytes),
            (&mut self.inuse_objects, other.inuse_objects),
        ];
        for (sum, value) in sums {
            *sum = sum.saturating_add(value);
        }
    }
}

/// A function or a line that allocates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeapRow {
    /// The innermost call outside the runtime; line 0 for functions.
    pub at: Place,
    /// Its sums.
    #[serde(flatten)]
    pub figures: HeapFigures,
    /// Bytes an object allocated; absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_bytes: Option<f64>,
    /// Bytes in use ÷ bytes allocated, from 0 to 1; absent where nothing was allocated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub survival: Option<f64>,
    /// Half the width of the 95 % interval that sampling leaves of the bytes in use.
    pub inuse_error_bytes: f64,
    /// Of a place in the standard library: the nearest caller outside it on its heaviest stack.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_from: Option<Place>,
}

/// A line whose allocations hold more than 1 MiB.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resident {
    /// The line.
    #[serde(flatten)]
    pub row: HeapRow,
    /// The calls of its heaviest stack, innermost first.
    pub stack: Vec<Place>,
    /// Bytes in use of that stack.
    pub stack_bytes: i64,
    /// Stacks that allocate at this line and have something in use.
    pub stacks: u64,
    /// Sampling leaves it open whether it is more than 1 MiB.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub uncertain: bool,
}

/// What changed between two heaps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeapGrowth {
    /// Everything in the earlier profile.
    pub before: HeapFigures,
    /// Seconds between the two; negative when they were given in the wrong order; absent when unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// No count of allocations falls, as in two profiles of one process: what stands in both profiles is then no source of error.
    pub one_process: bool,
    /// Lines whose bytes in use differ, the largest difference first.
    pub rows: Vec<HeapGrowthRow>,
    /// Lines that were compared.
    pub compared: u64,
}

/// What a line has in use, twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct HeapGrowthRow {
    /// The line.
    pub at: Place,
    /// Bytes in use before.
    pub before_bytes: i64,
    /// Bytes in use after.
    pub after_bytes: i64,
    /// Half the width of the 95 % interval that sampling leaves of the difference.
    pub error_bytes: f64,
    /// Two-sided p of no difference, adjusted for the number of lines compared (Benjamini–Hochberg).
    pub p: f64,
    /// What can be said.
    pub change: HeapChange,
    /// Bytes in use a second, where the time between is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_s: Option<f64>,
    /// Of a place in the standard library: the nearest caller outside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called_from: Option<Place>,
}

/// How a line's bytes in use changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HeapChange {
    /// More, beyond what sampling explains.
    Grows,
    /// Less, beyond what sampling explains.
    Shrinks,
    /// Sampling explains the difference.
    WithinError,
}

impl HeapChange {
    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            HeapChange::Grows => "grows",
            HeapChange::Shrinks => "shrinks",
            HeapChange::WithinError => "within-error",
        }
    }
}

/// The compiler's escapes joined with the heap by file and line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EscapeReport {
    /// Escapes the compiler tells.
    pub escapes: u64,
    /// Those at whose lines the profile has seen an allocation.
    pub seen: u64,
    /// Bytes allocated at lines with an escape.
    pub joined_bytes: i64,
    /// Bytes allocated at other lines of files that have escapes: maps and slices that grow, new goroutines, another version of the source.
    pub other_lines_bytes: i64,
    /// Bytes allocated in files of which the compiler's output says nothing: other packages, the standard library.
    pub other_files_bytes: i64,
    /// Files of the profile that could be several of the compiler's.
    pub ambiguous_files: u64,
    /// Lines, by bytes allocated.
    pub rows: Vec<EscapeRow>,
}

/// A line where values escape, and what that costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EscapeRow {
    /// The line, of the function that is compiled.
    pub at: Place,
    /// What escapes there. Several values of one line share its costs: profiles know no columns.
    pub escapes: Vec<EscapeShown>,
    /// The costs.
    #[serde(flatten)]
    pub figures: HeapFigures,
    /// Bytes allocated a second: over the time between two profiles, or over which one was taken. Absent where neither is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alloc_bytes_per_s: Option<f64>,
    /// Objects allocated a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alloc_objects_per_s: Option<f64>,
    /// Where it stands in the code that was inlined into this line, heaviest first seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inlined_from: Option<Place>,
}

/// A value that escapes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EscapeShown {
    /// Column, from 1; 0 when unknown.
    pub column: u32,
    /// The value; empty when it is not told.
    pub what: String,
    /// The last step of its way to the heap, where it is told (`-m=2`, `-json`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}
