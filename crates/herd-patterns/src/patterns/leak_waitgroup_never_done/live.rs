//! The live eye of LK006: what the `WaitGroup` still counts.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(15, seen.counts_on_done())
}
