//! LK004: Goroutines in a select none of whose cases can become ready.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod live;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// LK004.
pub const PATTERN: Pattern = Pattern {
    id: "LK004",
    slug: "leak_select_unsatisfiable",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    dump: Some(dump::detect),
    live: Some(live::refine),
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
