//! The heap as the runtime keeps it: spans of equal objects (`runtime/mheap.go`), found by address in a few steps.

use rustc_hash::FxHashSet;

use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u64_at};

/// Bytes of a page of the heap (`runtime.pageSize`).
pub const PAGE_BYTES: u64 = 8 << 10;
/// Spans a heap may have before the count is taken for damage; 8 TiB of single pages.
pub const MAX_SPANS: u64 = 1 << 30;
/// Spans read together.
const GROUP: usize = 16 << 10;
/// Pages one table spans at most: 4 TiB between the lowest and the highest address.
const MAX_PAGES: u64 = 1 << 29;
/// Address bits of an arena of the heap on 64-bit Linux (`runtime.heapArenaBytes`, 64 MiB).
const ARENA_BITS: u32 = 26;

/// States of a span (`mSpanInUse`, `mSpanManual`).
pub const IN_USE: u8 = 1;
pub const MANUAL: u8 = 2;
const NOSCAN: u8 = 1;

/// One span in use.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// First byte.
    pub start: u64,
    /// Bytes of an object.
    pub elem: u64,
    /// Objects.
    pub count: u32,
    /// Number of its first object among all.
    pub first: u64,
    /// Its objects hold no pointers.
    pub noscan: bool,
    /// First of its special records; zero for none.
    pub specials: u64,
    magic: u32,
}

impl Span {
    /// The index of the object an address in the span lies in; `None` behind the last.
    pub fn object(&self, address: u64) -> Option<u32> {
        let offset = address - self.start;
        let index = if self.magic == 0 { offset / self.elem } else { (offset * u64::from(self.magic)) >> 32 };
        u32::try_from(index).ok().filter(|index| *index < self.count)
    }

    /// Bytes of all objects.
    pub fn bytes(&self) -> u64 {
        u64::from(self.count) * self.elem
    }

    /// Address of an object.
    pub fn address(&self, object: u32) -> u64 {
        self.start + u64::from(object) * self.elem
    }
}

/// All spans in use.
pub struct Spans {
    /// By address.
    pub list: Vec<Span>,
    base: u64,
    /// For each page from `base` on the number of its span, counted from 1.
    pages: Vec<u32>,
    /// Objects in all.
    pub objects: u64,
    /// Arenas that hold spans of any kind, stacks included.
    arenas: FxHashSet<u64>,
    /// Records of spans, which are no roots although they name objects.
    pub records: Vec<u64>,
}

impl Spans {
    /// Reads the list at `runtime.mheap_`.
    pub fn read(space: &mut Space, layout: &Layout, mheap: u64) -> Result<Spans, LiveError> {
        let missing = || LiveError::Missing { what: "the heap's list of spans (runtime.mheap_)" };
        let header = space.bytes(mheap + u64::from(layout.get(At::MheapAllspans)), 16)?.ok_or_else(missing)?;
        let (first, len) = (u64_at(&header, 0), u64_at(&header, 8));
        if len == 0 || len > MAX_SPANS {
            return Err(missing());
        }
        let pointers = space.bytes(first, len as usize * 8)?.ok_or_else(missing)?;
        let records: Vec<u64> = pointers.chunks_exact(8).map(|word| u64_at(word, 0)).collect();
        let mut spans = Spans { list: Vec::new(), base: 0, pages: Vec::new(), objects: 0, arenas: FxHashSet::default(), records };
        let pages = spans.fill(space, layout)?;
        // The runtime counts a span after its record says so, and until before it does no longer (`allocSpan`, `freeSpanLocked`).
        let counted = space.word(mheap + u64::from(layout.get(At::MheapPagesInUse)))?.ok_or_else(missing)?;
        if pages < counted {
            return Err(LiveError::Inconsistent(format!(
                "records of spans tell of {pages} pages of the heap where {counted} are in use"
            )));
        }
        spans.index()?;
        Ok(spans)
    }

