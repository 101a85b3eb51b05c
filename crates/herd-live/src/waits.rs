//! What every parked goroutine waits on: all cases of its `select`, the lock behind its semaphore, its timer, its descriptor, and
//! what these look like inside.
//!
//! A process that runs moves on while this is read; a goroutine whose record is not the same before and after is left out and counted.

use herd_model::{Address, Awaited, ClusterId, GoroutineId, Inside, ObjectKind, Side, Snapshot, WaitReason, Waiter, Waits, What};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::error::LiveError;
use crate::goroutines::{Tally, read_and_note};
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u64_at};
use crate::target::Opened;
use crate::{channels, discover, semaphores, waits_inside, waits_poll, waits_stacks};

/// Pieces of memory asked for together.
pub const TOGETHER: usize = 8192;

/// A goroutine as it was when its stack was read.
#[derive(Clone, Copy, Debug)]
pub struct Parked {
    /// Address of its record.
    pub address: u64,
    /// Its id.
    pub id: u64,
    /// Its cluster in the snapshot.
    pub cluster: ClusterId,
    /// It waits, and is not about to run.
    pub waits: bool,
    /// First of its places in queues (`g.waiting`), or zero.
    pub waiting: u64,
    /// The one object its record or the table of semaphores names.
    pub object: Option<(ObjectKind, u64)>,
    /// Its stack may be read from here.
    pub sp: u64,
    /// To here.
    pub stack_end: u64,
    /// Its program counter.
    pub pc: u64,
    /// Its timer (`g.timer`), or zero.
    pub timer: u64,
}

/// What tells objects apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// Its address.
    At(u64),
    /// Its number.
    Descriptor(u64),
    /// There is one for all.
    Only(What),
}

/// Objects found so far.
#[derive(Default)]
pub struct Objects {
    /// In the order they were found.
    pub all: Vec<Awaited>,
    index: FxHashMap<Key, u32>,
}

impl Objects {
    /// The index of an object, new or known. A mutex that turns out to be the first field of an `RWMutex` becomes that.
    pub fn index(&mut self, key: Key, what: What) -> u32 {
        let next = self.all.len() as u32;
        let index = *self.index.entry(key).or_insert(next);
        if index == next {
            let address = match key {
                Key::At(address) => Some(Address(address)),
                Key::Descriptor(_) | Key::Only(_) => None,
            };
            self.all.push(Awaited { what, address, inside: Inside::default() });
        } else if what == What::RwMutex {
            self.all[index as usize].what = what;
        }
        index
    }
}

/// Reads all goroutines, and what each waits on.
pub fn read_all(target: &mut Opened, now_ns: Option<u64>, leaked: &FxHashSet<u64>) -> Result<(Snapshot, Tally), LiveError> {
    let (mut snapshot, tally, parked) = read_whole(target, now_ns, leaked)?;
    let found = read(&mut target.space, &target.layout, &snapshot, &parked, now_ns, target.frozen)?;
    snapshot.waits = Some(Box::new(found));
    Ok((snapshot, tally))
}

/// How often the table of semaphores is searched for.
const TRIES: usize = 3;

/// Reads all goroutines with their semaphores. When a process that runs was opened, nobody may have waited on one, and without symbols
/// the table is known by its waiters.
fn read_whole(
    target: &mut Opened,
    now_ns: Option<u64>,
    leaked: &FxHashSet<u64>,
) -> Result<(Snapshot, Tally, Vec<Parked>), LiveError> {
    for _ in 0..TRIES {
        let read = read_and_note(target, now_ns, leaked, Some(Vec::new()))?;
        if !is_table_missed(target, &read.0, &read.2) {
            return Ok(read);
        }
        target.semtable = discover::semtable(&mut target.space, &target.layout, target.first_module)?;
    }
    Err(semaphores::missing())
}

/// Whether a goroutine waits on a semaphore that only the table names, and nobody knows where it is.
fn is_table_missed(target: &Opened, snapshot: &Snapshot, all: &[Parked]) -> bool {
    let on_a_semaphore = |one: &Parked| semaphores::is_awaited(state(snapshot, one).as_str());
    let missed = |one: &Parked| one.waits && one.object.is_none() && on_a_semaphore(one);
    target.semtable.is_none() && semaphores::are_needed(&target.layout) && all.iter().any(missed)
}

