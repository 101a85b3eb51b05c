//! Generated module graphs: the versions chosen against `go list -m all`, for main modules of all kinds and for workspaces.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::go::{Question, compare_modules, goroot};
use crate::oracle::Dice;
use crate::workspaces::write;

const MODULES: usize = 9;
const VERSIONS: &[&str] = &[
    "v1.0.0",
    "v1.1.0-alpha.2",
    "v1.1.0-alpha.10",
    "v1.1.0",
    "v1.1.1-0.20240102030405-abcdefabcdef",
    "v1.10.0",
    "v2.0.0+incompatible",
    "v0.0.0-20230102030405-abcdefabcdef",
];
const GO_LINES: &[&str] = &["", "go 1.16\n", "go 1.17\n", "go 1.21\n"];

/// Some modules in some versions.
fn requirements(dice: &mut Dice, most: usize, own: usize) -> String {
    let mut text = String::new();
    for module in 0..MODULES {
        if module != own && dice.below(MODULES) < most {
            let _ = writeln!(text, "require example.com/M{module} {}", dice.pick(VERSIONS));
        }
    }
    text
}

/// A module proxy made of files.
fn proxy(dice: &mut Dice, folder: &Path) {
    for module in 0..MODULES {
        for version in VERSIONS {
            let at = format!("example.com/!m{module}/@v/{version}");
            let text = format!("module example.com/M{module}\n\n{}\n{}", dice.pick(GO_LINES), requirements(dice, 2, module));
            let info = format!("{{\"Version\":\"{version}\"}}");
            write(folder, &[(&format!("{at}.mod"), &text), (&format!("{at}.info"), &info)]);
        }
        write(folder, &[(&format!("example.com/!m{module}/@v/list"), &VERSIONS.join("\n"))]);
    }
}

/// A main module.
fn main_module(dice: &mut Dice, name: &str, go: &str) -> String {
    let mut text = format!("module example.com/{name}\n\n{go}\n{}", requirements(dice, 3, MODULES));
    for module in 0..MODULES {
        let (old, new) = (dice.pick(VERSIONS), dice.pick(VERSIONS));
        match dice.below(12) {
            0 => writeln!(text, "exclude example.com/M{module} {old}"),
            1 => writeln!(text, "replace example.com/M{module} {old} => example.com/M{module} {new}"),
            2 => writeln!(text, "replace example.com/M{module} => example.com/M{} {new}", (module + 1) % MODULES),
            _ => Ok(()),
        }
        .expect("write to a text");
    }
    text
}

fn question<'a>(folder: &'a Path, root: &Path, mode: &'static str) -> Question<'a> {
    Question::new(folder, &["."])
        .env("GOPROXY", format!("file://{}", root.join("proxy").display()))
        .env("GOMODCACHE", root.join("cache").display().to_string())
        .env("GOSUMDB", "off")
        .env("GOFLAGS", mode)
}

#[test]
fn one_module() {
    let mut dice = Dice(0x8538_ECB5_BD45_6EA3);
    let mut modules = 0;
    for round in 0..40 {
        let folder = tempfile::tempdir().expect("a folder");
        proxy(&mut dice, &folder.path().join("proxy"));
        let go = ["go 1.16\n", "go 1.17\n", "go 1.21\n", "go 1.24.0\n"][round % 4];
        write(folder.path(), &[("main/go.mod", &main_module(&mut dice, "main", go)), ("main/m.go", "package m\n")]);
        let main = folder.path().join("main");
        let asked = question(&main, folder.path(), "-mod=mod");
        // `go` first writes down what it raises, and what it then reads is what is compared.
        let mut command = Command::new(goroot().join("bin/go"));
        command.args(["list", "-m", "all"]).current_dir(&main).env("GOTOOLCHAIN", "local").env("GOWORK", "off");
        command.envs(asked.env.iter().map(|(name, value)| (name, value)));
        assert!(command.output().expect("start go").status.success());
        modules += compare_modules(&asked);
    }
    assert!(modules > 200, "{modules}");
}

#[test]
fn workspaces() {
    let mut dice = Dice(0x5895_58CF_5F0B_CD3B);
    let mut modules = 0;
    for _ in 0..40 {
        let folder = tempfile::tempdir().expect("a folder");
        proxy(&mut dice, &folder.path().join("proxy"));
        let mut work = String::from("go 1.24.0\n\n");
        for name in ["a", "b", "c"] {
            let go = dice.pick(GO_LINES);
            // Replacements of two modules may not contradict each other; the workspace's own come first.
            let text = main_module(&mut dice, name, go);
            let text: String =
                text.lines().filter(|line| name == "a" || !line.starts_with("replace")).collect::<Vec<_>>().join("\n");
            write(folder.path(), &[(&format!("{name}/go.mod"), &text), (&format!("{name}/x.go"), "package x\n")]);
            let _ = writeln!(work, "use ./{name}");
        }
        let _ = writeln!(work, "replace example.com/M0 => example.com/M0 {}", dice.pick(VERSIONS));
        write(folder.path(), &[("go.work", &work)]);
        modules += compare_modules(&question(&folder.path().join("b"), folder.path(), ""));
    }
    assert!(modules > 200, "{modules}");
}
