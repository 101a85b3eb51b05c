//! Measures what interactions with the timeline of a large trace cost: goherd and a real Chromium together.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::bench::write_result;
use crate::docs::root;

/// CPU milliseconds an interaction may take.
const CPU_MS_MAX: f64 = 200.0;

const HEAD: &str = "\
Written by `cargo xtask bench timeline TRACE`. `goherd open TRACE` serves the viewer; Chromium shows its timeline, which is zoomed, moved and
clicked in (`ui/build/bench-timeline.js`). First paint is the timeline's, in a page that is there. CPU is user + system of goherd and of all
processes of Chromium from before an interaction until the page is drawn and every question answered, the 0.3 s waited for more questions
included; the clock of the kernel counts 10 ms.
";

/// `bench timeline TRACE`.
pub fn run(trace: &str) -> anyhow::Result<()> {
    let bytes = std::fs::metadata(trace).with_context(|| format!("look at {trace}"))?.len();
    let build = Command::new("cargo").args(["build", "--release", "--quiet", "-p", "goherd"]).current_dir(root()).status()?;
    if !build.success() {
        bail!("goherd does not build");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let mut serving = Command::new(target.join("release/goherd"))
        .args(["open", trace, "--no-browser"])
        .stdout(Stdio::piped())
        .spawn()
        .context("start goherd")?;
    let measured = measured(&mut serving);
    serving.kill().context("stop goherd")?;
    serving.wait().context("wait for goherd")?;
    let measured = measured?;
    let interactions = measured["interactions"].as_array().context("bench-timeline.js printed no interactions")?;
    let figure = |row: &Value, name: &str| row[name].as_f64().with_context(|| format!("no figure {name}"));
    let mut text = format!("{HEAD}{}, a trace of {bytes} bytes.\n\n", measured["chromium"].as_str().unwrap_or_default());
    writeln!(text, "| interaction | CPU ms | of it goherd |\n|---|---|---|")?;
    let mut costs = Vec::new();
    for row in interactions {
        let (cost, goherd) = (figure(row, "cpuMs")?, figure(row, "goherdMs")?);
        writeln!(text, "| {} | {cost} | {goherd} |", row["name"].as_str().unwrap_or_default())?;
        costs.push(cost);
    }
    costs.sort_by(f64::total_cmp);
    let (median, max) = (costs.get(costs.len() / 2).copied(), costs.last().copied());
    let (Some(median), Some(max)) = (median, max) else { bail!("nothing was measured") };
    let (idle, page) = (figure(&measured["idle"], "cpuMs")?, figure(&measured["page"], "cpuMs")?);
    writeln!(
        text,
        "\nMedian {median} ms, most {max} ms; without an interaction {idle} ms; Chromium's start of the page {page} ms."
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

fn measured(serving: &mut std::process::Child) -> anyhow::Result<Value> {
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
