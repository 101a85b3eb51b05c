//! What was allocated and dropped again, place by place: what patterns look for in a profile of allocations.

use std::collections::BTreeMap;

use herd_model::{HeapFigures, Place, Profile, StackId};

use crate::heap::Heap;
use crate::names;

/// The function that hands out what a pool holds, and calls the pool's `New` when that is nothing.
const POOL_GET: &str = "sync.(*Pool).Get";

/// What one process allocated.
#[derive(Clone, Debug, PartialEq)]
pub struct Allocations {
    /// Seconds in which: those the profile was taken for, or those between two profiles; absent for all since the process started.
    pub over_s: Option<f64>,
    /// Everything.
    pub total: HeapFigures,
    /// Place by place, most bytes first.
    pub sites: Vec<AllocationSite>,
}

/// A place that allocates.
#[derive(Clone, Debug, PartialEq)]
pub struct AllocationSite {
    /// The innermost call outside the standard library; inside it where there is none.
    pub at: Place,
    /// The innermost call outside the runtime; the same as `at`, or what that calls.
    pub allocator: Place,
    /// It is the `New` of a `sync.Pool` outside the standard library: who called `Get`.
    pub pool_user: Option<Place>,
    /// Objects and bytes.
    pub figures: HeapFigures,
}

impl AllocationSite {
    /// Mean size of an object in bytes; 0 without objects.
    pub fn mean_bytes(&self) -> f64 {
        if self.figures.alloc_objects > 0 { self.figures.alloc_bytes as f64 / self.figures.alloc_objects as f64 } else { 0.0 }
    }

    /// Share of the objects that are no longer in use, 0 to 1; 0 without objects.
    pub fn dropped_share(&self) -> f64 {
        let figures = &self.figures;
        if figures.alloc_objects <= 0 {
            return 0.0;
        }
        (1.0 - figures.inuse_objects as f64 / figures.alloc_objects as f64).clamp(0.0, 1.0)
    }
}

impl Allocations {
    /// Share of all bytes that a site allocated, 0 to 1.
    pub fn share(&self, site: &AllocationSite) -> f64 {
        if self.total.alloc_bytes > 0 { site.figures.alloc_bytes as f64 / self.total.alloc_bytes as f64 } else { 0.0 }
    }

    /// The rate of something counted; absent for a profile of all since the start.
    pub fn per_second(&self, count: i64) -> Option<f64> {
        self.over_s.map(|seconds| count as f64 / seconds)
    }
}

/// Adds allocations up by place; with an `earlier` profile of the same process, those since then. Nothing for a profile of another kind,
/// or one that does not say what was allocated. Figures are the profiler's estimates. Cost: linear in the frames of all stacks.
pub fn allocations(profile: &Profile, earlier: Option<&Profile>) -> Option<Allocations> {
    profile.sample_index("alloc_objects").zip(profile.sample_index("alloc_space"))?;
    let heap = Heap::of(profile)?;
    let mut total = heap.total;
    let mut places = sums(&heap);
    let mut over_s = profile.duration_ns.filter(|ns| *ns > 0).map(|ns| ns as f64 / 1e9);
    if let Some(earlier) = earlier {
        let before = Heap::of(earlier)?;
        subtract(&mut total, &before.total);
        for (key, figures) in sums(&before) {
            subtract(places.entry(key).or_default(), &figures);
        }
        let between = profile.taken_at_ns.zip(earlier.taken_at_ns).map(|(later, first)| (later - first) as f64 / 1e9);
        over_s = Some(between.filter(|seconds| *seconds > 0.0)?);
    }
    let mut sites: Vec<AllocationSite> = places
        .into_iter()
        .filter(|(_, figures)| figures.alloc_objects > 0)
        .map(|((at, allocator, pool_user), figures)| AllocationSite { at, allocator, pool_user, figures })
        .collect();
    sites.sort_by(|a, b| b.figures.alloc_bytes.cmp(&a.figures.alloc_bytes).then_with(|| a.at.cmp(&b.at)));
    Some(Allocations { over_s, total, sites })
}

type Key = (Place, Place, Option<Place>);

fn sums(heap: &Heap<'_>) -> BTreeMap<Key, HeapFigures> {
    let mut places: BTreeMap<Key, HeapFigures> = BTreeMap::new();
    for (at, weight) in heap.stacks.iter().enumerate() {
        if weight.figures == HeapFigures::default() {
            continue;
        }
        if let Some(key) = key_of(heap.profile, StackId(at as u32)) {
            places.entry(key).or_default().add(&weight.figures);
        }
    }
    places
}

fn key_of(profile: &Profile, stack: StackId) -> Option<Key> {
    let allocator = profile.place(profile.allocator(stack)?);
    let is_std = |place: &Place| names::is_std(&place.func, &place.file);
    let calls: Vec<Place> = profile.frames(stack).map(|frame| profile.place(frame)).collect();
    let at = calls.iter().find(|place| !is_std(place)).unwrap_or(&allocator).clone();
    // The call right inside Get is New, unless it is package sync's own.
    let get = calls.iter().position(|place| place.func == POOL_GET);
    let pool_user = get.filter(|get| *get > 0 && !is_std(&calls[get - 1])).and_then(|get| calls.get(get + 1)).cloned();
    Some((at, allocator, pool_user))
}

fn subtract(from: &mut HeapFigures, other: &HeapFigures) {
    from.alloc_bytes = from.alloc_bytes.saturating_sub(other.alloc_bytes);
    from.alloc_objects = from.alloc_objects.saturating_sub(other.alloc_objects);
    from.inuse_bytes = from.inuse_bytes.saturating_sub(other.inuse_bytes);
    from.inuse_objects = from.inuse_objects.saturating_sub(other.inuse_objects);
}
