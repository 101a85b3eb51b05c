//! What changed between two heaps, and how much of it sampling alone would explain.
//!
//! An object is sampled with probability s = 1 − exp(−size/rate), so n objects of which n·s were sampled are known with a variance of
//! n·s·(1 − s)·(size/s)². Two independent profiles add theirs. In two profiles of one process what stands in both was sampled once and
//! cancels out: then only objects that came or went between them are a source of error, and there are no more of those than
//! allocations and frees.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use herd_model::{HeapChange, HeapFigures, HeapGrowth, HeapGrowthRow, Place};
use rustc_hash::FxHashMap;

use crate::heap::{Heap, Site, half_width, hide};
use crate::statistics::counts::{benjamini_hochberg, heap_sampling_variance};
use crate::statistics::distributions::normal_upper;

/// The share of false ones among the lines that are said to have changed.
const FALSE_SHARE: f64 = 0.05;

/// Objects of one size at one line: sums and the samples added up.
type Sizes = FxHashMap<(Place, u64), (HeapFigures, i64)>;

/// Compares line by line.
pub(crate) fn growth(before: &Heap<'_>, after: &Heap<'_>, top: usize, hidden: &mut BTreeMap<String, u64>) -> HeapGrowth {
    let sizes = [by_size(before), by_size(after)];
    let one_process = one_process(&sizes[0], &sizes[1]);
    let variances = variances(&sizes[0], &sizes[1], after.rate, one_process);
    let lines = [before.lines(), after.lines()];
    let mut places: BTreeMap<Place, (i64, i64, Option<&Site>)> = BTreeMap::new();
    for site in &lines[0] {
        places.entry(before.place(site)).or_default().0 += site.weight.figures.inuse_bytes;
    }
    for site in &lines[1] {
        let (_, bytes, known) = places.entry(after.place(site)).or_default();
        *bytes += site.weight.figures.inuse_bytes;
        *known = Some(site);
    }
    places.retain(|_, (before, after, _)| *before != 0 || *after != 0);
    let seconds = match (before.profile.taken_at_ns, after.profile.taken_at_ns) {
        (Some(first), Some(second)) => Some((second - first) as f64 / 1e9),
        _ => None,
    };
    let p: Vec<f64> = places
        .iter()
        .map(|(at, (before, after, _))| p_of((after - before) as f64, variances.get(at).copied().unwrap_or_default()))
        .collect();
    let adjusted = benjamini_hochberg(&p);
    let compared = places.len() as u64;
    let mut rows: Vec<HeapGrowthRow> = Vec::new();
    for ((at, (before_bytes, after_bytes, site)), p) in places.into_iter().zip(adjusted) {
        let growth = after_bytes - before_bytes;
        if growth == 0 {
            continue;
        }
        let change = match p <= FALSE_SHARE {
            true if growth > 0 => HeapChange::Grows,
            true => HeapChange::Shrinks,
            false => HeapChange::WithinError,
        };
        rows.push(HeapGrowthRow {
            before_bytes,
            after_bytes,
            error_bytes: half_width(variances.get(&at).copied().unwrap_or_default()),
            p,
            change,
            bytes_per_s: seconds.filter(|seconds| *seconds > 0.0).map(|seconds| growth as f64 / seconds),
            called_from: site.and_then(|site| after.called_from(site, |figures| figures.inuse_bytes)),
            at,
        });
    }
    rows.sort_by(|a, b| {
        let size = |row: &HeapGrowthRow| Reverse((row.after_bytes - row.before_bytes).unsigned_abs());
        size(a).cmp(&size(b)).then_with(|| a.at.cmp(&b.at))
    });
    hide(hidden, "growth_not_listed", rows.len(), top);
    rows.truncate(top);
    HeapGrowth { before: before.total, seconds, one_process, rows, compared }
}

/// Two-sided p of no difference. Without a variance the figures are exact.
fn p_of(difference: f64, variance: f64) -> f64 {
    match variance > 0.0 {
        _ if difference.abs() < 0.5 => 1.0,
        true => (2.0 * normal_upper(difference.abs() / variance.sqrt())).min(1.0),
        false => 0.0,
    }
}

fn by_size(heap: &Heap<'_>) -> Sizes {
    let mut sizes = Sizes::default();
    for (stack, size, figures) in &heap.samples {
        let Some(frame) = heap.profile.allocator(*stack) else { continue };
        let at = if frame.line.is_some() { heap.profile.place(frame) } else { unknown() };
        let (sums, samples) = sizes.entry((at, size.round() as u64)).or_default();
        sums.add(figures);
        *samples += 1;
    }
    sizes
}

fn unknown() -> Place {
    Place { func: "<unknown>".to_owned(), ..Place::default() }
}

/// Whether the later profile can be of the same process: what is counted since its start falls nowhere. Each sample was rounded by
/// itself, so objects freed may be off by one a sample.
fn one_process(before: &Sizes, after: &Sizes) -> bool {
    let freed = |figures: &HeapFigures| figures.alloc_objects - figures.inuse_objects;
    let counted = before.values().any(|(figures, _)| figures.alloc_objects > 0);
    counted
        && before.iter().all(|(key, (first, samples))| {
            let (second, more) = after.get(key).copied().unwrap_or_default();
            second.alloc_objects >= first.alloc_objects && freed(&second) + samples + more >= freed(first)
        })
}

/// Variance of the difference of the bytes in use of each line.
fn variances(before: &Sizes, after: &Sizes, rate: f64, one_process: bool) -> FxHashMap<Place, f64> {
    let mut variances: FxHashMap<Place, f64> = FxHashMap::default();
    let later = after.keys().filter(|key| !before.contains_key(key));
    for key in before.keys().chain(later) {
        let of = |sizes: &Sizes| sizes.get(key).copied().unwrap_or_default().0;
        let (first, second) = (of(before), of(after));
        let both = (first.inuse_objects + second.inuse_objects).max(0);
        let allocated = second.alloc_objects - first.alloc_objects;
        let freed = allocated - (second.inuse_objects - first.inuse_objects);
        let moved = if one_process { both.min((allocated + freed).max(0)) } else { both };
        *variances.entry(key.0.clone()).or_default() += heap_sampling_variance(moved as f64, key.1 as f64, rate);
    }
    variances
}
