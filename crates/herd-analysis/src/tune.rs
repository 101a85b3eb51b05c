//! What runs of one command under several settings of the runtime tell: the table of effects, and which setting is worth it.

use herd_model::{
    GcRecord, RuntimeMetrics, Spread, TuneAdvice, TuneAdviceKind, TuneChange, TuneComparison, TuneDoubt, TuneDoubtKind,
    TuneMeasure, TuneReport, TuneRow, TuneServed, TuneSetting,
};

use crate::statistics::means::{moments, welch};
use crate::statistics::random::Random;

/// Runs a setting needs before its spread says anything.
const RUNS_MIN: usize = 3;
/// Probability of a difference by chance, over all comparisons, below which it counts.
const CHANCE_MAX: f64 = 0.05;
/// Change of CPU time, throughput or memory from which it matters, as a share.
const MATTERS: f64 = 0.05;

/// One run from start to end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Run {
    /// Index of its setting.
    pub setting: usize,
    /// Wall clock in seconds.
    pub wall_s: f64,
    /// User and system CPU time in seconds.
    pub cpu_s: f64,
    /// Largest resident set in bytes.
    pub rss_bytes: f64,
    /// Its collections.
    pub collections: Collections,
    /// What the command says of its throughput.
    pub throughput: Option<f64>,
    /// What it served of its runtime, in the order it answered; nothing where it was not asked.
    pub served: Option<Vec<RuntimeMetrics>>,
    /// It was ended by the time given.
    pub stopped: bool,
}

/// What a run's gctrace adds up to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Collections {
    /// Collections.
    pub count: u64,
    /// CPU milliseconds of assists.
    pub assist_ms: f64,
    /// CPU milliseconds of workers and pauses.
    pub other_ms: f64,
    /// GOMAXPROCS at the last collection.
    pub procs: u32,
    /// 99th percentile of the pauses, milliseconds: the smallest that at least 99 of 100 do not exceed.
    pub pause_p99_ms: f64,
    /// Longest pause, milliseconds.
    pub pause_max_ms: f64,
    /// Records that could not be put together.
    pub lost: u64,
    /// Numbers of collections that begin anew: more than one program printed.
    pub mixed: bool,
}

/// Adds up the records of one run.
pub fn collections(records: &[GcRecord], lost: u64) -> Collections {
    let sum = |of: fn(&GcRecord) -> f64| records.iter().map(of).sum::<f64>();
    let mut pauses: Vec<f64> = records.iter().flat_map(|record| [record.sweep_pause_ms, record.mark_pause_ms]).collect();
    pauses.sort_by(f64::total_cmp);
    // Nearest rank: ⌈0.99·n⌉, in whole numbers so that no rounding moves it.
    let mixed = records.windows(2).any(|pair| pair[1].number <= pair[0].number);
    let rank = (pauses.len() * 99).div_ceil(100);
    Collections {
        // Numbers run on where a record was lost.
        count: if mixed { records.len() as u64 } else { records.last().map_or(0, |last| last.number) },
        assist_ms: sum(|record| record.assist_cpu_ms),
        other_ms: sum(|record| record.worker_cpu_ms + record.sweep_pause_cpu_ms + record.mark_pause_cpu_ms),
        procs: records.last().map_or(0, |last| last.procs),
        pause_p99_ms: rank.checked_sub(1).map_or(0.0, |at| pauses[at]),
        pause_max_ms: pauses.last().copied().unwrap_or_default(),
        lost,
        mixed,
    }
}

/// In which order to run: every setting once a round, each round shuffled, so that what the machine does meanwhile falls on all alike.
pub fn order(settings: usize, runs: usize, seed: u64) -> Vec<usize> {
    let mut random = Random::of(seed);
    let mut order = Vec::with_capacity(settings * runs);
    for _ in 0..runs {
        let mut round: Vec<usize> = (0..settings).collect();
        for at in (1..settings).rev() {
            round.swap(at, random.below(at + 1));
        }
        order.extend(round);
    }
    order
}

