//! Conservative marking: every word of what is reachable that points into the heap makes its object reachable. Each object is read
//! once, in the order of spans, so that memory follows the number of objects (two bits each), not their bytes.

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::spans::{PAGE_BYTES, Span, Spans};
use crate::error::LiveError;
use crate::memory::{Batch, Space};

/// Bytes read together.
pub const READ_BYTES: usize = 4 << 20;
/// Bytes of one request at most.
const PIECE_BYTES: u64 = 1 << 20;

/// Spans that are not longer are read whole, for most of what is in one leads on within it.
const WHOLE_BYTES: u64 = 64 << 10;
/// Bytes of spans that are kept in case something leads back to them.
const HELD_BYTES: u64 = 16 << 20;

/// What takes the words that are found where reachability begins.
pub trait Sink {
    /// Takes a word, and where it stands; zero for one that stands in no memory.
    fn word(&mut self, at: u64, word: u64);

    /// Bytes were looked through.
    fn looked(&mut self, bytes: u64);

    /// The words that follow are found by way of the goroutine of this id.
    fn goroutine(&mut self, _id: u64) {}

    /// Takes the words of some bytes, which begin at a word.
    fn words(&mut self, at: u64, bytes: &[u8]) {
        self.looked(bytes.len() as u64);
        let mut last = 0;
        for (at, word) in (at..).step_by(8).zip(bytes.chunks_exact(8)) {
            let word = u64::from_le_bytes(word.try_into().unwrap_or_default());
            if word != last {
                self.word(at, word);
                last = word;
            }
        }
    }

    /// Reads ranges of memory in pieces and takes their words; what cannot be read is answered in bytes.
    fn ranges(&mut self, space: &mut Space, batch: &mut Batch, ranges: &[Range<u64>]) -> Result<u64, LiveError> {
        let mut unread = 0;
        let mut pieces = ranges.iter().flat_map(|range| pieces(range.clone())).peekable();
        while pieces.peek().is_some() {
            batch.clear();
            let mut asked = Vec::new();
            let mut bytes = 0;
            while bytes < READ_BYTES
                && let Some(piece) = pieces.next()
            {
                let len = (piece.end - piece.start) as usize;
                bytes += len;
                asked.push((batch.ask(piece.start, len), piece));
            }
            space.read(batch)?;
            for (index, piece) in asked {
                match batch.get(index) {
                    Some(bytes) => self.words(piece.start, bytes),
                    None => unread += piece.end - piece.start,
                }
            }
        }
        Ok(unread)
    }
}

impl Sink for Mark<'_> {
    #[inline]
    fn word(&mut self, _at: u64, word: u64) {
        self.mark(word);
    }

    fn looked(&mut self, bytes: u64) {
        self.bytes += bytes;
    }
}

/// The state of a mark.
pub struct Mark<'a> {
    spans: &'a Spans,
    marked: Vec<u64>,
    scanned: Vec<u64>,
    queued: Vec<u64>,
    queue: VecDeque<u32>,
    /// Those of the queued spans whose bytes are held.
    at_hand: Vec<u32>,
    held: Held,
    /// Spans that are held.
    held_spans: Vec<u64>,
    /// The span that is being looked into, and which of its objects have been reached meanwhile.
    current: u32,
    within: Vec<u32>,
    /// Objects whose reachability matters, and to whom.
    watched: FxHashMap<u64, Vec<u32>>,
    /// Spans that hold one.
    watched_spans: Vec<u64>,
    /// Watchers whose object has been reached.
    pub woken: Vec<u32>,
    /// Bytes looked through.
    pub bytes: u64,
}

fn bits(len: u64) -> Vec<u64> {
    vec![0; (len as usize).div_ceil(64)]
}

fn get(bits: &[u64], at: u64) -> bool {
    bits[(at / 64) as usize] >> (at % 64) & 1 == 1
}

fn set(bits: &mut [u64], at: u64) {
    bits[(at / 64) as usize] |= 1 << (at % 64);
}

fn unset(bits: &mut [u64], at: u64) {
    bits[(at / 64) as usize] &= !(1 << (at % 64));
}

