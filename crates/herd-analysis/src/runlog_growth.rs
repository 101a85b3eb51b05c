//! Whether a figure of a log grows, has grown and stands, or swings.

use herd_model::GrowthFacts;

use crate::runlog::{RECORDS_MIN, SPAN_MIN_S, quantile, sorted};

/// Parts of the time, of which the medians are looked at: enough to see a plateau in the last third, few enough that a collection or two
/// fall into most.
const PARTS: usize = 12;
/// Parts that must hold a value.
const PARTS_MIN: usize = 5;
/// Largest fall, as a share of the rise, of something that only grows; batches and caches that evict fall by more.
const FALL_MAX: f64 = 0.15;
/// Pace of the last third over that of all below which it is a plateau, or about to become one.
const LATE_PACE_MIN: f64 = 0.5;

/// Measures points of (seconds, figure); nothing of fewer than [`RECORDS_MIN`] or less than [`SPAN_MIN_S`].
///
/// A rise that stops shows in the last third, whatever came before; a rise that is a swing shows in its falls. Neither test depends on
/// how many records a stretch holds, as collections of a growing heap come ever more seldom.
pub fn growth(points: &[(f64, f64)]) -> Option<GrowthFacts> {
    let (begin, end) = (points.first()?.0, points.last()?.0);
    let span_s = end - begin;
    if points.len() < RECORDS_MIN || span_s < SPAN_MIN_S {
        return None;
    }
    let medians = medians(points, begin, span_s);
    if medians.len() < PARTS_MIN {
        return None;
    }
    let (first, last) = (medians.first()?.1, medians.last()?.1);
    let rise = last - first;
    let per_s = rise / (medians.last()?.0 - medians.first()?.0);
    let late_per_s = late_pace(&medians, begin + span_s * 2.0 / 3.0);
    let fall_share = if rise > 0.0 { largest_fall(&medians) / rise } else { f64::from(u8::from(rise < 0.0)) * 2.0 };
    Some(GrowthFacts {
        span_s,
        first,
        last,
        per_min: per_s * 60.0,
        late_per_min: late_per_s * 60.0,
        fall_share,
        rising: rise > 0.0 && fall_share <= FALL_MAX && late_per_s >= LATE_PACE_MIN * per_s,
    })
}

/// Middle in time and median of each part that holds a value.
fn medians(points: &[(f64, f64)], begin: f64, span_s: f64) -> Vec<(f64, f64)> {
    let mut parts: Vec<Vec<(f64, f64)>> = vec![Vec::new(); PARTS];
    for point in points {
        let part = ((point.0 - begin) / span_s * PARTS as f64) as usize;
        parts[part.min(PARTS - 1)].push(*point);
    }
    let of = |part: &Vec<(f64, f64)>| {
        let time = part.iter().map(|point| point.0).sum::<f64>() / part.len() as f64;
        (time, quantile(&sorted(part.iter().map(|point| point.1)), 0.5))
    };
    parts.iter().filter(|part| !part.is_empty()).map(of).collect()
}

/// Rise a second from the last median before `from` to the last of all.
fn late_pace(medians: &[(f64, f64)], from: f64) -> f64 {
    let before = medians.iter().rev().find(|(at, _)| *at < from).or(medians.first());
    let Some((before, last)) = before.zip(medians.last()) else { return 0.0 };
    if last.0 > before.0 { (last.1 - before.1) / (last.0 - before.0) } else { 0.0 }
}

fn largest_fall(medians: &[(f64, f64)]) -> f64 {
    let fall = |(most, fall): (f64, f64), (_, value): &(f64, f64)| (most.max(*value), fall.max(most - value));
    medians.iter().fold((f64::NEG_INFINITY, 0.0), fall).1.max(0.0)
}
