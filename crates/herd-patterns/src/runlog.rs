//! What eyes that look at runtime logs say.
//!
//! One log is one kind of witness: what an eye sees is suspected at most. A sighting that names witnesses which would decide stays a
//! candidate; one that names none is a finding.

use herd_model::{Evidence, EvidenceKind};

use crate::scene::{Sighting, Witness};

pub use herd_analysis::runlog::Facts;

/// A log shows it, and healthy services do not.
pub fn shown(evidence: Vec<Evidence>) -> Sighting {
    Sighting { fit: 80, structural: false, evidence, decide_by: Vec::new() }
}

/// A log is too short to tell it from what healthy services show.
pub fn open(evidence: Vec<Evidence>, decide_by: &[Witness]) -> Sighting {
    Sighting { fit: 50, structural: false, evidence, decide_by: decide_by.to_vec() }
}

/// A fact a log states.
pub fn fact(text: String) -> Evidence {
    Evidence::new(EvidenceKind::RuntimeLog, text)
}

/// How much of the processors the collector takes.
pub fn cost(facts: &Facts) -> Option<Evidence> {
    let gc = facts.collector.as_ref()?;
    let (percent, busy) = (one(gc.cpu_share * 100.0), (gc.busy_share * 100.0).round());
    let text = format!("the collector takes {percent} % of all processors, and 5 % or more in {busy} % of the time");
    Some(fact(text).with("percent", &percent).with("busy", &busy))
}

/// Whether the collector takes a tenth of all processors or more, and not in bursts only: S4 asks for 15 %, where a kernel that does
/// nothing but make garbage takes 11 to 42 % and services that are well take less than 1 %.
pub fn is_costly(facts: &Facts) -> bool {
    facts.collector.as_ref().is_some_and(|gc| gc.cpu_share >= COSTLY_SHARE && gc.busy_share >= COSTLY_TIME)
}

/// Share of all processors.
const COSTLY_SHARE: f64 = 0.1;
/// Share of the time in which the collector works at all; bursts stay below.
const COSTLY_TIME: f64 = 0.5;

/// A figure with one decimal.
pub fn one(value: f64) -> String {
    format!("{value:.1}")
}
