//! In a runtime log: collections less than a second apart that mark for more than 5 ms (S18), while the heap has room and the collector
//! takes a tenth of all processors or more.

use herd_analysis::runlog_report::{OFTEN_S, is_tight};

use crate::runlog::{Facts, cost, fact, is_costly, one, shown};
use crate::scene::Sighting;

/// Marking that is not over at once, milliseconds (S18).
const MARK_MS: f64 = 5.0;

/// The eye.
pub fn detect(facts: &Facts) -> Option<Sighting> {
    let gc = facts.collector.as_ref()?;
    let often = gc.interval_p50_s < OFTEN_S && gc.mark_p50_ms > MARK_MS;
    if !often || !is_costly(facts) || is_tight(gc) || gc.forced_share >= 0.5 {
        return None;
    }
    let (interval, mark) = ((gc.interval_p50_s * 1e3).round(), one(gc.mark_p50_ms));
    let pace = fact(format!("a collection every {interval} ms, half of them marking for {mark} ms or more"))
        .with("interval", &interval)
        .with("mark", &mark);
    Some(shown([Some(pace), cost(facts)].into_iter().flatten().collect()))
}
