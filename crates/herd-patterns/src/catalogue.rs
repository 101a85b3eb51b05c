//! The one table of patterns and how a pattern's page is read.

use herd_model::{PatternId, Severity};

use crate::allocations::{Allocations, Spot};
use crate::memory::Seen;
use crate::patterns;
use crate::runlog::Facts;
use crate::scene::{Scene, Sighting};
use crate::source_program::ProgramEye;
use crate::{source, trace};

/// A language goherd speaks to people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// English.
    En,
    /// Simplified Chinese.
    Zh,
}

/// One text in every language.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// The text in one language.
    pub fn get(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

/// Whether a pattern's verdicts may still change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Being tried.
    Preview,
    /// Settled.
    Stable,
    /// To be removed.
    Deprecated,
}

/// A way to go wrong.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Id, never reused.
    pub id: PatternIdText,
    /// Its folder.
    pub slug: &'static str,
    /// How much it hurts when it grows or is proven.
    pub severity: Severity,
    /// Whether its verdicts may still change.
    pub status: Status,
    /// `page.en.md` and `page.zh-CN.md`, front matter included.
    pub page: Text,
    /// How it looks in a dump.
    pub dump: Option<fn(&Scene<'_>) -> Option<Sighting>>,
    /// What the memory of the process adds to that, or takes from it.
    pub live: Option<Refine>,
    /// How it looks in a profile of allocations.
    pub profile: Option<fn(&Allocations) -> Vec<Spot>>,
    /// How it looks in what the runtime prints of itself.
    pub runlog: Option<fn(&Facts) -> Option<Sighting>>,
    /// How it looks in an execution trace.
    pub trace: Option<fn(&trace::Facts) -> Vec<trace::Seen>>,
    /// How it looks in source.
    pub source: Option<fn(&source::Scene<'_, '_>) -> Vec<source::Spotted>>,
    /// How it looks in the source of a whole program.
    pub program: Option<ProgramEye>,
    /// Whether what the source eye says may still change: what is being tried is said when it is asked for.
    pub source_status: Status,
}

/// A live eye: the sighting with what the memory shows.
pub type Refine = fn(&Scene<'_>, &Seen<'_>, Sighting) -> Sighting;

/// An id known at compile time.
pub type PatternIdText = &'static str;

/// A page, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// A fragment that reads after a count.
    pub title: &'static str,
    /// One sentence: why it happens.
    pub why: &'static str,
    /// One sentence: what to change.
    pub fix: &'static str,
    /// Markdown, from the heading on.
    pub body: &'static str,
}

impl Pattern {
    /// No eye at all: what a folder fills up with, so that a new kind of eye touches those that have it.
    pub(crate) const BLIND: Pattern = Pattern {
        id: "",
        slug: "",
        severity: Severity::Info,
        status: Status::Preview,
        page: Text { en: "", zh: "" },
        dump: None,
        live: None,
        profile: None,
        runlog: None,
        trace: None,
        source: None,
        program: None,
        source_status: Status::Preview,
    };

    /// The id as the model has it.
    pub fn pattern_id(&self) -> PatternId {
        PatternId::new(self.id)
    }

    /// How the family fits, by all eyes its witness opens.
    pub fn look(&self, scene: &Scene<'_>) -> Option<Sighting> {
        let sighting = self.dump.and_then(|dump| dump(scene))?;
        Some(match self.live.zip(scene.seen()) {
            Some((live, seen)) => live(scene, &seen, sighting),
            None => sighting,
        })
    }

    /// The page in one language. Missing front matter reads as empty; a test holds every page to have it.
    pub fn page(&self, lang: Lang) -> Page {
        parse_page(self.page.get(lang))
    }
}

fn parse_page(text: &'static str) -> Page {
    let (front, body) = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n")).unwrap_or(("", text));
    let field = |name: &str| {
        front.lines().find_map(|line| line.strip_prefix(name).and_then(|rest| rest.strip_prefix(':'))).map_or("", str::trim)
    };
    Page { title: field("title"), why: field("why"), fix: field("fix"), body }
}

/// Builds the table from folder modules.
macro_rules! patterns {
    ($($slug:ident),* $(,)?) => {
        /// Every pattern, in id order within its family.
        pub const CATALOGUE: &[Pattern] = &[$(patterns::$slug::PATTERN),*];
    };
}

patterns![
    leak_send_no_receiver,
    leak_receive_no_sender,
    leak_nil_channel,
    leak_select_unsatisfiable,
    leak_ctx_not_cancelled,
    leak_waitgroup_never_done,
    leak_ticker_not_stopped,
    leak_retry_ignores_ctx,
    leak_http_body_not_closed,
    leak_cond_never_signalled,
    leak_io_no_deadline,
    leak_worker_pool_no_stop,
    leak_send_after_return,
    leak_pipeline_early_return,
    deadlock_mutex_twice,
    deadlock_lock_order,
    deadlock_lock_across_channel,
    deadlock_read_lock_twice,
    deadlock_channel_cycle,
    deadlock_unlock_missing,
    deadlock_lock_convoy,
    log_behind_slow_writer,
    pool_connections_limited,
    context_begun_below_request,
    context_cancel_lost,
    context_stored,
    context_left_out_of_call,
    context_derived_in_loop,
    context_ignored_by_loop,
    timeout_lost_between_hops,
    timeout_widened,
    timeout_none_at_exit,
    lock_copied,
    defer_in_loop,
    recover_missing_or_too_wide,
    unlock_without_lock,
    waitgroup_add_in_goroutine,
    test_failed_in_goroutine,
    critical_section_empty,
    gc_allocation_storm,
    gc_memory_limit_spiral,
    gc_live_heap_grows,
    gc_assist_dominated,
    gc_pool_misuse,
    gc_large_objects,
    sched_run_queue_backlog,
    sched_threads_in_syscalls,
    sched_gomaxprocs_above_quota,
];

/// The pattern with this id, upper or lower case.
pub fn by_id(id: &str) -> Option<&'static Pattern> {
    CATALOGUE.iter().find(|pattern| pattern.id.eq_ignore_ascii_case(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_has_its_front_matter_in_both_languages() {
        for pattern in CATALOGUE {
            for lang in [Lang::En, Lang::Zh] {
                let page = pattern.page(lang);
                for (name, text) in [("title", page.title), ("why", page.why), ("fix", page.fix)] {
                    assert!(!text.is_empty(), "{} {lang:?} lacks {name}", pattern.id);
                }
                assert!(page.body.starts_with(&format!("# {} ", pattern.id)), "{} {lang:?}: {}", pattern.id, page.body);
            }
        }
    }

    #[test]
    fn ids_are_unique_and_found_in_either_case() {
        for (at, pattern) in CATALOGUE.iter().enumerate() {
            assert!(CATALOGUE[at + 1..].iter().all(|other| other.id != pattern.id && other.slug != pattern.slug));
            assert_eq!(by_id(&pattern.id.to_lowercase()).map(|found| found.slug), Some(pattern.slug));
        }
    }
}
