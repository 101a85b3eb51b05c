//! The dump eye of LK012.

use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

/// Workers of one pool are started side by side by one goroutine.
const SIBLINGS_MIN: u64 = 2;

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if !matches!(scene.class(), StateClass::ChanReceive | StateClass::Channel | StateClass::Select) {
        return None;
    }
    let (siblings, sampled) = scene.facts().siblings;
    let side_by_side = (siblings >= SIBLINGS_MIN).then(|| {
        Evidence::new(
            EvidenceKind::Siblings,
            format!("one goroutine started {siblings} of the {sampled} looked at, all at the same line"),
        )
        .with("siblings", &siblings)
        .with("sampled", &sampled)
    });
    let base = if scene.class() == StateClass::Select { 20 } else { 30 };
    let sighting =
        Sighting::shape(base, "workers that wait for the next job").and(20, side_by_side).and(10, scene.starters_left());
    let sighting = sighting.and(10, many_alike(scene)).and(15, scene.ranges()).unless(15, scene.receives_once());
    Some(sighting.decided_by(&[Witness::Series, Witness::LeakProfile, Witness::Source]))
}

/// Where the witness names no starters, several at one line are all that speaks for a pool.
fn many_alike(scene: &Scene<'_>) -> Option<Evidence> {
    (!scene.tells_creators() && scene.count() >= SIBLINGS_MIN).then(|| {
        Evidence::new(EvidenceKind::Siblings, format!("{} goroutines stand at the same line", scene.count()))
            .with("count", &scene.count())
    })
}
