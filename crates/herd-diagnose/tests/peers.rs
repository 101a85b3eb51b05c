//! What other linters report of locks, copies and tests (`testbed/lint-kernels/peers`), and what goherd says of the same lines.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use herd_diagnose::lint::lint;
use herd_golang::load::{Context, Tests};

/// A check, its folder below `peers/`, goherd's ids for it, and lines that goherd is silent about on purpose.
const CHECKS: &[(&str, &str, &[&str], &[Silent])] = &[
    ("copylocks", "copylocks", &["LO001"], &[]),
    ("testinggoroutine", "testinggoroutine", &["LO006"], &[]),
    ("SA2002", "testinggoroutine", &["LO006"], &[]),
    (
        "SA2001",
        "sa2001",
        &["LO007"],
        &[
            Silent { function: "commentBetween", why: "a barrier: nothing follows that the lock could have guarded" },
            Silent { function: "embedded", why: "a barrier: nothing follows" },
            Silent { function: "throughInterface", why: "a barrier: nothing follows" },
            Silent { function: "inBranch", why: "a barrier: nothing follows" },
            Silent { function: "inLoop", why: "a barrier: nothing follows" },
            Silent { function: "ownType", why: "no lock of the library: nobody knows what its methods do" },
        ],
    ),
    ("SA2003", "sa2003", &["DL001", "DL006"], &[]),
];

/// A function whose report goherd does not repeat.
struct Silent {
    function: &'static str,
    why: &'static str,
}

fn kernels() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/lint-kernels").canonicalize().expect("the lint kernels");
    let fetched = Command::new("go").args(["mod", "download"]).current_dir(&root).status().expect("go runs");
    assert!(fetched.success(), "go mod download: {fetched}");
    root
}

/// The lines that a check is marked on, each with the function it stands in.
fn marked(root: &Path, folder: &str, check: &str) -> BTreeSet<(String, u32, String)> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(root.join("peers").join(folder)).expect("a folder") {
        let path = entry.expect("an entry").path();
        let file = path.strip_prefix(root).expect("below").display().to_string();
        let text = std::fs::read_to_string(&path).expect("a file");
        let mut function = String::new();
        for (line, text) in (1..).zip(text.lines()) {
            if let Some(rest) = text.strip_prefix("func ") {
                let rest = if rest.starts_with('(') { rest.split_once(") ").map_or(rest, |(_, rest)| rest) } else { rest };
                rest.split(['(', '[']).next().unwrap_or_default().clone_into(&mut function);
            }
            let Some((_, marks)) = text.split_once("// want ") else { continue };
            if marks.split("; ").any(|mark| mark.strip_prefix(check).is_some_and(|rest| rest.starts_with(" \""))) {
                found.insert((file.clone(), line, function.clone()));
            }
        }
    }
    found
}

#[test]
fn what_peers_report_is_found_but_for_what_is_meant() {
    let root = kernels();
    let envelope = lint(&root, &["./peers/..."], &Context { tests: Tests::Named, ..Context::from_env() }, "0.0.0");
    let mut counted = 0;
    for (check, folder, ids, silent) in CHECKS {
        let marks = marked(&root, folder, check);
        assert!(!marks.is_empty(), "{check} is marked");
        counted += marks.len();
        let said: BTreeSet<(String, u32)> = envelope
            .findings
            .iter()
            .filter(|finding| ids.contains(&finding.id.0.as_ref()))
            .flat_map(|finding| {
                let shown = finding.evidence.iter().filter_map(|fact| fact.place.as_ref());
                shown.chain([&finding.at]).map(|place| (place.file.clone(), place.line)).collect::<Vec<_>>()
            })
            .collect();
        let missed: BTreeSet<&str> =
            marks.iter().filter(|(file, line, _)| !said.contains(&(file.clone(), *line))).map(|(.., name)| &**name).collect();
        let meant: BTreeSet<&str> = silent.iter().map(|one| one.function).collect();
        assert_eq!(missed, meant, "{check}: those that are passed over have a reason, and no others are");
        assert!(silent.iter().all(|one| !one.why.is_empty()));
    }
    assert!(counted >= 80, "{counted} marks");
}

#[test]
fn what_peers_leave_alone_of_copies_is_left_alone_but_for_what_is_sent() {
    let root = kernels();
    let envelope = lint(&root, &["./peers/copylocks"], &Context::from_env(), "0.0.0");
    let marks = marked(&root, "copylocks", "copylocks");
    let more: Vec<u32> = envelope
        .findings
        .iter()
        .filter(|finding| finding.id.0 == "LO001")
        .map(|finding| finding.at.line)
        .filter(|line| !marks.iter().any(|(_, marked, _)| marked == line))
        .collect();
    let text = std::fs::read_to_string(root.join("peers/copylocks/copies.go")).expect("the cases");
    let sent = (1..).zip(text.lines()).filter(|(_, line)| line.trim() == "counters <- *c").map(|(line, _)| line);
    assert_eq!(more, sent.collect::<Vec<u32>>());
}
