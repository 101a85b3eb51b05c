//! The live eye of DL006: a lock that is taken, and nobody near it but those that wait.

use crate::memory::Seen;
use crate::memory_held::holder_ended;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    // Who waits in a method called by another of the same type may hold it.
    sighting.and(40, seen.left_locked().filter(|_| scene.nested_methods().is_none())).and(99, holder_ended(scene))
}
