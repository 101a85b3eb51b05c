//! Deadline chains of a small shop against the marks in its source, and of the kernels for deadlines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use herd_diagnose::lint::{Options, lint, lint_with};
use herd_diagnose::lint_rules::Rules;
use herd_golang::load::Context;
use herd_model::{DeadlineChain, Envelope};

/// The chains of packages, and what concerns them.
fn deadlines(folder: &Path, patterns: &[&str], context: &Context, version: &str) -> Envelope {
    let options = Options { context, rules: &Rules::every(), unused: false, spawns: false, deadlines: true, version };
    lint_with(folder, patterns, &options)
}

/// A chain as marks say it: the file and line of its last call, what that asks, the function it starts in, what becomes of the time.
type Said = (String, u32, String);

fn testbed(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed").join(folder).canonicalize().expect("a folder of the testbed")
}

fn drawn(folder: &Path, patterns: &[&str]) -> Envelope {
    deadlines(folder, patterns, &Context::from_env(), "0.0.0")
}

fn said(chain: &DeadlineChain) -> Said {
    let word = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let last = chain.hops.last().expect("a chain has a call");
    let entry = chain.at.func.rsplit('.').next().expect("a name");
    let states: Vec<String> = chain.hops.iter().map(|hop| word(&hop.deadline)).collect();
    (last.at.file.clone(), last.at.line, format!("{} {entry}: {}", word(&chain.sink), states.join(" ")))
}

fn marks(root: &Path, folder: &Path, found: &mut BTreeSet<Said>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            marks(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "go") {
            let file = path.strip_prefix(root).expect("below the root").display().to_string();
            let text = std::fs::read_to_string(&path).expect("a file");
            for (line, text) in (1..).zip(text.lines()) {
                let Some((code, comment)) = text.split_once("// ") else { continue };
                let marks = comment.split("; ").filter_map(|mark| mark.strip_prefix("sink ")).filter(|_| !code.trim().is_empty());
                found.extend(marks.map(|mark| (file.clone(), line, mark.to_owned())));
            }
        }
    }
}

#[test]
fn every_way_from_an_entry_to_an_exit_is_drawn_with_what_becomes_of_its_time() {
    let root = testbed("deadline-chains");
    let envelope = drawn(&root, &["./..."]);
    let report = envelope.lint.as_ref().expect("a report");
    assert_eq!((report.unknown, report.damaged, report.modules_missing), (0, 0, 0), "all of it can be read");
    let mut wanted = BTreeSet::new();
    marks(&root, &root, &mut wanted);
    assert_eq!(wanted.len(), 7, "one mark a chain");
    let found: BTreeSet<Said> = report.chains.iter().map(said).collect();
    assert_eq!(found, wanted);
    let given = report.chains.iter().flat_map(|chain| &chain.hops).find(|hop| hop.limit_ms == Some(50));
    assert!(given.is_some_and(|hop| hop.since.as_ref().is_some_and(|since| since.file == "main.go")), "{given:?}");
}

#[test]
fn kernels_lose_their_deadline_where_they_say_and_twins_keep_it() {
    let root = testbed("lint-kernels");
    let envelope = drawn(&root, &["./timeout/...", "./across/context-dropped/..."]);
    let report = envelope.lint.as_ref().expect("a report");
    let lost = |chain: &DeadlineChain| said(chain).2.contains("lost");
    let of = |folder: &str| -> Vec<&DeadlineChain> {
        report.chains.iter().filter(|chain| chain.at.file.starts_with(folder)).collect()
    };
    for kernel in ["timeout/lost-between-hops", "across/context-dropped"] {
        let (twin, own): (Vec<_>, Vec<_>) = of(kernel).into_iter().partition(|chain| chain.at.file.contains("/fixed/"));
        assert!(!own.is_empty() && own.into_iter().all(lost), "{kernel}");
        assert!(!twin.is_empty() && !twin.into_iter().any(lost), "{kernel}");
    }
}

#[test]
fn findings_alone_draw_no_chains() {
    let envelope = lint(&testbed("deadline-chains"), &["./..."], &Context::from_env(), "0.0.0");
    assert_eq!(envelope.lint.map(|report| report.chains), Some(Vec::new()));
}
