//! The live eye of LK001: no room, and nobody who receives.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(10, seen.nobody_receives())
}
