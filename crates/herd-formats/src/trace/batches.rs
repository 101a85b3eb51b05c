//! The stream as batches: their heads, and how to find the next one where a head cannot be one.

use std::io::{self, Read};

use super::wire::{ARGS, BATCH_BYTES_MAX, CPU_SAMPLES, END_OF_GENERATION, EVENT_BATCH, EXPERIMENTAL_BATCH, FREQUENCY};
use super::wire::{HEADER_BYTES, NOT_TIMED, Numbers, STACKS, STRINGS, SYNC};

/// Bytes of a batch's head: kind, experiment, four numbers.
const HEAD_BYTES_MAX: usize = 2 + 4 * 10;
/// Batches that must follow each other where one is taken for the first behind lost bytes, when it is not of the generation that was being
/// read or of the next.
const CHAIN: usize = 4;
/// Bytes looked at together: as many of the largest batches as a chain has, and the head behind them.
const REACH: usize = (HEAD_BYTES_MAX + BATCH_BYTES_MAX as usize) * CHAIN + HEAD_BYTES_MAX;
/// Bytes asked for at a time.
const READ_BYTES: usize = 256 << 10;
/// How far the number of a generation may jump over what was lost.
const GENERATIONS_LOST_MAX: u64 = 1 << 20;
/// How far times of a trace may lie apart: eleven days where a unit is a nanosecond, two years where it is 64.
const SPAN_MAX: u64 = 1_000_000_000_000_000;
/// How far apart they lie from one batch to the next at most: 18 minutes where a unit is a nanosecond, 19 hours where it is 64.
const NEAR: u64 = 1 << 40;

/// The head of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Belongs to an experiment.
    pub experimental: bool,
    /// Number of the generation.
    pub generation: u64,
    /// Id of the thread that wrote it; 2^64 − 1 for tables.
    pub thread: u64,
    /// Time the first event's counts from, in units of the trace.
    pub time: u64,
    /// Bytes of the payload.
    pub size: usize,
}

/// What stands at the front of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// A batch whose payload starts so many bytes further on and is all there.
    Batch(Head, usize),
    /// A batch whose payload the input ends in.
    Cut(Head, usize),
    /// The end of a generation (Go 1.26).
    EndOfGeneration,
    /// The header of a trace.
    Header,
    /// Nothing a trace has there.
    Broken,
    /// The end of the input.
    End,
}

/// What the batches so far say of those to come.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// The generation being read; 0 before the first.
    pub generation: u64,
    /// A time of it, in units; 0 before the first.
    pub time: u64,
}

/// The stream, with enough of it at hand to look ahead.
#[derive(Debug)]
pub struct Input<R> {
    source: R,
    held: Vec<u8>,
    at: usize,
    /// Bytes before the front.
    offset: u64,
    ended: bool,
}

impl<R: Read> Input<R> {
    /// A stream at its beginning.
    pub fn new(source: R) -> Self {
        Input { source, held: Vec::with_capacity(REACH + READ_BYTES), at: 0, offset: 0, ended: false }
    }

