//! A trace as tracks, for viewers of timelines: a group for each creation site, in it a track for each goroutine while it lives, and on that
//! what it does; the collector, stops of the world, heap, tasks, regions and logs. Drawn as the events pass, nothing is kept but what is
//! under way.

use std::sync::Arc;

use herd_model::{
    NameId, Place, StackId, TimelineState, TraceEvent, TraceGeneration, TraceGoroutine, TraceTables, TraceVisitor, TraceWhat,
    TrackFact, TrackId, TrackKind, TrackSink,
};
use rustc_hash::FxHashMap;

use super::follow::{Ending, Follow, Life, Spans};
use super::lanes::{Lane, Lanes};
use crate::names;
use crate::trace::sites::{SiteId, Sites};
use crate::trace::{places, waits};

/// What of a trace is drawn. Times count in nanoseconds from its beginning.
#[derive(Clone, Copy, Debug)]
pub struct Drawn {
    /// From.
    pub from_ns: u64,
    /// To.
    pub to_ns: u64,
    /// Types of tasks and regions, and what logs say, as numbers: they are the program's own texts.
    pub nameless: bool,
}

impl Default for Drawn {
    fn default() -> Self {
        Drawn { from_ns: 0, to_ns: u64::MAX, nameless: false }
    }
}

/// What was drawn, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DrawnCount {
    /// Slices.
    pub slices: u64,
    /// Slices beyond what a viewer can hold, and those of goroutines beyond the tracks it can show.
    pub left_out: u64,
    /// Another trace follows in the same file, which is not drawn.
    pub another: bool,
}

/// A goroutine that has been drawn.
#[derive(Debug)]
struct Walker {
    group: TrackId,
    lane: Option<Lane>,
    regions: Vec<Region>,
}

/// A region that is under way.
#[derive(Debug)]
struct Region {
    name: NameId,
    text: String,
    /// One that began before what is wanted is drawn when it is known to reach into it.
    drawn: bool,
}

/// Draws a trace.
#[derive(Debug)]
pub struct Drawing<'a, S> {
    wanted: Drawn,
    start_ns: Option<u64>,
    end_ns: u64,
    follow: Follow<Vec<(Life, u64, Ending)>>,
    lanes: Lanes<'a, S>,
    groups: FxHashMap<SiteId, Option<TrackId>>,
    walkers: FxHashMap<u64, Walker>,
    lines: FxHashMap<StackId, Line>,
    collector: Option<Collector>,
    tasks: Option<TrackId>,
    tasks_open: FxHashMap<u64, (u64, NameId)>,
    hidden: FxHashMap<(&'static str, NameId), String>,
    another: bool,
}

/// The tracks of the collector.
#[derive(Debug)]
struct Collector {
    marking: Lane,
    marks_since: Option<u64>,
    stops: Lane,
    stopping: Vec<(u64, u64, NameId)>,
    heap: TrackId,
    goal: TrackId,
}

/// What is told of a stack.
#[derive(Clone, Debug, Default)]
struct Line {
    at: String,
    called: String,
    /// What is called in package sync.
    sync: String,
    /// What is waited for, where the frames tell.
    told: Option<String>,
}

impl Spans for Vec<(Life, u64, Ending)> {
    fn born(&mut self, _site: SiteId) {}

    // What was drawn before it was known stays where it is.
    fn learned(&mut self, _goroutine: u64, _site: SiteId) {}

    #[inline]
    fn span(&mut self, life: &Life, to_ns: u64, ending: Ending) {
        self.push((*life, to_ns, ending));
    }

    fn busy(&mut self, _proc: u32, _from_ns: u64, _to_ns: u64) {}
}

impl<'a, S: TrackSink> Drawing<'a, S> {
    /// Onto a sink.
    pub fn new(wanted: Drawn, sink: &'a mut S) -> Self {
        Drawing {
            wanted,
            start_ns: None,
            end_ns: 0,
            follow: Follow::new(0, Sites::default(), FxHashMap::default(), Arc::default(), Vec::new()),
            lanes: Lanes::new(sink),
            groups: FxHashMap::default(),
            walkers: FxHashMap::default(),
            lines: FxHashMap::default(),
            collector: None,
            tasks: None,
            tasks_open: FxHashMap::default(),
            hidden: FxHashMap::default(),
            another: false,
        }
    }

