//! The live eye of LK007: since Go 1.23 a channel says that it is a timer's.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(45, seen.timers())
}
