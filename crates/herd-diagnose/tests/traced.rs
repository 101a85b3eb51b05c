//! Dumps taken inside execution traces (`fixtures/traces`), judged together: every goroutine is found in both, every one that was lost is
//! named, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use herd_diagnose::{Clock, Diagnosis, Request, diagnose};
use herd_model::{Certainty, Verdict};
use herd_sources::{CancelFlag, Options, Target};

const MINORS: [&str; 6] = ["1.22", "1.23", "1.24", "1.25", "1.26", "1.27"];
/// Does not tell which waits ended that began before the trace.
const BLIND: &str = "1.22";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn file(minor: &str, name: &str, ending: &str) -> PathBuf {
    root().join(format!("fixtures/traces/go{minor}/{name}.{ending}"))
}

fn asked(paths: &[PathBuf]) -> Diagnosis {
    let targets = paths.iter().map(|path| Target::parse(path.to_str().expect("a path")).expect("a target")).collect();
    let request =
        Request { targets, options: Options::default(), watch: None, trace: None, clock: Clock::WALL, rules: BTreeSet::new() };
    diagnose(&request, "doctor", &CancelFlag::new(), &mut |_| {}).unwrap_or_else(|error| panic!("{paths:?}: {error}"))
}

fn together(minor: &str, name: &str) -> Diagnosis {
    asked(&[file(minor, name, "dump.txt.zst"), file(minor, name, "trace.zst")])
}

fn alone(minor: &str, name: &str) -> Diagnosis {
    asked(&[file(minor, name, "trace.zst")])
}

/// Lines at which goroutines hang, by pattern.
fn marks() -> BTreeMap<String, u32> {
    let text = std::fs::read_to_string(root().join("testbed/traces/leaks.go")).expect("the source");
    let mark = |(line, number): (&str, u32)| line.split_once("// want ").map(|(_, id)| (id.trim().to_owned(), number));
    text.lines().zip(1u32..).filter_map(mark).collect()
}

/// How many goroutines were lost at each line; some ways share one.
fn lost(minor: &str, name: &str) -> BTreeMap<u32, u64> {
    let text = std::fs::read(file(minor, name, "lost.json")).expect("the list");
    let list: Vec<serde_json::Value> = serde_json::from_slice(&text).expect("JSON");
    let marks = marks();
    let mut lines = BTreeMap::new();
    for goroutine in &list {
        *lines.entry(marks[goroutine["pattern"].as_str().expect("a pattern")]).or_default() += 1;
    }
    lines
}

fn found(diagnosis: &Diagnosis) -> BTreeMap<u32, u64> {
    let mut lines = BTreeMap::new();
    for finding in &diagnosis.envelope.findings {
        *lines.entry(finding.at.line).or_default() += finding.count;
    }
    lines
}

fn says(diagnosis: &Diagnosis, words: &str) -> bool {
    diagnosis.envelope.notes.iter().any(|note| note.text.contains(words))
}

#[test]
fn all_that_is_lost_is_found_and_nothing_else() {
    let marks = marks();
    for minor in MINORS {
        let diagnosis = together(minor, "piling");
        let lost = lost(minor, "piling");
        assert!(lost.len() >= 9, "Go {minor}");
        assert_eq!(found(&diagnosis), lost, "Go {minor}: {:#?}", diagnosis.envelope.findings);
        assert!(diagnosis.envelope.candidates.is_empty(), "Go {minor}: {:#?}", diagnosis.envelope.candidates);
        for finding in &diagnosis.envelope.findings {
            let wanted = match finding.at.line {
                line if line == marks["LK003"] => Certainty::Proven,
                line if line == marks["LK011"] || minor == BLIND => Certainty::Suspected,
                _ => Certainty::Confirmed,
            };
            assert_eq!(finding.certainty, wanted, "Go {minor}: {finding:#?}");
            let started_by = finding.started_by.as_ref().expect("the place that starts them");
            assert!(started_by.line.abs_diff(finding.at.line) <= 4, "Go {minor}: {finding:#?}");
        }
    }
}

#[test]
fn connections_that_stay_and_waits_of_seconds_are_healthy() {
    for minor in MINORS {
        let diagnosis = together(minor, "steady");
        let envelope = &diagnosis.envelope;
        assert_eq!(envelope.verdict, Verdict::Healthy, "Go {minor}: {:#?}", envelope.candidates);
        assert!(envelope.hidden["goroutines_that_moved"] > 40, "Go {minor}: {:?}", envelope.hidden);
        assert!(alone(minor, "steady").envelope.findings.is_empty(), "Go {minor}");
    }
}

