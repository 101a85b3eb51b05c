//! What certainty the record of a lock earns: the Go module's locks remember who took them, and its fuse tells it beside a dump of the
//! same instant.
//!
//! The record and the stacks are two witnesses: a ring in which each lock names the next goroutine, and a goroutine that waits for what
//! it holds, are confirmed. They are not proven, because Go lets any goroutine unlock for another. That a holder has ended, or waits for
//! a channel while others have waited for it longer than the fuse allows, is suspected: the lock may have been handed on, the channel
//! may yet be served. A holder that runs, or one that is only guessed, convicts nobody.

use herd_model::Certainty;
use herd_patterns::{Recorded, Scene};

/// How certain it is that a family's wait for a lock does not end.
pub(crate) fn certainty(scene: &Scene<'_>) -> Option<Certainty> {
    match scene.recorded()? {
        Recorded::Ring | Recorded::Itself(_) => Some(Certainty::Confirmed),
        Recorded::Ended(_) | Recorded::OnChannel(_) => Some(Certainty::Suspected),
        Recorded::Elsewhere(_) => None,
    }
}
