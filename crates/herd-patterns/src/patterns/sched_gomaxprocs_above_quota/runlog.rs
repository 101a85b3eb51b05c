//! In a runtime log: GOMAXPROCS is at least one and a half times the CPUs that pauses stop, which are those the process may run on. A
//! quota of its control group stands in no such log.

use herd_model::{Evidence, EvidenceKind};

use crate::runlog::{Facts, fact, shown};
use crate::scene::Sighting;

/// GOMAXPROCS over the CPUs.
const RATIO_MIN: f64 = 1.5;

/// The eye.
pub fn detect(facts: &Facts) -> Option<Sighting> {
    let gc = facts.collector.as_ref()?;
    let cpus = gc.cpus.map(f64::round).filter(|cpus| *cpus >= 1.0 && f64::from(gc.procs) >= RATIO_MIN * cpus)?;
    let text = format!("GOMAXPROCS is {} and the process may run on {cpus} CPUs: pauses stop no more", gc.procs);
    let limit =
        Evidence::new(EvidenceKind::WitnessLimit, "a CPU quota below that does not show in such a log").with("quota", &cpus);
    Some(shown(vec![fact(text).with("procs", &gc.procs).with("cpus", &cpus), limit]))
}
