//! Bytes in pieces: what a piece leaves unfinished waits for the next.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::machine::{Machine, Tail};
use super::split::{Ending, Part};
use super::{Parsed, block, header, join};

/// Text of one goroutine, or of one line, that is held; what is longer is cut, with a note.
pub const MAX_BLOCK_BYTES: usize = 16 << 20;
/// Bytes of a new piece that are first put behind the rest of the one before.
const BRIDGE_BYTES: usize = 64 << 10;

/// Reads a dump from pieces of any size.
#[derive(Debug, Default)]
pub struct DumpReader {
    machine: Machine,
    rest: Vec<u8>,
    /// Line ends the input has closed with so far.
    breaks: u64,
}

impl DumpReader {
    /// A reader at the start of an input.
    pub fn new() -> Self {
        DumpReader::default()
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) {
        let breaks = piece.iter().rev().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
        self.breaks = if breaks == piece.len() { self.breaks } else { 0 } + breaks as u64;
        let mut piece = piece;
        while !self.rest.is_empty() && !piece.is_empty() {
            let before = self.rest.len();
            let bridge = piece.len().min(BRIDGE_BYTES.max(before));
            self.rest.extend_from_slice(&piece[..bridge]);
            let used = self.machine.consume(&self.rest, Tail::More);
            if used >= before {
                // The rest is done with: what follows is read where it stands.
                self.rest.clear();
                piece = &piece[used - before..];
                break;
            }
            piece = &piece[bridge..];
            self.rest.drain(..used);
            if self.rest.len() > MAX_BLOCK_BYTES {
                self.force();
            }
        }
        if self.rest.is_empty() && !piece.is_empty() {
            let used = self.machine.consume(piece, Tail::More);
            self.rest.extend_from_slice(&piece[used..]);
            if self.rest.len() > MAX_BLOCK_BYTES {
                self.force();
            }
        }
    }

    fn force(&mut self) {
        while self.rest.len() > MAX_BLOCK_BYTES && !self.machine.stopped {
            let used = self.machine.consume(&self.rest, Tail::Forced);
            self.rest.drain(..used);
            let used = self.machine.consume(&self.rest, Tail::More);
            self.rest.drain(..used);
        }
    }

    /// Ends the input.
    pub fn finish(self) -> Parsed {
        join(vec![self.into_part()])
    }

    fn into_part(mut self) -> Part {
        let mut at = 0;
        while at < self.rest.len() && !self.machine.stopped {
            let used = self.machine.consume(&self.rest[at..], Tail::Last);
            if used == 0 {
                break;
            }
            at += used;
        }
        let offset = self.machine.offset;
        let ending = (!self.machine.stopped).then_some(Ending { offset, breaks: self.breaks });
        self.machine.finish();
        let Machine { segments, interlude, notes, lines, .. } = self.machine;
        Part { segments, tail: interlude, notes, lines, ending }
    }
}

/// Whether a [`PartReader`] needs more of the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// The bytes that follow.
    More,
    /// Nothing: the next part begins here.
    Nothing,
}

/// Reads one range of an input: from the first goroutine behind a blank line in it to the first one behind its end.
#[derive(Debug)]
pub struct PartReader {
    reader: DumpReader,
    /// Bytes that have not shown where the part begins yet; `None` once it has begun.
    sought: Option<Vec<u8>>,
    offset: u64,
    end: Option<u64>,
}

/// Where parts meet: a legible header behind a blank line, at which all that came before is over.
const MEETING: &[u8] = b"\n\ngoroutine ";

impl PartReader {
    /// A reader of `range` out of an input of `len` bytes; push the bytes from `range.start` on until it wants nothing or the
    /// input ends.
    pub fn new(range: Range<u64>, len: u64) -> Self {
        let mut reader = DumpReader::new();
        reader.machine.blind = range.start > 0;
        reader.machine.offset = range.start;
        let end = (range.end < len).then_some(range.end);
        reader.machine.stop_at = end;
        PartReader { reader, sought: (range.start > 0).then(Vec::new), offset: range.start, end }
    }

    /// Takes the next piece.
    pub fn push(&mut self, piece: &[u8]) -> Wants {
        if let Some(sought) = &mut self.sought {
            sought.extend_from_slice(piece);
            self.seek(false);
        } else {
            self.reader.push(piece);
        }
        if self.reader.machine.stopped { Wants::Nothing } else { Wants::More }
    }

    /// Looks for the first header and reads on from it.
    fn seek(&mut self, at_end: bool) {
        let Some(held) = self.sought.take() else { return };
        let mut from = 0;
        while let Some(at) = memmem::find(&held[from..], MEETING).map(|at| from + at) {
            if self.end.is_some_and(|end| self.offset + at as u64 >= end) {
                self.reader.machine.stopped = true;
                return;
            }
            let rest = &held[at + 2..];
            if !at_end && memchr(b'\n', rest).is_none() && rest.len() <= MAX_BLOCK_BYTES {
                self.hold(held, at);
                return;
            }
            if header::parse(block::line_of(rest).0).is_some() {
                self.reader.machine.offset = self.offset + at as u64 + 2;
                self.reader.push(rest);
                return;
            }
            from = at + 1;
        }
        let keep = held.len().min(MEETING.len() - 1);
        let gone = from.max(held.len() - keep);
        self.hold(held, gone);
        if at_end || self.end.is_some_and(|end| self.offset >= end) {
            self.reader.machine.stopped = true;
        }
    }

    /// Keeps the bytes from `at` on until more come.
    fn hold(&mut self, mut held: Vec<u8>, at: usize) {
        held.drain(..at);
        self.offset += at as u64;
        self.sought = Some(held);
    }

    /// Ends the part.
    pub fn finish(mut self) -> Part {
        self.seek(true);
        self.reader.into_part()
    }
}

/// Divides an input of `len` bytes into `parts` ranges of about equal size.
pub fn split_points(len: u64, parts: u64) -> Vec<Range<u64>> {
    let parts = parts.max(1);
    (0..parts).map(|part| len * part / parts..len * (part + 1) / parts).filter(|range| !range.is_empty()).collect()
}
