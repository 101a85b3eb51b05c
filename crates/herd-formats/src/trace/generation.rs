//! One generation: its batches by thread, and the tables that its events refer to.

use std::cell::Cell;

use herd_model::{Frame, NO_THREAD, NameId, StackId, TraceClocks, TraceTables, unescaped};
use rustc_hash::FxHashMap;

use super::batches::Head;
use super::salvage::{Losses, Lost};
use super::wire::TEXT_BYTES_MAX;
use super::wire::{
    CLOCK_SNAPSHOT, CPU_SAMPLE, CPU_SAMPLES, FRAMES_MAX, FREQUENCY, Numbers, STACK, STACKS, STRING, STRINGS, SYNC,
};

/// Bytes of a piece that batches lie in.
const PIECE_BYTES: usize = 1 << 20;
/// Ids up to this are kept in a list, however few there are.
const DENSE_MIN: u64 = 1 << 12;
/// Units a second on every platform but those with a coarse clock: 64 ns each (`runtime/tracetime.go`, `traceTimeDiv`).
const FREQUENCY_DEFAULT: u64 = 15_625_000;

/// A payload that lies in a piece.
#[derive(Clone, Copy, Debug)]
pub struct Batch {
    /// Time the first event's counts from, in units.
    pub time: u64,
    /// Byte offset of the payload in the input.
    pub offset: u64,
    piece: u32,
    start: u32,
    end: u32,
}

/// What one thread wrote in this generation.
#[derive(Clone, Debug)]
pub struct Written {
    /// The thread.
    pub thread: u64,
    /// Its batches, in order.
    pub batches: Vec<Batch>,
}

/// What the CPU profiler saw.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When, in units; made nanoseconds once the frequency is known.
    pub time: u64,
    /// Thread.
    pub thread: u64,
    /// P; 2^64 − 1 for none.
    pub proc: u64,
    /// Goroutine; 0 for none.
    pub goroutine: u64,
    /// Stack, by its id in the generation.
    pub stack: u64,
}

/// A generation under way. Its pieces are used again for the next one.
#[derive(Debug, Default)]
pub struct Generation {
    /// Its number; 0 while nothing of it was read.
    pub number: u64,
    /// Byte offset of its first batch.
    pub offset: u64,
    /// Earliest time of a batch, in units.
    pub first_time: u64,
    /// By thread, in the order they first wrote.
    pub written: Vec<Written>,
    /// Samples of the CPU profiler, in the order of the input.
    pub samples: Vec<Sample>,
    /// Units a second.
    pub frequency: u64,
    /// Trace clock in units, monotonic nanoseconds, seconds and nanoseconds since 1970.
    pub clocks: Option<[u64; 4]>,
    names: Ids,
    stacks: Ids,
    by_thread: FxHashMap<u64, u32>,
    stack_batches: Vec<Batch>,
    pieces: Vec<Vec<u8>>,
    piece: usize,
}

/// Numbers of a table by the ids of one generation, which count from 1.
#[derive(Clone, Debug, Default)]
struct Ids {
    dense: Vec<u32>,
    sparse: FxHashMap<u64, u32>,
}

const UNKNOWN: u32 = u32::MAX;

impl Ids {
    fn is_empty(&self) -> bool {
        self.dense.is_empty() && self.sparse.is_empty()
    }

    fn clear(&mut self) {
        self.dense.clear();
        self.sparse.clear();
    }

    fn put(&mut self, id: u64, value: u32) {
        if id < DENSE_MIN.max(self.dense.len() as u64 * 2) {
            let at = id as usize;
            if at >= self.dense.len() {
                self.dense.resize(at + 1, UNKNOWN);
            }
            self.dense[at] = value;
        } else {
            self.sparse.insert(id, value);
        }
    }

    #[inline]
    fn get(&self, id: u64) -> Option<u32> {
        match self.dense.get(id as usize) {
            Some(&UNKNOWN) | None => self.sparse.get(&id).copied(),
            Some(value) => Some(*value),
        }
    }
}

impl Generation {
    /// Empties it for the next one; the frequency stays for one that tells none.
    pub fn clear(&mut self) {
        self.number = 0;
        self.first_time = 0;
        self.written.clear();
        self.samples.clear();
        self.clocks = None;
        self.names.clear();
        self.stacks.clear();
        self.by_thread.clear();
        self.stack_batches.clear();
        for piece in &mut self.pieces {
            piece.clear();
        }
        self.piece = 0;
    }

