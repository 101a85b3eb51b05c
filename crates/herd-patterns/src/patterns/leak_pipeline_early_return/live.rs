//! The live eye of LK014: the next stage is not there.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(5, seen.nobody_receives().or_else(|| seen.nobody_opposite()))
}
