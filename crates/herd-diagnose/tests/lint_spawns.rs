//! The inventory of goroutines: every start of a program that has all kinds is judged as its line says.

use std::path::Path;

use herd_diagnose::lint::{Options, lint_with};
use herd_diagnose::lint_rules::Rules;
use herd_golang::load::Context;
use herd_model::Spawn;

/// `// start: RISK END JOINED; REASON +N, …`, by line.
fn wanted(source: &str) -> Vec<(u32, String)> {
    let lines = (1..).zip(source.lines());
    lines.filter_map(|(line, text)| Some((line, text.split_once("// start: ")?.1.to_owned()))).collect()
}

fn said(spawn: &Spawn) -> String {
    let head = format!("{} {} {}", spawn.risk.as_str(), spawn.end.as_str(), spawn.joined.as_str());
    let reasons: Vec<String> =
        spawn.reasons.iter().map(|reason| format!("{} {:+}", reason.kind.as_str(), reason.points)).collect();
    if reasons.is_empty() { head } else { format!("{head}; {}", reasons.join(", ")) }
}

#[test]
fn every_start_is_listed_with_its_risk_its_end_and_who_waits_for_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed").canonicalize().expect("the testbed");
    let (context, rules) = (Context::from_env(), Rules::every());
    let options = Options { context: &context, rules: &rules, unused: false, spawns: true, deadlines: false, version: "0.0.0" };
    let envelope = lint_with(&folder, &["./starts"], &options);
    let report = envelope.lint.expect("a report");
    let mut spawns = report.spawns.expect("a list");
    spawns.sort_by_key(|spawn| spawn.at.line);
    let said: Vec<(u32, String)> = spawns.iter().map(|spawn| (spawn.at.line, said(spawn))).collect();
    let source = std::fs::read_to_string(folder.join("starts/starts.go")).expect("the program");
    assert_eq!(said, wanted(&source));
    assert!(said.len() >= 25, "{}", said.len());
    for spawn in &spawns {
        assert_eq!(spawn.points, spawn.reasons.iter().map(|reason| reason.points).sum::<i32>(), "points add up");
    }
    let at = |line: &str| {
        let number = (1..).zip(source.lines()).find(|(_, text)| text.contains(line)).map(|(number, _)| number);
        spawns.iter().find(|spawn| Some(spawn.at.line) == number).expect(line)
    };
    let endless = at("go q.endless()");
    assert_eq!(endless.runs, "github.com/goherd/goherd/testbed/starts.(*queue).endless");
    assert_eq!(at("go func() { // start: low runs-out starter").captures, ["wg"]);
    assert_eq!(at("low runs-out nobody; per-request +1").recovers, Some(true));
    assert_eq!(at("no-recover +1").recovers, Some(false));
    assert_eq!(at("go handle(conn)").recovers, None);
    assert!(at("go q.until(ctx)").context && !endless.context);
}
