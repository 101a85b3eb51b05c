//! Tests of copies and proofs with many more rounds than a change must pass.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};

use crate::docs::root;
use crate::soak::Save;
use crate::test::go_roots;

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

/// Runs one test; answers the lines it says that begin with some words.
fn run(binary: &str, test: &str, setting: (&str, u64), begin: &str) -> anyhow::Result<String> {
    let (roots, newest) = go_roots()?;
    let mut command = Command::new("cargo");
    command.args(["test", "--quiet", "--package", "herd-live", "--test", binary, test, "--", "--exact", "--nocapture"]);
    command.env("GOHERD_TEST_GOROOTS", roots).env("GOHERD_TEST_GO_1_27", newest).env(setting.0, setting.1.to_string());
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
