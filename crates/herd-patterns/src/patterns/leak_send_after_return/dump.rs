//! The dump eye of LK013.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if !matches!(scene.class(), StateClass::ChanSend | StateClass::Channel) {
        return None;
    }
    let abandoned = scene.starters_left().filter(|_| scene.is_closure_of_starter());
    let sighting = Sighting::shape(45, "a goroutine started for one result is still trying to hand it over")
        .and(20, abandoned)
        .unless(15, scene.starter_lives());
    Some(sighting.decided_by(&[Witness::LeakProfile, Witness::Series, Witness::Source]))
}
