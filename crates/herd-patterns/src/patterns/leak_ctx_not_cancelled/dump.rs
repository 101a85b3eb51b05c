//! The dump eye of LK005.

use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    let base = match scene.class() {
        StateClass::Select => 56,
        StateClass::ChanReceive | StateClass::Channel => 35,
        _ => return None,
    };
    let follows_parent = scene.calls("context.(*cancelCtx).propagateCancel").then(|| {
        Evidence::new(
            EvidenceKind::Structure,
            "the goroutine is the one package context starts to follow a parent context of foreign type",
        )
    });
    let sighting = Sighting::shape(base, "a loop or wait that ends when its context is done, and has not ended")
        .and(40, follows_parent)
        .and(10, scene.starters_left())
        .and(15, scene.receives_once())
        .unless(20, scene.ranges());
    Some(sighting.decided_by(&[Witness::Series, Witness::Source, Witness::LeakProfile]))
}
