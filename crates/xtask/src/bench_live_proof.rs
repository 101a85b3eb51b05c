//! Measures what a proof of leak costs: goherd, the process it is taken of, and the runtime's own profile beside it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use herd_live::{Budget, freeze};

use crate::bench::{Cost, timed, write_result};
use crate::docs::root;
use crate::fixtures;
use crate::soak_live::{leaked_groups, median};
use crate::test::checked;
use crate::told::{self, Told};

/// GiB of the large heap; the least of the sizes the stop is measured at.
const HEAP_GIB: f64 = 2.0;
const SIZES_GIB: [f64; 4] = [0.5, 1.0, 2.0, 3.0];
/// Goroutines of the large heap that can be woken, and that cannot.
const WOKEN: u64 = 67_000;
const LEAKED: u64 = 64_000;
/// Proofs, or copies, of one process.
const ROUNDS: usize = 5;
/// How long the writers' rate is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// The first part of a look beside a copy, in which most pages are copied.
const AT_FIRST: Duration = Duration::from_secs(1);
/// What it took is what is measured.
const PATIENT: Budget = Budget { base_ns: 60_000_000_000, gb_ns: 0 };

type Part = (&'static str, &'static str, fn(&Bench) -> anyhow::Result<String>);

const PARTS: [Part; 4] = [
    ("heap", "Proof of leak on a large heap", heap),
    ("stop", "How long a process is stopped for its copy", stop),
    ("copy", "What copying on write takes from a process", copy),
    ("runtime", "Proof of leak beside the runtime's own profile", runtime),
];

/// What is measured, with how much.
struct Bench {
    goherd: PathBuf,
    program: PathBuf,
    folder: tempfile::TempDir,
    minor: &'static str,
    /// Share of the full sizes; less than one tries the bench itself.
    scale: f64,
}

/// `proof [PART…] [--scale SHARE]`; each part writes a section of its own.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let (mut wanted, mut scale) = (Vec::new(), 1.0);
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--scale" => scale = rest.next().context("--scale needs a share")?.parse().context("--scale needs a share")?,
            name if PARTS.iter().any(|(known, ..)| *known == name) => wanted.push(name),
            other => bail!("unknown part `{other}`; there are heap, stop, copy and runtime"),
        }
    }
    let bench = Bench::build(scale)?;
    for (name, title, part) in PARTS.iter().filter(|(name, ..)| wanted.is_empty() || wanted.contains(name)) {
        let text = part(&bench).with_context(|| format!("bench proof {name}"))?;
        write_result(title, &text)?;
    }
    Ok(())
}

impl Bench {
    fn build(scale: f64) -> anyhow::Result<Bench> {
        let folder = tempfile::Builder::new().prefix("goherd-bench").tempdir().context("make a folder for programs")?;
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        checked(Command::new("cargo").args(["build", "--release", "--quiet", "-p", "goherd"]).current_dir(root()))?;
        let minor = fixtures::minors().last().context("no toolchain is recorded")?;
        let program = folder.path().join("heap");
        told::build(&fixtures::go_command(minor)?, "heap", &program)?;
        Ok(Bench { goherd: target.join("release/goherd"), program, folder, minor, scale })
    }

    fn start(&self, gib: f64, writers: u32) -> anyhow::Result<Told> {
        let count = |full: u64| ((full as f64 * self.scale) as u64).max(1).to_string();
        let mut command = Command::new(&self.program);
        command.args(["-gib", &(gib * self.scale).to_string(), "-n", &count(WOKEN), "-leaked", &count(LEAKED)]);
        Told::start(command.args(["-writers", &writers.to_string()]))
    }

    fn prove(&self, pid: i32) -> anyhow::Result<(Cost, u64)> {
        let mut command = Command::new(&self.goherd);
        command.args(["doctor", &pid.to_string(), "--prove", "--stop-budget", "60s", "--format", "json"]);
        let (cost, answer) = timed(&command, Stdio::null(), self.folder.path(), &[0, 1])?;
        Ok((cost, leaked_groups(&answer)?))
    }
}

/// What one proof cost.
struct Proved {
    cost: Cost,
    found: u64,
    gap_ms: f64,
    target_cpu_s: f64,
}

