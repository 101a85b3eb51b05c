//! Texts the runtime registers before a generation begins, always in the same order, so that their ids are known even where the table is
//! lost (`runtime/trace.go`, `traceRegisterLabelsAndReasons`, Go 1.22 to 1.27).

use herd_model::{NameId, Names};

const LABELS: [&str; 4] = ["Not worker", "GC (dedicated)", "GC (fractional)", "GC (idle)"];
const BLOCKED: [&str; 15] = [
    "unspecified",
    "forever",
    "network",
    "select",
    "sync.(*Cond).Wait",
    "sync",
    "chan send",
    "chan receive",
    "GC mark assist wait for work",
    "GC background sweeper wait",
    "system goroutine wait",
    "preempted",
    "wait for debug call",
    "wait until GC ends",
    "sleep",
];
/// Go 1.23 has the first, Go 1.24 both; a header of 23 may be of either, and only what comes behind them depends on it.
const BLOCKED_SINCE_23: [&str; 2] = ["GC weak to strong wait", "synctest"];
/// `unspecified` and `preempted` are known from above and keep their ids.
const STOPPED: [&str; 1] = ["runtime.Gosched"];

/// The texts by id, which count from 1, for a header's format.
pub fn registered_first(format: u32, names: &mut Names) -> Vec<NameId> {
    let since_23 = if format >= 23 { &BLOCKED_SINCE_23[..] } else { &[] };
    let texts = LABELS.iter().chain(&BLOCKED).chain(since_23).chain(&STOPPED);
    std::iter::once("").chain(texts.copied()).map(|text| names.intern(text)).collect()
}