    /// Reads the records; answers the pages of spans in use.
    fn fill(&mut self, space: &mut Space, layout: &Layout) -> Result<u64, LiveError> {
        let mut pages_in_use = 0;
        let size = layout.get(At::MspanSize) as usize;
        let mut batch = Batch::default();
        for group in self.records.chunks(GROUP) {
            batch.clear();
            for record in group {
                batch.ask(*record, size);
            }
            space.read(&mut batch)?;
            for index in 0..group.len() {
                let bytes = batch.get(index).ok_or(LiveError::Missing { what: "a span's record" })?;
                let start = u64_at(bytes, layout.get(At::MspanStart) as usize);
                let pages = u64_at(bytes, layout.get(At::MspanPages) as usize);
                let byte = |place: At| bytes.get(layout.get(place) as usize).copied().unwrap_or(0);
                let state = byte(At::MspanState);
                if !matches!(state, IN_USE | MANUAL) {
                    continue;
                }
                let end = start.saturating_add(pages.saturating_mul(PAGE_BYTES));
                if !start.is_multiple_of(PAGE_BYTES) || pages == 0 || pages > MAX_PAGES || end == u64::MAX {
                    return Err(LiveError::Inconsistent("a span does not begin at a page".into()));
                }
                self.arenas.extend((start >> ARENA_BITS)..=((end - 1) >> ARENA_BITS));
                if state == IN_USE {
                    pages_in_use += pages;
                    self.list.push(span(layout, bytes, start, pages)?);
                }
            }
        }
        Ok(pages_in_use)
    }

    fn index(&mut self) -> Result<(), LiveError> {
        self.list.sort_unstable_by_key(|span| span.start);
        let end = |span: &Span| span.start + span.bytes().next_multiple_of(PAGE_BYTES);
        if self.list.windows(2).any(|pair| end(&pair[0]) > pair[1].start) {
            return Err(LiveError::Inconsistent("spans of the heap overlap".into()));
        }
        let Some((first, last)) = self.list.first().zip(self.list.last()) else {
            return Err(LiveError::Missing { what: "a span in use" });
        };
        self.base = first.start;
        let pages = (end(last) - self.base) / PAGE_BYTES;
        if pages > MAX_PAGES {
            return Err(LiveError::Inconsistent("the heap is spread over more than 4 TiB".into()));
        }
        self.pages = vec![0; pages as usize];
        for (number, span) in (1u32..).zip(&mut self.list) {
            span.first = self.objects;
            self.objects += u64::from(span.count);
            let from = (span.start - self.base) / PAGE_BYTES;
            let to = (span.start + span.bytes() - self.base).div_ceil(PAGE_BYTES);
            self.pages[from as usize..to as usize].fill(number);
        }
        Ok(())
    }

    /// The span and object a word points into, if it does.
    #[inline]
    pub fn find(&self, word: u64) -> Option<(usize, u32)> {
        let page = (word.wrapping_sub(self.base) / PAGE_BYTES) as usize;
        let number = *self.pages.get(page)?;
        let index = (number as usize).checked_sub(1)?;
        self.list[index].object(word).map(|object| (index, object))
    }

    /// Whether an address lies in the heap's arenas: objects, stacks, or free.
    pub fn in_arena(&self, address: u64) -> bool {
        self.arenas.contains(&(address >> ARENA_BITS))
    }

    /// Where the arena of an address ends.
    pub fn arena_end(address: u64) -> u64 {
        ((address >> ARENA_BITS) + 1) << ARENA_BITS
    }
}

fn span(layout: &Layout, bytes: &[u8], start: u64, pages: u64) -> Result<Span, LiveError> {
    let elem = u64_at(bytes, layout.get(At::MspanElemSize) as usize);
    let at = layout.get(At::MspanNelems) as usize;
    // A word up to Go 1.21, sixteen bits since.
    let count = if layout.minor <= 21 { u64_at(bytes, at) } else { u64_at(bytes, at) & 0xffff };
    let whole = pages * PAGE_BYTES;
    let fits = elem > 0 && count > 0 && count.checked_mul(elem).is_some_and(|bytes| bytes <= whole);
    let (Ok(count), true) = (u32::try_from(count), fits) else {
        return Err(LiveError::Inconsistent("a span's objects do not fit into it".into()));
    };
    let class = bytes.get(layout.get(At::MspanClass) as usize).copied().unwrap_or(0);
    // Exact for offsets in small spans (`runtime.class_to_divmagic`).
    let magic = if count > 1 && whole <= 64 << 10 { (u32::MAX / elem as u32) + 1 } else { 0 };
    Ok(Span {
        start,
        elem,
        count,
        first: 0,
        noscan: class & NOSCAN != 0,
        specials: u64_at(bytes, layout.get(At::MspanSpecials) as usize),
        magic,
    })
}
