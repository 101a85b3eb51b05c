//! DL004: A read lock taken again while a writer waits in between.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod live;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// DL004.
pub const PATTERN: Pattern = Pattern {
    id: "DL004",
    slug: "deadlock_read_lock_twice",
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
