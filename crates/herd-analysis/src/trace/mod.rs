//! What an execution trace shows, measured as its events pass: nothing of the trace is kept but sums, what is under way, and bounded lists.
//!
//! A wait counts with its reason when the trace shows it begin and end. One that had begun before the goroutine was first seen has no
//! reason in the trace; one still under way at the end is counted apart, up to there: those are the ones Go's own profiles of a trace leave
//! out (`cmd/trace/pprof.go`, `makeComputePprofFunc`), and a goroutine that leaks is among them.

mod allocating;
mod beside;
mod collector;
mod columns;
mod cpu;
mod lives;
mod places;
pub mod plateau;
pub mod queues;
mod report;
mod sites;
mod snapshot;
mod spread;
mod standing;
pub mod timeline;
mod user;
mod waits;
mod weights;

use herd_model::{
    NO_PROC, StackId, TraceClocks, TraceEvent, TraceGeneration, TraceGoState, TraceGoroutine, TraceProcState, TraceTables,
    TraceVisitor, TraceWhat,
};
use rustc_hash::FxHashMap;

pub use lives::{Alive, AliveState, Released};
pub use report::{Finished, Shown};
pub(crate) use sites::is_system;
pub use snapshot::snapshot;
pub use standing::{Listing, Listings};
pub use weights::Weighed;

use collector::{Collector, Mode};
use columns::{Columns, Stretch};
use cpu::{Sample, Samples};
use lives::{Life, Since};
use sites::{Doing, SiteId, Sites};
use spread::{Durations, Open};
use user::Marks;
use waits::{ByStack, ReasonId, Waits};

/// A trace, or several, measured so far.
#[derive(Clone, Debug)]
pub struct Portrait {
    start_ns: Option<u64>,
    end_ns: u64,
    /// Σ of the spans of the traces before this one.
    span_before_ns: u64,
    traces: u64,
    generations: u64,
    clocks: Option<TraceClocks>,
    lives: Vec<Life>,
    alive: Vec<Alive>,
    waits: Waits,
    sites: Sites,
    /// Times of goroutines that were found there without a stack, until one of theirs shows where they start.
    early_ns: FxHashMap<u64, [u64; 4]>,
    latency: Durations,
    syscalls: Durations,
    syscalls_blocked: u64,
    syscalls_open: Open,
    syscall_stacks: ByStack,
    procs: Vec<Option<u64>>,
    procs_seen: u64,
    busy_ns: u64,
    busy_possible_ns: u64,
    gomaxprocs: Option<u64>,
    sweeps: FxHashMap<u32, u64>,
    collector: Collector,
    listings: Listings,
    marks: Marks,
    samples: Samples,
    columns: Columns,
}

impl Default for Portrait {
    fn default() -> Self {
        Portrait {
            start_ns: None,
            end_ns: 0,
            span_before_ns: 0,
            traces: 1,
            generations: 0,
            clocks: None,
            lives: Vec::new(),
            alive: Vec::new(),
            waits: Waits::default(),
            sites: Sites::default(),
            early_ns: FxHashMap::default(),
            latency: Durations::default(),
            syscalls: Durations::default(),
            syscalls_blocked: 0,
            syscalls_open: Open::default(),
            syscall_stacks: ByStack::default(),
            procs: Vec::new(),
            procs_seen: 0,
            busy_ns: 0,
            busy_possible_ns: 0,
            gomaxprocs: None,
            sweeps: FxHashMap::default(),
            collector: Collector::default(),
            listings: Listings::default(),
            marks: Marks::default(),
            samples: Samples::default(),
            columns: Columns::new(0),
        }
    }
}

impl TraceVisitor for Portrait {
    fn generation(&mut self, _tables: &TraceTables, generation: &TraceGeneration) {
        self.generations += 1;
        if self.clocks.is_none() {
            self.clocks = generation.clocks;
        }
    }

