//! In a trace: at least five collections less than a second apart that mark for more than 5 ms (S18), at 10 % of all processors or more.
//! Where most of that is paid by those who allocate, the pattern of assists says so.

use super::super::gc_assist_dominated;
use crate::trace::{Facts, Seen, cost, is_costly};

/// Seconds between collections (S18).
const INTERVAL_MAX_S: f64 = 1.0;
/// Marking of one, in seconds (S18).
const MARKING_MIN_S: f64 = 0.005;

/// The eye.
pub fn detect(facts: &Facts) -> Vec<Seen> {
    let often = facts.span_s / facts.cycles.max(1) as f64 <= INTERVAL_MAX_S && facts.marking_mean_s > MARKING_MIN_S;
    if !often || !is_costly(facts) || gc_assist_dominated::is_dominated(facts) {
        return Vec::new();
    }
    let at = facts.allocates_at.clone().or_else(|| facts.assist_at.clone());
    vec![Seen::new(facts, at, 0.0, vec![cost(facts)])]
}
