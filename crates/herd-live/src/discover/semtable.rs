//! Where the table of semaphores is (`runtime/sema.go`, `semtable`), without symbols: each waiter in it says by its semaphore's
//! address which of the table's roots it hangs on, and so where the table begins.

use rustc_hash::FxHashMap;

use super::variables::Variables;
use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u32_at, u64_at};
use crate::semaphores::{ROOTS, root_bytes};

/// How often a table that moves is looked at.
const TRIES: usize = 16;
/// How often what contradicts a table is looked at before it is more than something that moves.
const LOOKS: usize = 3;
/// Waiters one root may count.
const MAX_WAITERS: u32 = 1 << 28;

/// A word that looks like the place of a root's first waiter, and what it holds.
type Root = (u64, u64);

/// Finds it. Nothing is found where nobody waits on a semaphore, nor where what is found contradicts itself.
pub fn semtable(space: &mut Space, layout: &Layout, first_module: u64) -> Result<Option<u64>, LiveError> {
    let mut votes = FxHashMap::<u64, u32>::default();
    for _ in 0..TRIES {
        let Some(variables) = Variables::read(space, layout, first_module)? else { return Ok(None) };
        let places: Vec<u64> =
            variables.words().filter(|(at, _)| looks_like_a_root(layout, &variables, *at)).map(|(at, _)| at).collect();
        if places.is_empty() {
            return Ok(None);
        }
        let mut claims: Vec<(u64, Root)> = Vec::new();
        for _ in 0..LOOKS {
            // As they are by now: reading all variables takes longer than most wait.
            let roots = roots(space, &places)?;
            let indexes = root_indexes(space, layout, &roots)?;
            claims.extend(roots.iter().zip(indexes).filter_map(|(root, index)| Some((base(layout, *root, index?), *root))));
        }
        claims.sort_unstable();
        claims.dedup();
        for (base, _) in &claims {
            *votes.entry(*base).or_default() += 1;
        }
        let most = votes.iter().max_by_key(|(base, votes)| (**votes, **base));
        let Some((best, votes)) = most.map(|(base, votes)| (*base, *votes)) else { continue };
        let mut agreed = votes > 1;
        if let (false, Some((_, root))) = (agreed, claims.iter().find(|(base, _)| *base == best)) {
            agreed = lasts(space, layout, best, *root, true)?;
        }
        for (_, root) in claims.iter().filter(|(base, _)| *base != best) {
            agreed &= !lasts(space, layout, best, *root, false)?;
        }
        if agreed && is_table(space, layout, &variables, best)? {
            return Ok(Some(best));
        }
    }
    Ok(None)
}

/// What the words at some places hold now.
fn roots(space: &mut Space, places: &[u64]) -> Result<Vec<Root>, LiveError> {
    let mut batch = Batch::default();
    for place in places {
        batch.ask(*place, 8);
    }
    space.read(&mut batch)?;
    Ok(places.iter().enumerate().map(|(index, place)| (*place, batch.get(index).map_or(0, |bytes| u64_at(bytes, 0)))).collect())
}

/// Where the table begins when a root is the one of a number.
fn base(layout: &Layout, root: Root, index: u64) -> u64 {
    root.0.wrapping_sub(treap(layout) + index * root_bytes(layout) as u64)
}

/// Whether a root is `part` of the table that begins at `table`, or keeps not being, as long as its first waiter stays the same.
/// A waiter that goes and comes back in between is seen with another semaphore at times; what stands still always says the same.
fn lasts(space: &mut Space, layout: &Layout, table: u64, root: Root, part: bool) -> Result<bool, LiveError> {
    for _ in 0..LOOKS {
        let is_part = root_indexes(space, layout, &[root])?[0].is_some_and(|index| base(layout, root, index) == table);
        if is_part != part || space.word(root.0)? != Some(root.1) {
            return Ok(false);
        }
    }
    Ok(true)
}

