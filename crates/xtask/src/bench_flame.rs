//! Measures what a flame graph of a million rows costs: goherd to write it, and a real Chromium to open and hover over it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::bench::{timed, write_result};
use crate::docs::root;

/// CPU seconds all Chromium processes together may take from their start until the page is drawn.
const OPEN_CPU_S_MAX: f64 = 3.0;

const HEAD: &str = "\
Written by `cargo xtask bench flame`. The profile is `testbed/gen-profile -size big`: 500,000 stacks over 180,000 locations and 30,000
functions. `goherd flame -o big.html` keeps the million heaviest rows of its call tree and counts the others. Chromium is started for each
row of the second table; CPU is user + system of all its processes from their start (`ui/build/bench-flame.js`), memory is what they hold
with shared pages counted once. `about:blank` is what a Chromium costs that shows nothing.
";

/// `bench flame`.
pub fn run() -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("goherd-bench").tempdir().context("make a folder for big files")?;
    let (profile, page) = (folder.path().join("big.pb.gz"), folder.path().join("big.html"));
    succeed(
        Command::new("go")
            .args(["run", "./gen-profile", "-size", "big", "-out"])
            .arg(&profile)
            .current_dir(root().join("testbed")),
    )?;
    succeed(Command::new("cargo").args(["build", "--release", "--quiet", "-p", "goherd"]).current_dir(root()))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut write = Command::new(target.join("release/goherd"));
    write.arg("flame").arg(&profile).arg("-o").arg(&page);
    let (cost, _) = timed(&write, Stdio::null(), folder.path(), &[0])?;
    let bytes = std::fs::metadata(&page).context("look at the page")?.len();
    let answer = Command::new("node").arg("build/bench-flame.js").arg(&page).current_dir(root().join("ui")).output()?;
    if !answer.status.success() {
        bail!("bench-flame.js: {}", String::from_utf8_lossy(&answer.stderr));
    }
    let answer: Value = serde_json::from_slice(&answer.stdout).context("read what bench-flame.js printed")?;
    let mut text = format!("{HEAD}{}.\n\n", answer["chromium"].as_str().unwrap_or_default());
    writeln!(text, "| job | CPU s | peak RSS MB | bytes |\n|---|---|---|---|")?;
    writeln!(
        text,
        "| goherd flame big.pb.gz -o big.html | {:.2} | {:.1} | {bytes} |\n",
        cost.cpu_s,
        cost.rss_kb as f64 / 1024.0
    )?;
    text.push_str(&browsers(&answer)?);
    write_result("Flame graph of a million rows", &text)
}

fn browsers(answer: &Value) -> anyhow::Result<String> {
    let mut table = String::from(
        "| page | rows | CPU s to open | PSS MB | moves made | moves seen | CPU ms a move |\n|---|---|---|---|---|---|---|\n",
    );
    let rounds = answer["rounds"].as_array().context("bench-flame.js printed no rounds")?;
    for round in rounds {
        let figure = |page: &str, name: &str| round[page][name].as_f64().with_context(|| format!("no figure {page}.{name}"));
        writeln!(table, "| about:blank | – | {:.2} | {} | – | – | – |", figure("blank", "openCpuS")?, figure("blank", "pssMb")?)?;
        let (open, moves, seen) = (figure("page", "openCpuS")?, figure("page", "moves")?, figure("page", "seen")?);
        let a_move = 1000.0 * figure("page", "hoverCpuS")? / moves;
        let (rows, memory) = (figure("page", "rows")?, figure("page", "pssMb")?);
        writeln!(table, "| big.html | {rows} | {open:.2} | {memory} | {moves} | {seen} | {a_move:.1} |")?;
        if open > OPEN_CPU_S_MAX {
            bail!("opening the page took {open:.2} CPU seconds, more than {OPEN_CPU_S_MAX}\n{table}");
        }
        if seen < moves {
            bail!("of {moves} movements of the mouse the page saw {seen}\n{table}");
        }
    }
    Ok(table)
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("start {command:?}"))?;
    if status.success() { Ok(()) } else { bail!("{command:?}: {status}") }
}