/// Measures and advises. `base` is the setting the others are compared with; each setting must have a run.
pub fn tune(command: &[String], settings: &[TuneSetting], base: usize, asked: usize, seed: u64, runs: &[Run]) -> TuneReport {
    let of = |at: usize| runs.iter().filter(move |run| run.setting == at);
    let has_throughput = !runs.is_empty() && runs.iter().all(|run| run.throughput.is_some());
    let judged_by = if has_throughput { TuneMeasure::Throughput } else { TuneMeasure::Cpu };
    let others = settings.len().saturating_sub(1).max(1) as f64;
    let measured = |at: usize| -> Vec<f64> {
        of(at).map(|run| if has_throughput { run.throughput.unwrap_or_default() } else { run.cpu_s }).collect()
    };
    let resident = |at: usize| -> Vec<f64> { of(at).map(|run| run.rss_bytes).collect() };
    let rows: Vec<TuneRow> = (0..settings.len())
        .map(|at| {
            let against_base = (at != base).then(|| TuneComparison {
                measure: change(&measured(base), &measured(at), others),
                rss: change(&resident(base), &resident(at), others),
            });
            row(&settings[at], &of(at).collect::<Vec<_>>(), against_base)
        })
        .collect();
    let mut doubts = doubts(&rows, runs);
    let mut advice = None;
    if !doubts.iter().any(|doubt| doubt.refuses) {
        advice = advise(&rows, base, judged_by);
        if advice.is_none() {
            doubts.push(TuneDoubt { kind: TuneDoubtKind::WithinNoise, refuses: true, count: others as u64 });
        }
    }
    TuneReport {
        command: command.to_vec(),
        runs: asked as u64,
        seed,
        settings: rows,
        base: base as u64,
        judged_by,
        advice,
        doubts,
    }
}

fn row(setting: &TuneSetting, runs: &[&Run], against_base: Option<TuneComparison>) -> TuneRow {
    let all = |of: &dyn Fn(&Run) -> f64| spread(runs.iter().map(|run| of(run)).collect());
    let told = |of: &dyn Fn(&Run) -> Option<f64>| {
        let values: Vec<f64> = runs.iter().filter_map(|run| of(run)).collect();
        (!values.is_empty()).then(|| spread(values))
    };
    let percent = |part: f64, whole: f64| if whole > 0.0 { 100.0 * part / whole } else { 0.0 };
    TuneRow {
        setting: setting.clone(),
        runs: runs.len() as u64,
        wall_s: all(&|run| run.wall_s),
        cpu_s: all(&|run| run.cpu_s),
        rss_bytes: all(&|run| run.rss_bytes),
        collections: all(&|run| run.collections.count as f64),
        gc_cpu_percent: all(&|run| {
            let gc = &run.collections;
            percent(gc.assist_ms + gc.other_ms, run.wall_s * 1e3 * f64::from(gc.procs))
        }),
        assist_percent: all(&|run| percent(run.collections.assist_ms, run.collections.assist_ms + run.collections.other_ms)),
        pause_p99_ms: all(&|run| run.collections.pause_p99_ms),
        pause_max_ms: all(&|run| run.collections.pause_max_ms),
        throughput: told(&|run| run.throughput),
        served: served(runs),
        against_base,
    }
}

/// What the runs served; nothing where they were not asked.
fn served(runs: &[&Run]) -> Option<TuneServed> {
    let all: Vec<&[RuntimeMetrics]> = runs.iter().filter_map(|run| run.served.as_deref()).collect();
    if all.is_empty() {
        return None;
    }
    let told = |of: &dyn Fn(&[RuntimeMetrics]) -> Option<f64>| {
        let values: Vec<f64> = all.iter().filter_map(|answers| of(answers)).collect();
        (!values.is_empty()).then(|| spread(values))
    };
    let limits: Vec<f64> = all.iter().filter_map(|answers| answers.last()?.limited_at).collect();
    Some(TuneServed {
        answers: spread(all.iter().map(|answers| answers.len() as f64).collect()),
        heap_bytes: told(&|answers| {
            let heaps: Vec<f64> = answers.iter().filter_map(|answer| answer.heap_bytes).collect();
            (!heaps.is_empty()).then(|| spread(heaps).p50)
        }),
        goroutines: told(&|answers| answers.iter().filter_map(|answer| answer.goroutines).max_by(f64::total_cmp)),
        gc_cpu_percent: told(&gc_cpu_percent),
        pause_mean_ms: told(&|answers| {
            let last = answers.last()?;
            let (paused_s, collections) = last.paused_s.zip(last.collections)?;
            (collections > 0.0).then(|| paused_s * 1e3 / collections)
        }),
        limited: (!limits.is_empty()).then(|| limits.iter().filter(|at| **at > 0.0).count() as u64),
    })
}

/// Between the first answer and the last where those tell of CPU time; since the start where only the runtime's own share is served. The runtime
/// counts CPU time as a collection ends (`runtime/mstats.go`, `cpuStats`): without one in between nothing can be said.
fn gc_cpu_percent(answers: &[RuntimeMetrics]) -> Option<f64> {
    let (first, last) = (answers.first()?, answers.last()?);
    let total = |answer: &RuntimeMetrics| answer.gc_cpu_s.zip(answer.total_cpu_s);
    if let Some(((gc_first, all_first), (gc_last, all_last))) = total(first).zip(total(last)) {
        return (all_last > all_first).then(|| 100.0 * (gc_last - gc_first) / (all_last - all_first));
    }
    last.gc_cpu_fraction.map(|share| share * 100.0)
}

