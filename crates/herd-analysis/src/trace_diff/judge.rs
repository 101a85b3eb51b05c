//! Which differences between traces are more than chance and large enough to matter.
//!
//! A mean's logarithm varies from run to run of one program by its own deviation, however often it was measured, and by 1/√n for how often.
//! With several runs a side the deviation of each thing is estimated from them and drawn towards the usual one, as one of few runs is
//! itself uncertain (G. Smyth, Statistical Applications in Genetics and Molecular Biology 3, 2004: the moderated t).
//! The figures are set by recorded pairs (`testbed/regress -trace`): what the same program must not reach, and a changed one must.

use herd_model::{TraceDiffChange, TraceDiffWhat};

use super::measures::{Key, Measure};
use crate::diff::Side;
use crate::statistics::counts::conditional_binomial;
use crate::statistics::distributions::{t_quantile, t_upper};
use crate::statistics::means::moments;

/// Share of changes called that may be chance (Benjamini–Hochberg).
pub(super) const FALSE_DISCOVERY: f64 = 0.01;
/// From here on all waits being longer says something of the machine.
pub(super) const PACE_APART: f64 = 1.2;
/// Standard deviation of the logarithm of a mean from run to run of one program, and the degrees of freedom it counts for.
const RUN_DEVIATION: f64 = 0.15;
const RUN_FREEDOM: f64 = 30.0;
/// Coefficient of variation of single waits: those of queues are exponential, and worse.
const VARIATION: f64 = 1.5;
/// Measured so often a mean says something.
const COUNT_MIN: f64 = 30.0;
/// As how many waits a mean must count, and how many times as long the 90th percentile must be, where it is kept.
const EFFECTIVE_MIN: f64 = 10.0;
const TAIL_MIN: f64 = 1.2;
/// Smallest growth of a mean that matters: S10's 50 %, and in seconds what a scheduler takes at its best.
const RATIO_MIN: f64 = 1.5;
const GROWTH_MIN_S: f64 = 100e-6;
/// The same, in times what goroutines waited for a P on average: whoever holds something may be kept waiting so, and all behind it.
const GROWTH_LATENCIES: f64 = 5.0;
/// Smallest growth of assisting, in seconds a second.
const ASSISTING_MIN: f64 = 0.03;
/// Smallest growth, in seconds of waiting a second, that anybody feels; a new wait for an event is an idle one more easily.
const FELT_MIN: f64 = 0.001;
const FELT_NEW_MIN: f64 = 0.005;
/// Share of all waits of its class a contended one must have.
const SHARE_MIN: f64 = 0.03;
/// How many times as often something must happen for it not to be what was there before.
const ANEW_MIN: f64 = 3.0;
/// Smallest growth of a total or a count that matters.
const MORE_MIN: f64 = 1.3;
/// Goroutines left, at least, and for how long the first of them had waited, of the whole trace: those on their way at its end are younger.
const LEFT_MIN: f64 = 8.0;
const LEFT_SHARE_MIN: f64 = 0.3;
/// Collections more, at least, and of all time that much more under marking.
const COLLECTIONS_MIN: f64 = 10.0;
const MARKING_MIN: f64 = 0.03;
/// How many times chance's variance counts have: what happens comes in bursts. What is left over does so less.
const DISPERSION: f64 = 4.0;
const DISPERSION_LEFT: f64 = 2.0;

/// One thing, with what both sides have of it.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub key: &'a Key,
    pub before: Measure,
    pub after: Measure,
    pub span_s: (f64, f64),
    /// Logarithms of the means of runs that have enough.
    pub means: Vec<(Side, f64)>,
}

/// What it is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Against {
    /// How many times as long was traced.
    pub time: f64,
    /// How many times as much was done a second.
    pub load: Option<f64>,
    /// How many times as long waits are, at most places.
    pub pace: Option<f64>,
    /// How many times as much was computed for as much that was done.
    pub computing: Option<f64>,
    /// Ps are short.
    pub busy: bool,
    /// How long goroutines waited for a P on average, in seconds, on the side where it was longer.
    pub latency_s: f64,
    pub runs: (f64, f64),
}

/// Which load a figure grows with by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// With none.
    Nothing,
    /// With more to do: queues.
    Load,
    /// With more to do, and with less: who waits for something to do waits longer, too.
    LoadOrRest,
}

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// Of times that of the means, of counts that beyond the exposure; infinite where there was none.
    pub ratio: f64,
    /// The chance of so much more, or of so much less where it is less.
    pub p: f64,
    /// Large enough to matter, and worse.
    pub matters: bool,
    /// Not only as much longer as all waits are.
    pub beyond_pace: bool,
    /// What else may be why.
    pub follows: Follows,
    changes: (TraceDiffChange, TraceDiffChange),
    least: f64,
}

