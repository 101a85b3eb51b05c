//! Findings in real modules against what careful readers said of them: nothing that was judged true gets lost, nothing unjudged comes by.
//!
//! What go vet and staticcheck say is compared as well.
//!
//! `judged/ID.tsv` holds the first reader's verdicts, `judged/second/sample.tsv` those of a second one who did not know them: module and version,
//! file and line, rule, `true` or `false`, the reason. They cover more modules than are linted here, and findings that are not said any more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use herd_diagnose::lint::lint;
use herd_golang::load::{Context, Tests};
use herd_model::{Envelope, Finding};
use herd_patterns::Status;

/// What is linted here, of the modules that were judged.
const MODULES: [&str; 6] = [
    "github.com/IBM/sarama",
    "github.com/dgraph-io/badger/v4",
    "github.com/gin-gonic/gin",
    "github.com/hashicorp/raft",
    "github.com/nats-io/nats-server/v2",
    "gorm.io/gorm",
];

/// Module and version, file and line, rule.
type Key = (String, String, String);

/// A reader's verdicts.
type Verdicts = BTreeMap<Key, bool>;

#[test]
fn real_modules_are_told_what_two_readers_found_true() {
    let (first, second) = (read("judged"), read("judged/second"));
    let envelope = modules();
    let said: BTreeSet<Key> = envelope.findings.iter().filter(|finding| is_default(&finding.id.0)).map(key).collect();
    let unjudged: Vec<&Key> = said.iter().filter(|key| !first.contains_key(*key)).collect();
    assert_eq!(unjudged, Vec::<&Key>::new(), "judge these, and note the verdicts in judged/");
    let lost: Vec<&Key> = first
        .iter()
        .filter(|(key, is_true)| **is_true && second.get(*key) == Some(&true) && is_default(&key.2))
        .map(|(key, _)| key)
        .filter(|key| MODULES.iter().any(|module| key.0.split_once('@').is_some_and(|(name, _)| name == *module)))
        .filter(|key| !said.contains(*key))
        .collect();
    assert_eq!(lost, Vec::<&Key>::new(), "both readers found these true, and they were said");
    let wrong = said.iter().filter(|key| first.get(*key) == Some(&false) || second.get(*key) == Some(&false)).count();
    assert!(wrong * 10 <= said.len(), "{wrong} of {} are false", said.len());
    assert!(said.len() >= 30, "{} said", said.len());
}

/// The folder of the linter's kernels and cases, the modules they need being there.
fn fetched(folder: &str) -> PathBuf {
    let root =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed").join(folder).canonicalize().expect("a folder of the testbed");
    let status = Command::new("go").args(["mod", "download"]).current_dir(&root).status().expect("go runs");
    assert!(status.success(), "go mod download: {status}");
    root
}

fn with_tests(root: &Path, patterns: &[&str]) -> Envelope {
    lint(root, patterns, &Context { tests: Tests::Named, ..Context::from_env() }, "0.0.0")
}

/// What is said of the modules, by all rules.
fn modules() -> &'static Envelope {
    static SAID: OnceLock<Envelope> = OnceLock::new();
    SAID.get_or_init(|| {
        let patterns: Vec<String> = MODULES.iter().map(|module| format!("{module}/...")).collect();
        with_tests(&fetched("judged"), &patterns.iter().map(String::as_str).collect::<Vec<_>>())
    })
}

/// Lines that findings stand on or show, by the file's name and with their rules.
fn shown(envelope: &Envelope) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for finding in &envelope.findings {
        for place in finding.evidence.iter().filter_map(|fact| fact.place.as_ref()).chain([&finding.at]) {
            found.insert((format!("{}:{}", place.file, place.line), finding.id.0.to_string()));
        }
    }
    found
}