    /// The trace has ended: what goes on is drawn up to there.
    pub fn finish(mut self, tables: &TraceTables) -> DrawnCount {
        self.follow.close(self.end_ns);
        self.spans(tables);
        let end_ns = self.clip(self.end_ns);
        let mut left: Vec<(u64, Walker)> = self.walkers.drain().collect();
        left.sort_unstable_by_key(|(id, _)| *id);
        for (_, walker) in left {
            self.over(walker, end_ns);
        }
        let mut tasks: Vec<u64> = self.tasks_open.keys().copied().collect();
        tasks.sort_unstable();
        for task in tasks {
            self.task_ends(task, self.end_ns, &[("not ended", TrackFact::Number(1))], tables);
        }
        self.marked(self.end_ns);
        DrawnCount { slices: self.lanes.slices, left_out: self.lanes.left_out, another: self.another }
    }

    fn start(&self) -> u64 {
        self.start_ns.unwrap_or(self.end_ns)
    }

    /// A time of the trace since its beginning, inside what is wanted.
    fn clip(&self, at_ns: u64) -> u64 {
        at_ns.saturating_sub(self.start()).clamp(self.wanted.from_ns, self.wanted.to_ns)
    }

    fn is_wanted(&self, from_ns: u64, to_ns: u64) -> bool {
        let since = |at_ns: u64| at_ns.saturating_sub(self.start());
        since(from_ns) <= self.wanted.to_ns && since(to_ns) >= self.wanted.from_ns
    }

    /// Draws what has ended.
    fn spans(&mut self, tables: &TraceTables) {
        while let Some((life, to_ns, ending)) = self.follow.spans.pop() {
            if self.is_wanted(life.since_ns, to_ns) {
                self.span(&life, to_ns, ending, tables);
            }
        }
    }

    fn span(&mut self, life: &Life, to_ns: u64, ending: Ending, tables: &TraceTables) {
        let (from_ns, to_ns) = (self.clip(life.since_ns), self.clip(to_ns));
        let first = !self.walkers.contains_key(&life.id);
        self.meet(life.id, life.site, from_ns, tables);
        let stood = self.lines.entry(life.stack).or_insert_with(|| Line::new(life.stack, tables));
        // A coroutine waits from its creation on, until it is called.
        let not_started = first && life.seen && life.state == TimelineState::Other && life.reason == TraceTables::NO_NAME;
        let name = if not_started { "not started" } else { name(life, stood, tables) };
        let mut facts = Vec::with_capacity(4);
        let stands = life.state != TimelineState::Running && life.stack != TraceTables::NO_STACK;
        if stands && !stood.at.is_empty() {
            facts.push(("at", TrackFact::Text(&stood.at)));
        }
        if stands && !stood.called.is_empty() {
            facts.push(("calls", TrackFact::Text(&stood.called)));
        }
        if life.state == TimelineState::Runnable && life.reason != TraceTables::NO_NAME {
            facts.push(("why", TrackFact::Text(tables.names.text(life.reason))));
        }
        match ending {
            Ending::Woken(waker, _) if waker != 0 => facts.push(("woken by goroutine", TrackFact::Number(waker))),
            Ending::Open => facts.push(("not ended", TrackFact::Number(1))),
            Ending::Woken(..) | Ending::Itself => {}
        }
        if !life.seen {
            facts.push(("began before", TrackFact::Number(1)));
        }
        match self.walkers.get_mut(&life.id).and_then(|walker| walker.lane.as_mut()) {
            Some(lane) => {
                if self.lanes.begin(lane, from_ns, name, &facts).is_some() {
                    self.lanes.end(lane, to_ns);
                }
            }
            None => self.lanes.left_out += 1,
        }
    }

    /// A goroutine is drawn from now on.
    fn meet(&mut self, id: u64, site: SiteId, from_ns: u64, tables: &TraceTables) {
        if self.walkers.contains_key(&id) {
            return;
        }
        let group = if let Some(group) = self.groups.get(&site) {
            *group
        } else {
            let group = self.lanes.track(TrackKind::Group, &group_name(&self.follow.sites, site, tables));
            self.groups.insert(site, group);
            group
        };
        let mut lane = group.and_then(|group| self.lanes.lane(group, from_ns, "goroutine"));
        let name = format!("goroutine {id}");
        let begun =
            lane.as_mut().and_then(|lane| self.lanes.begin(lane, from_ns, &name, &[("goroutine", TrackFact::Number(id))]));
        // What has no slice of its own has none inside it either.
        if begun.is_none()
            && let (Some(group), Some(lane)) = (group, lane.take())
        {
            self.lanes.give_back(group, lane);
        }
        let group = group.unwrap_or(TrackId(0));
        self.walkers.insert(id, Walker { group, lane, regions: Vec::new() });
    }

