//! Who waits on which semaphore, from the table of semaphores (`runtime/sema.go`): up to Go 1.25 a goroutine's own record does not say.

use rustc_hash::FxHashMap;

use crate::error::LiveError;
use crate::layout::{Arch, At, Layout};
use crate::memory::{Batch, Space, u64_at};

/// Roots of the table.
const ROOTS: usize = 251;
/// Waiters read at most; the table of a process that runs may show circles for a moment.
const MAX_WAITERS: usize = 1 << 24;

/// The semaphore each goroutine waits on, by the address of its record.
pub type Waiters = FxHashMap<u64, Waiter>;

/// One wait.
#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    /// The semaphore's address.
    pub semaphore: u64,
    /// The record that says so.
    pub sudog: u64,
}

/// Go's minor version from which a goroutine's record names the semaphore it waits on.
const RECORDED_SINCE: u32 = 26;

/// Reads the table at `semtable`, where it is known and needed: each root is a tree by address, each node the head of a list of waiters of the same one.
pub fn read(space: &mut Space, layout: &Layout, semtable: Option<u64>) -> Result<Waiters, LiveError> {
    let mut waiters = Waiters::default();
    let Some(semtable) = semtable.filter(|_| layout.minor < RECORDED_SINCE) else { return Ok(waiters) };
    let step = root_bytes(layout);
    let Some(table) = space.bytes(semtable, ROOTS * step)? else { return Ok(waiters) };
    let treap_at = layout.get(At::SemaRootTreap) as usize;
    // An address below which nothing hangs that was not seen in the first node of its list.
    let mut nodes: Vec<(u64, bool)> = (0..ROOTS)
        .map(|root| u64_at(&table, root * step + treap_at))
        .filter(|node| *node != 0)
        .map(|node| (node, true))
        .collect();
    let size = layout.get(At::SudogSize) as usize;
    let mut batch = Batch::default();
    while !nodes.is_empty() && waiters.len() < MAX_WAITERS {
        batch.clear();
        for (node, _) in &nodes {
            batch.ask(*node, size);
        }
        space.read(&mut batch)?;
        let mut next = Vec::new();
        for (index, (node, is_node)) in nodes.iter().enumerate() {
            let Some(sudog) = batch.get(index) else { continue };
            let word = |place: At| u64_at(sudog, layout.get(place) as usize);
            // A waiter seen before: the tree turned while it was read.
            let waiter = Waiter { semaphore: word(At::SudogElem), sudog: *node };
            if waiters.insert(word(At::SudogG), waiter).is_some() {
                continue;
            }
            let children = if *is_node { [word(At::SudogPrev), word(At::SudogNext)] } else { [0; 2] };
            next.extend(children.into_iter().filter(|child| *child != 0).map(|child| (child, true)));
            next.extend(Some(word(At::SudogWaitLink)).filter(|link| *link != 0).map(|link| (link, false)));
        }
        nodes = next;
    }
    Ok(waiters)
}

/// Each root has cache lines of its own (`internal/cpu.CacheLinePadSize`).
fn root_bytes(layout: &Layout) -> usize {
    let line = match layout.arch {
        Arch::Amd64 => 64,
        Arch::Arm64 => 128,
    };
    (layout.get(At::SemaRootSize) as usize).next_multiple_of(line)
}
