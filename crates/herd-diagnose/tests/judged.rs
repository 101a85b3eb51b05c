//! Findings in real modules against what careful readers said of them: nothing that was judged true gets lost, nothing unjudged comes by.
//!
//! `judged/ID.tsv` holds the first reader's verdicts, `judged/second/sample.tsv` those of a second one who did not know them: module and version,
//! file and line, rule, `true` or `false`, the reason. They cover more modules than are linted here, and findings that are not said any more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use herd_diagnose::lint::lint;
use herd_golang::load::{Context, Tests};
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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/judged").canonicalize().expect("the module");
    let fetched = Command::new("go").args(["mod", "download"]).current_dir(&root).status().expect("go runs");
    assert!(fetched.success(), "go mod download: {fetched}");
    let patterns: Vec<String> = MODULES.iter().map(|module| format!("{module}/...")).collect();
    let patterns: Vec<&str> = patterns.iter().map(String::as_str).collect();
    let context = Context { tests: Tests::Named, ..Context::from_env() };
    let envelope = lint(&root, &patterns, &context, "0.0.0");
    let said: BTreeSet<Key> = envelope
        .findings
        .iter()
        .filter(|finding| is_default(&finding.id.0))
        .map(|finding| {
            let (module, file) = split(&finding.at.file);
            (module, format!("{file}:{}", finding.at.line), finding.id.0.to_string())
        })
        .collect();
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