    #[allow(clippy::inline_always, reason = "where the reader calls it the kind of event is known")]
    #[inline(always)]
    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        if self.start_ns.is_none() {
            self.start_ns = Some(event.at_ns);
            self.columns = Columns::new(event.at_ns);
        }
        self.end_ns = self.end_ns.max(event.at_ns);
        match event.what {
            TraceWhat::GoStart { goroutine } => self.starts(goroutine, event.at_ns),
            TraceWhat::GoUnblock { goroutine, .. } => {
                self.change(goroutine, Doing::Runnable, event.at_ns);
            }
            TraceWhat::GoBlock { reason, stack } => {
                if self.collector.is_stopping() {
                    self.collector.left_its_proc(event, stack);
                }
                let reason = self.waits.reason(reason, stack, tables);
                self.learn(event.goroutine, stack, tables);
                self.change(event.goroutine, Doing::Waiting, event.at_ns);
                self.stands(event.goroutine, Some(reason), stack);
            }
            TraceWhat::GoStop { stack, .. } => {
                if self.collector.is_stopping() {
                    self.collector.left_its_proc(event, stack);
                }
                self.learn(event.goroutine, stack, tables);
                self.change(event.goroutine, Doing::Runnable, event.at_ns);
            }
            TraceWhat::GoCreate { goroutine, start, stack, blocked } => {
                self.created(event, goroutine, start, stack, blocked, tables);
            }
            TraceWhat::GoDestroy | TraceWhat::GoDestroySyscall => self.ends(event.goroutine, event.at_ns),
            TraceWhat::SyscallBegin { stack } => {
                self.learn(event.goroutine, stack, tables);
                self.change(event.goroutine, Doing::Syscall, event.at_ns);
                self.stands(event.goroutine, None, stack);
            }
            TraceWhat::SyscallEnd => {
                self.change(event.goroutine, Doing::Running, event.at_ns);
            }
            TraceWhat::SyscallEndBlocked => {
                self.syscalls_blocked += 1;
                self.change(event.goroutine, Doing::Runnable, event.at_ns);
            }
            TraceWhat::HeapAlloc { bytes } => {
                self.collector.heap(bytes);
                self.columns.heap(event.at_ns, bytes);
            }
            TraceWhat::GoStatus { goroutine, state, stack, first } => {
                self.status(goroutine, state, stack, first, event.at_ns, tables);
            }
            TraceWhat::GoCreateSyscall { goroutine } => self.created_in_c(goroutine, event.at_ns),
            TraceWhat::ProcStart { proc } => self.proc_busy(proc, event.at_ns),
            TraceWhat::ProcStop => self.proc_rests(event, event.proc),
            TraceWhat::ProcSteal { proc, .. } => self.proc_rests(event, proc),
            TraceWhat::ProcStatus { proc, state, first: true } => self.proc_status(proc, state, event.at_ns),
            TraceWhat::ProcsChange { procs, .. } => self.gomaxprocs = Some(procs),
            TraceWhat::StwBegin { kind, stack } => {
                self.collector.stop_begins(event, kind, stack);
                self.listings.stop_begins(event, tables.names.text(kind));
            }
            TraceWhat::StwEnd => {
                self.collector.stop_ends(event);
                self.listings.stop_ends(event);
            }
            TraceWhat::GcActive if !self.collector.is_marking() => {
                self.collector.cycle_begins(self.start_ns.unwrap_or(event.at_ns), None);
            }
            TraceWhat::GcBegin { stack } => self.collector.cycle_begins(event.at_ns, Some(stack)),
            TraceWhat::GcEnd => self.marked(event.at_ns),
            TraceWhat::SweepBegin { .. } => {
                self.sweeps.insert(event.proc, event.at_ns);
            }
            TraceWhat::SweepEnd { .. } => self.swept(event),
            TraceWhat::AssistBegin { stack } => self.assists(event, stack),
            TraceWhat::AssistEnd => self.assisted(event),
            TraceWhat::HeapGoal { bytes } => self.collector.goal(bytes),
            TraceWhat::Label { label } => self.labelled(event, tables.names.text(label)),
            TraceWhat::TaskBegin { task, name, .. } => self.marks.task_begins(task, name, event.at_ns),
            TraceWhat::TaskEnd { task, .. } => self.marks.task_ends(task, event.at_ns),
            TraceWhat::RegionBegin { task, name, .. } => self.marks.region_begins(event.goroutine, name, task, event.at_ns),
            TraceWhat::RegionEnd { task, name, .. } => self.marks.region_ends(event.goroutine, name, task, event.at_ns),
            TraceWhat::Log { key, .. } => self.marks.logged(key),
            TraceWhat::CpuSample { stack } => self.sampled(event, stack),
            // Repeated as a generation begins: what they tell of is known.
            TraceWhat::ProcStatus { first: false, .. }
            | TraceWhat::GcActive
            | TraceWhat::SweepActive { .. }
            | TraceWhat::AssistActive { .. }
            | TraceWhat::Experimental => {}
        }
    }

    fn another_trace(&mut self, _tables: &TraceTables) {
        self.close();
        self.traces += 1;
        let span = self.end_ns.saturating_sub(self.start_ns.unwrap_or(self.end_ns));
        self.span_before_ns = self.span_before_ns.saturating_add(span);
        self.start_ns = None;
        self.end_ns = 0;
        self.lives.clear();
        self.early_ns.clear();
        self.alive.clear();
        self.procs.clear();
        self.sweeps.clear();
        self.listings = Listings::default();
    }
}

