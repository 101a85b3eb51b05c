//! Follows every goroutine and P through the events of a trace, or of a part of it, and hands over each span when it ends.

use std::sync::Arc;

use herd_model::{
    NO_PROC, NameId, StackId, TimelineState, TraceEvent, TraceGoState, TraceGoroutine, TraceProcState, TraceTables, TraceWhat,
};
use rustc_hash::FxHashMap;

use crate::trace::sites::{SiteId, Sites};

/// What a goroutine does, since when and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Its id; 0 for nobody.
    pub id: u64,
    /// Since when.
    pub since_ns: u64,
    /// Where it was created.
    pub site: SiteId,
    /// What it waits for.
    pub reason: NameId,
    /// Where it waits, or entered its call.
    pub stack: StackId,
    /// What it does.
    pub state: TimelineState,
    /// Whether that was seen to begin.
    pub seen: bool,
    /// The trace found the goroutine there.
    pub found: bool,
}

impl Life {
    const NOBODY: Life = Life {
        id: 0,
        since_ns: 0,
        site: SiteId::UNKNOWN,
        reason: TraceTables::NO_NAME,
        stack: TraceTables::NO_STACK,
        state: TimelineState::Other,
        seen: false,
        found: false,
    };
}

/// How a span ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The goroutine itself goes on to something else, or is over.
    Itself,
    /// Somebody made it ready: the goroutine, 0 for none, and where it stood.
    Woken(u64, StackId),
    /// What is read ends before the span does.
    Open,
}

/// What takes the spans.
pub trait Spans {
    /// A goroutine is met for the first time.
    fn born(&mut self, site: SiteId);
    /// A goroutine that was found there without a stack, and that was born and had spans with [`SiteId::UNKNOWN`], is of this site; of
    /// that one still if it is over.
    fn learned(&mut self, goroutine: u64, site: SiteId);
    /// What a goroutine did until now.
    fn span(&mut self, life: &Life, to_ns: u64, ending: Ending);
    /// A P had a thread.
    fn busy(&mut self, proc: u32, from_ns: u64, to_ns: u64);
}

/// Everybody, as far as read.
#[derive(Clone, Debug)]
pub struct Follow<S> {
    /// Where spans go.
    pub spans: S,
    /// Creation sites.
    pub sites: Sites,
    /// Goroutines whose own stack told later than their first state where they start.
    pub learned: FxHashMap<u64, SiteId>,
    /// Who was there, and doing what, where reading begins, by id.
    known: Arc<[Life]>,
    /// Those of them that have been heard of.
    met: Vec<bool>,
    start_ns: u64,
    lives: Vec<Life>,
    procs: Vec<Option<u64>>,
    states: Vec<Option<TimelineState>>,
    /// Whoever is not in `lives` or `known` is not there.
    complete: bool,
}

/// Everybody at one moment inside a generation.
#[derive(Clone, Debug)]
pub struct Moment {
    lives: Vec<Life>,
    procs: Vec<Option<u64>>,
}

impl Moment {
    /// Bytes of memory.
    pub fn bytes(&self) -> usize {
        self.lives.len() * size_of::<Life>() + self.procs.len() * size_of::<Option<u64>>()
    }
}

impl<S: Spans> Follow<S> {
    /// From a moment on, with those known there in order of their ids.
    pub fn new(start_ns: u64, sites: Sites, learned: FxHashMap<u64, SiteId>, known: Arc<[Life]>, spans: S) -> Self {
        let (met, complete) = (vec![false; known.len()], !known.is_empty());
        let (lives, procs, states) = (Vec::new(), Vec::new(), Vec::new());
        Follow { spans, sites, learned, known, met, start_ns, lives, procs, states, complete }
    }

    /// What everybody does.
    pub fn moment(&self) -> Moment {
        Moment { lives: self.lives.clone(), procs: self.procs.clone() }
    }

    /// Goes on from a moment, for events that name goroutines as those up to it did; of `unheard`, in order of their ids, nothing had been
    /// told by then.
    pub fn resume(&mut self, moment: &Moment, unheard: Arc<[Life]>) {
        self.lives.clone_from(&moment.lives);
        self.procs.clone_from(&moment.procs);
        for life in self.lives.iter_mut().filter(|life| is_unknown(life)) {
            life.site = self.learned.get(&life.id).copied().unwrap_or(life.site);
        }
        (self.met, self.complete) = (vec![false; unheard.len()], true);
        self.known = unheard;
    }

