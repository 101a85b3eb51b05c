//! Where the CPU went: the profiler's samples, with what their goroutine had waited for and what the collector did.

use herd_model::{StackId, TraceBusyGoroutine, TraceCount, TraceCpu, TraceCpuStack, TraceHot, TraceTables};
use rustc_hash::{FxHashMap, FxHashSet};

use super::collector::Collector;
use super::places::{self, FRAMES_SHOWN};
use super::spread::seconds;
use super::waits::{ReasonId, Waits};

/// Samples kept one by one: 100 a second of each busy thread, so hours of two.
const KEPT_MAX: usize = 1 << 21;
/// Intervals the trace is cut into to find the hot ones.
const INTERVALS: u64 = 50;
/// Hot intervals told.
const HOT_SHOWN: usize = 3;
/// Stacks and goroutines told of each.
const STACKS_SHOWN: usize = 5;

/// CPU a sample stands for: 100 a second (`runtime/pprof/pprof.go`, `StartCPUProfile`).
pub const SAMPLE_NS: u64 = 10_000_000;

/// A sample.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When.
    pub at_ns: u64,
    /// What ran.
    pub stack: StackId,
    /// Goroutine; 0 for none.
    pub goroutine: u64,
    /// What it had waited for before it ran, where that was seen.
    pub after: Option<ReasonId>,
    /// Marking was under way.
    pub marking: bool,
}

/// Samples so far.
#[derive(Clone, Debug, Default)]
pub struct Samples {
    samples: Vec<Sample>,
    more: u64,
}

impl Samples {
    /// One more.
    pub fn add(&mut self, sample: Sample) {
        if self.samples.len() < KEPT_MAX {
            self.samples.push(sample);
        } else {
            self.more += 1;
        }
    }

    /// Samples by stack, in the order of the stacks' numbers.
    pub fn by_stack(&self) -> Vec<(StackId, u64)> {
        let mut counts: FxHashMap<StackId, u64> = FxHashMap::default();
        for sample in &self.samples {
            *counts.entry(sample.stack).or_default() += 1;
        }
        let mut rows: Vec<(StackId, u64)> = counts.into_iter().collect();
        rows.sort_unstable();
        rows
    }

    /// Each sample, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = &Sample> {
        self.samples.iter()
    }

    /// For a report, absent where the profiler did not run.
    pub fn report(&self, top: usize, waits: &Waits, tables: &TraceTables) -> Option<TraceCpu> {
        if self.samples.is_empty() {
            return None;
        }
        let all: Vec<&Sample> = self.samples.iter().collect();
        Some(TraceCpu {
            samples: self.samples.len() as u64 + self.more,
            stacks: stacks(&all, top, waits, tables),
            ..TraceCpu::default()
        })
    }

    /// The intervals of a single trace with most samples.
    pub fn hot(
        &self,
        (start_ns, end_ns): (u64, u64),
        top: usize,
        waits: &Waits,
        collector: &Collector,
        tables: &TraceTables,
    ) -> Vec<TraceHot> {
        let step = (end_ns.saturating_sub(start_ns) / INTERVALS).max(1);
        let mut intervals: FxHashMap<u64, Vec<&Sample>> = FxHashMap::default();
        for sample in &self.samples {
            intervals.entry(sample.at_ns.saturating_sub(start_ns) / step).or_default().push(sample);
        }
        let mut order: Vec<(u64, Vec<&Sample>)> = intervals.into_iter().collect();
        order.sort_by_key(|(at, samples)| (std::cmp::Reverse(samples.len()), *at));
        let told = |(at, samples): (u64, Vec<&Sample>)| {
            let from = at.saturating_mul(step);
            // The last interval is shorter where the trace is no multiple of the step.
            let to = from.saturating_add(step).min(end_ns.saturating_sub(start_ns)).max(from);
            let moments = (start_ns.saturating_add(from), start_ns.saturating_add(to));
            TraceHot {
                from_s: seconds(from),
                to_s: seconds(to),
                samples: samples.len() as u64,
                while_marking: samples.iter().filter(|sample| sample.marking).count() as u64,
                stacks: stacks(&samples, top.min(STACKS_SHOWN), waits, tables),
                goroutines: goroutines(&samples, top.min(STACKS_SHOWN), waits, tables),
                meanwhile: collector.meanwhile(moments, tables),
            }
        };
        order.into_iter().take(HOT_SHOWN).map(told).collect()
    }
}

/// Goroutines with most samples.
fn goroutines(samples: &[&Sample], top: usize, waits: &Waits, tables: &TraceTables) -> Vec<TraceBusyGoroutine> {
    let mut by_id: FxHashMap<u64, Vec<&Sample>> = FxHashMap::default();
    for sample in samples.iter().filter(|sample| sample.goroutine != 0) {
        by_id.entry(sample.goroutine).or_default().push(sample);
    }
    let mut order: Vec<(u64, Vec<&Sample>)> = by_id.into_iter().collect();
    order.sort_by_key(|(id, samples)| (std::cmp::Reverse(samples.len()), *id));
    let told = |(goroutine, samples): (u64, Vec<&Sample>)| {
        let first = samples.iter().min_by_key(|sample| sample.at_ns);
        let most = stacks(&samples, 1, waits, tables).pop().unwrap_or_default();
        TraceBusyGoroutine {
            goroutine,
            samples: samples.len() as u64,
            after: first.and_then(|first| first.after).map(|id| waits.text(id).to_owned()),
            call: most.call,
            frames: most.frames,
        }
    };
    order.into_iter().take(top).map(told).collect()
}

fn stacks(samples: &[&Sample], top: usize, waits: &Waits, tables: &TraceTables) -> Vec<TraceCpuStack> {
    let mut by_stack: FxHashMap<StackId, Vec<&Sample>> = FxHashMap::default();
    for sample in samples {
        by_stack.entry(sample.stack).or_default().push(sample);
    }
    let mut order: Vec<(StackId, Vec<&Sample>)> = by_stack.into_iter().collect();
    order.sort_by_key(|(stack, samples)| (std::cmp::Reverse(samples.len()), *stack));
    let told = |(stack, samples): (StackId, Vec<&Sample>)| TraceCpuStack {
        call: places::call(stack, tables),
        frames: places::frames(stack, FRAMES_SHOWN, tables),
        samples: samples.len() as u64,
        goroutines: samples.iter().map(|sample| sample.goroutine).filter(|id| *id != 0).collect::<FxHashSet<_>>().len() as u64,
        after: after(&samples, waits),
    };
    order.into_iter().take(top).map(told).collect()
}

pub(super) fn after(samples: &[&Sample], waits: &Waits) -> Vec<TraceCount> {
    let mut counts: FxHashMap<ReasonId, u64> = FxHashMap::default();
    for reason in samples.iter().filter_map(|sample| sample.after) {
        *counts.entry(reason).or_default() += 1;
    }
    let mut rows: Vec<TraceCount> =
        counts.into_iter().map(|(reason, count)| TraceCount { name: waits.text(reason).to_owned(), count }).collect();
    rows.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
    rows
}
