//! The table of offsets `herd-live` reads processes by: taken from the DWARF of a program built with every recorded Go release.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use herd_live::layout::{ABSENT, Arch, Layout, PLACES};

use crate::docs::root;
use crate::fixtures;
use crate::test::checked;

const TABLE: &str = "crates/herd-live/src/layout/table.rs";

/// `offsets [--check]`; with `--check` it says whether the table is what the toolchains give.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let check = match args {
        [] => false,
        [only] if only == "--check" => true,
        _ => bail!("usage: cargo xtask offsets [--check]"),
    };
    let folder = tempfile::tempdir().context("make a folder for the programs")?;
    let mut layouts = Vec::new();
    for arch in [Arch::Amd64, Arch::Arm64] {
        for minor in fixtures::minors() {
            layouts.push(layout(minor, arch, folder.path())?);
        }
    }
    let text = table(&layouts)?;
    let path = root().join(TABLE);
    if !check {
        return std::fs::write(&path, text).with_context(|| format!("write {TABLE}"));
    }
    if std::fs::read_to_string(&path).with_context(|| format!("read {TABLE}"))? != text {
        bail!("{TABLE} is not what the toolchains give: run `cargo xtask offsets`");
    }
    Ok(())
}

fn layout(minor: &str, arch: Arch, folder: &Path) -> anyhow::Result<Layout> {
    let go = fixtures::go_command(minor)?;
    let program = folder.join(format!("program-{minor}-{}", arch.name()));
    let mut build = Command::new(&go);
    build.args(["build", "-o"]).arg(&program).arg("./parked").current_dir(root().join("testbed/mixed"));
    build.env("GOTOOLCHAIN", "local").env("GOWORK", "off").env("CGO_ENABLED", "0").env("GOARCH", arch.name());
    checked(build.env_remove("GOROOT"))?;
    let number = minor.strip_prefix("1.").and_then(|number| number.parse().ok()).with_context(|| format!("read {minor}"))?;
    let layout = Layout::from_dwarf(number, arch, &program).with_context(|| format!("read the DWARF of Go {minor}"))?;
    if let Some(place) = layout.missing() {
        bail!("Go {minor} for {} has no {place}", arch.name());
    }
    Ok(layout)
}

fn table(layouts: &[Layout]) -> anyhow::Result<String> {
    const HEAD: &str = "//! Written by `cargo xtask offsets`.

#![allow(clippy::unreadable_literal, reason = \"offsets are compared with debuggers' output\")]

use super::{ABSENT, Arch};

";
    let mut out = String::from(HEAD);
    writeln!(out, "/// Go minor version and architecture of each column.\n#[rustfmt::skip]")?;
    writeln!(out, "pub const COLUMNS: [(u32, Arch); {}] = [", layouts.len())?;
    for layout in layouts {
        writeln!(out, "    ({}, Arch::{:?}),", layout.minor, layout.arch)?;
    }
    writeln!(out, "];\n\n/// Bytes, in the order of [`super::PLACES`].\n#[rustfmt::skip]")?;
    writeln!(out, "pub const ROWS: [[u32; {}]; {}] = [", layouts.len(), PLACES.len())?;
    for (index, place) in PLACES.iter().enumerate() {
        let offset = |layout: &Layout| match layout.offsets()[index] {
            ABSENT => "ABSENT".to_owned(),
            offset => offset.to_string(),
        };
        let row: Vec<String> = layouts.iter().map(offset).collect();
        writeln!(out, "    [{}], // {place}", row.join(", "))?;
    }
    out.push_str("];\n");
    Ok(out)
}
