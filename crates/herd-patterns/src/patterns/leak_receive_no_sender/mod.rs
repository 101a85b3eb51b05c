//! LK002: Goroutines parked in a channel receive that nobody will serve or close.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod live;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// LK002.
pub const PATTERN: Pattern = Pattern {
    id: "LK002",
    slug: "leak_receive_no_sender",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    dump: Some(dump::detect),
    live: Some(live::refine),
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
