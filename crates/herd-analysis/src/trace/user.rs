//! The program's own marks: tasks, regions and log lines.

use herd_model::{NameId, TraceCount, TraceGoroutine, TraceTables, TraceUser};
use rustc_hash::FxHashMap;

use super::spread::{Durations, Open};

/// Tasks and regions under way at once; more are passed over and counted.
const OPEN_MAX: usize = 1 << 20;

/// Marks so far.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    tasks: FxHashMap<u64, (NameId, u64)>,
    regions: FxHashMap<u64, Vec<(NameId, u64, u64)>>,
    open_regions: usize,
    task_types: FxHashMap<NameId, (Durations, Open)>,
    region_types: FxHashMap<NameId, (Durations, Open)>,
    logs: FxHashMap<NameId, u64>,
    /// Marks passed over because too many were under way.
    pub passed_over: u64,
}

impl Marks {
    /// `trace.NewTask`.
    pub fn task_begins(&mut self, task: u64, name: NameId, at_ns: u64) {
        if self.tasks.len() < OPEN_MAX {
            self.tasks.insert(task, (name, at_ns));
        } else {
            self.passed_over += 1;
        }
    }

    /// A task ended; one that began before the trace is of no known type.
    pub fn task_ends(&mut self, task: u64, at_ns: u64) {
        if let Some((name, began)) = self.tasks.remove(&task) {
            self.task_types.entry(name).or_default().0.add(at_ns.saturating_sub(began));
        }
    }

    /// `trace.StartRegion`.
    pub fn region_begins(&mut self, goroutine: TraceGoroutine, name: NameId, task: u64, at_ns: u64) {
        if self.open_regions < OPEN_MAX {
            self.open_regions += 1;
            self.regions.entry(goroutine.id).or_default().push((name, task, at_ns));
        } else {
            self.passed_over += 1;
        }
    }

    /// A region ended: the innermost of its name; those begun inside it and never ended are over with it.
    pub fn region_ends(&mut self, goroutine: TraceGoroutine, name: NameId, task: u64, at_ns: u64) {
        let Some(open) = self.regions.get_mut(&goroutine.id) else { return };
        let Some(at) = open.iter().rposition(|(of, with, _)| *of == name && *with == task) else { return };
        let (_, _, began) = open[at];
        self.open_regions -= open.len() - at;
        open.truncate(at);
        if open.is_empty() {
            self.regions.remove(&goroutine.id);
        }
        self.region_types.entry(name).or_default().0.add(at_ns.saturating_sub(began));
    }

    /// `trace.Log`.
    pub fn logged(&mut self, key: NameId) {
        *self.logs.entry(key).or_default() += 1;
    }

    /// The trace ends.
    pub fn end(&mut self, at_ns: u64) {
        for (name, began) in std::mem::take(&mut self.tasks).into_values() {
            self.task_types.entry(name).or_default().1.add(at_ns.saturating_sub(began));
        }
        for (name, _, began) in std::mem::take(&mut self.regions).into_values().flatten() {
            self.region_types.entry(name).or_default().1.add(at_ns.saturating_sub(began));
        }
        self.open_regions = 0;
    }

    /// Tasks, regions and log categories, longest and most first.
    pub fn report(&self, tables: &TraceTables) -> (Vec<TraceUser>, Vec<TraceUser>, Vec<TraceCount>) {
        let mut logs: Vec<TraceCount> = self
            .logs
            .iter()
            .map(|(name, count)| TraceCount { name: tables.names.text(*name).to_owned(), count: *count })
            .collect();
        logs.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.name.cmp(&b.name)));
        (by_type(&self.task_types, tables), by_type(&self.region_types, tables), logs)
    }
}

fn by_type(types: &FxHashMap<NameId, (Durations, Open)>, tables: &TraceTables) -> Vec<TraceUser> {
    let mut rows: Vec<TraceUser> = types
        .iter()
        .map(|(name, (finished, open))| TraceUser {
            name: tables.names.text(*name).to_owned(),
            finished: finished.spread(),
            unfinished: open.report(),
        })
        .collect();
    rows.sort_by(|a, b| b.finished.total_s.total_cmp(&a.finished.total_s).then_with(|| a.name.cmp(&b.name)));
    rows
}