impl Outcome {
    /// What became of it, at this adjusted chance.
    pub fn change(&self, q: f64) -> TraceDiffChange {
        match self.ratio {
            _ if q > FALSE_DISCOVERY => TraceDiffChange::Same,
            ratio if ratio >= self.least => self.changes.0,
            ratio if ratio <= 1.0 / self.least => self.changes.1,
            _ => TraceDiffChange::Same,
        }
    }
}

/// Compares what both sides have of one thing.
pub(super) fn judge(subject: &Subject<'_>, all: &[Subject<'_>], against: &Against) -> Outcome {
    match subject.key.what {
        TraceDiffWhat::Left => left(subject, against),
        TraceDiffWhat::Created => created(subject, against),
        TraceDiffWhat::Collection => collections(subject, against),
        TraceDiffWhat::Wait
        | TraceDiffWhat::Syscall
        | TraceDiffWhat::Assist
        | TraceDiffWhat::Event
        | TraceDiffWhat::Task
        | TraceDiffWhat::Region
        | TraceDiffWhat::Life
        | TraceDiffWhat::Pause
        | TraceDiffWhat::Latency
        | TraceDiffWhat::Utilization => {
            let before = if subject.before.count < COUNT_MIN { moved(subject, all) } else { None };
            let before = before.as_ref().unwrap_or(&subject.before);
            if before.count >= COUNT_MIN && subject.after.count >= COUNT_MIN {
                longer(subject, before, all, against)
            } else {
                anew(subject, all, against)
            }
        }
    }
}

/// Both sides have it often enough for their means to be compared.
fn longer(subject: &Subject<'_>, before: &Measure, all: &[Subject<'_>], against: &Against) -> Outcome {
    let after = &subject.after;
    let ratio = after.mean_s() / before.mean_s().max(f64::MIN_POSITIVE);
    let (error, freedom) = deviation(before.count, after.count, &subject.means, against);
    let chance = |ratio: f64| t_upper(ratio.max(f64::MIN_POSITIVE).ln() / error, freedom);
    let p = chance(ratio.max(1.0 / ratio.max(f64::MIN_POSITIVE)));
    let total = (before.total_s / subject.span_s.0, after.total_s / subject.span_s.1);
    // A few that took far longer say nothing of all others.
    let of_all = before.effective().min(after.effective()) >= EFFECTIVE_MIN
        && before
            .p90_s
            .zip(after.p90_s)
            .is_none_or(|(before, after)| after >= TAIL_MIN * before && after - before >= against.growth_min_s());
    let grows = of_all
        && ratio >= RATIO_MIN
        && after.mean_s() - before.mean_s() >= against.growth_min_s()
        && total.1 - total.0 >= felt_min(subject);
    let what = subject.key.what;
    let matters = grows
        && is_judged(subject)
        && if contended(what) {
            share(subject, all) >= SHARE_MIN
        } else {
            // An idle goroutine that is called half as often waits twice as long each time, and as long as before in all.
            total.1 >= MORE_MIN * total.0
        };
    let beyond = ratio / against.slower();
    Outcome {
        ratio,
        p,
        matters,
        beyond_pace: beyond >= RATIO_MIN && chance(beyond) <= FALSE_DISCOVERY,
        follows: if matches!(what, TraceDiffWhat::Event | TraceDiffWhat::Syscall | TraceDiffWhat::Life) {
            Follows::LoadOrRest
        } else {
            Follows::Load
        },
        changes: (TraceDiffChange::Longer, TraceDiffChange::Shorter),
        least: MORE_MIN,
    }
}

/// A side has it too seldom for a mean: whether it is new, or gone.
fn anew(subject: &Subject<'_>, all: &[Subject<'_>], against: &Against) -> Outcome {
    let (before, after) = (&subject.before, &subject.after);
    let (ratio, p) = counted(before.count, after.count, DISPERSION, &[against.time, against.time * against.load.unwrap_or(1.0)]);
    let total = (before.total_s / subject.span_s.0, after.total_s / subject.span_s.1);
    let often = before.count < COUNT_MIN && after.count >= COUNT_MIN && ratio >= ANEW_MIN;
    let felt = after.mean_s() >= against.growth_min_s() && total.1 >= MORE_MIN * total.0;
    let worse = match subject.key.what {
        TraceDiffWhat::Wait | TraceDiffWhat::Assist => total.1 - total.0 >= felt_min(subject) && share(subject, all) >= SHARE_MIN,
        TraceDiffWhat::Event | TraceDiffWhat::Syscall => {
            total.1 - total.0 >= FELT_NEW_MIN && is_on_a_known_path(subject, all, against.load.unwrap_or(1.0))
        }
        TraceDiffWhat::Left
        | TraceDiffWhat::Task
        | TraceDiffWhat::Region
        | TraceDiffWhat::Life
        | TraceDiffWhat::Created
        | TraceDiffWhat::Collection
        | TraceDiffWhat::Pause
        | TraceDiffWhat::Latency
        | TraceDiffWhat::Utilization => false,
    };
    Outcome {
        ratio,
        p,
        matters: often && felt && worse && is_judged(subject),
        beyond_pace: true,
        // A queue forms where there is more to do.
        follows: if contended(subject.key.what) { Follows::Load } else { Follows::Nothing },
        changes: (
            if before.count < 1.0 { TraceDiffChange::New } else { TraceDiffChange::More },
            if after.count < 1.0 { TraceDiffChange::Gone } else { TraceDiffChange::Fewer },
        ),
        least: ANEW_MIN,
    }
}

