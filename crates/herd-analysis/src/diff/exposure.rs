//! How much more there was to do, or how much longer was looked: what counts before are multiplied with to be held against those after.

use herd_model::ExposureFrom;

use super::hypotheses::{Measured, Own};
use super::judge::Counting;
use super::paths::Weight;
use crate::statistics::change_point::median;

/// Functions a median rests on.
const FUNCTIONS_MIN: usize = 3;
/// How far loads may lie apart for the delays of queues to be compared: twice the load may be ten times the wait.
const LOADS_APART: f64 = 1.3;
/// Counts a function needs on each side to be one of them.
const COUNT_MIN: f64 = 10.0;
/// The most the sampling error of a function's memory may be, of what it has, for it to be one of them.
const ERROR_MAX: f64 = 0.3;

/// Exposure of the side after, where that before is 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Exposure {
    /// Those that may be meant; a change must stand under each.
    pub candidates: Vec<f64>,
    /// What the first rests on.
    pub from: ExposureFrom,
    /// How much longer was looked, for delays.
    pub time: f64,
    /// There were too few functions for a median.
    pub few: bool,
}

impl Exposure {
    /// Whether delays of queues say nothing, as the loads differ.
    pub fn loads_differ(&self) -> bool {
        self.from == ExposureFrom::MedianOfFunctions && !(1.0 / LOADS_APART..=LOADS_APART).contains(&self.k())
    }

    /// The one that is shown, alone.
    pub fn shown(&self) -> Exposure {
        Exposure { candidates: vec![self.k()], ..self.clone() }
    }

    /// The one that is shown.
    pub fn k(&self) -> f64 {
        self.candidates.first().copied().unwrap_or(1.0)
    }
}

/// Durations and runs of both sides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Taken {
    pub runs: (f64, f64),
    pub seconds: Option<(f64, f64)>,
}

/// Works the exposure out. A median of ratios over functions (S. Anders and W. Huber, Genome Biology 11, 2010) is moved by none that
/// changes, where a ratio of totals is: with it, what gets faster makes all others seem slower.
pub(super) fn exposure(measured: &Measured, counting: Counting, taken: Taken) -> Exposure {
    let totals = ratio(measured.whole.after.amount, measured.whole.before.amount).unwrap_or(1.0);
    let runs = taken.runs.1 / taken.runs.0;
    let ratios = ratios(measured, counting);
    let by_function = middle(&ratios);
    let few = by_function.is_none();
    match counting {
        Counting::Samples => {
            let seconds = taken.seconds.and_then(|(before, after)| ratio(after, before));
            let (candidates, from) = match (by_function, seconds) {
                // What gets faster may be half of few functions: then the median says that all others got slower. Loads that are alike
                // grow with the time that was looked.
                (Some(median), seconds) => {
                    (std::iter::once(median).chain(seconds.filter(|k| *k > median)).collect(), ExposureFrom::MedianOfFunctions)
                }
                (None, Some(seconds)) => (vec![seconds, totals], ExposureFrom::Durations),
                (None, None) => (vec![totals], ExposureFrom::Totals),
            };
            Exposure { candidates, from, time: 1.0, few }
        }
        Counting::Memory { live: false } => {
            let (candidates, from) = match (by_function, &ratios[..]) {
                (Some(median), all) => {
                    let shared = shared(all).filter(|shared| *shared > median);
                    (std::iter::once(median).chain(shared).collect(), ExposureFrom::MedianOfFunctions)
                }
                (None, []) => (vec![totals], ExposureFrom::Totals),
                // Either may be the one that follows the work; what was allocated at the start does not.
                (None, few) => (few.to_vec(), ExposureFrom::MedianOfFunctions),
            };
            Exposure { candidates, from, time: 1.0, few }
        }
        // What is live, and goroutines, follow the load; or do not, which only a second look at another load could tell.
        Counting::Memory { live: true } | Counting::Exact => {
            let mut candidates = vec![runs];
            candidates.extend(by_function.filter(|median| *median > runs));
            let connections = &measured.connections;
            let served = ratio(connections.after.count, connections.before.count);
            candidates.extend(served.filter(|ratio| *ratio > runs));
            Exposure { candidates, from: ExposureFrom::Counted, time: 1.0, few: false }
        }
        Counting::Delays => {
            let (k, from) = by_function.map_or((totals, ExposureFrom::Totals), |k| (k, ExposureFrom::MedianOfFunctions));
            let awaited: Vec<f64> = measured.own.iter().filter_map(awaited_ratio).collect();
            let time = middle(&awaited).unwrap_or(totals);
            Exposure { candidates: vec![k], from, time, few: false }
        }
    }
}

/// Of all that ever was allocated objects are compared: they follow the work that is done, where bytes follow their size, too.
fn ratios(measured: &Measured, counting: Counting) -> Vec<f64> {
    let of = |own: &Own| {
        let (before, after) = (own.weights.before, own.weights.after);
        let well_known = |weight: Weight| weight.amount > 0.0 && weight.variance.sqrt() <= ERROR_MAX * weight.amount;
        let enough = match counting {
            Counting::Memory { .. } => well_known(before) && well_known(after),
            Counting::Samples | Counting::Exact | Counting::Delays => before.count.min(after.count) >= COUNT_MIN,
        };
        let (before, after) = match counting {
            Counting::Delays | Counting::Memory { live: false } => (before.count, after.count),
            Counting::Samples | Counting::Exact | Counting::Memory { live: true } => (before.amount, after.amount),
        };
        enough.then(|| ratio(after, before)).flatten()
    };
    measured.own.iter().filter_map(of).collect()
}

/// What waits for events waits as long as is looked, nearly.
fn awaited_ratio(own: &Own) -> Option<f64> {
    let both = &own.awaited;
    (both.before.count.min(both.after.count) >= COUNT_MIN).then(|| ratio(both.after.amount, both.before.amount)).flatten()
}

/// The largest ratio that a good part of all functions share. What works on requests grows with them, together; what was allocated once,
/// at the start, stays, and may be the median.
fn shared(ratios: &[f64]) -> Option<f64> {
    const ALIKE: f64 = 1.25;
    const PART: f64 = 1.0 / 3.0;
    let alike = |ratio: f64| ratios.iter().filter(|other| **other <= ALIKE * ratio && ratio <= ALIKE * **other).count();
    let is_shared = |ratio: &&f64| alike(**ratio) >= 2 && alike(**ratio) as f64 >= PART * ratios.len() as f64;
    ratios.iter().filter(is_shared).copied().reduce(f64::max)
}

fn ratio(after: f64, before: f64) -> Option<f64> {
    (after > 0.0 && before > 0.0).then(|| after / before).filter(|ratio| ratio.is_finite())
}

/// The geometric median of ratios, where there are enough.
fn middle(ratios: &[f64]) -> Option<f64> {
    let logs: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
    (logs.len() >= FUNCTIONS_MIN).then(|| median(&logs).exp())
}
