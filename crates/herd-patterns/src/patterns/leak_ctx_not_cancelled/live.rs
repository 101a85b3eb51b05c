//! The live eye of LK005: nobody on the other side of any case. A wait with a timer goes on by itself.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    let opposite = seen.nobody_opposite().or_else(|| seen.nobody_sends());
    sighting.and(10, opposite).unless(30, seen.timers())
}
