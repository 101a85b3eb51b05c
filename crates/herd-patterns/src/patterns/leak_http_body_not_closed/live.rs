//! The live eye of LK009: nobody gives the connection work, and nobody reads from it.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(15, seen.nobody_opposite())
}
