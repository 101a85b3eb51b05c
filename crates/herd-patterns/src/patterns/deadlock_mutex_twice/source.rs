//! The source eye of DL001: a lock is asked for on a way on which it is held.

use crate::source::{Scene, Spotted};
use crate::source_locks;

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    let wanted = |held, asked| !(held && asked);
    let mut found = source_locks::taken_twice(scene, wanted);
    found.extend(source_locks::asked_for_at_the_end(scene, wanted));
    found
}
