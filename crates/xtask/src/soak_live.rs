//! One service under load, proven again and again: whether it, its clients or goherd have anything left of it, and what it costs them.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use herd_live::{Budget, freeze};
use herd_model::Snapshot;

use crate::bench::{Cost, timed};
use crate::docs::root;
use crate::fixtures;
use crate::soak::Save;
use crate::test::checked;
use crate::told::{self, Holds, Told};

/// Goroutines of the service nothing can wake, and the function they wait in.
const PLANTED: u64 = 100;
const PLANTED_IN: &str = "main.leaked";
/// Rounds between two looks at the load without proofs.
const BLOCK: u64 = 50;
/// How long the load is looked at without proofs, and beside a copy that nobody reads.
const LOOK: Duration = Duration::from_secs(4);
/// Until the service's pools are full.
const WARM: Duration = Duration::from_secs(10);
/// A machine under load may be slow to stop threads; what it took is reported.
const PATIENT: Budget = Budget { base_ns: 5_000_000_000, gb_ns: 0 };

/// Figures so far.
#[derive(Default)]
struct Figures {
    rounds: u64,
    /// Planted goroutines that were proven, per round.
    proven: Vec<u64>,
    stops_ms: Vec<f64>,
    costs: Vec<Cost>,
    holds: Vec<Holds>,
    /// This process's resident memory in each block: half of the rounds are read here.
    own_kb: Vec<u64>,
    /// Requests a second: without proofs, with one proof after the other, beside a copy nobody reads.
    idle: Vec<f64>,
    busy: Vec<f64>,
    beside: Vec<f64>,
    gap_ms: f64,
    wrong: f64,
}

/// The service and its clients.
struct Service {
    /// They end before the server does.
    clients: Told,
    server: Told,
    goherd: PathBuf,
    folder: tempfile::TempDir,
}

/// Runs the proofs; saves the figures after each block.
pub fn run(rounds: u64, save: Save) -> anyhow::Result<()> {
    let mut service = start()?;
    let mut figures = Figures::default();
    let begun = Instant::now();
    sleep(WARM);
    while figures.rounds < rounds {
        let left = rounds - figures.rounds;
        block(&mut service, &mut figures, BLOCK.min(left))?;
        let hours = begun.elapsed().as_secs_f64() / 3600.0;
        anstream::eprintln!("{} of {rounds} proofs, {:.0} s", figures.rounds, hours * 3600.0);
        save(&page(&figures, rounds)?)?;
    }
    judge(&figures)
}

fn start() -> anyhow::Result<Service> {
    let folder = tempfile::Builder::new().prefix("goherd-soak").tempdir().context("make a folder for programs")?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    checked(Command::new("cargo").args(["build", "--release", "--quiet", "-p", "goherd"]).current_dir(root()))?;
    let goherd = folder.path().join("goherd");
    // Whoever builds meanwhile must not take it away.
    std::fs::copy(target.join("release/goherd"), &goherd).context("copy goherd")?;
    let newest = fixtures::minors().last().context("no toolchain is recorded")?;
    let program = folder.path().join("busy");
    told::build(&fixtures::go_command(newest)?, "busy", &program)?;
    let server = Told::start(Command::new(&program).args(["-leaks", &PLANTED.to_string()]))?;
    let clients = Told::start(Command::new(&program).args(["-load", &server.ready]))?;
    Ok(Service { clients, server, goherd, folder })
}

fn block(service: &mut Service, figures: &mut Figures, rounds: u64) -> anyhow::Result<()> {
    let pid = service.server.pid();
    let idle = rate(service, figures, |_, _| {
        sleep(LOOK);
        Ok(())
    })?;
    let beside = rate(service, figures, |_, _| {
        let copy = freeze::copy(pid, &PATIENT).context("copy the service")?;
        sleep(LOOK);
        copy.end().context("end the copy")
    })?;
    let busy = rate(service, figures, |service, figures| {
        for _ in 0..rounds {
            round(service, figures).with_context(|| format!("proof {}", figures.rounds + 1))?;
            figures.rounds += 1;
        }
        Ok(())
    })?;
    figures.idle.push(idle);
    figures.beside.push(beside);
    figures.busy.push(busy);
    figures.holds.push(told::holds(pid)?);
    figures.own_kb.push(told::holds(i32::try_from(std::process::id())?)?.rss_kb);
    Ok(())
}

