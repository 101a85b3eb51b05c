//! What differs between the execution traces of two sides: waits by reason and place, system calls, assists, lives, tasks, collections and
//! stops, each tested for effect and for chance, and the verdict pass, fail or inconclusive.
//!
//! A trace counts everything, so that nothing is estimated; what two runs of one program differ by is their doing and the machine's.
//! Times are compared by their means, and their ratio is held against what runs vary ([`judge`]); counts by rates, held against the time
//! that was traced and against the load, which the places that did not change tell.

mod judge;
mod measures;

use std::collections::BTreeMap;

use herd_model::{
    GateVerdict, TraceDiff, TraceDiffChange, TraceDiffDoubt, TraceDiffFigures, TraceDiffRow, TraceDiffSide, TraceDiffWhat,
    TraceReport,
};

use crate::diff::Side;
use crate::statistics::change_point::median;
use crate::statistics::counts::benjamini_hochberg;
use judge::{Against, FALSE_DISCOVERY, Follows, Outcome, PACE_APART, Subject};
use measures::{Key, Measure, Measures, measures};

/// Rows listed.
const ROWS_MAX: usize = 200;
/// How far loads may lie apart for the waits of queues to be compared: twice the load may be ten times the wait.
const LOADS_APART: f64 = 1.3;
/// Places a median rests on.
const PLACES_MIN: usize = 3;
/// How often goroutines must have waited at a place, on each side, for it to be one of them.
const PLACE_COUNT_MIN: f64 = 10.0;
/// How many times as much may be computed for as much that is done, for waits to be compared.
const COMPUTING_APART: f64 = 1.5;
/// From this share of their time on Ps are short.
const BUSY_MIN: f64 = 0.85;
/// How many times as long a wait with a tenth of all may have to take to be seen, for a pass.
const DETECTABLE_MAX: f64 = 4.0;

/// Two sides being put together, one trace after another.
#[derive(Debug, Default)]
pub struct TraceComparison {
    runs: Vec<Run>,
}

#[derive(Debug)]
struct Run {
    side: Side,
    told: TraceDiffSide,
    /// Time of Ps with a thread, and all they could have had one.
    procs_s: (f64, f64),
    /// Time in which goroutines of the program ran.
    computed_s: f64,
    damaged: bool,
    measures: Measures,
}

impl TraceComparison {
    /// Adds a trace to a side. The report must have all rows and stacks. Cost: linear in them.
    pub fn add(&mut self, side: Side, report: &TraceReport) {
        let own = report.reasons.iter().filter(|reason| !reason.system);
        let told = TraceDiffSide {
            runs: 1,
            span_s: report.span_s,
            events: report.events,
            waits: own.map(|reason| reason.finished.count).sum(),
            created: report.goroutines.created,
            busy: report.procs.utilization,
        };
        let possible_s = report.procs.busy_s / report.procs.utilization.max(f64::MIN_POSITIVE);
        self.runs.push(Run {
            side,
            told,
            procs_s: (report.procs.busy_s, possible_s),
            computed_s: report.states.running_s,
            damaged: report.lost.is_some(),
            measures: measures(report),
        });
    }

