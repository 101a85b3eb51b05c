//! The source eye of DL006: a lock is not given back on some way out.

use crate::source::{Scene, Spotted};
use crate::{source_locks, source_locks_kept};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    if scene.locks.is_empty() {
        return Vec::new();
    }
    let mut found = source_locks::kept(scene);
    found.extend(source_locks_kept::tried_and_kept(scene));
    found.extend(source_locks_kept::left_to_goroutine(scene));
    found.extend(source_locks_kept::kept_by_panic(scene));
    found.extend(source_locks_kept::taken_again_at_end(scene));
    found
}
