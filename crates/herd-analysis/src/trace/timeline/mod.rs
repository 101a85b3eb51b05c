//! An execution trace over time. One pass keeps sums by group and column, and for every generation where it lies and who did what when it
//! began; a narrow window is then told from its generations alone, which are read again.
//!
//! Memory: at most [`pyramid::CELLS`] cells of 72 bytes, and 40 bytes for each goroutine alive at each beginning of a
//! generation, at most [`KNOWN_MAX`] in all; [`STATIONS_BYTES`] for places inside generations that reading can go on from.

mod close;
mod follow;
mod lanes;
mod moment;
mod pyramid;
mod rows;
mod tracks;
mod view;

use std::sync::Arc;

use herd_model::{
    NameId, StackId, TimelineState, TraceEvent, TraceGeneration, TraceGoroutine, TracePlace, TraceTables, TraceVisitor, TraceWhat,
};
use rustc_hash::FxHashMap;

use super::sites::{SiteId, Sites};
use follow::{Ending, Follow, Life, Moment, Spans};
use pyramid::{Pyramid, STATES};

pub use close::{CloseUp, Surroundings};
pub use moment::{Looked, Looking};
pub use tracks::{Drawing, Drawn, DrawnCount};

/// Groups with a lane of their own; all others share one more.
pub const LANES_MAX: usize = 255;
/// Goroutines remembered at the beginnings of generations.
const KNOWN_MAX: usize = 2_000_000;
/// Collections and stops of the world kept one by one.
const KEPT_MAX: usize = 100_000;
/// Spans that are kept until it shows whose they are: about 15 MB.
const HELD_MAX: usize = 1 << 18;
/// Bytes of a trace that are read again for any look: about 0.07 s of a core.
const CLOSE_BYTES: u64 = 16 << 20;
/// Events from one place inside a generation that reading can go on from to the next: about 0.02 s of a core.
const STATION_EVENTS: usize = 1 << 19;
/// Bytes copied there for each event read, at the most: little beside reading it.
const STATION_BYTES_AN_EVENT: usize = 16;
/// Bytes of memory that such places may take.
const STATIONS_BYTES: usize = 64 << 20;
/// Events come in the order in which they can follow each other; clocks of processors differ by far less.
const LATE_NS: u64 = 1_000_000;
/// Part of a generation's length to which a window is narrow.
const NARROW_SHARE: u64 = 4;

/// What is asked for. Times count from the beginning of the trace.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// From, in nanoseconds.
    pub from_ns: u64,
    /// To, in nanoseconds.
    pub to_ns: u64,
    /// At most so many columns.
    pub columns: usize,
    /// The lanes whose columns are wanted; all, where none is named.
    pub lanes: Option<Vec<u32>>,
    /// The lanes whose goroutines are wanted.
    pub open: Vec<u32>,
    /// Goroutines that are wanted in any case, with those lanes open.
    pub goroutines: Vec<u64>,
}

/// Generations one behind the other, and where they lie in the trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Byte offset of the first.
    pub offset: u64,
    /// Bytes of all.
    pub bytes: u64,
    first: usize,
    last: usize,
    /// The place inside the first one that is gone on from.
    station: Option<usize>,
}

/// A generation.
#[derive(Clone, Debug)]
struct Generation {
    offset: u64,
    first_ns: u64,
    last_ns: u64,
    known: Arc<[Life]>,
    stations: Vec<Station>,
}

/// A place inside a generation that reading can go on from.
#[derive(Clone, Debug)]
struct Station {
    at_ns: u64,
    /// How many of those told of in the first generation had been told of by then.
    told: usize,
    place: TracePlace,
    moment: Arc<Moment>,
}

#[derive(Clone, Copy, Debug)]
struct Stop {
    goroutine: u64,
    from_ns: u64,
    to_ns: u64,
    kind: NameId,
}

/// Sums over the whole trace.
#[derive(Clone, Debug)]
struct Sums {
    pyramid: Pyramid,
    totals_ns: Vec<[u64; STATES]>,
    goroutines: Vec<u64>,
    /// Spans of goroutines that were found there without a stack, until it shows where they start.
    held: FxHashMap<u64, Vec<(Life, u64)>>,
    held_spans: usize,
}

