//! The profile eye of GC005.

use std::collections::BTreeMap;

use herd_model::{Evidence, EvidenceKind, Place};

use crate::allocations::{AllocationSite, Allocations, Spot};
use crate::scene::{Sighting, Witness};

/// Share of all bytes allocated from which a pool's `New` is worth speaking of: a pool that works makes next to nothing.
const SHARE_MIN: f64 = 0.2;
/// Share of its objects that must be gone again. A pool under rising load makes objects that stay in use; only what was not put back, or
/// what two collections found unused (`sync/pool.go`, `poolCleanup`), is gone.
const DROPPED_SHARE_MIN: f64 = 0.8;
/// Objects from which it is no pool that merely started, where nothing tells in how long.
const OBJECTS_MIN: i64 = 1_000;
/// Where the time is known: objects a second.
const PER_SECOND_MIN: f64 = 20.0;

pub(super) fn detect(allocations: &Allocations) -> Vec<Spot> {
    let mut pools: BTreeMap<&Place, AllocationSite> = BTreeMap::new();
    for site in &allocations.sites {
        if site.pool_user.is_some() {
            pools.entry(&site.at).and_modify(|known| known.figures.add(&site.figures)).or_insert_with(|| site.clone());
        }
    }
    let fits = |pool: &AllocationSite| {
        let often = match allocations.per_second(pool.figures.alloc_objects) {
            Some(rate) => rate >= PER_SECOND_MIN,
            None => pool.figures.alloc_objects >= OBJECTS_MIN,
        };
        often && allocations.share(pool) >= SHARE_MIN && pool.dropped_share() >= DROPPED_SHARE_MIN
    };
    let pools = pools.into_values().filter(fits);
    pools.map(|pool| Spot::new(allocations, &pool, sighting(allocations, &pool))).collect()
}

fn sighting(allocations: &Allocations, pool: &AllocationSite) -> Sighting {
    let percent = (allocations.share(pool) * 100.0).round();
    let dropped = (pool.dropped_share() * 100.0).round();
    let made = Evidence::new(
        EvidenceKind::Allocation,
        format!("what the pool's New makes is {percent} % of all bytes allocated, and {dropped} % of it is gone again"),
    )
    .with("percent", &percent)
    .with("dropped", &dropped);
    let mut evidence = vec![made];
    evidence.extend(pool.pool_user.as_ref().map(|user| {
        Evidence::new(EvidenceKind::Allocation, format!("taken from the pool by {}", user.func))
            .with("func", &user.func)
            .at(user.clone())
    }));
    Sighting { fit: 85, structural: false, evidence, decide_by: vec![Witness::AllocationRate, Witness::Source] }
}