fn left(subject: &Subject<'_>, against: &Against) -> Outcome {
    let (before, after) = (&subject.before, &subject.after);
    // What is left at the end follows the time it had to pile up, or how many ends there were.
    let runs = against.runs.1 / against.runs.0;
    let time = against.time * against.load.unwrap_or(1.0);
    let (ratio, p) = counted(before.count, after.count, DISPERSION_LEFT, &[runs, against.time, time]);
    let excess = after.count - before.count * runs.max(against.time).max(time);
    let piled_up = after.max_s >= LEFT_SHARE_MIN * subject.span_s.1 / against.runs.1;
    let changes = if before.count < 1.0 { TraceDiffChange::New } else { TraceDiffChange::More };
    Outcome {
        ratio,
        p,
        matters: excess >= LEFT_MIN && ratio >= MORE_MIN && piled_up,
        beyond_pace: true,
        follows: Follows::Nothing,
        changes: (changes, TraceDiffChange::Fewer),
        least: MORE_MIN,
    }
}

/// How many are created is told, not judged: it is what the program is asked to do as much as how it does it.
fn created(subject: &Subject<'_>, against: &Against) -> Outcome {
    let (before, after) = (&subject.before, &subject.after);
    let (ratio, p) = counted(before.count, after.count, DISPERSION, &[against.time, against.time * against.load.unwrap_or(1.0)]);
    let least = |count: f64| count < 1.0;
    Outcome {
        ratio,
        p,
        matters: false,
        beyond_pace: true,
        follows: Follows::Load,
        changes: (
            if least(before.count) { TraceDiffChange::New } else { TraceDiffChange::More },
            if least(after.count) { TraceDiffChange::Gone } else { TraceDiffChange::Fewer },
        ),
        least: MORE_MIN,
    }
}

fn collections(subject: &Subject<'_>, against: &Against) -> Outcome {
    let (before, after) = (&subject.before, &subject.after);
    let time = against.time * against.load.unwrap_or(1.0);
    let (ratio, p) = counted(before.count, after.count, DISPERSION, &[against.time, time]);
    let marking = after.total_s / subject.span_s.1 - before.total_s / subject.span_s.0;
    let excess = after.count - before.count * against.time.max(time);
    Outcome {
        ratio,
        p,
        matters: ratio >= RATIO_MIN && excess >= COLLECTIONS_MIN && marking >= MARKING_MIN,
        beyond_pace: true,
        follows: Follows::Nothing,
        changes: (TraceDiffChange::More, TraceDiffChange::Fewer),
        least: MORE_MIN,
    }
}

/// The ratio of two counts beyond what an exposure explains, and the chance of it: of several exposures that may be meant the one that
/// makes least of it.
fn counted(before: f64, after: f64, dispersion: f64, exposures: &[f64]) -> (f64, f64) {
    let of = |k: f64| {
        let ratio = if before > 0.0 { after / (before * k) } else { f64::INFINITY };
        let test = conditional_binomial(before, after, 1.0, k, dispersion);
        (ratio, test.map_or(1.0, |test| test.p_more.min(test.p_less)))
    };
    let mildest = exposures.iter().map(|k| of(*k)).reduce(|a, b| if b.1 > a.1 { b } else { a });
    mildest.unwrap_or((1.0, 1.0))
}

/// Standard error of the logarithm of the ratio of two means, and its degrees of freedom.
fn deviation(before: f64, after: f64, means: &[(Side, f64)], against: &Against) -> (f64, f64) {
    let of = |side| moments(&means.iter().filter(|(of, _)| *of == side).map(|(_, mean)| *mean).collect::<Vec<_>>());
    let runs = |side| means.iter().filter(|(of, _)| *of == side).count() as f64;
    let (mut squares, mut freedom) = (0.0, 0.0);
    for side in [Side::Before, Side::After] {
        let own = (runs(side) - 1.0).max(0.0);
        squares += own * of(side).1;
        freedom += own;
    }
    let variance = (RUN_FREEDOM * RUN_DEVIATION.powi(2) + squares) / (RUN_FREEDOM + freedom);
    let of_runs = variance * (1.0 / against.runs.0 + 1.0 / against.runs.1);
    let of_waits = VARIATION.powi(2) * (1.0 / before + 1.0 / after);
    ((of_runs + of_waits).sqrt(), RUN_FREEDOM + freedom)
}

