//! The live eye of LK008: when the sleep ends, or that a timer is waited for.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(10, seen.sleeps()).and(40, seen.timers())
}
