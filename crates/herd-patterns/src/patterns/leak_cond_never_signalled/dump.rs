//! The dump eye of LK010.

use herd_model::{Evidence, EvidenceKind, ObjectKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::Cond {
        return None;
    }
    let waiting = format!("{} goroutines wait in (*sync.Cond).Wait", scene.count());
    let together = scene.facts().shared_object.filter(|(kind, _, waiters)| *kind == ObjectKind::Cond && *waiters > 1);
    let one_cond = together.map(|(_, address, waiters)| {
        Evidence::new(
            EvidenceKind::SharedObject,
            format!("{waiters} of them wait on the Cond whose list of waiters is at {:#x}", address.0),
        )
        .with("waiters", &waiters)
    });
    Some(Sighting::shape(80, waiting).and(5, one_cond).decided_by(&[Witness::Series, Witness::LeakProfile, Witness::Memory]))
}
