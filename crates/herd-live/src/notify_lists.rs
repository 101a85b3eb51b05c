//! Which `sync.Cond` a goroutine waits on, up to Go 1.25: its record does not say, but the frames it waits in hold the address of the
//! list of waiters (`runtime/sema.go`, `notifyListWait`), and the list holds the goroutine.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u32_at, u64_at};
use crate::semaphores::{self, Waiter};

/// Bytes from the stack pointer on that hold the frames of the runtime and of `sync.(*Cond).Wait`.
const FRAMES_BYTES: u64 = 512;
/// Stacks, lists or waiters read together.
const TOGETHER: usize = 8 << 10;
/// Waiters read at most; the lists of a process that runs may show circles for a moment.
const MAX_WAITERS: usize = 1 << 24;

/// The state of a goroutine that waits on one.
pub const STATE: &str = "sync.Cond.Wait";

/// A goroutine that waits on a `sync.Cond`.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Address of its record.
    pub goroutine: u64,
    /// Its stack pointer.
    pub sp: u64,
    /// Where its stack ends.
    pub stack_end: u64,
}

/// Lists that were read, and the place of every goroutine in them.
#[derive(Debug, Default)]
pub struct NotifyLists {
    read: FxHashSet<u64>,
    /// Nothing of a goroutine that more than one list claims.
    places: FxHashMap<u64, Option<Waiter>>,
}

/// A list being followed.
#[derive(Clone, Copy, Debug)]
struct Walk {
    list: u64,
    /// Its number.
    of: usize,
    at: u64,
    tail: u64,
    /// Waiters it may still have.
    rest: u32,
}

impl NotifyLists {
    /// The list, named as its waiters' semaphore, that each of some goroutines waits in; nothing for those that no list holds.
    pub fn of(
        &mut self,
        space: &mut Space,
        layout: &Layout,
        all: impl Iterator<Item = Waiting>,
    ) -> Result<FxHashMap<u64, Waiter>, LiveError> {
        let mut found = FxHashMap::default();
        if !semaphores::are_needed(layout) {
            return Ok(found);
        }
        let all: Vec<Waiting> = all.collect();
        for group in all.chunks(TOGETHER) {
            let mentioned = mentioned(space, group)?;
            let mut lists: Vec<u64> = mentioned.iter().flatten().copied().filter(|list| self.read.insert(*list)).collect();
            lists.sort_unstable();
            self.follow(space, layout, &lists)?;
            for (one, words) in group.iter().zip(mentioned) {
                let place = self.places.get(&one.goroutine).copied().flatten().filter(|place| words.contains(&place.semaphore));
                found.extend(place.map(|place| (one.goroutine, place)));
            }
        }
        Ok(found)
    }

    /// Follows what may be lists from their heads to their tails; those that do not end there are none.
    fn follow(&mut self, space: &mut Space, layout: &Layout, lists: &[u64]) -> Result<(), LiveError> {
        let mut batch = Batch::default();
        let mut walks = Vec::new();
        for group in lists.chunks(TOGETHER) {
            batch.clear();
            for list in group {
                batch.ask(*list, layout.get(At::NotifySize) as usize);
            }
            space.read(&mut batch)?;
            let first = walks.len();
            let begun = group.iter().enumerate().filter_map(|(index, list)| begin(layout, *list, batch.get(index)?));
            walks.extend(begun.zip(first..).map(|(walk, of)| Walk { of, ..walk }));
        }
        let mut seen: Vec<Option<Vec<(u64, Waiter)>>> = vec![Some(Vec::new()); walks.len()];
        let mut waiters = 0;
        while !walks.is_empty() && waiters < MAX_WAITERS {
            let mut next = Vec::new();
            for group in walks.chunks(TOGETHER) {
                batch.clear();
                for walk in group {
                    batch.ask(walk.at, layout.get(At::SudogSize) as usize);
                }
                space.read(&mut batch)?;
                for (index, walk) in group.iter().enumerate() {
                    let Some((goroutine, link)) = batch.get(index).and_then(|bytes| step(layout, *walk, bytes)) else {
                        seen[walk.of] = None;
                        continue;
                    };
                    let place = (goroutine, Waiter { semaphore: walk.list, sudog: walk.at });
                    seen[walk.of].iter_mut().for_each(|places| places.push(place));
                    next.extend((link != 0).then_some(Walk { at: link, rest: walk.rest - 1, ..*walk }));
                }
            }
            waiters += walks.len();
            walks = next;
        }
        for walk in walks {
            seen[walk.of] = None;
        }
        for (goroutine, place) in seen.into_iter().flatten().flatten() {
            self.places.entry(goroutine).and_modify(|place| *place = None).or_insert(Some(place));
        }
        Ok(())
    }
}

/// The words of each goroutine's inner frames that may be addresses.
fn mentioned(space: &mut Space, group: &[Waiting]) -> Result<Vec<Vec<u64>>, LiveError> {
    let mut batch = Batch::default();
    for one in group {
        batch.ask(one.sp, one.stack_end.saturating_sub(one.sp).min(FRAMES_BYTES) as usize);
    }
    space.read(&mut batch)?;
    let words = |index: usize| {
        let all = batch.get(index).unwrap_or(&[]).chunks_exact(8).map(|word| u64_at(word, 0));
        all.filter(|word| *word > 4096 && word % 8 == 0).collect()
    };
    Ok((0..group.len()).map(words).collect())
}

/// What may be a list: tickets given out and not called, a first and a last waiter.
fn begin(layout: &Layout, list: u64, bytes: &[u8]) -> Option<Walk> {
    let word = |place: At| u64_at(bytes, layout.get(place) as usize);
    let (head, tail) = (word(At::NotifyHead), word(At::NotifyTail));
    // The tickets come first: `wait`, then `notify`.
    let rest = u32_at(bytes, 0).wrapping_sub(u32_at(bytes, 4));
    let is_list = head > 4096 && tail > 4096 && head % 8 == 0 && tail % 8 == 0 && (1..=i32::MAX.cast_unsigned()).contains(&rest);
    is_list.then_some(Walk { list, of: 0, at: head, tail, rest })
}

/// The goroutine of a waiter and the next waiter; nothing when this is no waiter of a list.
fn step(layout: &Layout, walk: Walk, bytes: &[u8]) -> Option<(u64, u64)> {
    let word = |place: At| u64_at(bytes, layout.get(place) as usize);
    let (goroutine, link) = (word(At::SudogG), word(At::SudogNext));
    let is_waiter = goroutine > 4096 && word(At::SudogElem) == 0 && word(At::SudogC) == 0 && word(At::SudogPrev) == 0;
    let goes_on = (link == 0) == (walk.at == walk.tail) && (link == 0 || walk.rest > 1);
    (is_waiter && goes_on).then_some((goroutine, link))
}
