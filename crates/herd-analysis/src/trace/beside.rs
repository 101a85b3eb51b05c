//! Profiles given beside a trace: a CPU profile placed on the trace's clock, a profile of allocations joined with the assists.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use herd_model::{
    HeapFigures, LabelValue, Place, Profile, ProfileKind, StackId, TraceAllocator, TraceAllocators, TraceBesideCpu,
    TraceBesideLabel, TraceBesideStack, TraceCall, TracePaid, TracePlaced, TraceTables,
};
use rustc_hash::FxHashMap;

use super::places::{self, FRAMES_SHOWN};
use super::spread::seconds;
use super::{Portrait, allocating};
use crate::heap::{Heap, hide};

/// Functions of a stack by which samples of a profile and of a trace are held to be the same: the runtime keeps 64 addresses of a sample
/// before Go 1.23 (`runtime/cpuprof.go`, `maxCPUProfStack`), and inlining makes calls of them.
const SAME_FUNCS: usize = 48;

impl Portrait {
    /// A CPU profile beside the trace; nothing for a profile of another kind. Samples of it have no moment of their own: what is said of
    /// the trace's time is said of the profile as a whole. `hidden` counts rows beyond those shown. Cost: linear in the frames of all stacks.
    pub fn beside_cpu(
        &self,
        profile: &Profile,
        top: usize,
        tables: &TraceTables,
        hidden: &mut BTreeMap<String, u64>,
    ) -> Option<TraceBesideCpu> {
        let count = profile.sample_index("samples").filter(|_| profile.kind == ProfileKind::Cpu)?;
        let cpu = profile.sample_index("cpu")?;
        let (mut beside, window) = self.placed(profile);
        let mut rows: FxHashMap<Vec<&str>, Both> = FxHashMap::default();
        for sample in self.samples.iter().filter(|sample| self.is_inside(sample.at_ns, window)) {
            beside.trace_samples += 1;
            rows.entry(functions(sample.stack, tables)).or_default().in_trace += 1;
        }
        for row in 0..profile.samples.len() {
            let value = |index: usize| profile.samples.values[index][row].max(0).cast_unsigned();
            let stack = profile.samples.stacks[row];
            let key: Vec<&str> = profile
                .frames(stack)
                .take(SAME_FUNCS)
                .map(|frame| frame.line.map_or("", |line| profile.function_name(line.function)))
                .collect();
            let known = rows.entry(key).or_default();
            known.samples += value(count);
            known.cpu_ns = known.cpu_ns.saturating_add(value(cpu));
            known.stack.get_or_insert(stack);
        }
        beside.samples = rows.values().map(|row| row.samples).sum();
        beside.cpu_s = seconds(rows.values().fold(0, |sum: u64, row| sum.saturating_add(row.cpu_ns)));
        beside.in_both = rows.values().map(|row| row.samples.min(row.in_trace)).sum();
        let mut order: Vec<Both> = rows.into_values().filter(|row| row.samples > 0).collect();
        order.sort_by_key(|row| (Reverse(row.samples), row.stack));
        hide(hidden, "profile_stacks_not_listed", order.len(), top);
        beside.stacks = order.iter().take(top).map(|row| row.report(profile)).collect();
        beside.labels = labels(profile, count, cpu);
        hide(hidden, "labels_not_listed", beside.labels.len(), top);
        beside.labels.truncate(top);
        Some(beside)
    }

    /// The profile's time on the trace's clock, the same in nanoseconds since the trace began.
    fn placed(&self, profile: &Profile) -> (TraceBesideCpu, Option<(i64, i64)>) {
        let duration = profile.duration_ns.filter(|ns| *ns > 0);
        let mut beside = TraceBesideCpu { duration_s: duration.map(|ns| ns as f64 / 1e9), ..TraceBesideCpu::default() };
        // Several traces have no clock in common.
        let clocks = self.began_ns().filter(|_| self.traces == 1).zip(profile.taken_at_ns).zip(duration).zip(self.start_ns);
        let Some((((began, taken), duration), start_ns)) = clocks else { return (beside, None) };
        let span = i64::try_from(self.end_ns.saturating_sub(start_ns)).unwrap_or(i64::MAX);
        let from = taken.saturating_sub(began);
        let to = from.saturating_add(duration);
        let inside = to.min(span).saturating_sub(from.max(0)).max(0);
        beside.placed = if inside == 0 {
            TracePlaced::Apart
        } else if inside == duration {
            TracePlaced::Inside
        } else {
            TracePlaced::Partly
        };
        (beside.from_s, beside.to_s) = (Some(from as f64 / 1e9), Some(to as f64 / 1e9));
        beside.inside_share = Some(inside as f64 / duration as f64);
        (beside, Some((from, to)))
    }

