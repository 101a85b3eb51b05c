//! The live eye of LK013: one result, one channel, nobody who takes it.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    let own = seen.nobody_receives().and_then(|_| seen.each_its_own());
    sighting.and(10, own)
}
