//! The dump eye of DL004. Text has no address of an `RWMutex`; that methods of one type wait on both of its sides is what shows.

use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::memory_held::reads_its_own;
use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if scene.class() != StateClass::Lock {
        return None;
    }
    if let Some(known) = reads_its_own(scene) {
        let text = format!("{} goroutines wait for an RWMutex at {}", scene.count(), scene.at().func);
        return Some(Sighting::shape(45, text).and(99, Some(known)).decided_by(&[Witness::Source, Witness::LeakProfile]));
    }
    let sighting = if reads(scene) {
        let writer = scene.kin().find(writes)?;
        let text = format!("{} goroutines wait to write at {}", writer.count(), writer.at().func);
        let fact = Evidence::new(EvidenceKind::Pairing, text).with("func", &writer.at().func).with("writers", &writer.count());
        Sighting::shape(45, "a goroutine waits for a read lock").and(20, Some(fact)).and(25, scene.nested_methods())
    } else if writes(scene) {
        let reader = scene.kin().find(|other| reads(other) && other.nested_methods().is_some())?;
        let text =
            format!("{} goroutines wait to read at {}, called by a method of the same type", reader.count(), reader.at().func);
        let fact = Evidence::new(EvidenceKind::Pairing, text).with("func", &reader.at().func).with("readers", &reader.count());
        Sighting::shape(45, "a goroutine waits for readers to leave").and(40, Some(fact))
    } else {
        return None;
    };
    Some(sighting.decided_by(&[Witness::Memory, Witness::Source, Witness::LeakProfile]))
}

fn reads(scene: &Scene<'_>) -> bool {
    scene.calls("sync.(*RWMutex).RLock")
}

fn writes(scene: &Scene<'_>) -> bool {
    scene.calls("sync.(*RWMutex).Lock")
}
