//! The dump eye of DL001. The first `Lock` has returned and leaves no frame, so text shows a wait and, at best, that nobody else
//! wants the same mutex.

use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::Lock {
        return None;
    }
    let objects = &scene.facts().objects;
    let alone = (!objects.is_empty() && objects.iter().all(|(_, waiters)| *waiters == 1)).then(|| {
        Evidence::new(
            EvidenceKind::SharedObject,
            format!("{} mutexes with a single waiter each: no queue behind another goroutine", objects.len()),
        )
        .with("objects", &objects.len())
    });
    let sighting = Sighting::shape(50, "a goroutine waits for a mutex").and(10, alone).and(25, scene.nested_methods());
    Some(sighting.decided_by(&[Witness::Source, Witness::Memory, Witness::LeakProfile]))
}
