//! The live eye of DL001: nobody else is near the lock.

use crate::memory::Seen;
use crate::memory_held::locks_its_own;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(25, seen.held_by_no_other()).and(99, locks_its_own(scene))
}
