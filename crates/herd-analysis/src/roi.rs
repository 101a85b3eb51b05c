//! What a change is worth: three means before and after, a score with bootstrapped bounds, and none for periods that do not compare.

use herd_model::{Interval, Measurement, Period, RoiDoubt, RoiDoubtKind, RoiPart, RoiPartKind, RoiReport};

use crate::statistics::ols::mean;
use crate::statistics::random::{Random, block_resample, percentile_interval};

/// Rows with all three figures each period needs.
const ROWS_MIN: usize = 20;
/// Resamples: bounds of 95 % rest on 50 of them each.
const RESAMPLES: usize = 2000;
/// The bootstrap's seed: the same input gives the same bounds.
const SEED: u64 = 0x9e0d_5c0e;
const DAY_S: f64 = 86_400.0;
/// How far two beginnings may lie apart in the day.
const START_APART_S_MAX: f64 = 1_800.0;
/// How far lengths may differ, as a share of the longer.
const LENGTH_APART_MAX: f64 = 0.05;
/// The same for rows a second.
const COVERAGE_APART_MAX: f64 = 0.1;
/// Traffic beyond which periods have a reserve, and beyond which they do not compare.
const TRAFFIC_APART: f64 = 0.1;
const TRAFFIC_APART_MAX: f64 = 0.2;

/// Weight and full mark of each part.
const PARTS: [(RoiPartKind, f64, f64); 3] =
    [(RoiPartKind::Latency, 0.5, 0.30), (RoiPartKind::GcPause, 0.3, 20.0), (RoiPartKind::Goroutines, 0.2, 0.40)];

/// Scores rows before and after a change; bounds hold at `confidence`. Cost: 2,000 passes over the rows.
pub fn roi(before: &[Measurement], after: &[Measurement], confidence: f64) -> RoiReport {
    let (old, new) = (figures(before), figures(after));
    let mut doubts = doubts(before, after);
    if old.len().min(new.len()) < ROWS_MIN {
        doubts.push(RoiDoubt { kind: RoiDoubtKind::FewRows, refuses: true, before: old.len() as f64, after: new.len() as f64 });
    }
    let mut report = RoiReport {
        before: period(before),
        after: period(after),
        parts: Vec::new(),
        score: None,
        confidence,
        resamples: RESAMPLES as u64,
        doubts,
    };
    if report.doubts.iter().all(|doubt| !doubt.refuses) {
        (report.parts, report.score) = scored(&old, &new, confidence);
    }
    report
}

/// 0.5·min(1, P99 gain / 30 %) + 0.3·min(1, pause saved / 20 ms) + 0.2·min(1, goroutine drop / 40 %), from gains as in [`RoiPart`].
pub fn score(gains: [f64; 3]) -> f64 {
    adds(gains).iter().sum()
}

fn adds(gains: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|at| PARTS[at].1 * (gains[at] / PARTS[at].2).min(1.0))
}

/// Latency, pause and goroutines of the rows that have all three.
fn figures(rows: &[Measurement]) -> Vec<[f64; 3]> {
    let whole = |row: &Measurement| Some([row.latency_ms?, row.gc_pause_ms?, row.goroutines?]);
    rows.iter().filter_map(whole).filter(|row| row.iter().all(|value| value.is_finite())).collect()
}

fn scored(old: &[[f64; 3]], new: &[[f64; 3]], confidence: f64) -> (Vec<RoiPart>, Option<Interval>) {
    let all = |rows: &[[f64; 3]]| means(rows, 0..rows.len());
    let (before, after) = (all(old), all(new));
    let here = gains(before, after);
    let mut random = Random::of(SEED);
    let mut drawn: [Vec<f64>; 4] = Default::default();
    for _ in 0..RESAMPLES {
        let old_means = means(old, block_resample(old.len(), &mut random).into_iter());
        let new_means = means(new, block_resample(new.len(), &mut random).into_iter());
        let gains = gains(old_means, new_means);
        gains.iter().chain([&score(gains)]).zip(&mut drawn).for_each(|(value, values)| values.push(*value));
    }
    let bounds = |value: f64, values: &mut [f64]| {
        let (low, high) = percentile_interval(values, confidence)?;
        [value, low, high].iter().all(|value| value.is_finite()).then_some(Interval { value, low, high })
    };
    let [mut latency, mut pause, mut goroutines, mut scores] = drawn;
    let adds = adds(here);
    let mut parts = Vec::new();
    for (at, values) in [&mut latency, &mut pause, &mut goroutines].into_iter().enumerate() {
        let Some(gain) = bounds(here[at], values) else { return (Vec::new(), None) };
        parts.push(RoiPart { kind: PARTS[at].0, before: before[at], after: after[at], gain, adds: adds[at] });
    }
    (parts, bounds(score(here), &mut scores))
}

