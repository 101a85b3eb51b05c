//! LO003: A recover that does not see the panic, or hides what it sees.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// LO003.
pub const PATTERN: Pattern = Pattern {
    id: "LO003",
    slug: "recover_missing_or_too_wide",
    severity: Severity::Info,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