impl Portrait {
    #[inline]
    fn starts(&mut self, goroutine: TraceGoroutine, at_ns: u64) {
        if let Some((Doing::Runnable, ns, Since::Seen)) = self.change(goroutine, Doing::Running, at_ns) {
            self.latency.add(ns);
        }
    }

    /// What goes on for a goroutine is over, and something else begins. Gives what it was, for how long, and whether it was seen to begin.
    #[allow(
        clippy::inline_always,
        reason = "each kind of event nearly always ends the same doing: its own copy is well predicted"
    )]
    #[inline(always)]
    fn change(&mut self, goroutine: TraceGoroutine, to: Doing, at_ns: u64) -> Option<(Doing, u64, Since)> {
        let before = self.leave(goroutine, at_ns);
        let generations = self.generations;
        if let Some(life) = self.life(goroutine) {
            life.doing = Some(to);
            life.since_ns = at_ns;
            life.since = Since::Seen;
            life.moved_in = generations;
        }
        before
    }

    /// What goes on for a goroutine is over: its time goes where it belongs.
    #[allow(
        clippy::inline_always,
        reason = "each kind of event nearly always ends the same doing: its own copy is well predicted"
    )]
    #[inline(always)]
    fn leave(&mut self, goroutine: TraceGoroutine, at_ns: u64) -> Option<(Doing, u64, Since)> {
        let life = lives::of(&mut self.lives, goroutine)?;
        let (doing, from_ns, since) = (life.doing.take()?, life.since_ns, life.since);
        let ns = at_ns.saturating_sub(from_ns);
        self.sites.did(life.site, doing, ns);
        if life.is_unknown() {
            self.early_ns.entry(life.id).or_default()[doing as usize] += ns;
        }
        match doing {
            Doing::Running => {
                self.columns.stretch(Stretch::Running, from_ns, at_ns);
                if let Some(mode) = life.mode.take() {
                    self.collector.worked(mode, ns);
                }
            }
            Doing::Runnable => self.columns.stretch(Stretch::Runnable, from_ns, at_ns),
            Doing::Waiting => {
                life.after = life.reason;
                match (life.reason, since) {
                    (Some(reason), Since::Seen) => {
                        self.sites.waited(life.site, reason, ns);
                        self.waits.finished(reason, life.stack, ns);
                    }
                    (Some(reason), Since::Before) => self.waits.finished_unseen(reason, life.stack, ns),
                    (None, _) => {}
                }
            }
            Doing::Syscall if since == Since::Seen => {
                self.syscalls.add(ns);
                self.syscall_stacks.at(life.stack).add(ns);
            }
            Doing::Syscall => {}
        }
        Some((doing, ns, since))
    }

    /// It waits, or is in a system call, at this stack.
    #[inline]
    fn stands(&mut self, goroutine: TraceGoroutine, reason: Option<ReasonId>, stack: StackId) {
        if let Some(life) = lives::of(&mut self.lives, goroutine) {
            life.reason = reason;
            life.stack = stack;
        }
    }

    /// The life of a goroutine; one never heard of has been there before the trace.
    #[inline]
    fn life(&mut self, goroutine: TraceGoroutine) -> Option<&mut Life> {
        let at = goroutine.slot as usize;
        let known = self.lives.get(at).is_some_and(|life| life.id == goroutine.id);
        if !known {
            self.find(goroutine, SiteId::UNKNOWN)?;
        }
        self.lives.get_mut(at)
    }

    /// Go 1.22 tells states without stacks: what a goroutine that was there starts in shows when it stands somewhere itself.
    #[inline]
    fn learn(&mut self, goroutine: TraceGoroutine, stack: StackId, tables: &TraceTables) {
        let Some(life) = lives::of(&mut self.lives, goroutine).filter(|life| life.is_unknown() && stack != TraceTables::NO_STACK)
        else {
            return;
        };
        life.site = self.sites.found(stack, tables);
        let early_ns = self.early_ns.remove(&life.id).unwrap_or_default();
        self.sites.moved(SiteId::UNKNOWN, life.site, early_ns);
    }

    fn find(&mut self, goroutine: TraceGoroutine, site: SiteId) -> Option<()> {
        if !goroutine.is_some() || goroutine.slot == u32::MAX {
            return None;
        }
        self.sites.all[site.0 as usize].before += 1;
        self.born(goroutine, site, None);
        Some(())
    }

    fn born(&mut self, goroutine: TraceGoroutine, site: SiteId, created_ns: Option<u64>) {
        let at = goroutine.slot as usize;
        if at >= self.lives.len() {
            self.lives.resize(at + 1, Life::NOBODY);
        }
        self.lives[at] = Life { id: goroutine.id, site, created_ns, moved_in: self.generations, ..Life::NOBODY };
    }

    fn created(
        &mut self,
        event: &TraceEvent,
        goroutine: TraceGoroutine,
        start: StackId,
        stack: StackId,
        blocked: bool,
        tables: &TraceTables,
    ) {
        if goroutine.slot == u32::MAX {
            return;
        }
        let site = self.sites.created(start, stack, tables);
        self.sites.all[site.0 as usize].created += 1;
        self.born(goroutine, site, Some(event.at_ns));
        self.columns.created(event.at_ns);
        self.change(goroutine, if blocked { Doing::Waiting } else { Doing::Runnable }, event.at_ns);
    }

    fn ends(&mut self, goroutine: TraceGoroutine, at_ns: u64) {
        self.leave(goroutine, at_ns);
        let Some(life) = lives::of(&mut self.lives, goroutine) else { return };
        if life.is_unknown() {
            self.early_ns.remove(&life.id);
        }
        let site = &mut self.sites.all[life.site.0 as usize];
        site.ended += 1;
        if let Some(created_ns) = life.created_ns {
            site.lived.add(at_ns.saturating_sub(created_ns));
        }
        *life = Life::NOBODY;
        self.listings.ends(goroutine, at_ns);
        self.columns.ended(at_ns);
    }

    fn created_in_c(&mut self, goroutine: TraceGoroutine, at_ns: u64) {
        if goroutine.slot == u32::MAX {
            return;
        }
        self.sites.all[SiteId::UNKNOWN.0 as usize].created += 1;
        self.born(goroutine, SiteId::UNKNOWN, Some(at_ns));
        self.columns.created(at_ns);
        self.change(goroutine, Doing::Syscall, at_ns);
    }

    fn proc_rests(&mut self, event: &TraceEvent, proc: u32) {
        if self.collector.is_stopping() {
            self.collector.proc_rests(event);
        }
        if let Some(since) = self.proc_seen(proc).and_then(Option::take) {
            self.busy_ns = self.busy_ns.saturating_add(event.at_ns.saturating_sub(since));
        }
    }

    fn proc_status(&mut self, proc: u32, state: TraceProcState, at_ns: u64) {
        if matches!(state, TraceProcState::Running | TraceProcState::Syscall) {
            self.proc_busy(proc, self.start_ns.unwrap_or(at_ns));
        } else {
            self.proc_seen(proc);
        }
    }

    fn marked(&mut self, at_ns: u64) {
        if let Some(from_ns) = self.collector.cycle_ends(at_ns) {
            self.columns.stretch(Stretch::Marking, from_ns, at_ns);
        }
    }

    fn swept(&mut self, event: &TraceEvent) {
        if let Some(from_ns) = self.sweeps.remove(&event.proc) {
            self.collector.swept(event.at_ns.saturating_sub(from_ns));
        }
    }

    fn assists(&mut self, event: &TraceEvent, stack: StackId) {
        if let Some(life) = self.life(event.goroutine) {
            life.assist = Some((event.at_ns, stack));
        }
    }

    fn assisted(&mut self, event: &TraceEvent) {
        if let Some((from_ns, stack)) = lives::of(&mut self.lives, event.goroutine).and_then(|life| life.assist.take()) {
            self.collector.assisted(stack, (from_ns, event.at_ns));
        }
    }

    fn labelled(&mut self, event: &TraceEvent, label: &str) {
        if let Some(life) = lives::of(&mut self.lives, event.goroutine) {
            life.mode = Mode::from_label(label);
        }
    }

    fn sampled(&mut self, event: &TraceEvent, stack: StackId) {
        let after = lives::of(&mut self.lives, event.goroutine).and_then(|life| life.after);
        let marking = self.collector.is_marking();
        self.samples.add(Sample { at_ns: event.at_ns, stack, goroutine: event.goroutine.id, after, marking });
    }

    /// A goroutine's state is told. What it does when first seen it has done since the trace began: had it done anything before, the trace
    /// would have told of it.
    fn status(
        &mut self,
        goroutine: TraceGoroutine,
        state: TraceGoState,
        stack: StackId,
        first: bool,
        at_ns: u64,
        tables: &TraceTables,
    ) {
        let doing = match state {
            TraceGoState::Runnable => Doing::Runnable,
            TraceGoState::Running => Doing::Running,
            TraceGoState::Syscall => Doing::Syscall,
            TraceGoState::Waiting => Doing::Waiting,
        };
        let start_ns = self.start_ns.unwrap_or(at_ns);
        self.learn(goroutine, stack, tables);
        let unknown = lives::of(&mut self.lives, goroutine).is_none();
        if first || unknown {
            let site = self.sites.found(stack, tables);
            self.find(goroutine, site);
        }
        let waits_for = (doing == Doing::Waiting && (first || unknown)).then(|| {
            let told = waits::told_by_stack(stack, tables);
            self.waits.named(told.as_deref().unwrap_or(waits::UNSEEN))
        });
        let Some(life) = lives::of(&mut self.lives, goroutine) else { return };
        if first || unknown {
            life.doing = Some(doing);
            life.since_ns = start_ns;
            life.since = Since::Before;
            life.reason = waits_for;
            life.stack = stack;
            life.moved_in = 0;
        } else if stack != TraceTables::NO_STACK && life.stack == TraceTables::NO_STACK {
            life.stack = stack;
        }
    }

    fn proc_seen(&mut self, proc: u32) -> Option<&mut Option<u64>> {
        let at = proc as usize;
        if proc == NO_PROC {
            return None;
        }
        if at >= self.procs.len() {
            self.procs.resize(at + 1, None);
            self.procs_seen = self.procs_seen.max(at as u64 + 1);
        }
        self.procs.get_mut(at)
    }

    fn proc_busy(&mut self, proc: u32, at_ns: u64) {
        if let Some(since) = self.proc_seen(proc) {
            since.get_or_insert(at_ns);
        }
    }

    /// The trace ends: what is under way is closed there and counted apart.
    fn close(&mut self) {
        let end_ns = self.end_ns;
        let start_ns = self.start_ns.unwrap_or(end_ns);
        for at in 0..self.lives.len() {
            let life = self.lives[at];
            let Some(doing) = life.doing else { continue };
            let ns = end_ns.saturating_sub(life.since_ns);
            self.sites.did(life.site, doing, ns);
            match doing {
                Doing::Running => self.columns.stretch(Stretch::Running, life.since_ns, end_ns),
                Doing::Runnable => self.columns.stretch(Stretch::Runnable, life.since_ns, end_ns),
                Doing::Waiting => {
                    if let Some(reason) = life.reason {
                        self.sites.waited(life.site, reason, ns);
                        self.waits.unfinished(reason, life.stack, ns);
                    }
                }
                Doing::Syscall => {
                    self.syscalls_open.add(ns);
                    self.syscall_stacks.at(life.stack).add_open(ns);
                }
            }
            let reason = life.reason.filter(|_| doing == Doing::Waiting).map(|reason| self.waits.text(reason).to_owned());
            let site = &self.sites.all[life.site.0 as usize];
            self.alive.push(lives::alive(&life, site, reason, self.generations, (start_ns, end_ns)));
        }
        for since in self.procs.iter_mut().filter_map(Option::take) {
            self.busy_ns = self.busy_ns.saturating_add(end_ns.saturating_sub(since));
        }
        let procs = self.gomaxprocs.unwrap_or(self.procs_seen).max(1);
        self.busy_possible_ns = self.busy_possible_ns.saturating_add(end_ns.saturating_sub(start_ns).saturating_mul(procs));
        if let Some(from_ns) = self.collector.end(end_ns) {
            self.columns.stretch(Stretch::Marking, from_ns, end_ns);
        }
        self.marks.end(end_ns);
    }
}
