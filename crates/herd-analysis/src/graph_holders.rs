//! Who may hold a lock or serve a channel: Go records no holder, so these are candidates, each with its reason; but for locks that
//! remember who took them.

use std::collections::{BTreeMap, BTreeSet};

use herd_model::{ClusterId, Holder, HolderReason, NameId};

use crate::graph::{Placed, Scene};
use crate::names;

/// Holders listed of one object.
const HOLDERS_MAX: usize = 3;
/// Objects of one node looked at, when it stands for many.
const OBJECTS_MAX: usize = 16;
/// Goroutines named of one cluster.
const OF_CLUSTER_MAX: usize = 16;

/// A goroutine that may hold a lock or serve a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    reason: HolderReason,
    goroutine: u64,
    /// Its cluster; nothing where it has ended.
    pub cluster: Option<ClusterId>,
}

/// A candidate as it is printed.
pub fn holder(scene: &Scene, placed: &Placed, candidate: Candidate) -> Holder {
    let state = |cluster: ClusterId| scene.snapshot.clusters[cluster.0 as usize].state.as_str().to_owned();
    Holder {
        goroutine: candidate.goroutine,
        state: candidate.cluster.map(state).unwrap_or_default(),
        at: candidate.cluster.map(|cluster| scene.place(cluster)).unwrap_or_default(),
        reason: candidate.reason,
        group: candidate.cluster.and_then(|cluster| placed.group(scene, cluster)),
    }
}

/// The candidates of all `objects` together, most likely first, and how many are not listed.
pub fn candidates(scene: &Scene, objects: &[usize]) -> (Vec<Candidate>, u64) {
    if !scene.waits.searched && !scene.waits.recorded {
        return (Vec::new(), 0);
    }
    let mut found: BTreeMap<u64, (HolderReason, Option<ClusterId>)> = BTreeMap::new();
    for object in objects.iter().take(OBJECTS_MAX) {
        let held = u32::try_from(*object).map_or(&[][..], |object| scene.waits.holders(object));
        let known: Vec<_> = held.iter().map(|held| (held.goroutine.0, (recorded(held.cluster), held.cluster))).collect();
        if !known.is_empty() {
            found.extend(known);
            continue;
        }
        let takers = takers(scene, *object);
        let mentions = scene.waits.mentions.iter().filter(|mention| mention.object as usize == *object);
        for mention in mentions {
            let reason = if shows(scene, mention.cluster, &takers.functions) {
                HolderReason::AddressAndFunction
            } else {
                HolderReason::Address
            };
            let slot = found.entry(mention.goroutine.0).or_insert((reason, Some(mention.cluster)));
            slot.0 = slot.0.min(reason);
        }
        // A lock that is free has no holder.
        let inside = &scene.waits.objects[*object].inside;
        let free = inside.locked == Some(false) && inside.readers.is_none_or(|readers| readers == 0);
        if takers.functions.is_empty() || free {
            continue;
        }
        for (id, cluster) in (0u32..).map(ClusterId).zip(&scene.snapshot.clusters) {
            if !shows(scene, id, &takers.functions) {
                continue;
            }
            let others = cluster.log.iter().take(OF_CLUSTER_MAX).filter(|one| !takers.goroutines.contains(&one.id));
            for one in others {
                found.entry(one.id).or_insert((HolderReason::Function, Some(id)));
            }
        }
    }
    let named = found.into_iter().map(|(goroutine, (reason, cluster))| Candidate { reason, goroutine, cluster });
    let mut found: Vec<Candidate> = named.collect();
    found.sort_unstable();
    let left = found.len().saturating_sub(HOLDERS_MAX) as u64;
    found.truncate(HOLDERS_MAX);
    (found, left)
}

fn recorded(cluster: Option<ClusterId>) -> HolderReason {
    if cluster.is_some() { HolderReason::Recorded } else { HolderReason::RecordedAndEnded }
}

/// Who waits for a lock, and in which functions.
#[derive(Default)]
struct Takers {
    goroutines: BTreeSet<u64>,
    functions: BTreeSet<NameId>,
}

fn takers(scene: &Scene, object: usize) -> Takers {
    let mut takers = Takers::default();
    if !scene.waits.objects[object].what.is_lock() {
        return takers;
    }
    let waits = |waiter: &&herd_model::Waiter| waiter.on.iter().any(|(own, _)| *own as usize == object);
    for waiter in scene.waits.waiters.iter().filter(waits) {
        takers.goroutines.insert(waiter.goroutine.0);
        let snapshot = scene.snapshot;
        let stack = snapshot.stack(&snapshot.clusters[waiter.cluster.0 as usize]);
        let taker = stack.frames.iter().find(|frame| !names::is_machinery(snapshot.func(**frame)));
        takers.functions.extend(taker.map(|frame| snapshot.frame(*frame).func));
    }
    takers
}

fn shows(scene: &Scene, cluster: ClusterId, functions: &BTreeSet<NameId>) -> bool {
    let snapshot = scene.snapshot;
    let stack = snapshot.stack(&snapshot.clusters[cluster.0 as usize]);
    stack.frames.iter().any(|frame| functions.contains(&snapshot.frame(*frame).func))
}
