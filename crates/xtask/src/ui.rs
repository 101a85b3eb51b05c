//! Builds the viewer into `ui/dist`, which is committed so that Rust alone builds goherd; `--check` tests it and fails when it is stale.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::docs::root;
use crate::test::command;

/// The oldest Node that runs the build.
const NODE_MIN: (u32, u32) = (20, 19);

/// The whole viewer, as users load it, must stay below this when compressed.
const GZIP_BYTES_MAX: usize = 150_000;

/// What the browser tests need where no Chromium is installed; the fonts show Chinese as people see it.
const BROWSER_PACKAGES: [&str; 2] = ["chromium", "fonts-noto-cjk"];

const NO_BROWSER: &str = "no chromium to test with; install one, or set CHROMIUM to a Chromium or Chrome";

/// `ui` builds in place; `ui --check` builds aside, compares byte for byte, and tests in a real browser.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let check = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => bail!("usage: cargo xtask ui [--check]"),
    };
    node_is_new_enough()?;
    install()?;
    if check {
        return check_build_and_test();
    }
    npm(&["run", "--silent", "types"])?;
    npm(&["run", "--silent", "check"])?;
    npm(&["run", "--silent", "build"])?;
    size_is_kept()
}

fn check_build_and_test() -> anyhow::Result<()> {
    let aside = tempfile::tempdir().context("make a folder to build in")?;
    let types = aside.path().join("envelope.ts");
    npm(&["run", "--silent", "types", "--", text(&types)?])?;
    same(&types, &folder().join("src/envelope.ts"))?;
    npm(&["run", "--silent", "check"])?;
    let dist = aside.path().join("dist");
    npm(&["run", "--silent", "build", "--", "--outDir", text(&dist)?])?;
    same(&dist.join("viewer.html"), &folder().join("dist/viewer.html"))?;
    size_is_kept()?;
    npm(&["run", "--silent", "test"])?;
    browser_is_there()?;
    // Tests of the timeline ask the real goherd, with the viewer that stands in ui/dist.
    command("cargo", &["build", "--release", "--quiet", "-p", "goherd"])?;
    npm(&["run", "--silent", "test:browser"])
}

fn folder() -> PathBuf {
    root().join("ui")
}

fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

fn npm(args: &[&str]) -> anyhow::Result<()> {
    let status = Command::new("npm").args(args).current_dir(folder()).status().context("start npm")?;
    if !status.success() {
        bail!("npm {} in ui/: {status}", args.join(" "));
    }
    Ok(())
}

fn node_is_new_enough() -> anyhow::Result<()> {
    let wanted = format!("Node {}.{} or newer is needed to build the viewer", NODE_MIN.0, NODE_MIN.1);
    let output = Command::new("node").arg("--version").output().with_context(|| wanted.clone())?;
    let version = String::from_utf8_lossy(&output.stdout);
    let mut parts = version.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= NODE_MIN => Ok(()),
        _ => bail!("{wanted}; this is {}", version.trim()),
    }
}

/// Packages exactly as locked; skipped while the lock file is the one last installed from.
fn install() -> anyhow::Result<()> {
    let lock = std::fs::read(folder().join("package-lock.json")).context("read ui/package-lock.json")?;
    let installed = folder().join("node_modules/.installed-lock.json");
    if std::fs::read(&installed).is_ok_and(|found| found == lock) {
        return Ok(());
    }
    npm(&["ci", "--no-audit", "--no-fund"])?;
    std::fs::write(&installed, lock).with_context(|| format!("write {}", installed.display()))
}

fn same(built: &Path, committed: &Path) -> anyhow::Result<()> {
    let built = std::fs::read(built).with_context(|| format!("read {}", built.display()))?;
    let found = std::fs::read(committed).with_context(|| format!("read {}", committed.display()))?;
    if built != found {
        bail!("{} is stale; run `cargo xtask ui`", committed.display());
    }
    Ok(())
}

fn size_is_kept() -> anyhow::Result<()> {
    let viewer = std::fs::read(folder().join("dist/viewer.html")).context("read ui/dist/viewer.html")?;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&viewer)?;
    let bytes = packed.finish()?.len();
    anstream::println!("ui/dist/viewer.html: {} bytes, {bytes} compressed", viewer.len());
    if bytes > GZIP_BYTES_MAX {
        bail!("the viewer may take {GZIP_BYTES_MAX} bytes compressed");
    }
    Ok(())
}

fn browser_is_there() -> anyhow::Result<()> {
    let named = std::env::var_os("CHROMIUM").is_some();
    if named || Command::new("chromium").arg("--version").output().is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    debian(&BROWSER_PACKAGES, NO_BROWSER)
}

/// Installs Debian packages; `instead` says what to do where that is not possible.
pub fn debian(packages: &[&str], instead: &'static str) -> anyhow::Result<()> {
    let install = [&["install", "--quiet", "--yes", "--no-install-recommends"], packages].concat();
    for args in [&["update", "--quiet"][..], &install] {
        let status = Command::new("apt-get").args(args).status().context(instead)?;
        if !status.success() {
            bail!("apt-get {}: {status}; {instead}", args.join(" "));
        }
    }
    Ok(())
}