impl Spans for Sums {
    fn born(&mut self, site: SiteId) {
        let lane = lane_of(site);
        if lane >= self.goroutines.len() {
            self.goroutines.resize(lane + 1, 0);
        }
        self.goroutines[lane] += 1;
    }

    fn learned(&mut self, goroutine: u64, site: SiteId) {
        if site != SiteId::UNKNOWN {
            self.goroutines[lane_of(SiteId::UNKNOWN)] -= 1;
            self.born(site);
        }
        let held = self.held.remove(&goroutine).unwrap_or_default();
        self.held_spans -= held.len();
        for (life, to_ns) in held {
            self.add(&Life { site, ..life }, to_ns);
        }
    }

    #[inline]
    fn span(&mut self, life: &Life, to_ns: u64, _ending: Ending) {
        if life.site == SiteId::UNKNOWN && life.found && self.held_spans < HELD_MAX {
            self.held_spans += 1;
            return self.held.entry(life.id).or_default().push((*life, to_ns));
        }
        self.add(life, to_ns);
    }

    fn busy(&mut self, proc: u32, from_ns: u64, to_ns: u64) {
        self.pyramid.busy(proc, from_ns, to_ns);
    }
}

impl Sums {
    #[inline]
    fn add(&mut self, life: &Life, to_ns: u64) {
        let lane = lane_of(life.site);
        if lane >= self.totals_ns.len() {
            self.totals_ns.resize(lane + 1, [0; STATES]);
        }
        self.totals_ns[lane][life.state as usize] += to_ns.saturating_sub(life.since_ns);
        self.pyramid.did(lane, life.state, life.since_ns, to_ns);
    }

    /// Nothing more is learned.
    fn release(&mut self) {
        for (life, to_ns) in std::mem::take(&mut self.held).into_values().flatten() {
            self.add(&life, to_ns);
        }
        self.held_spans = 0;
    }
}

fn lane_of(site: SiteId) -> usize {
    (site.0 as usize).min(LANES_MAX)
}

/// The whole trace, once it has passed by and [`Overview::finish`] was called.
#[derive(Clone, Debug)]
pub struct Overview {
    follow: Follow<Sums>,
    start_ns: Option<u64>,
    end_ns: u64,
    generations: Vec<Generation>,
    /// Who was there when the trace began, in the order in which the first generation tells of them, which takes all of it.
    told: Vec<Life>,
    known: usize,
    bytes: u64,
    marking: Vec<(u64, u64)>,
    marks_since: Option<u64>,
    stops: Vec<Stop>,
    stopping: Vec<Stop>,
    station_events: usize,
    /// Events to the next place that is remembered.
    to_station: usize,
    station_bytes: usize,
    /// Another trace has begun in the same file: this one is over.
    over: bool,
    /// Collections and stops beyond those kept.
    pub passed_over: u64,
    /// Goroutines at beginnings of generations beyond those remembered; their groups are known by where they stand only.
    pub forgotten: u64,
}

impl Default for Overview {
    fn default() -> Self {
        Overview::with_stations(STATION_EVENTS)
    }
}

impl Overview {
    /// One that reading can go on from every so many events; above zero.
    pub fn with_stations(events: usize) -> Self {
        Overview {
            station_events: events,
            follow: following(0),
            start_ns: None,
            end_ns: 0,
            generations: Vec::new(),
            told: Vec::new(),
            known: 0,
            bytes: 0,
            marking: Vec::new(),
            marks_since: None,
            stops: Vec::new(),
            stopping: Vec::new(),
            to_station: events,
            station_bytes: 0,
            over: false,
            passed_over: 0,
            forgotten: 0,
        }
    }
}

fn following(start_ns: u64) -> Follow<Sums> {
    let sums = Sums {
        pyramid: Pyramid::new(start_ns),
        totals_ns: Vec::new(),
        goroutines: Vec::new(),
        held: FxHashMap::default(),
        held_spans: 0,
    };
    Follow::new(start_ns, Sites::default(), FxHashMap::default(), Arc::default(), sums)
}

impl TraceVisitor for Overview {
    fn generation(&mut self, _tables: &TraceTables, generation: &TraceGeneration) {
        if self.over {
            return;
        }
        self.first_is_over();
        let mut known = self.follow.alive();
        if self.known + known.len() > KNOWN_MAX {
            self.forgotten += known.len() as u64;
            known.clear();
        }
        self.known += known.len();
        self.generations.push(Generation {
            offset: generation.offset,
            first_ns: generation.first_ns,
            last_ns: generation.first_ns,
            known: known.into(),
            stations: Vec::new(),
        });
    }

