//! Goroutines that seem to wait on each other, found by whose stacks hold what others wait on.
//!
//! A goroutine is in a ring when each case of its wait can be ended only by goroutines of a ring: of a channel, a `WaitGroup` and a
//! `Cond` by all whose stacks hold its address; of a lock by at least one, as all who use it hold its address. What is not seen on any
//! stack is no part of a ring: it may be anyone's. A ring is never proven so, as stacks are not all that can reach an object.

use std::collections::{BTreeMap, BTreeSet};

use herd_model::{CycleStep, Doubt, Side, WaitCycle, What};
use rustc_hash::FxHashMap;

use crate::graph::{Scene, hex};

/// Cycles listed.
const CYCLES_MAX: usize = 10;
/// Goroutines of the longest cycle listed.
const STEPS_MAX: usize = 16;
/// As many mentions of one object as are noted; more make it unknown who else there is.
const MENTIONS_MAX: usize = 64;

/// Finds rings, the shortest first; those that differ in their goroutines only are one.
pub fn cycles(scene: &Scene) -> Vec<WaitCycle> {
    if !scene.waits.searched {
        return Vec::new();
    }
    let stuck = Stuck::find(scene);
    let mut seen: FxHashMap<usize, usize> = FxHashMap::default();
    let mut rings: BTreeMap<Vec<(usize, Side, What)>, WaitCycle> = BTreeMap::new();
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
        let ring = rotated(scene, &path[from..]);
        if ring.len() < 2 || ring.len() > STEPS_MAX {
            continue;
        }
        let key: Vec<_> = ring.iter().map(|one| kind(scene, *one)).collect();
        let alike = rings.entry(key).or_insert_with(|| cycle(scene, &stuck, &ring));
        alike.alike += 1;
    }
    let mut cycles: Vec<WaitCycle> = rings.into_values().collect();
    for cycle in &mut cycles {
        cycle.alike -= 1;
    }
    cycles.sort_by_key(|cycle| (cycle.steps.len(), cycle.steps[0].goroutine));
    cycles.truncate(CYCLES_MAX);
    cycles
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
}

impl Stuck {
    fn find(scene: &Scene) -> Stuck {
        let waits = scene.waits;
        let by_id: FxHashMap<u64, usize> = waits.waiters.iter().enumerate().map(|(at, one)| (one.goroutine.0, at)).collect();
        let mut servers = vec![Servers::default(); waits.objects.len()];
        for mention in &waits.mentions {
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

    /// The goroutine seen with what a waiter waits on.
    fn next(&self, scene: &Scene, waiter: usize) -> Option<usize> {
        let (object, _) = scene.waits.waiters[waiter].on.first()?;
        self.servers[*object as usize].waiting.iter().copied().find(|server| self.in_ring[*server])
    }
}

fn cycle(scene: &Scene, stuck: &Stuck, ring: &[usize]) -> WaitCycle {
    let waits = scene.waits;
    let mut open = BTreeSet::new();
    let mut steps = Vec::new();
    for (at, waiter) in ring.iter().enumerate() {
        let one = &waits.waiters[*waiter];
        let (object, side) = one.on[0];
        let next = &waits.waiters[ring[(at + 1) % ring.len()]];
        for (object, _) in &one.on {
            let is_lock = waits.objects[*object as usize].what.is_lock();
            open.insert(if is_lock { Doubt::NoHolderRecorded } else { Doubt::HeapNotSearched });
            let of = &stuck.servers[*object as usize];
            if is_lock && (of.others || of.waiting.len() > 1) {
                open.insert(Doubt::OthersHoldAddress);
            }
        }
        steps.push(CycleStep {
            goroutine: one.goroutine.0,
            at: scene.place(one.cluster),
            side,
            kind: waits.objects[object as usize].what,
            address: waits.objects[object as usize].address.map(hex),
            next: next.goroutine.0,
        });
    }
    if !waits.frozen {
        open.insert(Doubt::NotOneInstant);
    }
    WaitCycle { steps, alike: 0, open: open.into_iter().collect() }
}