    fn over(&mut self, mut walker: Walker, at_ns: u64) {
        if at_ns > self.wanted.from_ns {
            self.draw_regions(&mut walker);
        }
        let Some(mut lane) = walker.lane.take() else { return };
        if let Some(under) = lane.under {
            let drawn = walker.regions.iter().filter(|region| region.drawn).count();
            (0..drawn).for_each(|_| self.lanes.sink.end(under, at_ns));
        }
        self.lanes.end(&mut lane, at_ns);
        self.lanes.give_back(walker.group, lane);
    }

    /// Draws regions that began before what is wanted, the outermost first.
    fn draw_regions(&mut self, walker: &mut Walker) {
        let Some(under) = walker.lane.and_then(|lane| lane.under) else { return };
        for region in walker.regions.iter_mut().filter(|region| !region.drawn) {
            region.drawn = true;
            self.lanes.slices += 1;
            self.lanes.sink.begin(under, self.wanted.from_ns, &region.text, &[]);
        }
    }

    /// What follows from an event beyond what goroutines do.
    fn others(&mut self, tables: &TraceTables, event: &TraceEvent) {
        match event.what {
            TraceWhat::GoDestroy | TraceWhat::GoDestroySyscall => {
                if let Some(walker) = self.walkers.remove(&event.goroutine.id) {
                    self.over(walker, self.clip(event.at_ns));
                }
            }
            TraceWhat::GcActive => {
                let start_ns = self.start();
                if let Some(collector) = self.collector() {
                    collector.marks_since.get_or_insert(start_ns);
                }
            }
            TraceWhat::GcBegin { .. } => {
                if let Some(collector) = self.collector() {
                    collector.marks_since = Some(event.at_ns);
                }
            }
            TraceWhat::GcEnd => self.marked(event.at_ns),
            TraceWhat::StwBegin { kind, .. } => {
                if let Some(collector) = self.collector() {
                    collector.stopping.push((event.goroutine.id, event.at_ns, kind));
                }
            }
            TraceWhat::StwEnd => self.stopped(event, tables),
            TraceWhat::HeapAlloc { bytes } if self.is_wanted(event.at_ns, event.at_ns) => {
                let at_ns = self.clip(event.at_ns);
                if let Some(heap) = self.collector().map(|collector| collector.heap) {
                    self.lanes.sink.value(heap, at_ns, bytes);
                }
            }
            TraceWhat::HeapGoal { bytes } if self.is_wanted(event.at_ns, event.at_ns) => {
                let at_ns = self.clip(event.at_ns);
                if let Some(goal) = self.collector().map(|collector| collector.goal) {
                    self.lanes.sink.value(goal, at_ns, bytes);
                }
            }
            TraceWhat::TaskBegin { task, name, .. } => {
                self.tasks_open.insert(task, (event.at_ns, name));
            }
            TraceWhat::TaskEnd { task, .. } => self.task_ends(task, event.at_ns, &[], tables),
            TraceWhat::RegionBegin { name, .. } => self.region(event, name, tables),
            TraceWhat::RegionEnd { name, .. } => self.region_ends(event, name),
            TraceWhat::Log { key, value, .. } if self.is_wanted(event.at_ns, event.at_ns) => {
                let (category, message) = (self.text("log", key, tables), tables.names.text(value));
                let told = [("message", TrackFact::Text(message))];
                if let Some((under, at_ns)) = self.under(event.goroutine, event.at_ns, tables) {
                    let facts = if self.wanted.nameless { &[][..] } else { &told };
                    self.lanes.sink.instant(under, at_ns, &category, facts);
                }
            }
            TraceWhat::ProcsChange { .. }
            | TraceWhat::ProcStart { .. }
            | TraceWhat::ProcStop
            | TraceWhat::ProcSteal { .. }
            | TraceWhat::ProcStatus { .. }
            | TraceWhat::GoCreate { .. }
            | TraceWhat::GoCreateSyscall { .. }
            | TraceWhat::GoStart { .. }
            | TraceWhat::GoStop { .. }
            | TraceWhat::GoBlock { .. }
            | TraceWhat::GoUnblock { .. }
            | TraceWhat::SyscallBegin { .. }
            | TraceWhat::SyscallEnd
            | TraceWhat::SyscallEndBlocked
            | TraceWhat::GoStatus { .. }
            | TraceWhat::SweepActive { .. }
            | TraceWhat::SweepBegin { .. }
            | TraceWhat::SweepEnd { .. }
            | TraceWhat::AssistActive { .. }
            | TraceWhat::AssistBegin { .. }
            | TraceWhat::AssistEnd
            | TraceWhat::HeapAlloc { .. }
            | TraceWhat::HeapGoal { .. }
            | TraceWhat::Label { .. }
            | TraceWhat::Log { .. }
            | TraceWhat::CpuSample { .. }
            | TraceWhat::Experimental => {}
        }
    }

