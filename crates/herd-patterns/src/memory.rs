//! What the memory of the process shows of the things a family waits on: how full a channel is, who stands on its other side, what a
//! lock or a `WaitGroup` counts, whose stack holds its address.
//!
//! Facts to rank patterns by: that nobody stands on the other side is as true of an idle worker as of a forgotten one.

use std::collections::BTreeMap;

use herd_analysis::Point;
use herd_analysis::graph::{graph, hex};
use herd_model::{Awaited, Doubt, Evidence, EvidenceKind, GoroutineId, Inside, Side, WaitCycle, Waiter, Waits, What};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::scene::Scene;

/// What each family of a snapshot waits on.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// By index of the family; empty where the memory was not asked.
    families: Vec<Awaiting>,
    /// Goroutines that seem to wait on each other.
    rings: Vec<WaitCycle>,
    /// By object, a goroutine that waits for it and holds it, by the lock's own record.
    own: FxHashMap<u32, (GoroutineId, Side)>,
}

/// Of a witness that has not seen the memory.
pub static NOT_READ: Memory = Memory { families: Vec::new(), rings: Vec::new(), own: FxHashMap::with_hasher(FxBuildHasher) };

/// What one family waits on.
#[derive(Clone, Debug, Default)]
struct Awaiting {
    /// Goroutines whose wait is known.
    waiting: u64,
    /// Of these, in a `select`.
    selects: u64,
    /// Of these, with a timer among what they wait for.
    timed: u64,
    /// Objects, those with most of the family's goroutines first.
    things: Vec<Thing>,
    /// Who waits, as indices, where locks tell who holds them.
    waiters: Vec<u32>,
}

/// One object as one family waits on it.
#[derive(Clone, Copy, Debug)]
struct Thing {
    object: u32,
    side: Side,
    /// Goroutines of the family.
    own: u32,
    /// Goroutines of any family.
    all: u32,
    /// Of these, goroutines that want to lock it for themselves alone.
    writers: u32,
    /// Goroutines that do not wait on it and whose stacks hold its address.
    named: u32,
}

/// Sorts the waits of a snapshot by family. Cost: linear in waits, and what [`graph`] costs.
pub fn memory(point: &Point) -> Memory {
    let snapshot = &point.snapshot;
    let Some(waits) = snapshot.waits.as_deref().filter(|waits| waits.searched || waits.recorded) else {
        return Memory::default();
    };
    let homes = homes(point);
    let mut families = vec![Awaiting::default(); point.census.families.len()];
    let mut all = vec![0u32; waits.objects.len()];
    let mut writers = vec![0u32; waits.objects.len()];
    let mut named = vec![0u32; waits.objects.len()];
    for mention in &waits.mentions {
        named[mention.object as usize] += 1;
    }
    let mut uses: Vec<(usize, u32, Side)> = Vec::with_capacity(waits.waiters.len());
    for (at, waiter) in (0u32..).zip(&waits.waiters) {
        let home = homes[waiter.cluster.0 as usize];
        let family = &mut families[home];
        family.waiters.extend(waits.recorded.then_some(at));
        family.waiting += 1;
        family.selects += u64::from(waiter.select);
        let timed = |(object, _): &(u32, Side)| waits.objects[*object as usize].what == What::TimerChannel;
        family.timed += u64::from(waiter.on.iter().any(timed));
        for (object, side) in &waiter.on {
            all[*object as usize] += 1;
            writers[*object as usize] += u32::from(*side == Side::Lock);
            uses.push((home, *object, *side));
        }
    }
    uses.sort_unstable_by_key(|(home, object, side)| (*home, *object, side.as_str()));
    for same in uses.chunk_by(|a, b| a == b) {
        let (home, object, side) = same[0];
        let at = object as usize;
        let (all, writers, named) = (all[at], writers[at], named[at]);
        families[home].things.push(Thing { object, side, own: same.len() as u32, all, writers, named });
    }
    for family in &mut families {
        family.things.sort_by_key(|thing| (std::cmp::Reverse(thing.own), waits.objects[thing.object as usize].address));
    }
    Memory { families, rings: graph(snapshot, &mut BTreeMap::new()).cycles, own: own(waits) }
}

