//! LO004: An unlock on a path on which the lock is not held.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// LO004.
pub const PATTERN: Pattern = Pattern {
    id: "LO004",
    slug: "unlock_without_lock",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
