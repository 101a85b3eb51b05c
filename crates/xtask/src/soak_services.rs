//! The testbed's healthy services under their own load: nothing of them may be proven leaked.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, ensure};
use herd_live::Budget;

use crate::docs::root;
use crate::fixtures;
use crate::soak::Save;
use crate::test::checked;
use crate::told;

/// Services that run at one time.
const TOGETHER: usize = 4;
/// Until a service has opened its connections and its clients have come.
const UNTIL_BUSY: Duration = Duration::from_secs(8);
/// A machine under load may be slow to stop threads.
const PATIENT: Budget = Budget { base_ns: 5_000_000_000, gb_ns: 0 };

/// A service; it ends with this value.
struct Service {
    name: String,
    child: Child,
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself, which the reading has noticed by then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the proofs of one service said.
struct Row {
    name: String,
    goroutines: u64,
    candidates: u64,
    leaked: Vec<String>,
}

/// Proves each service as often as told.
pub fn run(rounds: u64, save: Save) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("goherd-soak").tempdir().context("make a folder for programs")?;
    let newest = fixtures::minors().last().context("no toolchain is recorded")?;
    let programs = folder.path().join("bin/");
    fs::create_dir(&programs).context("make a folder for programs")?;
    let mut go = Command::new(fixtures::go_command(newest)?);
    go.args(["build", "-o"]).arg(&programs).arg("./healthy/...").current_dir(root().join("testbed"));
    checked(go.env_remove("GOROOT").env("GOTOOLCHAIN", "local").env("GOWORK", "off"))?;
    let mut names = Vec::new();
    for entry in fs::read_dir(&programs).context("list the services")? {
        names.push(entry?.file_name().into_string().map_err(|name| anyhow::anyhow!("{} is no name", name.display()))?);
    }
    names.sort();
    let mut rows = Vec::new();
    for group in names.chunks(TOGETHER) {
        let started = group.iter().map(|name| start(&programs, name, folder.path())).collect::<anyhow::Result<Vec<_>>>()?;
        sleep(UNTIL_BUSY);
        for service in started {
            let row = prove(&service, rounds).with_context(|| format!("prove {}", service.name))?;
            anstream::eprintln!("{}: {} goroutines, {} leaked", row.name, row.goroutines, row.leaked.len());
            rows.push(row);
        }
    }
    save(&page(&rows, rounds, newest)?)?;
    let wrong: Vec<String> =
        rows.iter().flat_map(|row| row.leaked.iter().map(|leaked| format!("{}: {leaked}", row.name))).collect();
    ensure!(wrong.is_empty(), "healthy goroutines are called leaked:\n  {}", wrong.join("\n  "));
    Ok(())
}

fn start(programs: &Path, name: &str, folder: &Path) -> anyhow::Result<Service> {
    let log = fs::File::create(folder.join(format!("{name}.log"))).context("make a file for what a service says")?;
    let mut command = Command::new(programs.join(name));
    command.env("TESTBED_SCRATCH", folder).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    let mut child = command.spawn().with_context(|| format!("start {name}"))?;
    let mut address = String::new();
    // It says where its profiles are, and nothing after.
    let said = child.stdout.take().context("what a service says")?;
    BufReader::new(said).read_line(&mut address).with_context(|| format!("start {name}"))?;
    ensure!(!address.is_empty(), "{name} ended at once");
    Ok(Service { name: name.to_owned(), child })
}

fn prove(service: &Service, rounds: u64) -> anyhow::Result<Row> {
    let pid = i32::try_from(service.child.id())?;
    let mut row = Row { name: service.name.clone(), goroutines: 0, candidates: 0, leaked: Vec::new() };
    let before = told::children(pid)?.len();
    for round in 0..rounds {
        let reading = herd_live::frozen(pid, &PATIENT)?;
        let proof = reading.proof.context("one instant proves")?.context("prove")?;
        let snapshot = &reading.snapshot;
        row.goroutines = row.goroutines.max(snapshot.goroutines);
        row.candidates += proof.candidates;
        for cluster in snapshot.clusters.iter().filter(|cluster| cluster.leaked > 0) {
            let frames: Vec<&str> = snapshot.stack(cluster).frames.iter().map(|frame| snapshot.func(*frame)).collect();
            row.leaked.push(format!("round {round}: {} × {} at {}", cluster.leaked, cluster.state.as_str(), frames.join(" < ")));
        }
    }
    let after = told::children(pid)?;
    ensure!(after.len() <= before, "it is left with {after:?}");
    Ok(row)
}

fn page(rows: &[Row], rounds: u64, minor: &str) -> anyhow::Result<String> {
    let mut out = format!(
        "Written by `cargo xtask soak services --rounds {rounds}`. The services of `testbed/healthy` (Go {minor}), each under its own load and \
         proven {rounds} times; \"tried\" are goroutines that waited on something that could be out of reach.\n\n\
         | service | goroutines at most | tried | called leaked |\n|---|---|---|---|\n"
    );
    for row in rows {
        let Row { name, goroutines, candidates, leaked } = row;
        writeln!(out, "| {name} | {goroutines} | {candidates} | {} |", leaked.len()).context("write a row")?;
    }
    Ok(out)
}
