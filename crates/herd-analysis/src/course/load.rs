//! What a process does meanwhile: requests answered and CPU used, over the last seconds and over days.

use std::collections::VecDeque;

use super::{Reading, Rules};

/// Readings kept one by one.
const RECENT_S: f64 = 3600.0;
/// Distance of those, at least.
const RECENT_APART_S: f64 = 5.0;
/// Distance of those kept for days.
const FAR_APART_S: f64 = 900.0;
/// How long those are kept.
const FAR_S: f64 = 48.0 * 3600.0;
/// What is compared with must be at least so long.
const BASE_MIN_S: f64 = 60.0;
/// Counts vary by chance: so many standard deviations of them explain nothing.
const CHANCE: f64 = 3.0;

/// Counters at some moments.
#[derive(Clone, Debug, Default)]
pub(super) struct Loads {
    recent: VecDeque<Moment>,
    far: VecDeque<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Moment {
    at_s: f64,
    requests: Option<f64>,
    cpu_s: Option<f64>,
}

/// How the load of a stretch compares with the time before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// There is nothing to compare with.
    Unknown,
    /// More requests, or more CPU.
    More,
    /// Fewer requests are answered.
    Fewer,
    /// About the same.
    Same,
}

impl Loads {
    pub(super) fn add(&mut self, reading: Reading) {
        let moment = Moment { at_s: reading.at_s, requests: reading.requests, cpu_s: reading.cpu_s };
        keep(&mut self.recent, moment, RECENT_APART_S, RECENT_S);
        keep(&mut self.far, moment, FAR_APART_S, FAR_S);
    }

    /// The load since `from_s` against that of the ten minutes before.
    pub(super) fn against_before(&self, rules: &Rules, from_s: f64) -> Compared {
        let Some(now) = self.recent.back() else { return Compared::Unknown };
        // A stretch shorter than two readings is compared by these.
        let from = at(&self.recent, from_s.min(now.at_s - 2.0 * RECENT_APART_S));
        let base = at(&self.recent, from.map_or(0.0, |from| from.at_s) - rules.usual_s);
        let (Some(from), Some(base)) = (from, base) else { return Compared::Unknown };
        if from.at_s - base.at_s < BASE_MIN_S {
            return Compared::Unknown;
        }
        compare(rules, (base, from), (from, *now))
    }

    /// The load of the last fifth of the time since `from_s` against that of the first.
    pub(super) fn last_against_first(&self, rules: &Rules, from_s: f64) -> Compared {
        let kept = if self.recent.front().is_some_and(|first| first.at_s <= from_s) { &self.recent } else { &self.far };
        let Some(now) = kept.back() else { return Compared::Unknown };
        let fifth = (now.at_s - from_s) / 5.0;
        let (Some(first), Some(second), Some(last)) = (at(kept, from_s), at(kept, from_s + fifth), at(kept, now.at_s - fifth))
        else {
            return Compared::Unknown;
        };
        compare(rules, (first, second), (last, *now))
    }
}

fn keep(moments: &mut VecDeque<Moment>, moment: Moment, apart_s: f64, kept_s: f64) {
    if moments.back().is_some_and(|last| moment.at_s - last.at_s < apart_s * 0.9) {
        return;
    }
    moments.push_back(moment);
    while moments.front().is_some_and(|first| moment.at_s - first.at_s > kept_s) {
        moments.pop_front();
    }
}

/// The last moment not after `at_s`, or the first there is.
fn at(moments: &VecDeque<Moment>, at_s: f64) -> Option<Moment> {
    let after = moments.partition_point(|moment| moment.at_s <= at_s);
    moments.get(after.saturating_sub(1)).copied()
}

fn compare(rules: &Rules, base: (Moment, Moment), now: (Moment, Moment)) -> Compared {
    let (base_s, now_s) = (base.1.at_s - base.0.at_s, now.1.at_s - now.0.at_s);
    if base_s <= 0.0 || now_s <= 0.0 {
        return Compared::Unknown;
    }
    let gained =
        |pair: (Moment, Moment), of: fn(&Moment) -> Option<f64>| of(&pair.1).zip(of(&pair.0)).map(|(to, from)| to - from);
    let mut compared = Compared::Unknown;
    let mut more = now_s / base_s;
    if let (Some(before), Some(after)) = (gained(base, |moment| moment.requests), gained(now, |moment| moment.requests)) {
        let expected = before * more;
        let chance = CHANCE * (expected + expected * expected / before.max(1.0) + 1.0).sqrt();
        let off = after - expected;
        if off > rules.load_share * expected + chance {
            return Compared::More;
        }
        compared = if off < -(rules.load_share * expected + chance) { Compared::Fewer } else { Compared::Same };
        if before > 0.0 {
            // Requests cost CPU: what else is used is what counts.
            more = after / before;
        }
    }
    if let (Some(before), Some(after)) = (gained(base, |moment| moment.cpu_s), gained(now, |moment| moment.cpu_s)) {
        if after > before * more * (1.0 + rules.cpu_share) + rules.cpu_s {
            return Compared::More;
        }
        if compared == Compared::Unknown {
            compared = Compared::Same;
        }
    }
    compared
}