    fn collector(&mut self) -> Option<&mut Collector> {
        if self.collector.is_none() {
            let of = self.lanes.track(TrackKind::Group, "collector")?;
            let marking = self.lanes.lane(of, 0, "marking")?;
            let stops = self.lanes.lane(of, 0, "stops of the world")?;
            let heap = self.lanes.track(TrackKind::Bytes { of }, "heap")?;
            let goal = self.lanes.track(TrackKind::Bytes { of }, "heap goal")?;
            self.collector = Some(Collector { marking, marks_since: None, stops, stopping: Vec::new(), heap, goal });
        }
        self.collector.as_mut()
    }

    fn marked(&mut self, at_ns: u64) {
        let since = self.collector.as_mut().and_then(|collector| collector.marks_since.take());
        let Some(from_ns) = since.filter(|from_ns| self.is_wanted(*from_ns, at_ns)) else { return };
        let (from_ns, to_ns) = (self.clip(from_ns), self.clip(at_ns));
        if let Some(collector) = &mut self.collector
            && self.lanes.begin(&mut collector.marking, from_ns, "marking", &[]).is_some()
        {
            self.lanes.end(&mut collector.marking, to_ns);
        }
    }

    fn stopped(&mut self, event: &TraceEvent, tables: &TraceTables) {
        let Some(collector) = self.collector() else { return };
        let Some(at) = collector.stopping.iter().position(|(by, ..)| *by == event.goroutine.id) else { return };
        let (by, from_ns, kind) = collector.stopping.swap_remove(at);
        if !self.is_wanted(from_ns, event.at_ns) {
            return;
        }
        let (from_ns, to_ns) = (self.clip(from_ns), self.clip(event.at_ns));
        if let Some(collector) = &mut self.collector {
            let facts = [("by goroutine", TrackFact::Number(by))];
            if self.lanes.begin(&mut collector.stops, from_ns, tables.names.text(kind), &facts).is_some() {
                self.lanes.end(&mut collector.stops, to_ns);
            }
        }
    }

