//! Where reachability begins: the program's variables, memory that is not Go's, objects with finalizers.

use std::ops::Range;

use super::caches::Processor;
use super::mark::Sink;
use super::spans::Spans;
use crate::error::LiveError;
use crate::functions::ModuleData;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u64_at};

/// Special records of one span at most; more is a circle.
const MAX_SPECIALS: usize = 1 << 20;

/// The variables of all modules that hold pointers.
pub fn variables(modules: &[ModuleData]) -> Vec<Range<u64>> {
    modules.iter().flat_map(|module| module.pointers.clone()).filter(|range| !range.is_empty()).collect()
}

/// Other memory that may be written and is none of the heap's arenas: nothing of a module's segment; of a mapping that holds a thread's
/// stack the part in use only; records of spans name objects and are no roots, nor is what caches keep.
pub fn outside(
    writable: &[Range<u64>],
    modules: &[ModuleData],
    stacks: &[Range<u64>],
    spans: &Spans,
    record_bytes: u64,
    cached: &[Processor],
) -> Vec<Range<u64>> {
    let mut roots = Vec::new();
    let mut closed: Vec<Range<u64>> = modules.iter().map(|module| module.all.clone()).collect();
    closed.extend(spans.records.iter().map(|record| *record..record + record_bytes));
    closed.extend(cached.iter().flat_map(|processor| processor.closed.iter().cloned()));
    closed.sort_unstable_by_key(|range| range.start);
    for mapping in writable {
        let mut held = stacks.iter().filter(|stack| mapping.contains(&stack.start));
        let from = match (held.next(), held.next()) {
            (Some(stack), None) => stack.start,
            _ => mapping.start,
        };
        for piece in outside_arenas(from..mapping.end, spans) {
            roots.extend(without(piece, &closed));
        }
    }
    roots
}

fn outside_arenas(range: Range<u64>, spans: &Spans) -> Vec<Range<u64>> {
    let mut pieces: Vec<Range<u64>> = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let end = Spans::arena_end(at).min(range.end);
        if !spans.in_arena(at) {
            match pieces.last_mut() {
                Some(last) if last.end == at => last.end = end,
                _ => pieces.push(at..end),
            }
        }
        at = end;
    }
    pieces
}

/// A range less sorted ones.
fn without(range: Range<u64>, closed: &[Range<u64>]) -> Vec<Range<u64>> {
    let first = closed.partition_point(|closed| closed.end <= range.start);
    let mut pieces = Vec::new();
    let mut from = range.start;
    for closed in closed[first..].iter().take_while(|closed| closed.start < range.end) {
        if closed.start > from {
            pieces.push(from..closed.start);
        }
        from = from.max(closed.end);
    }
    if from < range.end {
        pieces.push(from..range.end);
    }
    pieces
}

/// What the runtime notes of an object besides its contents (`special` in `runtime/mheap.go`).
#[derive(Clone, Copy, Debug)]
pub struct Special {
    /// Its record.
    pub record: u64,
    /// The object, or a place in it.
    pub object: u64,
    /// What it notes.
    pub kind: u8,
}

/// Marks objects with finalizers, which are kept until the finalizer has run and may wake anybody, and those with weak pointers
/// (Go 1.23), which anybody can still make strong before the next collection.
pub fn finalizers(space: &mut Space, layout: &Layout, spans: &Spans, mark: &mut impl Sink) -> Result<(), LiveError> {
    let finalizer = if layout.minor <= 24 { 1 } else { 2 };
    specials(space, layout, spans, |special| {
        if special.kind == finalizer || (special.kind == finalizer + 1 && layout.minor >= 23) {
            mark.word(0, special.object);
        }
    })
}

/// Tells of every special record of the heap.
pub fn specials(space: &mut Space, layout: &Layout, spans: &Spans, mut tell: impl FnMut(Special)) -> Result<(), LiveError> {
    let kind_at = layout.get(At::SpecialKind) as usize;
    let mut batch = Batch::default();
    let heads = spans.list.iter().enumerate().filter(|(_, span)| span.specials != 0);
    let mut heads: Vec<(usize, u64)> = heads.map(|(span, head)| (span, head.specials)).collect();
    for _ in 0..MAX_SPECIALS {
        if heads.is_empty() {
            return Ok(());
        }
        batch.clear();
        for (_, special) in &heads {
            batch.ask(*special, kind_at + 8);
        }
        space.read(&mut batch)?;
        let mut next = Vec::new();
        for (index, (span, record)) in heads.iter().enumerate() {
            let bytes = batch.get(index).ok_or(LiveError::Missing { what: "a special record of the heap" })?;
            let offset = u64_at(bytes, layout.get(At::SpecialOffset) as usize);
            // Sixteen bits up to Go 1.23, a word since.
            let offset = if layout.minor <= 23 { offset & 0xffff } else { offset };
            let object = spans.list[*span].start.wrapping_add(offset);
            tell(Special { record: *record, object, kind: bytes[kind_at] });
            let link = u64_at(bytes, layout.get(At::SpecialNext) as usize);
            next.extend(Some((*span, link)).filter(|(_, link)| *link != 0));
        }
        heads = next;
    }
    Err(LiveError::Inconsistent("a span's list of special records has no end".into()))
}
