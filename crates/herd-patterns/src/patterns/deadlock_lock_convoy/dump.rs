//! The dump eye of DL007.

use herd_model::{Evidence, EvidenceKind, StateClass};

use super::QUEUE_MIN;
use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::Lock {
        return None;
    }
    let queue = scene.facts().shared_object.filter(|(_, _, waiters)| *waiters >= QUEUE_MIN).map(|(_, address, waiters)| {
        Evidence::new(EvidenceKind::SharedObject, format!("{waiters} goroutines wait for the mutex at {:#x}", address.0))
            .with("waiters", &waiters)
    });
    // Go prints no address for an RWMutex; many waiters at one line are then a queue unless each was called by a lock's holder.
    let unknown = scene.tells_state() && scene.facts().objects.is_empty() && scene.count() >= QUEUE_MIN;
    let text = format!("{} goroutines wait for a lock at {}", scene.count(), scene.at().func);
    let sighting = Sighting::shape(if unknown { 60 } else { 40 }, text).and(45, queue).and(25, piles_up(scene));
    Some(sighting.decided_by(&[Witness::Series, Witness::Memory, Witness::Source]))
}

/// A profile names no mutex; waiters that keep coming to one line, not from a method that may hold the lock, are a queue.
fn piles_up(scene: &Scene<'_>) -> Option<Evidence> {
    let stretch = scene.growth?.sustained.filter(|_| !scene.tells_state() && scene.nested_methods().is_none())?;
    Some(
        Evidence::new(EvidenceKind::Growth, format!("{} more came to wait at one line", stretch.rise))
            .with("rise", &stretch.rise),
    )
}
