//! In a trace: goroutines spend seven tenths of the time they run on assists, while the collector takes 10 % of all processors or more. What a
//! few requests pay in a burst, and what a lone collection asks for, is no fault.

use crate::trace::{Facts, Seen, cost, fact, is_costly, percent};

/// Assists by the time the program's goroutines ran. A program that makes garbage and nothing else pays up to 0.56.
const ASSIST_MIN: f64 = 0.7;

/// The eye.
pub fn detect(facts: &Facts) -> Vec<Seen> {
    if !is_dominated(facts) {
        return Vec::new();
    }
    let assist = percent(facts.assist_share);
    let paid = fact(format!("of the time goroutines run, {assist} % is marking they must do before they may allocate"))
        .with("assist", &assist);
    vec![Seen::new(facts, facts.assist_at.clone(), 0.0, vec![paid, cost(facts)])]
}

/// Whether those who allocate do most of the marking, and much of it.
pub fn is_dominated(facts: &Facts) -> bool {
    is_costly(facts) && facts.assist_share >= ASSIST_MIN
}
