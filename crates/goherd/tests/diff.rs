//! `goherd diff` over recorded pairs: what passes, what fails and is named, what is refused.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

fn goherd(args: &[&str], targets: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.arg("diff").args(args).args(targets.iter().map(|name| fixture(name)));
    command.output().expect("goherd starts")
}

#[track_caller]
fn diff(before: &str, after: &str, code: i32) -> Value {
    let output = goherd(&["--format", "json"], &[before, after]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{before} {after}: {said}");
    let envelope: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    envelope["diff"].clone()
}

/// Names of functions that make it fail, with those that always stand in the same stacks.
fn culprits(diff: &Value) -> Vec<String> {
    let rows = diff["rows"].as_array().expect("rows").iter().filter(|row| row["culprit"] == true);
    let names = rows.flat_map(|row| std::iter::once(&row["function"]).chain(row["with"].as_array().into_iter().flatten()));
    names.map(|name| name.as_str().expect("a name").to_owned()).collect()
}

const KINDS: [&str; 6] = ["cpu", "heap", "allocs", "block", "mutex", "goroutine"];

#[test]
fn the_same_program_never_fails_at_another_load_or_under_other_names() {
    for other in ["again", "renamed"] {
        for kind in KINDS {
            let (before, after) = (format!("diff/before/{kind}.pb.gz"), format!("diff/{other}/{kind}.pb.gz"));
            let output = goherd(&["--format", "json"], &[&before, &after]);
            assert_ne!(output.status.code(), Some(1), "{other} {kind}: {}", String::from_utf8_lossy(&output.stdout));
        }
    }
    let renamed = diff("diff/before/cpu.pb.gz", "diff/renamed/cpu.pb.gz", 0);
    let names: Vec<_> = renamed["renames"].as_array().expect("renames").iter().map(|one| one["after"].as_str()).collect();
    assert!(names.contains(&Some("main.decodeBody")), "{names:?}");
}

#[test]
fn what_got_worse_fails_and_is_named() {
    for (after, kind, named) in [
        ("hot", "cpu", "main.audit"),
        ("renamed-slower", "cpu", "main.checksum"),
        ("leak", "goroutine", "main.(*service).wait"),
        ("resident", "heap", "main.(*sessions).add"),
    ] {
        let diff = diff(&format!("diff/before/{kind}.pb.gz"), &format!("diff/{after}/{kind}.pb.gz"), 1);
        assert!(culprits(&diff).iter().any(|name| name == named), "{after}: {:?}", culprits(&diff));
    }
}

#[test]
fn too_few_samples_are_no_pass() {
    let diff = diff("diff/before/cpu.pb.gz", "diff/short/cpu.pb.gz", 4);
    assert_eq!(diff["doubts"][0], "few_samples");
}

#[test]
fn improvements_pass() {
    for (kind, worse) in [("cpu", "hot"), ("goroutine", "leak"), ("heap", "resident")] {
        let diff = diff(&format!("diff/{worse}/{kind}.pb.gz"), &format!("diff/before/{kind}.pb.gz"), 0);
        assert_eq!(diff["verdict"], "pass");
    }
}

#[test]
fn goroutines_of_a_dump_and_of_a_profile_are_compared() {
    let kernel = "../crates/herd-patterns/src/patterns/leak_send_no_receiver/fixtures/";
    let (dump, profile) = (format!("{kernel}bad.go1.26.debug2.txt.zst"), format!("{kernel}bad.go1.26.debug0.pb.zst"));
    let output = goherd(&["--format", "json"], &[&dump, &profile]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn several_profiles_a_side() {
    let (before, again) = (fixture("diff/before/cpu.pb.gz"), fixture("diff/again/cpu.pb.gz"));
    let hot = fixture("diff/hot/cpu.pb.gz");
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.args(["diff", "--format", "json", "--before"]).args([&before, &again]).arg("--after").args([&hot, &hot]);
    let output = command.output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(1));
    let envelope: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&envelope["diff"]["before"]["runs"], &envelope["diff"]["after"]["runs"]), (&2.into(), &2.into()));
}

#[test]
fn the_textbook_thresholds_fail_the_program_against_itself() {
    let output = goherd(&["--thresholds", "--format", "json"], &["diff/before/block.pb.gz", "diff/again/block.pb.gz"]);
    let envelope: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((output.status.code(), &envelope["diff"]["rule"]), (Some(1), &"thresholds".into()));
}

