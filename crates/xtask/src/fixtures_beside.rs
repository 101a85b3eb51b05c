//! Records a trace with CPU profiles before, across and inside it and with profiles of allocations, and what the program knows of them.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;
use time::OffsetDateTime;

use crate::bench::succeed;
use crate::docs::root;
use crate::fixtures::{go_command, with_string_replaced};
use crate::fixtures_runlog;

/// Go minors that are recorded: without the time of day in a trace, the first with it, the newest.
const MINORS: [&str; 3] = ["1.22", "1.25", "1.27"];
/// Runs that are tried: on a busy machine the profiler may see too little.
const TRIES: u32 = 5;
/// Most bytes of one packed recording.
const RECORDING_BYTES_MAX: usize = 200 * 1024;
/// Samples the profile inside the trace must have.
const SAMPLES_MIN: usize = 20;
/// Where the program stands in the recordings.
const PROGRAM: &str = "/srv/beside";
const PROFILES: [&str; 5] = ["cpu-apart.pb.gz", "cpu-partly.pb.gz", "cpu-inside.pb.gz", "allocs.delta.pb.gz", "allocs.pb.gz"];

/// `fixtures-beside [--go 1.NN]…`.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let (_, minors) = fixtures_runlog::chosen(args, &MINORS)?;
    let folder = root().join("fixtures/beside");
    for minor in minors {
        let scratch = tempfile::Builder::new().prefix("goherd-beside").tempdir().context("make a folder to record in")?;
        let program = build(minor, scratch.path())?;
        let to = folder.join(format!("go{minor}"));
        fs::create_dir_all(&to)?;
        let mut complaint = None;
        for _ in 0..TRIES {
            complaint = record(&program, scratch.path(), &to).err();
            if complaint.is_none() {
                break;
            }
        }
        if let Some(complaint) = complaint {
            return Err(complaint.context(format!("go{minor} after {TRIES} runs")));
        }
        anstream::eprintln!("go{minor}: recorded");
    }
    let text = format!(
        "\
# Profiles beside traces

Written by `cargo xtask fixtures-beside` on {}; not edited by hand. Each folder holds one run of `testbed/beside`, built with that Go version
(linux/amd64, `-trimpath`, no cgo), at GOMAXPROCS=2. `trace.zst` is the trace, `cpu-apart`, `cpu-partly` and `cpu-inside` CPU profiles taken
before, across its beginning and inside it, `allocs.delta` what `/debug/pprof/allocs?seconds=1` answers inside it, `allocs` everything since the
start; `told.json` says when each was taken by the program's own clock, and how many objects of 64 KiB the function `pages` made. Nothing
was changed but the path of the program in the profiles, which is set to `{PROGRAM}`.
",
        OffsetDateTime::now_utc().date()
    );
    fs::write(folder.join("README.md"), text).context("write the page beside the recordings")
}

fn build(minor: &str, scratch: &Path) -> anyhow::Result<std::path::PathBuf> {
    let (module, program) = (scratch.join("module"), scratch.join("beside"));
    fs::create_dir_all(&module)?;
    fs::write(module.join("go.mod"), format!("module example.com/beside\n\ngo {minor}\n"))?;
    fs::copy(root().join("testbed/beside/main.go"), module.join("main.go"))?;
    let mut go = Command::new(go_command(minor)?);
    go.current_dir(&module).args(["build", "-trimpath", "-buildvcs=false", "-o"]).arg(&program).arg(".");
    succeed(go.env_remove("GOROOT").env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOWORK", "off").env("CGO_ENABLED", "0"))?;
    Ok(program)
}

fn record(program: &Path, scratch: &Path, to: &Path) -> anyhow::Result<()> {
    let out = scratch.join("out");
    fs::create_dir_all(&out)?;
    let mut command = Command::new(program);
    succeed(command.arg(&out).env("GOMAXPROCS", "2"))?;
    let read = |name: &str| fs::read(out.join(name)).with_context(|| format!("read {name}"));
    let trace = zstd::bulk::compress(&read("trace.out")?, 19)?;
    ensure!(trace.len() <= RECORDING_BYTES_MAX, "the packed trace has {} bytes, more than {RECORDING_BYTES_MAX}", trace.len());
    let told: Value = serde_json::from_slice(&read("told.json")?).context("read what the program tells")?;
    let at = |pointer: &str| told.pointer(pointer).and_then(Value::as_i64).with_context(|| format!("no {pointer}"));
    let (from, to_ns) = (at("/trace_from_ns")?, at("/trace_to_ns")?);
    ensure!(at("/profiles/apart/1")? < from, "the first profile reaches into the trace");
    ensure!(
        at("/profiles/partly/0")? < from && from < at("/profiles/partly/1")?,
        "the second profile does not cross its beginning"
    );
    ensure!(from < at("/profiles/inside/0")? && at("/profiles/inside/1")? < to_ns, "the third profile is not inside");
    let mut profiles = Vec::new();
    for name in PROFILES {
        let program = program.to_str().context("the folder for recordings is no text")?;
        profiles.push((name, with_string_replaced(&read(name)?, program, PROGRAM)?));
    }
    let seen = told_by_pprof(&out.join("cpu-inside.pb.gz"))?;
    ensure!(seen >= SAMPLES_MIN, "the profile inside has {seen} samples, fewer than {SAMPLES_MIN}");
    fs::write(to.join("trace.zst"), trace)?;
    fs::write(to.join("told.json"), read("told.json")?)?;
    for (name, bytes) in profiles {
        fs::write(to.join(name), bytes)?;
    }
    Ok(())
}

/// Samples of a profile as `go tool pprof` counts them.
fn told_by_pprof(profile: &Path) -> anyhow::Result<usize> {
    let said = Command::new("go").args(["tool", "pprof", "-top", "-sample_index=samples"]).arg(profile).output()?;
    ensure!(said.status.success(), "go tool pprof fails: {}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8_lossy(&said.stdout);
    let total = text.lines().find_map(|line| line.split_once("% of ")).context("go tool pprof tells no total")?.1;
    total.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default().parse().context("read the total")
}
