//! Every kernel as a process: named at its marked line, with what its memory shows, and proven where nothing can wake it; the cured
//! twin silent.

use std::time::Duration;

use herd_model::{Certainty, Evidence, EvidenceKind, Place};
use herd_patterns::Pattern;
use herd_sources::Memory;

use crate::marks::Marks;
use crate::program::{Toolchain, toolchains};
use crate::started::{Kernel, PATIENT, build, judged, seen_in_dumps};

/// Instances of each kernel.
const TIMES: u32 = 6;
/// A candidate counts when it is among the first three.
const RANK_MAX: u32 = 3;
/// The slowest cured twin needs 1.4 s to end its own.
const SETTLING: Duration = Duration::from_secs(3);
/// Leaks that a timer, the network or a global can end: memory does not prove them.
const BLIND: &[&str] = &["LK007", "LK008", "LK009", "LK011", "DL007"];
/// Which value must stand in a fact of the memory, and since which Go minor memory tells it.
const SHOWN: &[(&str, &str, u32)] = &[
    ("LK001", "address", 21),
    ("LK002", "address", 21),
    ("LK004", "channels", 21),
    ("LK006", "counter", 21),
    ("LK007", "timers", 23),
    ("LK010", "listed", 21),
    ("LK011", "fd", 21),
    ("LK012", "shared", 21),
    ("LK013", "own", 21),
    ("LK014", "address", 21),
    ("DL001", "locks", 21),
    ("DL002", "steps", 21),
    ("DL003", "steps", 21),
    ("DL004", "writers", 21),
    ("DL005", "address", 21),
    ("DL006", "left", 21),
    ("DL007", "waiters", 21),
];

#[test]
fn each_kernel_is_named_from_its_memory_and_its_twin_is_silent() {
    let mut failures = Vec::new();
    for toolchain in toolchains() {
        let (bad, cured) = (build(&toolchain, "kernel.go"), build(&toolchain, "fixed/fixed.go"));
        let (_peer, url) = Kernel::peer(&bad);
        let start = |built: &std::path::Path, pattern: &Pattern| Kernel::start(built, pattern.id, &url, TIMES);
        let kernels: Vec<(Kernel, Kernel)> =
            seen_in_dumps().map(|pattern| (start(&bad, pattern), start(&cured, pattern))).collect();
        std::thread::sleep(SETTLING);
        let before = failures.len();
        for (pattern, (bad, cured)) in seen_in_dumps().zip(&kernels) {
            let mut fail = |why: String| failures.push(format!("Go {} {}: {why}", toolchain.minor, pattern.id));
            check_bad(pattern, &toolchain, bad, &mut fail);
            for memory in [Memory::Judged, PATIENT] {
                let envelope = judged(cured.pid(), memory).envelope;
                for finding in &envelope.findings {
                    fail(format!("cured, yet {} {} at {}", finding.certainty.as_str(), finding.id, shown(&finding.at)));
                }
            }
        }
        println!("Go {}: {} patterns, {} failures", toolchain.minor, kernels.len(), failures.len() - before);
    }
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}

fn check_bad(pattern: &Pattern, toolchain: &Toolchain, bad: &Kernel, fail: &mut dyn FnMut(String)) {
    let marks = Marks::of(pattern);
    let read = judged(bad.pid(), Memory::Judged).envelope;
    let marked = |at: &Place, from: Option<&Place>| marks.is_wanted(at) && marks.is_start(from);
    let found =
        read.findings.iter().filter(|finding| finding.id.0 == pattern.id && marked(&finding.at, finding.started_by.as_ref()));
    let first = read.candidates.iter().filter(|one| one.rank <= RANK_MAX);
    let ranked = first.filter(|one| one.id.0 == pattern.id && marked(&one.at, one.started_by.as_ref()));
    let facts: Vec<&[Evidence]> =
        found.map(|finding| &*finding.evidence).chain(ranked.map(|candidate| &*candidate.evidence)).collect();
    let ranks = || read.candidates.iter().map(|c| format!("{}#{} {}", c.id, c.rank, shown(&c.at))).collect::<Vec<_>>();
    if facts.is_empty() {
        fail(format!("not named; findings {}, candidates {:?}", read.findings.len(), ranks()));
    }
    let wanted = SHOWN.iter().find(|(id, _, since)| *id == pattern.id && toolchain.number() >= *since);
    if let Some((_, name, _)) = wanted {
        let tells = |fact: &Evidence| fact.kind == EvidenceKind::Memory && fact.args.contains_key(*name);
        if !facts.iter().any(|facts| facts.iter().any(tells)) {
            let all: Vec<_> = facts.iter().flat_map(|facts| facts.iter().map(|fact| fact.text.as_str())).collect();
            fail(format!("its memory does not show {name}: {all:?}"));
        }
    }
    let proof = judged(bad.pid(), PATIENT).envelope;
    let proven: Vec<_> = proof.findings.iter().filter(|finding| finding.certainty == Certainty::Proven).collect();
    if BLIND.contains(&pattern.id) {
        if let Some(finding) = proven.iter().find(|finding| finding.id.0 == pattern.id) {
            fail(format!("proven at {}, though something can still end it", shown(&finding.at)));
        }
        return;
    }
    let fits = |id: &str, also: &[herd_model::PatternId]| id == pattern.id || also.iter().any(|other| other.0 == pattern.id);
    if !proven.iter().any(|finding| fits(&finding.id.0, &finding.also) && marks.is_wanted(&finding.at)) {
        let all: Vec<_> = proof.findings.iter().map(|finding| format!("{} at {}", finding.id, shown(&finding.at))).collect();
        fail(format!("not proven; findings {all:?}, notes {:?}", proof.notes.iter().map(|note| &note.text).collect::<Vec<_>>()));
    }
}

fn shown(place: &Place) -> String {
    format!("{} {}:{}", place.func, place.file.rsplit('/').next().unwrap_or_default(), place.line)
}
