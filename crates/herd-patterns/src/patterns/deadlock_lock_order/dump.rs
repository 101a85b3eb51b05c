//! The dump eye of DL002. Text names the mutex waited for, not those held, so a cycle can only be guessed at.

use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::Lock {
        return None;
    }
    let sighting =
        Sighting::shape(45, "a goroutine waits for a mutex").and(30, crossing(scene)).unless(30, scene.nested_methods());
    Some(sighting.decided_by(&[Witness::Memory, Witness::Source, Witness::LeakProfile]))
}

/// Another family of the same starters waits for other mutexes: two sides of one crossing.
fn crossing(scene: &Scene<'_>) -> Option<Evidence> {
    let own = &scene.facts().objects;
    let other_side = |at: usize| {
        let facts = &scene.point.facts[at];
        facts.objects.iter().all(|(address, _)| own.iter().all(|(mine, _)| mine != address))
    };
    let sisters = scene.sisters();
    let (_, family) = sisters
        .iter()
        .find(|(at, family)| family.class == StateClass::Lock && family.count == scene.count() && other_side(*at))?;
    Some(
        Evidence::new(
            EvidenceKind::Pairing,
            format!("{} goroutines started by the same goroutines wait for other mutexes at another line", family.count),
        )
        .with("count", &family.count),
    )
}