/// Requests a second the clients were answered while something was done.
fn rate(
    service: &mut Service,
    figures: &mut Figures,
    work: impl FnOnce(&mut Service, &mut Figures) -> anyhow::Result<()>,
) -> anyhow::Result<f64> {
    service.clients.numbers("report")?;
    service.server.numbers("report")?;
    let since = Instant::now();
    work(service, figures)?;
    let seconds = since.elapsed().as_secs_f64();
    let [answered, wrong, _, _] = service.clients.numbers("report")?[..] else { bail!("the clients say too little") };
    let [_, failed, children, gap_us] = service.server.numbers("report")?[..] else { bail!("the service says too little") };
    ensure!(answered > 0.0, "no request was answered in {seconds:.1} s");
    ensure!(wrong + failed == 0.0, "{wrong} requests were answered wrongly");
    ensure!(children == 0.0, "the service was sent {children} SIGCHLD");
    figures.wrong += wrong + failed;
    figures.gap_ms = figures.gap_ms.max(gap_us / 1000.0);
    Ok(answered / seconds)
}

/// By turns as a user does it, and in this process, whose memory is watched.
fn round(service: &mut Service, figures: &mut Figures) -> anyhow::Result<()> {
    let pid = service.server.pid();
    let proven = if figures.rounds.is_multiple_of(2) { as_a_user(service, figures)? } else { here(pid, figures)? };
    ensure!(proven <= PLANTED, "{proven} goroutines are called leaked, and {PLANTED} are");
    figures.proven.push(proven);
    let left = told::children(pid)?;
    ensure!(left.is_empty(), "the service is left with {left:?}");
    Ok(())
}

fn as_a_user(service: &Service, figures: &mut Figures) -> anyhow::Result<u64> {
    let mut command = Command::new(&service.goherd);
    command.args(["doctor", &service.server.pid().to_string(), "--prove", "--stop-budget", "5s", "--format", "json"]);
    let (cost, answer) = timed(&command, Stdio::null(), service.folder.path(), &[0, 1])?;
    figures.costs.push(cost);
    leaked_groups(&answer)
}

/// Goroutines an envelope calls leaked; all of them must be planted.
pub fn leaked_groups(answer: &[u8]) -> anyhow::Result<u64> {
    let envelope: serde_json::Value = serde_json::from_slice(answer).context("read goherd's answer")?;
    let notes = envelope["notes"].to_string();
    ensure!(!notes.contains("cannot be proven"), "{notes}");
    let clusters = envelope["snapshot"]["clusters"].as_array().context("an answer has clusters")?;
    let mut leaked = 0;
    for cluster in clusters {
        let count = cluster["leaked"].as_u64().unwrap_or_default();
        ensure!(
            count == 0 || cluster["frames"].to_string().contains(PLANTED_IN),
            "healthy goroutines are called leaked: {cluster}"
        );
        leaked += count;
    }
    Ok(leaked)
}

fn here(pid: i32, figures: &mut Figures) -> anyhow::Result<u64> {
    let reading = herd_live::frozen(pid, &PATIENT).context("read the service")?;
    figures.stops_ms.push(reading.stopped_ns.context("a copy was stopped for some time")? as f64 / 1e6);
    let leaked = reading.proof.context("one instant proves")?.context("prove")?.leaked.len() as u64;
    let planted = leaked_in(&reading.snapshot, PLANTED_IN);
    ensure!(leaked == planted, "{} healthy goroutines are called leaked", leaked - planted);
    Ok(planted)
}

/// Leaked goroutines that wait in a function.
fn leaked_in(snapshot: &Snapshot, function: &str) -> u64 {
    let within =
        |cluster: &&herd_model::Cluster| snapshot.stack(cluster).frames.iter().any(|frame| snapshot.func(*frame) == function);
    snapshot.clusters.iter().filter(within).map(|cluster| cluster.leaked).sum()
}