/// Who waits for what it holds.
fn own(waits: &Waits) -> FxHashMap<u32, (GoroutineId, Side)> {
    let held: FxHashSet<(u32, GoroutineId)> = waits.held.iter().map(|held| (held.object, held.goroutine)).collect();
    let uses = waits.waiters.iter().filter_map(|one| Some((one.goroutine, *one.on.first()?)));
    uses.filter(|(one, (object, _))| held.contains(&(*object, *one))).map(|(one, (object, side))| (object, (one, side))).collect()
}

/// The family of each cluster.
fn homes(point: &Point) -> Vec<usize> {
    let mut homes = vec![0; point.snapshot.clusters.len()];
    for (at, family) in point.census.families.iter().enumerate() {
        for cluster in family.groups.iter().flat_map(|group| &point.census.groups[*group].clusters) {
            homes[cluster.0 as usize] = at;
        }
    }
    homes
}

/// What a ring of goroutines waits on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingOf {
    /// Locks alone.
    Locks,
    /// Channels, `WaitGroup`s and `Cond`s alone.
    Channels,
    /// Both.
    Both,
}

impl RingOf {
    fn of(ring: &WaitCycle) -> RingOf {
        let locks = ring.steps.iter().filter(|step| step.kind.is_lock()).count();
        match locks {
            0 => RingOf::Channels,
            all if all == ring.steps.len() => RingOf::Locks,
            _ => RingOf::Both,
        }
    }
}

/// What the memory shows of one family.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    waits: &'a Waits,
    of: &'a Awaiting,
    rings: &'a [WaitCycle],
    own: &'a FxHashMap<u32, (GoroutineId, Side)>,
}

impl<'a> Scene<'a> {
    /// What the memory shows; nothing where it was not read, or of most of the family not known.
    pub fn seen(&self) -> Option<Seen<'a>> {
        let of = self.memory.families.get(self.family)?;
        let waits = self.snapshot().waits.as_deref()?;
        (of.waiting * 2 > self.count()).then_some(Seen { waits, of, rings: &self.memory.rings, own: &self.memory.own })
    }

    /// A ring of goroutines that wait on each other through things of this kind, and in which this family stands.
    pub(crate) fn find_ring(&self, of: RingOf) -> Option<&'a WaitCycle> {
        let at = self.at();
        let here = |ring: &&WaitCycle| RingOf::of(ring) == of && ring.steps.iter().any(|step| step.at == at);
        // What something that runs can still reach is no deadlock.
        self.seen()?.rings.iter().filter(|ring| !ring.open.contains(&Doubt::StillReachable)).find(here)
    }

    /// Ids of the goroutines of that ring.
    pub fn ring_members(&self, of: RingOf) -> Option<Vec<u64>> {
        Some(self.find_ring(of)?.steps.iter().map(|step| step.goroutine).collect())
    }

    /// That ring as a fact.
    pub fn ring(&self, of: RingOf) -> Option<Evidence> {
        let at = self.at();
        let ring = self.find_ring(of)?;
        let start = ring.steps.iter().position(|step| step.at == at)?;
        let step = &ring.steps[start];
        let address = step.address.clone().unwrap_or_default();
        let (first, second, steps) = (step.goroutine, step.next, ring.steps.len());
        let alike = if ring.alike == 0 { String::new() } else { format!("; {} more rings are like it", ring.alike) };
        if ring.steps.iter().all(|step| step.holder_known) {
            let text = format!(
                "goroutine {first} waits for the {} at {address}, which goroutine {second} holds, and so on through {steps} goroutines back \
                 to the first{alike}: the locks themselves say so",
                noun(step.kind)
            );
            let fact = Evidence::new(EvidenceKind::LockRecord, text).with("address", &address).with("alike", &ring.alike);
            return Some(fact.with("first", &first).with("second", &second).with("steps", &steps));
        }
        Some(
            Evidence::new(
                EvidenceKind::Memory,
                format!(
                    "goroutine {first} waits for the {} at {address}, which is on the stack of goroutine {second}, and so on through {steps} \
                     goroutines back to the first{alike}",
                    noun(step.kind)
                ),
            )
            .with("address", &address)
            .with("alike", &ring.alike)
            .with("first", &first)
            .with("second", &second)
            .with("steps", &steps),
        )
    }
}

