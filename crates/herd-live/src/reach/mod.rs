//! Proof of leak: a goroutine is leaked when nothing that can still run can reach what it waits on (`runtime/mgc.go`,
//! `findGoroutineLeaks`, does the same inside a collection since Go 1.26).
//!
//! Only a consistent picture proves anything: a core file, or a copy of a stopped process. Every root that might be one is taken for
//! one, and every word that might be a pointer, but for what the collector, too, knows to be dead: on stacks that stand at a call,
//! and in the processors' caches. That can hide a leak and cannot make one up.

mod caches;
pub mod mark;
pub mod roots;
pub mod spans;
pub mod stacks;
pub mod threads;

use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::core::Thread;
use crate::discover::Heap;
use crate::error::LiveError;
use crate::functions::ModuleData;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u32_at, u64_at};
use crate::notify_lists::{self, NotifyLists, Waiting};
use crate::semaphores::{self, Waiter, Waiters};
use crate::states::{DEAD, DEAD_EXTRA, LEAKED, SCAN_BIT, WAITING};
use crate::target::Opened;
use mark::{Mark, Sink};
use spans::Spans;
use stacks::{Stacks, Standing};

/// Goroutines read together.
const GROUP: usize = 8 << 10;
/// Waits of one goroutine at most: a select has as many as cases, at most 65,536.
const MAX_WAITS: usize = 1 << 16;
/// The goroutine of `main`, which may wait for ever without harm.
const MAIN: u64 = 1;

/// What the proof found.
#[derive(Debug, Default)]
pub struct Proof {
    /// Ids of goroutines nothing can wake.
    pub leaked: FxHashSet<u64>,
    /// Goroutines that waited on something that could be out of reach.
    pub candidates: u64,
    /// Bytes of memory looked through.
    pub bytes: u64,
}

/// Looks which goroutines of a frozen target are leaked. Cost: linear in the memory that is reachable.
///
/// # Errors
/// When memory that matters cannot be read or contradicts itself: then nothing is proven.
pub fn leaked(target: &mut Opened) -> Result<Proof, LiveError> {
    if !target.frozen {
        return Err(LiveError::Inconsistent("a process that runs proves nothing".into()));
    }
    let Opened { space, layout, threads, writable, functions, goroutines, wait_reasons, semtable, heap, .. } = target;
    let heap = heap.ok_or(LiveError::Missing { what: "the heap (runtime.mheap_)" })?;
    let kinds: Vec<Kind> = wait_reasons.iter().map(|reason| kind(reason, layout.minor)).collect();
    let addresses = goroutines.addresses(space)?;
    let waiters = semaphores::read(space, layout, *semtable)?;
    let spans = Spans::read(space, layout, heap.mheap)?;
    let mut reach = Reach {
        layout,
        mark: Mark::new(&spans),
        candidates: Vec::new(),
        stacks: Stacks::new(functions, layout),
        waiters,
        batch: Batch::default(),
    };
    for address in &addresses {
        reach.mark.close(*address);
    }
    for group in addresses.chunks(GROUP) {
        reach.sort(space, group, &kinds)?;
    }
    reach.watch(space)?;
    let beginnings = beginnings(space, layout, &functions.data(), &spans, heap, threads, writable)?;
    for record in &beginnings.closed {
        reach.mark.close(*record);
    }
    let unread = reach.mark.ranges(space, &mut reach.batch, &beginnings.variables)?
        + reach.mark.ranges(space, &mut reach.batch, &beginnings.others)?;
    if unread > 0 {
        return Err(LiveError::Inconsistent(format!("{unread} bytes that may hold pointers cannot be read")));
    }
    roots::finalizers(space, layout, &spans, &mut reach.mark)?;
    for word in threads.iter().flat_map(|thread| &thread.registers) {
        reach.mark.mark(*word);
    }
    reach.settle(space)?;
    Ok(Proof {
        leaked: reach.candidates.iter().filter(|candidate| !candidate.alive).map(|candidate| candidate.id).collect(),
        candidates: reach.candidates.len() as u64,
        bytes: reach.mark.bytes,
    })
}

