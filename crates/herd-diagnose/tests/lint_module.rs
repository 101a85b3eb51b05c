//! The linter on programs that use goherd's own Go module: faults with its locks and groups are told at their lines, cured twins are not,
//! starts through its Runner and pool are of low risk.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use herd_diagnose::lint::{Options, lint_with};
use herd_diagnose::lint_rules::Rules;
use herd_golang::load::Context;
use herd_model::{Envelope, SpawnKind, SpawnReasonKind, SpawnRisk};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/module-lint").canonicalize().expect("the program")
}

fn linted(folder: &Path, pattern: &str, spawns: bool) -> Envelope {
    let (context, rules) = (Context::from_env(), Rules::every());
    let options = Options { context: &context, rules: &rules, unused: false, spawns, deadlines: false, version: "0.0.0" };
    lint_with(folder, &[pattern], &options)
}

/// Lines that end with a mark, and what it says.
fn marked(file: &str, mark: &str) -> BTreeSet<(u32, String)> {
    let source = std::fs::read_to_string(folder().join(file)).expect("its source");
    let lines = (1..).zip(source.lines());
    lines.filter_map(|(line, text)| Some((line, text.split_once(mark)?.1.to_owned()))).collect()
}

fn said(envelope: &Envelope) -> BTreeSet<(u32, String)> {
    envelope.findings.iter().map(|finding| (finding.at.line, finding.id.0.to_string())).collect()
}

#[test]
fn the_modules_locks_and_groups_are_known() {
    let bad = linted(&folder(), "./bad", false);
    assert!(bad.lint.as_ref().is_some_and(|report| report.modules_missing == 0), "the module is read");
    let (said, wanted) = (said(&bad), marked("bad/bad.go", "// want "));
    assert_eq!(said, wanted);
    let cured = linted(&folder(), "./cured", false);
    assert!(cured.findings.is_empty(), "{:#?}", cured.findings);
}

#[test]
fn a_cure_by_the_module_is_one_more_way_where_it_is_required() {
    let steps = |envelope: &Envelope, id: &str| -> Vec<String> {
        let of = envelope.findings.iter().filter(|finding| finding.id.0 == id);
        of.flat_map(|finding| finding.next.clone()).collect()
    };
    let bad = linted(&folder(), "./bad", false);
    assert!(steps(&bad, "LO005").iter().any(|step| step.starts_with("or start it with Go of a runner.Runner")));
    assert!(steps(&bad, "DL001").iter().all(|step| !step.contains("runner.Runner")));
    let without = folder().join("../lint-kernels");
    let other = linted(&without, "./...", false);
    assert!(other.findings.len() > 50);
    assert!(other.findings.iter().flat_map(|finding| &finding.next).all(|step| !step.contains("runner.Runner")));
}

#[test]
fn starts_by_the_module_are_of_low_risk() {
    let report = linted(&folder(), "./cured", true).lint.expect("a report");
    let spawns = report.spawns.expect("a list");
    for (line, risk) in marked("cured/cured.go", "// start: ") {
        let spawn = spawns.iter().find(|spawn| spawn.at.line == line);
        let spawn = spawn.unwrap_or_else(|| panic!("no start at line {line}"));
        assert_eq!(spawn.risk.as_str(), risk, "line {line}: {spawn:#?}");
        if spawn.by == SpawnKind::Runner {
            assert!(spawn.reasons.iter().any(|reason| reason.kind == SpawnReasonKind::Owned), "{spawn:#?}");
            assert!(spawn.reasons.iter().any(|reason| reason.kind == SpawnReasonKind::Joined), "{spawn:#?}");
        }
        if matches!(spawn.by, SpawnKind::Runner | SpawnKind::Pool) {
            assert_eq!(spawn.recovers, Some(true));
        }
    }
    let of = |kind| spawns.iter().filter(|spawn| spawn.by == kind).count();
    assert_eq!((of(SpawnKind::Runner), of(SpawnKind::Pool), of(SpawnKind::Handler)), (3, 2, 1));
    assert!(spawns.iter().all(|spawn| spawn.risk < SpawnRisk::High));
}
