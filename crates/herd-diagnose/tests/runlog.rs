//! Every scenario of `testbed/runtime-logs`, as recorded on three releases of Go, judged as its source says it must be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use herd_diagnose::runlog;
use herd_model::{Envelope, RunlogProcess, RunlogSaid, Target as Looked, TargetKind, Verdict};
use herd_sources::{CancelFlag, Options, Target, runtime_log};

const MINORS: [&str; 3] = ["1.22", "1.25", "1.27"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What the source of a scenario says.
struct Expected {
    name: String,
    /// `GC001`, `candidate GC003`, `seen gogc-tiny`.
    wanted: BTreeSet<String>,
    /// Of the collector and of the scheduler.
    answers: [String; 2],
}

fn scenarios() -> Vec<Expected> {
    let folder = std::fs::read_dir(root().join("testbed/runtime-logs")).expect("the scenarios");
    let mut all: Vec<Expected> = folder.flatten().filter_map(|entry| expected(&entry.path())).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all
}

fn expected(path: &Path) -> Option<Expected> {
    let name = path.file_name()?.to_str()?.strip_suffix(".go")?.replace('_', "-");
    let text = std::fs::read_to_string(path).expect("a source");
    let after = |mark: &str| text.lines().find_map(|line| line.strip_prefix(mark));
    let words: Vec<&str> = after("// expect ")?.split_whitespace().collect();
    let mut wanted = BTreeSet::new();
    let mut at = 0;
    while at < words.len() {
        let two = matches!(words[at], "candidate" | "seen");
        let len = if two { 2 } else { 1 };
        wanted.insert(words[at..at + len].join(" "));
        at += len;
    }
    wanted.remove("nothing");
    let answers: Vec<&str> = after("// answers ").expect("answers").split_whitespace().collect();
    Some(Expected { name, wanted, answers: [answers[0].to_owned(), answers[1].to_owned()] })
}

fn judged(path: &Path) -> Envelope {
    let target = Target::parse(path.to_str().expect("a path")).expect("a target");
    let read = runtime_log(&target, &Options::default(), &CancelFlag::new(), &mut |_| {}).expect("it is read");
    let mut envelope = Envelope::new("runlog", "0");
    runlog(&read.logs, &looked(read.logs.bytes), &mut envelope);
    envelope
}

fn looked(bytes: u64) -> Looked {
    let name = "runtime.log".into();
    Looked { kind: TargetKind::File, name, go_version: None, witnesses: Vec::new(), bytes, looked_s: None, cost: None }
}

fn process(envelope: &Envelope) -> &RunlogProcess {
    let report = envelope.runlog.as_ref().expect("a report");
    assert_eq!(report.processes.len(), 1);
    &report.processes[0]
}

/// What was told, in the words of the sources. That the machine was busy while recording is nobody's fault.
fn told(envelope: &Envelope) -> BTreeSet<String> {
    let findings = envelope.findings.iter().map(|finding| finding.id.to_string());
    let candidates = envelope.candidates.iter().map(|candidate| format!("candidate {}", candidate.id));
    let seen = process(envelope).observations.iter().map(|seen| seen.as_str());
    let seen = seen.filter(|seen| !matches!(*seen, "pauses-stretched" | "no-collections")).map(|seen| format!("seen {seen}"));
    findings.chain(candidates).chain(seen).collect()
}

#[test]
fn every_scenario_is_judged_as_it_must_be() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 25, "{}", scenarios.len());
    let mut wrong = Vec::new();
    for scenario in &scenarios {
        for minor in MINORS {
            let path = root().join(format!("fixtures/runlog/go{minor}/{}.txt.zst", scenario.name));
            if !path.is_file() {
                wrong.push(format!("{} go{minor}: not recorded", scenario.name));
                continue;
            }
            let envelope = judged(&path);
            let told = told(&envelope);
            if told != scenario.wanted {
                let facts = &process(&envelope).facts;
                wrong.push(format!("{} go{minor}: {told:?}, not {:?}\n    {facts:?}", scenario.name, scenario.wanted));
            }
            let said: Vec<&str> = process(&envelope).answers.iter().map(|answer| answer.said.as_str()).collect();
            if said != [scenario.answers[0].as_str(), &scenario.answers[1], RunlogSaid::Undecidable.as_str()] {
                wrong.push(format!("{} go{minor}: says {said:?}", scenario.name));
            }
            let verdict = if envelope.findings.is_empty() { Verdict::Undecidable } else { Verdict::Findings };
            assert_eq!(envelope.verdict, verdict, "{} go{minor}", scenario.name);
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// Patterns that may show beside the kernel's own, with the reason.
const OVERLAPS: &[(&str, &str)] = &[
    // Goroutines that make garbage that fast are made to help.
    ("gc_allocation_storm", "GC004"),
    // Helping is what goroutines that allocate fast over a large heap do.
    ("gc_assist_dominated", "GC001"),
    // Large objects and emptied pools are garbage, too.
    ("gc_large_objects", "GC001"),
    ("gc_large_objects", "GC004"),
    ("gc_pool_misuse", "GC001"),
    ("gc_pool_misuse", "GC004"),
];

#[test]
fn every_kernel_is_named_from_its_log_and_its_cured_twin_is_silent() {
    let folder = root().join("crates/herd-patterns/src/patterns");
    let mut wrong = Vec::new();
    let mut kernels = 0;
    for pattern in herd_patterns::CATALOGUE {
        for minor in MINORS {
            let fixtures = folder.join(pattern.slug).join("fixtures");
            let (bad, fixed) = (
                fixtures.join(format!("bad.go{minor}.runlog.txt.zst")),
                fixtures.join(format!("fixed.go{minor}.runlog.txt.zst")),
            );
            if !bad.is_file() || !fixed.is_file() {
                assert!(pattern.runlog.is_none(), "{} go{minor} is not recorded", pattern.slug);
                continue;
            }
            kernels += 1;
            let ids = |path: &Path| -> BTreeSet<String> {
                told(&judged(path))
                    .iter()
                    .filter(|told| !told.starts_with("seen "))
                    .map(|told| told.replace("candidate ", ""))
                    .collect()
            };
            let (seen, cured) = (ids(&bad), ids(&fixed));
            let facts = |path: &Path| process(&judged(path)).facts.clone();
            if pattern.runlog.is_some() && !seen.contains(pattern.id) {
                wrong.push(format!("{} go{minor}: {seen:?}\n    {:?}", pattern.slug, facts(&bad)));
            }
            let other = |id: &&String| **id != pattern.id && !OVERLAPS.contains(&(pattern.slug, id.as_str()));
            if let Some(id) = seen.iter().find(other) {
                wrong.push(format!("{} go{minor}: {id}, too\n    {:?}", pattern.slug, facts(&bad)));
            }
            if !cured.is_empty() {
                wrong.push(format!("{} go{minor}, cured: {cured:?}\n    {:?}", pattern.slug, facts(&fixed)));
            }
        }
    }
    assert!(kernels >= 21, "{kernels}");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_healthy_log_that_is_cut_anywhere_is_not_convicted() {
    for scenario in scenarios().iter().filter(|scenario| scenario.wanted.is_empty()) {
        for minor in MINORS {
            let path = root().join(format!("fixtures/runlog/go{minor}/{}.txt.zst", scenario.name));
            let text = zstd::decode_all(std::fs::File::open(&path).expect("a recording")).expect("zstd");
            for tenth in 1..10 {
                // A log that begins or ends in the middle.
                for piece in [&text[..text.len() * tenth / 10], &text[text.len() * tenth / 10..]] {
                    let logs = herd_formats::runlog::parse(piece);
                    let mut envelope = Envelope::new("runlog", "0");
                    runlog(&logs, &looked(logs.bytes), &mut envelope);
                    let found: Vec<&str> = envelope.findings.iter().map(|finding| finding.id.0.as_ref()).collect();
                    assert!(found.is_empty(), "{} go{minor}, {tenth} tenths: {found:?}", scenario.name);
                }
            }
        }
    }
}
