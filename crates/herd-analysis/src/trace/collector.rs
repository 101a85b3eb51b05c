//! What the collector did: collections with what made them begin, stops of the world with who delayed them, assists, mark workers.

use herd_model::{
    NameId, StackId, TraceCollector, TraceCycle, TraceDelay, TraceEvent, TraceGoroutine, TraceMeanwhile, TracePause, TraceStop,
    TraceTables, TraceTrigger, TraceWorkers,
};
use rustc_hash::FxHashMap;

use super::places::{self, FRAMES_SHOWN};
use super::spread::{Durations, seconds};
use super::waits::AtStack;

/// Collections and stops kept one by one; of more, only the sums.
const KEPT_MAX: usize = 100_000;
/// A goroutine delayed a stop when stopping took at least this share of the pause.
const DELAYED_SHARE: f64 = 0.1;
/// Assisting stacks named with a collection.
const ASSISTING_SHOWN: usize = 3;

/// A worker's mode, as its label says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `GC (dedicated)`.
    Dedicated,
    /// `GC (fractional)`.
    Fractional,
    /// `GC (idle)`.
    Idle,
}

impl Mode {
    /// The mode of a label (`runtime/mgc.go`, `gcMarkWorkerModeStrings`).
    pub fn from_label(label: &str) -> Option<Mode> {
        match label {
            "GC (dedicated)" => Some(Mode::Dedicated),
            "GC (fractional)" => Some(Mode::Fractional),
            "GC (idle)" => Some(Mode::Idle),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Stopping {
    goroutine: TraceGoroutine,
    thread: u64,
    kind: NameId,
    stack: StackId,
    at_ns: u64,
    stopped_ns: u64,
    last: Option<Last>,
}

/// A goroutine that stopped while the world was being stopped.
#[derive(Clone, Copy, Debug)]
struct Last {
    goroutine: u64,
    at_ns: u64,
    stack: StackId,
}

#[derive(Clone, Copy, Debug)]
struct Stop {
    stopping: Stopping,
    pause_ns: u64,
    heap: Option<u64>,
}

#[derive(Clone, Debug, Default)]
struct Cycle {
    at_ns: u64,
    marking_ns: u64,
    stack: Option<StackId>,
    heap: Option<u64>,
    goal: Option<u64>,
    paused_ns: u64,
    assisted_ns: u64,
    assists: Vec<(StackId, AtStack)>,
}

/// One assist, in nanoseconds of the trace's clock.
#[derive(Clone, Copy, Debug)]
struct Assist {
    from_ns: u64,
    to_ns: u64,
    stack: StackId,
}

/// The collector so far.
#[derive(Clone, Debug, Default)]
pub struct Collector {
    stopping: Vec<Stopping>,
    stops: Vec<Stop>,
    pauses: FxHashMap<NameId, Durations>,
    cycles: u64,
    cycle: Option<Cycle>,
    done: Vec<Cycle>,
    marking_ns: u64,
    workers_ns: [u64; 3],
    assists: Durations,
    assist_stacks: FxHashMap<StackId, AtStack>,
    assisted: Vec<Assist>,
    sweeps: Durations,
    heap: Option<u64>,
    goal: Option<u64>,
}

impl Collector {
    /// The world is being stopped.
    pub fn stop_begins(&mut self, event: &TraceEvent, kind: NameId, stack: StackId) {
        self.stopping.push(Stopping {
            goroutine: event.goroutine,
            thread: event.thread,
            kind,
            stack,
            at_ns: event.at_ns,
            stopped_ns: event.at_ns,
            last: None,
        });
    }

    /// Whether the world is being stopped or stands.
    #[inline]
    pub fn is_stopping(&self) -> bool {
        !self.stopping.is_empty()
    }

    /// A goroutine of another thread left its P while the world was being stopped.
    pub fn left_its_proc(&mut self, event: &TraceEvent, stack: StackId) {
        for stopping in self.stopping.iter_mut().filter(|stopping| stopping.thread != event.thread) {
            stopping.last = Some(Last { goroutine: event.goroutine.id, at_ns: event.at_ns, stack });
        }
    }

    /// A P of another thread came to rest while the world was being stopped.
    pub fn proc_rests(&mut self, event: &TraceEvent) {
        for stopping in self.stopping.iter_mut().filter(|stopping| stopping.thread != event.thread) {
            stopping.stopped_ns = event.at_ns;
        }
    }

    /// The world runs again.
    pub fn stop_ends(&mut self, event: &TraceEvent) {
        let Some(at) = self.stopping.iter().position(|stopping| stopping.goroutine.id == event.goroutine.id) else { return };
        let stopping = self.stopping.swap_remove(at);
        let pause_ns = event.at_ns.saturating_sub(stopping.at_ns);
        self.pauses.entry(stopping.kind).or_default().add(pause_ns);
        if let Some(cycle) = &mut self.cycle {
            cycle.paused_ns = cycle.paused_ns.saturating_add(pause_ns);
        } else if let Some(cycle) = self.done.last_mut() {
            // The stop that ends marking runs out after the mark that ends it.
            cycle.paused_ns = cycle.paused_ns.saturating_add(if stopping.at_ns < cycle.at_ns.saturating_add(cycle.marking_ns) {
                pause_ns
            } else {
                0
            });
        }
        if self.stops.len() < KEPT_MAX {
            self.stops.push(Stop { stopping, pause_ns, heap: self.heap });
        }
    }

    /// Marking begins, or is found under way.
    pub fn cycle_begins(&mut self, at_ns: u64, stack: Option<StackId>) {
        self.cycles += 1;
        // Begun inside the stop that ends sweeping, which belongs to it.
        self.cycle = Some(Cycle { at_ns, stack, heap: self.heap, goal: self.goal, ..Cycle::default() });
    }

    /// Whether marking is under way.
    #[inline]
    pub fn is_marking(&self) -> bool {
        self.cycle.is_some()
    }

    /// Marking is over; from when it went on.
    pub fn cycle_ends(&mut self, at_ns: u64) -> Option<u64> {
        let mut cycle = self.cycle.take()?;
        cycle.marking_ns = at_ns.saturating_sub(cycle.at_ns);
        self.marking_ns = self.marking_ns.saturating_add(cycle.marking_ns);
        let began = cycle.at_ns;
        if self.done.len() < KEPT_MAX {
            self.done.push(cycle);
        }
        Some(began)
    }

    /// A goroutine has assisted, from when to when.
    pub fn assisted(&mut self, stack: StackId, (from_ns, to_ns): (u64, u64)) {
        let ns = to_ns.saturating_sub(from_ns);
        if self.assisted.len() < KEPT_MAX {
            self.assisted.push(Assist { from_ns, to_ns, stack });
        }
        self.assists.add(ns);
        self.assist_stacks.entry(stack).or_default().add(ns);
        if let Some(cycle) = &mut self.cycle {
            cycle.assisted_ns = cycle.assisted_ns.saturating_add(ns);
            let at = cycle.assists.iter().position(|(of, _)| *of == stack).unwrap_or(cycle.assists.len());
            if at == cycle.assists.len() {
                cycle.assists.push((stack, AtStack::default()));
            }
            cycle.assists[at].1.add(ns);
        }
    }

    /// A mark worker ran.
    pub fn worked(&mut self, mode: Mode, ns: u64) {
        let total = &mut self.workers_ns[mode as usize];
        *total = total.saturating_add(ns);
    }

    /// A P swept on behalf of an allocation.
    pub fn swept(&mut self, ns: u64) {
        self.sweeps.add(ns);
    }

    /// The live heap is told.
    #[inline]
    pub fn heap(&mut self, bytes: u64) {
        self.heap = Some(bytes);
    }

    /// The heap goal is told.
    pub fn goal(&mut self, bytes: u64) {
        self.goal = Some(bytes);
    }

    /// The trace ends: what is under way is closed there.
    pub fn end(&mut self, at_ns: u64) -> Option<u64> {
        self.stopping.clear();
        self.cycle_ends(at_ns)
    }

    /// Time of assists by stack, in the order of the stacks' numbers.
    pub fn assists_by_stack(&self) -> Vec<(StackId, AtStack)> {
        let mut rows: Vec<(StackId, AtStack)> = self.assist_stacks.iter().map(|(stack, stat)| (*stack, *stat)).collect();
        rows.sort_by_key(|(stack, _)| *stack);
        rows
    }

    /// What went on from one moment to another of a single trace; nothing where not all of it is remembered.
    pub fn meanwhile(&self, (from_ns, to_ns): (u64, u64), tables: &TraceTables) -> Option<TraceMeanwhile> {
        if [self.stops.len(), self.done.len(), self.assisted.len()].contains(&KEPT_MAX) {
            return None;
        }
        let inside = |from: u64, to: u64| to.min(to_ns).saturating_sub(from.max(from_ns));
        let marking: u64 = self.done.iter().map(|cycle| inside(cycle.at_ns, cycle.at_ns.saturating_add(cycle.marking_ns))).sum();
        let pause = |stop: &Stop| inside(stop.stopping.at_ns, stop.stopping.at_ns.saturating_add(stop.pause_ns));
        let pauses: Vec<u64> = self.stops.iter().map(pause).filter(|ns| *ns > 0).collect();
        let mut stacks: FxHashMap<StackId, AtStack> = FxHashMap::default();
        let mut all = AtStack::default();
        for assist in &self.assisted {
            let ns = inside(assist.from_ns, assist.to_ns);
            if ns > 0 {
                all.add(ns);
                stacks.entry(assist.stack).or_default().add(ns);
            }
        }
        let mut assisting: Vec<(StackId, AtStack)> = stacks.into_iter().collect();
        assisting.sort_by_key(|(stack, stat)| (std::cmp::Reverse(stat.total_ns), *stack));
        Some(TraceMeanwhile {
            marking_share: (marking as f64 / to_ns.saturating_sub(from_ns).max(1) as f64).min(1.0),
            pauses: pauses.len() as u64,
            paused_s: seconds(pauses.iter().sum()),
            assists: all.count,
            assisted_s: seconds(all.total_ns),
            assisting: assisting.iter().take(ASSISTING_SHOWN).map(|(stack, stat)| stat.report(*stack, tables)).collect(),
        })
    }

    /// For a report: at most `top` of each list. Rows beyond that are the reader's to count.
    pub fn report(&self, start_ns: u64, top: usize, tables: &TraceTables) -> TraceCollector {
        let mut pauses: Vec<(&NameId, &Durations)> = self.pauses.iter().collect();
        pauses.sort_by_key(|(kind, pauses)| (std::cmp::Reverse(pauses.total_ns), **kind));
        let mut longest: Vec<&Stop> = self.stops.iter().collect();
        longest.sort_by_key(|stop| (std::cmp::Reverse(stop.pause_ns), stop.stopping.at_ns));
        let mut slowest: Vec<&Cycle> = self.done.iter().collect();
        slowest.sort_by_key(|cycle| (std::cmp::Reverse(cycle.marking_ns), cycle.at_ns));
        let mut assists = self.assists_by_stack();
        assists.sort_by_key(|(stack, stat)| (std::cmp::Reverse(stat.total_ns), *stack));
        TraceCollector {
            cycles: self.cycles,
            marking_s: seconds(self.marking_ns),
            pauses: pauses
                .into_iter()
                .map(|(kind, pauses)| TracePause { kind: tables.names.text(*kind).to_owned(), pauses: pauses.spread() })
                .collect(),
            longest: longest.into_iter().take(top).map(|stop| stop.report(start_ns, tables)).collect(),
            slowest: slowest.into_iter().take(top).map(|cycle| cycle.report(start_ns, tables)).collect(),
            workers: TraceWorkers {
                dedicated_s: seconds(self.workers_ns[Mode::Dedicated as usize]),
                fractional_s: seconds(self.workers_ns[Mode::Fractional as usize]),
                idle_s: seconds(self.workers_ns[Mode::Idle as usize]),
            },
            assists: self.assists.spread(),
            assist_stacks: assists.into_iter().take(top).map(|(stack, stat)| stat.report(stack, tables)).collect(),
            sweeps: self.sweeps.spread(),
        }
    }
}

impl Stop {
    fn report(&self, start_ns: u64, tables: &TraceTables) -> TraceStop {
        let Stopping { kind, stack, at_ns, stopped_ns, last, .. } = self.stopping;
        let delay = |last: Last| TraceDelay {
            goroutine: last.goroutine,
            after_s: seconds(last.at_ns.saturating_sub(at_ns)),
            stack: places::frames(last.stack, FRAMES_SHOWN, tables),
        };
        let took_long = |last: &Last| last.at_ns.saturating_sub(at_ns) as f64 >= self.pause_ns as f64 * DELAYED_SHARE;
        TraceStop {
            kind: tables.names.text(kind).to_owned(),
            at_s: seconds(at_ns.saturating_sub(start_ns)),
            pause_s: seconds(self.pause_ns),
            stopping_s: seconds(stopped_ns.saturating_sub(at_ns)),
            by: places::frames(stack, FRAMES_SHOWN, tables),
            delayed_by: last.filter(took_long).map(delay),
            heap_bytes: self.heap,
        }
    }
}

impl Cycle {
    fn report(&self, start_ns: u64, tables: &TraceTables) -> TraceCycle {
        let mut assists = self.assists.clone();
        assists.sort_by_key(|(stack, stat)| (std::cmp::Reverse(stat.total_ns), *stack));
        TraceCycle {
            at_s: seconds(self.at_ns.saturating_sub(start_ns)),
            marking_s: seconds(self.marking_ns),
            trigger: self.stack.map_or(TraceTrigger::Unknown, |stack| trigger(stack, tables)),
            by: self.stack.map(|stack| places::frames(stack, FRAMES_SHOWN, tables)).unwrap_or_default(),
            heap_bytes: self.heap,
            goal_bytes: self.goal,
            paused_s: seconds(self.paused_ns),
            assisted_s: seconds(self.assisted_ns),
            assisting: assists.iter().take(ASSISTING_SHOWN).map(|(stack, stat)| stat.report(*stack, tables)).collect(),
        }
    }
}

/// What made a collection begin, by who stands in its stack (`runtime/mgc.go`, callers of `gcStart`).
fn trigger(stack: StackId, tables: &TraceTables) -> TraceTrigger {
    let mut found = TraceTrigger::Unknown;
    for frame in tables.frames_of(stack) {
        match tables.func(*frame) {
            // Calls runtime.GC's part, too, and stands further out.
            "runtime/debug.FreeOSMemory" | "runtime/debug.freeOSMemory" => return TraceTrigger::FreeOsMemory,
            "runtime.GC" => found = TraceTrigger::Call,
            "runtime.forcegchelper" => found = TraceTrigger::Timer,
            func if found == TraceTrigger::Unknown && func.starts_with("runtime.mallocgc") => found = TraceTrigger::Heap,
            _ => {}
        }
    }
    found
}
