//! The dump eye of DL005. Only text with runtime frames carries channel addresses, and even that names the channel waited on, not
//! who would serve it.

use herd_model::{Evidence, EvidenceKind, ObjectKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if !matches!(scene.class(), StateClass::ChanSend | StateClass::ChanReceive) {
        return None;
    }
    let partner = partner(scene);
    let base = if scene.class() == StateClass::ChanSend { 30 } else { 25 };
    let sighting = Sighting::shape(base, "a goroutine blocks on a channel").and(35, partner).and(10, other_channels(scene));
    Some(sighting.decided_by(&[Witness::SystemDump, Witness::Memory, Witness::Source]))
}

/// A family of equal count with the same starters that blocks on a channel in the same direction, at another line.
fn partner(scene: &Scene<'_>) -> Option<Evidence> {
    let sisters = scene.sisters();
    let (_, family) = sisters.iter().find(|(_, family)| family.class == scene.class() && family.count == scene.count())?;
    Some(
        Evidence::new(
            EvidenceKind::Pairing,
            format!("{} goroutines of the same starters block in the same kind of operation at another line", family.count),
        )
        .with("count", &family.count),
    )
}

fn other_channels(scene: &Scene<'_>) -> Option<Evidence> {
    let (kind, ..) = scene.facts().shared_object?;
    let objects = scene.facts().objects.len();
    (kind == ObjectKind::Channel && objects > 1)
        .then(|| Evidence::new(EvidenceKind::SharedObject, format!("they wait on {objects} different channels")).with("objects", &objects))
}
