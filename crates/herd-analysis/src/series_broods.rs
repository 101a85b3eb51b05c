//! Goroutines of one `go` statement, wherever they stand: a loop that sleeps, asks and reads is in three families and in one brood.

use herd_model::FrameId;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::census::Fnv;
use crate::series::{Growth, Point, SUSTAINED_RISE, Series};

/// Goroutines of one `go` statement, at the last point.
#[derive(Clone, Debug)]
pub struct Brood {
    /// Its families there (indices), largest first.
    pub families: Vec<usize>,
    /// How all of them together move; `sustained` only where nobody leaves.
    pub growth: Growth,
}

/// Broods that stand in several families and rise as a whole without pause, while every goroutine of a minute ago is still one of
/// them. Only full stacks name the `go` statement. Cost: linear in clusters and points; ids are looked at for broods that rise.
pub fn rising_broods(series: &Series) -> Vec<Brood> {
    if !series.last().snapshot.origin.tells_creators() || !series.can_judge_growth() {
        return Vec::new();
    }
    let mut counts: FxHashMap<u64, Vec<u64>> = FxHashMap::default();
    for (at, point) in series.points.iter().enumerate() {
        for (brood, family) in members(point) {
            counts.entry(brood).or_insert_with(|| vec![0; series.points.len()])[at] += point.census.families[family].count;
        }
    }
    let mut families: FxHashMap<u64, Vec<usize>> = FxHashMap::default();
    for (brood, family) in members(series.last()) {
        families.entry(brood).or_default().push(family);
    }
    let mut broods: Vec<Brood> = families
        .into_iter()
        .filter(|(_, families)| families.len() > 1)
        .filter_map(|(brood, families)| {
            let counts = counts.remove(&brood)?;
            let rises = counts.last()?.checked_sub(*counts.first()?)? >= SUSTAINED_RISE;
            Some(Brood { growth: rises.then(|| growth(series, brood, &families, counts)).flatten()?, families })
        })
        .collect();
    broods.sort_by_key(|brood| brood.families[0]);
    broods
}

/// Families of a point with the `go` statement that started them.
fn members(point: &Point) -> impl Iterator<Item = (u64, usize)> {
    let starter = |at: usize| point.census.groups[point.census.families[at].groups[0]].created_by;
    (0..point.census.families.len()).filter_map(move |at| Some((go_statement(point, starter(at)?), at)))
}

fn go_statement(point: &Point, frame: FrameId) -> u64 {
    let mut hash = Fnv::new();
    hash.frame(&point.snapshot, frame);
    hash.0
}

fn growth(series: &Series, brood: u64, families: &[usize], counts: Vec<u64>) -> Option<Growth> {
    let steps = series.steps();
    let sustained = series.strict(&counts, &steps)?;
    let start = ids(&series.points[series.window_start(&steps)], brood);
    let still = {
        let now = ids(series.last(), brood);
        start.iter().filter(|id| now.contains(id)).count()
    };
    let all_stay = !start.is_empty() && still == start.len();
    let accepts = families.iter().any(|at| series.inbound.contains(&series.last().census.families[*at].id));
    let follows_connections = accepts || series.follows(brood, &counts, &steps, sustained);
    all_stay.then(|| Growth {
        follows_connections,
        ..series.growth_of(counts, Some((still as u64, start.len() as u64)), Some(sustained))
    })
}

/// Ids of a brood at one point.
fn ids(point: &Point, brood: u64) -> FxHashSet<u64> {
    let mine = members(point).filter(|(other, _)| *other == brood);
    let groups = mine.flat_map(|(_, family)| &point.census.families[family].groups);
    let clusters = groups.flat_map(|group| &point.census.groups[*group].clusters);
    clusters.flat_map(|id| point.snapshot.clusters[id.0 as usize].log.iter()).map(|goroutine| goroutine.id).collect()
}