    /// A batch is there that begins at an offset: the first one begins the generation.
    pub fn begin(&mut self, head: &Head, offset: u64) {
        if self.number == 0 {
            self.number = head.generation;
            self.offset = offset;
        }
    }

    /// Takes a batch in. What its tables hold is known at once, but for stacks, whose texts may come later.
    pub fn add(&mut self, head: &Head, offset: u64, payload: &[u8], tables: &mut TraceTables, losses: &mut Losses) {
        if self.first_time == 0 || head.time < self.first_time {
            self.first_time = head.time;
        }
        let Some(first) = payload.first() else { return };
        if head.experimental {
            losses.experimental_bytes += payload.len() as u64;
            return;
        }
        // Tables are written on behalf of no thread (`unsafeTraceWriter(gen, nil)`, runtime/tracebuf.go).
        if head.thread != NO_THREAD && matches!(*first, STRINGS | STACKS | CPU_SAMPLES | FREQUENCY | SYNC) {
            losses.add(Lost::Between, offset, 0, self.number);
        }
        let whole = match *first {
            STRINGS => self.add_texts(&payload[1..], tables),
            STACKS => {
                let batch = self.keep(head.time, offset + 1, &payload[1..]);
                self.stack_batches.push(batch);
                None
            }
            CPU_SAMPLES => self.add_samples(&payload[1..]),
            FREQUENCY => self.add_clocks(payload, head.time),
            SYNC => self.add_clocks(&payload[1..], head.time),
            _ => {
                let batch = self.keep(head.time, offset, payload);
                let next = self.written.len() as u32;
                let at = *self.by_thread.entry(head.thread).or_insert(next);
                if at == next {
                    self.written.push(Written { thread: head.thread, batches: Vec::new() });
                }
                self.written[at as usize].batches.push(batch);
                None
            }
        };
        if let Some(rest) = whole {
            losses.add(Lost::Table, offset + (payload.len() - rest) as u64, rest as u64, self.number);
        }
    }

    fn keep(&mut self, time: u64, offset: u64, payload: &[u8]) -> Batch {
        if self.pieces.get(self.piece).is_some_and(|piece| piece.len() + payload.len() > PIECE_BYTES) {
            self.piece += 1;
        }
        if self.piece == self.pieces.len() {
            self.pieces.push(Vec::with_capacity(PIECE_BYTES));
        }
        let piece = &mut self.pieces[self.piece];
        let start = piece.len() as u32;
        piece.extend_from_slice(payload);
        Batch { time, offset, piece: self.piece as u32, start, end: piece.len() as u32 }
    }

    /// The payload of a batch of this generation.
    pub fn payload(&self, batch: Batch) -> &[u8] {
        &self.pieces[batch.piece as usize][batch.start as usize..batch.end as usize]
    }

    /// Bytes left when a table cannot be read on.
    fn add_texts(&mut self, payload: &[u8], tables: &mut TraceTables) -> Option<usize> {
        let mut numbers = Numbers { rest: payload };
        while !numbers.rest.is_empty() {
            let left = numbers.rest.len();
            let Some((id, text)) = text(&mut numbers) else { return Some(left) };
            let name = tables.names.intern(&String::from_utf8_lossy(text));
            self.names.put(id, name.0);
        }
        None
    }

    fn add_samples(&mut self, payload: &[u8]) -> Option<usize> {
        let mut numbers = Numbers { rest: payload };
        while !numbers.rest.is_empty() {
            let left = numbers.rest.len();
            let Some(sample) = sample(&mut numbers) else { return Some(left) };
            self.samples.push(sample);
        }
        None
    }

    fn add_clocks(&mut self, payload: &[u8], time: u64) -> Option<usize> {
        let mut numbers = Numbers { rest: payload };
        while !numbers.rest.is_empty() {
            let left = numbers.rest.len();
            match numbers.byte() {
                Some(FREQUENCY) => match numbers.number() {
                    Some(frequency) if frequency > 0 => self.frequency = frequency,
                    Some(_) | None => return Some(left),
                },
                Some(CLOCK_SNAPSHOT) => {
                    let mut read = || Some([numbers.number()?, numbers.number()?, numbers.number()?, numbers.number()?]);
                    let Some([dt, monotonic, seconds, nanoseconds]) = read() else { return Some(left) };
                    self.clocks = Some([time.saturating_add(dt), monotonic, seconds, nanoseconds]);
                }
                Some(_) | None => return Some(left),
            }
        }
        None
    }

