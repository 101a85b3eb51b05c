//! Builds and vets the kernels that source alone shows, and their cured twins, with every Go minor: they leave nothing to record.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use herd_patterns::{CATALOGUE, Pattern};

use crate::bench::succeed;
use crate::docs::root;
use crate::fixtures::{chosen_minors, go_command};

/// What stands on the line of a kernel that is at fault, before the pattern's id.
const MARK: &str = "// want ";
/// The kernel and its cured twin, below the pattern's folder.
pub const SOURCES: [&str; 2] = ["kernel/kernel.go", "kernel/fixed/fixed.go"];

/// `kernels [--go 1.NN]…`: every kernel and twin builds; go vet says nothing of them but at the lines that are marked.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let minors = chosen_minors(args)?;
    let patterns: Vec<&Pattern> = CATALOGUE.iter().filter(|pattern| shown_by_source_alone(pattern)).collect();
    let scratch = tempfile::Builder::new().prefix("goherd-kernels").tempdir().context("make a folder to build in")?;
    let marked = lay_out(scratch.path(), &patterns)?;
    let mut wrong = Vec::new();
    for minor in &minors {
        fs::write(scratch.path().join("go.mod"), format!("module example.com/kernels\n\ngo {minor}\n"))
            .context("write go.mod")?;
        let go = go_command(minor)?;
        succeed(command(&go, scratch.path()).args(["build", "./..."]))?;
        let vet = command(&go, scratch.path()).args(["vet", "./..."]).output().context("start go vet")?;
        let said = String::from_utf8_lossy(&vet.stderr);
        let unexpected = unexpected(&said, vet.status.success(), &marked);
        wrong.extend(unexpected.into_iter().map(|line| format!("go{minor}: {line}")));
    }
    if !wrong.is_empty() {
        bail!("go vet says of kernels and cured twins\n  {}", wrong.join("\n  "));
    }
    anstream::println!(
        "{} kernels that source alone shows, and their cured twins, with Go {}",
        patterns.len(),
        minors.join(", ")
    );
    Ok(())
}

/// Whether neither a dump, a profile, a log nor a trace shows the pattern, so that its kernel leaves nothing to record.
pub fn shown_by_source_alone(pattern: &Pattern) -> bool {
    pattern.dump.is_none() && pattern.profile.is_none() && pattern.runlog.is_none() && pattern.trace.is_none()
}

/// The pattern whose folder this is.
pub fn of_folder(folder: &Path) -> Option<&'static Pattern> {
    CATALOGUE.iter().find(|pattern| folder.file_name().is_some_and(|name| name == pattern.slug))
}

/// What is wrong with the marks of a kernel and its twin, of which the kernel names its own pattern and the twin none.
pub fn wrong_marks(id: &str, kernel: &str, twin: &str) -> Vec<String> {
    let ids: BTreeSet<&str> = marks(kernel).map(|(_, id)| id).collect();
    let mut wrong = Vec::new();
    if !ids.contains(id) {
        wrong.push(format!("no line of the kernel is marked {MARK}{id}"));
    }
    wrong.extend(
        ids.iter().filter(|other| **other != id).map(|other| format!("the kernel marks {other}, and its pattern is {id}")),
    );
    wrong.extend(marks(twin).map(|(line, id)| format!("the cured twin marks {id} at line {line}")));
    wrong
}

/// Lines, from 1, and ids of the marks in a Go text.
fn marks(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter_map(|(line, text)| {
        let (_, after) = text.split_once(MARK)?;
        Some((line, after.split_whitespace().next().unwrap_or_default()))
    })
}

/// Copies the sources into one module, a folder a pattern, and says which lines are marked, as `slug/kernel.go:12`.
fn lay_out(module: &Path, patterns: &[&Pattern]) -> anyhow::Result<BTreeSet<String>> {
    let from = root().join("crates/herd-patterns/src/patterns");
    let mut marked = BTreeSet::new();
    for pattern in patterns {
        for source in SOURCES {
            let path = from.join(pattern.slug).join(source);
            let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
            let name = format!("{}/{}", pattern.slug, source.trim_start_matches("kernel/"));
            marked.extend(marks(&text).map(|(line, _)| format!("{name}:{line}")));
            let to = module.join(&name);
            fs::create_dir_all(to.parent().unwrap_or(module)).with_context(|| format!("make the folder of {name}"))?;
            fs::write(&to, text).with_context(|| format!("write {name}"))?;
        }
    }
    Ok(marked)
}

fn command(go: &PathBuf, module: &Path) -> Command {
    let mut command = Command::new(go);
    command.current_dir(module).env_remove("GOROOT");
    command.env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOWORK", "off").env("GOPROXY", "off");
    command
}

/// What go vet says that no mark stands for; it ends well when it says nothing.
fn unexpected(said: &str, ended_well: bool, marked: &BTreeSet<String>) -> Vec<String> {
    let mut reports = 0;
    let mut unexpected = Vec::new();
    for line in said.lines().map(|line| line.trim_start_matches("vet: ").trim_start_matches("./")) {
        let Some((file, rest)) = line.split_once(".go:") else { continue };
        reports += 1;
        let at = format!("{file}.go:{}", rest.split(':').next().unwrap_or_default());
        if !marked.contains(&at) {
            unexpected.push(line.to_owned());
        }
    }
    if !ended_well && reports == 0 {
        unexpected.push(format!("nothing that could be read: {said}"));
    }
    unexpected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vet_may_speak_of_marked_lines_only() {
        let marked = BTreeSet::from(["lock_copied/kernel.go:24".to_owned()]);
        let said = "# example.com/kernels/lock_copied\nlock_copied/kernel.go:24:7: assignment copies lock value to t\n";
        assert_eq!(unexpected(said, false, &marked), Vec::<String>::new());
        let elsewhere = said.replace(":24:", ":25:");
        assert_eq!(unexpected(&elsewhere, false, &marked), ["lock_copied/kernel.go:25:7: assignment copies lock value to t"]);
        let broken = "vet: ./lock_copied/kernel.go:3:1: undefined: t\n";
        assert_eq!(unexpected(broken, false, &marked), ["lock_copied/kernel.go:3:1: undefined: t"]);
        assert_eq!(unexpected("go: no such tool\n", false, &marked).len(), 1);
        assert_eq!(unexpected("", true, &marked), Vec::<String>::new());
    }

    #[test]
    fn a_kernel_marks_its_own_pattern_and_its_twin_none() {
        let (kernel, twin) = ("package kernel\n\tx.Lock() // want LO001\n", "package fixed\n");
        assert_eq!(wrong_marks("LO001", kernel, twin), Vec::<String>::new());
        let others = ["no line of the kernel is marked // want LO002", "the kernel marks LO001, and its pattern is LO002"];
        assert_eq!(wrong_marks("LO002", kernel, twin), others);
        assert_eq!(wrong_marks("LO001", twin, twin), ["no line of the kernel is marked // want LO001"]);
        assert_eq!(wrong_marks("LO001", kernel, kernel), ["the cured twin marks LO001 at line 2"]);
    }

    #[test]
    fn runtime_patterns_are_recorded_and_those_of_source_are_not() {
        let alone = |slug: &str| of_folder(Path::new(slug)).map(shown_by_source_alone);
        assert_eq!(alone("lock_copied"), Some(true));
        for recorded in ["gc_pool_misuse", "sched_run_queue_backlog", "log_behind_slow_writer", "deadlock_unlock_missing"] {
            assert_eq!(alone(recorded), Some(false), "{recorded}");
        }
        assert_eq!(alone("no_such_pattern"), None);
    }
}
