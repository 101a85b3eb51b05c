//! Whether two snapshots are of one process, as far as goroutine ids, starters and ages tell.

use herd_model::{FrameId, Goroutine, Snapshot, StateClass};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::census::Fnv;
use crate::names;
use crate::series::Point;

/// Ids a processor takes at once (`_GoidCacheBatch` in Go's `runtime/proc.go`), the first of which it uses there and then.
const BATCH: usize = 16;
/// How far a new id may lie below the highest that was ever seen: batches that 256 processors still hold.
const HELD_BACK: u64 = BATCH as u64 * 256;
/// Fewer new goroutines than this tell nothing by lying low.
const NEW_MIN: usize = 16;
/// Goroutines with an age, and families they stand in, of which in one process some would keep it.
const AGED_MIN: usize = 5;
const AGED_FAMILIES_MIN: usize = 3;

/// One goroutine as one snapshot shows it.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// Hash of the `go` statement and of the goroutine that ran it: they never change while it lives.
    origin: Option<u64>,
    family: u64,
    endless: bool,
    started_by_runtime: bool,
    wait_minutes: u32,
}

/// Whether two points, the earlier first, may be of one process. Go never gives an id out twice, so an id with two creators or two
/// parents is of two processes. Where both have a time, new ids must not lie where only old ones can, and ages must not all begin anew.
/// Cost: linear in goroutines.
pub fn may_be_one_process(a: &Point, b: &Point) -> bool {
    let (before, after) = (seen(a), seen(b));
    let same_origin = |id: &u64, was: &Seen| match after.get(id).map(|now| (was.origin, now.origin)) {
        Some((Some(was), Some(now))) => was == now,
        _ => true,
    };
    if !sorted(&before).into_iter().all(|id| same_origin(&id, &before[&id])) {
        return false;
    }
    let whole = a.snapshot.truncated.is_none() && b.snapshot.truncated.is_none();
    let in_order = a.at_s.zip(b.at_s).is_some_and(|(a, b)| a < b);
    !(whole && in_order) || ids_rise(&before, &after) && some_age_is_kept(&before, &after)
}

fn seen(point: &Point) -> FxHashMap<u64, Seen> {
    let mut family_of: FxHashMap<u32, (u64, StateClass)> = FxHashMap::default();
    for family in &point.census.families {
        for cluster in family.groups.iter().flat_map(|group| &point.census.groups[*group].clusters) {
            family_of.insert(cluster.0, (family.id, family.class));
        }
    }
    let snapshot = &point.snapshot;
    let mut all = FxHashMap::default();
    for (at, cluster) in (0u32..).zip(&snapshot.clusters) {
        let created_by = snapshot.stack(cluster).created_by;
        let (family, class) = family_of.get(&at).copied().unwrap_or((0, StateClass::Unknown));
        let endless = matches!(class, StateClass::ChanNil | StateClass::SelectNone);
        let started_by_runtime = created_by.is_none_or(|frame| names::package(snapshot.func(frame)) == "runtime");
        // A text without ids gives zero for all of them.
        for goroutine in cluster.log.iter().filter(|goroutine| goroutine.id > 0) {
            let origin = created_by.map(|frame| origin(snapshot, frame, &goroutine));
            let wait_minutes = goroutine.wait_minutes.unwrap_or(0);
            all.insert(goroutine.id, Seen { origin, family, endless, started_by_runtime, wait_minutes });
        }
    }
    all
}

fn origin(snapshot: &Snapshot, created_by: FrameId, goroutine: &Goroutine) -> u64 {
    let mut hash = Fnv::new();
    hash.frame(snapshot, created_by);
    hash.number(goroutine.parent.map_or(0, |parent| parent.0));
    hash.0
}

fn sorted(of: &FxHashMap<u64, Seen>) -> Vec<u64> {
    let mut ids: Vec<u64> = of.keys().copied().collect();
    ids.sort_unstable();
    ids
}

/// Ids are taken in batches, each above all before it. Below the highest id there was, every batch had been begun, so no sixteen in a
/// row can be new; and new goroutines do not all lie far below it.
fn ids_rise(before: &FxHashMap<u64, Seen>, after: &FxHashMap<u64, Seen>) -> bool {
    let highest = before.keys().copied().max().unwrap_or(0);
    let is_new = |id: &u64| !before.contains_key(id) && !after[id].started_by_runtime;
    let new: Vec<u64> = sorted(after).into_iter().filter(is_new).collect();
    let whole_batch = |ids: &[u64]| ids[BATCH - 1] - ids[0] == BATCH as u64 - 1 && ids[BATCH - 1] < highest;
    let reaches_up = new.len() < NEW_MIN || new.iter().any(|id| id + HELD_BACK >= highest);
    reaches_up && !new.windows(BATCH).any(whole_batch)
}

/// A wait that cannot end does not begin anew; nor do all waits of a process at once, whatever they are for.
fn some_age_is_kept(before: &FxHashMap<u64, Seen>, after: &FxHashMap<u64, Seen>) -> bool {
    let mut families: FxHashSet<u64> = FxHashSet::default();
    let (mut aged, mut kept) = (0, 0);
    for id in sorted(before) {
        let was = before[&id];
        let Some(now) = after.get(&id).filter(|now| now.family == was.family && was.wait_minutes > 0) else { continue };
        if now.wait_minutes >= was.wait_minutes {
            kept += 1;
        } else if now.endless {
            return false;
        }
        aged += 1;
        families.insert(was.family);
    }
    let none_aged = after.values().all(|now| now.wait_minutes == 0);
    aged < AGED_MIN || families.len() < AGED_FAMILIES_MIN || kept > 0 || !none_aged
}