    /// Whether a moment of the trace lies in a window; any does where there is none.
    fn is_inside(&self, at_ns: u64, window: Option<(i64, i64)>) -> bool {
        let since = i64::try_from(at_ns.saturating_sub(self.start_ns.unwrap_or(0))).unwrap_or(i64::MAX);
        window.is_none_or(|(from, to)| (from..=to).contains(&since))
    }

    /// Who allocated, by a profile beside the trace, and who of them was made to assist; nothing for a profile of another kind or one that
    /// does not say what was allocated. `hidden` counts stacks beyond those shown. Cost: linear in the frames of all stacks.
    pub fn allocators(
        &self,
        profile: &Profile,
        top: usize,
        tables: &TraceTables,
        hidden: &mut BTreeMap<String, u64>,
    ) -> Option<TraceAllocators> {
        profile.sample_index("alloc_objects").zip(profile.sample_index("alloc_space"))?;
        let heap = Heap::of(profile)?;
        let over_s = profile.duration_ns.filter(|ns| *ns > 0).map(|ns| ns as f64 / 1e9);
        let mut by_stack: BTreeMap<Vec<Place>, HeapFigures> = BTreeMap::new();
        for (at, weight) in heap.stacks.iter().enumerate().filter(|(_, weight)| weight.figures.alloc_objects > 0) {
            by_stack.entry(outside_runtime(profile, StackId(at as u32))).or_default().add(&weight.figures);
        }
        let all = positive(heap.total.alloc_bytes);
        let mut functions = self.paid(&by_stack, all, tables);
        hide(hidden, "functions_not_listed", functions.len(), top);
        functions.truncate(top);
        let mut order: Vec<(Vec<Place>, HeapFigures)> = by_stack.into_iter().collect();
        order.sort_by(|a, b| b.1.alloc_bytes.cmp(&a.1.alloc_bytes).then_with(|| a.0.cmp(&b.0)));
        hide(hidden, "allocators_not_listed", order.len(), top);
        let rate = |bytes: u64| over_s.map(|seconds| bytes as f64 / seconds);
        let row = |(mut frames, figures): (Vec<Place>, HeapFigures)| {
            let call = places::call_in(&frames);
            frames.truncate(FRAMES_SHOWN);
            let bytes = positive(figures.alloc_bytes);
            let objects = positive(figures.alloc_objects);
            TraceAllocator { call, frames, bytes, objects, share: share(bytes, all), bytes_per_s: rate(bytes) }
        };
        Some(TraceAllocators {
            over_s,
            sampled_every_bytes: heap.rate as u64,
            bytes: all,
            objects: positive(heap.total.alloc_objects),
            bytes_per_s: rate(all),
            stacks: order.into_iter().take(top).map(row).collect(),
            functions,
        })
    }

    /// Allocations, assists and samples in the allocator by function.
    fn paid(&self, by_stack: &BTreeMap<Vec<Place>, HeapFigures>, all: u64, tables: &TraceTables) -> Vec<TracePaid> {
        let mut rows: FxHashMap<String, TracePaid> = FxHashMap::default();
        for (frames, figures) in by_stack {
            let row = rows.entry(function(&places::call_in(frames), frames.first())).or_default();
            row.bytes = row.bytes.saturating_add(positive(figures.alloc_bytes));
            row.objects = row.objects.saturating_add(positive(figures.alloc_objects));
        }
        let assists = self.collector.assists_by_stack();
        let assisted: u64 = assists.iter().fold(0, |sum, (_, stat)| sum.saturating_add(stat.total_ns));
        let mut time_of: FxHashMap<String, u64> = FxHashMap::default();
        for (stack, stat) in assists {
            let frames: Vec<Place> = tables.frames_of(stack).iter().map(|frame| places::place(*frame, tables)).collect();
            let outside = frames.iter().find(|place| !herd_model::is_runtime(&place.func));
            let func = function(&places::call_in(&frames), outside);
            rows.entry(func.clone()).or_default().assists += stat.count;
            *time_of.entry(func).or_default() += stat.total_ns;
        }
        for (stack, count) in self.samples.by_stack() {
            let Some(caller) = allocating::caller(tables.frames_of(stack), tables) else { continue };
            let first = caller.first().map(|frame| places::place(*frame, tables));
            rows.entry(function(&places::call_of(caller, tables), first.as_ref())).or_default().samples += count;
        }
        let mut order: Vec<TracePaid> = rows
            .into_iter()
            .map(|(func, row)| {
                let ns = time_of.get(&func).copied().unwrap_or_default();
                TracePaid {
                    func,
                    share: share(row.bytes, all),
                    assisted_s: seconds(ns),
                    assisted_share: share(ns, assisted),
                    ..row
                }
            })
            .collect();
        order.sort_by(|a, b| b.assisted_s.total_cmp(&a.assisted_s).then(b.bytes.cmp(&a.bytes)).then_with(|| a.func.cmp(&b.func)));
        order
    }
}

