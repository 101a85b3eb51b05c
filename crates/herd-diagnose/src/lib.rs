//! The one way from targets to findings: gather testimony within a budget, join the witnesses, judge. Doctor, demo and tests run
//! this same code; it takes its clock as a value.

mod accounts;
mod cross;
mod gather;
mod judge;
mod judge_broods;
mod judge_held;
mod judge_proof;
pub mod judge_rules;
pub mod lint;
mod lint_deadlines;
mod lint_globs;
mod lint_ignored;
pub mod lint_kept;
mod lint_marks;
mod lint_module;
pub mod lint_rules;
mod lint_spawns;
mod load;
mod looks;
mod plateau;
mod profile;
mod remedy;
mod runlog;
mod said;
pub mod sourced;
mod traced;
mod witnesses;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use herd_analysis::census::Census;
use herd_analysis::report::report;
use herd_analysis::{Series, flame::flame};
use herd_model::{Candidate, Envelope, Finding, Note, NoteKind, Origin, Snapshot, SnapshotBuilder, Verdict};
use herd_patterns::{Lang, benign};
use herd_sources::{CancelFlag, Options, SourceError, Target};

pub use cross::Cross;
pub use gather::Subject;
pub use judge::{Judgement, judge};
pub use judge_proof::Proofs;
pub use judge_rules::Rule;
pub use plateau::{plateau, seen};
pub use profile::profile;
pub use runlog::{runlog, sightings};
pub use traced::TraceWitness;

/// What to look at, and for how long.
#[derive(Clone, Debug)]
pub struct Request {
    /// Files and directories together are one series; each address is a process of its own.
    pub targets: Vec<Target>,
    /// How to collect.
    pub options: Options,
    /// Collect repeatedly from addresses.
    pub watch: Option<Watch>,
    /// Have the one address trace itself for so long, and take its dump meanwhile.
    pub trace: Option<Duration>,
    /// How fast time passes at the target.
    pub clock: Clock,
    /// Rules of thumb whose candidates are listed, too.
    pub rules: BTreeSet<Rule>,
}

/// Collect every so often, for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watch {
    /// From the first snapshot to the last.
    pub span: Duration,
    /// Between two snapshots.
    pub every: Duration,
}

/// How fast time passes at the target: 1 for a real one, more for a recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clock {
    /// Seconds at the target a second here.
    pub speed: f64,
}

impl Clock {
    /// Real time.
    pub const WALL: Clock = Clock { speed: 1.0 };
}

/// What happens while a diagnosis runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Event<'a> {
    /// About to ask a target for snapshot `index` of `of`.
    Collecting {
        /// Target name.
        target: &'a str,
        /// From 1.
        index: u32,
        /// How many there will be.
        of: u32,
    },
    /// A snapshot came in.
    Collected {
        /// Target name.
        target: &'a str,
        /// What was asked.
        witness: &'a str,
        /// Goroutines in it.
        goroutines: u64,
        /// Bytes read.
        bytes: u64,
    },
    /// About to wait this long before the next snapshot.
    Waiting {
        /// How long, in time of the target.
        seconds: f64,
    },
    /// All is collected; measuring and judging.
    Judging,
}

/// An answer and what it was read from.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    /// What is printed.
    pub envelope: Envelope,
    /// The latest snapshot of the subject shown, for writers that need stacks; empty where only logs testified.
    pub snapshot: Snapshot,
}

