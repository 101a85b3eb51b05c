//! What one snapshot tells of each family beyond its count: ages, starters, siblings, shared objects.

use herd_model::{Address, ClusterId, FrameId, GoroutineId, ObjectKind, Snapshot, Spread, StateClass, WaitMinutes};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::census::{Census, Family};
use crate::names;

/// Goroutines of a family whose starters are looked up; more would not change the answer and cost a pass over every id.
const STARTERS_SAMPLED: usize = 256;

/// Measured facts of one family.
#[derive(Clone, Debug, Default)]
pub struct FamilyFacts {
    /// Seconds blocked; absent when the witness carries no age.
    pub wait_s: Option<Spread>,
    /// Goroutines whose header shows an age of a minute or more.
    pub aged: u64,
    /// Starters looked at, and of these, how many no longer run the function that holds the `go` statement.
    pub starters: Starters,
    /// Largest number of sampled goroutines started by one goroutine, and how many were sampled.
    pub siblings: (u64, u64),
    /// Exact address with the most waiters.
    pub shared_object: Option<(ObjectKind, Address, u64)>,
    /// Exact addresses with their waiters, most waiters first, ties by address.
    pub objects: Vec<(Address, u64)>,
    /// The family's goroutines were started from a goroutine that accepts connections.
    pub started_by_acceptor: bool,
    /// Functions on the starter's stack now, for siblings that stand in other families.
    pub parents: Vec<GoroutineId>,
}

/// Whether the functions that started a family are still running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Starters {
    /// Sampled goroutines with a known starter.
    pub sampled: u64,
    /// The starter is gone from the snapshot.
    pub gone: u64,
    /// The starter lives but the starting function is no longer on its stack.
    pub moved_on: u64,
}

/// Facts for each family of a census, in its order. Cost: two passes over the goroutine log.
pub fn family_facts(snapshot: &Snapshot, census: &Census) -> Vec<FamilyFacts> {
    let starts: Vec<Vec<(GoroutineId, Option<FrameId>)>> =
        census.families.iter().map(|family| starts(snapshot, census, family)).collect();
    let wanted: FxHashSet<GoroutineId> = starts.iter().flatten().map(|(parent, _)| *parent).collect();
    let mut alive: FxHashMap<GoroutineId, ClusterId> = FxHashMap::default();
    if !wanted.is_empty() {
        for (cluster, goroutine) in snapshot.goroutines() {
            let id = GoroutineId(goroutine.id);
            if wanted.contains(&id) {
                alive.insert(id, cluster);
            }
        }
    }
    census.families.iter().zip(&starts).map(|(family, starts)| facts_of(snapshot, census, family, starts, &alive)).collect()
}

fn starts(snapshot: &Snapshot, census: &Census, family: &Family) -> Vec<(GoroutineId, Option<FrameId>)> {
    let groups = family.groups.iter().map(|at| &census.groups[*at]);
    let clusters =
        groups.flat_map(|group| group.clusters.iter().map(move |id| (group.created_by, &snapshot.clusters[id.0 as usize])));
    clusters
        .flat_map(|(creator, cluster)| {
            cluster.log.iter().filter_map(move |goroutine| goroutine.parent.map(|parent| (parent, creator)))
        })
        .take(STARTERS_SAMPLED)
        .collect()
}

fn facts_of(
    snapshot: &Snapshot,
    census: &Census,
    family: &Family,
    starts: &[(GoroutineId, Option<FrameId>)],
    alive: &FxHashMap<GoroutineId, ClusterId>,
) -> FamilyFacts {
    let mut waits = WaitMinutes::default();
    let mut objects: FxHashMap<Address, u64> = FxHashMap::default();
    let mut kind = None;
    for group in family.groups.iter().map(|at| &census.groups[*at]) {
        add_waits(&mut waits, &group.waits);
        for cluster in group.clusters.iter().map(|id| &snapshot.clusters[id.0 as usize]) {
            kind = kind.or(cluster.object_kind);
            let mut found: Vec<_> = cluster.objects.iter().collect();
            found.sort_unstable();
            for (address, count) in found {
                *objects.entry(*address).or_default() += count;
            }
        }
    }
    let mut objects: Vec<(Address, u64)> = objects.into_iter().collect();
    objects.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let mut by_parent: FxHashMap<GoroutineId, u64> = FxHashMap::default();
    let mut facts = FamilyFacts { wait_s: spread(&waits), aged: waits.by_minute.values().sum(), ..FamilyFacts::default() };
    for (parent, creator) in starts {
        *by_parent.entry(*parent).or_default() += 1;
        facts.starters.sampled += 1;
        match alive.get(parent) {
            // Of a dump that was cut, nobody knows who is gone.
            None if snapshot.truncated.is_some() => facts.starters.sampled -= 1,
            None => facts.starters.gone += 1,
            Some(cluster) => {
                let stack = snapshot.stack(&snapshot.clusters[cluster.0 as usize]);
                let function = creator.map(|frame| snapshot.func(frame));
                if !stack.frames.iter().any(|frame| Some(snapshot.func(*frame)) == function) {
                    facts.starters.moved_on += 1;
                }
                facts.started_by_acceptor |= stack.frames.iter().any(|frame| is_accept(snapshot.func(*frame)));
            }
        }
    }
    facts.siblings = (by_parent.values().copied().max().unwrap_or(0), facts.starters.sampled);
    facts.parents = by_parent.into_keys().collect();
    facts.parents.sort_unstable();
    facts.shared_object = objects.first().and_then(|(address, count)| kind.map(|kind| (kind, *address, *count)));
    facts.objects = objects;
    facts
}

fn is_accept(func: &str) -> bool {
    let local = names::local(func);
    names::package(func) == "net"
        && (local.ends_with(").Accept") || local.ends_with(").AcceptTCP") || local.ends_with(").AcceptUnix"))
}

/// Adds ages of one set to another.
pub fn add_waits(into: &mut WaitMinutes, from: &WaitMinutes) {
    into.unaged += from.unaged;
    for (minute, count) in &from.by_minute {
        *into.by_minute.entry(*minute).or_default() += count;
    }
}

/// Minimum, median and maximum age in seconds. Ages are whole minutes; none stands for 0. Absent when nothing was counted.
pub fn spread(waits: &WaitMinutes) -> Option<Spread> {
    let total = waits.unaged + waits.by_minute.values().sum::<u64>();
    if total == 0 {
        return None;
    }
    let at = |rank: u64| {
        let mut seen = waits.unaged;
        if rank < seen {
            return 0.0;
        }
        for (minute, count) in &waits.by_minute {
            seen += count;
            if rank < seen {
                return f64::from(*minute) * 60.0;
            }
        }
        0.0
    };
    Some(Spread { min: at(0), p50: at(total / 2), max: at(total - 1) })
}

/// Whether goroutines of this class are waiting for something another goroutine or peer must do.
pub fn can_be_stuck(class: StateClass) -> bool {
    match class {
        StateClass::Io
        | StateClass::ChanReceive
        | StateClass::ChanSend
        | StateClass::Channel
        | StateClass::ChanNil
        | StateClass::Select
        | StateClass::SelectNone
        | StateClass::Lock
        | StateClass::Cond
        | StateClass::WaitGroup
        | StateClass::Semaphore
        | StateClass::Sleep => true,
        StateClass::Running
        | StateClass::Syscall
        | StateClass::Coroutine
        | StateClass::Gc
        | StateClass::Runtime
        | StateClass::Idle
        | StateClass::Unknown => false,
    }
}