fn treap(layout: &Layout) -> u64 {
    u64::from(layout.get(At::SemaRootTreap))
}

/// Whether the word at an address may lead to the waiters of a root: it counts some, and fills its cache lines up with zeroes.
fn looks_like_a_root(layout: &Layout, variables: &Variables, at: u64) -> bool {
    let Some(root) = variables.bytes(at.wrapping_sub(treap(layout)), root_bytes(layout)) else { return false };
    is_padded(layout, root) && (1..MAX_WAITERS).contains(&u32_at(root, layout.get(At::SemaRootNwait) as usize))
}

fn is_padded(layout: &Layout, root: &[u8]) -> bool {
    let unused = root.iter().skip(layout.get(At::SemaRootNwait) as usize + 4);
    unused.copied().all(|byte| byte == 0)
}

/// The number of each root, by the first waiter it leads to; nothing where that is none, or has moved.
fn root_indexes(space: &mut Space, layout: &Layout, roots: &[Root]) -> Result<Vec<Option<u64>>, LiveError> {
    let mut batch = Batch::default();
    for (_, waiter) in roots {
        batch.ask(*waiter, layout.get(At::SudogSize) as usize);
    }
    space.read(&mut batch)?;
    let own_at = u64::from(layout.get(At::GSched) + layout.get(At::GobufG));
    let waiters: Vec<Option<Waiter>> = (0..roots.len()).map(|index| waiter(layout, batch.get(index)?)).collect();
    batch.clear();
    for ((at, _), waiter) in roots.iter().zip(&waiters) {
        batch.ask(waiter.map_or(0, |waiter| waiter.goroutine).wrapping_add(own_at), 8);
        batch.ask(*at, 8);
    }
    space.read(&mut batch)?;
    let word = |index: usize| batch.get(index).map(|bytes| u64_at(bytes, 0));
    let index = |(at, waiter): (usize, &Option<Waiter>)| {
        let waiter = waiter.as_ref()?;
        let is_goroutine = word(at * 2) == Some(waiter.goroutine);
        let is_still_there = word(at * 2 + 1) == Some(roots[at].1);
        (is_goroutine && is_still_there).then_some((waiter.semaphore >> 3) % ROOTS as u64)
    };
    Ok(waiters.iter().enumerate().map(index).collect())
}

#[derive(Clone, Copy)]
struct Waiter {
    goroutine: u64,
    semaphore: u64,
}

/// What the first waiter of a root says: it has nobody above it, a ticket, which is odd, and no channel.
fn waiter(layout: &Layout, bytes: &[u8]) -> Option<Waiter> {
    let word = |place: At| u64_at(bytes, layout.get(place) as usize);
    let ticket = u32_at(bytes, layout.get(At::SudogTicket) as usize);
    let waiter = Waiter { goroutine: word(At::SudogG), semaphore: word(At::SudogElem) };
    let is_root = word(At::SudogParent) == 0 && word(At::SudogC) == 0 && ticket & 1 == 1;
    (is_root && waiter.goroutine != 0 && waiter.semaphore > 4096 && waiter.semaphore.is_multiple_of(4)).then_some(waiter)
}

/// Whether every root of a table is either empty or leads to a waiter of its own, but for those that move meanwhile.
fn is_table(space: &mut Space, layout: &Layout, variables: &Variables, base: u64) -> Result<bool, LiveError> {
    let step = root_bytes(layout);
    let Some(table) = variables.bytes(base, ROOTS * step) else { return Ok(false) };
    if !table.chunks_exact(step).all(|root| is_padded(layout, root)) {
        return Ok(false);
    }
    let at = |index: usize| base + (index * step) as u64 + treap(layout);
    let roots = (0..ROOTS).map(|index| (at(index), variables.word(at(index)))).filter(|(_, waiter)| *waiter != 0);
    for root in roots {
        if lasts(space, layout, base, root, false)? {
            return Ok(false);
        }
    }
    Ok(true)
}
