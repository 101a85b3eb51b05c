//! Measures what reading a live process costs, side by side with Delve, gcore and the target's own profiles, on one target that says how
//! long it did not get to run.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::bench::{Cost, timed};
use crate::docs::root;
use crate::fixtures;
use crate::test::checked;
use crate::told;

/// Goroutines of the targets.
const GOROUTINES: [u64; 2] = [100_000, 2_000_000];
/// Up to here the peers that print every goroutine or copy all memory are asked, too: beyond, each takes minutes or tens of gigabytes.
const ALL_PEERS_UP_TO: u64 = 100_000;
/// Rounds; in each, every tool is asked once.
const ROUNDS: usize = 3;
/// The release of Delve goherd is compared with.
const DELVE: &str = "v1.27.2";
/// Goroutines of each of the 22 kinds `testbed/mixed/parked` holds, for 100,000 in all.
const EACH_KIND: &str = "4545";

/// What asking once has cost.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    /// The tool's; nothing where the target itself answers.
    cost: Option<Cost>,
    clock_s: f64,
    target_cpu_s: f64,
    gap_ms: f64,
    /// Bytes read, or given as an answer.
    bytes: u64,
    calls: u64,
}

/// Runs all measurements; answers the section for the results.
pub fn measure(numbers: &[String]) -> anyhow::Result<String> {
    let folder = tempfile::Builder::new().prefix("goherd-bench").tempdir().context("make a folder for what tools write")?;
    let tools = Tools::build(folder.path())?;
    let mut counts = numbers.iter().map(|number| number.parse()).collect::<Result<Vec<u64>, _>>().context("read a number")?;
    if counts.is_empty() {
        counts = GOROUTINES.to_vec();
    }
    let mut out = String::from(HEAD);
    let mut sentences = String::new();
    for goroutines in counts {
        let runs = rounds(&tools, goroutines)?;
        for (name, runs) in &runs {
            row(&mut out, goroutines, name, runs)?;
        }
        compare(&mut sentences, goroutines, &runs)?;
    }
    Ok(format!("{out}\n{sentences}"))
}

