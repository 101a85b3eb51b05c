//! The dump eye of LK003.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::ChanNil || scene.is_main() {
        return None;
    }
    Some(Sighting::structure(format!("the runtime says `{}`: a nil channel is never ready", scene.group().state.as_str())))
}
