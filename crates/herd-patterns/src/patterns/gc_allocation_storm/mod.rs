//! GC001: Garbage made so fast that collections follow each other.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod runlog;
mod trace;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// GC001.
pub const PATTERN: Pattern = Pattern {
    id: "GC001",
    slug: "gc_allocation_storm",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    runlog: Some(runlog::detect),
    trace: Some(trace::detect),
    ..Pattern::BLIND
};
