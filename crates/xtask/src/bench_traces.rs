//! Measures `goherd trace` against reading alone with golang.org/x/exp/trace, and against `go tool trace` up to its first page.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail, ensure};

use crate::bench::{Cost, succeed, timed, write_result};
use crate::docs::root;
use crate::fixtures_traces::{build_oracle, build_program};
use crate::told::cpu_s;

/// Go that records the traces.
const RECORDED_BY: &str = "1.27";
/// Megabytes of the big trace.
const BIG_MB: &str = "500";
/// Runs of each program, in turn, of which the cheapest is taken.
const RUNS: usize = 5;
/// Runs of what keeps gigabytes in memory.
const TOOL_RUNS: usize = 2;
/// Until `go tool trace` has answered a page of the mid trace.
const PAGE_LIMIT: Duration = Duration::from_mins(5);

const HEAD: &str = "\
Written by `cargo xtask bench traces`. Linux x86_64, hot page cache, CPU is user + system. The traces are `testbed/traces` without rest
(`-mid`, `-big 500`). Programs run in turn, the cheapest run of each counts: five runs, two of `go tool trace`. `goherd trace` is the full
report (`--format json`); \"goherd's reader\" is `crates/herd-formats/examples/read_trace.rs`, which shows all events to a visitor that
does nothing; \"x/exp\" is `testbed/trace-oracle -read`, the same with golang.org/x/exp/trace. `go tool trace` is measured from its start
until it has answered `/goroutines`, by what the kernel says of its process.
";

/// What one program took of one trace.
struct Measured {
    name: &'static str,
    best: Cost,
}

/// `bench traces [FOLDER]`: the traces are made in the folder, and used again when they are there; without one they are thrown away.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let scratch = tempfile::Builder::new().prefix("goherd-bench").tempdir().context("make a folder for big files")?;
    let folder = args.first().map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    fs::create_dir_all(&folder).with_context(|| format!("create {}", folder.display()))?;
    let program = build_program(RECORDED_BY, false, scratch.path())?;
    let mid = made(&program, &folder.join("mid"), &["-mid"])?;
    let big = made(&program, &folder.join("big"), &["-big", BIG_MB])?;
    let readers = readers(scratch.path())?;
    let mut table = String::from(
        "| trace | MB | program | CPU s | clock s | MB per CPU-second | peak RSS MB |\n|---|---|---|---|---|---|---|\n",
    );
    let mut ratios = String::new();
    for (name, trace) in [("mid", &mid), ("big", &big)] {
        let bytes = fs::metadata(trace)?.len();
        let mut measured = interleaved(&readers, trace, scratch.path())?;
        if name == "mid" {
            measured.push(go_tool_trace(trace)?);
        }
        for row in &measured {
            let mb = bytes as f64 / 1e6;
            writeln!(
                table,
                "| {name} | {mb:.1} | {} | {:.2} | {:.2} | {:.0} | {:.1} |",
                row.name,
                row.best.cpu_s,
                row.best.clock_s,
                mb / row.best.cpu_s.max(0.01),
                row.best.rss_kb as f64 / 1024.0
            )?;
        }
        let own = &measured[0].best;
        for peer in measured.iter().filter(|row| !row.name.starts_with("goherd")) {
            let (cpu, rss) = (peer.best.cpu_s / own.cpu_s.max(0.01), peer.best.rss_kb as f64 / own.rss_kb as f64);
            writeln!(ratios, "- {name}: {} takes {cpu:.1} × the CPU and {rss:.1} × the memory of `goherd trace`.", peer.name)?;
        }
    }
    write_result("Execution traces", &format!("{HEAD}\n{table}\n{ratios}"))
}

fn made(program: &Path, folder: &Path, flags: &[&str]) -> anyhow::Result<PathBuf> {
    let trace = folder.join("trace.out");
    if !folder.join("lost.json").exists() {
        fs::create_dir_all(folder)?;
        succeed(Command::new(program).args(["-leaks", "12"]).args(flags).arg("-out").arg(folder))?;
    }
    Ok(trace)
}

