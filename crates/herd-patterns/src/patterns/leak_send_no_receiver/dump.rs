//! The dump eye of LK001.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    let (fit, operation) = match scene.class() {
        StateClass::ChanSend => (60, "channel send"),
        StateClass::Channel => (60, "channel operation"),
        _ => return None,
    };
    let sending = format!("{} goroutines block in one {operation} at {}", scene.count(), scene.at().func);
    Some(Sighting::shape(fit, sending).and(0, scene.direction_hidden()).decided_by(&[
        Witness::LeakProfile,
        Witness::Series,
        Witness::Memory,
    ]))
}
