//! GC005: A pool that makes what it should hand out again.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod profile;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// GC005.
pub const PATTERN: Pattern = Pattern {
    id: "GC005",
    slug: "gc_pool_misuse",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    profile: Some(profile::detect),
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
