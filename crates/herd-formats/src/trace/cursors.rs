//! The events of a generation from all its threads at once, earliest first among those whose turn it is.

use std::cell::Cell;

use herd_model::{
    NO_PROC, NO_THREAD, NameId, StackId, TraceEvent, TraceGoroutine, TracePlace, TraceTables, TraceVisitor, TraceWhat,
};

use super::generation::{Generation, Sample};
use super::order::{Lookup, Order, Out, Taken, Wire};
use super::salvage::{Losses, Lost};
use super::wire::{ARGS, CPU_SAMPLE, NOT_TIMED, Numbers};

/// Times beyond this are damage: 146 years.
const NS_MAX: u64 = 1 << 62;
/// Bytes looked at for the next event behind one that cannot be read; an event has at most 51.
const EVENT_BYTES_MAX: usize = 256;
/// Units between two events of a thread beyond which bytes are no event: 18 minutes where a unit is a nanosecond.
const DT_MAX: u64 = 1 << 40;

/// Makes nanoseconds of the trace's units.
#[derive(Clone, Copy, Debug)]
pub struct Nanoseconds {
    whole: u64,
    each: f64,
}

impl Nanoseconds {
    /// For so many units a second, above zero.
    pub fn new(frequency: u64) -> Self {
        let whole = if 1_000_000_000 % frequency == 0 { 1_000_000_000 / frequency } else { 0 };
        Nanoseconds { whole, each: 1e9 / frequency as f64 }
    }

    /// Nanoseconds of units, rounded down as Go's reader does.
    #[inline]
    pub fn of(self, units: u64) -> u64 {
        if self.whole == 0 { (units as f64 * self.each) as u64 } else { units.saturating_mul(self.whole) }
    }
}

/// A generation's events on their way out.
pub struct Drain<'a> {
    /// What was read.
    pub generation: &'a Generation,
    /// Texts of ids whose table is lost.
    pub inferred: &'a [NameId],
    /// Its clock.
    pub ns: Nanoseconds,
    /// Who runs where.
    pub order: &'a mut Order,
    /// What cannot be read.
    pub losses: &'a mut Losses,
    /// Events by kind.
    pub events: &'a mut [u64; 256],
    /// Time of the last event, where each is to be later than the one before.
    pub clamp: Option<u64>,
}

/// Where one thread's events stand.
struct Cursor<'a> {
    written: usize,
    next_batch: usize,
    thread: u32,
    last_ns: u64,
    rest: Numbers<'a>,
    wire: Wire,
}

/// A cursor by the time of its event.
type Head = (u64, u32);

/// Where reading stands inside a generation.
#[derive(Clone, Debug)]
pub struct Station {
    /// Its number.
    pub generation: u64,
    /// Who runs where.
    pub order: Order,
    stands: Vec<Stand>,
    heap: Vec<Head>,
    samples: usize,
}

/// Where one thread's events stand; `left` bytes of a batch are not read.
#[derive(Clone, Debug)]
struct Stand {
    written: usize,
    next_batch: usize,
    thread: u32,
    last_ns: u64,
    left: usize,
    wire: Wire,
}

struct Refers<'a> {
    generation: &'a Generation,
    inferred: &'a [NameId],
    lost_stacks: Cell<bool>,
}

impl Lookup for Refers<'_> {
    #[inline]
    fn name(&self, id: u64) -> NameId {
        let known = self.generation.name(id);
        known.or_else(|| self.inferred.get(id as usize).copied()).unwrap_or(TraceTables::NO_NAME)
    }

    #[inline]
    fn stack(&self, id: u64) -> StackId {
        if id == 0 {
            return TraceTables::NO_STACK;
        }
        self.generation.stack_id(id).unwrap_or_else(|| {
            self.lost_stacks.set(true);
            TraceTables::NO_STACK
        })
    }
}

