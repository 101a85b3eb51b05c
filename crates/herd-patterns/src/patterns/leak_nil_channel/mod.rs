//! LK003: Goroutines that send to or receive from a nil channel, which blocks for ever.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// LK003.
pub const PATTERN: Pattern = Pattern {
    id: "LK003",
    slug: "leak_nil_channel",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    dump: Some(dump::detect),
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
