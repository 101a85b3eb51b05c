//! Measures what the Go runtime printed of itself: how much the collector takes, how the live heap moves, what waits to run.

use herd_model::{CollectorFacts, GcRecord, RuntimeLog, SchedRecord, SchedulerFacts};

use crate::runlog_growth::growth;

pub use herd_model::RunlogFacts as Facts;

/// Records below which nothing is said (S18 wants five collections for a slope).
pub const RECORDS_MIN: usize = 5;
/// Seconds below which nothing is said.
pub const SPAN_MIN_S: f64 = 2.0;
/// Share of all processors from which a stretch of time is one of collecting; services that are well stay below 1 %, and those that
/// allocate much below 5 %.
pub const BUSY_SHARE: f64 = 0.05;
/// Stretches of time in which that is looked at, seconds; collections are added up until one is over.
const WINDOW_S: f64 = 1.0;
/// Runnable goroutines that are a backlog (S18) …
pub const BACKLOG: u64 = 100;
/// … and how many to each processor at least, as a hundred are few for many of them.
const BACKLOG_A_PROC: u64 = 4;
/// Goal over live that GOGC below 50 never reaches.
const ROOMY: f64 = 1.5;
/// Live heap from which the ratio is one of GOGC: below 4 MB the runtime's least goal decides (`defaultHeapMinimum`,
/// runtime/mgcpacer.go).
const RATIO_LIVE_MIN_MB: u64 = 4;
/// Pauses shorter than this are printed with too few digits to divide by, milliseconds.
const PAUSE_MIN_MS: f64 = 0.01;
/// Collections while the heap was at most half of what it is, after which GOGC is known to be small: a heap that is made at once gives
/// no chance to see it.
const RAMP_MIN: usize = 3;

/// Measures one process.
pub fn facts(log: &RuntimeLog) -> Facts {
    let live: Vec<(f64, f64)> = log.gcs.iter().map(|gc| (gc.at_s, whole(gc.heap_live_mb))).collect();
    let stacks: Vec<(f64, f64)> = log.gcs.iter().filter_map(|gc| Some((gc.at_s, whole(gc.stacks_mb?)))).collect();
    let sched = |figure: fn(&SchedRecord) -> Option<f64>| -> Vec<(f64, f64)> {
        log.scheds.iter().filter_map(|state| Some((seconds(state), figure(state)?))).collect()
    };
    Facts {
        span_s: span(&live).max(span(&sched(|_| Some(0.0)))),
        collections: log.gcs.len() as u64,
        states: log.scheds.len() as u64,
        collector: collector(&log.gcs),
        live_heap: growth(&live),
        stacks: growth(&stacks),
        scheduler: scheduler(&log.scheds),
        threads: growth(&sched(|state| Some(f64::from(state.threads)))),
        goroutines: growth(&sched(|state| state.detail.as_ref().map(|detail| whole(detail.goroutines)))),
    }
}

fn span(points: &[(f64, f64)]) -> f64 {
    points.first().zip(points.last()).map_or(0.0, |(first, last)| last.0 - first.0)
}

fn seconds(state: &SchedRecord) -> f64 {
    whole(state.at_ms) / 1e3
}

fn whole(value: u64) -> f64 {
    value as f64
}

fn collector(gcs: &[GcRecord]) -> Option<CollectorFacts> {
    let (first, last) = gcs.first().zip(gcs.last())?;
    let span_s = last.at_s - first.at_s;
    if gcs.len() < RECORDS_MIN || span_s < SPAN_MIN_S {
        return None;
    }
    let pauses = sorted(gcs.iter().map(GcRecord::pause_ms));
    let cpu_ms: f64 = gcs.iter().map(GcRecord::cpu_ms).sum();
    let assist_ms: f64 = gcs.iter().map(|gc| gc.assist_cpu_ms).sum();
    let (cpu_share, busy_share) = shares(gcs);
    let ratios = sorted(goals(gcs));
    let forced = gcs.iter().filter(|gc| gc.forced).count();
    Some(CollectorFacts {
        span_s,
        interval_p50_s: quantile(&sorted(gcs.windows(2).map(|pair| pair[1].at_s - pair[0].at_s)), 0.5),
        mark_p50_ms: quantile(&sorted(gcs.iter().map(|gc| gc.mark_ms)), 0.5),
        pause_p50_ms: quantile(&pauses, 0.5),
        pause_p99_ms: quantile(&pauses, 0.99),
        pause_max_ms: quantile(&pauses, 1.0),
        cpu_share,
        busy_share,
        assist_share: if cpu_ms > 0.0 { assist_ms / cpu_ms } else { 0.0 },
        forced_share: forced as f64 / gcs.len() as f64,
        goal_to_live_p50: (ratios.len() >= RECORDS_MIN).then(|| quantile(&ratios, 0.5)),
        was_roomy: was_roomy(gcs, &ratios),
        procs: settled(gcs.iter().map(|gc| gc.procs)).unwrap_or(last.procs),
        cpus: cpus(gcs),
        live_mb: last.heap_live_mb,
    })
}

