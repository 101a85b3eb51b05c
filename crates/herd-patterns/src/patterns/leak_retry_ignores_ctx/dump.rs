//! The dump eye of LK008.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    match scene.class() {
        StateClass::Sleep => {
            let sleeping = format!("{} goroutines sleep in {}; time.Sleep cannot be cancelled", scene.count(), scene.at().func);
            Some(Sighting::shape(75, sleeping).decided_by(&[Witness::Series, Witness::Source, Witness::Trace]))
        }
        StateClass::Select | StateClass::ChanReceive => Some(
            Sighting::shape(15, "a wait that may be for time.After, which a cancelled context does not end")
                .and(15, scene.receives_once())
                .decided_by(&[Witness::Source, Witness::Trace]),
        ),
        _ => None,
    }
}