fn page(figures: &Figures, rounds: u64) -> anyhow::Result<String> {
    let (first, last) = (figures.holds.first().context("a block")?, figures.holds.last().context("a block")?);
    let costs = |of: fn(&Cost) -> f64| spread(&figures.costs.iter().map(of).collect::<Vec<_>>());
    let half = figures.costs.len() / 2;
    let rss = |costs: &[Cost]| median(&costs.iter().map(|cost| cost.rss_kb as f64 / 1024.0).collect::<Vec<_>>());
    let exact = figures.proven.iter().filter(|proven| **proven == PLANTED).count();
    let (idle, busy, beside) = (median(&figures.idle), median(&figures.busy), median(&figures.beside));
    let mut out = format!(
        "Written by `cargo xtask soak live --rounds {rounds}`. `testbed/mixed/busy` (Go {}) answers HTTP requests of 8 connections that ask \
         without a pause; each request has goroutines, channels and locks of its own, and its answer is checked. {PLANTED} goroutines of it \
         are leaked. One proof follows the other: `goherd doctor PID --prove` and, by turns, the same reading inside the soak itself. Service, clients \
         and goherd share the machine's processors.\n\n| what | figure |\n|---|---|\n",
        fixtures::minors().last().unwrap_or_default()
    );
    let mut row = |what: &str, figure: String| writeln!(out, "| {what} | {figure} |").context("write a row");
    row("proofs", figures.rounds.to_string())?;
    row("proofs that named exactly the leaked goroutines", exact.to_string())?;
    row("leaked goroutines named, fewest", figures.proven.iter().min().context("a proof")?.to_string())?;
    row("healthy goroutines called leaked", "0".into())?;
    row("zombies, copies or other children left", "0".into())?;
    row("SIGCHLD the service was sent", "0".into())?;
    row("requests answered wrongly", format!("{:.0}", figures.wrong))?;
    row("the service stopped for, ms: median, 99 %, worst", spread(&figures.stops_ms))?;
    row("the service's worst gap between beats of 1 ms, ms", format!("{:.1}", figures.gap_ms))?;
    row("CPU s of a proof: median, 99 %, worst", costs(|cost| cost.cpu_s))?;
    row(
        "goherd's peak RSS, MB: median of the first half, of the second",
        format!("{:.1}, {:.1}", rss(&figures.costs[..half]), rss(&figures.costs[half..])),
    )?;
    row("RSS of a process that has read since the start, MB: first block, last", own(figures)?)?;
    let held = |of: fn(&Holds) -> u64| format!("{}, {}", of(first), of(last));
    row("the service's RSS, MB: first block, last", held(|holds| holds.rss_kb / 1024))?;
    row("its address space, MB", held(|holds| holds.size_kb / 1024))?;
    row("its threads", held(|holds| holds.threads))?;
    row("its open files", held(|holds| holds.files))?;
    row("requests a second without proofs, median", format!("{idle:.0}"))?;
    row("beside a copy that nobody reads", format!("{beside:.0} ({:+.1} %)", (beside / idle - 1.0) * 100.0))?;
    row("with one proof after the other", format!("{busy:.0} ({:+.1} %)", (busy / idle - 1.0) * 100.0))?;
    Ok(out)
}

fn own(figures: &Figures) -> anyhow::Result<String> {
    let (first, last) = figures.own_kb.first().zip(figures.own_kb.last()).context("a block")?;
    Ok(format!("{:.1}, {:.1}", *first as f64 / 1024.0, *last as f64 / 1024.0))
}

/// Growth that goes on is a leak; pools and caches fill in the first blocks.
fn judge(figures: &Figures) -> anyhow::Result<()> {
    let Some(early) = figures.holds.get(figures.holds.len() / 4) else { return Ok(()) };
    let last = figures.holds.last().context("a block")?;
    ensure!(last.rss_kb <= early.rss_kb * 3 / 2 + 32_768, "the service grew from {early:?} to {last:?}");
    ensure!(last.size_kb <= early.size_kb * 5 / 4, "the service's address space grew from {early:?} to {last:?}");
    ensure!(last.threads <= early.threads + 8 && last.files <= early.files + 8, "from {early:?} to {last:?}");
    let (own, own_last) = (figures.own_kb[figures.own_kb.len() / 4], figures.own_kb[figures.own_kb.len() - 1]);
    ensure!(own_last <= own * 5 / 4 + 16_384, "what reads grew from {own} kB to {own_last} kB");
    Ok(())
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// Median, 99th of a hundred, worst.
fn spread(values: &[f64]) -> String {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at =
        |share: usize| sorted.get((sorted.len() * share / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or_default();
    format!("{:.2}, {:.2}, {:.2}", at(50), at(99), at(100))
}