/// Where reachability begins, but for goroutines, finalizers and registers.
pub struct Beginnings {
    /// The variables of the program and its plugins.
    pub variables: Vec<Range<u64>>,
    /// What is neither Go's heap nor a variable: memory of C and of the runtime itself, stacks of threads, records of processors.
    pub others: Vec<Range<u64>>,
    /// Objects that are never looked into.
    pub closed: Vec<u64>,
}

/// Finds them.
pub fn beginnings(
    space: &mut Space,
    layout: &Layout,
    modules: &[ModuleData],
    spans: &Spans,
    heap: Heap,
    threads: &[Thread],
    writable: &[Range<u64>],
) -> Result<Beginnings, LiveError> {
    let processors = caches::processors(space, layout, modules, spans)?;
    let stacks = threads::stacks(space, layout, heap.allm, threads, writable)?;
    let mut others = roots::outside(writable, modules, &stacks, spans, u64::from(layout.get(At::MspanSize)), &processors);
    others.extend(processors.iter().flat_map(|processor| processor.references(layout)));
    others.extend(stacks.into_iter().filter(|stack| spans.in_arena(stack.start)));
    let closed = processors.iter().map(|processor| processor.record).collect();
    Ok(Beginnings { variables: roots::variables(modules), others, closed })
}

/// What a reason to wait means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// On nothing at all: nobody can wake it.
    Nothing,
    /// On channels.
    Channel,
    /// On a semaphore of package sync.
    Semaphore,
    /// On a `sync.Cond`, whose list of waiters the goroutine's stack names.
    Cond,
    /// On anything else: it may wake.
    Other,
}

fn kind(reason: &str, minor: u32) -> Kind {
    match reason {
        "chan receive (nil chan)" | "chan send (nil chan)" | "select (no cases)" => Kind::Nothing,
        "chan receive" | "chan send" | "select" => Kind::Channel,
        "sync.Mutex.Lock" | "sync.RWMutex.RLock" | "sync.RWMutex.Lock" | "sync.WaitGroup.Wait" => Kind::Semaphore,
        notify_lists::STATE => Kind::Cond,
        // What a WaitGroup's waiters say up to Go 1.23. Whatever else it is: a semaphore nothing can reach is never released.
        "semacquire" if minor <= 23 => Kind::Semaphore,
        _ => Kind::Other,
    }
}

/// A goroutine that may be leaked.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    address: u64,
    id: u64,
    sp: u64,
    stack_end: u64,
    waiting: u64,
    kind: Kind,
    alive: bool,
}

/// Where a goroutine waits.
#[derive(Clone, Copy, Debug)]
struct Place {
    object: u64,
    queue: Queue,
    before: u64,
    after: u64,
}

/// What keeps goroutines in the order they are woken in.
#[derive(Clone, Copy, Debug)]
enum Queue {
    /// One of a channel's two.
    Channel,
    /// A `sync.Cond`'s list.
    List,
    /// The runtime's tree of semaphores.
    Tree,
}

struct Reach<'a> {
    layout: &'a Layout,
    mark: Mark<'a>,
    candidates: Vec<Candidate>,
    stacks: Stacks<'a>,
    waiters: Waiters,
    batch: Batch,
}

