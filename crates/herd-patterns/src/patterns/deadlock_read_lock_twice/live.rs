//! The live eye of DL004: a writer that waits between readers.

use crate::memory::Seen;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(_scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    sighting.and(30, seen.writer_between())
}