#[track_caller]
fn trace_diff(before: &[&str], after: &[&str], code: i32) -> Value {
    let path = |name: &&str| fixture(&format!("diff/traces/{name}.trace.zst"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.args(["diff", "--format", "json", "--before"]).args(before.iter().map(path));
    let output = command.arg("--after").args(after.iter().map(path)).output().expect("goherd starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{before:?} {after:?}: {said}{}", String::from_utf8_lossy(&output.stdout));
    let envelope: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    envelope["trace_diff"].clone()
}

/// The first thing that makes it fail, as what it is of, its name and the function it is in.
fn first_culprit(diff: &Value) -> (&str, &str, &str) {
    let row = &diff["rows"][0];
    assert_eq!(row["culprit"], true, "{row}");
    let text = |value: &'_ Value| -> &'static str { value.as_str().unwrap_or_default().to_owned().leak() };
    (text(&row["what"]), text(&row["name"]), text(&row["at"]["func"]))
}

#[test]
fn traces_of_the_same_program_pass_at_another_load_and_under_other_names() {
    let same = ["before", "again", "again-2", "renamed"];
    for before in same {
        for after in same.iter().filter(|after| **after != before) {
            let diff = trace_diff(&[before], &[after], 0);
            assert_eq!(diff["verdict"], "pass");
        }
    }
}

#[test]
fn a_trace_in_which_something_takes_longer_waits_anew_or_is_left_fails_and_names_the_place() {
    let lock = ("wait", "sync.(*Mutex).Lock", "main.(*store).put");
    for (after, expect) in [
        ("held", lock),
        ("held-2", lock),
        ("pause", ("event", "sleep", "main.throttle")),
        ("leak", ("left", "chan receive", "main.(*service).wait")),
    ] {
        assert_eq!(first_culprit(&trace_diff(&["before"], &[after], 1)), expect);
        trace_diff(&[after], &["before"], 0);
    }
    let several = trace_diff(&["before", "again", "again-2"], &["held", "held-2"], 1);
    assert_eq!(first_culprit(&several), lock);
    assert_eq!((&several["before"]["runs"], &several["after"]["runs"]), (&3.into(), &2.into()));
    let one = trace_diff(&["before"], &["held"], 1);
    let detectable = |diff: &Value| diff["detectable"].as_f64().expect("a ratio");
    assert!(detectable(&several) < detectable(&one), "{several}");
}

#[test]
fn traces_that_cannot_tell_are_inconclusive() {
    assert_eq!(trace_diff(&["before"], &["short"], 4)["doubts"][0], "few_waits");
    // More to do and more computed for it: queues may be all there is to it.
    let doubts = trace_diff(&["before"], &["loaded"], 4)["doubts"].clone();
    let known = ["loads_differ", "more_computing"];
    assert!(known.iter().any(|known| doubts[0] == **known), "{doubts}");
}

#[test]
fn traces_are_compared_with_traces_in_every_format() {
    let (before, held) = ("diff/traces/before.trace.zst", "diff/traces/held.trace.zst");
    for format in ["text", "concise", "markdown", "github", "junit", "html", "json"] {
        for lang in ["en", "zh-CN"] {
            let output = goherd(&["--format", format, "--lang", lang, "--redact"], &[before, held]);
            let text = String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(1), "{format}");
            assert!(text.contains("store).put") && !text.contains("held.trace"), "{format} {lang}: {text}");
            assert!(!text.contains("\"request\""), "{format}: the type of a task is the program's own text");
        }
    }
    let refused = |args: &[&str], targets: &[&str], code| {
        let output = goherd(args, targets);
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
    };
    refused(&["--thresholds"], &[before, held], 2);
    refused(&[], &[before, "diff/before/cpu.pb.gz"], 3);
}

#[test]
fn what_cannot_be_compared_is_refused() {
    for (args, targets, code, why) in [
        (&[][..], &["diff/before/cpu.pb.gz", "diff/before/heap.pb.gz"][..], 2, "is a heap profile"),
        (&["--measure", "alloc_space"], &["diff/before/cpu.pb.gz", "diff/again/cpu.pb.gz"], 2, "does not count alloc_space"),
        (&[], &["diff/before/cpu.pb.gz", "diff/README.md"], 3, ""),
        (&[], &["diff/before/cpu.pb.gz", "diff/none.pb.gz"], 3, "none.pb.gz"),
        (&[], &["diff/before/cpu.pb.gz"], 2, ""),
    ] {
        let output = goherd(args, targets);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{targets:?}: {said}");
        assert!(said.contains(why) && !said.is_empty(), "{targets:?}: {said}");
    }
}

#[test]
fn every_format_tells_it_in_both_languages() {
    for format in ["text", "concise", "markdown", "github", "junit", "html", "json"] {
        for lang in ["en", "zh-CN"] {
            let output =
                goherd(&["--format", format, "--lang", lang, "--redact"], &["diff/before/cpu.pb.gz", "diff/hot/cpu.pb.gz"]);
            let text = String::from_utf8_lossy(&output.stdout);
            assert_eq!(output.status.code(), Some(1), "{format}");
            assert!(text.contains("main.audit") && !text.contains("fixtures/diff"), "{format} {lang}: {text}");
        }
    }
}
