//! Execution traces (`runtime/trace`, Go 1.22 to 1.27; flight-recorder snapshots too): events in order, a generation at a time.
//!
//! Memory follows the largest generation (about a second of the program), the distinct stacks and the goroutines alive. A damaged trace is
//! read as far as it can be: what is lost is in [`Summary::losses`] with its place.

mod batches;
mod cursors;
mod generation;
mod names;
mod order;
mod salvage;
mod slots;
mod wire;

use std::io::{self, Read};

use herd_model::{NameId, TraceGeneration, TracePlace, TraceTables, TraceVisitor};

pub use batches::{is_header, minor};
pub use salvage::{Loss, Losses, Lost};
pub use wire::kind_name;

use batches::{Expected, Front, Input};
use cursors::{Drain, Station};
use generation::Generation;
use order::Order;
use wire::HEADER_BYTES;

/// Oldest and newest header read: Go 1.22 writes 22, 1.23 and 1.24 write 23, 1.26 and 1.27 write 26.
const MINORS: [u32; 4] = [22, 23, 25, 26];
/// From this header on a generation ends with a mark.
const MARKS_END: u32 = 26;

/// Which times events get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Those recorded. Threads enter a generation one by one, so that times may step back where one begins.
    #[default]
    Recorded,
    /// As Go's own reader has them: each later than the one before, which lengthens waits at the beginnings of generations
    /// (`internal/trace/reader.go`, `ReadEvent`).
    Go,
}

/// Why a trace could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The input does not begin as one.
    #[error("this is not a Go execution trace: it does not begin with `go 1.NN trace`")]
    NotATrace,
    /// Written before Go 1.22.
    #[error("this trace was written by Go 1.{0} in the format that ended with Go 1.21")]
    TooOld(u32),
    /// Written by a Go nobody knows yet.
    #[error("this trace has the format of Go 1.{0}, which this version of goherd does not know")]
    TooNew(u32),
    /// Nothing but a header.
    #[error("this trace ends behind its header: there is no event in it")]
    Empty,
    /// The input failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Summary {
    /// The `NN` of the header `go 1.NN trace`.
    pub format: u32,
    /// Bytes read.
    pub bytes: u64,
    /// Generations.
    pub generations: u64,
    /// Events of each kind, by its byte; samples of the CPU profiler too.
    pub events: Box<[u64; 256]>,
    /// What could not be read.
    pub losses: Losses,
}

impl Summary {
    /// Events in all.
    pub fn total(&self) -> u64 {
        self.events.iter().sum()
    }
}

/// Reads a trace to its end, or until the visitor is done, and shows the visitor every event in order; names, frames and stacks go into
/// `tables`. O(bytes), and for each event in a trace whose threads wait for each other O(threads).
pub fn read<R: Read, V: TraceVisitor>(
    source: R,
    times: Times,
    tables: &mut TraceTables,
    visit: &mut V,
) -> Result<Summary, TraceError> {
    read_on(source, times, None, tables, visit)
}

/// The same from where a visitor of the same trace was told that reading stood ([`TraceVisitor::place`]): of that generation the events
/// behind it. `source` is a header and the trace from that generation or one before it on; `tables` are those of that reading.
pub fn read_on<R: Read, V: TraceVisitor>(
    source: R,
    times: Times,
    from: Option<&TracePlace>,
    tables: &mut TraceTables,
    visit: &mut V,
) -> Result<Summary, TraceError> {
    let mut input = Input::new(source);
    let format = header(&mut input)?;
    let mut trace = Reading {
        format,
        summary: Summary { format, bytes: 0, generations: 0, events: Box::new([0; 256]), losses: Losses::default() },
        tables,
        from: from.and_then(TracePlace::kept),
        generation: Generation::default(),
        order: Order::default(),
        inferred: Vec::new(),
        clamp: (times == Times::Go).then_some(0),
        last_number: 0,
        time: 0,
    };
    trace.inferred = names::registered_first(format, &mut trace.tables.names);
    trace.read(&mut input, visit)?;
    trace.summary.bytes = input.offset();
    if trace.summary.generations == 0 && trace.summary.losses.is_whole() {
        return Err(TraceError::Empty);
    }
    Ok(trace.summary)
}

fn header<R: Read>(input: &mut Input<R>) -> Result<u32, TraceError> {
    let found = minor(input.peek(HEADER_BYTES)?).ok_or(TraceError::NotATrace)?;
    if found < MINORS[0] {
        return Err(TraceError::TooOld(found));
    }
    // Go 1.24 would have written 23, and so on: a number in between is of no Go, and damage keeps nobody from reading on.
    if found > MINORS[3] {
        return Err(TraceError::TooNew(found));
    }
    input.advance(HEADER_BYTES);
    Ok(found)
}

