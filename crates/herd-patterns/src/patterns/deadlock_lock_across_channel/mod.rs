//! DL003: A lock held across a channel operation that only somebody who wants the lock can serve.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod live;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// DL003.
pub const PATTERN: Pattern = Pattern {
    id: "DL003",
    slug: "deadlock_lock_across_channel",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    dump: Some(dump::detect),
    live: Some(live::refine),
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
