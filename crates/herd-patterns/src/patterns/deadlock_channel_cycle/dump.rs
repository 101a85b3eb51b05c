//! The dump eye of DL005. Only text with runtime frames carries channel addresses, and even that names the channel waited on, not
//! who would serve it.

use herd_model::{Evidence, EvidenceKind, ObjectKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    if !scene.class().is_channel() {
        return None;
    }
    let partner = partner(scene).or_else(|| partner_by_type(scene));
    let base = if scene.class() == StateClass::ChanSend { 30 } else { 25 };
    let sighting = Sighting::shape(base, "a goroutine blocks on a channel").and(35, partner).and(10, other_channels(scene));
    Some(sighting.decided_by(&[Witness::SystemDump, Witness::Memory, Witness::Source]))
}

/// A family of equal count, started from the same function of the same goroutines, that blocks in the same direction at another line.
fn partner(scene: &Scene<'_>) -> Option<Evidence> {
    let sisters = scene.sisters();
    let (_, family) = sisters.iter().find(|(at, family)| {
        family.class == scene.class() && family.count == scene.count() && scene.creator_of(*at) == scene.creator()
    })?;
    Some(
        Evidence::new(
            EvidenceKind::Pairing,
            format!("{} goroutines of the same starters block in the same kind of operation at another line", family.count),
        )
        .with("count", &family.count),
    )
}

/// Where the witness names no starters: a family of equal count whose goroutines run a method of the same type.
fn partner_by_type(scene: &Scene<'_>) -> Option<Evidence> {
    let own = scene.entry_type().filter(|_| !scene.tells_creators())?;
    let families = &scene.point.census.families;
    let alike = |at: &usize| {
        let other = Scene { family: *at, ..*scene };
        *at != scene.family && other.class() == scene.class() && other.count() == scene.count() && other.entry_type() == Some(own)
    };
    let at = (0..families.len()).find(alike)?;
    let fact =
        format!("{} goroutines that run another method of the same type block in the same kind of operation", families[at].count);
    Some(Evidence::new(EvidenceKind::Pairing, fact).with("count", &families[at].count))
}

fn other_channels(scene: &Scene<'_>) -> Option<Evidence> {
    let (kind, ..) = scene.facts().shared_object?;
    let objects = scene.facts().objects.len();
    (kind == ObjectKind::Channel && objects > 1).then(|| {
        Evidence::new(EvidenceKind::SharedObject, format!("they wait on {objects} different channels")).with("objects", &objects)
    })
}
