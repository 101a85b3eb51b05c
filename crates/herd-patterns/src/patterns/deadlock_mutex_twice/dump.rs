//! The dump eye of DL001. The first `Lock` has returned and leaves no frame, so text shows a wait and, at best, that nobody else
//! wants the same mutex.

use herd_analysis::names;
use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::Lock {
        return None;
    }
    let objects = &scene.facts().objects;
    let alone = (!objects.is_empty() && objects.iter().all(|(_, waiters)| *waiters == 1)).then(|| {
        Evidence::new(EvidenceKind::SharedObject, format!("{} mutexes with a single waiter each: no queue behind another goroutine", objects.len()))
            .with("objects", &objects.len())
    });
    let sighting = Sighting::shape(50, "a goroutine waits for a mutex").and(10, alone).and(25, nested_methods(scene));
    Some(sighting.decided_by(&[Witness::Source, Witness::Memory, Witness::LeakProfile]))
}

/// A method that was called by another method of the same type: the usual way to lock twice.
fn nested_methods(scene: &Scene<'_>) -> Option<Evidence> {
    let user = scene.user_frames();
    let (inner, outer) = (user.first()?, user.get(1)?);
    let receiver = |func: &str| names::local(func).split_once(").").map(|(receiver, _)| (names::package(func).to_owned(), receiver.to_owned()));
    let same = receiver(inner).is_some() && receiver(inner) == receiver(outer);
    same.then(|| {
        let (inner, outer) = (names::short(inner), names::short(outer));
        Evidence::new(EvidenceKind::Shape, format!("{inner} was called by {outer}, a method of the same type")).with("inner", &inner).with("outer", &outer)
    })
}
