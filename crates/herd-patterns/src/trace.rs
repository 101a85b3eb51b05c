//! What eyes that look at execution traces say.
//!
//! One trace is one kind of witness: what an eye sees is suspected at most. A sighting that names witnesses which would decide stays a
//! candidate; one that names none is a finding.

use herd_model::{Evidence, EvidenceKind, Place};

use crate::scene::{Sighting, Witness};

pub use herd_analysis::trace::plateau::Facts;
pub use herd_analysis::trace::queues::{Queue, QueueFor};

/// Seconds a trace must cover for what it shows to be more than a moment.
pub const SPAN_MIN_S: f64 = 0.5;

/// Something a trace shows, with its place in the program where it has one.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The program's line.
    pub at: Option<Place>,
    /// Goroutines concerned, on average.
    pub count: u64,
    /// How well it fits.
    pub sighting: Sighting,
}

impl Seen {
    /// A trace shows it, and healthy services do not; of too short a trace it is a candidate.
    pub fn new(facts: &Facts, at: Option<Place>, count: f64, evidence: Vec<Evidence>) -> Seen {
        let decide_by = if facts.span_s < SPAN_MIN_S { vec![Witness::Trace] } else { Vec::new() };
        Seen { at, count: count.round() as u64, sighting: Sighting { fit: 80, structural: false, evidence, decide_by } }
    }
}

/// A fact a trace states.
pub fn fact(text: String) -> Evidence {
    Evidence::new(EvidenceKind::Trace, text)
}

/// A share in whole percent.
pub fn percent(share: f64) -> f64 {
    (share * 100.0).round()
}

/// What the collector costs, for the eyes that speak of it.
pub fn cost(facts: &Facts) -> Evidence {
    let (percent, cycles) = (percent(facts.collector_share), facts.cycles);
    let milliseconds = format!("{:.1}", facts.marking_mean_s * 1e3);
    let text = format!(
        "the collector takes {percent} % of all processors in {cycles} collections that mark for {milliseconds} ms on average"
    );
    fact(text).with("percent", &percent).with("cycles", &cycles).with("milliseconds", &milliseconds)
}

/// Collections a trace must hold before their cost is that of the program and not of one of them: a service that is well may be traced
/// in the one collection of its minute.
const CYCLES_MIN: u64 = 5;
/// Share of all processors, as in a runtime's log: kernels that do nothing but make garbage take 11 to 42 %, services that are well less
/// than 1 %, and the recorded programs that collect on purpose up to 6 %.
const COSTLY_SHARE: f64 = 0.1;

/// Whether the collector is what the processors do, one collection after the other.
pub fn is_costly(facts: &Facts) -> bool {
    facts.cycles >= CYCLES_MIN && facts.collector_share >= COSTLY_SHARE
}

/// Goroutines that wait at a time, on average, from which a queue is spoken of: whoever comes waits for two before it.
pub const WAITING_MIN: f64 = 3.0;
/// Share of the trace in which the queue must not be empty: bursts leave it empty between them.
pub const OCCUPIED_MIN: f64 = 0.8;

/// Whether there is a queue all the time.
pub fn stands(queue: &Queue) -> bool {
    queue.waiting_mean >= WAITING_MIN && queue.occupied >= OCCUPIED_MIN
}