    #[inline]
    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        if self.over {
            return;
        }
        if self.start_ns.is_none() {
            self.start_ns = Some(event.at_ns);
            self.follow = following(event.at_ns);
        }
        self.end_ns = self.end_ns.max(event.at_ns);
        if let Some(generation) = self.generations.last_mut() {
            generation.last_ns = generation.last_ns.max(event.at_ns);
        }
        self.to_station = self.to_station.saturating_sub(1);
        self.collector(event);
        self.follow.event(tables, event);
        if let TraceWhat::GoStatus { goroutine, first: true, .. } = event.what {
            self.tells(goroutine);
        }
    }

    #[inline]
    fn wants_place(&self) -> bool {
        self.to_station == 0 && !self.over
    }

    fn place(&mut self, place: &TracePlace) {
        let (moment, at_ns) = (Arc::new(self.follow.moment()), self.end_ns);
        let bytes = place.bytes + moment.bytes();
        self.to_station = self.station_events.max(bytes / STATION_BYTES_AN_EVENT);
        if self.station_bytes + bytes > STATIONS_BYTES {
            self.to_station = usize::MAX;
        } else if let Some(generation) = self.generations.last_mut() {
            self.station_bytes += bytes;
            generation.stations.push(Station { at_ns, told: self.told.len(), place: place.clone(), moment });
        }
    }

    fn another_trace(&mut self, _tables: &TraceTables) {
        self.over = true;
    }
}

impl Overview {
    /// The trace, of so many bytes, has passed by.
    pub fn finish(&mut self, bytes: u64) {
        self.bytes = bytes;
        self.first_is_over();
        self.follow.close(self.end_ns);
        self.follow.spans.release();
        if let Some(from_ns) = self.marks_since.take() {
            self.marked(from_ns, self.end_ns);
        }
    }

    fn tells(&mut self, goroutine: TraceGoroutine) {
        if self.generations.len() == 1 && self.told.len() < KNOWN_MAX {
            self.told.extend(self.follow.life(goroutine).copied());
        }
    }

    /// The first generation has told of everybody: from now on it is known who was there where it begins.
    fn first_is_over(&mut self) {
        if let [first] = &mut self.generations[..]
            && first.known.is_empty()
            && self.told.len() < KNOWN_MAX
        {
            self.known += self.told.len();
            first.known = by_id(&self.told);
        }
    }

    /// Whether there is anything to show.
    pub fn is_empty(&self) -> bool {
        self.start_ns.is_none_or(|start_ns| start_ns >= self.end_ns)
    }

    /// Whether another trace follows in the same file, which is not shown.
    pub fn is_first_of_several(&self) -> bool {
        self.over
    }

    /// The generations a window lies in, where they are few enough to be read again.
    pub fn part(&self, window: &Window) -> Option<Part> {
        let part = self.part_of(window.from_ns, window.to_ns)?;
        let width_ns = window.to_ns.saturating_sub(window.from_ns);
        // A generation is unpacked as a whole, however large, and of the one that the window ends in only the beginning is read.
        let is_small = part.bytes <= CLOSE_BYTES || part.last - part.first <= 1 && width_ns <= self.narrow_ns();
        is_small.then(|| self.begun_at(part, self.around(window, part).0))
    }

    /// The same part, gone on from inside its first generation where all that is behind a time is wanted.
    fn begun_at(&self, part: Part, from_ns: u64) -> Part {
        let stations = &self.generations[part.first].stations;
        let before = stations.partition_point(|station| station.at_ns.saturating_add(LATE_NS) <= from_ns);
        Part { station: before.checked_sub(1), ..part }
    }

    fn station(&self, part: Part) -> Option<&Station> {
        self.generations[part.first].stations.get(part.station?)
    }

    /// Where reading goes on from, if not from the beginning of the part.
    pub fn place_in(&self, part: Part) -> Option<TracePlace> {
        self.station(part).map(|station| station.place.clone())
    }

    /// A window so wide lies in two generations at most, nearly always.
    fn narrow_ns(&self) -> u64 {
        self.span_ns() / self.generations.len().max(1) as u64 / NARROW_SHARE
    }

