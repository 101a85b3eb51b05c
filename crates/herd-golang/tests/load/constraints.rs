//! Build constraints: every generated line and file head against go/build/constraint and go/build.

use std::fmt::Write as _;

use herd_golang::load::constraint::{Value as Verdict, expression, old_expression};
use herd_golang::load::{Context, program};
use serde_json::{Value, json};

use crate::oracle::{Dice, ask};

const TAGS: &[&str] = &[
    "linux", "windows", "unix", "cgo", "amd64", "386", "go1", "go1.1", "go1.21", "go1.26", "go1.99", "go1.021", "xgo1.7", "a",
    "b_c", "x.y", "ignore", "é", "٣", "go1.x",
];
const SIGNS: &[&str] = &["&&", "||", "!", "(", ")", "&", "|", " ", "\t", "!!", ",", "-", "\u{a0}", ""];

/// An expression that is mostly right.
fn grow(dice: &mut Dice, depth: usize) -> String {
    match dice.below(if depth == 0 { 1 } else { 6 }) {
        0 | 1 => dice.pick(TAGS).to_owned(),
        2 => format!("!{}", grow(dice, 0)),
        3 => format!("{} && {}", grow(dice, depth - 1), grow(dice, depth - 1)),
        4 => format!("{}||{}", grow(dice, depth - 1), grow(dice, depth - 1)),
        _ => format!("({})", grow(dice, depth - 1)),
    }
}

/// Text that is mostly wrong.
fn scatter(dice: &mut Dice) -> String {
    (0..dice.below(9)).fold(String::new(), |text, _| text + if dice.below(2) == 0 { dice.pick(TAGS) } else { dice.pick(SIGNS) })
}

fn version(verdict: Verdict) -> String {
    match verdict.go {
        None => String::new(),
        Some(0) => "go1".to_owned(),
        Some(minor) => format!("go1.{minor}"),
    }
}

#[test]
fn lines_as_go_reads_them() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut asked: Vec<(String, bool, Vec<&str>)> = Vec::new();
    for at in 0..20_000 {
        let tags: Vec<&str> = TAGS.iter().copied().filter(|_| dice.below(2) == 0).collect();
        let text = if at % 3 == 0 { scatter(&mut dice) } else { grow(&mut dice, 5) };
        asked.push((text, at % 5 == 4, tags));
    }
    for text in [
        "a",
        "a &&",
        "(".repeat(2000).as_str(),
        &"a && ".repeat(1500),
        &vec!["a"; 999].join("||"),
        &vec!["a"; 1000].join(" && "),
        &vec!["a"; 1001].join(" && "),
    ] {
        asked.push((text.to_owned(), false, vec!["a"]));
    }
    for count in [100, 101, 102, 103] {
        asked.push((vec!["a"; count].join(" "), true, vec![]));
    }
    let line = |text: &str, old: bool| format!("{} {text}", if old { "// +build" } else { "//go:build" });
    let questions: Vec<Value> =
        asked.iter().map(|(text, old, tags)| json!({"kind": "line", "text": line(text, *old), "tags": tags})).collect();
    let mut errors = 0;
    for ((text, old, tags), answer) in asked.iter().zip(ask(&questions, &[])) {
        let holds = |tag: &str| tags.contains(&tag);
        let error = answer["error"].as_str().unwrap_or_default();
        let expected = (answer["holds"] == Value::Bool(true), answer["go"].as_str().unwrap_or_default().to_owned());
        if *old {
            let mine = old_expression(text.trim(), &holds);
            assert_eq!(mine.is_none(), !error.is_empty(), "{text:?}: {error}");
            if let Some(mine) = mine {
                assert_eq!((mine.holds, version(mine)), expected, "{text:?}");
            }
            continue;
        }
        match expression(text.trim(), &holds) {
            Ok(mine) => assert_eq!((mine.holds, version(mine), ""), (expected.0, expected.1, error), "{text:?}"),
            Err(mine) => {
                errors += 1;
                assert_eq!((&*mine.text, mine.offset), (error, answer["offset"].as_u64().unwrap_or(0) as usize), "{text:?}");
            }
        }
    }
    assert!((3_000..15_000).contains(&errors), "{errors} of the lines are wrong");
}

/// Lines that stand above package clauses.
const HEADS: &[&str] = &[
    "//go:build linux",
    "//go:build windows",
    "//go:build !cgo",
    "//go:build x && (",
    "//go:buildx",
    "//go:build",
    "  //go:build linux",
    "\t//go:build plan9 \t",
    "// +build linux",
    "// +build windows",
    "//+build !linux",
    "// +build linux,amd64 darwin",
    "// +build",
    "// +buildx",
    "//  +build ignore",
    "",
    "",
    "",
    "   ",
    "// text",
    "// Copyright",
    "/* block",
    "block */",
    "/* one line */",
    "/* a */ /* b",
    "*/ // c",
    "*/ //go:build windows",
    "//go:build linux */",
    "\r",
];
const NAMES: &[&str] =
    &["a", "linux", "_linux", "windows", "amd64", "test", "linux_test", "x_y", "unix", "js", "wasm", "386", ".z", "s390x", "foo"];

#[test]
fn heads_and_names_as_go_reads_them() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), "module m\n\ngo 1.26\n").expect("write");
    let mut dice = Dice(0xD1B5_4A32_D192_ED03);
    let mut questions = Vec::new();
    let mut names = Vec::new();
    for at in 0..3_000 {
        let mut text = String::from(if dice.below(20) == 0 { "\u{feff}" } else { "" });
        for _ in 0..dice.below(7) {
            let _ = write!(text, "{}{}", dice.pick(HEADS), if dice.below(10) == 0 { "\r\n" } else { "\n" });
        }
        text.push_str("package p\n\nfunc f() {}\n//go:build never\n");
        let suffix = (0..dice.below(4)).fold(String::new(), |suffix, _| suffix + "_" + dice.pick(NAMES));
        let name = format!("f{at}{suffix}.go");
        std::fs::write(folder.path().join(&name), &text).expect("write");
        questions.push(json!({"kind": "file", "name": name, "text": text, "tags": []}));
        names.push((name, text));
    }
    let variable = |name: &str| match name {
        "GOOS" => Some("linux".to_owned()),
        "GOARCH" => Some("amd64".to_owned()),
        "CGO_ENABLED" => Some("0".to_owned()),
        "GOROOT" => Some(crate::go::goroot().display().to_string()),
        _ => None,
    };
    let mut context = Context::from_variables(&variable);
    context.tests = herd_golang::load::Tests::Named;
    let loaded = program(folder.path(), &["."], &context);
    let package = &loaded.packages[0];
    let mut matched = 0;
    for ((name, text), answer) in names.iter().zip(ask(&questions, &["-os=linux", "-arch=amd64"])) {
        let mine = package.files.iter().any(|file| *file.name == **name);
        let theirs = answer["holds"] == Value::Bool(true);
        assert_eq!(mine, theirs, "{name} {text:?} {answer}");
        matched += usize::from(mine);
        if answer["error"].is_string() {
            assert!(loaded.notes.iter().any(|note| note.file.ends_with(name)), "{name} {text:?}: no note of {answer}");
        }
    }
    assert!((500..2_500).contains(&matched), "{matched} files match");
}
