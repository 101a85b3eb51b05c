//! In a runtime log: more than a quarter of the collector's CPU comes from goroutines that allocate, while it takes a tenth of all
//! processors or more. Assists in bursts, or of a collector that costs nothing, are no fault.

use herd_analysis::runlog_report::is_tight;

use crate::runlog::{Facts, cost, fact, is_costly, shown};
use crate::scene::Sighting;

/// Share of the collector's CPU (S18).
const ASSIST_SHARE: f64 = 0.25;

/// The eye.
pub fn detect(facts: &Facts) -> Option<Sighting> {
    let gc = facts.collector.as_ref()?;
    if gc.assist_share <= ASSIST_SHARE || !is_costly(facts) || is_tight(gc) {
        return None;
    }
    let assist = (gc.assist_share * 100.0).round();
    let text = format!("{assist} % of the collector's CPU is time that allocating goroutines are made to mark");
    Some(shown([Some(fact(text).with("assist", &assist)), cost(facts)].into_iter().flatten().collect()))
}
