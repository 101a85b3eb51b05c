//! What a trace's report says, by things that are found again in another trace: functions by canonical name, never lines.

use std::collections::BTreeMap;

use herd_model::{Place, TraceCall, TraceDiffWhat, TraceReport, TraceSpread, TraceStack};

use crate::diff::canonical;

/// One thing that is compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub what: TraceDiffWhat,
    /// Reason, kind, type or entry function.
    pub name: String,
    /// The function of the program, canonical; empty where there is none.
    pub func: String,
    /// What of the standard library it calls.
    pub called: String,
}

/// What one trace, or several of a side, have of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Measure {
    pub count: f64,
    pub total_s: f64,
    /// Of several traces the mean by count.
    pub p90_s: Option<f64>,
    pub p99_s: Option<f64>,
    pub max_s: f64,
    /// Where it is, as recorded.
    pub at: Option<Place>,
    /// The functions its goroutines start in, canonical, with how often.
    pub entries: BTreeMap<String, f64>,
}

impl Measure {
    pub fn mean_s(&self) -> f64 {
        if self.count > 0.0 { self.total_s / self.count } else { 0.0 }
    }

    /// As how many waits its mean counts: of few that are far longer than all others, few.
    pub fn effective(&self) -> f64 {
        /// Of n exponential times the longest has about ln n times the mean.
        const LONGEST: f64 = 3.0;
        if self.max_s > 0.0 { self.count.min(LONGEST * self.total_s / self.max_s) } else { self.count }
    }

    pub fn add(&mut self, other: &Measure) {
        self.p90_s = match (self.p90_s, other.p90_s) {
            (Some(one), Some(two)) => Some((one * self.count + two * other.count) / (self.count + other.count).max(1.0)),
            (one, two) => one.or(two),
        };
        self.count += other.count;
        self.total_s += other.total_s;
        self.max_s = self.max_s.max(other.max_s);
        self.p99_s = match (self.p99_s, other.p99_s) {
            (Some(one), Some(two)) => Some(one.max(two)),
            (one, two) => one.or(two),
        };
        if self.at.is_none() {
            self.at.clone_from(&other.at);
        }
        for (entry, count) in &other.entries {
            *self.entries.entry(entry.clone()).or_default() += count;
        }
    }
}

/// What all traces are measured by.
pub(super) type Measures = BTreeMap<Key, Measure>;

/// Reasons whose end is brought about by an event, however long it takes: idle goroutines wait so (`runtime/traceruntime.go`,
/// `traceBlockReasonStrings`, Go 1.22 to 1.27). All others wait for what somebody holds.
const EVENTS: [&str; 13] = [
    "unspecified",
    "chan receive",
    "select",
    "forever",
    "network",
    "sleep",
    "sync.(*Cond).Wait",
    "sync.(*WaitGroup).Wait",
    "wait until GC ends",
    "wait for debug call",
    "synctest",
    "coroutine switch",
    "began before the trace",
];

/// Everything of a trace that is compared.
pub(super) fn measures(report: &TraceReport) -> Measures {
    let mut all = Measures::new();
    for reason in report.reasons.iter().filter(|reason| !reason.system) {
        let what = if EVENTS.contains(&reason.reason.as_str()) { TraceDiffWhat::Event } else { TraceDiffWhat::Wait };
        reason.stacks.iter().for_each(|stack| at_stack(&mut all, what, &reason.reason, stack));
    }
    report.syscalls.stacks.iter().for_each(|stack| at_stack(&mut all, TraceDiffWhat::Syscall, "", stack));
    report.collector.assist_stacks.iter().for_each(|stack| at_stack(&mut all, TraceDiffWhat::Assist, "", stack));
    for row in report.unfinished.iter().filter(|row| row.created > 0) {
        let measure = Measure { count: row.created as f64, max_s: row.max_s, ..Measure::default() };
        add(&mut all, TraceDiffWhat::Left, &row.reason, &row.call, measure);
    }
    for (what, rows) in [(TraceDiffWhat::Task, &report.tasks), (TraceDiffWhat::Region, &report.regions)] {
        for row in rows {
            spread(&mut all, what, &row.name, &row.finished);
        }
    }
    for row in &report.collector.pauses {
        spread(&mut all, TraceDiffWhat::Pause, &row.kind, &row.pauses);
    }
    spread(&mut all, TraceDiffWhat::Latency, "", &report.latency);
    let (cycles, marking_s) = (report.collector.cycles as f64, report.collector.marking_s);
    let collections = Measure { count: cycles, total_s: marking_s, ..Measure::default() };
    add(&mut all, TraceDiffWhat::Collection, "", &TraceCall::default(), collections);
    sites(&mut all, report);
    all
}

fn at_stack(all: &mut Measures, what: TraceDiffWhat, name: &str, stack: &TraceStack) {
    if stack.count == 0 {
        return;
    }
    let entry = stack.entry.as_deref().or_else(|| stack.frames.last().map(|frame| frame.func.as_str()));
    let count = stack.count as f64;
    let entries = entry.map(|entry| (canonical(entry).into(), count)).into_iter().collect();
    let measure = Measure { count, total_s: stack.total_s, max_s: stack.max_s, entries, ..Measure::default() };
    add(all, what, name, &stack.call, measure);
}

fn add(all: &mut Measures, what: TraceDiffWhat, name: &str, call: &TraceCall, measure: Measure) {
    let func = call.at.as_ref().map(|at| canonical(&at.func).into()).unwrap_or_default();
    let called = call.called.as_deref().map(|called| canonical(called).into()).unwrap_or_default();
    let key = Key { what, name: name.to_owned(), func, called };
    all.entry(key).or_default().add(&Measure { at: call.at.clone(), ..measure });
}

fn spread(all: &mut Measures, what: TraceDiffWhat, name: &str, spread: &TraceSpread) {
    if spread.count > 0 {
        add(all, what, name, &TraceCall::default(), of_spread(spread));
    }
}

fn of_spread(spread: &TraceSpread) -> Measure {
    Measure {
        count: spread.count as f64,
        total_s: spread.total_s,
        p90_s: Some(spread.p90_s),
        p99_s: Some(spread.p99_s),
        max_s: spread.max_s,
        ..Measure::default()
    }
}

/// Goroutines by where they start and are started; the runtime's own are no part of it.
fn sites(all: &mut Measures, report: &TraceReport) {
    for site in &report.sites {
        if site.entry.func.starts_with('<') || crate::trace::is_system(&site.entry.func) {
            continue;
        }
        let entry: String = canonical(&site.entry.func).into();
        let call = TraceCall { at: site.created_by.clone(), called: None };
        let alive = Measure {
            count: site.created as f64,
            total_s: site.states.waiting_s,
            // Those that were there before count as there, too.
            entries: BTreeMap::from([(entry.clone(), (site.created + site.before) as f64)]),
            ..Measure::default()
        };
        add(all, TraceDiffWhat::Created, &entry, &call, alive);
        if site.lived.count > 0 {
            add(all, TraceDiffWhat::Life, &entry, &call, of_spread(&site.lived));
        }
    }
}
