//! The live eye of DL002: who waits for a lock whose address another's stack holds, in a ring.

use crate::memory::{RingOf, Seen};
use crate::scene::{Scene, Sighting};

pub(super) fn refine(scene: &Scene<'_>, _seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(45, scene.ring(RingOf::Locks))
}
