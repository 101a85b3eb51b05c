//! Tests of the Go module in `go/`: every module of it with the installed toolchain and the race detector, the core with every toolchain it is for.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::docs::root;
use crate::fixtures;
use crate::test::{checked, gofmt};

/// Go minors that the core module is for; the installed toolchain tests the rest.
const MINORS: [&str; 4] = ["1.24", "1.25", "1.26", "1.27"];

/// Go minors that programs which use it are built with, under every go line of theirs.
const CONSUMERS: [&str; 2] = ["1.26", "1.27"];

/// The checker beside `go vet`, run as a module of this version.
const STATICCHECK: &str = "honnef.co/go/tools/cmd/staticcheck@v0.8.2";

/// Formats are compared, everything is vetted and checked, tests run.
pub fn run() -> anyhow::Result<()> {
    gofmt(&["go"])?;
    let toolchains: Vec<PathBuf> = CONSUMERS.iter().map(|minor| fixtures::go_command(minor)).collect::<Result<_, _>>()?;
    let toolchains = std::env::join_paths(toolchains).context("list the toolchains")?;
    for module in modules()? {
        for args in [&["vet", "./..."][..], &["run", STATICCHECK, "./..."], &["test", "-race", "./..."]] {
            checked(Command::new("go").args(args).env("GO_TOOLCHAINS", &toolchains).current_dir(&module))?;
        }
    }
    for minor in MINORS {
        let go = fixtures::go_command(minor)?;
        let mut test = Command::new(go);
        checked(test.args(["test", "./..."]).env("GOTOOLCHAIN", "local").current_dir(root().join("go")))?;
    }
    Ok(())
}

/// The folders below `go/` that hold a module, its own first.
fn modules() -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(&root().join("go"), &mut found)?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if folder.join("go.mod").exists() {
        found.push(folder.to_owned());
    }
    for entry in std::fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        }
    }
    Ok(())
}
