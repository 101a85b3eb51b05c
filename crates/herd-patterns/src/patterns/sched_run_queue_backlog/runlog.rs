//! In a runtime log: more than 100 goroutines that can run and do not (S18), in at least three states in a row and for two seconds or
//! more. A fan-out that is done at once shows in one state, or two.

use crate::runlog::{Facts, fact, one, shown};
use crate::scene::Sighting;

/// States in a row.
const STATES_MIN: u64 = 3;
/// Seconds they span.
const SPAN_S: f64 = 2.0;

/// The eye.
pub fn detect(facts: &Facts) -> Option<Sighting> {
    let sched = facts.scheduler.as_ref()?;
    if sched.backlog_states < STATES_MIN || sched.backlog_s < SPAN_S {
        return None;
    }
    let (most, seconds, idle) = (sched.queued_max, one(sched.backlog_s), (sched.idle_share * 100.0).round());
    let text =
        format!("more than 100 goroutines could run and did not for {seconds} s, {most} at most, on {} processors", sched.procs);
    let queued = fact(text).with("seconds", &seconds).with("most", &most).with("procs", &sched.procs);
    let rest = fact(format!("processors are without work for {idle} % of the time")).with("idle", &idle);
    Some(shown(vec![queued, rest]))
}
