//! GC002: A memory limit so near the live heap that the collector never rests.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod runlog;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// GC002.
pub const PATTERN: Pattern = Pattern {
    id: "GC002",
    slug: "gc_memory_limit_spiral",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    runlog: Some(runlog::detect),
    ..Pattern::BLIND
};
