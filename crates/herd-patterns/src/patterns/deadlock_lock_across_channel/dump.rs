//! The dump eye of DL003. Text names neither the lock held nor who would serve the channel; that goroutines of one herd block on both
//! sides is what shows.

use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::memory_held::holder_on_channel;
use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    let on_channel = scene.class().is_channel();
    if !on_channel && scene.class() != StateClass::Lock {
        return None;
    }
    if let Some(known) = holder_on_channel(scene) {
        let text = format!("{} goroutines wait for a lock at {}", scene.count(), scene.at().func);
        let sighting = Sighting::shape(45, text).and(99, Some(known));
        return Some(sighting.decided_by(&[Witness::Source, Witness::Series, Witness::LeakProfile]));
    }
    let facing = |other: &Scene<'_>| if on_channel { other.class() == StateClass::Lock } else { other.class().is_channel() };
    let mut others: Vec<Scene<'_>> = scene.kin().filter(facing).collect();
    // As many on each side are couples.
    others.sort_by_key(|other| other.count() != scene.count());
    let other = others.first()?;
    let (what, fit) = if on_channel { ("block on a channel", 35) } else { ("wait for a lock", 45) };
    let facing = if on_channel { "wait for a lock" } else { "block on a channel" };
    let partner = Evidence::new(
        EvidenceKind::Pairing,
        format!("{} goroutines akin to them {facing} at {}", other.count(), other.at().func),
    )
    .with("count", &other.count())
    .with("func", &other.at().func);
    let even = (other.count() == scene.count()).then(|| {
        Evidence::new(EvidenceKind::Pairing, format!("as many as they are: {}", scene.count())).with("even", &scene.count())
    });
    let sighting = Sighting::shape(fit, format!("{} goroutines {what} at {}", scene.count(), scene.at().func));
    // Where several could be the one side or the other, and none is as many, nothing says which of them is.
    let rivals = scene.kin().filter(|other| on_channel && other.class().is_channel()).count();
    let told = if even.is_some() || others.len() == 1 && rivals == 0 { 25 } else { 0 };
    let sighting = sighting.and(told, Some(partner)).and(10, even).unless(20, scene.nested_methods().filter(|_| !on_channel));
    Some(sighting.decided_by(&[Witness::Memory, Witness::Source, Witness::LeakProfile]))
}