/// The programs that read a whole trace; goherd's report first.
fn readers(folder: &Path) -> anyhow::Result<Vec<(&'static str, Command)>> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("release");
    let packages = ["-p", "goherd", "-p", "herd-formats", "--bin", "goherd", "--example", "read_trace"];
    succeed(Command::new("cargo").args(["build", "--release", "--quiet"]).args(packages).current_dir(root()))?;
    let mut report = Command::new(target.join("goherd"));
    report.args(["trace", "--format", "json"]);
    let mut oracle = Command::new(build_oracle(folder)?);
    oracle.arg("-read");
    Ok(vec![
        ("goherd trace", report),
        ("goherd's reader", Command::new(target.join("examples/read_trace"))),
        ("x/exp, reading alone", oracle),
    ])
}

fn interleaved(readers: &[(&'static str, Command)], trace: &Path, folder: &Path) -> anyhow::Result<Vec<Measured>> {
    let mut best: Vec<Option<Cost>> = vec![None; readers.len()];
    for _ in 0..RUNS {
        for ((_, reader), best) in readers.iter().zip(&mut best) {
            let mut command = Command::new(reader.get_program());
            command.args(reader.get_args()).arg(trace);
            // Findings are exit status 1.
            let (cost, _) = timed(&command, Stdio::null(), folder, &[0, 1])?;
            *best = cheaper(*best, cost);
        }
    }
    readers.iter().zip(best).map(|((name, _), best)| Ok(Measured { name, best: best.context("at least one run")? })).collect()
}

fn cheaper(best: Option<Cost>, cost: Cost) -> Option<Cost> {
    best.filter(|best| best.cpu_s <= cost.cpu_s).or(Some(cost))
}

fn go_tool_trace(trace: &Path) -> anyhow::Result<Measured> {
    let tool = tool()?;
    let mut best = None;
    for _ in 0..TOOL_RUNS {
        let start = std::time::Instant::now();
        let mut child = Command::new(&tool)
            .arg("-http=127.0.0.1:0")
            .arg(trace)
            // It opens a browser otherwise (cmd/internal/browser).
            .env("BROWSER", "true")
            .stderr(Stdio::piped())
            .spawn()
            .context("start go tool trace")?;
        let cost = first_page(&mut child, start);
        // It serves until it is stopped.
        child.kill().context("stop go tool trace")?;
        child.wait().context("wait for go tool trace")?;
        best = cheaper(best, cost?);
    }
    Ok(Measured { name: "go tool trace to its first page", best: best.context("at least one run")? })
}

/// The program behind `go tool trace`, so that the go command's own cost is not counted.
fn tool() -> anyhow::Result<PathBuf> {
    // A first run builds it where a Go release does not bring it along.
    let built = Command::new("go").args(["tool", "trace", "-h"]).stderr(Stdio::null()).stdout(Stdio::null()).status();
    built.context("start go tool trace")?;
    let output = Command::new("go").args(["tool", "-n", "trace"]).output().context("ask go for trace")?;
    let path = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    if path.is_file() { Ok(path) } else { bail!("go tool -n trace names no file: {}", path.display()) }
}

fn first_page(child: &mut Child, start: std::time::Instant) -> anyhow::Result<Cost> {
    let pid = i32::try_from(child.id())?;
    let mut said = BufReader::new(child.stderr.take().context("what go tool trace says")?);
    let address = loop {
        let mut line = String::new();
        ensure!(said.read_line(&mut line)? > 0, "go tool trace ends before it serves");
        if let Some((_, address)) = line.split_once("listening on http://") {
            break address.trim().to_owned();
        }
    };
    let mut stream = TcpStream::connect(&address).with_context(|| format!("connect to {address}"))?;
    stream.set_read_timeout(Some(PAGE_LIMIT))?;
    write!(stream, "GET /goroutines HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut page = Vec::new();
    stream.read_to_end(&mut page).context("read the page")?;
    ensure!(
        page.starts_with(b"HTTP/1.0 200"),
        "go tool trace answers {:?}",
        String::from_utf8_lossy(&page[..page.len().min(200)])
    );
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("read the process's status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("find VmHWM")?;
    let rss_kb = peak.trim().trim_end_matches(" kB").parse().context("read VmHWM")?;
    Ok(Cost { cpu_s: cpu_s(pid)?, clock_s: start.elapsed().as_secs_f64(), rss_kb })
}
