//! Who waits on which semaphore, from the table of semaphores (`runtime/sema.go`): up to Go 1.25 a goroutine's own record does not say.

use herd_model::ObjectKind;
use rustc_hash::FxHashMap;

use crate::error::LiveError;
use crate::layout::{Arch, At, Layout};
use crate::memory::{Batch, Space, u64_at};
use crate::notify_lists;

/// Roots of the table.
pub const ROOTS: usize = 251;
/// Waiters read at most; the table of a process that runs may show circles for a moment.
const MAX_WAITERS: usize = 1 << 24;

/// The semaphore each goroutine waits on.
#[derive(Debug, Default)]
pub struct Waiters {
    /// By the address of the goroutine's record.
    of: FxHashMap<u64, Waiter>,
    /// Nobody knows where the table is, though it would tell.
    pub unknown: bool,
}

impl Waiters {
    /// Of one goroutine.
    pub fn get(&self, goroutine: u64) -> Option<Waiter> {
        self.of.get(&goroutine).copied()
    }
}

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

/// Whether the table says what the goroutines' records do not.
pub fn are_needed(layout: &Layout) -> bool {
    layout.minor < RECORDED_SINCE
}

/// A goroutine waits on a semaphore, and nobody knows on which.
pub fn missing() -> LiveError {
    LiveError::Missing { what: "the table of semaphores (runtime.semtable)" }
}

/// Reads the table at `semtable`, where it is known and needed: each root is a tree by address, each node the head of a list of waiters of the same one.
pub fn read(space: &mut Space, layout: &Layout, semtable: Option<u64>) -> Result<Waiters, LiveError> {
    let mut waiters = Waiters::default();
    if !are_needed(layout) {
        return Ok(waiters);
    }
    let step = root_bytes(layout);
    let table = match semtable {
        Some(semtable) => space.bytes(semtable, ROOTS * step)?,
        None => None,
    };
    let Some(table) = table else { return Ok(Waiters { unknown: true, ..waiters }) };
    let treap_at = layout.get(At::SemaRootTreap) as usize;
    // An address below which nothing hangs that was not seen in the first node of its list.
    let mut nodes: Vec<(u64, bool)> = (0..ROOTS)
        .map(|root| u64_at(&table, root * step + treap_at))
        .filter(|node| *node != 0)
        .map(|node| (node, true))
        .collect();
    let size = layout.get(At::SudogSize) as usize;
    let mut batch = Batch::default();
    while !nodes.is_empty() && waiters.of.len() < MAX_WAITERS {
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
            if waiters.of.insert(word(At::SudogG), waiter).is_some() {
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
pub fn root_bytes(layout: &Layout) -> usize {
    let line = match layout.arch {
        Arch::Amd64 => 64,
        Arch::Arm64 => 128,
    };
    (layout.get(At::SemaRootSize) as usize).next_multiple_of(line)
}

/// The object a semaphore lies in (`sync/mutex.go`, `rwmutex.go`, `waitgroup.go`), by the goroutine's state and the functions it waits
/// in, innermost first.
pub fn object<'f>(state: &str, functions: impl Iterator<Item = &'f str>, semaphore: u64) -> Option<(ObjectKind, u64)> {
    let (kind, offset) = match state {
        "sync.Mutex.Lock" => (ObjectKind::Mutex, 4),
        "sync.RWMutex.Lock" => (ObjectKind::RwMutex, 8),
        "sync.RWMutex.RLock" => (ObjectKind::RwMutex, 12),
        "sync.WaitGroup.Wait" => (ObjectKind::WaitGroup, 8),
        notify_lists::STATE => (ObjectKind::Cond, 0),
        // What a WaitGroup's waiters say up to Go 1.23.
        "semacquire" if is_group(functions) => (ObjectKind::WaitGroup, 8),
        "semacquire" => (ObjectKind::Semaphore, 0),
        _ => return None,
    };
    semaphore.checked_sub(offset).filter(|address| *address != 0).map(|address| (kind, address))
}

/// Whether a goroutine in this state waits on a semaphore, or has just been woken from one.
pub fn is_awaited(state: &str) -> bool {
    state != notify_lists::STATE && object(state, std::iter::empty(), u64::MAX).is_some()
}

fn is_group<'f>(mut functions: impl Iterator<Item = &'f str>) -> bool {
    let caller = functions.find(|name| !name.starts_with("runtime.") && *name != "sync.runtime_Semacquire");
    caller == Some("sync.(*WaitGroup).Wait")
}
