//! A runtime log as it is printed: what was measured, what the log can answer, and columns for plots.

use herd_model::{
    CollectionColumns, CollectorFacts, RunlogAnswer, RunlogFacts, RunlogObservation, RunlogProcess, RunlogQuestion, RunlogSaid,
    RuntimeLog, SchedulerColumns,
};

/// Points of a column; more are thinned, the extremes of a stretch kept.
pub const POINTS_MAX: usize = 1500;
/// Share of collections called for by the program above which it does so in a loop.
const FORCED_SHARE: f64 = 0.5;
/// Seconds between collections called for above which nobody is harmed.
const FORCED_INTERVAL_S: f64 = 10.0;
/// Goal over live at and below which a heap has no room: GOGC of 10 and less, or a memory limit (facts of S18).
const TIGHT: f64 = 1.1;
/// Seconds between collections below which they come at a high rate (S18).
pub const OFTEN_S: f64 = 1.0;
/// Share of the processors below which even a tiny GOGC costs nothing.
const TINY_SHARE_MIN: f64 = 0.02;
/// Switches a second that show work while no collection is printed.
const SWITCHES_PER_S: f64 = 50.0;
/// Rise of stacks worth telling, MiB.
const STACKS_RISE_MB: f64 = 8.0;
/// Rise of goroutines worth telling.
const GOROUTINES_RISE: f64 = 50.0;
/// Pause that the work of a pause does not explain, milliseconds: stopping and finishing take well below one.
const PAUSE_LONG_MS: f64 = 10.0;

/// Whether the heap has next to no room to grow before it is collected again.
pub fn is_tight(gc: &CollectorFacts) -> bool {
    gc.goal_to_live_p50.is_some_and(|ratio| ratio <= TIGHT)
}

/// What a log shows that is worth knowing and is no pattern of its own.
pub fn observations(facts: &RunlogFacts) -> Vec<RunlogObservation> {
    let collector = facts.collector.as_ref();
    let forced = collector.is_some_and(|gc| gc.forced_share >= FORCED_SHARE && gc.interval_p50_s < FORCED_INTERVAL_S);
    let tiny = collector.is_some_and(|gc| {
        is_tight(gc) && gc.was_roomy == Some(false) && gc.interval_p50_s < OFTEN_S && gc.cpu_share >= TINY_SHARE_MIN && !forced
    });
    let works = |switches: u64, span_s: f64| switches as f64 >= SWITCHES_PER_S * span_s;
    let none = facts.collections == 0
        && facts.scheduler.as_ref().is_some_and(|sched| sched.switches.is_some_and(|count| works(count, sched.span_s)));
    let heap_rise = facts.live_heap.as_ref().map_or(0.0, |heap| (heap.last - heap.first).max(0.0));
    let stacks = facts.stacks.as_ref().is_some_and(|stacks| {
        stacks.rising && stacks.last - stacks.first >= STACKS_RISE_MB && stacks.last - stacks.first >= heap_rise
    });
    let goroutines = facts.goroutines.as_ref().is_some_and(|count| count.rising && count.last - count.first >= GOROUTINES_RISE);
    let stretched = collector.is_some_and(|gc| gc.pause_max_ms >= PAUSE_LONG_MS);
    [
        (forced, RunlogObservation::ForcedCollections),
        (tiny, RunlogObservation::GogcTiny),
        (none, RunlogObservation::NoCollections),
        (stacks, RunlogObservation::StacksGrow),
        (goroutines, RunlogObservation::GoroutinesGrow),
        (stretched, RunlogObservation::PausesStretched),
    ]
    .into_iter()
    .filter_map(|(seen, observation)| seen.then_some(observation))
    .collect()
}

/// What the patterns said of one process, by question; nothing where none fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Wrong, or undecidable where one fits and the log does not decide.
    pub collector: Option<RunlogSaid>,
    /// The same of the scheduler.
    pub scheduler: Option<RunlogSaid>,
}

