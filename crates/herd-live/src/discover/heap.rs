//! Where the heap and the list of threads are, without symbols: by what their records must look like (`runtime/mheap.go`,
//! `runtime/proc.go`, `mcommoninit`).

use rustc_hash::{FxHashMap, FxHashSet};

use super::Heap;
use super::variables::Variables;
use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u64_at};
use crate::reach::spans::{IN_USE, MANUAL, MAX_SPANS, PAGE_BYTES};
use crate::reach::threads::MAX_THREADS;

/// Spans looked at, of each end of the list, before it is believed.
const SAMPLE: u64 = 64;
/// Requests of one batch.
const GROUP: usize = 16 << 10;
/// State of a span that is free (`mSpanDead`).
const DEAD: u8 = 0;

/// Finds both in the variables of the runtime's module; nothing where either is in doubt. `goroutines` are the addresses of all
/// records of goroutines.
pub fn heap(space: &mut Space, layout: &Layout, first_module: u64, goroutines: &[u64]) -> Result<Option<Heap>, LiveError> {
    let Some(variables) = Variables::read(space, layout, first_module)? else { return Ok(None) };
    let Some(mheap) = mheap(space, layout, &variables)? else { return Ok(None) };
    let allm = allm(space, layout, &variables, goroutines)?;
    Ok(allm.map(|allm| Heap { mheap, allm }))
}

/// The one place where a list of spans stands as far before an allocator of span records as in `runtime.mheap`.
fn mheap(space: &mut Space, layout: &Layout, variables: &Variables) -> Result<Option<u64>, LiveError> {
    let place = |at: At| u64::from(layout.get(at));
    let list = place(At::MheapAllspans);
    let allocator = place(At::MheapSpanAlloc) + place(At::FixallocSize);
    let mut found = Vec::new();
    for (at, first) in variables.words() {
        let (len, cap) = (variables.word(at + 8), variables.word(at + 16));
        let is_slice = first > 4096 && first % 8 == 0 && len >= 1 && len <= cap && cap < MAX_SPANS;
        let mheap = at.wrapping_sub(list);
        if is_slice
            && variables.word(mheap.wrapping_add(allocator)) == place(At::MspanSize)
            && are_spans(space, layout, first, len)?
        {
            found.push(mheap);
        }
    }
    Ok(match found[..] {
        [mheap] => Some(mheap),
        _ => None,
    })
}

/// Whether the first and the last pointers of a list lead to spans that do not overlap.
fn are_spans(space: &mut Space, layout: &Layout, first: u64, len: u64) -> Result<bool, LiveError> {
    let sample = len.min(SAMPLE);
    let mut batch = Batch::default();
    batch.ask(first, sample as usize * 8);
    batch.ask(first + (len - sample) * 8, sample as usize * 8);
    space.read(&mut batch)?;
    let mut records = Vec::new();
    for ends in 0..2 {
        let Some(bytes) = batch.get(ends) else { return Ok(false) };
        records.extend(bytes.chunks_exact(8).map(|word| u64_at(word, 0)));
    }
    records.sort_unstable();
    records.dedup();
    batch.clear();
    for record in &records {
        batch.ask(*record, layout.get(At::MspanSize) as usize);
    }
    space.read(&mut batch)?;
    let mut ranges = Vec::new();
    for index in 0..records.len() {
        let Some(range) = batch.get(index).and_then(|bytes| span(layout, bytes)) else { return Ok(false) };
        ranges.extend(Some(range).filter(|(start, end)| start < end));
    }
    ranges.sort_unstable();
    Ok(!ranges.is_empty() && ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0))
}

/// The memory a span's record names, none for a record that is free; nothing when it is no such record.
fn span(layout: &Layout, bytes: &[u8]) -> Option<(u64, u64)> {
    let word = |place: At| u64_at(bytes, layout.get(place) as usize);
    let (start, pages, elem) = (word(At::MspanStart), word(At::MspanPages), word(At::MspanElemSize));
    let count = if layout.minor <= 21 { word(At::MspanNelems) } else { word(At::MspanNelems) & 0xffff };
    let end = start.checked_add(pages.checked_mul(PAGE_BYTES)?)?;
    match bytes.get(layout.get(At::MspanState) as usize).copied()? {
        DEAD => Some((0, 0)),
        _ if start == 0 || !start.is_multiple_of(PAGE_BYTES) || pages == 0 => None,
        IN_USE => (count > 0 && elem > 0 && count.checked_mul(elem)? <= end - start).then_some((start, end)),
        MANUAL => Some((start, end)),
        _ => None,
    }
}

