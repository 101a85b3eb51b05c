//! Tests of copies and proofs with many more rounds than a change must pass.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::bench::succeed;
use crate::docs::root;
use crate::soak::Save;
use crate::test::go_roots;
use crate::told::ended_cpu_s;

/// Copies of a program whose goroutines make, use and drop channels without rest.
pub fn churn(rounds: u64, save: Save) -> anyhow::Result<()> {
    let setting = ("GOHERD_TEST_CHURN_PASSES", rounds);
    let said = run("it", "churn::nothing_is_proven_of_a_program_that_never_rests", setting, "Go 1.")?;
    save(&format!(
        "Written by `cargo xtask soak churn --rounds {rounds}`. `testbed/mixed/leaks -leak=false -churn 50 -collect`: fifty goroutines make, \
         use and drop channels as fast as they can while garbage is collected all the time. Each time the process is copied and every \
         goroutine that waits is tried.\n\n{said}"
    ))
}

/// Readers that are killed at random moments of a copy or a proof.
pub fn kill(rounds: u64, save: Save) -> anyhow::Result<()> {
    let said = run("freeze", "killed::at_any_moment", ("GOHERD_TEST_KILLS", rounds), "")?;
    save(&format!(
        "Written by `cargo xtask soak kill --rounds {rounds}`. `testbed/mixed/steady` sleeps, hands on numbers, computes checksums, talks \
         through pipes and sockets, and checks each result. A reader copies it, or proves, without end, and is killed at a random moment \
         (SIGKILL); each time all kinds of work must go on with no wrong result and no SIGCHLD, no copy may run, and the next copy must \
         leave nothing.\n\n{said}"
    ))
}

/// A program that is killed while it delivers alerts.
pub fn delivery(rounds: u64, save: Save) -> anyhow::Result<()> {
    let test = "killed_while_it_delivers_nothing_it_kept_is_lost";
    let mut command = Command::new("cargo");
    command.args([
        "test",
        "--quiet",
        "--package",
        "herd-deliver",
        "--examples",
        "--test",
        "crash",
        test,
        "--",
        "--exact",
        "--nocapture",
    ]);
    let said = heard(command.env("GOHERD_TEST_DELIVERY_KILLS", rounds.to_string()), test, "")?;
    save(&format!(
        "Written by `cargo xtask soak delivery --rounds {rounds}`. `alert_by_line` keeps alerts that fire and are resolved by turns and \
         delivers them to a webhook, and is killed (SIGKILL) 0 to 40 ms after its seventh answer, again and again on one file. Each change \
         it said it kept must arrive, in order for each instance; calls above changes are deliveries that were repeated.\n\n{said}"
    ))
}

/// What the tests of damage do to an input.
const DAMAGE: &str =
    "is cut, has up to 4 kB zeroed, left out, put in or said twice, has another one appended, or one to eight bits changed";

/// Execution traces damaged by chance.
pub fn traces(rounds: u64, save: Save) -> anyhow::Result<()> {
    let setting = ("GOHERD_TEST_DAMAGED_TRACES", rounds);
    let said = damaged("herd-formats", "trace", "mutated::every_damage_is_told", setting)?;
    save(&format!(
        "Written by `cargo xtask soak traces --rounds {rounds}`. The smallest recorded trace of each Go version {DAMAGE}, and is read and \
         measured to the end of the report. *Told*: the summary says that something is lost, with its place, and `goherd trace` does not \
         end with 0. *Refused*: it is no trace any more. *Equal*: every event, time, number and text is the same. *Shorter*: cut where a \
         generation ends. *With other times, texts, numbers*: nothing is said and every event is there, but a byte of one says something \
         else that makes sense; the format has no checksum. *Silent*: nothing is said and there are fewer events or more; none but of changed \
         bits, for the same reason. No panic, no hang; the longest took as long as is said.\n\n{said}"
    ))
}

/// What the Go runtime prints of itself, damaged by chance.
pub fn runlog(rounds: u64, save: Save) -> anyhow::Result<()> {
    let setting = ("GOHERD_TEST_DAMAGED_RUNLOGS", rounds);
    let said = damaged("herd-diagnose", "runlog_mutated", "every_damage_is_told_and_nobody_is_convicted", setting)?;
    save(&format!(
        "Written by `cargo xtask soak runlog --rounds {rounds}`. Every recorded runtime log of up to 16 kB {DAMAGE}, and is read and judged. \
         *Told*: a note says that records are torn or lost, or that collections are missing. *Refused*: no record is left. *Equal*: the same \
         records. *With fewer records, more, other numbers*: nothing is said; whole lines are gone or stand twice, or a digit is another one, \
         and lines have no checksum and, but for collections, no number. *Silent*: nothing is said, and the numbers of collections show that \
         some are missing. *Convicted*: a healthy process is called sick. No panic, no hang.\n\n{said}"
    ))
}

/// Runs a test of damaged inputs; answers what it says, and what CPU it took.
fn damaged(package: &str, binary: &str, test: &str, setting: (&str, u64)) -> anyhow::Result<String> {
    let tests = ["test", "--release", "--quiet", "--package", package, "--test", binary];
    succeed(Command::new("cargo").args(tests).arg("--no-run").current_dir(root()))?;
    let before = ended_cpu_s()?;
    let mut command = Command::new("cargo");
    command.args(tests).args([test, "--", "--exact", "--nocapture"]).env(setting.0, setting.1.to_string());
    let mut said = heard(&mut command, test, "")?;
    let cpu_s = ended_cpu_s()? - before;
    let per = cpu_s * 1e5 / setting.1.max(1) as f64;
    writeln!(said, "- {cpu_s:.0} s of CPU, {per:.1} s for 100,000 inputs").context("note the CPU")?;
    Ok(said)
}

/// Runs one test of live processes; answers the lines it says that begin with some words.
fn run(binary: &str, test: &str, setting: (&str, u64), begin: &str) -> anyhow::Result<String> {
    let (roots, newest) = go_roots()?;
    let mut command = Command::new("cargo");
    command.args(["test", "--quiet", "--package", "herd-live", "--test", binary, test, "--", "--exact", "--nocapture"]);
    command.env("GOHERD_TEST_GOROOTS", roots).env("GOHERD_TEST_GO_1_27", newest).env(setting.0, setting.1.to_string());
    heard(&mut command, test, begin)
}

fn heard(command: &mut Command, test: &str, begin: &str) -> anyhow::Result<String> {
    let mut child = command.current_dir(root()).stdout(Stdio::piped()).spawn().context("start cargo")?;
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().context("what the test says")?).lines() {
        let line = line.context("read what the test says")?;
        anstream::eprintln!("{line}");
        // Beside what it says itself, the test runner says how many tests ran, and puts a dot for each.
        let line = line.trim_start_matches('.');
        let own = !line.is_empty() && !line.starts_with("running ") && !line.starts_with("test ") && !line.contains("progress: ");
        if own && line.starts_with(begin) {
            writeln!(said, "- {line}").context("note what the test says")?;
        }
    }
    let status = child.wait().context("wait for the test")?;
    if !status.success() || said.is_empty() {
        bail!("{test}: {status}, and it says {said:?}");
    }
    Ok(said)
}