fn means(rows: &[[f64; 3]], indices: impl Iterator<Item = usize>) -> [f64; 3] {
    let (mut sums, mut count) = ([0.0; 3], 0.0);
    for index in indices {
        sums.iter_mut().zip(rows[index]).for_each(|(sum, value)| *sum += value);
        count += 1.0;
    }
    sums.map(|sum| sum / count)
}

/// Shares of before for latency and goroutines, milliseconds for pauses.
fn gains(before: [f64; 3], after: [f64; 3]) -> [f64; 3] {
    [(before[0] - after[0]) / before[0], before[1] - after[1], (before[2] - after[2]) / before[2]]
}

fn times(rows: &[Measurement]) -> Vec<f64> {
    let mut times: Vec<f64> = rows.iter().filter_map(|row| row.time_s.filter(|time| time.is_finite())).collect();
    times.sort_by(f64::total_cmp);
    times
}

fn traffic(rows: &[Measurement]) -> Option<f64> {
    let qps: Vec<f64> = rows.iter().filter_map(|row| row.qps.filter(|qps| qps.is_finite())).collect();
    (!qps.is_empty()).then(|| mean(&qps))
}

/// What is known of a period; its beginning is left to who can write dates.
fn period(rows: &[Measurement]) -> Period {
    let times = times(rows);
    let seconds = times.first().zip(times.last()).map(|(first, last)| last - first);
    Period { rows: rows.len() as u64, from: None, seconds, qps: traffic(rows) }
}

/// Whether both periods are the same part of the week, as long, as whole and as busy. Weekdays and hours are UTC's, which two weeks share.
fn doubts(before: &[Measurement], after: &[Measurement]) -> Vec<RoiDoubt> {
    let (old, new) = (times(before), times(after));
    let (Some(old_start), Some(new_start)) = (old.first(), new.first()) else {
        let [before, after] = [old.len() as f64, new.len() as f64];
        return vec![RoiDoubt { kind: RoiDoubtKind::NoTime, refuses: true, before, after }];
    };
    let mut doubts = Vec::new();
    let mut doubt = |kind, refuses, before, after| doubts.push(RoiDoubt { kind, refuses, before, after });
    // Across the week, so that 23:50 on Sunday and 00:10 on Monday are near.
    let week = 7.0 * DAY_S;
    let apart = (new_start - old_start).rem_euclid(week);
    let apart = apart.min(week - apart);
    let apart_in_day = apart.rem_euclid(DAY_S).min(DAY_S - apart.rem_euclid(DAY_S));
    if apart_in_day > START_APART_S_MAX {
        let hour = |time: f64| time.rem_euclid(DAY_S) / 3600.0;
        doubt(RoiDoubtKind::Hour, true, hour(*old_start), hour(*new_start));
    } else if apart > START_APART_S_MAX {
        doubt(RoiDoubtKind::Weekday, true, weekday(*old_start), weekday(*new_start));
    }
    let length = |times: &[f64]| times[times.len() - 1] - times[0];
    let (old_s, new_s) = (length(&old), length(&new));
    if old_s <= 0.0 || is_apart(old_s, new_s, LENGTH_APART_MAX) {
        doubt(RoiDoubtKind::Length, true, old_s, new_s);
    } else if is_apart(old.len() as f64 / old_s, new.len() as f64 / new_s, COVERAGE_APART_MAX) {
        doubt(RoiDoubtKind::Coverage, false, old.len() as f64, new.len() as f64);
    }
    if let Some((old_qps, new_qps)) = traffic(before).zip(traffic(after)).filter(|(old, new)| is_apart(*old, *new, TRAFFIC_APART))
    {
        doubt(RoiDoubtKind::Traffic, is_apart(old_qps, new_qps, TRAFFIC_APART_MAX), old_qps, new_qps);
    }
    doubts
}

/// 0 for Monday; 1 January 1970 was a Thursday.
fn weekday(time_s: f64) -> f64 {
    ((time_s / DAY_S).floor() + 3.0).rem_euclid(7.0)
}

fn is_apart(one: f64, other: f64, share_max: f64) -> bool {
    (one - other).abs() > share_max * one.max(other)
}