impl<'a> Drain<'a> {
    /// Passes all events on, in order: from the generation's beginning, or from where somebody stood.
    pub fn run<V: TraceVisitor>(&mut self, from: Option<&Station>, tables: &TraceTables, visit: &mut V) {
        let refers = Refers { generation: self.generation, inferred: self.inferred, lost_stacks: Cell::new(false) };
        let mut out = Out { tables, visit, clamp: self.clamp };
        let (mut cursors, mut heap) = match from {
            Some(station) => (station.stands.iter().map(|stand| self.cursor(stand)).collect(), station.heap.clone()),
            None => self.cursors(),
        };
        let samples = self.samples();
        let mut samples = samples.iter().skip(from.map_or(0, |station| station.samples)).peekable();
        while let Some((earliest, _)) = heap.first().copied()
            && !out.visit.is_done()
        {
            while let Some((at_ns, sample)) = samples.next_if(|(at_ns, _)| *at_ns < earliest) {
                self.sample(*at_ns, sample, &refers, &mut out);
            }
            let until = samples.peek().map_or(u64::MAX, |(at_ns, _)| *at_ns);
            self.take_on(&mut heap, &mut cursors, until, &refers, &mut out);
            if out.visit.wants_place() {
                let place = self.place(&cursors, &heap, self.generation.samples.len() - samples.len());
                out.visit.place(&place);
            }
        }
        for (at_ns, sample) in samples {
            self.sample(*at_ns, sample, &refers, &mut out);
        }
        self.clamp = out.clamp;
        if refers.lost_stacks.get() {
            self.losses.add(Lost::Stacks, self.generation.offset, 0, self.generation.number);
        }
    }

