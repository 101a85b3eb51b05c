//! Measures reading runtime logs: records alone, and records among the lines of a chatty application.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::bench::{succeed, timed, write_result};
use crate::docs::root;

/// Bytes of each file.
const FILE_BYTES: u64 = 512 << 20;
/// Runs of which the best is taken: others use the machine, too.
const RUNS: usize = 5;
/// What is promised, MB a second of CPU time.
const MB_PER_S_MIN: f64 = 500.0;

const HEAD: &str = "\
Written by `cargo xtask bench runlog`. Linux x86_64, hot page cache, CPU is user + system through `/usr/bin/time`, reading the file
included, the best of five runs. The files are of 512 MiB: `records` has gctrace lines only, of one process; `among lines` one in every
hundred lines of an application; `recorded` is the recording of `chatty-logger` over and over, torn records included. They are read by
`crates/herd-formats/examples/read_runlog.rs`.

";

/// `bench runlog`.
pub fn run() -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("goherd-bench").tempdir().context("make a folder for big files")?;
    let build = ["build", "--release", "--quiet", "-p", "herd-formats", "--example", "read_runlog"];
    succeed(Command::new("cargo").args(build).current_dir(root()))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let chatty = root().join("fixtures/runlog/go1.25/chatty-logger.txt.zst");
    let chatty = zstd::decode_all(File::open(&chatty).context("open the recording")?)?;
    let mut table = String::from("| log | records | MB/s | peak RSS MB |\n|---|---|---|---|\n");
    let mut slowest = f64::INFINITY;
    for (name, every) in [("records", Some(1)), ("among lines", Some(100)), ("recorded", None)] {
        let path = folder.path().join("log.txt");
        let bytes = match every {
            Some(every) => write_lines(&path, every, &chatty)?,
            None => write_again(&path, &chatty)?,
        };
        let mut command = Command::new(target.join("release/examples/read_runlog"));
        command.arg(&path);
        let mut best: Option<(f64, u64, String)> = None;
        for _ in 0..RUNS {
            let (cost, told) = timed(&command, Stdio::null(), folder.path(), &[0])?;
            let told = String::from_utf8(told).context("the example prints text")?;
            if best.as_ref().is_none_or(|(cpu_s, ..)| cost.cpu_s < *cpu_s) {
                best = Some((cost.cpu_s, cost.rss_kb, told));
            }
        }
        let (cpu_s, rss_kb, told) = best.context("there was a run")?;
        let speed = bytes as f64 / 1e6 / cpu_s.max(0.01);
        slowest = slowest.min(speed);
        let records = told.split_whitespace().next().unwrap_or_default();
        writeln!(table, "| {name} | {records} | {speed:.0} | {:.1} |", rss_kb as f64 / 1024.0)?;
    }
    write_result("Runtime logs", &format!("{HEAD}{table}"))?;
    if slowest < MB_PER_S_MIN {
        bail!("{slowest:.0} MB/s, less than {MB_PER_S_MIN}");
    }
    Ok(())
}

/// One record of a rising number in so many lines; the other lines are those of the recorded application.
fn write_lines(path: &Path, every: u64, chatty: &[u8]) -> anyhow::Result<u64> {
    let lines: Vec<&[u8]> = chatty.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"2026")).collect();
    let mut out = BufWriter::new(File::create(path)?);
    let (mut bytes, mut number) = (0, 0_u64);
    while bytes < FILE_BYTES {
        number += 1;
        let record = format!(
            "gc {number} @{}.{:03}s 3%: 0.031+9.8+0.018 ms clock, 0.062+1.2/9.4/3.1+0.036 ms cpu, 31->33->16 MB, 32 MB goal, 0 MB stacks, 0 MB globals, 2 P\n",
            number / 4,
            number % 4 * 250
        );
        out.write_all(record.as_bytes())?;
        bytes += record.len() as u64;
        for line in lines.iter().cycle().skip(usize::try_from(number)? % lines.len()).take(usize::try_from(every - 1)?) {
            out.write_all(line)?;
            out.write_all(b"\n")?;
            bytes += line.len() as u64 + 1;
        }
    }
    out.flush()?;
    Ok(bytes)
}

fn write_again(path: &Path, text: &[u8]) -> anyhow::Result<u64> {
    let mut out = BufWriter::new(File::create(path)?);
    let mut bytes = 0;
    while bytes < FILE_BYTES {
        out.write_all(text)?;
        bytes += text.len() as u64;
    }
    out.flush()?;
    Ok(bytes)
}
