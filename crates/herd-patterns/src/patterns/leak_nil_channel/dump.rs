//! The dump eye of LK003. Text names the nil channel; in debug=0 the runtime's line tells; debug=1 hides both.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::ChanNil || scene.is_main() {
        return None;
    }
    let state = scene.group().state.as_str();
    Some(Sighting::structure(format!("the goroutines stand in `{state}`: a nil channel is never ready")))
}