#[test]
fn every_goroutine_of_a_dump_inside_a_trace_is_joined() {
    let mut seen = 0;
    for minor in MINORS {
        for name in ["leaky", "clean", "piling", "steady", "flight", "short", "allocfree", "tiny", "cgo"] {
            if !file(minor, name, "trace.zst").exists() {
                continue;
            }
            let diagnosis = together(minor, name);
            let count = diagnosis.snapshot.goroutines;
            let joined = format!("{count} of the {count} goroutines of the dump stand in");
            assert!(says(&diagnosis, &joined), "Go {minor} {name}: {:#?}", diagnosis.envelope.notes);
            assert!(says(&diagnosis, "after whose beginning it was taken"), "Go {minor} {name}: {:#?}", diagnosis.envelope.notes);
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen} recordings");
}

/// Half a second shows who does not move, and not yet who never will.
#[test]
fn a_short_trace_leaves_only_those_that_did_not_move() {
    for minor in MINORS {
        let (leaky, clean) = (together(minor, "leaky"), together(minor, "clean"));
        let lines: BTreeSet<u32> = lost(minor, "leaky").into_keys().collect();
        let named = leaky.envelope.findings.iter().map(|finding| finding.at.line);
        let named: BTreeSet<u32> = named.chain(leaky.envelope.candidates.iter().map(|candidate| candidate.at.line)).collect();
        assert_eq!(named, lines, "Go {minor}");
        assert!(leaky.envelope.findings.iter().all(|finding| finding.certainty == Certainty::Proven), "Go {minor}");
        assert_eq!(clean.envelope.verdict, Verdict::Healthy, "Go {minor}: {:#?}", clean.envelope.candidates);
    }
}

#[test]
fn a_trace_alone_raises_suspicions_at_the_right_lines() {
    for minor in MINORS {
        let diagnosis = alone(minor, "piling");
        let lost = lost(minor, "piling");
        let found = found(&diagnosis);
        assert!(found.len() >= lost.len() - 1, "Go {minor}: {found:?} of {lost:?}");
        for (line, count) in found {
            assert!(lost.get(&line).is_some_and(|all| count <= *all), "Go {minor}: {count} at line {line}");
        }
        let unsure = |certainty| matches!(certainty, Certainty::Suspected | Certainty::Proven);
        assert!(diagnosis.envelope.findings.iter().all(|finding| unsure(finding.certainty)), "Go {minor}");
    }
}

#[test]
fn the_trace_of_another_process_is_told_and_left_out() {
    let diagnosis = asked(&[file("1.27", "piling", "dump.txt.zst"), file("1.27", "steady", "trace.zst")]);
    assert!(says(&diagnosis, "is of another process than the dump"), "{:#?}", diagnosis.envelope.notes);
    assert!(diagnosis.envelope.findings.iter().all(|finding| finding.certainty == Certainty::Proven));
}

#[test]
fn a_damaged_trace_confirms_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = std::fs::File::open(file("1.27", "piling", "trace.zst")).expect("the trace");
    let mut bytes = zstd::decode_all(whole).expect("unpacked");
    bytes.truncate(bytes.len() * 9 / 10);
    let cut = folder.path().join("cut.trace");
    std::fs::write(&cut, bytes).expect("written");
    let diagnosis = asked(&[file("1.27", "piling", "dump.txt.zst"), cut]);
    assert!(diagnosis.envelope.findings.iter().all(|finding| finding.certainty == Certainty::Proven));
    assert!(!diagnosis.envelope.notes.is_empty());
    assert!(diagnosis.envelope.open, "what is missing may be what was looked for");
}

#[test]
fn what_the_runtime_printed_is_judged_beside_a_dump() {
    let log = root().join("fixtures/runlog/go1.27");
    let storm = std::fs::read_dir(&log).expect("the logs").flatten().map(|entry| entry.path());
    let storm = storm.into_iter().find(|path| path.to_string_lossy().contains("storm")).expect("a log of a storm");
    let both = asked(&[file("1.27", "steady", "dump.txt.zst"), file("1.27", "steady", "trace.zst"), storm.clone()]);
    assert_eq!(both.envelope.verdict, Verdict::Findings);
    assert!(both.envelope.findings.iter().all(|finding| finding.id.0.starts_with("GC")), "{:#?}", both.envelope.findings);
    assert_eq!(both.envelope.targets.len(), 3, "{:#?}", both.envelope.targets);
    assert!(both.envelope.snapshot.is_some() && both.envelope.runlog.is_some());
    let alone = asked(&[storm]);
    assert_eq!(alone.envelope.verdict, Verdict::Findings);
    assert!(alone.envelope.snapshot.is_none() && alone.envelope.runlog.is_some());
}
