//! LO007: A lock that is given back as soon as it is taken.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// LO007.
pub const PATTERN: Pattern = Pattern {
    id: "LO007",
    slug: "critical_section_empty",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    source: Some(source::detect),
    source_status: Status::Preview,
    ..Pattern::BLIND
};
