//! Goroutines that seem to wait on each other, found by whose stacks hold what others wait on.
//!
//! A goroutine is in a ring when each case of its wait can be ended only by goroutines of a ring: of a channel, a `WaitGroup` and a
//! `Cond` by all whose stacks hold its address; of a lock by at least one, as all who use it hold its address. What is not seen on any
//! stack is no part of a ring: it may be anyone's. Stacks are not all that can reach an object: a ring is proven only when all its
//! goroutines are known to be leaked, and where the heap was searched for that and one of them is not, it is no deadlock.
//!
//! A lock that remembers who took it needs no stack: its holders alone can end the wait, unless another unlocks for them.

use std::collections::{BTreeMap, BTreeSet};

use herd_model::{CycleStep, Doubt, Side, WaitCycle, What};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::graph::{Placed, Scene, hex};

/// Cycles listed.
const CYCLES_MAX: usize = 10;
/// Goroutines of the longest cycle listed.
const STEPS_MAX: usize = 16;
/// As many mentions of one object as are noted; more make it unknown who else there is.
const MENTIONS_MAX: usize = 64;

/// Goroutines that seem to wait on each other.
pub struct Ring {
    /// Indices of waiters; each waits on what the next one has, the last on what the first has.
    pub members: Vec<usize>,
    /// Members of rings like this one.
    pub like: Vec<usize>,
    /// How many those are.
    alike: u64,
    proven: bool,
    open: BTreeSet<Doubt>,
}

/// What rings have in common that are told as one: family, side and kind of each step, and whether they are proven.
type Alike = (Vec<(usize, Side, What)>, bool);

/// Finds rings, the proven first, then the shortest; those that differ in their goroutines only are one.
pub fn rings(scene: &Scene) -> Vec<Ring> {
    if !scene.waits.searched && !scene.waits.recorded {
        return Vec::new();
    }
    let stuck = Stuck::find(scene);
    let mut seen: FxHashMap<usize, usize> = FxHashMap::default();
    let mut rings: BTreeMap<Alike, Ring> = BTreeMap::new();
    for start in 0..scene.waits.waiters.len() {
        if !stuck.in_ring[start] || seen.contains_key(&start) {
            continue;
        }
        let mut path = Vec::new();
        let mut at = start;
        while !seen.contains_key(&at) {
            seen.insert(at, start);
            path.push(at);
            let Some(next) = stuck.next(scene, at) else { break };
            at = next;
        }
        let Some(from) = path.iter().position(|one| *one == at).filter(|_| seen.get(&at) == Some(&start)) else { continue };
        let members = rotated(scene, &path[from..]);
        // The address of what it waits for is on everyone's own stack; only a lock that remembers says that one waits for itself.
        let alone = members.len() == 1 && !members.iter().all(|one| stuck.holder_known(scene, *one));
        if alone || members.len() > STEPS_MAX {
            continue;
        }
        let proven = members.iter().all(|waiter| is_leaked(scene, *waiter));
        let key = (members.iter().map(|one| kind(scene, *one)).collect(), proven);
        if let Some(known) = rings.get_mut(&key) {
            known.alike += 1;
            known.like.extend(members);
        } else {
            rings.insert(key, ring(scene, &stuck, members, proven));
        }
    }
    let mut rings: Vec<Ring> = rings.into_values().collect();
    rings.sort_by_key(|ring| (!ring.proven, ring.members.len(), scene.waits.waiters[ring.members[0]].goroutine));
    rings.truncate(CYCLES_MAX);
    rings
}

/// What leaked goroutines wait on.
fn out_of_reach(scene: &Scene) -> FxHashSet<u32> {
    let leaked = (0..scene.waits.waiters.len()).filter(|waiter| is_leaked(scene, *waiter));
    leaked.flat_map(|waiter| &*scene.waits.waiters[waiter].on).map(|(object, _)| *object).collect()
}

fn is_leaked(scene: &Scene, waiter: usize) -> bool {
    scene.leaked.contains(&scene.waits.waiters[waiter].goroutine.0)
}

/// From the oldest goroutine's family on, so that rings that are alike begin alike.
fn rotated(scene: &Scene, ring: &[usize]) -> Vec<usize> {
    let first = |at: &usize| (kind(scene, ring[*at]), scene.waits.waiters[ring[*at]].goroutine);
    let start = (0..ring.len()).min_by_key(first).unwrap_or(0);
    ring[start..].iter().chain(&ring[..start]).copied().collect()
}

fn kind(scene: &Scene, waiter: usize) -> (usize, Side, What) {
    let one = &scene.waits.waiters[waiter];
    let (object, side) = one.on[0];
    (scene.family(one.cluster), side, scene.waits.objects[object as usize].what)
}

/// The waiters that only each other can wake, as far as stacks show.
struct Stuck {
    in_ring: Vec<bool>,
    /// Waiters whose stacks hold each object; `None` where one that does not wait holds it, or too many do.
    servers: Vec<Servers>,
}

#[derive(Clone, Default)]
struct Servers {
    /// Indices of waiters.
    waiting: Vec<usize>,
    /// Others hold it, too.
    others: bool,
    /// They are those the lock itself remembers.
    known: bool,
}