const HEAD: &str = "\
Written by `cargo xtask bench live`. One target a size, `testbed/mixed/gaps`: goroutines that wait on 25 stacks, and one that measures the
longest time it does not get to run (gap). Each round asks every tool once, one after the other; a row has the run of median CPU of three
rounds (the target's CPU where the target itself answers); gaps are median and worst. CPU is user + system. goherd is `goherd snap PID
--format json`; the profiles are fetched over loopback; Delve is `dlv attach PID` with `goroutines -s`; \"none\" waits as long as goherd took,
and has the gaps that come of whatever else the machine does.

| goroutines | asked | CPU s | CPU s in the target | clock s | peak RSS MB | read calls | bytes | gap ms | worst gap ms |
|---|---|---|---|---|---|---|---|---|---|
";

const SAME: &str = "\
Written by `cargo xtask bench same`. 100,000 goroutines of 22 kinds (`testbed/mixed/parked`), each compared with what the process prints
of it itself (`debug=2`): state, every function, file and line, creator, parent, thread lock, and since Go 1.26 labels; before, labels are
compared by count with `debug=1`.
";

struct Tools {
    gaps: PathBuf,
    goherd: PathBuf,
    delve: PathBuf,
    folder: PathBuf,
}

impl Tools {
    fn build(folder: &Path) -> anyhow::Result<Tools> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
        checked(Command::new("cargo").args(["build", "--release", "--quiet", "-p", "goherd"]).current_dir(root()))?;
        let gaps = folder.join("gaps");
        let mut build = Command::new("go");
        checked(build.args(["build", "-o"]).arg(&gaps).arg("./gaps").current_dir(root().join("testbed/mixed")))?;
        let tools = root().join("target/tools/bin");
        let delve = tools.join("dlv");
        let module = format!("github.com/go-delve/delve/cmd/dlv@{DELVE}");
        checked(Command::new("go").args(["install", &module]).env("GOBIN", &tools).current_dir(folder))?;
        Ok(Tools { gaps, goherd: target.join("release/goherd"), delve, folder: folder.to_path_buf() })
    }
}

/// The process that is read; it ends with this value.
struct Target {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Target {
    fn start(program: &Path, goroutines: u64) -> anyhow::Result<Target> {
        let mut command = Command::new(program);
        command.args(["-n", &goroutines.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().context("start the target")?;
        let input = child.stdin.take().context("the target's input")?;
        let output = BufReader::new(child.stdout.take().context("the target's output")?);
        let mut target = Target { child, input, output, address: String::new() };
        target.address = target.answer("ready ")?;
        Ok(target)
    }

    fn answer(&mut self, begin: &str) -> anyhow::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line).context("read the target's answer")?;
        let rest = line.strip_prefix(begin).with_context(|| format!("the target says {line:?}"))?;
        Ok(rest.trim().to_owned())
    }

    /// The longest gap since this was last asked.
    fn gap_ms(&mut self) -> anyhow::Result<f64> {
        writeln!(self.input).context("ask the target")?;
        let ns: f64 = self.answer("gap ")?.parse().context("read the target's gap")?;
        Ok(ns / 1e6)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may have ended by itself, which the measurement has noticed by then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const NONE: &str = "none";
const GOHERD: &str = "goherd snap";
const DEBUG_1: &str = "debug=1";
const DEBUG_2: &str = "debug=2";
const DLV: &str = "Delve";
const GCORE: &str = "gcore";
const GOHERD_CORE: &str = "goherd snap of that core";

type Runs = Vec<(&'static str, Vec<Run>)>;

fn rounds(tools: &Tools, goroutines: u64) -> anyhow::Result<Runs> {
    let mut target = Target::start(&tools.gaps, goroutines)?;
    let mut runs: Runs = Vec::new();
    let mut clock_s = 1.0;
    for round in 0..ROUNDS {
        let mut note = |name: &'static str, run: Run| {
            anstream::eprintln!("{goroutines} round {round} {name}: {run:?}");
            match runs.iter_mut().find(|(known, _)| *known == name) {
                Some((_, all)) => all.push(run),
                None => runs.push((name, vec![run])),
            }
        };
        note(NONE, during(&mut target, |_| Ok(idle(clock_s)))?);
        let read = during(&mut target, |target| goherd(tools, &target.child.id().to_string()))?;
        clock_s = read.clock_s;
        note(GOHERD, read);
        note(DEBUG_1, during(&mut target, |target| profile(target, 1))?);
        if goroutines <= ALL_PEERS_UP_TO {
            note(DEBUG_2, during(&mut target, |target| profile(target, 2))?);
            note(DLV, during(&mut target, |target| delve(tools, target))?);
            note(GCORE, during(&mut target, |target| gcore(tools, target))?);
            let core = tools.folder.join(format!("core.{}", target.child.id()));
            note(GOHERD_CORE, during(&mut target, |_| goherd(tools, &format!("core:{}", core.display())))?);
            fs::remove_file(&core).context("remove the core file")?;
        }
    }
    Ok(runs)
}

/// Asks one tool; adds what it cost the target.
fn during(target: &mut Target, ask: impl FnOnce(&Target) -> anyhow::Result<Run>) -> anyhow::Result<Run> {
    thread::sleep(Duration::from_millis(500));
    target.gap_ms()?;
    let before = target_cpu_s(target)?;
    let started = Instant::now();
    let run = ask(target)?;
    let clock_s = started.elapsed().as_secs_f64();
    Ok(Run { clock_s, target_cpu_s: target_cpu_s(target)? - before, gap_ms: target.gap_ms()?, ..run })
}

fn idle(seconds: f64) -> Run {
    thread::sleep(Duration::from_secs_f64(seconds));
    Run::default()
}

/// Exit code 1 says that there are findings.
fn goherd(tools: &Tools, of: &str) -> anyhow::Result<Run> {
    let mut command = Command::new(&tools.goherd);
    command.args(["snap", of, "--format", "json"]);
    let (cost, answer) = timed(&command, Stdio::null(), &tools.folder, &[0, 1])?;
    let envelope: serde_json::Value = serde_json::from_slice(&answer).context("read goherd's answer")?;
    let mut run = Run { cost: Some(cost), ..Run::default() };
    let mut words = Vec::new();
    texts(&envelope, &mut words);
    if let Some(words) = words.iter().find_map(|text| text.strip_prefix("memory: ")) {
        let mut numbers = words.split(' ').filter_map(|word| word.parse().ok());
        run.bytes = numbers.next().context("read what goherd read")?;
        run.calls = numbers.next().context("read what goherd read")?;
    }
    Ok(run)
}

fn texts<'a>(value: &'a serde_json::Value, into: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::String(text) => into.push(text),
        serde_json::Value::Array(values) => values.iter().for_each(|value| texts(value, into)),
        serde_json::Value::Object(fields) => fields.values().for_each(|value| texts(value, into)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// HTTP/1.0 keeps the answer free of chunks.
fn profile(target: &Target, debug: u32) -> anyhow::Result<Run> {
    let mut stream = TcpStream::connect(&target.address).context("connect to the target")?;
    write!(stream, "GET /debug/pprof/goroutine?debug={debug} HTTP/1.0\r\n\r\n").context("ask the target")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).context("read the target's profile")?;
    if !answer.starts_with(b"HTTP/1.0 200") {
        bail!("the target does not answer debug={debug}");
    }
    Ok(Run { bytes: answer.len() as u64, ..Run::default() })
}

/// At the end Delve asks whether to kill the process, and takes the end of its input for a yes.
fn delve(tools: &Tools, target: &Target) -> anyhow::Result<Run> {
    let script = tools.folder.join("delve-input");
    fs::write(&script, "goroutines -s\nexit\nn\n").context("write what Delve is told")?;
    let mut command = Command::new(&tools.delve);
    command.args(["attach", &target.child.id().to_string(), "--allow-non-terminal-interactive=true"]);
    let input = fs::File::open(&script).context("open what Delve is told")?;
    let (cost, answer) = timed(&command, input.into(), &tools.folder, &[0])?;
    let listed = answer.windows(12).filter(|window| window == b"  Goroutine ").count();
    if listed < 1000 {
        bail!("Delve lists {listed} goroutines: {}", String::from_utf8_lossy(&answer[..answer.len().min(2000)]));
    }
    Ok(Run { cost: Some(cost), bytes: answer.len() as u64, ..Run::default() })
}

fn gcore(tools: &Tools, target: &Target) -> anyhow::Result<Run> {
    let prefix = tools.folder.join("core");
    let mut command = Command::new("gcore");
    command.arg("-o").arg(&prefix).arg(target.child.id().to_string());
    let (cost, _) = timed(&command, Stdio::null(), &tools.folder, &[0])?;
    let core = prefix.with_extension(target.child.id().to_string());
    Ok(Run { cost: Some(cost), bytes: fs::metadata(core).context("gcore's file")?.len(), ..Run::default() })
}

fn row(out: &mut String, goroutines: u64, name: &str, runs: &[Run]) -> anyhow::Result<()> {
    let run = median(runs);
    let number = |value: u64| if value == 0 { "–".to_owned() } else { value.to_string() };
    let (cpu, rss) = run.cost.map_or_else(
        || ("–".to_owned(), "–".to_owned()),
        |cost| (format!("{:.2}", cost.cpu_s), format!("{:.0}", cost.rss_kb as f64 / 1024.0)),
    );
    let gaps = gaps(runs);
    let (gap, worst) = (gaps[gaps.len() / 2], gaps[gaps.len() - 1]);
    let (target, clock) = (run.target_cpu_s, run.clock_s);
    let (calls, bytes) = (number(run.calls), number(run.bytes));
    writeln!(
        out,
        "| {goroutines} | {name} | {cpu} | {target:.2} | {clock:.2} | {rss} | {calls} | {bytes} | {gap:.1} | {worst:.1} |"
    )?;
    Ok(())
}

fn target_cpu_s(target: &Target) -> anyhow::Result<f64> {
    told::cpu_s(i32::try_from(target.child.id()).context("a process id")?)
}

/// CPU by which runs are ordered: the tool's, or the target's where it answers itself.
fn cpu_s(run: &Run) -> f64 {
    run.cost.map_or(run.target_cpu_s, |cost| cost.cpu_s)
}

fn median(runs: &[Run]) -> Run {
    let mut sorted = runs.to_vec();
    sorted.sort_by(|a, b| cpu_s(a).total_cmp(&cpu_s(b)));
    sorted[sorted.len() / 2]
}

fn gaps(runs: &[Run]) -> Vec<f64> {
    let mut gaps: Vec<f64> = runs.iter().map(|run| run.gap_ms).collect();
    gaps.sort_by(f64::total_cmp);
    gaps
}

fn compare(out: &mut String, goroutines: u64, runs: &Runs) -> anyhow::Result<()> {
    let of = |name: &str| runs.iter().find(|(known, _)| *known == name).map(|(_, runs)| median(runs));
    let Some(own) = of(GOHERD) else { return Ok(()) };
    for name in [DLV, DEBUG_2, DEBUG_1, GCORE] {
        let Some(peer) = of(name) else { continue };
        let (times, whose) = (cpu_s(&peer) / cpu_s(&own).max(0.01), if peer.cost.is_some() { "" } else { ", in the target" });
        writeln!(out, "- {goroutines} goroutines: {name} takes {times:.1} × the CPU of `goherd snap`{whose}.")?;
    }
    Ok(())
}

/// Compares every goroutine of a large process of each Go minor; answers the test's own words.
pub fn same() -> anyhow::Result<String> {
    let mut roots = Vec::new();
    for minor in fixtures::minors() {
        let go = fixtures::go_command(minor)?;
        roots.push(format!("{minor}={}", go.ancestors().nth(2).context("a toolchain's folder holds bin/go")?.display()));
    }
    let mut command = Command::new("cargo");
    command.args(["test", "--quiet", "--package", "herd-live", "--test", "it"]).current_dir(root());
    command.args(["same::every_goroutine_as_the_process_prints_it", "--", "--exact", "--nocapture"]);
    let output = command.env("GOHERD_TEST_GOROOTS", roots.join(":")).env("GOHERD_TEST_EACH", EACH_KIND).output();
    let output = output.context("start cargo")?;
    if !output.status.success() {
        bail!("goroutines differ: {}", String::from_utf8_lossy(&output.stdout));
    }
    let said = String::from_utf8(output.stdout).context("read what the test says")?;
    let lines: Vec<String> = said.lines().filter(|line| line.starts_with("Go 1.")).map(|line| format!("- {line}")).collect();
    Ok(format!("{SAME}\n{}", lines.join("\n")))
}