    fn task_ends(&mut self, task: u64, at_ns: u64, facts: &[(&str, TrackFact<'_>)], tables: &TraceTables) {
        let Some((from_ns, name)) = self.tasks_open.remove(&task) else { return };
        if !self.is_wanted(from_ns, at_ns) {
            return;
        }
        let text = self.text("task", name, tables);
        let (from_ns, to_ns) = (self.clip(from_ns), self.clip(at_ns));
        if self.tasks.is_none() {
            self.tasks = self.lanes.track(TrackKind::Group, "tasks");
        }
        let lane = self.tasks.and_then(|of| self.lanes.lane(of, from_ns, "task").map(|lane| (of, lane)));
        let Some((of, mut lane)) = lane else { return self.lanes.left_out += 1 };
        let facts: Vec<_> = std::iter::once(("task", TrackFact::Number(task))).chain(facts.iter().copied()).collect();
        if self.lanes.begin(&mut lane, from_ns, &text, &facts).is_some() {
            self.lanes.end(&mut lane, to_ns);
        }
        self.lanes.give_back(of, lane);
    }

    fn region(&mut self, event: &TraceEvent, name: NameId, tables: &TraceTables) {
        if !self.is_wanted(event.at_ns, u64::MAX) {
            return;
        }
        let text = self.text("region", name, tables);
        let drawn = self.is_wanted(event.at_ns, event.at_ns);
        let Some((under, at_ns)) = self.under(event.goroutine, event.at_ns, tables) else { return self.lanes.left_out += 1 };
        let Some(mut walker) = self.walkers.remove(&event.goroutine.id) else { return };
        if drawn {
            self.draw_regions(&mut walker);
            self.lanes.slices += 1;
            self.lanes.sink.begin(under, at_ns, &text, &[]);
        }
        walker.regions.push(Region { name, text, drawn });
        self.walkers.insert(event.goroutine.id, walker);
    }

    fn region_ends(&mut self, event: &TraceEvent, name: NameId) {
        // One that began before the trace ends unheard.
        let began = |walker: &Walker| walker.regions.last().is_some_and(|region| region.name == name);
        if !self.walkers.get(&event.goroutine.id).is_some_and(began) {
            return;
        }
        let Some(mut walker) = self.walkers.remove(&event.goroutine.id) else { return };
        if self.is_wanted(self.start(), event.at_ns) {
            self.draw_regions(&mut walker);
        }
        let ended = walker.regions.pop().is_some_and(|region| region.drawn);
        if let Some(under) = walker.lane.and_then(|lane| lane.under).filter(|_| ended) {
            self.lanes.sink.end(under, self.clip(event.at_ns));
        }
        self.walkers.insert(event.goroutine.id, walker);
    }

    /// The track for regions and logs of a goroutine, and the moment there.
    fn under(&mut self, goroutine: TraceGoroutine, at_ns: u64, tables: &TraceTables) -> Option<(TrackId, u64)> {
        let at_ns = self.clip(at_ns);
        if !goroutine.is_some() {
            return None;
        }
        let (site, since_ns) =
            self.follow.life(goroutine).map_or((SiteId::UNKNOWN, at_ns), |life| (life.site, self.clip(life.since_ns)));
        self.meet(goroutine.id, site, since_ns, tables);
        let lane = self.walkers.get_mut(&goroutine.id)?.lane.as_mut()?;
        if lane.under.is_none() {
            lane.under = self.lanes.track(TrackKind::Under { of: lane.track }, "regions and logs");
        }
        Some((lane.under?, at_ns))
    }

    /// A text of the program's own, or what stands for it.
    fn text(&mut self, what: &'static str, name: NameId, tables: &TraceTables) -> String {
        if !self.wanted.nameless {
            return tables.names.text(name).to_owned();
        }
        let next = self.hidden.keys().filter(|(of, _)| *of == what).count() + 1;
        self.hidden.entry((what, name)).or_insert_with(|| format!("{what}-{next}")).clone()
    }
}

impl<S: TrackSink> TraceVisitor for Drawing<'_, S> {
    fn generation(&mut self, _tables: &TraceTables, _generation: &TraceGeneration) {}

    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        if self.another {
            return;
        }
        if self.start_ns.is_none() {
            self.start_ns = Some(event.at_ns);
            self.follow = Follow::new(event.at_ns, Sites::default(), FxHashMap::default(), Arc::default(), Vec::new());
        }
        self.end_ns = self.end_ns.max(event.at_ns);
        self.follow.event(tables, event);
        self.spans(tables);
        self.others(tables, event);
    }

    fn another_trace(&mut self, _tables: &TraceTables) {
        self.another = true;
    }
}

impl Line {
    fn new(stack: StackId, tables: &TraceTables) -> Line {
        if stack == TraceTables::NO_STACK {
            return Line { sync: "sync".to_owned(), ..Line::default() };
        }
        let call = places::call(stack, tables);
        let place = |place: &Place| format!("{} {}:{}", names::short(&place.func), names::base(&place.file), place.line);
        Line {
            at: call.at.as_ref().map(place).unwrap_or_default(),
            called: call.called.unwrap_or_default(),
            sync: waits::called_in_sync(stack, tables),
            told: waits::told_by_stack(stack, tables),
        }
    }
}

/// What a slice is called: the state, or what is waited for as reports call it.
fn name<'t>(life: &Life, stood: &'t Line, tables: &'t TraceTables) -> &'t str {
    match (life.state, tables.names.text(life.reason)) {
        (TimelineState::Running, _) => "running",
        (TimelineState::Runnable, _) => "runnable",
        (TimelineState::Syscall, _) => "system call",
        (_, "sync") => &stood.sync,
        (_, "") if life.seen => waits::SWITCH,
        (_, "") => stood.told.as_deref().unwrap_or(waits::UNSEEN),
        (_, reason) => reason,
    }
}

fn group_name(sites: &Sites, site: SiteId, tables: &TraceTables) -> String {
    let site = &sites.all[site.0 as usize];
    let Some(entry) = site.entry else { return "started where nobody saw".to_owned() };
    let func = names::short(tables.func(entry));
    let by = site.created_by.map(|by| places::place(by, tables));
    match by {
        Some(by) => format!("{func} ← {} {}:{}", names::short(&by.func), names::base(&by.file), by.line),
        None => func.to_owned(),
    }
}
