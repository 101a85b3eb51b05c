//! Source eyes for contexts and deadlines against go vet's lostcancel, and the fixes that they write.

use std::collections::BTreeSet;
use std::path::Path;

use herd_diagnose::lint::lint;
use herd_golang::load::Context;

/// Lines of the peers' cases that goherd reports and lostcancel does not, with what goherd sees there.
const BEYOND_VET: &[(&str, u32, &str)] = &[
    ("peers/lostcancel/uses.go", 18, "`_ = cancel` is no call"),
    ("peers/lostcancel/uses.go", 64, "the field is read by nothing in the package"),
    ("peers/lostcancel/uses.go", 77, "the variable gets another cancel before this one was called"),
    ("peers/lostcancel/uses.go", 92, "each round overwrites the cancel of the round before"),
];

#[test]
fn lostcancel_agrees_but_for_what_it_does_not_follow() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/lint-kernels").canonicalize().expect("the lint kernels");
    let envelope = lint(&root, &["./peers/lostcancel"], &Context::from_env(), "0.0.0");
    let mut marked = BTreeSet::new();
    for entry in std::fs::read_dir(root.join("peers/lostcancel")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let file = path.strip_prefix(&root).expect("below").display().to_string();
        let text = std::fs::read_to_string(&path).expect("a file");
        let lines = (1..).zip(text.lines()).filter(|(_, line)| line.contains("// want lostcancel"));
        marked.extend(lines.map(|(line, _)| (file.clone(), line)));
    }
    let findings: Vec<_> = envelope.findings.iter().filter(|finding| finding.id.0 == "CX002").collect();
    let shown: BTreeSet<(String, u32)> = findings
        .iter()
        .flat_map(|finding| finding.evidence.iter().filter_map(|fact| fact.place.as_ref()).chain([&finding.at]))
        .map(|place| (place.file.clone(), place.line))
        .collect();
    let missed: Vec<_> = marked.difference(&shown).collect();
    assert!(missed.len() * 20 <= marked.len(), "{missed:?} of {}", marked.len());
    let beyond: BTreeSet<(String, u32)> = findings
        .iter()
        .map(|finding| (finding.at.file.clone(), finding.at.line))
        .filter(|place| !marked.contains(place))
        .collect();
    let explained: BTreeSet<(String, u32)> = BEYOND_VET.iter().map(|(file, line, _)| ((*file).to_owned(), *line)).collect();
    assert_eq!(beyond, explained);
}
