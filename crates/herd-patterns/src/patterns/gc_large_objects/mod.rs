//! GC006: Large objects allocated in a hot path.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod profile;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// GC006.
pub const PATTERN: Pattern = Pattern {
    id: "GC006",
    slug: "gc_large_objects",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    profile: Some(profile::detect),
    source: Some(source::detect),
    source_status: Status::Preview,
    ..Pattern::BLIND
};
