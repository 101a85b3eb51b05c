//! The dump eye of DL006. Text does not say who holds a lock; that nobody is seen where it could be held is all it shows.

use herd_analysis::names;
use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::Lock {
        return None;
    }
    let sighting =
        Sighting::shape(35, "a goroutine waits for a mutex").and(15, nobody_inside(scene)).unless(20, scene.nested_methods());
    Some(sighting.decided_by(&[Witness::Memory, Witness::Source, Witness::LeakProfile]))
}

/// No other goroutine stands in a method of the type whose method waits for the lock.
fn nobody_inside(scene: &Scene<'_>) -> Option<Evidence> {
    let own = scene.own_type()?;
    let of = names::short(own);
    (scene.point.methods.get(own)? == &[scene.family])
        .then(|| Evidence::new(EvidenceKind::Pairing, format!("no other goroutine stands in a method of {of}")).with("of", &of))
}
