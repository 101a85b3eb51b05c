//! LK005: Goroutines that wait for a context nobody cancels.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod live;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// LK005.
pub const PATTERN: Pattern = Pattern {
    id: "LK005",
    slug: "leak_ctx_not_cancelled",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    dump: Some(dump::detect),
    live: Some(live::refine),
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
