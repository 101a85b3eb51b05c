//! CX006: A loop that waits and never looks at the context it was given.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// CX006.
pub const PATTERN: Pattern = Pattern {
    id: "CX006",
    slug: "context_ignored_by_loop",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Preview,
    ..Pattern::BLIND
};
