//! The dump eye of LK004.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    match scene.class() {
        StateClass::SelectNone if !scene.is_main() => {
            Some(Sighting::structure("the runtime says `select (no cases)` outside main: nothing can ever make it ready"))
        }
        StateClass::Select => {
            Some(
                Sighting::shape(45, format!("{} goroutines wait in one select at {}", scene.count(), scene.at().func))
                    .decided_by(&[Witness::LeakProfile, Witness::Memory, Witness::Source]),
            )
        }
        _ => None,
    }
}
