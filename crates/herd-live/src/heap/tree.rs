//! What reached each object of a heap in which nothing moves: marking like the proof of leaks', but breadth first and with a note of
//! where each object was first reached from, so that a way from a root to any of them can be told.

use std::ops::Range;

use herd_model::HolderKind;

use crate::error::LiveError;
use crate::memory::{Batch, Space};
use crate::reach::mark::{READ_BYTES, Sink};
use crate::reach::spans::Spans;

/// Objects a heap may have: a note takes four bytes of each, a gigabyte in all.
pub const MAX_OBJECTS: u64 = 1 << 28;
/// Set in the note of an object a root reaches.
const ROOT: u32 = 1 << 31;
/// Below so many objects at one distance from the roots, each is read with what lies beside it: such are the elements of a list, one
/// of which leads to the next.
const FEW: usize = 64;
/// Bytes that are kept so.
const KEPT_BYTES: u64 = 64 << 20;
/// Bytes of an object that is read so.
const BESIDE_BYTES: u64 = 4 << 10;
/// Bytes of an object read at a time.
const PIECE_BYTES: u64 = 1 << 20;

/// Where a word stands that reaches an object from outside the heap.
#[derive(Clone, Copy, Debug)]
pub struct Root {
    /// What it is.
    pub kind: HolderKind,
    /// Its address; zero for none.
    pub at: u64,
    /// Id of the goroutine; zero for none.
    pub goroutine: u64,
}

/// What an object was first reached from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The object of this number.
    Object(u32),
    /// The root of this number.
    Root(u32),
}

/// The state of the search.
pub struct Tree<'a> {
    /// The heap.
    pub spans: &'a Spans,
    /// Roots that reach an object no other reached before.
    pub roots: Vec<Root>,
    /// Of each object: zero as long as it is not reached, else the number of a root, marked so, or of an object, from one on.
    from: Vec<u32>,
    /// Reached objects that have not been looked into.
    next: Vec<u32>,
    closed: Vec<u64>,
    kind: HolderKind,
    goroutine: u64,
    /// The object being looked into, as it is noted; zero for none.
    within: u32,
    /// Bytes looked through.
    pub bytes: u64,
}

