//! SC002: Threads that pile up in system calls.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod runlog;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// SC002.
pub const PATTERN: Pattern = Pattern {
    id: "SC002",
    slug: "sched_threads_in_syscalls",
    severity: Severity::Critical,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    runlog: Some(runlog::detect),
    ..Pattern::BLIND
};
