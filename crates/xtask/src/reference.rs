//! The reference figures of the statistics, computed again by scipy and statsmodels in an environment of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;

use crate::docs::root;
use crate::test::checked;

/// `reference` writes the figures, `reference --check` fails when the committed ones differ.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let folder = root().join("testbed/reference");
    let python = environment(&folder.join("requirements.txt"))?;
    checked(Command::new(python).arg(folder.join("statistics.py")).args(args))
}

/// The interpreter of an environment with the pinned packages, made where there is none.
fn environment(requirements: &Path) -> anyhow::Result<PathBuf> {
    let venv = root().join("target/reference-venv");
    let python = venv.join("bin/python");
    if !python.exists() {
        checked(Command::new("python3").args(["-m", "venv"]).arg(&venv)).context("make a Python environment")?;
    }
    let mut pip = Command::new(&python);
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(requirements);
    checked(&mut pip).context("install scipy and statsmodels")?;
    Ok(python)
}
