//! The source eye of CX001: a context that is begun anew where the caller's is at hand.
//!
//! Silent after the end of what the context was for, in deferred calls, for owners that keep what they begin, and for what runs on its own.

use crate::source::{Scene, Spotted};
use crate::source_begun::begun_below;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    begun_below(scene).into_iter().filter(|one| !one.loses_limit).map(|one| one.spotted).collect()
}
