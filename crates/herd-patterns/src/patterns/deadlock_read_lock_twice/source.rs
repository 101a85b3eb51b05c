//! The source eye of DL004: a lock is asked for reading while it is held for reading.

use crate::source::{Scene, Spotted};
use crate::source_program::{Program, ProgramSpotted};
use crate::{source_again, source_locks, source_locks_reached};

pub(super) fn detect(scene: &Scene<'_, '_>) -> Vec<Spotted> {
    if scene.locks.is_empty() {
        return Vec::new();
    }
    let mut found = source_locks::taken_twice(scene, wanted);
    found.extend(source_locks_reached::taken_again(scene, wanted));
    found
}

pub(super) fn detect_in_program(program: &Program<'_, '_>) -> Vec<ProgramSpotted> {
    source_again::taken_again(program, wanted)
}

fn wanted(held: bool, asked: bool) -> bool {
    held && asked
}