/// The word that leads to the longest chain of threads' records, of which all other chains are ends.
///
/// Other variables may point at the newest record, too: which of them is the list's own does not matter, for the chain is the same.
fn allm(space: &mut Space, layout: &Layout, variables: &Variables, goroutines: &[u64]) -> Result<Option<u64>, LiveError> {
    let Some(link) = layout.find(At::MAlllink) else { return Ok(None) };
    let link = link as u64;
    let mut words: FxHashMap<u64, u64> = FxHashMap::default();
    for (at, word) in variables.words().filter(|(_, word)| *word > 4096 && word % 8 == 0) {
        words.entry(word).or_insert(at);
    }
    let mut sought: Vec<u64> = words.keys().copied().collect();
    sought.sort_unstable();
    // The next of each record, by address.
    let mut next: FxHashMap<u64, u64> = FxHashMap::default();
    while !sought.is_empty() && next.len() < MAX_THREADS {
        let records = records(space, layout, &sought, link)?;
        let links: FxHashSet<u64> = records.iter().map(|(_, link)| *link).filter(|link| *link != 0).collect();
        next.extend(records);
        sought = links.into_iter().filter(|link| !next.contains_key(link)).collect();
    }
    let pointed: FxHashSet<u64> = next.values().copied().collect();
    let heads: Vec<u64> = words.keys().copied().filter(|word| next.contains_key(word) && !pointed.contains(word)).collect();
    let [head] = heads[..] else { return Ok(None) };
    let mut chain = FxHashSet::default();
    let mut at = head;
    while at != 0 {
        let Some(link) = next.get(&at).filter(|_| chain.insert(at)) else { return Ok(None) };
        at = *link;
    }
    let is_whole = chain.len() == next.len() && all_in(space, layout, goroutines, &chain)?;
    Ok(words.get(&head).copied().filter(|_| is_whole))
}

/// Which of some addresses are records of threads, each with the next: its scheduler's goroutine points back at it.
fn records(space: &mut Space, layout: &Layout, addresses: &[u64], link: u64) -> Result<Vec<(u64, u64)>, LiveError> {
    let mut found = Vec::new();
    let mut batch = Batch::default();
    for group in addresses.chunks(GROUP) {
        batch.clear();
        for address in group {
            batch.ask(address.wrapping_add(u64::from(layout.get(At::MG0))), 8);
        }
        space.read(&mut batch)?;
        let word = |batch: &Batch, index: usize| batch.get(index).map(|bytes| u64_at(bytes, 0));
        let near: Vec<(u64, u64)> = (0..group.len())
            .filter_map(|index| Some((group[index], word(&batch, index)?)))
            .filter(|(_, scheduler)| *scheduler > 4096 && scheduler % 8 == 0)
            .collect();
        batch.clear();
        for (address, scheduler) in &near {
            batch.ask(*scheduler, layout.get(At::GSize) as usize);
            batch.ask(address.wrapping_add(link), 8);
        }
        space.read(&mut batch)?;
        for (index, (address, _)) in near.iter().enumerate() {
            if let Some(scheduler) = batch.get(index * 2)
                && is_scheduler(layout, scheduler, *address)
                && let Some(next) = word(&batch, index * 2 + 1)
            {
                found.push((*address, next));
            }
        }
    }
    Ok(found)
}

/// Whether a record is that of a thread's own goroutine, which has no id.
fn is_scheduler(layout: &Layout, bytes: &[u8], thread: u64) -> bool {
    let word = |place: At| u64_at(bytes, layout.get(place) as usize);
    let stack = (word(At::GStack), u64_at(bytes, layout.get(At::GStack) as usize + 8));
    // One of C has no stack before it begins.
    word(At::GM) == thread && word(At::GGoid) == 0 && (stack.0 < stack.1 || stack == (0, 0))
}

/// Whether the threads of all goroutines that have one are among these.
fn all_in(space: &mut Space, layout: &Layout, goroutines: &[u64], threads: &FxHashSet<u64>) -> Result<bool, LiveError> {
    let mut batch = Batch::default();
    for group in goroutines.chunks(GROUP) {
        batch.clear();
        for goroutine in group {
            batch.ask(goroutine.wrapping_add(u64::from(layout.get(At::GM))), 8);
        }
        space.read(&mut batch)?;
        let known = |index: usize| batch.get(index).map(|bytes| u64_at(bytes, 0)).is_some_and(|m| m == 0 || threads.contains(&m));
        if !(0..group.len()).all(known) {
            return Ok(false);
        }
    }
    Ok(true)
}
