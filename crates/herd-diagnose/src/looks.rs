//! Two looks at a process that may not be copied: which goroutines wait for the very same things, at the same place, in both.
//!
//! Reachability is not asked of a process that runs: a pointer that moves while the memory is read is missed, in two looks as in one.
//! So what stands still is suspected only where nothing healthy stands so: rings of locks, and queues at a lock nobody has let go of
//! for a minute. An idle worker stands as still as a forgotten one.

use herd_analysis::{Point, Series};
use herd_model::{Address, Evidence, EvidenceKind, Side, StateClass, What};
use herd_patterns::{RingOf, Scene};
use rustc_hash::{FxHashMap, FxHashSet};

/// Waiters on one lock from which a queue is spoken of; fewer may be a lock held by design.
const QUEUE_MIN: u64 = 3;

/// What has not moved between two looks.
#[derive(Clone, Debug)]
pub(crate) struct Still {
    goroutines: FxHashSet<u64>,
    seconds: f64,
}

/// Compares the last two points of a series, where the memory of both was read while the process ran.
pub(crate) fn still(series: &Series) -> Option<Still> {
    let [.., earlier, later] = series.points.as_slice() else { return None };
    let (before, after) = (waits(earlier)?, waits(later)?);
    let seconds = later.at_s? - earlier.at_s?;
    let same = after.iter().filter(|(id, wait)| before.get(*id) == Some(*wait));
    Some(Still { goroutines: same.map(|(id, _)| *id).collect(), seconds })
}

/// Stack and objects of each goroutine that waits.
type Wait = (u64, Vec<(What, Option<Address>, Option<u64>, Side)>);

fn waits(point: &Point) -> Option<FxHashMap<u64, Wait>> {
    let waits = point.snapshot.waits.as_deref().filter(|waits| !waits.frozen)?;
    let mut stacks = vec![0; point.snapshot.clusters.len()];
    for group in &point.census.groups {
        for cluster in &group.clusters {
            stacks[cluster.0 as usize] = group.id;
        }
    }
    let on = |(object, side): &(u32, Side)| {
        let object = &waits.objects[*object as usize];
        (object.what, object.address, object.inside.fd, *side)
    };
    let wait = |waiter: &herd_model::Waiter| (stacks[waiter.cluster.0 as usize], waiter.on.iter().map(on).collect());
    Some(waits.waiters.iter().map(|waiter| (waiter.goroutine.0, wait(waiter))).collect())
}

impl Still {
    /// How many of the family have not moved.
    pub(crate) fn fact(&self, scene: &Scene<'_>) -> Option<Evidence> {
        let count = self.count(scene);
        let seconds = self.seconds.round();
        (count > 0).then(|| {
            Evidence::new(
                EvidenceKind::Persistence,
                format!("{count} of them wait for the very same things as {seconds} s before, at the same place"),
            )
            .with("same", &count)
            .with("seconds", &seconds)
        })
    }

    /// What no healthy service shows: a ring of locks that stands, or a queue nobody has moved in for a minute.
    pub(crate) fn is_stuck(&self, scene: &Scene<'_>) -> bool {
        if scene.class() != StateClass::Lock {
            return false;
        }
        let all_stand = self.count(scene) == scene.count();
        let in_ring = scene.ring_members(RingOf::Locks).is_some_and(|ring| ring.iter().all(|id| self.goroutines.contains(id)));
        let queue = scene.seen().is_some_and(|seen| u64::from(seen.longest_queue()) >= QUEUE_MIN && seen.queue().is_some());
        in_ring || all_stand && queue && scene.facts().aged == scene.count()
    }

    fn count(&self, scene: &Scene<'_>) -> u64 {
        let (snapshot, point) = (scene.snapshot(), scene.point);
        let clusters = scene.family().groups.iter().flat_map(|at| &point.census.groups[*at].clusters);
        let ids = clusters.flat_map(|id| snapshot.clusters[id.0 as usize].log.iter());
        ids.filter(|goroutine| self.goroutines.contains(&goroutine.id)).count() as u64
    }
}
