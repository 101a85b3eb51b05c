//! TO002: A deadline later than the one the caller waits for.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// TO002.
pub const PATTERN: Pattern = Pattern {
    id: "TO002",
    slug: "timeout_widened",
    severity: Severity::Info,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
