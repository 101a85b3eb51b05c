//! The dump eye of LK012.

use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

/// Workers of one pool are started side by side by one goroutine.
const SIBLINGS_MIN: u64 = 2;

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if !matches!(scene.class(), StateClass::ChanReceive | StateClass::Select) {
        return None;
    }
    let (siblings, sampled) = scene.facts().siblings;
    let side_by_side = (siblings >= SIBLINGS_MIN).then(|| {
        Evidence::new(EvidenceKind::Siblings, format!("one goroutine started {siblings} of the {sampled} looked at, all at the same line"))
            .with("siblings", &siblings)
            .with("sampled", &sampled)
    });
    let base = if scene.class() == StateClass::ChanReceive { 30 } else { 20 };
    let sighting = Sighting::shape(base, "workers that wait for the next job").and(20, side_by_side).and(10, scene.starters_left());
    let sighting = sighting.and(15, scene.ranges()).unless(15, scene.receives_once());
    Some(sighting.decided_by(&[Witness::Series, Witness::LeakProfile, Witness::Source]))
}
