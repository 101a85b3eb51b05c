//! In a runtime log: the number of threads rises, hardly ever falls, and next to none of them is parked, so that each sits in a system
//! call or in C.

use crate::runlog::{Facts, fact, open, shown};
use crate::scene::{Sighting, Witness};

/// Rise that no pool explains.
const RISE_MIN: f64 = 50.0;
/// Rise that may be a pool which fills up.
const RISE_SEEN: f64 = 20.0;
/// Share of parked threads above which the threads are left over from a burst.
const IDLE_SHARE_MAX: f64 = 0.2;

/// The eye.
pub fn detect(facts: &Facts) -> Option<Sighting> {
    let threads = facts.threads.as_ref().filter(|threads| threads.rising)?;
    let sched = facts.scheduler.as_ref().filter(|sched| sched.idle_threads_share <= IDLE_SHARE_MAX)?;
    let rise = threads.last - threads.first;
    if rise < RISE_SEEN {
        return None;
    }
    let (from, to, parked) = (threads.first.round(), sched.threads, (sched.idle_threads_share * 100.0).round());
    let text = format!("threads rise from {from} to {to} on {} processors, and {parked} % of them are parked", sched.procs);
    let evidence = vec![fact(text).with("threads", &to).with("from", &from).with("procs", &sched.procs).with("parked", &parked)];
    Some(if rise >= RISE_MIN { shown(evidence) } else { open(evidence, &[Witness::Stacks]) })
}