impl Seen<'_> {
    /// Everything that is waited for.
    pub(crate) fn waits(&self) -> &Waits {
        self.waits
    }

    /// Who waits for an object and holds it, and how it waits.
    pub(crate) fn waits_for_itself(&self, object: u32) -> Option<(GoroutineId, Side)> {
        self.own.get(&object).copied()
    }

    /// Who waits of this family, where locks tell who holds them.
    pub(crate) fn own_waiters(&self) -> impl Iterator<Item = &Waiter> {
        self.of.waiters.iter().filter_map(|at| self.waits.waiters.get(*at as usize))
    }

    fn object(&self, thing: &Thing) -> &Awaited {
        &self.waits.objects[thing.object as usize]
    }

    fn inside(&self, thing: &Thing) -> &Inside {
        &self.object(thing).inside
    }

    fn address(&self, thing: &Thing) -> Option<String> {
        self.object(thing).address.map(hex)
    }

    /// All they wait on, where it is of one kind and there is any.
    fn only(&self, what: What) -> Option<&Thing> {
        self.of.things.iter().all(|thing| self.object(thing).what == what).then(|| self.of.things.first())?
    }

    /// They send to channels that have no room, and on none waits a receiver.
    pub fn nobody_receives(&self) -> Option<Evidence> {
        let first = self.only(What::Channel).filter(|_| self.of.selects == 0)?;
        let stuck = |thing: &Thing| {
            let inside = self.inside(thing);
            thing.side == Side::Send
                && inside.receivers == Some(0)
                && inside.closed == Some(false)
                && inside.buffered >= inside.capacity
        };
        self.of.things.iter().all(stuck).then_some(())?;
        let (address, inside, objects) = (self.address(first)?, self.inside(first), self.of.things.len());
        let (buffered, capacity) = (inside.buffered?, inside.capacity?);
        let fill = if capacity == 0 { "unbuffered".to_owned() } else { format!("full ({buffered}/{capacity})") };
        let text = if objects == 1 {
            format!("the channel they send to, at {address}, is {fill}, and nobody waits to receive from it")
        } else {
            format!(
                "they send to {objects} channels, such as the one at {address}, which is {fill}; nobody waits to receive from any"
            )
        };
        Some(
            Evidence::new(EvidenceKind::Memory, text)
                .with("address", &address)
                .with("buffered", &buffered)
                .with("capacity", &capacity)
                .with("objects", &objects),
        )
    }

    /// They receive from channels that are open and empty, and on none waits a sender.
    pub fn nobody_sends(&self) -> Option<Evidence> {
        let first = self.only(What::Channel).filter(|_| self.of.selects == 0)?;
        let stuck = |thing: &Thing| {
            let inside = self.inside(thing);
            let open = inside.closed == Some(false) && inside.buffered == Some(0);
            thing.side == Side::Receive && inside.senders == Some(0) && open
        };
        self.of.things.iter().all(stuck).then_some(())?;
        let (address, objects) = (self.address(first)?, self.of.things.len());
        let capacity = self.inside(first).capacity?;
        let text = if objects == 1 {
            format!("the channel they receive from, at {address}, is open and empty, and nobody waits to send to it")
        } else {
            format!(
                "they receive from {objects} channels, such as the one at {address}; all are open and empty, and nobody waits to send"
            )
        };
        Some(
            Evidence::new(EvidenceKind::Memory, text)
                .with("address", &address)
                .with("capacity", &capacity)
                .with("objects", &objects),
        )
    }

    /// They stand in `select` on channels of which none is ready, and nobody waits on the other side of any.
    pub fn nobody_opposite(&self) -> Option<Evidence> {
        let first = self.only(What::Channel).filter(|_| self.of.selects == self.of.waiting)?;
        let alone = |thing: &Thing| {
            let inside = self.inside(thing);
            let opposite = if thing.side == Side::Send { inside.receivers } else { inside.senders };
            opposite == Some(0) && inside.closed == Some(false)
        };
        self.of.things.iter().all(alone).then_some(())?;
        let (address, objects) = (self.address(first)?, self.of.things.len());
        Some(
            Evidence::new(
                EvidenceKind::Memory,
                format!(
                    "their selects wait on {objects} channels, such as the one at {address}; all are open, and nobody waits on the other side \
                     of any"
                ),
            )
            .with("address", &address)
            .with("channels", &objects),
        )
    }

    /// Each sends to a channel of its own: one result, one taker.
    pub fn each_its_own(&self) -> Option<Evidence> {
        let first = self.only(What::Channel)?;
        let alone = |thing: &Thing| thing.all == 1 && thing.side == Side::Send;
        (self.of.things.iter().all(alone) && self.of.selects == 0).then_some(())?;
        let (address, objects) = (self.address(first)?, self.of.things.len());
        Some(
            Evidence::new(
                EvidenceKind::Memory,
                format!("no channel is waited on by two: {objects} goroutines, {objects} channels; one is at {address}"),
            )
            .with("address", &address)
            .with("own", &objects),
        )
    }

    /// Several receive from one channel: workers of a pool.
    pub fn share_a_channel(&self) -> Option<Evidence> {
        let first = self
            .of
            .things
            .iter()
            .find(|thing| self.object(thing).what == What::Channel && thing.side == Side::Receive && thing.own > 1)?;
        let (address, shared) = (self.address(first)?, first.own);
        let inside = self.inside(first);
        let idle = inside.senders == Some(0) && inside.closed == Some(false);
        idle.then(|| {
            Evidence::new(
                EvidenceKind::Memory,
                format!("{shared} of them receive from one channel, at {address}; it is open, and nobody waits to send to it"),
            )
            .with("address", &address)
            .with("shared", &shared)
        })
    }

    /// A timer stands among what they wait for: they wake by themselves, unless it was stopped.
    pub fn timers(&self) -> Option<Evidence> {
        let timed = self.of.timed;
        (timed * 2 > self.of.waiting).then_some(())?;
        let timers = self.of.things.iter().filter(|thing| self.object(thing).what == What::TimerChannel);
        let next = timers.filter_map(|thing| self.inside(thing).fires_in_ms).min();
        let fact = |text: String| Evidence::new(EvidenceKind::Memory, text).with("timers", &timed);
        Some(match next {
            Some(ms) => fact(format!("{timed} of them wait for a timer, the next of which fires in {} ms", ms.max(0)))
                .with("ms", &ms.max(0)),
            None => fact(format!("{timed} of them wait for the channel of a timer or ticker")),
        })
    }

    /// What wakes sleepers is set.
    pub fn sleeps(&self) -> Option<Evidence> {
        let sleeps = self.of.things.iter().filter(|thing| self.object(thing).what == What::Sleep);
        let ms = sleeps.filter_map(|thing| self.inside(thing).fires_in_ms).min()?.max(0);
        Some(Evidence::new(EvidenceKind::Memory, format!("the next of them wakes in {ms} ms, and goes on")).with("wakes", &ms))
    }

    /// The `WaitGroup`s they wait for count on calls of `Done`.
    pub fn counts_on_done(&self) -> Option<Evidence> {
        let first = self.only(What::WaitGroup)?;
        let (address, objects) = (self.address(first)?, self.of.things.len());
        let counter =
            self.of.things.iter().filter_map(|thing| self.inside(thing).counter).min().filter(|counter| *counter > 0)?;
        let text = if objects == 1 {
            format!("the WaitGroup at {address} waits for Done {counter} more times")
        } else {
            format!("each of {objects} WaitGroups, such as the one at {address}, waits for Done {counter} more times or oftener")
        };
        Some(
            Evidence::new(EvidenceKind::Memory, text)
                .with("address", &address)
                .with("counter", &counter)
                .with("objects", &objects),
        )
    }

    /// How many wait together for one `Cond`.
    pub fn cond_list(&self) -> Option<Evidence> {
        let first = self.only(What::Cond)?;
        let (address, objects) = (self.address(first)?, self.of.things.len());
        let listed = first.own;
        Some(
            Evidence::new(
                EvidenceKind::Memory,
                format!("they wait for {objects} Conds; on the list at {address} stand {listed} of them"),
            )
            .with("address", &address)
            .with("listed", &listed)
            .with("objects", &objects),
        )
    }

    /// The lock with the longest queue.
    pub fn queue(&self) -> Option<Evidence> {
        let first = self.of.things.iter().find(|thing| self.object(thing).what.is_lock())?;
        let (address, inside, waiters) = (self.address(first)?, self.inside(first), first.all);
        let state = match (inside.readers, inside.locked) {
            (Some(readers), _) => format!("counts {readers} readers"),
            (None, Some(true)) => "is locked".to_owned(),
            _ => return None,
        };
        let what = noun(self.object(first).what);
        let fact =
            Evidence::new(EvidenceKind::Memory, format!("the {what} at {address} {state}, and {waiters} goroutines wait for it"))
                .with("address", &address)
                .with("waiters", &waiters);
        Some(match inside.readers {
            Some(readers) => fact.with("readers", &readers),
            None => fact,
        })
    }

    /// Goroutines in the longest queue at one lock.
    pub fn longest_queue(&self) -> u32 {
        self.of.things.iter().filter(|thing| self.object(thing).what.is_lock()).map(|thing| thing.all).max().unwrap_or(0)
    }

    /// Nobody's stack holds the locks' addresses but the waiters' own.
    pub fn held_by_no_other(&self) -> Option<Evidence> {
        let first = self.of.things.first().filter(|_| self.stacks_searched())?;
        let lonely = |thing: &Thing| self.object(thing).what.is_lock() && thing.named == 0 && thing.all == 1;
        self.of.things.iter().all(lonely).then_some(())?;
        let (address, locks) = (self.address(first)?, self.of.things.len());
        let text = if locks == 1 {
            format!("no other goroutine waits for the lock at {address}, and no other's stack holds its address")
        } else {
            format!(
                "each waits for a lock of its own, {locks} in all, such as the one at {address}; no other goroutine's stack holds the \
                 address of any"
            )
        };
        Some(Evidence::new(EvidenceKind::Memory, text).with("address", &address).with("locks", &locks))
    }

    /// The locks are taken, and nobody but those that wait for them has their addresses on its stack: who took them has left.
    pub fn left_locked(&self) -> Option<Evidence> {
        let first = self.of.things.first().filter(|_| self.stacks_searched())?;
        let left = |thing: &Thing| {
            let inside = self.inside(thing);
            let taken = inside.locked == Some(true) || inside.readers.is_some_and(|readers| readers > 0);
            self.object(thing).what.is_lock() && taken && thing.named == 0
        };
        self.of.things.iter().all(left).then_some(())?;
        let (address, left) = (self.address(first)?, self.of.things.len());
        let text = if left == 1 {
            format!("the lock at {address} is taken, and its address is on no stack but those of goroutines that wait for it")
        } else {
            format!(
                "each of {left} locks, such as the one at {address}, is taken, and its address is on no stack but those of goroutines that \
                 wait for it"
            )
        };
        Some(Evidence::new(EvidenceKind::Memory, text).with("address", &address).with("left", &left))
    }

    /// A writer waits for readers to leave, and behind it others wait to read.
    pub fn writer_between(&self) -> Option<Evidence> {
        let inside = |at: usize| {
            let thing = &self.of.things[at];
            let (readers, behind) = (self.inside(thing).readers_left?, thing.all - thing.writers);
            (readers > 0 && thing.writers > 0 && behind > 0).then_some((thing, readers, behind))
        };
        let (thing, readers, behind) = (0..self.of.things.len()).find_map(inside)?;
        let (address, writers) = (self.address(thing)?, thing.writers);
        let text = format!(
            "{readers} readers are inside the RWMutex at {address}; {writers} goroutines wait for them to leave, and {behind} wait to read \
             behind those"
        );
        Some(
            Evidence::new(EvidenceKind::Memory, text)
                .with("address", &address)
                .with("behind", &behind)
                .with("readers", &readers)
                .with("writers", &writers),
        )
    }

    /// Which sockets, pipes and files they wait for.
    pub fn descriptors(&self) -> Option<Evidence> {
        let first = self.only(What::Descriptor)?;
        let (fd, descriptors) = (self.inside(first).fd?, self.of.things.len());
        let what = self.inside(first).endpoint.as_deref();
        let named = what.map_or(String::new(), |endpoint| format!(" ({endpoint})"));
        let text = if descriptors == 1 {
            format!("they wait for descriptor {fd}{named}")
        } else {
            format!("they wait for {descriptors} descriptors, such as {fd}{named}")
        };
        let fact = Evidence::new(EvidenceKind::Memory, text).with("descriptors", &descriptors).with("fd", &fd);
        Some(match what {
            Some(endpoint) => fact.with("endpoint", &endpoint),
            None => fact,
        })
    }
}

pub(crate) fn noun(what: What) -> &'static str {
    match what {
        What::Channel | What::TimerChannel | What::NilChannel => "channel",
        What::Mutex => "Mutex",
        What::RwMutex => "RWMutex",
        What::WaitGroup => "WaitGroup",
        What::Cond => "Cond",
        What::Semaphore | What::Descriptor | What::Sleep | What::Nothing => "thing",
    }
}
