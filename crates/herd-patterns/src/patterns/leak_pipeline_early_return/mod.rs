//! LK014: Pipeline stages left behind by a consumer that returned early.
//!
//! Why it hurts, how it looks and how to fix it: `page.en.md`, `page.zh-CN.md`.

mod dump;
mod live;
mod source;

use herd_model::Severity;

use crate::catalogue::{Pattern, Status, Text};

/// LK014.
pub const PATTERN: Pattern = Pattern {
    id: "LK014",
    slug: "leak_pipeline_early_return",
    severity: Severity::Warning,
    status: Status::Preview,
    page: Text { en: include_str!("page.en.md"), zh: include_str!("page.zh-CN.md") },
    dump: Some(dump::detect),
    live: Some(live::refine),
    source: Some(source::detect),
    source_status: Status::Stable,
    ..Pattern::BLIND
};
