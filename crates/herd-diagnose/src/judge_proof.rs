//! Who says that goroutines are leaked: tags on them, the memory, the runtime's own leak profile; counted by family.

use herd_analysis::{Point, census};
use herd_model::{Evidence, EvidenceKind, Origin, Snapshot};
use herd_patterns::Scene;
use herd_patterns::benign::is_main;
use rustc_hash::FxHashMap;

use crate::cross::Cross;
use crate::traced::TraceWitness;

/// What proves leaks beside tags.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proofs<'a> {
    /// Leak profiles of the runtime, which name stacks.
    pub leaks: &'a [Snapshot],
    /// The runtime's answer held against the memory's, goroutine by goroutine.
    pub cross: Option<&'a Cross>,
    /// An execution trace of the same process.
    pub trace: Option<&'a TraceWitness>,
}

/// Goroutines the runtime calls leaked, by frames: those of its leak profiles, main and empty records left out.
pub(crate) fn leaked_stacks(leaks: &[Snapshot], last: &Point) -> FxHashMap<u64, u64> {
    let mut counts = FxHashMap::default();
    let Some(latest) = leaks.last() else { return counts };
    let census = if last.snapshot.origin == Origin::LeakProfile { last.census.clone() } else { census(latest) };
    for group in &census.groups {
        if !group.frames.is_empty() && !is_main(latest, group) {
            *counts.entry(group.frames_id).or_insert(0) += group.count;
        }
    }
    counts
}

/// Goroutines of the family that are leaked for certain. Tags stand on goroutines; a leak profile counts stacks, and where other
/// families share the stack, all of theirs may be the leaked ones.
pub(crate) fn leaked_count(scene: &Scene<'_>, leaked: &FxHashMap<u64, u64>) -> u64 {
    let groups = scene.family().groups.iter().map(|at| &scene.point.census.groups[*at]);
    let by_profile: u64 = groups
        .filter_map(|group| {
            let count = leaked.get(&group.frames_id)?;
            let same = scene.point.census.groups.iter().filter(|other| other.frames_id == group.frames_id);
            let elsewhere = same.map(|other| other.count).sum::<u64>() - group.count;
            Some(count.saturating_sub(elsewhere).min(group.count))
        })
        .sum();
    scene.family().leaked.max(by_profile)
}

/// Goroutines the leak profile lists with a stack this family shares with others.
pub(crate) fn leaked_somewhere(scene: &Scene<'_>, leaked: &FxHashMap<u64, u64>) -> u64 {
    let groups = scene.family().groups.iter().map(|at| &scene.point.census.groups[*at]);
    groups.filter_map(|group| leaked.get(&group.frames_id)).sum()
}

/// That a stack is listed which others share.
pub(crate) fn shared(count: u64) -> Evidence {
    let text = format!(
        "the runtime's leak profile lists {count} goroutines with this stack, which others share; it does not name who started them"
    );
    Evidence::new(EvidenceKind::RuntimeProof, text).with("shared", &count)
}

/// Who says that `count` goroutines of the family are leaked.
pub(crate) fn facts(scene: &Scene<'_>, proofs: &Proofs<'_>, count: u64) -> Vec<Evidence> {
    let fact = |text: String, name: &str, count: u64| Evidence::new(EvidenceKind::RuntimeProof, text).with(name, &count);
    // Of memory that was read while it moved, tags are those the runtime has set when it was last asked.
    let moved = scene.snapshot().waits.as_ref().is_some_and(|waits| !waits.frozen);
    if scene.snapshot().origin != Origin::Memory || moved && proofs.cross.is_none() {
        return vec![fact(format!("the runtime's leak detection says that nothing can wake {count} of them"), "count", count)];
    }
    let (mut ours, mut both, mut theirs) = (0, 0, 0);
    for goroutine in leaked(scene) {
        match proofs.cross {
            Some(cross) if cross.only_theirs.contains(&goroutine) => theirs += 1,
            Some(cross) if cross.both.contains(&goroutine) => both += 1,
            _ => ours += 1,
        }
    }
    let by_stack = if ours + both + theirs == 0 { count } else { 0 };
    [
        (ours + both, "unreachable", "nothing that can still run reaches what # of them wait on"),
        (both, "agreed", "the runtime's own leak profile lists # of these, too: two witnesses agree"),
        (theirs, "only_runtime", "the runtime's leak profile lists # of them that the memory alone does not prove"),
        (by_stack, "count", "the runtime's leak detection says that nothing can wake # of them"),
    ]
    .into_iter()
    .filter(|(count, ..)| *count > 0)
    .map(|(count, name, text)| fact(text.replace('#', &count.to_string()), name, count))
    .collect()
}

/// Ids of the family's goroutines that are tagged.
fn leaked<'a>(scene: &Scene<'a>) -> impl Iterator<Item = u64> + use<'a> {
    let (snapshot, point) = (scene.snapshot(), scene.point);
    let clusters = scene.family().groups.iter().flat_map(|at| &point.census.groups[*at].clusters);
    let clusters = clusters.map(|id| &snapshot.clusters[id.0 as usize]).filter(|cluster| cluster.leaked > 0);
    clusters.flat_map(|cluster| cluster.log.iter()).filter(|goroutine| goroutine.leaked).map(|goroutine| goroutine.id)
}
