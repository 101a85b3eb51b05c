//! The source eye of LO004: a lock is given back that cannot be held.

use crate::source::{Scene, Spotted};
use crate::source_locks;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    source_locks::given_untaken(scene)
}
