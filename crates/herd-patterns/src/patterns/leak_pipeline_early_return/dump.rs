//! The dump eye of LK014.

use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if !matches!(scene.class(), StateClass::ChanSend | StateClass::Select) {
        return None;
    }
    let stages = scene.sisters().into_iter().filter(|(_, family)| matches!(family.class, StateClass::ChanSend | StateClass::ChanReceive));
    let stages = stages.count();
    let fact = (stages > 0).then(|| {
        Evidence::new(EvidenceKind::Siblings, format!("{stages} other families blocked on channels were started by the same goroutines"))
            .with("families", &stages)
    });
    let base = if scene.class() == StateClass::ChanSend { 40 } else { 20 };
    let sighting = Sighting::shape(base, "a stage that feeds others blocks while handing its value on").and(30, fact);
    Some(sighting.decided_by(&[Witness::LeakProfile, Witness::Source, Witness::Memory]))
}
