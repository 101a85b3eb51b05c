//! The dump eye of LK014.

use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if !matches!(scene.class(), StateClass::ChanSend | StateClass::Channel | StateClass::Select) {
        return None;
    }
    let stages = other_stages(scene);
    let fact = (stages > 0).then(|| {
        Evidence::new(
            EvidenceKind::Siblings,
            format!(
                "{stages} other families blocked on channels were started by the same goroutines, from functions of their own"
            ),
        )
        .with("families", &stages)
    });
    let base = if scene.class() == StateClass::Select { 20 } else { 40 };
    let sighting = Sighting::shape(base, "a stage that feeds others blocks while handing its value on").and(30, fact);
    Some(sighting.decided_by(&[Witness::LeakProfile, Witness::Source, Witness::Memory]))
}

/// Families of the same starter goroutines whose `go` statement stands in another function: each stage has its constructor.
fn other_stages(scene: &Scene<'_>) -> usize {
    let own = scene.creator();
    let on_channel = |class: StateClass| matches!(class, StateClass::ChanSend | StateClass::ChanReceive);
    scene.sisters().into_iter().filter(|(at, family)| on_channel(family.class) && scene.creator_of(*at) != own).count()
}
