//! In a trace: all Ps are busy, and on average more than 100 goroutines are ready and have none (S18). A handful more than there are Ps is what
//! any program that computes shows.

use crate::trace::{Facts, Seen, fact, percent};

/// Goroutines ready at a time, on average.
const READY_MIN: f64 = 100.0;
/// Share of the time all Ps together are busy.
const BUSY_MIN: f64 = 0.9;

/// The eye.
pub fn detect(facts: &Facts) -> Vec<Seen> {
    if facts.ready_mean <= READY_MIN || facts.utilization < BUSY_MIN {
        return Vec::new();
    }
    let (ready, procs, busy) = (facts.ready_mean.round(), facts.procs, percent(facts.utilization));
    let queue = fact(format!("{ready} goroutines are ready on average while {procs} Ps are busy {busy} % of the time"))
        .with("ready", &ready)
        .with("procs", &procs)
        .with("busy", &busy);
    let (half, most) = (format!("{:.1}", facts.latency.p50_s * 1e3), format!("{:.1}", facts.latency.max_s * 1e3));
    let latency = fact(format!("half of those that got a P had waited {half} ms or more for it, the longest {most} ms"))
        .with("half", &half)
        .with("most", &most);
    vec![Seen::new(facts, facts.ready_from.clone(), facts.ready_mean, vec![queue, latency])]
}
