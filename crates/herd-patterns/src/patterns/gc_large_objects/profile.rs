//! The profile eye of GC006.

use herd_model::{Evidence, EvidenceKind};

use crate::allocations::{AllocationSite, Allocations, Spot};
use crate::scene::{Sighting, Witness};

/// Objects above it get pages of their own: zeroed, mapped and swept one by one (`internal/runtime/gc/sizeclasses.go`, `MaxSmallSize`, Go
/// 1.25; `runtime/sizeclasses.go`, `_MaxSmallSize`, before), in bytes.
const SMALL_BYTES_MAX: f64 = 32_768.0;
/// Share of all bytes allocated from which a place sets the pace of the collector.
const SHARE_MIN: f64 = 0.25;
/// Share of its objects that must be gone again: what stays is a cache that fills.
const DROPPED_SHARE_MIN: f64 = 0.5;
/// Objects from which a place counts as one that is passed often, where nothing tells in how long.
const OBJECTS_MIN: i64 = 1_000;
/// Where the time is known: objects, and bytes, a second.
const PER_SECOND_MIN: f64 = 5.0;
/// See [`PER_SECOND_MIN`].
const BYTES_PER_SECOND_MIN: f64 = 10.0 * 1024.0 * 1024.0;

pub(super) fn detect(allocations: &Allocations) -> Vec<Spot> {
    let fits = |site: &&AllocationSite| {
        site.mean_bytes() > SMALL_BYTES_MAX
            && allocations.share(site) >= SHARE_MIN
            && site.dropped_share() >= DROPPED_SHARE_MIN
            && is_hot(allocations, site)
    };
    allocations.sites.iter().filter(fits).map(|site| Spot::new(allocations, site, sighting(allocations, site))).collect()
}

fn is_hot(allocations: &Allocations, site: &AllocationSite) -> bool {
    let figures = &site.figures;
    match allocations.per_second(figures.alloc_objects).zip(allocations.per_second(figures.alloc_bytes)) {
        Some((objects, bytes)) => objects >= PER_SECOND_MIN && bytes >= BYTES_PER_SECOND_MIN,
        None => figures.alloc_objects >= OBJECTS_MIN,
    }
}

fn sighting(allocations: &Allocations, site: &AllocationSite) -> Sighting {
    let (kib, percent) = ((site.mean_bytes() / 1024.0).round(), (allocations.share(site) * 100.0).round());
    let fact = Evidence::new(
        EvidenceKind::Allocation,
        format!("objects of {kib} KiB on average, above the 32 KiB of a small object, are {percent} % of all bytes allocated"),
    )
    .with("kib", &kib)
    .with("percent", &percent)
    .at(site.allocator.clone());
    Sighting { fit: 80, structural: false, evidence: vec![fact], decide_by: vec![Witness::AllocationRate, Witness::Source] }
}
