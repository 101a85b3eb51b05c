//! The source eye of DL006: a lock is not given back on some way out.

use crate::source::{Scene, Spotted};
use crate::source_locks;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    source_locks::kept(scene)
}