    /// Reads the stacks, now that all texts are known.
    pub fn finish(&mut self, tables: &mut TraceTables, losses: &mut Losses) {
        if self.frequency == 0 {
            self.frequency = FREQUENCY_DEFAULT;
        }
        let mut stacks = std::mem::take(&mut self.stacks);
        let mut frames = Vec::new();
        let lost_texts = Cell::new(false);
        for batch in &self.stack_batches {
            let payload = self.payload(*batch);
            let mut numbers = Numbers { rest: payload };
            while !numbers.rest.is_empty() {
                let left = numbers.rest.len();
                frames.clear();
                let Some(id) = self.stack(&mut numbers, tables, &mut frames, &lost_texts) else {
                    losses.add(Lost::Table, batch.offset + (payload.len() - left) as u64, left as u64, self.number);
                    break;
                };
                stacks.put(id, tables.stack(&frames).0);
            }
        }
        self.stacks = stacks;
        if lost_texts.get() {
            losses.add(Lost::Texts, self.offset, 0, self.number);
        }
    }

    /// Whether it has a table of texts. The runtime registers texts in every generation (`traceRegisterLabelsAndReasons`,
    /// runtime/traceruntime.go), and writes them last.
    pub fn has_texts(&self) -> bool {
        !self.names.is_empty()
    }

    fn stack(
        &self,
        numbers: &mut Numbers<'_>,
        tables: &mut TraceTables,
        frames: &mut Vec<herd_model::FrameId>,
        lost_texts: &Cell<bool>,
    ) -> Option<u64> {
        if numbers.byte()? != STACK {
            return None;
        }
        let id = numbers.number()?;
        let count = numbers.number()?;
        if count > FRAMES_MAX {
            return None;
        }
        for _ in 0..count {
            let _address = numbers.number()?;
            let (func, file, line) = (numbers.number()?, numbers.number()?, numbers.number()?);
            let name = |id| {
                let known = self.names.get(id).map(NameId);
                lost_texts.set(lost_texts.get() || known.is_none() && id != 0);
                known.unwrap_or(TraceTables::NO_NAME)
            };
            let frame = Frame { func: as_code(name(func), tables), file: name(file), line: line as u32 };
            frames.push(tables.frame(frame));
        }
        Some(id)
    }

    /// The text of an id of this generation. The runtime registers its reasons first, so that their ids are known without the table.
    #[inline]
    pub fn name(&self, id: u64) -> Option<NameId> {
        self.names.get(id).map(NameId)
    }

    /// The stack of an id of this generation, unless its table is lost.
    #[inline]
    pub fn stack_id(&self, id: u64) -> Option<StackId> {
        self.stacks.get(id).map(StackId)
    }

    /// Nanoseconds of the trace's clock.
    pub fn clocks_ns(&self, ns: impl Fn(u64) -> u64) -> Option<TraceClocks> {
        let [time, monotonic_ns, seconds, nanoseconds] = self.clocks?;
        let wall_ns = i64::try_from(seconds).ok()?.checked_mul(1_000_000_000)?.checked_add(i64::try_from(nanoseconds).ok()?)?;
        Some(TraceClocks { trace_ns: ns(time), monotonic_ns, wall_ns })
    }
}

/// A function's name without the linker's escapes.
fn as_code(func: NameId, tables: &mut TraceTables) -> NameId {
    let text = tables.names.text(func);
    if !text.contains('%') {
        return func;
    }
    let text = unescaped(text.as_bytes()).into_owned();
    tables.names.intern(&text)
}

fn text<'a>(numbers: &mut Numbers<'a>) -> Option<(u64, &'a [u8])> {
    if numbers.byte()? != STRING {
        return None;
    }
    let (id, len) = (numbers.number()?, numbers.number()?);
    if len > TEXT_BYTES_MAX {
        return None;
    }
    Some((id, numbers.take(len as usize)?))
}

fn sample(numbers: &mut Numbers<'_>) -> Option<Sample> {
    if numbers.byte()? != CPU_SAMPLE {
        return None;
    }
    Some(Sample {
        time: numbers.number()?,
        thread: numbers.number()?,
        proc: numbers.number()?,
        goroutine: numbers.number()?,
        stack: numbers.number()?,
    })
}