/// Minimum, median and maximum; zeros of nothing.
fn spread(mut values: Vec<f64>) -> Spread {
    values.sort_by(f64::total_cmp);
    let (Some(min), Some(max)) = (values.first().copied(), values.last().copied()) else {
        return Spread { min: 0.0, p50: 0.0, max: 0.0 };
    };
    let half = values.len() / 2;
    let p50 = if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) };
    Spread { min, p50, max }
}

/// The change of the mean, and Welch's p of it times the number of comparisons (Bonferroni).
fn change(base: &[f64], other: &[f64], comparisons: f64) -> TuneChange {
    let (mean, other_mean) = (moments(base).0, moments(other).0);
    let share = if mean > 0.0 { (other_mean - mean) / mean } else { 0.0 };
    let enough = base.len() >= RUNS_MIN && other.len() >= RUNS_MIN;
    // Runs that are alike to the last digit differ by anything they differ by.
    let alike = || if (other_mean - mean).abs() > 0.0 { 0.0 } else { 1.0 };
    let p = if enough { welch(base, other).unwrap_or_else(alike) } else { 1.0 };
    let p = (p * comparisons).min(1.0);
    TuneChange { share, p, differs: p < CHANCE_MAX && share.abs() >= MATTERS }
}

fn doubts(rows: &[TuneRow], runs: &[Run]) -> Vec<TuneDoubt> {
    let mut doubts = Vec::new();
    let mut add = |kind, refuses, count: u64| doubts.push(TuneDoubt { kind, refuses, count });
    if rows.len() < 2 {
        add(TuneDoubtKind::OneSetting, true, rows.len() as u64);
    }
    let fewest = rows.iter().map(|row| row.runs).min().unwrap_or_default();
    if fewest < RUNS_MIN as u64 {
        add(TuneDoubtKind::FewRuns, true, fewest);
    }
    if runs.iter().all(|run| run.collections.count == 0) {
        add(TuneDoubtKind::NoTrace, false, runs.len() as u64);
    }
    let lost: u64 = runs.iter().map(|run| run.collections.lost).sum();
    if lost > 0 {
        add(TuneDoubtKind::LostRecords, false, lost);
    }
    let mixed = runs.iter().filter(|run| run.collections.mixed).count() as u64;
    if mixed > 0 {
        add(TuneDoubtKind::MixedPrograms, false, mixed);
    }
    let stopped = runs.iter().filter(|run| run.stopped).count() as u64;
    if stopped > 0 {
        add(TuneDoubtKind::Stopped, false, stopped);
    }
    doubts
}

/// Of the settings that are better, the smallest that comes within what matters of the best; else one that is as good and smaller; else
/// the base. Nothing where all are alike, or one may be better and the runs cannot tell.
fn advise(rows: &[TuneRow], base: usize, judged_by: TuneMeasure) -> Option<TuneAdvice> {
    let sign = if judged_by == TuneMeasure::Throughput { 1.0 } else { -1.0 };
    let gain = |at: usize| rows[at].against_base.map_or(0.0, |one| sign * one.measure.share);
    let differs = |at: usize| rows[at].against_base.is_some_and(|one| one.measure.differs);
    let smallest = |chosen: Vec<usize>| {
        chosen.into_iter().min_by(|a, b| rows[*a].rss_bytes.p50.total_cmp(&rows[*b].rss_bytes.p50).then(a.cmp(b)))
    };
    let better: Vec<usize> = (0..rows.len()).filter(|at| differs(*at) && gain(*at) > 0.0).collect();
    let best = better.iter().map(|at| gain(*at)).fold(0.0, f64::max);
    let advice = |kind, setting: usize| Some(TuneAdvice { kind, setting: setting as u64 });
    if let Some(at) = smallest(better.into_iter().filter(|at| gain(*at) >= best - MATTERS).collect()) {
        return advice(TuneAdviceKind::Faster, at);
    }
    let as_good = |at: &usize| {
        let saves = rows[*at].against_base.is_some_and(|one| one.rss.differs && one.rss.share < 0.0);
        saves && !differs(*at) && gain(*at) > -MATTERS
    };
    if let Some(at) = smallest((0..rows.len()).filter(as_good).collect()) {
        return advice(TuneAdviceKind::Smaller, at);
    }
    let told = |at: usize| rows[at].against_base.is_some_and(|one| one.measure.differs || one.rss.differs);
    let may_be_better = |at: usize| gain(at) >= MATTERS && !differs(at);
    let keep = (0..rows.len()).any(told) && !(0..rows.len()).any(may_be_better);
    keep.then_some(TuneAdvice { kind: TuneAdviceKind::Keep, setting: base as u64 })
}
