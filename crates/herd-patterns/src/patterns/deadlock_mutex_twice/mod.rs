//! DL001: A goroutine that locks a mutex it already holds.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod live;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// DL001.
pub const PATTERN: Pattern = Pattern {
    id: "DL001",
    slug: "deadlock_mutex_twice",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    dump: Some(dump::detect),
    live: Some(live::refine),
    source: Some(source::detect),
    program: Some(source::detect_in_program),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
