//! DL002: Two locks taken in opposite order.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod live;
mod own;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// DL002.
pub const PATTERN: Pattern = Pattern {
    id: "DL002",
    slug: "deadlock_lock_order",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    dump: Some(dump::detect),
    live: Some(live::refine),
    source: Some(own::detect),
    program: Some(source::detect),
    ..Pattern::BLIND
};