impl<'a> Tree<'a> {
    /// With nothing reached.
    ///
    /// # Errors
    /// When there are more objects than notes are taken of.
    pub fn new(spans: &'a Spans) -> Result<Tree<'a>, LiveError> {
        if spans.objects > MAX_OBJECTS {
            return Err(LiveError::TooManyObjects { objects: spans.objects, most: MAX_OBJECTS });
        }
        let (from, closed) = (vec![0; spans.objects as usize], vec![0; (spans.objects as usize).div_ceil(64)]);
        let (roots, next) = (Vec::new(), Vec::new());
        Ok(Tree { spans, roots, from, next, closed, kind: HolderKind::Variable, goroutine: 0, within: 0, bytes: 0 })
    }

    /// What is found from now on is found by way of such roots.
    pub fn begin(&mut self, kind: HolderKind) {
        (self.kind, self.goroutine) = (kind, 0);
    }

    /// Never looks into the object an address lies in.
    pub fn close(&mut self, address: u64) {
        if let Some(number) = self.number(address) {
            self.closed[number as usize / 64] |= 1 << (number % 64);
        }
    }

    /// The number of the object an address lies in.
    pub fn number(&self, address: u64) -> Option<u32> {
        let (span, object) = self.spans.find(address)?;
        u32::try_from(self.spans.list[span].first + u64::from(object)).ok()
    }

    /// What an object was first reached from; nothing where it is not reached.
    pub fn from(&self, number: u32) -> Option<From> {
        match self.from[number as usize] {
            0 => None,
            root if root & ROOT != 0 => Some(From::Root(root & !ROOT)),
            object => Some(From::Object(object - 1)),
        }
    }

    /// The span of an object.
    pub fn span(&self, number: u32) -> usize {
        self.spans.list.partition_point(|span| span.first <= u64::from(number)) - 1
    }

    /// Follows everything reached so far to its end, what is nearest first.
    pub fn follow(&mut self, space: &mut Space) -> Result<(), LiveError> {
        let mut batch = Batch::default();
        while !self.next.is_empty() {
            let mut level = std::mem::take(&mut self.next);
            level.sort_unstable();
            if level.len() < FEW {
                self.few(space, &mut batch, &level)?;
            } else {
                self.many(space, &mut batch, &level)?;
            }
        }
        self.within = 0;
        Ok(())
    }

    fn few(&mut self, space: &mut Space, batch: &mut Batch, level: &[u32]) -> Result<(), LiveError> {
        let mut bytes = [0; BESIDE_BYTES as usize];
        for number in level {
            let range = self.range(*number);
            let len = range.end - range.start;
            if len > BESIDE_BYTES {
                self.many(space, batch, std::slice::from_ref(number))?;
                continue;
            }
            if space.kept_bytes() > KEPT_BYTES {
                space.forget();
            }
            let bytes = &mut bytes[..len as usize];
            if !space.constant(range.start, bytes)? {
                return Err(unread(len));
            }
            self.within = number + 1;
            self.words(range.start, bytes);
        }
        Ok(())
    }

    fn many(&mut self, space: &mut Space, batch: &mut Batch, level: &[u32]) -> Result<(), LiveError> {
        let pieces = |number: u32, range: Range<u64>| {
            let end = range.end;
            (range.start..end).step_by(PIECE_BYTES as usize).map(move |from| (number, from, end.min(from + PIECE_BYTES)))
        };
        let mut asked: Vec<(u32, u64, u64)> = Vec::new();
        let mut bytes = 0;
        batch.clear();
        for number in level {
            for piece in pieces(*number, self.range(*number)) {
                let len = (piece.2 - piece.1) as usize;
                batch.ask(piece.1, len);
                asked.push(piece);
                bytes += len;
                if bytes >= READ_BYTES {
                    self.look_into(space, batch, &mut asked)?;
                    bytes = 0;
                }
            }
        }
        self.look_into(space, batch, &mut asked)
    }

    /// Reads what is asked for, and takes its words.
    fn look_into(&mut self, space: &mut Space, batch: &mut Batch, asked: &mut Vec<(u32, u64, u64)>) -> Result<(), LiveError> {
        space.read(batch)?;
        for (index, (number, from, end)) in asked.drain(..).enumerate() {
            let bytes = batch.get(index).ok_or_else(|| unread(end - from))?;
            self.within = number + 1;
            self.words(from, bytes);
        }
        batch.clear();
        Ok(())
    }

    fn range(&self, number: u32) -> Range<u64> {
        let span = &self.spans.list[self.span(number)];
        let start = span.address((u64::from(number) - span.first) as u32);
        start..start + span.elem
    }
}

impl Sink for Tree<'_> {
    #[inline]
    fn word(&mut self, at: u64, word: u64) {
        let Some((index, object)) = self.spans.find(word) else { return };
        let span = &self.spans.list[index];
        let number = (span.first + u64::from(object)) as usize;
        if self.from[number] != 0 {
            return;
        }
        self.from[number] = if self.within == 0 {
            self.roots.push(Root { kind: self.kind, at, goroutine: self.goroutine });
            ROOT | (self.roots.len() - 1) as u32
        } else {
            self.within
        };
        if !span.noscan && self.closed[number / 64] >> (number % 64) & 1 == 0 {
            self.next.push(number as u32);
        }
    }

    fn looked(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    fn goroutine(&mut self, id: u64) {
        self.goroutine = id;
    }
}

fn unread(bytes: u64) -> LiveError {
    LiveError::Inconsistent(format!("{bytes} bytes of the heap's objects cannot be read"))
}
