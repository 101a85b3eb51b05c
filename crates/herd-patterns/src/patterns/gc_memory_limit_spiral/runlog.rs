//! In a runtime log: the goal is at most 1.1 times what is live, collections come at a high rate, and earlier ones had more room, so
//! that it is a limit and not GOGC that takes it.

use herd_analysis::runlog_report::{OFTEN_S, is_tight};
use herd_model::{Evidence, EvidenceKind};

use crate::runlog::{Facts, cost, fact, shown};
use crate::scene::Sighting;

/// Share of the processors below which a tight heap costs nothing.
const SHARE_MIN: f64 = 0.05;
/// Near the half of all processors at which the runtime's limiter holds the collector (`capacityPerProc`, runtime/mgclimit.go).
const LIMITER_SHARE: f64 = 0.45;

/// The eye.
pub fn detect(facts: &Facts) -> Option<Sighting> {
    let gc = facts.collector.as_ref()?;
    let tight = is_tight(gc) && gc.interval_p50_s < OFTEN_S && gc.cpu_share >= SHARE_MIN;
    if !tight || gc.was_roomy == Some(false) || gc.forced_share >= 0.5 {
        return None;
    }
    let ratio = format!("{:.2}", gc.goal_to_live_p50?);
    let text = format!("the goal is {ratio} times the {} MB that are live: collections free next to nothing", gc.live_mb);
    let mut evidence = vec![fact(text).with("ratio", &ratio).with("live", &gc.live_mb)];
    evidence.extend(cost(facts));
    if gc.cpu_share >= LIMITER_SHARE {
        let percent = (gc.cpu_share * 100.0).round();
        let text =
            format!("at {percent} % it is where the runtime's limiter holds it, and the heap grows past the limit instead");
        evidence.push(fact(text).with("limiter", &percent));
    }
    if gc.was_roomy.is_none() {
        let text = "the log does not show the heap while it was small: a GOGC of 10 or less would look the same";
        evidence.push(Evidence::new(EvidenceKind::WitnessLimit, text).with("gogc", &10));
    }
    Some(shown(evidence))
}
