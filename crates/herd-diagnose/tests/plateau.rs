//! The trace eyes against recordings: kernels named at their marked line, cured twins and every other trace silent.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking and shows its figures")]

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};

use herd_analysis::trace::plateau::{Facts, facts};
use herd_analysis::trace::queues::{QueueFor, Queues};
use herd_analysis::trace::{Portrait, Shown};
use herd_formats::trace::{Times, read};
use herd_model::{Certainty, Envelope, Place, Target, TargetKind, TraceTables, Verdict};
use herd_patterns::{CATALOGUE, Pattern};

const MINORS: [&str; 3] = ["1.22", "1.25", "1.27"];

/// Patterns that their kernel shows at a line; of the others the line at fault does not stand in a trace: a setting, and a `go` statement
/// that started its goroutines before the trace.
const AT_A_LINE: [&str; 3] = ["DL008", "DL009", "GC001"];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

fn folder(pattern: &Pattern) -> PathBuf {
    top().join("crates/herd-patterns/src/patterns").join(pattern.slug)
}

fn unpacked(path: &Path) -> Vec<u8> {
    let packed = std::fs::read(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
    let mut bytes = Vec::new();
    zstd::Decoder::new(packed.as_slice()).unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}

fn measured(bytes: Vec<u8>) -> Facts {
    let (mut tables, mut both) = (TraceTables::new(), (Portrait::default(), Queues::default()));
    read(Cursor::new(bytes), Times::Recorded, &mut tables, &mut both).unwrap();
    let shown = Shown { rows: 10, stacks: 3, weighed: None };
    let finished = both.0.finish(shown, &tables, &mut BTreeMap::new());
    facts(&finished.report, both.1.finish(&tables))
}

fn judged(facts: &Facts) -> Envelope {
    let target = Target {
        kind: TargetKind::File,
        name: "trace.out".into(),
        go_version: None,
        witnesses: Vec::new(),
        bytes: 0,
        looked_s: None,
        cost: None,
    };
    let mut envelope = Envelope::new("trace", "test");
    herd_diagnose::plateau(facts, &target, &mut envelope);
    envelope
}

/// Lines of the kernel marked with its id.
fn marks(pattern: &Pattern) -> Vec<u32> {
    let text = std::fs::read_to_string(folder(pattern).join("kernel/kernel.go")).unwrap();
    let mark = format!("// want {}", pattern.id);
    (1u32..).zip(text.lines()).filter(|(_, line)| line.contains(&mark)).map(|(number, _)| number).collect()
}

fn with_eye() -> impl Iterator<Item = &'static Pattern> {
    CATALOGUE.iter().filter(|pattern| pattern.trace.is_some())
}

#[test]
fn a_kernel_is_named_and_its_twin_is_silent() {
    for pattern in with_eye() {
        for minor in MINORS {
            let of = |variant: &str| measured(unpacked(&folder(pattern).join(format!("fixtures/{variant}.go{minor}.trace.zst"))));
            let bad = judged(&of("bad"));
            let ids: Vec<&str> = bad.findings.iter().map(|finding| &*finding.id.0).collect();
            assert!(!ids.is_empty() && ids.iter().all(|id| *id == pattern.id), "{} go{minor}: {ids:?}", pattern.slug);
            assert_eq!(bad.verdict, Verdict::Findings);
            let marked = marks(pattern);
            let lines: Vec<u32> = bad.findings.iter().map(|finding| finding.at.line).collect();
            println!(
                "{} go{minor}: {:?}",
                pattern.id,
                bad.findings.iter().map(|finding| &finding.evidence[0].text).collect::<Vec<_>>()
            );
            if AT_A_LINE.contains(&pattern.id) {
                assert!(
                    lines.iter().all(|line| marked.contains(line)),
                    "{} go{minor}: {lines:?}, marked {marked:?}",
                    pattern.slug
                );
            }
            // Each of several marked lines is a queue of its own.
            if pattern.id.starts_with("DL") {
                assert_eq!(bad.findings.len(), marked.len(), "{} go{minor}", pattern.slug);
            }
            assert!(bad.findings.iter().all(|finding| finding.certainty == Certainty::Suspected));
            let fixed = judged(&of("fixed"));
            assert!(fixed.findings.is_empty() && fixed.candidates.is_empty(), "{} go{minor}: {:?}", pattern.slug, fixed.findings);
            assert_eq!(fixed.verdict, Verdict::Healthy);
        }
    }
    assert!(with_eye().count() >= 5);
}

#[test]
fn other_traces_are_silent() {
    let mut looked = 0;
    let beside = std::fs::read_dir(top().join("fixtures/beside")).unwrap();
    let traces = std::fs::read_dir(top().join("fixtures/traces")).unwrap();
    for folder in beside.chain(traces).map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if !path.to_string_lossy().ends_with("trace.zst") {
                continue;
            }
            looked += 1;
            let envelope = judged(&measured(unpacked(&path)));
            assert!(
                envelope.findings.is_empty() && envelope.candidates.is_empty(),
                "{}: {:?}",
                path.display(),
                envelope.findings
            );
        }
    }
    assert!(looked > 25, "only {looked} traces");
}

/// By Little's law the goroutines that wait at a time are the arrivals a second times the time each waits; the kernel's clients do nothing but
/// wait and be answered, so that with 24 of each kind and 2 connections of 20 ms, 22 wait all the time.
#[test]
fn as_many_wait_as_the_kernel_has_clients_without_a_connection() {
    let pattern = CATALOGUE.iter().find(|pattern| pattern.id == "DL009").unwrap();
    for minor in MINORS {
        let facts = measured(unpacked(&folder(pattern).join(format!("fixtures/bad.go{minor}.trace.zst"))));
        let queues: Vec<_> = facts.queues.iter().filter(|queue| matches!(queue.what, QueueFor::Connection { .. })).collect();
        assert_eq!(queues.len(), 2, "go{minor}: {queues:?}");
        for queue in queues {
            // Where a goroutine stands that waited before the trace did is told late or, by Go 1.22, not at all: its first wait may be missed.
            assert!((11.0..=22.5).contains(&queue.waiting_mean), "go{minor}: {queue:?}");
            assert!(queue.occupied > 0.9 && queue.opening_mean < 0.5, "go{minor}: {queue:?}");
            // Two connections are given back every 20 ms, and who waits at either end of the trace is counted, too.
            let given_back = facts.span_s / 0.020 * 2.0;
            assert!((queue.waits as f64) < given_back + 50.0 && queue.waits as f64 > given_back * 0.4, "go{minor}: {queue:?}");
        }
    }
}

/// A trace too short to tell a moment from a state is no finding.
#[test]
fn of_a_short_trace_it_is_a_candidate() {
    let pattern = CATALOGUE.iter().find(|pattern| pattern.id == "DL008").unwrap();
    let facts = measured(unpacked(&folder(pattern).join("fixtures/bad.go1.27.trace.zst")));
    let short = Facts { span_s: 0.3, ..facts.clone() };
    let envelope = judged(&short);
    assert!(envelope.findings.is_empty() && !envelope.candidates.is_empty());
    assert_eq!(envelope.verdict, Verdict::Undecidable);
    assert!(envelope.candidates.iter().all(|candidate| !candidate.decide_by.is_empty()));
    assert_ne!(envelope.candidates[0].at, Place::default());
}
