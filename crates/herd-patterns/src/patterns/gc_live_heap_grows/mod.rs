//! GC003: A live heap that grows from collection to collection.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod runlog;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// GC003.
pub const PATTERN: Pattern = Pattern {
    id: "GC003",
    slug: "gc_live_heap_grows",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    runlog: Some(runlog::detect),
    ..Pattern::BLIND
};
