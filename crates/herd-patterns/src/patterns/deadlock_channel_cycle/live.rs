//! The live eye of DL005: a ring of goroutines, each with the channel another waits for on its stack.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(scene: &Scene<'_>, _seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(55, scene.ring(false))
}