/// What the log says to each question. What goroutines wait for stands in no such log, so that this one is never answered.
pub fn answers(facts: &RunlogFacts, observations: &[RunlogObservation], judged: Judged) -> Vec<RunlogAnswer> {
    let wasteful =
        observations.iter().any(|seen| matches!(seen, RunlogObservation::ForcedCollections | RunlogObservation::GogcTiny));
    let otherwise = |measured: bool| if measured { RunlogSaid::Healthy } else { RunlogSaid::Undecidable };
    let heap_measured = facts.collector.is_some() && facts.live_heap.is_some();
    let collector = if wasteful { Some(RunlogSaid::Wrong) } else { judged.collector };
    let said = [
        (RunlogQuestion::Collector, collector.unwrap_or(otherwise(heap_measured))),
        (RunlogQuestion::Scheduler, judged.scheduler.unwrap_or(otherwise(facts.scheduler.is_some()))),
        (RunlogQuestion::Goroutines, RunlogSaid::Undecidable),
    ];
    said.map(|(question, said)| RunlogAnswer { question, said }).into()
}

/// A process with its columns; answers with the points that were left out.
pub fn process(log: &RuntimeLog, facts: RunlogFacts, judged: Judged) -> (RunlogProcess, u64) {
    let observations = observations(&facts);
    let (collections, gcs_left) = collections(log);
    let (states, states_left) = states(log);
    let process = RunlogProcess {
        source: log.source.as_deref().map(str::to_owned),
        go_from_minor: log.go.from_minor,
        go_until_minor: log.go.until_minor,
        answers: answers(&facts, &observations, judged),
        facts,
        observations,
        collections,
        states,
    };
    (process, gcs_left + states_left)
}

fn collections(log: &RuntimeLog) -> (CollectionColumns, u64) {
    let kept = thinned(log.gcs.len(), |at| log.gcs[at].pause_ms(), |at| log.gcs[at].heap_live_mb as f64);
    let mut columns = CollectionColumns::default();
    for at in &kept {
        let gc = &log.gcs[*at];
        let before_s = at.checked_sub(1).and_then(|before| log.gcs.get(before)).map_or(0.0, |before| before.at_s);
        let offered_ms = (gc.at_s - before_s) * 1e3 * f64::from(gc.procs.max(1));
        columns.at_s.push(gc.at_s);
        columns.begin_mb.push(gc.heap_begin_mb);
        columns.live_mb.push(gc.heap_live_mb);
        columns.goal_mb.push(gc.goal_mb);
        columns.pause_ms.push(rounded(gc.pause_ms()));
        columns.cpu_percent.push(if offered_ms > 0.0 { rounded((gc.cpu_ms() / offered_ms * 100.0).min(100.0)) } else { 0.0 });
    }
    (columns, (log.gcs.len() - kept.len()) as u64)
}

fn states(log: &RuntimeLog) -> (SchedulerColumns, u64) {
    let kept = thinned(log.scheds.len(), |at| log.scheds[at].queued() as f64, |at| f64::from(log.scheds[at].threads));
    let mut columns = SchedulerColumns::default();
    for at in &kept {
        let state = &log.scheds[*at];
        columns.at_s.push(state.at_ms as f64 / 1e3);
        columns.queued.push(state.queued());
        columns.threads.push(state.threads);
        columns.idle_procs.push(state.idle_procs);
        columns.goroutines.extend(state.detail.as_ref().map(|detail| detail.goroutines));
    }
    // A column with holes would not stand beside the others.
    if columns.goroutines.len() != columns.at_s.len() {
        columns.goroutines.clear();
    }
    (columns, (log.scheds.len() - kept.len()) as u64)
}

/// Which of `count` points are drawn: all, or of each stretch those with the largest of both figures.
fn thinned(count: usize, one: impl Fn(usize) -> f64, other: impl Fn(usize) -> f64) -> Vec<usize> {
    if count <= POINTS_MAX {
        return (0..count).collect();
    }
    let stretches = POINTS_MAX / 2;
    let mut kept = Vec::with_capacity(POINTS_MAX);
    for stretch in 0..stretches {
        let range = stretch * count / stretches..(stretch + 1) * count / stretches;
        let most = |figure: &dyn Fn(usize) -> f64| range.clone().max_by(|a, b| figure(*a).total_cmp(&figure(*b)));
        let (first, second) = (most(&one), most(&other));
        kept.extend(first.min(second));
        kept.extend(first.max(second).filter(|_| first != second));
    }
    kept
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
