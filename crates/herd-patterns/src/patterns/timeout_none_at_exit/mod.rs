//! TO003: A call out of the process that may take for ever.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// TO003.
pub const PATTERN: Pattern = Pattern {
    id: "TO003",
    slug: "timeout_none_at_exit",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
