//! The live eye of LK002: nothing there, and nobody who sends. A timer's channel is no channel nobody sends to.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(5, seen.nobody_sends()).unless(40, seen.timers())
}
