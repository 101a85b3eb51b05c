//! House rules that the compiler does not check: crate arrows, pattern folders, file sizes, words that must not be in the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::docs::root;
use crate::kernels;

/// Who may depend on whom (`ARCHITECTURE.md`); `goherd` may depend on all, `xtask` on what it generates from.
const ARROWS: &[(&str, &[&str])] = &[
    ("herd-model", &[]),
    ("herd-config", &["herd-model"]),
    ("herd-formats", &["herd-model"]),
    ("herd-golang", &["herd-model"]),
    ("herd-live", &["herd-model"]),
    ("herd-analysis", &["herd-model"]),
    ("herd-patterns", &["herd-analysis", "herd-golang", "herd-model"]),
    ("herd-sources", &["herd-formats", "herd-live", "herd-model"]),
    ("herd-diagnose", &["herd-config", "herd-sources", "herd-golang", "herd-analysis", "herd-patterns", "herd-model"]),
    ("herd-sinks", &["herd-formats", "herd-model"]),
    ("herd-deliver", &["herd-config", "herd-model"]),
    ("herd-store", &["herd-model"]),
    ("herd-watch", &["herd-analysis", "herd-config", "herd-sources", "herd-store"]),
    ("herd-lsp", &["herd-config", "herd-diagnose", "herd-golang", "herd-patterns", "herd-model"]),
];

/// Crates that must stay free of input, output and async.
const PURE: &[&str] = &["herd-model", "herd-formats", "herd-analysis", "herd-patterns"];

/// What a pure crate must not name.
const IMPURE_WORDS: &[&str] = &["std::fs", "std::net", "std::env::", "tokio::", "SystemTime", "Instant::now"];

/// Lines a Rust file may have; past it, a module has two ideas.
const FILE_LINES_MAX: usize = 600;

/// Registry hosts and machine paths: they belong in lock files and nowhere else.
const FORBIDDEN: &[&str] = &[
    "registry.npmjs\u{2e}org",
    "proxy.golang\u{2e}org",
    "static.crates\u{2e}io",
    "files.pythonhosted\u{2e}org",
    "/wor\u{6b}/",
    "/roo\u{74}/",
];

/// Checks every rule and lists every breach.
pub fn run(_args: &[String]) -> anyhow::Result<()> {
    let mut breaches = Vec::new();
    arrows(&mut breaches)?;
    pattern_folders(&mut breaches)?;
    let files = tracked()?;
    for file in &files {
        text_rules(file, &mut breaches)?;
    }
    if breaches.is_empty() {
        anstream::println!("tidy: {} files, {} crates, no breach", files.len(), ARROWS.len());
        return Ok(());
    }
    bail!("{} breaches\n  {}", breaches.len(), breaches.join("\n  "))
}

fn arrows(breaches: &mut Vec<String>) -> anyhow::Result<()> {
    let output = Command::new("cargo").args(["metadata", "--format-version", "1", "--no-deps"]).current_dir(root()).output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).context("read cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let allowed: BTreeMap<&str, BTreeSet<&str>> = ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    for package in packages {
        let name = package["name"].as_str().context("a package has no name")?;
        if matches!(name, "goherd" | "xtask") {
            continue;
        }
        let Some(allowed) = allowed.get(name) else {
            breaches.push(format!("{name}: not in the table of arrows"));
            continue;
        };
        for dependency in package["dependencies"].as_array().context("a package has no dependency list")? {
            let to = dependency["name"].as_str().unwrap_or_default();
            let only_tests = dependency["kind"].as_str() == Some("dev");
            if to == "goherd" || to.starts_with("herd-") && !only_tests && !allowed.contains(to) {
                breaches.push(format!("{name} → {to}: no such arrow"));
            }
        }
    }
    Ok(())
}

