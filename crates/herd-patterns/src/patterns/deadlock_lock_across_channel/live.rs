//! The live eye of DL003: a ring through a lock and a channel.

use crate::memory::{RingOf, Seen};
use crate::scene::{Scene, Sighting};

pub(super) fn refine(scene: &Scene<'_>, _seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(45, scene.ring(RingOf::Both))
}