/// Gathers, joins, judges. Errors when no target could testify; a target that failed among others is a note.
pub fn diagnose(
    request: &Request,
    command: &str,
    cancel: &CancelFlag,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<Diagnosis, SourceError> {
    let gathered = gather::gather(request, cancel, tell)?;
    tell(Event::Judging);
    let mut envelope = Envelope::new(command, env!("CARGO_PKG_VERSION"));
    envelope.notes = gathered.notes;
    let mut shown: Option<(usize, Series)> = None;
    let mut by_rules = Vec::new();
    for subject in gathered.subjects {
        envelope.targets.push(subject.target.clone());
        envelope.notes.extend(subject.notes);
        let Some(series) = Series::new(subject.points) else { continue };
        let proofs = Proofs { leaks: &subject.leaks, cross: subject.cross.as_ref(), trace: subject.trace.as_ref() };
        let judgement = judge(&series, &proofs, &subject.target, &mut envelope.notes);
        envelope.open |= judgement.open;
        let weight = judgement.findings.len() * 1000 + judgement.candidates.len();
        merge_hidden(&mut envelope.hidden, judgement.hidden);
        envelope.findings.extend(judgement.findings);
        envelope.candidates.extend(judgement.candidates);
        by_rules.extend(judge_rules::candidates(&request.rules, &series, &subject.target));
        if shown.as_ref().is_none_or(|(heaviest, _)| weight > *heaviest) {
            shown = Some((weight, series));
        }
    }
    envelope.targets.extend(gathered.traces);
    let only_logs = shown.is_none() && !gathered.logs.is_empty();
    runlog::beside(&gathered.logs, only_logs, &mut envelope);
    for (target, facts) in &gathered.plateaus {
        plateau(facts, target, &mut envelope);
    }
    if shown.is_none() && !only_logs {
        return Err(gathered.first_error.unwrap_or(SourceError::Interrupted));
    }
    worst_first(&mut envelope.findings);
    envelope.candidates.extend(by_rules);
    envelope.notes.extend(judge_rules::weaknesses(&request.rules));
    judge::number(&mut envelope.candidates);
    envelope.open |= gathered.damaged;
    // A saved answer may list fewer stacks than there were, without a cut in its snapshot.
    envelope.open |= envelope.notes.iter().any(|note| note.kind == NoteKind::Truncated);
    envelope.verdict = verdict(&envelope.findings, &envelope.candidates, envelope.open);
    Ok(match shown {
        Some((_, series)) => fill(envelope, series),
        // A log lists no goroutine.
        None => Diagnosis { envelope, snapshot: SnapshotBuilder::new(Origin::Stacks).finish() },
    })
}

fn fill(mut envelope: Envelope, mut series: Series) -> Diagnosis {
    let times: Vec<String> =
        series.points.iter().map(|point| point.snapshot.taken_at_ns.and_then(rfc3339).unwrap_or_default()).collect();
    if series.points.len() > 1 {
        envelope.series = Some(series.report(times, SERIES_FAMILIES_MAX));
    }
    let point = series.points.pop().expect("a series has a point");
    let known = benign_reasons(&point.snapshot, &point.census);
    let taken_at = point.snapshot.taken_at_ns.and_then(rfc3339);
    envelope.snapshot = Some(report(&point.snapshot, &point.census, taken_at, &|at| known[at].clone(), &mut envelope.hidden));
    envelope.flame = Some(flame(&point.snapshot));
    Diagnosis { envelope, snapshot: point.snapshot }
}

/// Families in `series`; the rest do not move.
const SERIES_FAMILIES_MAX: usize = 200;

fn benign_reasons(snapshot: &Snapshot, census: &Census) -> Vec<Option<String>> {
    census.groups.iter().map(|group| benign(snapshot, group, Lang::En).map(str::to_owned)).collect()
}

fn worst_first(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        (b.severity, b.certainty, b.count)
            .cmp(&(a.severity, a.certainty, a.count))
            .then_with(|| a.fingerprint.cmp(&b.fingerprint))
    });
}

/// Findings decide; candidates leave it open, but for those a rule of thumb named, and so does testimony with holes; otherwise the
/// target is healthy as far as the witnesses reach.
pub fn verdict(findings: &[Finding], candidates: &[Candidate], open: bool) -> Verdict {
    if !findings.is_empty() {
        Verdict::Findings
    } else if candidates.iter().all(judge_rules::is_of_rule) && !open {
        Verdict::Healthy
    } else {
        Verdict::Undecidable
    }
}

fn merge_hidden(into: &mut BTreeMap<String, u64>, from: BTreeMap<String, u64>) {
    for (name, count) in from {
        *into.entry(name).or_default() += count;
    }
}

/// A time in nanoseconds since 1970 as RFC 3339 with milliseconds, UTC.
pub fn rfc3339(ns: i64) -> Option<String> {
    let at = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(ns)).ok()?;
    let format = time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    at.format(format).ok()
}

/// A note of advice.
fn advice(text: impl Into<String>) -> Note {
    Note { kind: NoteKind::Advice, offset: None, text: text.into() }
}
