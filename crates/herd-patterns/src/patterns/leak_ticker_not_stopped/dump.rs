//! The dump eye of LK007.

use herd_analysis::names;
use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    let base = match scene.class() {
        StateClass::ChanReceive | StateClass::Channel => 40,
        StateClass::Select => 30,
        _ => return None,
    };
    let sighting =
        Sighting::shape(base, "a loop that waits for the next tick").and(30, wakes_by_itself(scene)).and(15, name_hint(scene));
    let sighting = sighting.and(10, scene.ranges()).unless(15, scene.receives_once());
    Some(sighting.decided_by(&[Witness::Series, Witness::Source, Witness::Trace]))
}

/// Goroutines that live longer than two minutes and never show an age wake up in between; a wait for a peer would age.
fn wakes_by_itself(scene: &Scene<'_>) -> Option<Evidence> {
    let growth = scene.growth?;
    let (still, of) = growth.stayed?;
    let lived = growth.span_s.filter(|span| *span >= 120.0)?;
    (still == of && of > 0 && scene.facts().aged == 0).then(|| {
        Evidence::new(
            EvidenceKind::AgeSpread,
            format!("{of} goroutines lived for {lived:.0} s and none shows a wait of a minute: they wake by themselves"),
        )
        .with("count", &of)
        .with("seconds", &lived.round())
    })
}

fn name_hint(scene: &Scene<'_>) -> Option<Evidence> {
    let words = ["tick", "timer", "poll", "heartbeat", "refresh", "flush", "interval", "period"];
    let func = scene.user_frames().into_iter().find(|func| {
        let name = names::local(func).to_lowercase();
        words.iter().any(|word| name.contains(word))
    })?;
    Some(
        Evidence::new(EvidenceKind::NameHint, format!("the name {} speaks of a period", names::short(func)))
            .with("func", &names::short(func)),
    )
}