    /// The next event.
    #[inline]
    pub fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        let (who, at_ns) = (event.goroutine, event.at_ns);
        match event.what {
            TraceWhat::GoStart { goroutine } => self.change(goroutine, TimelineState::Running, at_ns, Ending::Itself),
            TraceWhat::GoUnblock { goroutine, stack } => {
                self.change(goroutine, TimelineState::Runnable, at_ns, Ending::Woken(who.id, stack));
            }
            TraceWhat::GoBlock { reason, stack } => {
                let state = self.waits(reason, tables);
                self.learn(who, stack, tables);
                self.change(who, state, at_ns, Ending::Itself);
                self.stands(who, reason, stack);
            }
            TraceWhat::GoStop { reason, stack } => {
                self.learn(who, stack, tables);
                self.change(who, TimelineState::Runnable, at_ns, Ending::Itself);
                self.stands(who, reason, stack);
            }
            TraceWhat::GoCreate { goroutine, start, stack, blocked } => {
                let site = self.sites.created(start, stack, tables);
                let state = if blocked { TimelineState::Other } else { TimelineState::Runnable };
                self.born(Life { id: goroutine.id, site, since_ns: at_ns, state, seen: true, ..Life::NOBODY }, goroutine);
            }
            TraceWhat::GoCreateSyscall { goroutine } => {
                let state = TimelineState::Syscall;
                self.born(Life { id: goroutine.id, since_ns: at_ns, state, seen: true, ..Life::NOBODY }, goroutine);
            }
            TraceWhat::GoDestroy | TraceWhat::GoDestroySyscall => {
                if let Some(life) = of(&mut self.lives, who) {
                    let over = std::mem::replace(life, Life::NOBODY);
                    self.spans.span(&over, at_ns, Ending::Itself);
                    if is_unknown(&over) {
                        self.spans.learned(over.id, SiteId::UNKNOWN);
                    }
                }
            }
            TraceWhat::SyscallBegin { stack } => {
                self.learn(who, stack, tables);
                self.change(who, TimelineState::Syscall, at_ns, Ending::Itself);
                self.stands(who, TraceTables::NO_NAME, stack);
            }
            TraceWhat::SyscallEnd => self.change(who, TimelineState::Running, at_ns, Ending::Itself),
            TraceWhat::SyscallEndBlocked => self.change(who, TimelineState::Runnable, at_ns, Ending::Itself),
            TraceWhat::GoStatus { goroutine, state, stack, .. } => self.status(goroutine, state, stack, tables),
            TraceWhat::ProcStart { proc } => self.proc_runs(proc, at_ns),
            TraceWhat::ProcStop => self.proc_rests(event.proc, at_ns),
            TraceWhat::ProcSteal { proc, .. } => self.proc_rests(proc, at_ns),
            TraceWhat::ProcStatus { proc, state: TraceProcState::Running | TraceProcState::Syscall, first: true } => {
                self.proc_runs(proc, self.start_ns);
            }
            TraceWhat::ProcStatus { .. }
            | TraceWhat::ProcsChange { .. }
            | TraceWhat::StwBegin { .. }
            | TraceWhat::StwEnd
            | TraceWhat::GcActive
            | TraceWhat::GcBegin { .. }
            | TraceWhat::GcEnd
            | TraceWhat::SweepActive { .. }
            | TraceWhat::SweepBegin { .. }
            | TraceWhat::SweepEnd { .. }
            | TraceWhat::AssistActive { .. }
            | TraceWhat::AssistBegin { .. }
            | TraceWhat::AssistEnd
            | TraceWhat::HeapAlloc { .. }
            | TraceWhat::HeapGoal { .. }
            | TraceWhat::Label { .. }
            | TraceWhat::TaskBegin { .. }
            | TraceWhat::TaskEnd { .. }
            | TraceWhat::RegionBegin { .. }
            | TraceWhat::RegionEnd { .. }
            | TraceWhat::Log { .. }
            | TraceWhat::CpuSample { .. }
            | TraceWhat::Experimental => {}
        }
    }

    /// What a goroutine does.
    pub fn life(&self, goroutine: TraceGoroutine) -> Option<&Life> {
        self.lives.get(goroutine.slot as usize).filter(|life| life.id == goroutine.id)
    }

    /// Everybody there, by id.
    pub fn alive(&self) -> Vec<Life> {
        let mut alive: Vec<Life> = self.lives.iter().filter(|life| life.id != 0).copied().collect();
        alive.sort_unstable_by_key(|life| life.id);
        alive
    }

    /// Whether who is not heard of until a generation ends is known all the same.
    pub fn is_known(&self) -> bool {
        self.complete
    }

    /// What is read ends: all that goes on is handed over.
    pub fn close(&mut self, end_ns: u64) {
        let mut lives = self.alive();
        // A generation tells of every goroutine once, of those that do nothing at its end, which may not have been read.
        let unheard = self.known.iter().zip(&self.met).filter(|(_, met)| !**met).map(|(life, _)| life);
        lives.extend(unheard.map(|life| Life { site: self.learned.get(&life.id).copied().unwrap_or(life.site), ..*life }));
        for life in &lives {
            self.spans.span(life, end_ns, Ending::Open);
        }
        self.lives.clear();
        for proc in 0..self.procs.len() as u32 {
            self.proc_rests(proc, end_ns);
        }
    }

    #[inline]
    fn change(&mut self, goroutine: TraceGoroutine, state: TimelineState, at_ns: u64, ending: Ending) {
        match of(&mut self.lives, goroutine) {
            Some(life) => {
                self.spans.span(life, at_ns, ending);
                *life = Life {
                    since_ns: at_ns,
                    state,
                    seen: true,
                    reason: TraceTables::NO_NAME,
                    stack: TraceTables::NO_STACK,
                    ..*life
                };
            }
            // Never heard of: it was there, doing nobody knows what.
            None => {
                self.born(Life { id: goroutine.id, since_ns: at_ns, state, seen: true, found: true, ..Life::NOBODY }, goroutine);
            }
        }
    }

    #[inline]
    fn stands(&mut self, goroutine: TraceGoroutine, reason: NameId, stack: StackId) {
        if let Some(life) = of(&mut self.lives, goroutine) {
            life.reason = reason;
            life.stack = stack;
        }
    }

    /// Go 1.22 tells states without stacks: what a goroutine that was there starts in shows when it stands somewhere itself.
    #[inline]
    fn learn(&mut self, goroutine: TraceGoroutine, stack: StackId, tables: &TraceTables) {
        let Some(life) = of(&mut self.lives, goroutine).filter(|life| is_unknown(life) && stack != TraceTables::NO_STACK) else {
            return;
        };
        life.site = self.sites.found(stack, tables);
        self.learned.insert(life.id, life.site);
        self.spans.learned(life.id, life.site);
    }

    fn born(&mut self, mut life: Life, goroutine: TraceGoroutine) {
        let at = goroutine.slot as usize;
        if !goroutine.is_some() || goroutine.slot == u32::MAX {
            return;
        }
        if let Some(site) = self.learned.get(&life.id).filter(|_| is_unknown(&life)) {
            life.site = *site;
        }
        if at >= self.lives.len() {
            self.lives.resize(at + 1, Life::NOBODY);
        }
        self.spans.born(life.site);
        self.lives[at] = life;
    }

    /// A goroutine's state is told. What it does when first seen it has done since reading began, or since it was known to.
    fn status(&mut self, goroutine: TraceGoroutine, state: TraceGoState, stack: StackId, tables: &TraceTables) {
        self.learn(goroutine, stack, tables);
        if let Some(life) = of(&mut self.lives, goroutine) {
            if life.stack == TraceTables::NO_STACK && life.state != TimelineState::Running {
                life.stack = stack;
            }
            return;
        }
        if let Ok(at) = self.known.binary_search_by_key(&goroutine.id, |life| life.id) {
            let known = self.known[at];
            self.met[at] = true;
            return self.born(known, goroutine);
        }
        let state = match state {
            TraceGoState::Runnable => TimelineState::Runnable,
            TraceGoState::Running => TimelineState::Running,
            TraceGoState::Syscall => TimelineState::Syscall,
            TraceGoState::Waiting => TimelineState::Other,
        };
        let site = self.sites.found(stack, tables);
        let life = Life { id: goroutine.id, site, since_ns: self.start_ns, stack, state, found: true, ..Life::NOBODY };
        self.born(life, goroutine);
    }

    fn proc_runs(&mut self, proc: u32, at_ns: u64) {
        let at = proc as usize;
        if proc == NO_PROC {
            return;
        }
        if at >= self.procs.len() {
            self.procs.resize(at + 1, None);
        }
        self.procs[at].get_or_insert(at_ns);
    }

    fn proc_rests(&mut self, proc: u32, at_ns: u64) {
        if let Some(from_ns) = self.procs.get_mut(proc as usize).and_then(Option::take) {
            self.spans.busy(proc, from_ns, at_ns);
        }
    }

    #[inline]
    fn waits(&mut self, reason: NameId, tables: &TraceTables) -> TimelineState {
        let at = reason.0 as usize;
        if at >= self.states.len() {
            self.states.resize(at + 1, None);
        }
        *self.states[at].get_or_insert_with(|| waiting(tables.names.text(reason)))
    }
}

#[inline]
fn of(lives: &mut [Life], goroutine: TraceGoroutine) -> Option<&mut Life> {
    lives.get_mut(goroutine.slot as usize).filter(|life| life.id == goroutine.id)
}

/// Whether where it starts is not known yet, and its own stack may tell; one that came from C starts nowhere in Go.
#[inline]
fn is_unknown(life: &Life) -> bool {
    life.site == SiteId::UNKNOWN && life.found
}

/// The class of a reason (`runtime/traceruntime.go`, `traceBlockReasonStrings`, Go 1.22 to 1.27).
fn waiting(reason: &str) -> TimelineState {
    match reason {
        "chan send" | "chan receive" | "select" | "forever" => TimelineState::Channel,
        "sync" | "sync.(*Cond).Wait" => TimelineState::Sync,
        "network" => TimelineState::Network,
        "sleep" => TimelineState::Sleep,
        _ if reason.starts_with("GC ") || reason == "wait until GC ends" => TimelineState::Collector,
        _ => TimelineState::Other,
    }
}
