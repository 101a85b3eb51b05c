//! The dump eye of LK002.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::ChanReceive {
        return None;
    }
    let receiving = format!("{} goroutines block in one channel receive at {}", scene.count(), scene.at().func);
    Some(Sighting::shape(55, receiving).decided_by(&[Witness::LeakProfile, Witness::Series, Witness::Memory]))
}
