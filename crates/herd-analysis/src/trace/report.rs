//! The portrait as a report.

use std::collections::BTreeMap;

use herd_model::{
    FrameId, Profile, StackId, TraceCensus, TraceCpu, TraceProcs, TraceReport, TraceStack, TraceStates, TraceSyscalls,
    TraceTables, TraceUnfinished,
};

use super::spread::seconds;
use super::waits::AtStack;
use super::{Alive, AliveState, Listings, Portrait, Weighed, places, sites, standing};

/// What of a trace is told.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// Rows of each list.
    pub rows: usize,
    /// Stacks under each row.
    pub stacks: usize,
    /// Time that is wanted by stack, too.
    pub weighed: Option<Weighed>,
}

/// A finished portrait: its report, and the goroutines that had not ended.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The report; format, events and losses are the reader's to tell.
    pub report: TraceReport,
    /// Goroutines alive when the last trace ended.
    pub alive: Vec<Alive>,
    /// When the program listed its goroutines in the trace, and who ended since; in nanoseconds since the last trace began.
    pub listings: Listings,
    /// When the trace began, in nanoseconds since 1970, where it tells.
    pub began_ns: Option<i64>,
    /// Time by stack, where it was wanted.
    pub weights: Option<Profile>,
}

impl Portrait {
    /// Ends the trace. `hidden` counts rows beyond those shown.
    pub fn finish(mut self, shown: Shown, tables: &TraceTables, hidden: &mut BTreeMap<String, u64>) -> Finished {
        self.close();
        let start_ns = self.start_ns.unwrap_or(0);
        let released = standing::released(&self.waits, tables);
        let placed = |alive: &&mut Alive| alive.state == AliveState::Waiting && alive.stack != TraceTables::NO_STACK;
        for alive in self.alive.iter_mut().filter(placed) {
            alive.released = released.get(&standing::place(alive.stack, tables)).copied().unwrap_or_default();
        }
        let mut sites_hidden = 0;
        let sites = self.sites.report(shown.rows, &self.waits, tables, &mut sites_hidden);
        let (tasks, regions, logs) = self.marks.report(tables);
        let mut reasons = self.waits.report(shown.stacks, tables);
        reasons.retain(|reason| reason.finished.count + reason.unfinished.count > 0);
        for (name, count) in [("sites_not_listed", sites_hidden), ("marks_not_followed", self.marks.passed_over)] {
            if count > 0 {
                *hidden.entry(name.to_owned()).or_default() += count;
            }
        }
        let report = TraceReport {
            generations: self.generations,
            span_s: seconds(self.span_before_ns.saturating_add(self.end_ns.saturating_sub(start_ns))),
            goroutines: self.census(),
            states: self.states(),
            reasons,
            unfinished: unfinished(&self.alive, shown.rows, tables, hidden),
            latency: self.latency.spread(),
            syscalls: self.syscalls(shown.stacks, tables),
            procs: TraceProcs {
                seen: self.procs_seen,
                gomaxprocs: self.gomaxprocs,
                busy_s: seconds(self.busy_ns),
                utilization: self.busy_ns as f64 / self.busy_possible_ns.max(1) as f64,
            },
            sites,
            collector: self.collector.report(start_ns, shown.rows, tables),
            tasks,
            regions,
            logs,
            cpu: self.cpu(shown.rows, tables),
            over_time: if self.traces == 1 { self.columns.report(self.end_ns) } else { herd_model::TraceOverTime::default() },
            ..TraceReport::default()
        };
        let began_ns = self.began_ns();
        let weights = shown.weighed.map(|weighed| self.weights(weighed, tables));
        Finished { report, alive: self.alive, listings: self.listings.since(start_ns), began_ns, weights }
    }

    /// When the trace began, in nanoseconds since 1970, where it tells (Go 1.25 and later).
    pub(super) fn began_ns(&self) -> Option<i64> {
        let clocks = self.clocks?;
        let since = i64::try_from(self.start_ns?).ok()?.checked_sub(i64::try_from(clocks.trace_ns).ok()?)?;
        clocks.wall_ns.checked_add(since)
    }

    fn cpu(&self, top: usize, tables: &TraceTables) -> Option<TraceCpu> {
        let mut cpu = self.samples.report(top, &self.waits, tables)?;
        cpu.allocating = self.samples.allocating(top, &self.waits, tables);
        if let (1, Some(start_ns)) = (self.traces, self.start_ns) {
            cpu.hot = self.samples.hot((start_ns, self.end_ns), top, &self.waits, &self.collector, tables);
        }
        Some(cpu)
    }

    fn census(&self) -> TraceCensus {
        let sum = |of: fn(&sites::Site) -> u64| self.sites.all.iter().map(of).sum();
        TraceCensus {
            before: sum(|site| site.before),
            created: sum(|site| site.created),
            ended: sum(|site| site.ended),
            alive: sum(|site| (site.before + site.created).saturating_sub(site.ended)),
        }
    }

    fn states(&self) -> TraceStates {
        let mut all = [0u64; 4];
        for site in self.sites.all.iter().filter(|site| !site.system) {
            for (into, from) in all.iter_mut().zip(site.doing_ns) {
                *into = into.saturating_add(from);
            }
        }
        sites::states(&all)
    }

    fn syscalls(&self, top: usize, tables: &TraceTables) -> TraceSyscalls {
        let mut order: Vec<(StackId, AtStack)> = self.syscall_stacks.iter().collect();
        order.sort_by_key(|(stack, stat)| (std::cmp::Reverse((stat.total_ns, stat.unfinished)), *stack));
        let stacks: Vec<TraceStack> = order.into_iter().take(top).map(|(stack, stat)| stat.report(stack, tables)).collect();
        TraceSyscalls {
            finished: self.syscalls.spread(),
            blocked: self.syscalls_blocked,
            unfinished: self.syscalls_open.report(),
            stacks,
        }
    }
}

/// Goroutines of the program that wait at the end, by where.
fn unfinished(alive: &[Alive], top: usize, tables: &TraceTables, hidden: &mut BTreeMap<String, u64>) -> Vec<TraceUnfinished> {
    let mut by_place: BTreeMap<(StackId, Option<FrameId>), TraceUnfinished> = BTreeMap::new();
    for waiting in alive.iter().filter(|alive| alive.state == AliveState::Waiting && !alive.system) {
        let row = by_place.entry((waiting.stack, waiting.created_by)).or_insert_with(|| TraceUnfinished {
            reason: waiting.reason.clone().unwrap_or_default(),
            call: places::call(waiting.stack, tables),
            frames: places::frames(waiting.stack, places::FRAMES_SHOWN, tables),
            created_by: waiting.created_by.map(|frame| places::place(frame, tables)),
            ..TraceUnfinished::default()
        });
        row.count += 1;
        row.since_before += u64::from(waiting.began_before);
        row.created += u64::from(waiting.created_ns.is_some());
        row.max_s = row.max_s.max(seconds(waiting.for_ns));
    }
    let mut rows: Vec<TraceUnfinished> = by_place.into_values().collect();
    rows.sort_by(|a, b| {
        b.count
            .cmp(&a.count)
            .then_with(|| b.max_s.total_cmp(&a.max_s))
            .then_with(|| (&a.call.at, &a.frames).cmp(&(&b.call.at, &b.frames)))
    });
    if rows.len() > top {
        *hidden.entry("unfinished_not_listed".to_owned()).or_default() += (rows.len() - top) as u64;
        rows.truncate(top);
    }
    rows
}