/// The functions of a sample's stack as a profile has them: it leaves the outermost of a goroutine out (`runtime/pprof/proto.go`, `allFrames`).
fn functions(stack: StackId, tables: &TraceTables) -> Vec<&str> {
    let mut frames = tables.frames_of(stack);
    if let [rest @ .., last] = frames
        && tables.func(*last) == "runtime.goexit"
    {
        frames = rest;
    }
    frames.iter().take(SAME_FUNCS).map(|frame| tables.func(*frame)).collect()
}

/// Samples with the same functions on their stacks.
#[derive(Clone, Copy, Default)]
struct Both {
    samples: u64,
    cpu_ns: u64,
    in_trace: u64,
    stack: Option<StackId>,
}

impl Both {
    fn report(&self, profile: &Profile) -> TraceBesideStack {
        let mut frames: Vec<Place> =
            self.stack.iter().flat_map(|stack| profile.frames(*stack)).map(|frame| profile.place(frame)).collect();
        let call = places::call_in(&frames);
        frames.truncate(FRAMES_SHOWN);
        TraceBesideStack { call, frames, samples: self.samples, cpu_s: seconds(self.cpu_ns), in_trace: self.in_trace }
    }
}

/// Texts of labels with their samples, most first.
fn labels(profile: &Profile, count: usize, cpu: usize) -> Vec<TraceBesideLabel> {
    let mut rows: BTreeMap<(&str, &str), (u64, u64)> = BTreeMap::new();
    for row in 0..profile.samples.len() {
        for label in &profile.label_sets[profile.samples.labels[row].0 as usize] {
            let LabelValue::Text(value) = label.value else { continue };
            let value_of = |index: usize| profile.samples.values[index][row].max(0).cast_unsigned();
            let sums = rows.entry((profile.names.text(label.key), profile.names.text(value))).or_default();
            sums.0 += value_of(count);
            sums.1 = sums.1.saturating_add(value_of(cpu));
        }
    }
    let told = |((key, value), (samples, ns)): ((&str, &str), (u64, u64))| TraceBesideLabel {
        key: key.to_owned(),
        value: value.to_owned(),
        samples,
        cpu_s: seconds(ns),
    };
    let mut rows: Vec<TraceBesideLabel> = rows.into_iter().map(told).collect();
    rows.sort_by(|a, b| b.samples.cmp(&a.samples).then_with(|| (&a.key, &a.value).cmp(&(&b.key, &b.value))));
    rows
}

/// Calls from the first outside the runtime, which text forms of a profile carry and profile.proto does not; all where none is.
fn outside_runtime(profile: &Profile, stack: StackId) -> Vec<Place> {
    let mut frames: Vec<Place> = profile.frames(stack).map(|frame| profile.place(frame)).collect();
    let first = frames.iter().position(|place| !herd_model::is_runtime(&place.func)).unwrap_or(0);
    frames.drain(..first);
    frames
}

/// The program's innermost function; the standard library's where there is none.
fn function(call: &TraceCall, first: Option<&Place>) -> String {
    call.at.as_ref().or(first).map_or_else(|| "<unknown>".to_owned(), |place| place.func.clone())
}

fn positive(value: i64) -> u64 {
    value.max(0).cast_unsigned()
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