/// Share of all processors over the whole log, and share of the time in windows above [`BUSY_SHARE`]. A collection belongs to the time
/// since the one before; the first is left out, as nobody knows since when. Idle marking is left out as the runtime does
/// ([`GcRecord::cpu_ms`]).
fn shares(gcs: &[GcRecord]) -> (f64, f64) {
    let (mut cpu, mut time, mut busy) = (0.0, 0.0, 0.0);
    let (mut window_cpu, mut window_time) = (0.0, 0.0);
    for pair in gcs.windows(2) {
        window_cpu += pair[1].cpu_ms() / 1e3 / f64::from(pair[1].procs.max(1));
        window_time += pair[1].at_s - pair[0].at_s;
        if window_time < WINDOW_S {
            continue;
        }
        busy += if window_cpu >= BUSY_SHARE * window_time { window_time } else { 0.0 };
        cpu += window_cpu;
        time += window_time;
        (window_cpu, window_time) = (0.0, 0.0);
    }
    if time > 0.0 { (cpu / time, busy / time) } else { (0.0, 0.0) }
}

/// Goals over what was live before them. A goal is set from the live heap of the collection before (`gcControllerCommit`,
/// runtime/mgcpacer.go).
fn goals(gcs: &[GcRecord]) -> impl Iterator<Item = f64> {
    let pairs = gcs.windows(2).filter(|pair| pair[1].number == pair[0].number + 1 && pair[0].heap_live_mb >= RATIO_LIVE_MIN_MB);
    pairs.map(|pair| whole(pair[1].goal_mb) / whole(pair[0].heap_live_mb))
}

/// Whether the goal ever was well above what was live; unknown where the log does not show the heap while it was small.
fn was_roomy(gcs: &[GcRecord], ratios: &[f64]) -> Option<bool> {
    if ratios.last().is_some_and(|most| *most >= ROOMY) {
        return Some(true);
    }
    let most = gcs.iter().map(|gc| gc.heap_live_mb).max()?;
    let ramp = gcs.iter().filter(|gc| gc.heap_live_mb >= RATIO_LIVE_MIN_MB && gc.heap_live_mb * 2 <= most).count();
    (ramp >= RAMP_MIN).then_some(false)
}

/// The runtime prints the CPU of a pause as its clock times min(GOMAXPROCS, CPUs) (`stwprocs`, runtime/mgc.go).
fn cpus(gcs: &[GcRecord]) -> Option<f64> {
    let told = gcs.iter().filter(|gc| gc.sweep_pause_ms >= PAUSE_MIN_MS);
    let ratios = sorted(told.map(|gc| gc.sweep_pause_cpu_ms / gc.sweep_pause_ms));
    (ratios.len() >= RECORDS_MIN).then(|| quantile(&ratios, 0.5))
}

/// What two records one after the other tell last: one alone may be damaged.
fn settled(mut values: impl DoubleEndedIterator<Item = u32>) -> Option<u32> {
    let mut later = values.next_back()?;
    values.rev().find(|value| std::mem::replace(&mut later, *value) == *value)
}