    /// Every thread at its first event, and the threads by the times of those.
    fn cursors(&mut self) -> (Vec<Cursor<'a>>, Vec<Head>) {
        let (mut cursors, mut heap): (Vec<Cursor<'a>>, Vec<Head>) = (Vec::new(), Vec::new());
        for at in 0..self.generation.written.len() {
            let thread = self.order.thread(self.generation.written[at].thread);
            let mut cursor =
                Cursor { written: at, next_batch: 0, thread, last_ns: 0, rest: Numbers { rest: &[] }, wire: Wire::default() };
            if self.step(&mut cursor) {
                heap.push((cursor.wire.at_ns, cursors.len() as u32));
                sift_up(&mut heap);
                cursors.push(cursor);
            }
        }
        (cursors, heap)
    }

    /// Where everybody stands.
    #[cold]
    fn place(&self, cursors: &[Cursor<'_>], heap: &[Head], samples: usize) -> TracePlace {
        let stands = cursors.iter().map(|cursor| Stand {
            written: cursor.written,
            next_batch: cursor.next_batch,
            thread: cursor.thread,
            last_ns: cursor.last_ns,
            left: cursor.rest.rest.len(),
            wire: cursor.wire,
        });
        let (stands, order): (Vec<Stand>, Order) = (stands.collect(), self.order.clone());
        let bytes = order.bytes() + stands.len() * size_of::<(Stand, Head)>();
        TracePlace::new(Station { generation: self.generation.number, order, stands, heap: heap.to_vec(), samples }, bytes)
    }

    /// The cursor that stood there. Of another generation than it stood in, it would stand at the end of a batch at most.
    fn cursor(&self, stand: &Stand) -> Cursor<'a> {
        let written = self.generation.written.get(stand.written);
        let batch = stand.next_batch.checked_sub(1).and_then(|at| written?.batches.get(at));
        let payload: &'a [u8] = batch.map_or(&[], |batch| self.generation.payload(*batch));
        let rest = Numbers { rest: &payload[payload.len().saturating_sub(stand.left)..] };
        let Stand { written, next_batch, thread, last_ns, wire, .. } = *stand;
        Cursor { written, next_batch, thread, last_ns, rest, wire }
    }

    /// Takes events of the earliest thread for as long as it is the earliest, up to a moment.
    #[inline]
    fn take_on<V: TraceVisitor>(
        &mut self,
        heap: &mut Vec<Head>,
        cursors: &mut [Cursor<'a>],
        until_ns: u64,
        refers: &Refers<'_>,
        out: &mut Out<'_, V>,
    ) {
        let until_ns = heap.iter().skip(1).take(2).fold(until_ns, |until_ns, (at_ns, _)| until_ns.min(*at_ns));
        let cursor = &mut cursors[heap[0].1 as usize];
        loop {
            let taken = self.order.take(cursor.thread, &cursor.wire, refers, out);
            if taken != Taken::Yes {
                heap[0].0 = cursor.wire.at_ns;
                return self.take_another(taken, heap, cursors, refers, out);
            }
            if !self.step_here(cursor) {
                return remove(heap, 0);
            }
            if cursor.wire.at_ns > until_ns || out.visit.is_done() {
                heap[0].0 = cursor.wire.at_ns;
                return sift_down(heap, 0);
            }
        }
    }

    /// It is not the turn of the earliest event: takes the earliest whose turn it is; where it is nobody's, the earliest of all.
    fn take_another<V: TraceVisitor>(
        &mut self,
        taken: Taken,
        heap: &mut Vec<Head>,
        cursors: &mut [Cursor<'a>],
        refers: &Refers<'_>,
        out: &mut Out<'_, V>,
    ) {
        if taken == Taken::Wait {
            heap.sort_by_key(|(at_ns, _)| *at_ns);
            for at in 1..heap.len() {
                let cursor = &cursors[heap[at].1 as usize];
                if self.order.take(cursor.thread, &cursor.wire, refers, out) == Taken::Yes {
                    return self.next(heap, cursors, at);
                }
            }
        }
        self.force(&cursors[heap[0].1 as usize], refers, out);
        self.next(heap, cursors, 0);
    }

    /// The trace is damaged here: the event is taken although it cannot follow, or dropped if it makes no sense at all.
    fn force<V: TraceVisitor>(&mut self, cursor: &Cursor<'_>, refers: &Refers<'_>, out: &mut Out<'_, V>) {
        if self.losses.out_of_order == 0 {
            self.losses.out_of_order_in = self.generation.number;
        }
        self.losses.out_of_order += 1;
        self.order.force = true;
        self.order.take(cursor.thread, &cursor.wire, refers, out);
        self.order.force = false;
    }

    /// The event of the cursor at `at` is taken: on to its next one.
    fn next(&mut self, heap: &mut Vec<Head>, cursors: &mut [Cursor<'a>], at: usize) {
        let cursor = &mut cursors[heap[at].1 as usize];
        if self.step(cursor) {
            heap[at].0 = cursor.wire.at_ns;
            let at = sift_up_from(heap, at);
            sift_down(heap, at);
        } else {
            remove(heap, at);
        }
    }

    /// Reads the next event of a thread; `false` when there is none.
    fn step(&mut self, cursor: &mut Cursor<'a>) -> bool {
        self.step_here(cursor)
    }

    /// The same, part of the loop that is run for nearly all events.
    #[allow(clippy::inline_always, reason = "a call would keep in memory what the loop keeps in registers")]
    #[inline(always)]
    fn step_here(&mut self, cursor: &mut Cursor<'a>) -> bool {
        loop {
            let left = cursor.rest.rest.len();
            let Some(kind) = cursor.rest.byte() else {
                let batches = &self.generation.written[cursor.written].batches;
                let Some(batch) = batches.get(cursor.next_batch) else { return false };
                cursor.next_batch += 1;
                cursor.rest = Numbers { rest: self.generation.payload(*batch) };
                cursor.last_ns = self.ns.of(batch.time).min(NS_MAX);
                continue;
            };
            let args = ARGS[kind as usize];
            if args != NOT_TIMED && self.read_event(cursor, kind, args) {
                self.events[kind as usize] += 1;
                return true;
            }
            self.pass_over(cursor, left);
        }
    }

    /// An event that cannot be read, `left` bytes before the end of its batch: on to where the rest of it can be.
    #[cold]
    fn pass_over(&mut self, cursor: &mut Cursor<'a>, left: usize) {
        let batch = self.generation.written[cursor.written].batches[cursor.next_batch - 1];
        let payload = self.generation.payload(batch);
        let start = payload.len() - left;
        let lost = (1..left.min(EVENT_BYTES_MAX)).find(|skip| reads_to_its_end(&payload[start + skip..])).unwrap_or(left);
        self.losses.add(Lost::Events, batch.offset + start as u64, lost as u64, self.generation.number);
        cursor.rest = Numbers { rest: &payload[start + lost..] };
    }

    #[inline]
    fn read_event(&self, cursor: &mut Cursor<'a>, kind: u8, args: u8) -> bool {
        // A copy of its own: where it stands is then kept in registers, not in memory.
        let mut numbers = cursor.rest;
        let Some(dt) = numbers.number() else { return false };
        let wire = &mut cursor.wire;
        for arg in &mut wire.args[..args as usize] {
            let Some(number) = numbers.number() else { return false };
            *arg = number;
        }
        cursor.rest = numbers;
        wire.kind = kind;
        wire.at_ns = cursor.last_ns.saturating_add(self.ns.of(dt)).min(NS_MAX);
        cursor.last_ns = wire.at_ns;
        true
    }

    /// The profiler's samples by time.
    fn samples(&self) -> Vec<(u64, Sample)> {
        let mut samples: Vec<(u64, Sample)> =
            self.generation.samples.iter().map(|sample| (self.ns.of(sample.time).min(NS_MAX), *sample)).collect();
        samples.sort_by_key(|(at_ns, _)| *at_ns);
        samples
    }

    fn sample<V: TraceVisitor>(&mut self, at_ns: u64, sample: &Sample, refers: &Refers<'_>, out: &mut Out<'_, V>) {
        self.events[CPU_SAMPLE as usize] += 1;
        let goroutine = if sample.goroutine == 0 { TraceGoroutine::NONE } else { self.order.goroutine(sample.goroutine) };
        out.event(TraceEvent {
            at_ns,
            thread: if sample.thread == 0 { NO_THREAD } else { sample.thread },
            proc: u32::try_from(sample.proc).unwrap_or(NO_PROC),
            goroutine,
            what: TraceWhat::CpuSample { stack: refers.stack(sample.stack) },
        });
    }
}

/// Whether these bytes are events up to their end.
fn reads_to_its_end(bytes: &[u8]) -> bool {
    let mut numbers = Numbers { rest: bytes };
    while let Some(kind) = numbers.byte() {
        let args = ARGS[kind as usize];
        let reads =
            args != NOT_TIMED && numbers.number().is_some_and(|dt| dt < DT_MAX) && (0..args).all(|_| numbers.number().is_some());
        if !reads {
            return false;
        }
    }
    true
}

// The heap Go's reader has, step by step: events of one time come out in the same order.

fn sift_up(heap: &mut [Head]) {
    if let Some(last) = heap.len().checked_sub(1) {
        sift_up_from(heap, last);
    }
}

fn sift_up_from(heap: &mut [Head], mut at: usize) -> usize {
    while at > 0 && heap[(at - 1) / 2].0 > heap[at].0 {
        heap.swap((at - 1) / 2, at);
        at = (at - 1) / 2;
    }
    at
}

#[inline]
fn sift_down(heap: &mut [Head], mut at: usize) {
    loop {
        let mut least = at;
        for child in [2 * at + 1, 2 * at + 2] {
            if heap.get(child).is_some_and(|(at_ns, _)| *at_ns < heap[least].0) {
                least = child;
            }
        }
        if least == at {
            return;
        }
        heap.swap(least, at);
        at = least;
    }
}

fn remove(heap: &mut Vec<Head>, mut at: usize) {
    while at > 0 {
        heap.swap((at - 1) / 2, at);
        at = (at - 1) / 2;
    }
    let last = heap.len() - 1;
    heap.swap(0, last);
    heap.truncate(last);
    sift_down(heap, 0);
}
