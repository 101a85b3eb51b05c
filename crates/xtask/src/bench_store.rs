//! Measures the store with fleets of made-up services: bytes and CPU a sample, the longest append, queries.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::bench::{succeed, write_result};
use crate::docs::root;

/// Instances and ticks: two thousand for an hour, and as many as one machine should watch for ten minutes.
const FLEETS: [(u32, u32); 2] = [(2000, 720), (10_000, 130)];

const HEAD: &str = "\
Written by `cargo xtask bench store`, which runs `crates/herd-store/examples/bench_store` in the folder for temporary files. Services are
made up (`fleet.rs` beside it): 48 series each, as client_golang's default collectors name them, every 5 s, with a heap that fills and is
collected, counters that follow a load of their own, and values that hang together as Go's do (objects are allocations less frees). Every
sample is kept; each tick is synced before it counts. CPU is that of the one thread that writes, sealing included; queries are the middle of
five runs on a file in the page cache. \"In pages used\" leaves out the free pages that the next ticks go to, 4 MiB or a twentieth.
";

/// `bench store`.
pub fn run() -> anyhow::Result<()> {
    let build = ["build", "--release", "--quiet", "-p", "herd-store", "--example", "bench_store"];
    succeed(Command::new("cargo").args(build).current_dir(root()))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let program = target.join("release/examples/bench_store");
    let mut columns: Vec<Vec<(String, String)>> = Vec::new();
    for (instances, ticks) in FLEETS {
        let output = Command::new(&program).args([instances.to_string(), ticks.to_string()]).output().context("run the bench")?;
        if !output.status.success() {
            bail!("the bench ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let rows = text.lines().filter_map(|line| line.split_once('\t'));
        columns.push(rows.map(|(what, figure)| (what.to_owned(), figure.replace('\t', " "))).collect());
    }
    let [one, two] = columns.as_slice() else { bail!("the bench was not run for both fleets") };
    let mut text = format!(
        "{HEAD}\n| | {} instances, {} ticks | {} instances, {} ticks |\n|---|---|---|\n",
        FLEETS[0].0, FLEETS[0].1, FLEETS[1].0, FLEETS[1].1
    );
    for ((what, first), (_, second)) in one.iter().zip(two) {
        writeln!(text, "| {what} | {first} | {second} |")?;
    }
    let load = std::fs::read_to_string("/proc/loadavg").context("read the load")?;
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    writeln!(text, "\nLoad of the machine when it was measured, over 1, 5 and 15 minutes: {}.", load.join(", "))?;
    write_result("Store", &text)
}
