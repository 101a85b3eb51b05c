//! Measures what interactions with the timeline of a large trace cost: goherd and a real Chromium together.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::bench::write_result;
use crate::docs::root;

/// The row of the page's opening, which is told and is no interaction with it.
const OPENING: &str = "first paint";
/// A goherd and a Chromium of their own each; other work on the machine makes single ones dearer.
const RUNS: usize = 3;
/// CPU milliseconds an interaction may take.
const CPU_MS_MAX: f64 = 200.0;

const HEAD: &str = "\
Written by `cargo xtask bench timeline TRACE`. `goherd open TRACE` serves the viewer; Chromium shows its timeline, which is zoomed, moved and
clicked in (`ui/build/bench-timeline.js`). First paint is the timeline's, in a page that is there. CPU is user + system of goherd and of all
processes of Chromium from before an interaction until the page is drawn and every question answered, the 0.3 s waited for more questions
included; the clock of the kernel counts 10 ms. Medians of three runs, each with a goherd and a Chromium of its own, and the dearest of the three.
A drag is five moves.
";

/// `bench timeline TRACE`.
pub fn run(trace: &str) -> anyhow::Result<()> {
    let bytes = std::fs::metadata(trace).with_context(|| format!("look at {trace}"))?.len();
    let build = Command::new("cargo").args(["build", "--release", "--quiet", "-p", "goherd"]).current_dir(root()).status()?;
    if !build.success() {
        bail!("goherd does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let goherd = target.join("release/goherd");
    let runs = (0..RUNS).map(|_| measured(&goherd, trace)).collect::<anyhow::Result<Vec<Value>>>()?;
    let interactions = runs[0]["interactions"].as_array().context("bench-timeline.js printed no interactions")?;
    let mut text = format!("{HEAD}{}, a trace of {bytes} bytes.\n\n", runs[0]["chromium"].as_str().unwrap_or_default());
    writeln!(text, "| interaction | CPU ms | dearest | of it goherd |\n|---|---|---|---|")?;
    let mut costs = Vec::new();
    for (at, row) in interactions.iter().enumerate() {
        if runs.iter().any(|run| run["interactions"][at]["name"] != row["name"]) {
            bail!("the runs did not do the same");
        }
        let figures = |name: &str| sorted(runs.iter().map(|run| &run["interactions"][at][name]));
        let (cost, goherd) = (figures("cpuMs")?, figures("goherdMs")?);
        let (cost, dearest, goherd) = (cost[RUNS / 2], cost[RUNS - 1], goherd[RUNS / 2]);
        writeln!(text, "| {} | {cost} | {dearest} | {goherd} |", row["name"].as_str().unwrap_or_default())?;
        if row["name"] != OPENING {
            costs.push(cost);
        }
    }
    costs.sort_by(f64::total_cmp);
    let (median, max) = (costs.get(costs.len() / 2).copied(), costs.last().copied());
    let (Some(median), Some(max)) = (median, max) else { bail!("nothing was measured") };
    let figure = |of: &str| anyhow::Ok(sorted(runs.iter().map(|run| &run[of]["cpuMs"]))?[RUNS / 2]);
    let (idle, page) = (figure("idle")?, figure("page")?);
    writeln!(
        text,
        "\nInteractions but for the first paint: median {median} ms, most {max} ms; without an interaction {idle} ms; Chromium's start of the page {page} ms."
    )?;
    writeln!(text, "Load of the machine while it was measured: {}.", load()?)?;
    if max > CPU_MS_MAX {
        writeln!(text, "That is more than the {CPU_MS_MAX} ms aimed at.")?;
    }
    write_result("Timeline of a trace", &text)?;
    if max > CPU_MS_MAX {
        bail!("an interaction took {max} ms of CPU, more than {CPU_MS_MAX}");
    }
    Ok(())
}

/// Processes that wanted a CPU, over the last 1, 5 and 15 minutes.
fn load() -> anyhow::Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg").context("read the load")?;
    Ok(text.split_whitespace().take(3).collect::<Vec<_>>().join(", "))
}

/// Figures in order.
fn sorted<'v>(values: impl Iterator<Item = &'v Value>) -> anyhow::Result<Vec<f64>> {
    let mut figures = values.map(|value| value.as_f64().context("a figure is missing")).collect::<anyhow::Result<Vec<f64>>>()?;
    figures.sort_by(f64::total_cmp);
    Ok(figures)
}

fn measured(goherd: &Path, trace: &str) -> anyhow::Result<Value> {
    let mut serving =
        Command::new(goherd).args(["open", trace, "--no-browser"]).stdout(Stdio::piped()).spawn().context("start goherd")?;
    let measured = browsed(&mut serving);
    serving.kill().context("stop goherd")?;
    serving.wait().context("wait for goherd")?;
    measured
}

fn browsed(serving: &mut std::process::Child) -> anyhow::Result<Value> {
    let mut address = String::new();
    let out = serving.stdout.take().context("goherd has no output")?;
    BufReader::new(out).read_line(&mut address).context("read goherd's address")?;
    let mut browse = Command::new("node");
    browse.arg("build/bench-timeline.js").arg(address.trim()).arg(serving.id().to_string()).current_dir(root().join("ui"));
    let output = browse.output().context("start node")?;
    if !output.status.success() {
        bail!("bench-timeline.js: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("read what bench-timeline.js printed")
}
