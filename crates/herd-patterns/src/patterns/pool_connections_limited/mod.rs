//! DL009: Requests queue for one of few connections.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod source;
mod trace;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// DL009.
pub const PATTERN: Pattern = Pattern {
    id: "DL009",
    slug: "pool_connections_limited",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    trace: Some(trace::detect),
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
