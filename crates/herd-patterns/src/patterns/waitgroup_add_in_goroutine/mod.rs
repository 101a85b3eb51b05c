//! LO005: A goroutine that counts itself, when nobody may be waiting any more.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// LO005.
pub const PATTERN: Pattern = Pattern {
    id: "LO005",
    slug: "waitgroup_add_in_goroutine",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