    /// The answer, and what is not shown of it in `hidden`. Nothing where a side has no trace.
    pub fn report(&self, hidden: &mut BTreeMap<String, u64>) -> Option<TraceDiff> {
        let (before, after) = (self.side(Side::Before), self.side(Side::After));
        if before.runs == 0 || after.runs == 0 {
            return None;
        }
        let subjects = self.subjects();
        let against = against(&subjects, &before, &after, (self.computed_s(Side::Before), self.computed_s(Side::After)));
        let outcomes: Vec<Outcome> = subjects.iter().map(|subject| judge::judge(subject, &subjects, &against)).collect();
        let q = benjamini_hochberg(&outcomes.iter().map(|outcome| outcome.p).collect::<Vec<_>>());
        let called: Vec<(&Subject<'_>, &Outcome, f64)> =
            subjects.iter().zip(&outcomes).zip(q).map(|((subject, outcome), q)| (subject, outcome, q)).collect();
        let worse = |outcome: &Outcome, q: f64| outcome.matters && q <= FALSE_DISCOVERY;
        let culprits = || called.iter().filter(|(_, outcome, q)| worse(outcome, *q));
        let excuse = |outcome: &Outcome| against.excuse(outcome);
        let fails = culprits().next().is_some();
        let detectable = judge::detectable(before.waits as f64, after.waits as f64, &against);
        let mut doubts = Vec::new();
        if culprits().all(|(_, outcome, _)| excuse(outcome).is_some()) {
            doubts.extend(culprits().filter_map(|(_, outcome, _)| excuse(outcome)));
            doubts.sort_unstable();
            doubts.dedup();
        }
        let decided = fails && doubts.is_empty();
        if before.waits == 0 || after.waits == 0 {
            doubts.push(TraceDiffDoubt::Empty);
        } else if detectable.is_none_or(|times| times > DETECTABLE_MAX) {
            doubts.push(TraceDiffDoubt::FewWaits);
        }
        if against.busy && !doubts.contains(&TraceDiffDoubt::Busy) {
            doubts.push(TraceDiffDoubt::Busy);
        }
        if self.runs.iter().any(|run| run.damaged) {
            doubts.push(TraceDiffDoubt::Damaged);
        }
        let verdict = match () {
            () if decided => GateVerdict::Fail,
            () if doubts.is_empty() => GateVerdict::Pass,
            () => GateVerdict::Inconclusive,
        };
        let mut rows: Vec<(Rank, TraceDiffRow)> = Vec::new();
        for (subject, outcome, q) in called {
            let culprit = decided && worse(outcome, q) && excuse(outcome).is_none();
            let change = outcome.change(q);
            if !culprit && change == TraceDiffChange::Same && !is_told(subject.key.what) {
                continue;
            }
            let at = subject.after.at.as_ref().or(subject.before.at.as_ref());
            let row = TraceDiffRow {
                what: subject.key.what,
                name: subject.key.name.clone(),
                at: at.cloned(),
                called: Some(subject.key.called.clone()).filter(|called| !called.is_empty()),
                change,
                culprit,
                before: figures(&subject.before, subject.span_s.0),
                after: figures(&subject.after, subject.span_s.1),
                ratio: outcome.ratio.is_finite().then_some(outcome.ratio),
                q,
            };
            rows.push((Rank::of(&row), row));
        }
        let row = utilization(&before, &after);
        rows.push((Rank::of(&row), row));
        rows.sort_by(|(a, _), (b, _)| a.order(b));
        if rows.len() > ROWS_MAX {
            hidden.insert("changes_not_listed".to_owned(), (rows.len() - ROWS_MAX) as u64);
            rows.truncate(ROWS_MAX);
        }
        Some(TraceDiff {
            verdict,
            before,
            after,
            load: against.load,
            pace: against.pace,
            computing: against.computing,
            detectable,
            doubts,
            rows: rows.into_iter().map(|(_, row)| row).collect(),
        })
    }

    fn of_side(&self, side: Side) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.side == side)
    }

    fn side(&self, side: Side) -> TraceDiffSide {
        let procs_s = self.of_side(side).fold((0.0, 0.0), |sum, run| (sum.0 + run.procs_s.0, sum.1 + run.procs_s.1));
        let busy = if procs_s.1 > 0.0 { procs_s.0 / procs_s.1 } else { 0.0 };
        self.of_side(side).fold(TraceDiffSide { busy, ..TraceDiffSide::default() }, |sum, run| TraceDiffSide {
            runs: sum.runs + 1,
            span_s: sum.span_s + run.told.span_s,
            events: sum.events + run.told.events,
            waits: sum.waits + run.told.waits,
            created: sum.created + run.told.created,
            ..sum
        })
    }

    fn computed_s(&self, side: Side) -> f64 {
        self.of_side(side).map(|run| run.computed_s).sum()
    }

    /// Everything that stands in any trace, with what each side and each run has of it.
    fn subjects(&self) -> Vec<Subject<'_>> {
        let mut all: BTreeMap<&Key, Subject<'_>> = BTreeMap::new();
        let span_s = |side| self.of_side(side).map(|run| run.told.span_s).sum::<f64>();
        let span_s = (span_s(Side::Before), span_s(Side::After));
        for run in &self.runs {
            for (key, measure) in &run.measures {
                let subject = all.entry(key).or_insert_with(|| Subject {
                    key,
                    before: Measure::default(),
                    after: Measure::default(),
                    span_s,
                    means: Vec::new(),
                });
                let side = if run.side == Side::Before { &mut subject.before } else { &mut subject.after };
                side.add(measure);
                if measure.count >= PLACE_COUNT_MIN && measure.total_s > 0.0 {
                    subject.means.push((run.side, measure.mean_s().ln()));
                }
            }
        }
        all.into_values().collect()
    }
}

/// Not judged, and told in any case.
fn utilization(before: &TraceDiffSide, after: &TraceDiffSide) -> TraceDiffRow {
    let figures = |side: &TraceDiffSide| TraceDiffFigures { total_per_s: side.busy, ..TraceDiffFigures::default() };
    TraceDiffRow {
        what: TraceDiffWhat::Utilization,
        name: String::new(),
        at: None,
        called: None,
        change: TraceDiffChange::Same,
        culprit: false,
        before: figures(before),
        after: figures(after),
        ratio: (before.busy > 0.0).then(|| after.busy / before.busy),
        q: 1.0,
    }
}