impl Stuck {
    fn find(scene: &Scene) -> Stuck {
        let waits = scene.waits;
        let by_id: FxHashMap<u64, usize> = waits.waiters.iter().enumerate().map(|(at, one)| (one.goroutine.0, at)).collect();
        let mut servers = vec![Servers::default(); waits.objects.len()];
        let out_of_reach = out_of_reach(scene);
        for held in &waits.held {
            let of = &mut servers[held.object as usize];
            of.known = true;
            match by_id.get(&held.goroutine.0) {
                Some(waiter) if of.waiting.len() + 1 < MENTIONS_MAX => of.waiting.push(*waiter),
                _ => of.others = true,
            }
        }
        for mention in waits.mentions.iter().filter(|mention| !servers_known(waits, mention.object)) {
            // What a goroutine that can run has of it is left over from before.
            if out_of_reach.contains(&mention.object) && !scene.leaked.contains(&mention.goroutine.0) {
                continue;
            }
            let of = &mut servers[mention.object as usize];
            match by_id.get(&mention.goroutine.0) {
                Some(waiter) if of.waiting.len() + 1 < MENTIONS_MAX => of.waiting.push(*waiter),
                _ => of.others = true,
            }
        }
        let mut stuck = Stuck { in_ring: vec![true; waits.waiters.len()], servers };
        // Who waits on what a waiter's stack holds: they leave with it.
        let mut behind: Vec<Vec<usize>> = vec![Vec::new(); waits.waiters.len()];
        for (at, waiter) in waits.waiters.iter().enumerate() {
            for (object, _) in &waiter.on {
                for server in &stuck.servers[*object as usize].waiting {
                    behind[*server].push(at);
                }
            }
        }
        let mut leaving: Vec<usize> = (0..waits.waiters.len()).collect();
        while let Some(at) = leaving.pop() {
            if stuck.in_ring[at] && !stuck.stays(scene, at) {
                stuck.in_ring[at] = false;
                leaving.extend(&behind[at]);
            }
        }
        stuck
    }

    /// Whether only goroutines of rings could end each case of a wait.
    fn stays(&self, scene: &Scene, waiter: usize) -> bool {
        let ends = |(object, _): &(u32, Side)| {
            let what = scene.waits.objects[*object as usize].what;
            let of = &self.servers[*object as usize];
            let stuck = |server: &usize| self.in_ring[*server];
            match what {
                What::Mutex | What::RwMutex => of.waiting.iter().any(stuck),
                What::Channel | What::WaitGroup | What::Cond => {
                    !of.others && !of.waiting.is_empty() && of.waiting.iter().all(stuck)
                }
                What::TimerChannel | What::Semaphore | What::Descriptor | What::Sleep | What::NilChannel | What::Nothing => false,
            }
        };
        scene.waits.waiters[waiter].on.iter().all(ends)
    }

    /// Whether what a waiter waits on says itself who holds it.
    fn holder_known(&self, scene: &Scene, waiter: usize) -> bool {
        scene.waits.waiters[waiter].on.first().is_some_and(|(object, _)| self.servers[*object as usize].known)
    }

    /// The goroutine seen with what a waiter waits on.
    fn next(&self, scene: &Scene, waiter: usize) -> Option<usize> {
        let (object, _) = scene.waits.waiters[waiter].on.first()?;
        self.servers[*object as usize].waiting.iter().copied().find(|server| self.in_ring[*server])
    }
}

fn servers_known(waits: &herd_model::Waits, object: u32) -> bool {
    !waits.holders(object).is_empty()
}

/// Judges a ring: proven where nothing that can run reaches any of it, else with what stands open.
fn ring(scene: &Scene, stuck: &Stuck, members: Vec<usize>, proven: bool) -> Ring {
    let waits = scene.waits;
    let mut open = BTreeSet::new();
    for (object, _) in members.iter().filter(|_| !proven).flat_map(|waiter| &*waits.waiters[*waiter].on) {
        let is_lock = waits.objects[*object as usize].what.is_lock();
        if is_lock && stuck.servers[*object as usize].known {
            open.insert(Doubt::AnotherMayUnlock);
            continue;
        } else if is_lock {
            open.insert(Doubt::NoHolderRecorded);
        } else if !waits.followed {
            open.insert(Doubt::HeapNotSearched);
        }
        let of = &stuck.servers[*object as usize];
        if is_lock && (of.others || of.waiting.len() > 1) {
            open.insert(Doubt::OthersHoldAddress);
        }
    }
    if !proven && waits.followed {
        open.insert(Doubt::StillReachable);
    }
    if !proven && !waits.frozen {
        open.insert(Doubt::NotOneInstant);
    }
    Ring { members, like: Vec::new(), alike: 0, proven, open }
}

/// A ring as it is printed.
pub fn cycle(scene: &Scene, placed: &Placed, ring: &Ring) -> WaitCycle {
    let waits = scene.waits;
    let nexts = ring.members.iter().cycle().skip(1);
    let step = |(waiter, next): (&usize, &usize)| {
        let one = &waits.waiters[*waiter];
        let (object, side) = one.on[0];
        CycleStep {
            goroutine: one.goroutine.0,
            at: scene.place(one.cluster),
            side,
            kind: waits.objects[object as usize].what,
            address: waits.objects[object as usize].address.map(hex),
            next: waits.waiters[*next].goroutine.0,
            holder_known: servers_known(waits, object),
            leaked: is_leaked(scene, *waiter),
            group: placed.group(scene, one.cluster),
            object: placed.object(object as usize),
        }
    };
    WaitCycle {
        steps: ring.members.iter().zip(nexts).map(step).collect(),
        alike: ring.alike,
        proven: ring.proven,
        open: ring.open.iter().copied().collect(),
    }
}
