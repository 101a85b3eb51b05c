//! The source eye of DL004: a lock is asked for reading while it is held for reading.

use crate::source::{Scene, Spotted};
use crate::source_locks;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    source_locks::taken_twice(scene, |held, asked| held && asked)
}