struct Reading<'a> {
    format: u32,
    tables: &'a mut TraceTables,
    from: Option<&'a Station>,
    summary: Summary,
    generation: Generation,
    order: Order,
    inferred: Vec<NameId>,
    clamp: Option<u64>,
    last_number: u64,
    time: u64,
}

impl Reading<'_> {
    fn read<R: Read, V: TraceVisitor>(&mut self, input: &mut Input<R>, visit: &mut V) -> Result<(), TraceError> {
        while !visit.is_done() {
            let number = if self.generation.number == 0 { self.last_number } else { self.generation.number };
            let expected = Expected { generation: number, time: self.time };
            let offset = input.offset();
            match input.front(expected)? {
                Front::Batch(head, len) => {
                    if self.generation.number != 0 && head.generation != self.generation.number {
                        if self.format >= MARKS_END {
                            self.summary.losses.add(Lost::EndOfGeneration, offset, 0, self.generation.number);
                        }
                        self.end_generation(visit);
                    }
                    self.time = batches::nearer(self.time, head.time);
                    let Reading { generation, summary, tables, .. } = self;
                    let payload = input.bytes(len, head.size);
                    generation.begin(&head, offset);
                    generation.add(&head, offset + len as u64, payload, tables, &mut summary.losses);
                    input.advance(len + head.size);
                }
                Front::Cut(head, len) => {
                    let there = input.at_hand(len);
                    self.summary.losses.add(
                        Lost::Cut,
                        offset + (len + there) as u64,
                        (head.size - there) as u64,
                        head.generation,
                    );
                    if self.generation.number != 0 && head.generation != self.generation.number {
                        self.end_generation(visit);
                    }
                    let Reading { generation, summary, tables, .. } = self;
                    generation.begin(&head, offset);
                    generation.add(&head, offset + len as u64, input.bytes(len, there), tables, &mut summary.losses);
                    input.advance(len + there);
                }
                Front::EndOfGeneration => {
                    input.advance(1);
                    self.end_generation(visit);
                }
                Front::Header => {
                    self.end_generation(visit);
                    self.another_trace(input, visit)?;
                }
                Front::Broken => {
                    let lost = input.resynchronise(expected)?;
                    self.summary.losses.add(Lost::Bytes, offset, lost, number);
                }
                Front::End => {
                    if self.generation.number != 0 && self.format >= MARKS_END && !self.is_cut() {
                        self.summary.losses.add(Lost::Unfinished, offset, 0, self.generation.number);
                    }
                    self.end_generation(visit);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn is_cut(&self) -> bool {
        self.summary.losses.kept.last().is_some_and(|loss| loss.lost == Lost::Cut)
    }

    fn another_trace<R: Read, V: TraceVisitor>(&mut self, input: &mut Input<R>, visit: &mut V) -> Result<(), TraceError> {
        self.summary.losses.add(Lost::AnotherTrace, input.offset(), 0, self.last_number);
        self.format = header(input)?;
        self.inferred = names::registered_first(self.format, &mut self.tables.names);
        self.order = Order::default();
        self.last_number = 0;
        self.time = 0;
        self.clamp = self.clamp.map(|_| 0);
        visit.another_trace(self.tables);
        Ok(())
    }

    /// All of a generation is there: its events in order.
    fn end_generation<V: TraceVisitor>(&mut self, visit: &mut V) {
        if self.generation.number == 0 {
            return;
        }
        let Summary { losses, events, .. } = &mut self.summary;
        let tables = &mut *self.tables;
        let number = self.generation.number;
        if self.last_number != 0 && number > self.last_number + 1 {
            losses.add(Lost::Generations, self.generation.offset, 0, number);
        }
        if self.format < MARKS_END && !self.generation.has_texts() {
            losses.add(Lost::EndOfGeneration, self.generation.offset, 0, number);
        }
        self.generation.finish(tables, losses);
        let ns = cursors::Nanoseconds::new(self.generation.frequency);
        let began = TraceGeneration {
            number: self.generation.number,
            offset: self.generation.offset,
            first_ns: ns.of(self.generation.first_time),
            clocks: self.generation.clocks_ns(|units| ns.of(units)),
        };
        visit.generation(tables, &began);
        self.order.begin(self.generation.number);
        let from = self.from.take_if(|station| station.generation == number);
        if let Some(station) = from {
            self.order = station.order.clone();
        }
        self.clamp = self.clamp.map(|last| began.first_ns.max(last + 1));
        let mut drain = Drain {
            generation: &self.generation,
            inferred: &self.inferred,
            ns,
            order: &mut self.order,
            losses,
            events,
            clamp: self.clamp,
        };
        drain.run(from, tables, visit);
        self.clamp = drain.clamp;
        self.summary.generations += 1;
        self.last_number = self.generation.number;
        self.generation.clear();
    }
}