fn proved(bench: &Bench, target: &mut Told) -> anyhow::Result<Proved> {
    sleep(Duration::from_millis(500));
    target.tell("gap")?;
    let before = told::cpu_s(target.pid())?;
    let (cost, found) = bench.prove(target.pid())?;
    Ok(Proved { cost, found, gap_ms: target.number("gap")? / 1e6, target_cpu_s: told::cpu_s(target.pid())? - before })
}

fn gib(kb: u64) -> f64 {
    kb as f64 / f64::from(1 << 20)
}

const GAP: &str = "\
The gap is measured inside the process: a thread of its own sleeps 0.2 ms at a time in the kernel and keeps the longest time between two
looks at the clock; \"at rest\" is the same without a proof, and shows what else the machine does.";

fn heap(bench: &Bench) -> anyhow::Result<String> {
    let mut target = bench.start(HEAP_GIB, 0)?;
    let heap_gib = target.ready.parse::<f64>().context("read the heap's size")? / (1u64 << 30) as f64;
    let resident = gib(told::holds(target.pid())?.rss_kb);
    let planted = (LEAKED as f64 * bench.scale) as u64;
    let mut out = format!(
        "Written by `cargo xtask bench proof heap`. `testbed/mixed/heap` (Go {}): {heap_gib:.2} GiB of live objects of 64 bytes, four of their \
         words pointers, {resident:.2} GiB resident, {} goroutines that can be woken through the heap and {planted} that cannot. Each row is one `goherd \
         doctor PID --prove`; CPU is user + system.\n{GAP}\n\n\
         | proof | CPU s | CPU s a GiB of heap | clock s | peak RSS MB | RSS of heap | named of {planted} | gap ms | gap ms a GiB resident | at rest, ms |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
        bench.minor,
        (WOKEN as f64 * bench.scale) as u64,
    );
    for number in 1..=ROUNDS {
        target.tell("gap")?;
        sleep(Duration::from_secs(3));
        let rest_ms = target.number("gap")? / 1e6;
        let Proved { cost, found, gap_ms, .. } = proved(bench, &mut target)?;
        ensure!(found <= planted, "{found} goroutines are called leaked, and {planted} are");
        let (cpu, rss_mb) = (cost.cpu_s, cost.rss_kb as f64 / 1024.0);
        writeln!(
            out,
            "| {number} | {cpu:.2} | {:.2} | {:.2} | {rss_mb:.0} | {:.0} % | {found} | {gap_ms:.1} | {:.1} | {rest_ms:.1} |",
            cpu / heap_gib,
            cost.clock_s,
            rss_mb / 1024.0 / heap_gib * 100.0,
            gap_ms / resident,
        )?;
        anstream::eprintln!("proof {number}: {cpu:.2} s of CPU, {rss_mb:.0} MB, {found} of {planted}, {gap_ms:.1} ms");
    }
    Ok(out)
}

fn stop(bench: &Bench) -> anyhow::Result<String> {
    let mut out = format!(
        "Written by `cargo xtask bench proof stop`. `testbed/mixed/heap` (Go {}) of several sizes, copied {ROUNDS} times each; \"stopped\" is goherd's own \
         figure. Median and worst.\n{GAP}\n\n\
         | GB resident | stopped ms | worst | ms a GB | gap ms | worst | at rest, ms |\n|---|---|---|---|---|---|---|\n",
        bench.minor
    );
    for size in SIZES_GIB {
        let mut target = bench.start(size, 0)?;
        let gb = told::holds(target.pid())?.rss_kb as f64 * 1024.0 / 1e9;
        let (mut stops, mut gaps, mut rests) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            target.tell("gap")?;
            sleep(Duration::from_secs(1));
            rests.push(target.number("gap")? / 1e6);
            let copy = freeze::copy(target.pid(), &PATIENT).context("copy it")?;
            stops.push(copy.stopped_ns as f64 / 1e6);
            copy.end().context("end the copy")?;
            gaps.push(target.number("gap")? / 1e6);
        }
        let worst = |values: &[f64]| values.iter().copied().fold(0.0, f64::max);
        writeln!(
            out,
            "| {gb:.2} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
            median(&stops),
            worst(&stops),
            median(&stops) / gb,
            median(&gaps),
            worst(&gaps),
            worst(&rests),
        )?;
        anstream::eprintln!("{gb:.2} GB: stopped {stops:.1?} ms, gaps {gaps:.1?} ms");
    }
    Ok(out)
}