/// What go vet and staticcheck report of the cases in `peers/`, and go vet of the real modules (`judged/vet`, recorded with Go 1.26.8), is
/// nearly all said by goherd as well. What it does not repeat is listed with reasons in `peers.rs` and `lint_channels.rs`.
#[test]
fn reports_of_peers_are_repeated() {
    let rules = |check: &str| -> &[&str] {
        match check {
            "lostcancel" => &["CX002"],
            "copylocks" => &["LO001"],
            "testinggoroutine" | "SA2002" => &["LO006"],
            "waitgroup" | "SA2000" => &["LO005"],
            "SA2001" => &["LO007"],
            "SA2003" => &["DL001", "DL006"],
            other => panic!("{other} is no check that is compared"),
        }
    };
    let cases = fetched("lint-kernels");
    let said = shown(&with_tests(&cases, &["./peers/..."]));
    let text = std::fs::read_to_string(cases.join("peers/answers.json")).expect("what they said");
    let record: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut repeated: Vec<bool> = Vec::new();
    for answer in record["answers"].as_array().expect("answers") {
        let check = answer["check"].as_str().expect("a check");
        let place = format!("peers/{}:{}", answer["file"].as_str().expect("a file"), answer["line"]);
        repeated.push(rules(check).iter().any(|id| said.contains(&(place.clone(), (*id).to_owned()))));
    }
    let said: BTreeSet<Key> = modules().findings.iter().map(key).collect();
    let reports =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judged/vet/reports.tsv")).expect("reports");
    for line in reports.lines().skip(1) {
        let [module, place, check] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("three columns: {line}") };
        let is_said = |id: &&str| said.contains(&(module.to_owned(), place.to_owned(), (*id).to_owned()));
        repeated.push(rules(check).iter().any(is_said));
    }
    let same = repeated.iter().filter(|same| **same).count();
    assert!(repeated.len() >= 150, "{} reports", repeated.len());
    assert!(same * 100 >= repeated.len() * 95, "{same} of {} reports", repeated.len());
}

/// Of the findings that both readers judged, under rules that speak by default, most are true.
#[test]
fn two_readers_agree_that_rules_are_right() {
    let (first, second) = (read("judged"), read("judged/second"));
    let both: Vec<bool> = second
        .iter()
        .filter(|(key, _)| is_default(&key.2))
        .filter_map(|(key, is_true)| first.get(key).map(|first| *first && *is_true))
        .collect();
    assert!(both.len() >= 150, "{} judged by both", both.len());
    let right = both.iter().filter(|is_true| **is_true).count();
    assert!(right * 10 >= both.len() * 9, "{right} of {}", both.len());
}

fn is_default(id: &str) -> bool {
    herd_patterns::by_id(id).is_some_and(|pattern| pattern.source_status == Status::Stable)
}

/// The verdicts in the tables of a folder.
fn read(folder: &str) -> Verdicts {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let mut found = Verdicts::new();
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a table");
        for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.starts_with("module@version")) {
            let at = format!("{}:{number}", path.display());
            let [module, place, id, verdict, reason] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{at}: five columns are expected");
            };
            assert!(module.contains('@') && place.contains(':'), "{at}: module@version and file:line are expected");
            assert!(herd_patterns::by_id(id).is_some(), "{at}: there is no rule {id}");
            assert!(matches!(verdict, "true" | "false"), "{at}: true or false is expected");
            assert!(reason.len() > 10, "{at}: the reason is missing");
            let key = (module.to_owned(), place.to_owned(), id.to_owned());
            assert!(found.insert(key, verdict == "true").is_none(), "{at}: judged twice");
        }
    }
    found
}

fn key(finding: &Finding) -> Key {
    let (module, file) = split(&finding.at.file);
    (module, format!("{file}:{}", finding.at.line), finding.id.0.to_string())
}

/// A file of the module cache: the module with its version, and the path within it. The cache writes capital letters as `!` and a small one.
fn split(file: &str) -> (String, String) {
    let mut plain = String::new();
    let mut capital = false;
    for letter in file.chars() {
        match letter {
            '!' => capital = true,
            letter if capital => {
                plain.extend(letter.to_uppercase());
                capital = false;
            }
            letter => plain.push(letter),
        }
    }
    let within = plain.split_once("/mod/").map_or(&*plain, |(_, within)| within);
    let at = within.find('@').expect("a file of a module");
    let end = within[at..].find('/').map_or(within.len(), |slash| at + slash);
    (within[..end].to_owned(), within[end..].trim_start_matches('/').to_owned())
}
