//! CX004: A call that has a twin with a context, made without.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// CX004.
pub const PATTERN: Pattern = Pattern {
    id: "CX004",
    slug: "context_left_out_of_call",
    severity: Severity::Info,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