impl Reach<'_> {
    fn at(&self, place: At) -> usize {
        self.layout.get(place) as usize
    }

    /// Sorts goroutines into candidates and those that may run; what the latter can reach from their records and stacks is marked.
    fn sort(&mut self, space: &mut Space, group: &[u64], kinds: &[Kind]) -> Result<(), LiveError> {
        self.records(space, group)?;
        let mut standing = Vec::new();
        for (index, address) in group.iter().enumerate() {
            let bytes = self.batch.get(index).ok_or(LiveError::Missing { what: "a goroutine's record" })?;
            let word = |place: At| u64_at(bytes, self.layout.get(place) as usize);
            let status = u32_at(bytes, self.at(At::GStatus)) & !SCAN_BIT;
            let reason = bytes.get(self.at(At::GWaitReason)).map_or(0, |reason| usize::from(*reason));
            let bubbled = self.layout.find(At::GBubble).is_some_and(|at| u64_at(bytes, at) != 0);
            let kind = match status {
                0 | DEAD | DEAD_EXTRA => continue,
                WAITING | LEAKED if !bubbled && word(At::GGoid) != MAIN => kinds.get(reason).copied().unwrap_or(Kind::Other),
                _ => Kind::Other,
            };
            if kind == Kind::Other {
                record(self.layout, &mut self.mark, *address, bytes);
                standing.push(Standing::of(self.layout, bytes));
                continue;
            }
            self.candidates.push(Candidate {
                address: *address,
                id: word(At::GGoid),
                sp: u64_at(bytes, self.at(At::GSched) + self.at(At::GobufSp)),
                stack_end: u64_at(bytes, self.at(At::GStack) + 8),
                waiting: word(At::GWaiting),
                kind,
                alive: false,
            });
        }
        self.stacks.mark(space, &mut self.mark, &standing)
    }

    /// Reads the records of goroutines.
    fn records(&mut self, space: &mut Space, group: &[u64]) -> Result<(), LiveError> {
        let size = self.at(At::GSize);
        self.batch.clear();
        for address in group {
            self.batch.ask(*address, size);
        }
        space.read(&mut self.batch)
    }

    /// Watches what candidates wait on. One whose wait is not in the heap may wake.
    fn watch(&mut self, space: &mut Space) -> Result<(), LiveError> {
        let conds = self.conds(space)?;
        // The table of semaphores names what is waited on, and must not keep it.
        let closed: Vec<u64> =
            self.candidates.iter().filter_map(|one| waiter(&self.waiters, &conds, one)).map(|one| one.sudog).collect();
        for sudog in closed {
            self.mark.close(sudog);
        }
        let mut chains: Vec<(u32, u64)> = Vec::new();
        for (index, candidate) in (0u32..).zip(&mut self.candidates) {
            let waiter = waiter(&self.waiters, &conds, candidate);
            match candidate.kind {
                Kind::Nothing => {}
                _ if candidate.waiting != 0 => chains.push((index, candidate.waiting)),
                Kind::Semaphore if self.waiters.unknown => return Err(semaphores::missing()),
                Kind::Semaphore | Kind::Cond if waiter.is_some_and(|waiter| self.mark.watch(waiter.semaphore, index)) => {}
                Kind::Semaphore | Kind::Cond | Kind::Channel | Kind::Other => self.mark.woken.push(index),
            }
        }
        for _ in 0..MAX_WAITS {
            if chains.is_empty() {
                return Ok(());
            }
            let mut next = Vec::new();
            for group in chains.chunks(GROUP) {
                self.waits(space, group, &mut next)?;
            }
            chains = next;
        }
        Err(LiveError::Inconsistent("a goroutine's list of waits has no end".into()))
    }

    /// Watches one wait of each candidate of a group; the next of each is added to `next`. Whoever wakes a goroutine takes it off the
    /// queue first, and may have no word of the channel left by then: one that is in no queue may wake.
    fn waits(&mut self, space: &mut Space, group: &[(u32, u64)], next: &mut Vec<(u32, u64)>) -> Result<(), LiveError> {
        let size = self.at(At::SudogSize);
        self.batch.clear();
        for (_, sudog) in group {
            self.batch.ask(*sudog, size);
        }
        space.read(&mut self.batch)?;
        let mut places = Vec::with_capacity(group.len());
        for (at, (index, sudog)) in group.iter().enumerate() {
            let bytes = self.batch.get(at).ok_or(LiveError::Missing { what: "what a goroutine waits on" })?;
            let word = |place: At| u64_at(bytes, self.layout.get(place) as usize);
            let (channel, element) = (word(At::SudogC), word(At::SudogElem));
            let kind = self.candidates[*index as usize].kind;
            // A channel's element is where the value goes, not what is waited on. Who leaves the tree of semaphores has none any more.
            let (object, queue) = match kind {
                _ if channel != 0 => (channel, Queue::Channel),
                Kind::Cond => (element, Queue::List),
                Kind::Nothing | Kind::Channel | Kind::Semaphore | Kind::Other => (element, Queue::Tree),
            };
            places.push(Place { object, queue, before: word(At::SudogPrev), after: word(At::SudogNext) });
            let link = word(At::SudogWaitLink);
            next.extend((kind == Kind::Channel && link != 0).then_some((*index, link)));
            self.mark.close(*sudog);
        }
        let [receivers, senders, head, tail] =
            [At::HchanRecvq, At::HchanSendq, At::NotifyHead, At::NotifyTail].map(|place| self.at(place));
        self.batch.clear();
        for place in &places {
            let len = match place.queue {
                Queue::Channel => senders + 8,
                Queue::List => tail + 8,
                Queue::Tree => 0,
            };
            self.batch.ask(place.object, len);
        }
        space.read(&mut self.batch)?;
        for (at, ((index, sudog), place)) in group.iter().zip(places).enumerate() {
            let word = |at_byte: usize| self.batch.get(at).map_or(0, |bytes| u64_at(bytes, at_byte));
            let queued = match place.queue {
                Queue::Channel => place.before != 0 || word(receivers) == *sudog || word(senders) == *sudog,
                Queue::List => word(head) != 0 && (place.after != 0 || word(tail) == *sudog),
                Queue::Tree => true,
            };
            if !(self.mark.watch(place.object, *index) && queued) {
                self.mark.woken.push(*index);
            }
        }
        Ok(())
    }

    /// The lists of waiters that candidates on a `sync.Cond` wait in, where their records do not say.
    fn conds(&self, space: &mut Space) -> Result<FxHashMap<u64, Waiter>, LiveError> {
        let on_conds = self.candidates.iter().filter(|one| one.kind == Kind::Cond && one.waiting == 0);
        let on_conds = on_conds.map(|one| Waiting { goroutine: one.address, sp: one.sp, stack_end: one.stack_end });
        NotifyLists::default().of(space, self.layout, on_conds)
    }

    /// Follows what is reachable; whoever is woken by it may run, and what it can reach is reachable too.
    fn settle(&mut self, space: &mut Space) -> Result<(), LiveError> {
        loop {
            self.mark.follow(space, &mut self.batch)?;
            let woken = std::mem::take(&mut self.mark.woken);
            if woken.is_empty() {
                return Ok(());
            }
            let mut addresses = Vec::new();
            for index in woken {
                let candidate = &mut self.candidates[index as usize];
                if !std::mem::replace(&mut candidate.alive, true) {
                    addresses.push(candidate.address);
                }
            }
            for group in addresses.chunks(GROUP) {
                self.records(space, group)?;
                let mut standing = Vec::new();
                for (index, address) in group.iter().enumerate() {
                    let bytes = self.batch.get(index).ok_or(LiveError::Missing { what: "a goroutine's record" })?;
                    record(self.layout, &mut self.mark, *address, bytes);
                    standing.push(Standing::of(self.layout, bytes));
                }
                self.stacks.mark(space, &mut self.mark, &standing)?;
            }
        }
    }
}

/// The place a candidate waits in, where not its record but a table or a list tells it.
fn waiter(waiters: &Waiters, conds: &FxHashMap<u64, Waiter>, candidate: &Candidate) -> Option<Waiter> {
    waiters.get(candidate.address).or_else(|| conds.get(&candidate.address).copied())
}

/// Marks what a goroutine's record points at. The end of its stack is no reference: it is where the next object begins.
pub fn record(layout: &Layout, mark: &mut impl Sink, address: u64, bytes: &[u8]) {
    const BOUNDS_BYTES: usize = 16;
    let bounds = layout.get(At::GStack) as usize;
    let rest = bounds + BOUNDS_BYTES;
    mark.words(address, &bytes[..bounds]);
    mark.words(address + rest as u64, &bytes[rest..]);
}