    /// The generations with events between two times.
    fn part_of(&self, from_ns: u64, to_ns: u64) -> Option<Part> {
        let (from_ns, to_ns) = (self.start() + from_ns, self.start() + to_ns);
        let overlaps = |generation: &Generation| generation.first_ns <= to_ns && from_ns <= generation.last_ns;
        let first = self.generations.iter().position(overlaps)?;
        let last = self.generations.iter().rposition(overlaps)?;
        Some(self.generations_from_to(first, last))
    }

    fn generations_from_to(&self, first: usize, last: usize) -> Part {
        let offset = self.generations[first].offset;
        let end = self.generations.get(last + 1).map_or(self.bytes, |next| next.offset);
        Part { offset, bytes: end.saturating_sub(offset), first, last, station: None }
    }

    fn start(&self) -> u64 {
        self.start_ns.unwrap_or(self.end_ns)
    }

    fn span_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start())
    }

    /// Sites and what was known, lent to one who reads a part again.
    fn lend<S: Spans>(&mut self, part: Part, spans: S) -> Follow<S> {
        let generation = &self.generations[part.first];
        let start_ns = generation.first_ns.max(self.start());
        let known = generation.known.clone();
        let moment = self.station(part).map(|station| {
            let unheard = if part.first == 0 { by_id(self.told.get(station.told..).unwrap_or_default()) } else { Arc::default() };
            (station.moment.clone(), unheard)
        });
        let (sites, learned) = (std::mem::take(&mut self.follow.sites), std::mem::take(&mut self.follow.learned));
        let mut follow = Follow::new(start_ns, sites, learned, known, spans);
        if let Some((moment, unheard)) = moment {
            follow.resume(&moment, unheard);
        }
        follow
    }

    /// What was lent comes back.
    fn take_back<S>(&mut self, lent: Follow<S>) -> S {
        self.follow.sites = lent.sites;
        self.follow.learned = lent.learned;
        lent.spans
    }

    fn collector(&mut self, event: &TraceEvent) {
        match event.what {
            TraceWhat::GcActive => {
                let start_ns = self.start();
                self.marks_since.get_or_insert(start_ns);
            }
            TraceWhat::GcBegin { .. } => self.marks_since = Some(event.at_ns),
            TraceWhat::GcEnd => {
                if let Some(from_ns) = self.marks_since.take() {
                    self.marked(from_ns, event.at_ns);
                }
            }
            TraceWhat::StwBegin { kind, .. } => {
                self.stopping.push(Stop { goroutine: event.goroutine.id, from_ns: event.at_ns, to_ns: event.at_ns, kind });
            }
            TraceWhat::StwEnd => {
                let at = self.stopping.iter().position(|stop| stop.goroutine == event.goroutine.id);
                let Some(stop) = at.map(|at| self.stopping.swap_remove(at)) else { return };
                if self.stops.len() < KEPT_MAX {
                    self.stops.push(Stop { to_ns: event.at_ns, ..stop });
                } else {
                    self.passed_over += 1;
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
            | TraceWhat::GoDestroy
            | TraceWhat::GoDestroySyscall
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
            | TraceWhat::TaskBegin { .. }
            | TraceWhat::TaskEnd { .. }
            | TraceWhat::RegionBegin { .. }
            | TraceWhat::RegionEnd { .. }
            | TraceWhat::Log { .. }
            | TraceWhat::CpuSample { .. }
            | TraceWhat::Experimental => {}
        }
    }

    fn marked(&mut self, from_ns: u64, to_ns: u64) {
        if self.marking.len() < KEPT_MAX {
            self.marking.push((from_ns, to_ns));
        } else {
            self.passed_over += 1;
        }
    }
}

fn by_id(lives: &[Life]) -> Arc<[Life]> {
    let mut lives = lives.to_vec();
    lives.sort_unstable_by_key(|life| life.id);
    lives.into()
}

/// The reason of a span in the trace's words, where it has one.
fn reason_of(life: &Life, tables: &TraceTables) -> Option<String> {
    let waits = !matches!(life.state, TimelineState::Running | TimelineState::Syscall);
    let text = tables.names.text(life.reason);
    (waits && !text.is_empty()).then(|| text.to_owned())
}

fn is_place(stack: StackId) -> bool {
    stack != TraceTables::NO_STACK
}
