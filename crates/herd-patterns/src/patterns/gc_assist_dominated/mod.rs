//! GC004: Requests that are made to do the collector's work.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod runlog;
mod trace;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

pub(super) use trace::is_dominated;

/// GC004.
pub const PATTERN: Pattern = Pattern {
    id: "GC004",
    slug: "gc_assist_dominated",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    runlog: Some(runlog::detect),
    trace: Some(trace::detect),
    ..Pattern::BLIND
};
