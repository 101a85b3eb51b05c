//! Source eyes on the lint kernels: what is named, and that what is right is left alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use herd_diagnose::lint::lint;
use herd_golang::load::Context;
use herd_model::{Envelope, Finding, Verdict};

/// Faults that must be named, and those by rules that need not be asked for; more is better, fewer is a loss.
const NAMED_MIN: usize = 170;
const NAMED_BY_DEFAULT_MIN: usize = 159;

/// The folder of the kernels, the one module they need being there.
fn kernels() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let found = || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/lint-kernels");
        let root = root.canonicalize().expect("the lint kernels");
        let fetched = Command::new("go").args(["mod", "download"]).current_dir(&root).status().expect("go runs");
        assert!(fetched.success(), "go mod download: {fetched}");
        root
    };
    FOLDER.get_or_init(found).clone()
}

fn linted(folder: &Path, patterns: &[&str]) -> Envelope {
    lint(folder, patterns, &Context::from_env(), "0.0.0")
}

/// Lines a finding stands on or shows.
fn places(finding: &Finding) -> BTreeSet<(String, u32)> {
    let shown = finding.evidence.iter().filter_map(|fact| fact.place.as_ref());
    shown.chain([&finding.at]).map(|place| (place.file.clone(), place.line)).collect()
}

/// `// want ID|ID`: the file, its line, and the names that are right.
fn wanted(root: &Path, folder: &Path, found: &mut Vec<(String, u32, Vec<String>)>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() {
            if !["fixed", "healthy", "peers"].contains(&name.as_str()) {
                wanted(root, &path, found);
            }
        } else if name.ends_with(".go") {
            let text = std::fs::read_to_string(&path).expect("a file");
            for (line, text) in (1..).zip(text.lines()) {
                let mark =
                    text.split_once("// ").and_then(|(_, marks)| marks.split("; ").find_map(|mark| mark.strip_prefix("want ")));
                let Some(ids) = mark.filter(|ids| ids.starts_with(|first: char| first.is_ascii_uppercase())) else { continue };
                let file = path.strip_prefix(root).expect("below the root").display().to_string();
                found.push((file, line, ids.split('|').map(|id| id.trim().to_owned()).collect()));
            }
        }
    }
}

#[test]
fn known_faults_are_named_and_twins_and_healthy_code_are_left_alone() {
    let root = kernels();
    let envelope = linted(&root, &["./..."]);
    assert_eq!(envelope.verdict, Verdict::Findings);
    let report = envelope.lint.as_ref().expect("a report");
    assert_eq!((report.unknown, report.damaged, report.modules_missing), (0, 0, 0), "all of it can be read");
    let alarms: Vec<String> = envelope
        .findings
        .iter()
        .filter(|finding| finding.at.file.contains("/fixed/") || finding.at.file.starts_with("healthy/"))
        .map(|finding| format!("{}:{} {}", finding.at.file, finding.at.line, finding.id))
        .collect();
    assert_eq!(alarms, Vec::<String>::new(), "nothing is to be said of these");
    let mut marks = Vec::new();
    wanted(&root, &root, &mut marks);
    assert_eq!(marks.len(), 195, "one mark a kernel");
    let by_id: BTreeMap<&str, Vec<BTreeSet<(String, u32)>>> =
        envelope.findings.iter().fold(BTreeMap::new(), |mut by_id, finding| {
            by_id.entry(finding.id.0.as_ref()).or_insert_with(Vec::new).push(places(finding));
            by_id
        });
    let is_named = |id: &str, file: &str, line: u32| {
        by_id.get(id).into_iter().flatten().any(|places| places.contains(&(file.to_owned(), line)))
    };
    let named = |wanted: &dyn Fn(&str) -> bool| {
        marks.iter().filter(|(file, line, ids)| ids.iter().any(|id| wanted(id) && is_named(id, file, *line))).count()
    };
    let all = named(&|_| true);
    assert!(all >= NAMED_MIN, "{all} of {} named", marks.len());
    let by_default =
        named(&|id| herd_patterns::by_id(id).is_some_and(|pattern| pattern.source_status == herd_patterns::Status::Stable));
    assert!(by_default >= NAMED_BY_DEFAULT_MIN, "{by_default} of {} named by default", marks.len());
}

#[test]
fn comments_keep_findings_back_and_are_counted() {
    let envelope = linted(&kernels(), &["./healthy/suppressed"]);
    assert_eq!(envelope.findings, []);
    assert!(envelope.hidden.get("findings_ignored_in_source").is_some_and(|count| *count >= 1), "{:?}", envelope.hidden);
}

#[test]
fn go_vets_lost_cancels_are_found_and_no_others() {
    let root = kernels();
    let envelope = linted(&root, &["./peers/lostcancel"]);
    let mut marked = BTreeSet::new();
    for entry in std::fs::read_dir(root.join("peers/lostcancel")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let file = path.strip_prefix(&root).expect("below").display().to_string();
        let text = std::fs::read_to_string(&path).expect("a file");
        let lines = (1..).zip(text.lines()).filter(|(_, line)| line.contains("// want lostcancel"));
        marked.extend(lines.map(|(line, _)| (file.clone(), line)));
    }
    let found: BTreeSet<(String, u32)> =
        envelope.findings.iter().filter(|finding| finding.id.0 == "CX002").flat_map(places).collect();
    let agreed = marked.intersection(&found).count();
    assert!(marked.len() >= 20 && agreed * 100 >= marked.len() * 80, "{agreed} of {}", marked.len());
}

#[test]
fn what_is_not_there_or_broken_is_noted_and_the_rest_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), "module example.com/m\n\ngo 1.26\n").expect("written");
    let broken = "package m\n\nimport \"sync\"\n\nvar mu sync.Mutex\n\nfunc twice() {\n\tmu.Lock()\n\tmu.Lock()\n}\n\nfunc broken( {\n<<<<<<< HEAD\n";
    std::fs::write(folder.path().join("m.go"), broken).expect("written");
    let envelope = linted(folder.path(), &["./..."]);
    let ids: Vec<&str> = envelope.findings.iter().map(|finding| finding.id.0.as_ref()).collect();
    assert_eq!(ids, ["DL001"]);
    assert_eq!(envelope.lint.as_ref().map(|report| report.damaged), Some(1));
    let nothing = linted(folder.path(), &["./absent"]);
    assert_eq!((nothing.verdict, nothing.findings.len()), (Verdict::Undecidable, 0));
    assert!(!nothing.notes.is_empty());
}