    /// Byte offset of the front.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// What is at hand, at least [`REACH`] bytes of it unless the input ends before.
    fn window(&mut self) -> io::Result<&[u8]> {
        while !self.ended && self.held.len() - self.at < REACH {
            self.held.drain(..self.at);
            self.at = 0;
            let len = self.held.len();
            self.held.resize(len + READ_BYTES, 0);
            let read = loop {
                match self.source.read(&mut self.held[len..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            self.held.truncate(len + read.as_ref().map_or(0, |read| *read));
            self.ended = read? == 0;
        }
        Ok(&self.held[self.at..])
    }

    /// What stands at the front.
    pub fn front(&mut self, expected: Expected) -> io::Result<Front> {
        Ok(front(self.window()?, expected))
    }

    /// The first bytes at the front, at most so many.
    pub fn peek(&mut self, len: usize) -> io::Result<&[u8]> {
        let window = self.window()?;
        Ok(&window[..window.len().min(len)])
    }

    /// Bytes of the front, which must have been seen there.
    pub fn bytes(&self, start: usize, len: usize) -> &[u8] {
        &self.held[self.at + start..self.at + start + len]
    }

    /// How many bytes there are at hand behind `start`.
    pub fn at_hand(&self, start: usize) -> usize {
        (self.held.len() - self.at).saturating_sub(start)
    }

    /// Goes on behind so many bytes.
    pub fn advance(&mut self, len: usize) {
        self.at += len;
        self.offset += len as u64;
    }

    /// Goes on to the next place where a batch, the end of a generation or a trace may begin, and says how many bytes lie between. A place
    /// counts when what follows its batch may follow one, too.
    pub fn resynchronise(&mut self, expected: Expected) -> io::Result<u64> {
        let start = self.offset;
        self.advance(usize::from(self.at_hand(0) > 0));
        loop {
            self.window()?;
            let ended = self.ended;
            let window = &self.held[self.at..];
            if window.is_empty() {
                return Ok(self.offset - start);
            }
            // Behind this no chain could be looked at whole.
            let sure = if ended { window.len() } else { window.len() - REACH + 1 };
            let found = (0..sure).find(|at| may_begin(&window[*at..], expected, ended));
            self.advance(found.unwrap_or(sure));
            if found.is_some() {
                return Ok(self.offset - start);
            }
        }
    }
}

fn front(window: &[u8], expected: Expected) -> Front {
    match window.first() {
        None => Front::End,
        Some(&END_OF_GENERATION) => Front::EndOfGeneration,
        Some(&(EVENT_BATCH | EXPERIMENTAL_BATCH)) => match head(window) {
            Some((head, len)) if is_plausible(&head, expected) => {
                if window.len() - len >= head.size {
                    Front::Batch(head, len)
                } else {
                    Front::Cut(head, len)
                }
            }
            Some(_) | None => Front::Broken,
        },
        Some(_) if is_header(window) => Front::Header,
        Some(_) => Front::Broken,
    }
}

/// Whether a trace begins here.
pub fn is_header(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER_BYTES && minor(bytes).is_some()
}

/// The version in a header: `go 1.22 trace\0\0\0` is 22.
pub fn minor(bytes: &[u8]) -> Option<u32> {
    let rest = bytes.get(..HEADER_BYTES)?.strip_prefix(b"go 1.")?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let tail = rest[digits..].strip_prefix(b" trace")?;
    if digits == 0 || tail.iter().any(|byte| *byte != 0) {
        return None;
    }
    std::str::from_utf8(&rest[..digits]).ok()?.parse().ok()
}

/// The time to expect of the next batch: that of this one, unless it is too far from those before to be true.
pub fn nearer(expected: u64, time: u64) -> u64 {
    if expected == 0 || time.abs_diff(expected) < NEAR { time } else { expected }
}

fn head(window: &[u8]) -> Option<(Head, usize)> {
    let mut numbers = Numbers { rest: window };
    let experimental = numbers.byte()? == EXPERIMENTAL_BATCH;
    if experimental {
        numbers.byte()?;
    }
    let generation = numbers.number()?;
    let thread = numbers.number()?;
    let time = numbers.number()?;
    let size = numbers.number()?;
    (size <= BATCH_BYTES_MAX)
        .then(|| (Head { experimental, generation, thread, time, size: size as usize }, window.len() - numbers.rest.len()))
}

fn is_plausible(head: &Head, expected: Expected) -> bool {
    let near = expected.generation == 0
        || (expected.generation..=expected.generation.saturating_add(GENERATIONS_LOST_MAX)).contains(&head.generation);
    let timely = expected.time == 0 || head.time == 0 || head.time.abs_diff(expected.time) < SPAN_MAX;
    head.generation != 0 && near && timely
}

/// Whether a batch may begin here, looked at more closely: its payload begins as one does, and what follows it may follow it.
fn may_begin(window: &[u8], expected: Expected, ended: bool) -> bool {
    match front(window, expected) {
        Front::Batch(head, len) => {
            let near = expected.generation != 0
                && head.generation - expected.generation <= 1
                && (expected.time == 0 || head.time.abs_diff(expected.time) < NEAR);
            let begins = window.get(len).is_some_and(|kind| head.experimental || begins_payload(*kind));
            // A batch of nothing would be found in many places.
            head.size > 0 && begins && goes_on(window, if near { 1 } else { CHAIN - 1 }, ended)
        }
        Front::Header => true,
        Front::EndOfGeneration => window.len() == 1 && ended || goes_on(window, 2, ended),
        Front::Cut(..) | Front::Broken | Front::End => false,
    }
}

/// Whether so many batches more follow the first thing in the window, each of them near the one before, or the end of the input.
fn goes_on(window: &[u8], batches: usize, ended: bool) -> bool {
    let (mut rest, mut expected, mut seen) = (window, Expected::default(), 0);
    loop {
        match front(rest, expected) {
            Front::Batch(head, len) => {
                let near = expected.generation == 0
                    || head.generation - expected.generation <= 1
                        && (head.time.abs_diff(expected.time) < NEAR || expected.time == 0);
                if !near || seen > batches {
                    return near;
                }
                seen += 1;
                expected = Expected { generation: head.generation, time: head.time };
                rest = &rest[len + head.size..];
            }
            Front::EndOfGeneration => rest = &rest[1..],
            Front::Header => return true,
            Front::End => return ended,
            // The input may end in the batch that follows.
            Front::Cut(head, _) => return seen > 0 && head.generation.wrapping_sub(expected.generation) <= 1,
            Front::Broken => return false,
        }
        if seen > batches {
            return true;
        }
    }
}

fn begins_payload(kind: u8) -> bool {
    matches!(kind, STRINGS | STACKS | CPU_SAMPLES | FREQUENCY | SYNC) || ARGS[kind as usize] != NOT_TIMED
}
