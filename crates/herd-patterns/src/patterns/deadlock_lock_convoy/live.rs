//! The live eye of DL007: how many wait for one lock.

use crate::memory::Seen;
use crate::memory_held::holder_elsewhere;
use crate::scene::{Scene, Sighting};

pub(super) fn refine(scene: &Scene<'_>, seen: &Seen<'_>, sighting: Sighting) -> Sighting {
    let queue = seen.queue().filter(|_| u64::from(seen.longest_queue()) >= super::QUEUE_MIN);
    sighting.and(35, queue).and(60, holder_elsewhere(scene))
}
