//! DL007: Many goroutines behind one lock whose holder does not let go.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod live;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// Waiters on one mutex from which a queue is spoken of.
const QUEUE_MIN: u64 = 3;

/// DL007.
pub const PATTERN: Pattern = Pattern {
    id: "DL007",
    slug: "deadlock_lock_convoy",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    dump: Some(dump::detect),
    live: Some(live::refine),
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