/// Reads what `all` wait on.
fn read(
    space: &mut Space,
    layout: &Layout,
    snapshot: &Snapshot,
    all: &[Parked],
    now_ns: Option<u64>,
    frozen: bool,
) -> Result<Waits, LiveError> {
    let mut objects = Objects::default();
    let mut cases = channels::read(space, layout, snapshot, all, now_ns, &mut objects)?;
    waits_poll::read(space, layout, snapshot, all, &mut objects, &mut cases)?;
    for (one, cases) in all.iter().zip(&mut cases) {
        if cases.on.is_empty() && one.waits {
            cases.on.extend(alone(snapshot, one, &mut objects));
        }
    }
    waits_inside::read(space, layout, now_ns, &mut objects)?;
    let mentions = waits_stacks::read(space, all, &cases, &objects)?;
    let stayed = if frozen { vec![true; all.len()] } else { stayed(space, layout, all, &cases)? };
    let mut moved = 0;
    let mut waiters = Vec::new();
    for ((one, cases), stayed) in all.iter().zip(cases).zip(stayed) {
        if cases.on.is_empty() && !cases.torn {
            continue;
        }
        if cases.torn || !stayed {
            moved += 1;
            continue;
        }
        waiters.push(Waiter {
            goroutine: GoroutineId(one.id),
            cluster: one.cluster,
            on: cases.on.into_boxed_slice(),
            select: cases.select,
        });
    }
    Ok(Waits { objects: objects.all, waiters, mentions, searched: true, frozen, moved, ..Waits::default() })
}

/// What one goroutine waits on.
#[derive(Clone, Debug, Default)]
pub struct Cases {
    /// Objects and what it wants of each.
    pub on: Vec<(u32, Side)>,
    /// It is in a `select`.
    pub select: bool,
    /// It moved while this was read.
    pub torn: bool,
}

/// The state of a goroutine.
pub fn state<'s>(snapshot: &'s Snapshot, one: &Parked) -> &'s WaitReason {
    &snapshot.clusters[one.cluster.0 as usize].state
}

/// The one thing a goroutine waits on that is in no `select`.
fn alone(snapshot: &Snapshot, one: &Parked, objects: &mut Objects) -> Option<(u32, Side)> {
    let mut only = |what: What, side: Side| Some((objects.index(Key::Only(what), what), side));
    #[allow(clippy::wildcard_enum_match_arm, reason = "all other states are told by their object")]
    match state(snapshot, one) {
        WaitReason::ChanReceiveNil => return only(What::NilChannel, Side::Receive),
        WaitReason::ChanSendNil => return only(What::NilChannel, Side::Send),
        WaitReason::SelectNoCases => return only(What::Nothing, Side::Wake),
        WaitReason::Sleep if one.timer != 0 => return Some((objects.index(Key::At(one.timer), What::Sleep), Side::Wake)),
        _ => {}
    }
    let (kind, address) = one.object?;
    let inside = caller(snapshot, one);
    let (what, address) = match (kind, inside) {
        // The first writer waits for the second inside the RWMutex's own Mutex, its first field (`sync/rwmutex.go`).
        (ObjectKind::Mutex, Some("sync.(*RWMutex).Lock")) => (What::RwMutex, address),
        (kind, _) => (What::from(kind), address),
    };
    let side = match (what, state(snapshot, one)) {
        (What::RwMutex, WaitReason::RwMutexRLock) => Side::ReadLock,
        (What::Mutex | What::RwMutex, _) => Side::Lock,
        _ => Side::Wake,
    };
    Some((objects.index(Key::At(address), what), side))
}

/// The outermost function of the sync package that the goroutine called.
fn caller<'s>(snapshot: &'s Snapshot, one: &Parked) -> Option<&'s str> {
    let stack = snapshot.stack(&snapshot.clusters[one.cluster.0 as usize]);
    let names = stack.frames.iter().map(|frame| snapshot.func(*frame));
    names.skip_while(|name| name.starts_with("runtime.")).take_while(|name| is_sync(name)).last()
}

fn is_sync(name: &str) -> bool {
    name.starts_with("sync.") || name.starts_with("internal/sync.")
}

/// Whether each goroutine that waits on something has not moved since.
fn stayed(space: &mut Space, layout: &Layout, all: &[Parked], cases: &[Cases]) -> Result<Vec<bool>, LiveError> {
    let size = layout.get(At::GSize) as usize;
    let sched = layout.get(At::GSched) as usize;
    let saved = |at: At| sched + layout.get(at) as usize;
    let mut stayed = vec![true; all.len()];
    let asked: Vec<usize> = (0..all.len()).filter(|index| !cases[*index].on.is_empty()).collect();
    let mut batch = Batch::default();
    for part in asked.chunks(TOGETHER) {
        batch.clear();
        for index in part {
            batch.ask(all[*index].address, size);
        }
        space.read(&mut batch)?;
        for (at, index) in part.iter().enumerate() {
            let one = &all[*index];
            stayed[*index] = batch.get(at).is_some_and(|bytes| {
                let word = |at: usize| u64_at(bytes, at);
                let now = (
                    word(layout.get(At::GGoid) as usize),
                    word(layout.get(At::GWaiting) as usize),
                    word(saved(At::GobufSp)),
                    word(saved(At::GobufPc)),
                );
                now == (one.id, one.waiting, one.sp, one.pc)
            });
        }
    }
    Ok(stayed)
}
