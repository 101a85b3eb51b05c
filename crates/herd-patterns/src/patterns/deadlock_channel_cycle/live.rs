//! The live eye of DL005: a ring of goroutines, each with the channel another waits for on its stack.

use crate::memory::{RingOf, Seen};
use crate::scene::{Scene, Sighting};

pub(super) fn refine(scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    let alone = seen.nobody_receives().or_else(|| seen.nobody_sends());
    sighting.and(55, scene.ring(RingOf::Channels)).and(0, alone)
}
