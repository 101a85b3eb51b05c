//! CX002: A cancel function that nobody can call any more.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// CX002.
pub const PATTERN: Pattern = Pattern {
    id: "CX002",
    slug: "context_cancel_lost",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
