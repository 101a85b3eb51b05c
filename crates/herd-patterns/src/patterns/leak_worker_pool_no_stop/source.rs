//! The source eye of LK012: workers that read a channel which nobody closes, and that outlive the function they work for.

use crate::source::{Scene, Spotted};
use crate::source_closing::never_closed;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let channels = scene.package.channels();
    if channels.is_empty() || !scene.graph().sound || scene.is_in_tests() {
        return Vec::new();
    }
    let found = channels.made_in(scene.id).filter_map(|made| never_closed(scene, made));
    found.filter(|(_, several)| *several).map(|(spotted, _)| spotted).collect()
}
