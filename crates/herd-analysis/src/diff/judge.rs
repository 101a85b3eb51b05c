//! Which differences are more than chance and large enough to matter.
//!
//! The figures are set by the recorded pairs of `cargo xtask bench diff`: what the same behaviour must not reach, and a changed one must.

use herd_model::ProfileKind;

use super::exposure::Exposure;
use super::paths::{Both, Weight};
use crate::statistics::counts::conditional_binomial;
use crate::statistics::distributions::normal_upper;

/// Share of changes called that may be chance (Benjamini–Hochberg).
pub(super) const FALSE_DISCOVERY: f64 = 0.01;
/// Smallest growth of a function that matters, in times what there was.
const RATIO_MIN: f64 = 1.3;
/// Smallest growth that matters, as a share of the whole.
const POINTS_MIN: f64 = 0.03;
/// Smallest growth of goroutines that matters.
const GOROUTINES_MIN: f64 = 8.0;
/// Smallest growth of live memory that matters, in bytes.
const HEAP_MIN: f64 = 1_048_576.0;
/// Smallest growth of a mean delay that matters: S10's 50 %.
const DELAY_RATIO_MIN: f64 = 1.5;
/// Smallest growth of a mean delay that matters, in nanoseconds: what a scheduler takes.
const DELAY_MIN_NS: f64 = 50_000.0;
/// Contentions below which a mean delay says nothing.
pub(super) const CONTENTIONS_MIN: f64 = 30.0;
/// How many times chance's variance CPU samples have: they come in bursts, and one signal may hit several threads.
const CPU_DISPERSION: f64 = 1.5;
/// Standard deviation, from run to run of the same program, of the logarithm of a function's share: what else the machine does slows
/// sorting, walking and counting unlike.
const RUN_DEVIATION: f64 = 0.08;
/// The same of a mean delay; the scheduler's doing (two sides of 0.2 each).
const DELAY_DEVIATION: f64 = 0.28;
/// Coefficient of variation of single delays: those of queues are exponential, and worse.
const DELAY_VARIATION: f64 = 2.0;

/// How a kind of profile counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// A sample of many; `count` are samples.
    Samples,
    /// Bytes estimated from samples of allocations.
    Memory {
        /// What is in use, rather than all that ever was.
        live: bool,
    },
    /// Every one.
    Exact,
    /// Delays, of which the mean is compared.
    Delays,
}

impl Counting {
    /// How this kind counts.
    pub fn of(kind: ProfileKind) -> Counting {
        match kind {
            ProfileKind::Cpu => Counting::Samples,
            ProfileKind::Heap => Counting::Memory { live: true },
            ProfileKind::Allocs => Counting::Memory { live: false },
            ProfileKind::Block | ProfileKind::Mutex | ProfileKind::Contention => Counting::Delays,
            ProfileKind::Goroutine | ProfileKind::GoroutineLeak | ProfileKind::ThreadCreate | ProfileKind::Other => {
                Counting::Exact
            }
        }
    }
}

/// A function compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcome {
    /// How many times what the exposure explains, or the mean of the delays; infinite where there was none.
    pub ratio: f64,
    /// What is beyond what the exposure explains.
    pub excess: f64,
    /// The chance of so much more, or of so much less where it is less.
    pub p: f64,
    /// Large enough to matter, and worse.
    pub matters: bool,
}

/// What a function is held against.
#[derive(Clone, Copy, Debug)]
pub(super) struct Against<'a> {
    pub counting: Counting,
    pub exposure: &'a Exposure,
    pub whole: &'a Both,
    /// Delays that are not for events: those that others cause.
    pub contended: Both,
    /// How many times the usual variance runs of one side have among each other, from many runs.
    pub dispersion: f64,
}

/// Compares what both sides have of a function; `awaited` is the part of it that waits for events.
pub(super) fn compare(both: &Both, awaited: &Both, against: &Against<'_>) -> Outcome {
    match against.counting {
        Counting::Samples => samples(both, against),
        Counting::Memory { live } => memory(both, live, against),
        Counting::Exact => exact(both, against),
        Counting::Delays => delays(both, awaited, against),
    }
}

fn samples(both: &Both, against: &Against<'_>) -> Outcome {
    let dispersion = CPU_DISPERSION * against.dispersion;
    let outcomes = against.exposure.candidates.iter().map(|k| {
        let chance = chance(both.before.count, both.after.count, *k, dispersion);
        let outcome = grown(both.before.amount, both.after.amount, *k, against.whole);
        let p = if outcome.excess > 0.0 { chance.0 } else { chance.1 };
        let run = run_to_run(outcome.ratio, log_variance(both, dispersion));
        Outcome { p: p.max(run), ..outcome }
    });
    mildest(outcomes)
}

fn memory(both: &Both, live: bool, against: &Against<'_>) -> Outcome {
    let outcomes = against.exposure.candidates.iter().map(|k| {
        let outcome = grown(both.before.amount, both.after.amount, *k, against.whole);
        let run = RUN_DEVIATION * k * both.before.amount;
        let variance = (both.after.variance + k * k * both.before.variance) * against.dispersion + 2.0 * run * run;
        let p = if variance > 0.0 { normal_upper(outcome.excess.abs() / variance.sqrt()) } else { 0.5 };
        let matters = outcome.matters && (!live || outcome.excess >= HEAP_MIN);
        Outcome { p, matters, ..outcome }
    });
    mildest(outcomes)
}

