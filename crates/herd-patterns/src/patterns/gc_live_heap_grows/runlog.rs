//! In a runtime log: what is live after collections rises, hardly ever falls, and goes on rising in the last third. A quarter of an hour
//! of it, at 5 MB a minute or more (S23), is a finding; anything shorter may be a cache that warms up.

use herd_model::{Evidence, EvidenceKind};

use crate::runlog::{Facts, fact, one, open, shown};
use crate::scene::{Sighting, Witness};

/// S23: growth for so long is no warm-up.
const SPAN_S: f64 = 900.0;
/// S23: growth that matters, MB a minute.
const MB_PER_MIN: f64 = 5.0;
/// Rise that a short log must show, MB and as a share of what was live first.
const SHORT_RISE_MB: f64 = 8.0;
const SHORT_RISE_SHARE: f64 = 0.25;

/// The eye.
pub fn detect(facts: &Facts) -> Option<Sighting> {
    let heap = facts.live_heap.as_ref().filter(|heap| heap.rising)?;
    let rise = heap.last - heap.first;
    let (from, to, minutes, pace) = (heap.first.round(), heap.last.round(), one(heap.span_s / 60.0), one(heap.late_per_min));
    let text =
        format!("what is live after collections rises from {from} to {to} MB in {minutes} min, {pace} MB a minute at the end");
    let risen = fact(text).with("from", &from).with("to", &to).with("minutes", &minutes).with("pace", &pace);
    let evidence = vec![risen, goroutines(facts)];
    if heap.span_s >= SPAN_S && heap.per_min >= MB_PER_MIN && heap.late_per_min >= MB_PER_MIN {
        return Some(shown(evidence));
    }
    let seen = heap.span_s < SPAN_S && rise >= SHORT_RISE_MB && rise >= SHORT_RISE_SHARE * heap.first;
    seen.then(|| open(evidence, &[Witness::Series]))
}

/// S18's joint rule: with goroutines it is a goroutine leak; alone a cache, finalizers or C. Only scheddetail counts goroutines.
fn goroutines(facts: &Facts) -> Evidence {
    match &facts.goroutines {
        Some(count) if count.rising => {
            let (before, after) = (count.first.round(), count.last.round());
            fact(format!("goroutines rise with it, from {before} to {after}: they hold what is live, or are held by it"))
                .with("before", &before)
                .with("after", &after)
        }
        Some(count) => {
            let steady = count.last.round();
            fact(format!("goroutines do not rise with it, {steady} at the end: a cache, a map or finalizers"))
                .with("steady", &steady)
        }
        None => Evidence::new(
            EvidenceKind::WitnessLimit,
            "the log does not count goroutines: a dump, or scheddetail=1, tells whether they rise with it",
        )
        .with("detail", &1),
    }
}
