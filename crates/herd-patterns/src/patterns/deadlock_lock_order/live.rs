//! The live eye of DL002: who waits for a lock whose address another's stack holds, in a ring.

use crate::memory::{RingOf, Seen};
use crate::memory_held::Recorded;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(scene: &Scene<'_>, _seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    let known = matches!(scene.recorded(), Some(Recorded::Ring));
    sighting.and(if known { 99 } else { 45 }, scene.ring(RingOf::Locks))
}