/// Each pattern has its place in the table, its pages, its kernel, the cured twin, and recordings where there is something to record.
fn pattern_folders(breaches: &mut Vec<String>) -> anyhow::Result<()> {
    let folder = root().join("crates/herd-patterns/src/patterns");
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        for part in ["mod.rs", "page.en.md", "page.zh-CN.md"].into_iter().chain(kernels::SOURCES) {
            if !path.join(part).is_file() {
                breaches.push(format!("{}: lacks {part}", shown(&path)));
            }
        }
        if let [Ok(english), Ok(chinese)] = ["page.en.md", "page.zh-CN.md"].map(|page| std::fs::read_to_string(path.join(page)))
            && outline(&english) != outline(&chinese)
        {
            breaches.push(format!("{}: the pages differ in sections, programs or links", shown(&path)));
        }
        let Some(pattern) = kernels::of_folder(&path) else {
            breaches.push(format!("{}: not in the table of patterns", shown(&path)));
            continue;
        };
        if kernels::shown_by_source_alone(pattern) {
            let [kernel, twin] = kernels::SOURCES.map(|source| std::fs::read_to_string(path.join(source)).unwrap_or_default());
            let wrong = kernels::wrong_marks(pattern.id, &kernel, &twin);
            breaches.extend(wrong.into_iter().map(|wrong| format!("{}: {wrong}", shown(&path))));
            if path.join("fixtures").exists() {
                breaches.push(format!("{}: recorded, and no eye looks at it", shown(&path)));
            }
            continue;
        }
        let minors: &[u32] = if path.join("dump.rs").is_file() { &[21, 22, 23, 24, 25, 26, 27] } else { &[22, 25, 27] };
        let forms = recorded_forms(&path);
        for (prefix, minor) in ["bad", "fixed"].iter().flat_map(|prefix| minors.iter().map(move |minor| (prefix, minor))) {
            for form in &forms {
                let recording = path.join(format!("fixtures/{prefix}.go1.{minor}.{form}"));
                if !recording.is_file() {
                    breaches.push(format!("{}: not recorded", shown(&recording)));
                }
            }
        }
    }
    Ok(())
}

/// What both pages of a pattern have in common: how many sections and blocks of code, and where their links lead.
fn outline(page: &str) -> (usize, usize, BTreeSet<&str>) {
    let starting = |with: &str| page.lines().filter(|line| line.starts_with(with)).count();
    let links = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    (starting("## "), starting("```"), links.collect())
}

/// What a kernel is recorded as: goroutines, or what shows where none of them hangs.
fn recorded_forms(pattern: &Path) -> Vec<&'static str> {
    if pattern.join("dump.rs").is_file() {
        return vec!["debug2.txt.zst"];
    }
    let mut forms = vec!["runlog.txt.zst"];
    if pattern.join("profile.rs").is_file() {
        forms.extend(["allocs.pb.gz", "allocs.delta.pb.gz"]);
    }
    if pattern.join("trace.rs").is_file() {
        forms.push("trace.zst");
    }
    forms
}

/// Files git tracks, and new ones it does not ignore.
pub fn tracked() -> anyhow::Result<Vec<PathBuf>> {
    let output = Command::new("git").args(["ls-files", "-co", "--exclude-standard", "-z"]).current_dir(root()).output()?;
    let names = String::from_utf8(output.stdout).context("a file name is not UTF-8")?;
    Ok(names.split('\0').filter(|name| !name.is_empty()).map(|name| root().join(name)).filter(|path| path.is_file()).collect())
}

fn text_rules(path: &Path, breaches: &mut Vec<String>) -> anyhow::Result<()> {
    let name = shown(path);
    let generated =
        ["Cargo.lock", "package-lock.json", "go.sum"].iter().any(|lock| name.ends_with(lock)) || name.contains("ui/dist/");
    let Ok(text) = String::from_utf8(std::fs::read(path)?) else { return Ok(()) };
    if generated {
        return Ok(());
    }
    for (at, line) in text.lines().enumerate() {
        if let Some(word) = FORBIDDEN.iter().find(|word| line.contains(**word)) {
            breaches.push(format!("{name}:{}: names {word}", at + 1));
        }
    }
    if !name.ends_with(".rs") {
        return Ok(());
    }
    if text.lines().count() > FILE_LINES_MAX {
        breaches.push(format!("{name}: {} lines, more than {FILE_LINES_MAX}", text.lines().count()));
    }
    if name.starts_with("crates/") && !text.starts_with("//!") && !name.contains("/snapshots/") {
        breaches.push(format!("{name}:1: starts without //!"));
    }
    for word in ["todo!(", "unimplemented!(", "#[ignore", "// TODO", "#[allow(dead_code"] {
        if text.lines().any(|line| line.contains(word)) && !name.ends_with("xtask/src/tidy.rs") {
            breaches.push(format!("{name}: holds {word}"));
        }
    }
    if PURE.iter().any(|pure| name.starts_with(&format!("crates/{pure}/src/"))) {
        for (at, line) in text.lines().take_while(|line| !line.contains("#[cfg(test)]")).enumerate() {
            if let Some(word) = IMPURE_WORDS.iter().find(|word| line.contains(**word) && !line.trim_start().starts_with("//")) {
                breaches.push(format!("{name}:{}: a pure crate names {word}", at + 1));
            }
        }
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}