fn exact(both: &Both, against: &Against<'_>) -> Outcome {
    let outcomes = against.exposure.candidates.iter().map(|k| {
        let outcome = grown(both.before.amount, both.after.amount, *k, against.whole);
        let chance = chance(both.before.count, both.after.count, *k, against.dispersion);
        let p = if outcome.excess > 0.0 { chance.0 } else { chance.1 };
        Outcome { p, matters: outcome.excess >= GOROUTINES_MIN && outcome.ratio >= RATIO_MIN, ..outcome }
    });
    mildest(outcomes)
}

/// The mean delay; where there was none before, its share of the delays others cause. What waits for events must also wait longer in
/// all: an idle worker that is called half as often waits twice as long each time, and as long as before in all. Its share says nothing,
/// as idle workers wait longer than all others together.
fn delays(both: &Both, awaited: &Both, against: &Against<'_>) -> Outcome {
    let (before, after) = (both.before, both.after);
    let time = against.exposure.time;
    let for_events = awaited.after.amount > 0.5 * after.amount;
    let share = after.amount / against.contended.after.amount.max(f64::MIN_POSITIVE);
    if before.count < CONTENTIONS_MIN || after.count < CONTENTIONS_MIN {
        let outcome = grown(before.amount, after.amount, time, &against.contended);
        let enough = before.count < CONTENTIONS_MIN && after.count >= CONTENTIONS_MIN;
        let chance = chance(before.count, after.count, against.exposure.k(), DELAY_VARIATION * against.dispersion);
        return Outcome { p: chance.0, matters: outcome.matters && enough && !for_events, ..outcome };
    }
    let mean = |weight: Weight| weight.amount / weight.count;
    let ratio = mean(after) / mean(before);
    let spread =
        DELAY_DEVIATION.powi(2) + DELAY_VARIATION.powi(2) * against.dispersion * (1.0 / before.count + 1.0 / after.count);
    let p = normal_upper(ratio.ln().abs() / spread.sqrt());
    let enough = if for_events { after.amount >= RATIO_MIN * time * before.amount } else { share >= POINTS_MIN };
    let longer = mean(after) - mean(before) >= DELAY_MIN_NS;
    Outcome { ratio, excess: after.amount - time * before.amount, p, matters: ratio >= DELAY_RATIO_MIN && longer && enough }
}

/// Effect alone: growth beyond what the exposure explains.
fn grown(before: f64, after: f64, k: f64, whole: &Both) -> Outcome {
    let expected = k * before;
    let excess = after - expected;
    let ratio = if expected > 0.0 { after / expected } else { f64::INFINITY };
    let of = whole.after.amount.max(k * whole.before.amount);
    let matters = of > 0.0 && excess / of >= POINTS_MIN && ratio >= RATIO_MIN;
    Outcome { ratio, excess, p: 1.0, matters }
}

/// P of so many or more, and of so few or fewer.
fn chance(x: f64, y: f64, k: f64, dispersion: f64) -> (f64, f64) {
    conditional_binomial(x.max(0.0), y.max(0.0), 1.0, k, dispersion).map_or((1.0, 1.0), |test| (test.p_more, test.p_less))
}

/// Variance of the logarithm of a ratio of samples: 1/n a side from sampling, and what runs vary however many samples there are.
fn log_variance(both: &Both, dispersion: f64) -> f64 {
    dispersion * (1.0 / both.before.count + 1.0 / both.after.count) + 2.0 * RUN_DEVIATION.powi(2)
}

/// The chance that two runs of one program differ so much. Nothing is told by it where a side has none.
fn run_to_run(ratio: f64, variance: f64) -> f64 {
    if ratio > 0.0 && ratio.is_finite() { normal_upper(ratio.ln().abs() / variance.sqrt()) } else { 0.0 }
}

/// Of what several exposures make of a function, the least.
fn mildest(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let none = Outcome { ratio: 1.0, excess: 0.0, p: 1.0, matters: false };
    outcomes.reduce(|a, b| if (b.matters, a.p) < (a.matters, b.p) { b } else { a }).unwrap_or(none)
}

/// How many times a function with a tenth of all must grow to be seen at the level one of a hundred functions is held to; nothing
/// where everything is counted.
pub(super) fn detectable(against: &Against<'_>) -> Option<f64> {
    const TENTH: f64 = 0.1;
    let level = FALSE_DISCOVERY / 10.0;
    let seen = |ratio: f64| {
        let scaled = |weight: Weight, times: f64| Weight {
            count: weight.count * TENTH * times,
            amount: weight.amount * TENTH * times,
            variance: weight.variance * TENTH * times,
        };
        let both = Both { before: scaled(against.whole.before, 1.0), after: scaled(against.whole.after, ratio) };
        let k = against.whole.after.amount / against.whole.before.amount;
        let exposure = Exposure { candidates: vec![k], ..against.exposure.clone() };
        compare(&both, &Both::default(), &Against { exposure: &exposure, ..*against }).p <= level
    };
    match against.counting {
        Counting::Exact | Counting::Delays => None,
        Counting::Samples | Counting::Memory { .. } => {
            const STEP: f64 = 1.05;
            let mut ratio = STEP;
            while ratio < 100.0 && !seen(ratio) {
                ratio *= STEP;
            }
            Some(ratio)
        }
    }
}
