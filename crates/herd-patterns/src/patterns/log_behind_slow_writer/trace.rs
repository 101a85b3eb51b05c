//! In a trace: goroutines wait for a lock half of the time or more, three at a time on average, and below the function that takes it somebody writes to a file or socket for half of
//! the time or more. The function may be anybody's: that of a standard logger, of a handler, of the program.

use crate::trace::{Facts, Queue, QueueFor, Seen, WAITING_MIN, fact, percent};

/// Share of the time in which the one in front writes. What a lock guards is for one at a time, so this much of the program's time goes
/// through it; a log on a disk that keeps up takes a few percent.
const WRITING_MIN: f64 = 0.5;
/// Share of the time somebody waits. A pipe takes a page at a time, so that a queue of short lines may drain at once and stand again.
const OCCUPIED_MIN: f64 = 0.5;

/// The eye.
pub fn detect(facts: &Facts) -> Vec<Seen> {
    let stands = |queue: &&Queue| queue.waiting_mean >= WAITING_MIN && queue.occupied >= OCCUPIED_MIN;
    let slow = facts.queues.iter().filter(stands).filter(|queue| queue.writing >= WRITING_MIN);
    slow.filter_map(|queue| {
        let QueueFor::Lock { func } = &queue.what else { return None };
        let (queued, waits, occupied) = (format!("{:.1}", queue.waiting_mean), queue.waits, percent(queue.occupied));
        let line = fact(format!(
            "{queued} goroutines wait for a lock at a time, in {waits} waits; somebody does {occupied} % of the time"
        ))
        .with("waiting", &queued)
        .with("waits", &waits)
        .with("occupied", &occupied);
        let writing = percent(queue.writing.min(1.0));
        let front = fact(format!("{func}, which takes the lock, is writing to a file or socket {writing} % of the time"))
            .with("func", func)
            .with("writing", &writing);
        Some(Seen::new(facts, queue.call.at.clone(), queue.waiting_mean, vec![line, front]))
    })
    .collect()
}