fn scheduler(states: &[SchedRecord]) -> Option<SchedulerFacts> {
    let (first, last) = states.first().zip(states.last())?;
    let span_s = seconds(last) - seconds(first);
    if states.len() < RECORDS_MIN || span_s < SPAN_MIN_S {
        return None;
    }
    let queued = sorted(states.iter().map(|state| whole(state.queued())));
    let idle: f64 = states.iter().map(|state| f64::from(state.idle_procs) / f64::from(state.procs.max(1))).sum();
    let late = states.iter().filter(|state| seconds(state) >= seconds(last) - span_s / 3.0);
    let idle_threads = sorted(late.map(|state| f64::from(state.idle_threads) / f64::from(state.threads.max(1))));
    let (backlog_states, backlog_s) = backlog(states);
    let ticks = |state: &SchedRecord| state.schedticks.iter().map(|ticks| u64::from(*ticks)).sum::<u64>();
    let counted = !first.schedticks.is_empty() && !last.schedticks.is_empty();
    Some(SchedulerFacts {
        span_s,
        procs: settled(states.iter().map(|state| state.procs)).unwrap_or(last.procs),
        queued_p50: quantile(&queued, 0.5) as u64,
        queued_max: quantile(&queued, 1.0) as u64,
        backlog_states,
        backlog_s,
        idle_share: idle / states.len() as f64,
        threads: last.threads,
        idle_threads_share: quantile(&idle_threads, 0.5),
        switches: counted.then(|| ticks(last).saturating_sub(ticks(first))),
    })
}

/// The longest run of states with a backlog: how many, and the seconds from the first of them to the last.
fn backlog(states: &[SchedRecord]) -> (u64, f64) {
    let runs = states
        .split(|state| state.queued() <= BACKLOG.max(BACKLOG_A_PROC * u64::from(state.procs)))
        .filter_map(|run| run.first().zip(run.last()).map(|ends| (run, ends)));
    let measured = runs.map(|(run, (first, last))| (run.len() as u64, seconds(last) - seconds(first)));
    measured.max_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))).unwrap_or((0, 0.0))
}

pub(crate) fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The value at a share of the way, the lower of two; 0 of nothing.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * sorted.len().saturating_sub(1) as f64;
    sorted.get(at.floor() as usize).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gc(number: u64, at_s: f64, live_mb: u64) -> GcRecord {
        let record = GcRecord { number, at_s, heap_live_mb: live_mb, goal_mb: live_mb * 2, procs: 2, ..GcRecord::default() };
        GcRecord { worker_cpu_ms: 40.0, assist_cpu_ms: 10.0, idle_cpu_ms: 500.0, mark_ms: 30.0, ..record }
    }

    #[test]
    fn idle_marking_is_no_cost_and_the_first_collection_has_no_time() {
        let log = RuntimeLog { gcs: (1..=41).map(|n| gc(n, n as f64 / 4.0, 20)).collect(), ..RuntimeLog::default() };
        let facts = facts(&log);
        let collector = facts.collector.expect("enough collections");
        // 50 ms each 250 ms of two processors.
        assert!((collector.cpu_share - 0.1).abs() < 1e-9, "{}", collector.cpu_share);
        assert!((collector.assist_share - 0.2).abs() < 1e-9 && (collector.busy_share - 1.0).abs() < 1e-9);
        assert_eq!((collector.goal_to_live_p50, collector.was_roomy), (Some(2.0), Some(true)));
        assert!(!facts.live_heap.expect("enough").rising);
    }

    #[test]
    fn too_little_is_not_measured() {
        let few = RuntimeLog { gcs: (1..=4).map(|n| gc(n, n as f64, 20)).collect(), ..RuntimeLog::default() };
        assert_eq!(facts(&few).collector, None);
        let brief = RuntimeLog { gcs: (1..=40).map(|n| gc(n, n as f64 / 100.0, 20)).collect(), ..RuntimeLog::default() };
        assert_eq!((facts(&brief).collector, facts(&brief).live_heap), (None, None));
        let small = RuntimeLog { gcs: (1..=40).map(|n| gc(n, n as f64, 1)).collect(), ..RuntimeLog::default() };
        assert_eq!(facts(&small).collector.expect("enough").goal_to_live_p50, None);
    }

    #[test]
    fn a_rise_is_told_from_a_plateau_and_from_a_swing() {
        let heap = |live: &dyn Fn(u64) -> u64| {
            let log = RuntimeLog { gcs: (1..=120).map(|n| gc(n, n as f64, live(n))).collect(), ..RuntimeLog::default() };
            facts(&log).live_heap.expect("enough").rising
        };
        assert!(heap(&|n| n));
        assert!(heap(&|n| n + n % 3));
        assert!(!heap(&|n| n.min(70)));
        assert!(!heap(&|n| n % 40 + n / 10));
        assert!(!heap(&|n| 200 - n));
    }
}
