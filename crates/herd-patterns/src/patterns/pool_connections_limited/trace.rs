//! In a trace: goroutines wait all the time where net/http or database/sql parks them until a connection is free, and next to none is being
//! opened meanwhile: so it is the limit they wait for, and not the other side's answer to a dial.

use crate::trace::{Facts, QueueFor, Seen, fact, percent, stands};

/// Goroutines that open a connection, by those that wait for one: above it the queue is that of the dial.
const OPENING_MAX: f64 = 0.1;

/// The eye.
pub fn detect(facts: &Facts) -> Vec<Seen> {
    let limited = facts.queues.iter().filter(|queue| stands(queue) && queue.opening_mean <= queue.waiting_mean * OPENING_MAX);
    limited
        .filter_map(|queue| {
            let QueueFor::Connection { limit } = &queue.what else { return None };
            let (waiting, waits, occupied) = (format!("{:.1}", queue.waiting_mean), queue.waits, percent(queue.occupied));
            let text = format!(
                "{waiting} goroutines wait for a connection at a time, in {waits} waits; somebody does {occupied} % of the time"
            );
            let line = fact(text).with("waiting", &waiting).with("connections", &waits).with("occupied", &occupied);
            let none = fact(format!("next to none is being opened meanwhile: {limit} is reached")).with("limit", limit);
            Some(Seen::new(facts, queue.call.at.clone(), queue.waiting_mean, vec![line, none]))
        })
        .collect()
}
