//! The dump eye of LK011.

use herd_model::StateClass;

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    let waits_for_headers = scene.calls("net/http.(*persistConn).roundTrip");
    if scene.class() != StateClass::Io && !waits_for_headers || scene.calls("net/http.(*persistConn).readLoop") {
        return None;
    }
    let user = scene.user_frames();
    let base = if user.is_empty() { 30 } else { 70 };
    let what = if waits_for_headers { "an HTTP response" } else { "a peer on the network" };
    let text = format!("{} goroutines wait for {what} at {}", scene.count(), scene.at().func);
    Some(Sighting::shape(base, text).decided_by(&[Witness::Series, Witness::Source, Witness::Trace]))
}