/// In place of a span's index.
const NONE: u32 = u32::MAX;

impl<'a> Mark<'a> {
    /// With nothing marked.
    pub fn new(spans: &'a Spans) -> Mark<'a> {
        Mark {
            spans,
            marked: bits(spans.objects),
            scanned: bits(spans.objects),
            queued: bits(spans.list.len() as u64),
            queue: VecDeque::new(),
            at_hand: Vec::new(),
            held: Held::default(),
            held_spans: bits(spans.list.len() as u64),
            current: NONE,
            within: Vec::new(),
            watched: FxHashMap::default(),
            watched_spans: bits(spans.list.len() as u64),
            woken: Vec::new(),
            bytes: 0,
        }
    }

    /// Wakes `watcher` once the object an address lies in is reached; `false` when it lies in none.
    pub fn watch(&mut self, address: u64, watcher: u32) -> bool {
        let Some((span, object)) = self.spans.find(address) else { return false };
        let number = self.spans.list[span].first + u64::from(object);
        set(&mut self.watched_spans, span as u64);
        self.watched.entry(number).or_default().push(watcher);
        if get(&self.marked, number) {
            self.woken.push(watcher);
        }
        true
    }

    /// Never looks into the object an address lies in, though it may be reached.
    pub fn close(&mut self, address: u64) {
        if let Some((span, object)) = self.spans.find(address) {
            set(&mut self.scanned, self.spans.list[span].first + u64::from(object));
        }
    }

    /// Marks what a word points at.
    #[inline]
    pub fn mark(&mut self, word: u64) {
        let Some((index, object)) = self.spans.find(word) else { return };
        let span = &self.spans.list[index];
        let number = span.first + u64::from(object);
        if get(&self.marked, number) {
            return;
        }
        set(&mut self.marked, number);
        if !span.noscan {
            self.enqueue(index as u32, object);
        }
        if get(&self.watched_spans, index as u64)
            && let Some(watchers) = self.watched.get(&number)
        {
            self.woken.extend_from_slice(watchers);
        }
    }

    /// Sees to it that an object is looked into.
    fn enqueue(&mut self, span: u32, object: u32) {
        if span == self.current {
            self.within.push(object);
        } else if !get(&self.queued, u64::from(span)) {
            set(&mut self.queued, u64::from(span));
            if get(&self.held_spans, u64::from(span)) {
                self.at_hand.push(span);
            } else {
                self.queue.push_back(span);
            }
        }
    }

    /// Follows everything reached so far to its end.
    pub fn follow(&mut self, space: &mut Space, batch: &mut Batch) -> Result<(), LiveError> {
        let mut held = std::mem::take(&mut self.held);
        let done = self.follow_through(&mut held, space, batch);
        self.held = held;
        done
    }

    fn follow_through(&mut self, held: &mut Held, space: &mut Space, batch: &mut Batch) -> Result<(), LiveError> {
        let (mut group, mut ranges) = (Vec::new(), Vec::new());
        loop {
            // Before any more is read, for what is held may be held no longer then.
            while let Some(index) = self.at_hand.pop() {
                match held.get(index) {
                    Some(whole) => self.look_into(index, whole, &mut ranges),
                    None => self.queue.push_back(index),
                }
            }
            group.clear();
            let mut bytes = 0;
            while bytes < READ_BYTES as u64
                && let Some(index) = self.queue.pop_front()
            {
                bytes += self.spans.list[index as usize].bytes();
                group.push(index);
            }
            if group.is_empty() {
                return Ok(());
            }
            group.sort_unstable();
            if held.bytes > HELD_BYTES {
                held.forget(|index| unset(&mut self.held_spans, u64::from(index)));
            }
            held.read(space, self.spans, &group)?;
            for index in &group {
                if held.get(*index).is_some() {
                    set(&mut self.held_spans, u64::from(*index));
                    self.at_hand.push(*index);
                } else {
                    unset(&mut self.queued, u64::from(*index));
                    self.pending(self.spans.list[*index as usize], &mut ranges);
                }
            }
            let unread = self.ranges(space, batch, &ranges)?;
            ranges.clear();
            if unread > 0 {
                return Err(LiveError::Inconsistent(format!("{unread} bytes of the heap's objects cannot be read")));
            }
        }
    }

    /// Looks into all that is reached of a span, and of what that reaches within the span, to the end.
    fn look_into(&mut self, index: u32, whole: &[u8], ranges: &mut Vec<Range<u64>>) {
        let span = self.spans.list[index as usize];
        unset(&mut self.queued, u64::from(index));
        self.pending(span, ranges);
        self.current = index;
        for range in ranges.drain(..) {
            self.words(range.start, &whole[(range.start - span.start) as usize..(range.end - span.start) as usize]);
        }
        while let Some(object) = self.within.pop() {
            let number = span.first + u64::from(object);
            if !get(&self.scanned, number) {
                set(&mut self.scanned, number);
                let from = (u64::from(object) * span.elem) as usize;
                self.words(span.start + from as u64, &whole[from..from + span.elem as usize]);
            }
        }
        self.current = NONE;
    }

    /// The ranges of a span's objects that are marked and have not been looked into; marks them as looked into.
    fn pending(&mut self, span: Span, ranges: &mut Vec<Range<u64>>) {
        let mut from = span.first;
        let end = span.first + u64::from(span.count);
        let mut last: Option<Range<u64>> = None;
        while from < end {
            let word = (from / 64) as usize;
            let rest = (self.marked[word] & !self.scanned[word]) >> (from % 64);
            if rest == 0 {
                from = (from / 64 + 1) * 64;
                continue;
            }
            from += u64::from(rest.trailing_zeros());
            if from >= end {
                break;
            }
            set(&mut self.scanned, from);
            let start = span.address((from - span.first) as u32);
            from += 1;
            match &mut last {
                // Only what is reachable is looked into, so objects between are not.
                Some(range) if start == range.end => range.end = start + span.elem,
                _ => ranges.extend(last.replace(start..start + span.elem)),
            }
        }
        ranges.extend(last);
    }
}

fn pieces(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let count = (range.end - range.start).div_ceil(PIECE_BYTES);
    (0..count).map(move |index| {
        let start = range.start + index * PIECE_BYTES;
        start..range.end.min(start + PIECE_BYTES)
    })
}

/// Spans read whole, kept until there are too many of them.
#[derive(Default)]
struct Held {
    batches: Vec<Batch>,
    free: Vec<Batch>,
    /// Which batch holds a span, and as what.
    places: FxHashMap<u32, (usize, usize)>,
    bytes: u64,
}

impl Held {
    /// Lets go of all spans.
    fn forget(&mut self, mut forgotten: impl FnMut(u32)) {
        self.places.drain().for_each(|(index, _)| forgotten(index));
        self.free.append(&mut self.batches);
        self.bytes = 0;
    }

    /// Reads those of a group that are short enough and not held yet.
    fn read(&mut self, space: &mut Space, spans: &Spans, group: &[u32]) -> Result<(), LiveError> {
        let mut batch = self.free.pop().unwrap_or_default();
        batch.clear();
        let held = self.bytes;
        for index in group {
            let span = &spans.list[*index as usize];
            // With what lies behind the objects, so that those of neighbours are read as one piece.
            let bytes = span.bytes().next_multiple_of(PAGE_BYTES);
            if bytes <= WHOLE_BYTES && !self.places.contains_key(index) {
                self.places.insert(*index, (self.batches.len(), batch.ask(span.start, bytes as usize)));
                self.bytes += bytes;
            }
        }
        if self.bytes == held {
            self.free.push(batch);
            return Ok(());
        }
        space.read(&mut batch)?;
        self.batches.push(batch);
        Ok(())
    }

    /// All of a span's objects; nothing where it is not held, or could not be read whole.
    fn get(&self, span: u32) -> Option<&[u8]> {
        let (batch, at) = self.places.get(&span)?;
        self.batches.get(*batch)?.get(*at)
    }
}
