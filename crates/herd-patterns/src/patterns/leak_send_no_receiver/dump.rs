//! The dump eye of LK001.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::ChanSend {
        return None;
    }
    let sending = format!("{} goroutines block in one channel send at {}", scene.count(), scene.at().func);
    Some(Sighting::shape(60, sending).decided_by(&[Witness::LeakProfile, Witness::Series, Witness::Memory]))
}