/// The dearest case there is: one writer that changes a word of every page, in no order.
fn copy(bench: &Bench) -> anyhow::Result<String> {
    let mut target = bench.start(HEAP_GIB, 1)?;
    let resident = gib(told::holds(target.pid())?.rss_kb);
    let mut out = format!(
        "Written by `cargo xtask bench proof copy`. `testbed/mixed/heap -writers 1` (Go {}), {resident:.2} GiB resident: one goroutine changes a word of one page after the other, in no order, and nothing else; every page it meets first is copied. Millions of words changed a second, beside a copy that nobody reads. What a service loses stands in [SOAK.md](SOAK.md).\n\n\
         | before | first {} s of the copy's life | next {} s | after its end |\n|---|---|---|---|\n",
        bench.minor,
        AT_FIRST.as_secs(),
        LOOK.as_secs(),
    );
    for _ in 0..ROUNDS {
        let before = rate(&mut target, LOOK)?;
        let copy = freeze::copy(target.pid(), &PATIENT).context("copy it")?;
        let first = rate(&mut target, AT_FIRST)?;
        let next = rate(&mut target, LOOK)?;
        copy.end().context("end the copy")?;
        let after = rate(&mut target, LOOK)?;
        let share = |rate: f64| format!("{rate:.2} ({:+.0} %)", (rate / before - 1.0) * 100.0);
        writeln!(out, "| {before:.2} | {} | {} | {} |", share(first), share(next), share(after))?;
        anstream::eprintln!("{before:.2}, {first:.2}, {next:.2}, {after:.2} million words a second");
    }
    Ok(out)
}

/// Millions of words changed a second.
fn rate(target: &mut Told, look: Duration) -> anyhow::Result<f64> {
    target.tell("work")?;
    let since = Instant::now();
    sleep(look);
    Ok(target.number("work")? / since.elapsed().as_secs_f64() / 1e6)
}

fn runtime(bench: &Bench) -> anyhow::Result<String> {
    let mut out = format!(
        "Written by `cargo xtask bench proof runtime`. The same processes (`testbed/mixed/heap`, Go {}) asked by turns: `goherd doctor PID --prove`, and the runtime for its `goroutineleak` profile, which collects garbage to find out. Median of {ROUNDS} by CPU.\n{GAP}\n\n\
         | GiB resident | goroutines | asked | CPU s of goherd | CPU s in the process | named | gap ms | worst |\n|---|---|---|---|---|---|---|---|\n",
        bench.minor
    );
    for size in [0.1, HEAP_GIB] {
        let mut target = bench.start(size, 0)?;
        let resident = gib(told::holds(target.pid())?.rss_kb);
        let goroutines = ((WOKEN + LEAKED) as f64 * bench.scale) as u64;
        let profile = bench.folder.path().join("leaks");
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(proved(bench, &mut target)?);
            target.tell("gap")?;
            let before = told::cpu_s(target.pid())?;
            let found = target.number(&format!("leaks {}", profile.display()))?;
            ensure!(found >= 0.0, "Go {} has no leak profile", bench.minor);
            let target_cpu_s = told::cpu_s(target.pid())? - before;
            let gap_ms = target.number("gap")? / 1e6;
            theirs.push(Proved { cost: Cost { cpu_s: 0.0, clock_s: 0.0, rss_kb: 0 }, found: found as u64, gap_ms, target_cpu_s });
        }
        for (name, runs) in [("goherd", &ours), ("the runtime", &theirs)] {
            let of = |value: fn(&Proved) -> f64| median(&runs.iter().map(value).collect::<Vec<f64>>());
            let worst = runs.iter().map(|run| run.gap_ms).fold(0.0, f64::max);
            writeln!(
                out,
                "| {resident:.2} | {goroutines} | {name} | {:.2} | {:.2} | {:.0} | {:.1} | {worst:.1} |",
                of(|run| run.cost.cpu_s),
                of(|run| run.target_cpu_s),
                of(|run| run.found as f64),
                of(|run| run.gap_ms),
            )?;
        }
    }
    Ok(out)
}
