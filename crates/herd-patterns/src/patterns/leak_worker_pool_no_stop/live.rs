//! The live eye of LK012: workers of one pool share its channel.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(25, seen.share_a_channel()).unless(30, seen.timers())
}
