//! The table beside the recordings, written from the heads of the programs.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context;

use crate::docs::root;

/// Writes `fixtures/KIND/README.md`.
pub fn write(kind: &str) -> anyhow::Result<()> {
    let fixtures = root().join("fixtures").join(kind);
    if fixtures.is_dir() {
        std::fs::write(fixtures.join("README.md"), page(kind)?)?;
    }
    Ok(())
}

/// The page for every service that has been recorded.
pub fn page(kind: &str) -> anyhow::Result<String> {
    let fixtures = root().join("fixtures").join(kind);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&fixtures)? {
        let entry = entry?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    let modules = std::fs::read_to_string(root().join("testbed/go.mod"))?;
    let mut text = head(kind);
    for name in names {
        let source = root().join("testbed").join(kind).join(&name).join("main.go");
        let source = std::fs::read_to_string(&source).with_context(|| format!("read {}", source.display()))?;
        let (what, waits) = doc_of(&source);
        let versions = versions_in(&fixtures.join(&name))?;
        writeln!(text, "| `{name}` | {what} | {} | {waits} | {versions} |", libraries(&source, &modules))?;
    }
    Ok(text)
}

fn head(kind: &str) -> String {
    let (title, truth) = match kind {
        "leaking" => (
            "Leaking services",
            "Lines marked `// want ID` and `// from ID` in the program are the truth: where goroutines hang, and who started them.",
        ),
        _ => ("Healthy services", "Nothing here leaks: any finding in one of these recordings is a false one."),
    };
    format!(
        "# {title}\n\n\
         Recorded by `cargo xtask fixtures-services --{kind}` from the programs in `testbed/{kind}/`, every one under its own load on\n\
         loopback. {truth}\n\n\
         A series holds 13 snapshots, 10 s apart, each after a line with its time: `*.series.txt.zst` in the form of debug=2,\n\
         `*.series1.txt.zst` in that of debug=1. `*.debug0.pb.zst` is the profile after the last one; `*.leak0.pb.zst` and\n\
         `*.leak1.txt.zst` are the runtime's leak profile, where that version offers it.\n\n\
         | service | what it is | libraries | what waits long | recorded on |\n|---|---|---|---|---|\n"
    )
}

/// The comment above `package main`: what the service is, and after `Waits:` what stands in it.
fn doc_of(source: &str) -> (String, String) {
    let lines: Vec<_> =
        source.lines().take_while(|line| line.starts_with("//")).map(|line| line.trim_start_matches('/').trim()).collect();
    let doc = lines.join(" ");
    let (what, waits) = doc.split_once("Waits:").unwrap_or((&doc, ""));
    (what.trim().to_owned(), waits.trim().to_owned())
}

fn libraries(source: &str, modules: &str) -> String {
    let mut found: Vec<String> = source
        .lines()
        .take_while(|line| *line != ")")
        .filter_map(|line| line.split('"').nth(1))
        .filter_map(|import| module_of(import, modules))
        .collect();
    found.sort();
    found.dedup();
    if found.is_empty() { "standard library".to_owned() } else { found.join(", ") }
}

/// The longest module path that leads to the import.
fn module_of(import: &str, modules: &str) -> Option<String> {
    modules
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("require ").split_once(' '))
        .filter(|(path, _)| path.contains('.') && (import == *path || import.starts_with(&format!("{path}/"))))
        .max_by_key(|(path, _)| path.len())
        .map(|(path, version)| format!("{path} {}", version.split(' ').next().unwrap_or(version)))
}

fn versions_in(folder: &Path) -> anyhow::Result<String> {
    let mut versions = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        versions.extend(name.strip_suffix(".series.txt.zst").map(str::to_owned));
    }
    versions.sort();
    Ok(versions.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_belongs_to_the_longest_module() {
        let modules = "require (\n\tgo.opentelemetry.io/otel v1.47.0\n\tgo.opentelemetry.io/otel/sdk v1.46.0 // indirect\n)\n";
        let source = "package main\nimport (\n\t\"fmt\"\n\t\"go.opentelemetry.io/otel/sdk/trace\"\n)\n";
        assert_eq!(libraries(source, modules), "go.opentelemetry.io/otel/sdk v1.46.0");
        assert_eq!(libraries("import (\n\t\"fmt\"\n)\n", modules), "standard library");
    }

    #[test]
    fn the_head_of_a_program_is_split_at_waits() {
        let source = "// Chat is a hub with\n// two pumps.\n// Waits: pumps.\npackage main\n// later\n";
        assert_eq!(doc_of(source), ("Chat is a hub with two pumps.".to_owned(), "pumps.".to_owned()));
    }
}
