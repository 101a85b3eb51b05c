//! What processors keep for themselves and the collector does not take for a reference (`runtime/mcache.go`, `runtime/mwbbuf.go`,
//! `runtime/mgcwork.go`): the block small values were last put into, the buffer of the write barrier, and what the collector keeps to
//! mark by. The last two say long afterwards what they were told; all the collector knows of it found elsewhere.

use std::ops::Range;

use super::spans::{PAGE_BYTES, Spans};
use crate::error::LiveError;
use crate::functions::ModuleData;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u32_at, u64_at};

/// Processors a process may have.
const MAX_PROCESSORS: u64 = 1 << 12;
/// Bytes of variables that are searched; nobody keeps more in pointers.
const MAX_BYTES: u64 = 256 << 20;
/// Bytes searched at a time.
const PIECE_BYTES: u64 = 1 << 20;
/// Classes of spans a cache has one of each (`runtime.numSpanClasses`).
const CLASSES: u64 = 136;
/// Bytes of a block for small values (`runtime.maxTinySize`).
const TINY_BYTES: u64 = 16;
/// Bytes in front of large objects with pointers, since Go 1.22 (`runtime.mallocHeaderSize`).
const HEADER_BYTES: u64 = 8;

/// A processor (`runtime.p`).
#[derive(Clone, Debug)]
pub struct Processor {
    /// Its record.
    pub record: u64,
    /// Memory outside the heap that holds no references: where its cache names the block small values are put into, and the buffer for
    /// the pointers of a span, since Go 1.25 (`gcWork.ptrBuf`).
    pub closed: Vec<Range<u64>>,
}

impl Processor {
    /// The parts of its record that hold references.
    pub fn references(&self, layout: &Layout) -> [Range<u64>; 3] {
        let part = |place: At, size: At| {
            let from = self.record + u64::from(layout.get(place));
            from..from + u64::from(layout.get(size))
        };
        let (barrier, marking) = (part(At::PWbBuf, At::WbBufSize), part(At::PGcw, At::GcwSize));
        let (first, second) = if barrier.start < marking.start { (barrier, marking) } else { (marking, barrier) };
        [self.record..first.start, first.end..second.start, second.end..self.record + u64::from(layout.get(At::PSize))]
    }
}

/// Finds `runtime.allp` among the variables of the program: a list of records that each say their number in it and each have a
/// cache. The first thread keeps a copy of it, too. None are found where nothing is such a list: then all that processors keep counts.
pub fn processors(
    space: &mut Space,
    layout: &Layout,
    modules: &[ModuleData],
    spans: &Spans,
) -> Result<Vec<Processor>, LiveError> {
    let mut found: Vec<Processor> = Vec::new();
    let mut batch = Batch::default();
    for range in modules.iter().take(1).flat_map(|module| module.pointers.clone()) {
        if range.end.saturating_sub(range.start) > MAX_BYTES {
            return Ok(Vec::new());
        }
        let mut at = range.start;
        while at < range.end {
            // A header of three words may begin in one piece and end in the next.
            let end = range.end.min(at + PIECE_BYTES + 16);
            batch.clear();
            batch.ask(at, (end - at) as usize);
            space.read(&mut batch)?;
            let bytes = batch.get(0).unwrap_or_default();
            let words: Vec<u64> = bytes.chunks_exact(8).map(|word| u64_at(word, 0)).collect();
            for header in words.windows(3) {
                let (first, len, room) = (header[0], header[1], header[2]);
                if (1..=MAX_PROCESSORS).contains(&len) && (len..=MAX_PROCESSORS).contains(&room) && spans.find(first).is_some() {
                    found.extend(list(space, layout, spans, first, len)?.into_iter().flatten());
                }
            }
            at += PIECE_BYTES;
        }
    }
    found.sort_unstable_by_key(|processor| processor.record);
    found.dedup_by_key(|processor| processor.record);
    Ok(found)
}

/// The processors of a list, when each element is one.
fn list(space: &mut Space, layout: &Layout, spans: &Spans, first: u64, len: u64) -> Result<Option<Vec<Processor>>, LiveError> {
    let Some(list) = space.bytes(first, len as usize * 8)? else { return Ok(None) };
    let mut all = Vec::new();
    for (index, record) in (0u32..).zip(list.chunks_exact(8).map(|word| u64_at(word, 0))) {
        let is_object = spans.find(record).is_some_and(|(span, object)| {
            let span = &spans.list[span];
            let header = record - span.address(object);
            header <= HEADER_BYTES && span.elem >= header + u64::from(layout.get(At::PSize)) && !span.noscan
        });
        if !is_object {
            return Ok(None);
        }
        let at = |place: At| record + u64::from(layout.get(place));
        let number = space.bytes(at(At::PId), 4)?;
        let cache = space.word(at(At::PMcache))?.unwrap_or(0);
        if number.is_none_or(|number| u32_at(&number, 0) != index) || !is_cache(space, layout, spans, cache)? {
            return Ok(None);
        }
        let tiny = cache + u64::from(layout.get(At::McacheTiny));
        let mut closed: Vec<Range<u64>> = pointers(space, layout, record)?.into_iter().collect();
        closed.push(tiny..tiny + 8);
        all.push(Processor { record, closed });
    }
    Ok(Some(all))
}

/// A page in which the collector gathers the pointers of a span, for processors that have marked any.
fn pointers(space: &mut Space, layout: &Layout, record: u64) -> Result<Option<Range<u64>>, LiveError> {
    let Some(at) = layout.find(At::GcwPtrBuf) else { return Ok(None) };
    let page = space.word(record + u64::from(layout.get(At::PGcw)) + at as u64)?;
    Ok(page.filter(|page| *page != 0 && page.is_multiple_of(8)).and_then(|page| Some(page..page.checked_add(PAGE_BYTES)?)))
}

/// Whether something is a processor's cache: it has a span of each class, and its block for small values is one.
fn is_cache(space: &mut Space, layout: &Layout, spans: &Spans, cache: u64) -> Result<bool, LiveError> {
    if cache == 0 || spans.in_arena(cache) {
        return Ok(false);
    }
    let at = |place: At| cache.saturating_add(u64::from(layout.get(place)));
    let Some(tiny) = space.word(at(At::McacheTiny))? else { return Ok(false) };
    let Some(offset) = space.word(at(At::McacheTinyOffset))? else { return Ok(false) };
    let Some(classes) = space.bytes(at(At::McacheAlloc), (CLASSES * 8) as usize)? else { return Ok(false) };
    let is_block = spans.find(tiny).is_some_and(|(span, object)| {
        let span = &spans.list[span];
        span.address(object) == tiny && span.elem == TINY_BYTES && span.noscan
    });
    let mut each = classes.chunks_exact(8).map(|word| u64_at(word, 0));
    let has_spans = each.all(|span| span != 0 && span.is_multiple_of(8) && !spans.in_arena(span));
    Ok(has_spans && offset <= TINY_BYTES && (tiny == 0 || is_block))
}
