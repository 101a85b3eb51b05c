//! SC003: More processors than CPUs the process may use.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod runlog;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// SC003.
pub const PATTERN: Pattern = Pattern {
    id: "SC003",
    slug: "sched_gomaxprocs_above_quota",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    runlog: Some(runlog::detect),
    ..Pattern::BLIND
};
