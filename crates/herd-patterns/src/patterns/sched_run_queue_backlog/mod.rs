//! SC001: More goroutines can run than the processors get through.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod runlog;
mod trace;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// SC001.
pub const PATTERN: Pattern = Pattern {
    id: "SC001",
    slug: "sched_run_queue_backlog",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    runlog: Some(runlog::detect),
    trace: Some(trace::detect),
    ..Pattern::BLIND
};
