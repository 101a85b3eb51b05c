//! Measures reading, comparing and merging profiles against `go tool pprof`, on the same synthetic files, back to back.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::bench::{Cost, succeed, timed, write_result};
use crate::docs::root;

/// Runs of which the median by CPU is taken; of what takes longer than [`LONG_CPU_S`], one.
const RUNS: usize = 5;
const LONG_CPU_S: f64 = 5.0;

const HEAD: &str = "\
Written by `cargo xtask bench profiles`. Linux x86_64, hot page cache, CPU is user + system through `/usr/bin/time`, the median of five
runs by CPU; of what takes more than 5 s, one run. The files are `testbed/gen-profile`: mid has 20,000 stacks, big 500,000 stacks over
180,000 locations and 30,000 functions, merge is 200 profiles that share 4,800 stacks. Commands: `goherd flame FILE --top` against
`go tool pprof -top FILE`; `goherd diff A B` of two big files without a stack in common against `go tool pprof -top -diff_base A B`. The
200 are merged by `crates/herd-formats/examples/read_profile.rs`, which writes gzipped profile.proto as `go tool pprof -proto` does.
";

/// A job both do.
struct Job {
    name: &'static str,
    ours: Command,
    theirs: Command,
}

/// `bench profiles`.
pub fn run() -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("goherd-bench").tempdir().context("make a folder for big files")?;
    let before = load()?;
    let jobs = jobs(folder.path())?;
    let mut table = String::from("| job | reader | CPU s | peak RSS MB |\n|---|---|---|---|\n");
    let mut ratios = String::new();
    for job in &jobs {
        let (ours, theirs) = (median(&job.ours, folder.path())?, median(&job.theirs, folder.path())?);
        for (reader, cost) in [("goherd", ours), ("go tool pprof", theirs)] {
            writeln!(table, "| {} | {reader} | {:.2} | {:.1} |", job.name, cost.cpu_s, cost.rss_kb as f64 / 1024.0)?;
        }
        let (cpu, rss) = (theirs.cpu_s / ours.cpu_s.max(0.01), theirs.rss_kb as f64 / ours.rss_kb as f64);
        writeln!(ratios, "- {}: go tool pprof takes {cpu:.1} × the CPU and {rss:.1} × the memory.", job.name)?;
    }
    let busy = format!("The machine's load was {before} at the start and {} at the end, on {} cores.", load()?, cores());
    write_result("Profiles", &format!("{HEAD}{busy}\n\n{table}\n{ratios}"))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn load() -> anyhow::Result<String> {
    let text = fs::read_to_string("/proc/loadavg").context("read the machine's load")?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

fn jobs(folder: &Path) -> anyhow::Result<Vec<Job>> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from).join("release");
    succeed(
        Command::new("cargo")
            .args([
                "build",
                "--release",
                "--quiet",
                "-p",
                "goherd",
                "-p",
                "herd-formats",
                "--bin",
                "goherd",
                "--example",
                "read_profile",
            ])
            .current_dir(root()),
    )?;
    let generator = folder.join("gen-profile");
    succeed(
        Command::new("go")
            .args(["build", "-trimpath", "-o"])
            .arg(&generator)
            .arg("./gen-profile")
            .current_dir(root().join("testbed")),
    )?;
    let made = |size: &str, seed: &str| -> anyhow::Result<PathBuf> {
        let out = folder.join(format!("{size}-{seed}"));
        succeed(Command::new(&generator).args(["-size", size, "-seed", seed, "-out"]).arg(&out))?;
        Ok(out)
    };
    let (mid, big, other, many) = (made("mid", "1")?, made("big", "1")?, made("big", "2")?, made("merge", "1")?);
    let mut files: Vec<PathBuf> = fs::read_dir(&many)?.map(|entry| Ok(entry?.path())).collect::<anyhow::Result<_>>()?;
    files.sort();
    let goherd = |args: &[&str], files: &[PathBuf]| with(&target.join("goherd"), args, files);
    let merge = |args: &[&str], files: &[PathBuf]| with(&target.join("examples/read_profile"), args, files);
    let pprof = pprof()?;
    let theirs = |args: &[&str], files: &[PathBuf]| with(&pprof, args, files);
    let written = folder.join("written.pb.gz").display().to_string();
    let both = [big.clone(), other];
    let (mid, big) = (std::slice::from_ref(&mid), std::slice::from_ref(&big));
    Ok(vec![
        Job { name: "top of mid", ours: goherd(&["flame", "--top"], mid), theirs: theirs(&["-top"], mid) },
        Job { name: "top of big", ours: goherd(&["flame", "--top"], big), theirs: theirs(&["-top"], big) },
        Job { name: "diff of two big", ours: goherd(&["diff"], &both), theirs: theirs(&["-top", "-diff_base"], &both) },
        Job {
            name: "merge of 200",
            ours: merge(&["--write", &written], &files),
            theirs: theirs(&["-proto", "-symbolize=none", "-output", &written], &files),
        },
    ])
}

/// The program behind `go tool pprof`, so that the go command's own cost is not counted.
fn pprof() -> anyhow::Result<PathBuf> {
    // A first run builds it where a Go release does not bring it along.
    succeed(Command::new("go").args(["tool", "pprof", "-h"]).stderr(Stdio::null()).stdout(Stdio::null())).ok();
    let output = Command::new("go").args(["tool", "-n", "pprof"]).output().context("ask go for pprof")?;
    let path = PathBuf::from(String::from_utf8(output.stdout)?.trim());
    if path.is_file() { Ok(path) } else { bail!("go tool -n pprof names no file: {}", path.display()) }
}

fn with(program: &Path, args: &[&str], files: &[PathBuf]) -> Command {
    let mut command = Command::new(program);
    command.args(args).args(files);
    command
}

fn median(command: &Command, folder: &Path) -> anyhow::Result<Cost> {
    // A difference is exit status 1.
    let once = || Ok::<Cost, anyhow::Error>(timed(command, Stdio::null(), folder, &[0, 1])?.0);
    let first = once()?;
    if first.cpu_s > LONG_CPU_S {
        return Ok(first);
    }
    let mut costs = vec![first];
    for _ in 1..RUNS {
        costs.push(once()?);
    }
    costs.sort_by(|a, b| a.cpu_s.total_cmp(&b.cpu_s));
    Ok(costs[RUNS / 2])
}
