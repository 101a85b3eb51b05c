//! TO001: A deadline that does not reach the call it was set for.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// TO001.
pub const PATTERN: Pattern = Pattern {
    id: "TO001",
    slug: "timeout_lost_between_hops",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
