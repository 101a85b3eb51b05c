//! The dump eye of LK002.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    let operation = match scene.class() {
        StateClass::ChanReceive => "channel receive",
        StateClass::Channel => "channel operation",
        _ => return None,
    };
    let receiving = format!("{} goroutines block in one {operation} at {}", scene.count(), scene.at().func);
    Some(Sighting::shape(55, receiving).and(0, scene.direction_hidden()).decided_by(&[
        Witness::LeakProfile,
        Witness::Series,
        Witness::Memory,
    ]))
}
