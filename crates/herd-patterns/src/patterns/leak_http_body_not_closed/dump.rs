//! The dump eye of LK009.

use herd_analysis::names;
use herd_model::{Evidence, EvidenceKind, StateClass};

use crate::scene::{Scene, Sighting, Witness};

const READ_LOOP: &str = "net/http.(*persistConn).readLoop";
const WRITE_LOOP: &str = "net/http.(*persistConn).writeLoop";

pub(super) fn detect(scene: &Scene<'_>) -> Option<Sighting> {
    let half = [READ_LOOP, WRITE_LOOP].into_iter().find(|func| scene.calls(func))?;
    // A readLoop parked in a read is idle and pooled, or between responses; in a select it waits for a body to be read or closed.
    let waits_for_body = half == READ_LOOP && scene.class() == StateClass::Select;
    let base = if waits_for_body { 85 } else { 60 };
    let (read, write) = (count(scene, READ_LOOP), count(scene, WRITE_LOOP));
    let pairs = (read == write).then(|| {
        Evidence::new(EvidenceKind::Pairing, format!("{read} connections: as many readLoop as writeLoop goroutines"))
            .with("count", &read)
    });
    let text = if waits_for_body {
        "HTTP client connections whose response body is neither read to its end nor closed"
    } else {
        "HTTP client connections kept open"
    };
    let sighting = Sighting::shape(base, text).and(5, pairs).and(5, readers_missing(scene, read));
    Some(sighting.decided_by(&[Witness::Series, Witness::Source]))
}

fn readers_missing(scene: &Scene<'_>, connections: u64) -> Option<Evidence> {
    let readers = count(scene, "net/http.(*bodyEOFSignal).Read");
    (readers < connections).then(|| {
        Evidence::new(
            EvidenceKind::MissingPartner,
            format!("{readers} goroutines read a response body, for {connections} connections"),
        )
        .with("readers", &readers)
        .with("connections", &connections)
    })
}

fn count(scene: &Scene<'_>, func: &str) -> u64 {
    let snapshot = scene.snapshot();
    let on_stack = |frames: &[herd_model::FrameId]| frames.iter().any(|frame| names::normal(snapshot.func(*frame)) == func);
    scene.point.census.groups.iter().filter(|group| on_stack(&group.frames)).map(|group| group.count).sum()
}
