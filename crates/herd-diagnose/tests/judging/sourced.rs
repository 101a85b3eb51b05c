//! Kernels' dumps held against their source: what both show is confirmed, who holds the lock is named, twins stay silent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use herd_diagnose::{Clock, Request, diagnose, sourced};
use herd_golang::load::Context;
use herd_model::{Certainty, Envelope, EvidenceKind, Finding};
use herd_patterns::CATALOGUE;
use herd_sources::{CancelFlag, Options, Target};

use crate::marks::{Marks, folder};

/// Patterns that the source confirms, and on how many of seven Go versions at least: where a holder's dump shows that it has stood there for a
/// minute.
const CONFIRMED: &[(&str, u32)] = &[
    ("DL001", 7),
    ("DL003", 5),
    ("DL004", 7),
    ("DL006", 7),
    ("DL007", 5),
    ("LK002", 7),
    ("LK007", 7),
    ("LK008", 7),
    ("LK011", 7),
    ("LK013", 7),
    ("LK014", 7),
];

/// The kernels as the module they were recorded from.
fn module(root: &Path) {
    std::fs::write(root.join("go.mod"), "module example.com/kernels\n\ngo 1.26\n").unwrap();
    for pattern in CATALOGUE {
        let kernel = folder(pattern).join("kernel");
        let to = root.join(pattern.id.to_lowercase());
        for (from, to) in [("kernel.go", "kernel.go"), ("fixed/fixed.go", "fixed/fixed.go")] {
            if kernel.join(from).exists() {
                let to = self::join(&root.join(pattern.id.to_lowercase()), to);
                std::fs::copy(kernel.join(from), to).unwrap();
            }
        }
        assert!(!kernel.exists() || to.exists(), "{}", pattern.id);
    }
}

fn join(folder: &Path, file: &str) -> PathBuf {
    let path = folder.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    path
}

/// What is said of a dump alone, and with the source beside it.
fn answers(dump: &Path, root: &Path) -> (Envelope, Envelope) {
    let target = Target::parse(dump.to_str().unwrap()).unwrap();
    let request = Request {
        targets: vec![target],
        options: Options::default(),
        watch: None,
        trace: None,
        clock: Clock::WALL,
        rules: std::collections::BTreeSet::default(),
    };
    let alone = diagnose(&request, "doctor", &CancelFlag::default(), &mut |_| {}).unwrap();
    let mut beside = alone.envelope.clone();
    sourced::beside(&mut beside, &alone.snapshot, root, &Context::from_env());
    (alone.envelope, beside)
}

fn confirmed<'e>(envelope: &'e Envelope, id: &str) -> Vec<&'e Finding> {
    let of = |finding: &&Finding| finding.id.0 == id && finding.certainty == Certainty::Confirmed;
    envelope.findings.iter().filter(of).collect()
}

#[test]
fn the_source_confirms_what_dumps_show_and_says_nothing_of_twins() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("kernels");
    std::fs::create_dir(&root).unwrap();
    module(&root);
    let mut of_pattern: BTreeMap<&str, [u32; 2]> = BTreeMap::new();
    for pattern in CATALOGUE.iter().filter(|pattern| pattern.dump.is_some()) {
        let marks = Marks::of(pattern);
        for minor in 21..=27 {
            for variant in ["bad", "fixed"] {
                let recorded = folder(pattern).join(format!("fixtures/{variant}.go1.{minor}.debug2.txt.zst"));
                if !recorded.exists() {
                    continue;
                }
                let dump = scratch.path().join(format!("{}.{variant}.{minor}.txt", pattern.id));
                let text = zstd::decode_all(std::fs::File::open(&recorded).unwrap()).unwrap();
                std::fs::write(&dump, &text).unwrap();
                let (alone, beside) = answers(&dump, &root);
                let name = format!("{} {variant} go1.{minor}", pattern.id);
                if variant == "fixed" {
                    assert_eq!(beside.findings.len(), alone.findings.len(), "{name}: {:#?}", beside.findings);
                    continue;
                }
                let found = confirmed(&beside, pattern.id);
                let counts = of_pattern.entry(pattern.id).or_default();
                counts[1] += 1;
                counts[0] += u32::from(!found.is_empty());
                for finding in found {
                    assert!(marks.is_wanted(&finding.at), "{name}: {:?}", finding.at);
                    let shown = finding.evidence.iter().filter(|fact| fact.kind == EvidenceKind::Source);
                    let shown: Vec<_> = shown.collect();
                    assert!(shown.iter().any(|fact| fact.code.is_some()), "{name} shows its lines");
                    if pattern.id == "DL007" {
                        let holder = shown.iter().find(|fact| fact.text.contains("between where s.mu is taken"));
                        let code = holder.and_then(|fact| fact.code.as_deref()).unwrap_or_default();
                        assert!(code.contains("// holds DL007"), "{name}: {shown:#?}");
                    }
                }
            }
        }
    }
    println!("{of_pattern:?}");
    for (id, least) in CONFIRMED {
        assert!(of_pattern.get(id).is_some_and(|[named, _]| named >= least), "{id}: {:?}", of_pattern.get(id));
    }
}

#[test]
fn another_program_or_version_is_noted() {
    let scratch = tempfile::tempdir().unwrap();
    let pattern = CATALOGUE.iter().find(|pattern| pattern.id == "DL007").unwrap();
    let recorded = folder(pattern).join("fixtures/bad.go1.26.debug2.txt.zst");
    let dump = scratch.path().join("dump.txt");
    std::fs::write(&dump, zstd::decode_all(std::fs::File::open(recorded).unwrap()).unwrap()).unwrap();
    let other = scratch.path().join("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("go.mod"), "module example.com/kernels\n\ngo 1.26\n").unwrap();
    std::fs::write(other.join("a.go"), "package a\n").unwrap();
    let (alone, beside) = answers(&dump, &other);
    assert_eq!(alone.findings, beside.findings);
    assert!(beside.notes.iter().any(|note| note.text.contains("has none of the lines")), "{:?}", beside.notes);
    // The same file, some lines longer at its head: what is there is not what ran.
    let kernel = std::fs::read_to_string(folder(pattern).join("kernel/kernel.go")).unwrap();
    let moved = kernel.replace("func (s *store) owner", "// One.\n// Two.\nfunc (s *store) owner");
    std::fs::write(self::join(&other, "dl007/kernel.go"), moved).unwrap();
    let (alone, beside) = answers(&dump, &other);
    assert_eq!(alone.findings.len(), beside.findings.len());
    assert!(beside.notes.iter().any(|note| note.text.contains("not of the version that ran")), "{:?}", beside.notes);
}
