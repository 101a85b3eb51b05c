//! The dump eye of LK010.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::Cond {
        return None;
    }
    let waiting = format!("{} goroutines wait in (*sync.Cond).Wait", scene.count());
    Some(Sighting::shape(80, waiting).decided_by(&[Witness::Series, Witness::LeakProfile, Witness::Memory]))
}
