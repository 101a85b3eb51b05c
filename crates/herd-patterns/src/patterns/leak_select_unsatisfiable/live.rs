//! The live eye of LK004: nobody on the other side of any case. A `select` with a timer among its cases goes on by itself.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    if sighting.structural {
        return sighting;
    }
    sighting.and(10, seen.nobody_opposite()).unless(30, seen.timers())
}