/// How many times as long a wait with a tenth of all waits must take to be seen at the level one of ten is held to.
pub(super) fn detectable(before: f64, after: f64, against: &Against) -> Option<f64> {
    const TENTH: f64 = 0.1;
    if before <= 0.0 || after <= 0.0 {
        return None;
    }
    let (error, freedom) = deviation(before * TENTH, after * TENTH, &[], against);
    Some((error * t_quantile(1.0 - FALSE_DISCOVERY / 10.0, freedom)).exp())
}

/// Only what has a line of the program can be its fault. Stops and latency are as much the machine's doing: a process that is kept from its
/// CPUs has both. Lives of one `go` statement are of many kinds, of which a trace may hold one more of the long ones: what they are longer
/// by, they wait or run, and that is judged.
fn is_judged(subject: &Subject<'_>) -> bool {
    match subject.key.what {
        TraceDiffWhat::Wait | TraceDiffWhat::Event | TraceDiffWhat::Syscall | TraceDiffWhat::Assist => {
            !subject.key.func.is_empty()
        }
        TraceDiffWhat::Task | TraceDiffWhat::Region => true,
        TraceDiffWhat::Left
        | TraceDiffWhat::Life
        | TraceDiffWhat::Created
        | TraceDiffWhat::Collection
        | TraceDiffWhat::Pause
        | TraceDiffWhat::Latency
        | TraceDiffWhat::Utilization => false,
    }
}

/// Seconds a second that are felt.
fn felt_min(subject: &Subject<'_>) -> f64 {
    if subject.key.what == TraceDiffWhat::Assist { ASSISTING_MIN } else { FELT_MIN }
}

impl Against {
    /// Smallest growth of a mean that matters, in seconds.
    fn growth_min_s(&self) -> f64 {
        GROWTH_MIN_S.max(GROWTH_LATENCIES * self.latency_s)
    }
}

/// Whether it is waiting for what somebody holds.
fn contended(what: TraceDiffWhat) -> bool {
    matches!(what, TraceDiffWhat::Wait | TraceDiffWhat::Assist)
}

/// Share of all contended waiting after.
fn share(subject: &Subject<'_>, all: &[Subject<'_>]) -> f64 {
    let total: f64 = all.iter().filter(|other| contended(other.key.what)).map(|other| other.after.total_s).sum();
    subject.after.total_s / total.max(f64::MIN_POSITIVE)
}

/// What was waited for the same where nobody waits any more: under another name, or before code was moved.
fn moved(subject: &Subject<'_>, all: &[Subject<'_>]) -> Option<Measure> {
    let alike = |other: &&Subject<'_>| {
        (other.key.what, &other.key.name, &other.key.called) == (subject.key.what, &subject.key.name, &subject.key.called)
            && !other.key.func.is_empty()
            && other.before.count / other.span_s.0 >= ANEW_MIN * other.after.count / other.span_s.1
    };
    let mut sum = subject.before.clone();
    all.iter().filter(alike).for_each(|other| sum.add(&other.before));
    (sum.count >= COUNT_MIN).then_some(sum)
}

/// Whether goroutines that were there before wait here, and did not wait as often elsewhere instead: then it is a wait more on their way.
fn is_on_a_known_path(subject: &Subject<'_>, all: &[Subject<'_>], load: f64) -> bool {
    let rate = |count: f64, span_s: f64| count / span_s.max(f64::MIN_POSITIVE);
    subject.after.entries.iter().any(|(entry, count)| {
        let here = rate(*count, subject.span_s.1);
        let started = |other: &&Subject<'_>| other.key.what == TraceDiffWhat::Created && other.key.name == *entry;
        let known = all.iter().filter(started).any(|other| other.before.entries.contains_key(entry));
        let waits = all.iter().filter(|other| matches!(other.key.what, TraceDiffWhat::Event | TraceDiffWhat::Syscall));
        let more: f64 = waits
            .filter_map(|other| {
                let of = |measure: &Measure, span_s: f64| rate(measure.entries.get(entry).copied().unwrap_or(0.0), span_s);
                Some(of(&other.after, other.span_s.1) - load * of(&other.before, other.span_s.0)).filter(|more| *more != 0.0)
            })
            .sum();
        known && more >= here / 2.0
    })
}
