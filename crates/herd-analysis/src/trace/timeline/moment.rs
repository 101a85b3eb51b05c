//! What one goroutine did at one time: since when, until when, where, and who ended it, wherever in the trace that was.

use herd_model::{TimelineMoment, TimelineWaker, TraceEvent, TraceGeneration, TraceTables, TraceVisitor};
use rustc_hash::FxHashMap;

use super::follow::{Ending, Follow, Life, Spans};
use super::{Overview, Part, SiteId, Surroundings, is_place, lane_of, reason_of};
use crate::trace::places::{self, FRAMES_SHOWN};
use crate::trace::spread::seconds;

/// Looks at a part of the trace for the span of one goroutine at one time.
#[derive(Debug)]
pub struct Looking<'a> {
    overview: &'a mut Overview,
    part: Part,
    follow: Follow<Witness>,
    over: bool,
}

/// What a part showed.
#[derive(Clone, Debug)]
pub enum Looked {
    /// The goroutine was not there.
    Nobody,
    /// The span.
    Moment(Box<TimelineMoment>),
    /// The span goes on beyond what was read: it ends in this part.
    GoesOn(Part),
}

#[derive(Clone, Debug)]
struct Witness {
    goroutine: u64,
    at_ns: u64,
    span: Option<(Life, u64, Ending)>,
    sites: FxHashMap<u64, SiteId>,
}

impl Overview {
    /// The generations to look at first for what happened at a time, counted in nanoseconds from the beginning of the trace.
    pub fn part_at(&self, at_ns: u64) -> Option<Part> {
        let part = self.part_of(at_ns, at_ns)?;
        Some(self.begun_at(part, self.start() + at_ns))
    }

    /// To be shown [`Part`] of the trace, as if the trace began there.
    pub fn look_at(&mut self, goroutine: u64, at_ns: u64, part: Part) -> Looking<'_> {
        let witness = Witness { goroutine, at_ns: self.start() + at_ns, span: None, sites: FxHashMap::default() };
        let follow = self.lend(part, witness);
        Looking { overview: self, part, follow, over: false }
    }

    /// The same from what was read around a window; `None` where that does not hold all of it.
    pub fn look_again(&self, goroutine: u64, at_ns: u64, around: &Surroundings, tables: &TraceTables) -> Option<TimelineMoment> {
        let mut witness = Witness { goroutine, at_ns: self.start() + at_ns, span: None, sites: FxHashMap::default() };
        for (life, to_ns, ending) in around.spans().filter(|(_, _, ending)| *ending != Ending::Open) {
            witness.span(life, *to_ns, *ending);
            if witness.is_told() {
                return witness.told(self, tables);
            }
        }
        None
    }

    /// The generation in which what goes on at the end of `part` ends, by who is known where the next ones begin.
    fn ends_in(&self, part: Part, life: &Life) -> Option<Part> {
        let mut last = part.last;
        for at in part.last + 1..self.generations.len() {
            let known = &self.generations[at].known;
            let same = known.binary_search_by_key(&life.id, |life| life.id).is_ok_and(|at| known[at].since_ns == life.since_ns);
            if !same {
                break;
            }
            last = at;
        }
        (last > part.last).then(|| self.generations_from_to(last, last))
    }
}

impl Looking<'_> {
    /// The answer, or where to look for it.
    pub fn finish(mut self, tables: &TraceTables) -> Looked {
        let end_ns = self.overview.generations[self.part.last].last_ns;
        self.follow.close(end_ns);
        let spans = self.overview.take_back(self.follow);
        let Some((life, _, ending)) = spans.span else { return Looked::Nobody };
        let is_open = ending == Ending::Open;
        if let Some(part) = is_open.then(|| self.overview.ends_in(self.part, &life)).flatten() {
            return Looked::GoesOn(part);
        }
        spans.told(self.overview, tables).map_or(Looked::Nobody, |moment| Looked::Moment(Box::new(moment)))
    }
}

impl TraceVisitor for Looking<'_> {
    fn generation(&mut self, _tables: &TraceTables, _generation: &TraceGeneration) {}

    #[inline]
    fn event(&mut self, tables: &TraceTables, event: &TraceEvent) {
        if !self.over {
            self.follow.event(tables, event);
            self.over = self.follow.spans.is_told();
        }
    }

    fn is_done(&self) -> bool {
        self.over
    }

    fn another_trace(&mut self, _tables: &TraceTables) {
        self.over = true;
    }
}

impl Witness {
    /// Whether the span has ended, and the group of who ended it is known.
    #[inline]
    fn is_told(&self) -> bool {
        match self.span {
            Some((_, _, Ending::Woken(waker, _))) => waker == 0 || self.sites.contains_key(&waker),
            Some((_, _, Ending::Itself)) => true,
            Some((_, _, Ending::Open)) | None => false,
        }
    }
}

impl Witness {
    fn told(&self, overview: &Overview, tables: &TraceTables) -> Option<TimelineMoment> {
        let (life, to_ns, ending) = self.span?;
        let since = |at_ns: u64| seconds(at_ns.saturating_sub(overview.start()));
        let site = &overview.follow.sites.all[life.site.0 as usize];
        let frames = |stack| if is_place(stack) { places::frames(stack, FRAMES_SHOWN, tables) } else { Vec::new() };
        let waker = |goroutine: u64, stack| TimelineWaker {
            goroutine: (goroutine != 0).then_some(goroutine),
            lane: self.sites.get(&goroutine).map(|site| lane_of(*site) as u32),
            at_s: since(to_ns),
            stack: frames(stack),
        };
        Some(TimelineMoment {
            goroutine: life.id,
            lane: lane_of(life.site) as u32,
            entry: site.entry.map(|frame| places::place(frame, tables)),
            created_by: site.created_by.map(|frame| places::place(frame, tables)),
            state: life.state,
            reason: reason_of(&life, tables),
            from_s: since(life.since_ns),
            to_s: since(to_ns),
            began_before: !life.seen,
            unfinished: ending == Ending::Open,
            stack: frames(life.stack),
            woken_by: match ending {
                Ending::Woken(goroutine, stack) => Some(waker(goroutine, stack)),
                Ending::Itself | Ending::Open => None,
            },
        })
    }
}

impl Spans for Witness {
    fn born(&mut self, _site: SiteId) {}

    // The overview has learned it before.
    fn learned(&mut self, _goroutine: u64, _site: SiteId) {}

    #[inline]
    fn span(&mut self, life: &Life, to_ns: u64, ending: Ending) {
        if life.id == self.goroutine && life.since_ns <= self.at_ns && (self.at_ns < to_ns || ending == Ending::Open) {
            self.span = Some((*life, to_ns, ending));
        }
        if let Some((_, _, Ending::Woken(waker, _))) = self.span
            && life.id == waker
        {
            self.sites.insert(waker, life.site);
        }
    }

    fn busy(&mut self, _proc: u32, _from_ns: u64, _to_ns: u64) {}
}