fn against(subjects: &[Subject<'_>], before: &TraceDiffSide, after: &TraceDiffSide, computed_s: (f64, f64)) -> Against {
    let time = after.span_s / before.span_s.max(f64::MIN_POSITIVE);
    let places = || {
        subjects.iter().filter(|subject| {
            matches!(subject.key.what, TraceDiffWhat::Wait | TraceDiffWhat::Event)
                && subject.before.count.min(subject.after.count) >= PLACE_COUNT_MIN
        })
    };
    let middle = |ratios: Vec<f64>| (ratios.len() >= PLACES_MIN).then(|| median(&ratios).exp());
    let load = middle(places().map(|place| (place.after.count / place.before.count / time).ln()).collect());
    let means = places().filter(|place| place.before.total_s.min(place.after.total_s) > 0.0);
    let pace = middle(means.map(|place| (place.after.mean_s() / place.before.mean_s()).ln()).collect());
    let computing = load.filter(|_| computed_s.0 > 0.0).map(|load| computed_s.1 / computed_s.0 / time / load);
    let busy = before.busy.max(after.busy) >= BUSY_MIN;
    let latency = subjects.iter().find(|subject| subject.key.what == TraceDiffWhat::Latency);
    let latency_s = latency.map_or(0.0, |latency| latency.before.mean_s().max(latency.after.mean_s()));
    Against { time, load, pace, computing, busy, latency_s, runs: (before.runs as f64, after.runs as f64) }
}

/// Told whether they changed or not.
fn is_told(what: TraceDiffWhat) -> bool {
    matches!(what, TraceDiffWhat::Latency | TraceDiffWhat::Pause | TraceDiffWhat::Collection)
}

fn figures(measure: &Measure, span_s: f64) -> TraceDiffFigures {
    let per_s = |value: f64| if span_s > 0.0 { value / span_s } else { 0.0 };
    TraceDiffFigures {
        count: measure.count as u64,
        per_s: per_s(measure.count),
        total_per_s: per_s(measure.total_s),
        mean_s: measure.mean_s(),
        p99_s: measure.p99_s,
    }
}

/// Culprits, causes first; what else changed; what did not.
#[derive(Clone, Debug, PartialEq)]
struct Rank {
    part: u8,
    what: TraceDiffWhat,
    moved: f64,
    name: String,
    at: Option<herd_model::Place>,
}

impl Rank {
    fn of(row: &TraceDiffRow) -> Rank {
        let part = if row.culprit { 0 } else { 1 + u8::from(row.change == TraceDiffChange::Same) };
        let moved = match row.what {
            TraceDiffWhat::Left | TraceDiffWhat::Created | TraceDiffWhat::Collection => row.after.per_s - row.before.per_s,
            TraceDiffWhat::Wait
            | TraceDiffWhat::Syscall
            | TraceDiffWhat::Assist
            | TraceDiffWhat::Event
            | TraceDiffWhat::Task
            | TraceDiffWhat::Region
            | TraceDiffWhat::Life
            | TraceDiffWhat::Pause
            | TraceDiffWhat::Latency
            | TraceDiffWhat::Utilization => row.after.total_per_s - row.before.total_per_s,
        };
        Rank { part, what: row.what, moved: moved.abs(), name: row.name.clone(), at: row.at.clone() }
    }

    fn order(&self, other: &Rank) -> std::cmp::Ordering {
        // Among culprits what others wait for comes before those who wait for events, tasks and lives, which follow from it.
        (self.part, self.what)
            .cmp(&(other.part, other.what))
            .then_with(|| other.moved.total_cmp(&self.moved))
            .then_with(|| (&self.name, &self.at).cmp(&(&other.name, &other.at)))
    }
}

impl Against {
    /// What else may be why it is worse.
    fn excuse(&self, outcome: &Outcome) -> Option<TraceDiffDoubt> {
        let load = self.load.unwrap_or(1.0);
        let is_queue = outcome.follows != Follows::Nothing;
        let other_load = match outcome.follows {
            Follows::Nothing => false,
            Follows::Load => load > LOADS_APART,
            Follows::LoadOrRest => !(1.0 / LOADS_APART..=LOADS_APART).contains(&load),
        };
        match () {
            () if other_load => Some(TraceDiffDoubt::LoadsDiffer),
            () if is_queue && self.computing.is_some_and(|times| times > COMPUTING_APART) => Some(TraceDiffDoubt::MoreComputing),
            () if is_queue && self.busy => Some(TraceDiffDoubt::Busy),
            () if !outcome.beyond_pace => Some(TraceDiffDoubt::AllSlower),
            () => None,
        }
    }

    /// How many times as long all waits are, where that is more than chance may do.
    fn slower(&self) -> f64 {
        self.pace.filter(|pace| *pace > PACE_APART).unwrap_or(1.0)
    }
}
