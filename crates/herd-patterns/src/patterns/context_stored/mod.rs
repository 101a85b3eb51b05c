//! CX003: A context kept in a struct beyond the call it came with.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// CX003.
pub const PATTERN: Pattern = Pattern {
    id: "CX003",
    slug: "context_stored",
    severity: Severity::Info,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
