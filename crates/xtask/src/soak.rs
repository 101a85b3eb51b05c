//! The long runs: fuzzing for minutes a target, programs that never rest, readers that are killed, a service proven again and again.
//! Each writes a section of bench/SOAK.md of its own.

use std::fmt::Write as _;

use anyhow::{Context, bail};

use crate::bench::write_section;
use crate::{fuzz, soak_live, soak_services, soak_tests};

/// Puts a run's figures into its section.
pub type Save<'a> = &'a dyn Fn(&str) -> anyhow::Result<()>;

/// One run, in the order of the page.
struct Part {
    name: &'static str,
    title: &'static str,
    /// Seconds a target for fuzzing, rounds for all others.
    times: u64,
    run: fn(u64, Save) -> anyhow::Result<()>,
}

const PARTS: [Part; 8] = [
    Part { name: "fuzz", title: "Fuzzing", times: 600, run: fuzzing },
    Part { name: "traces", title: "Damaged traces", times: 1_000_000, run: soak_tests::traces },
    Part { name: "runlog", title: "Damaged runtime logs", times: 1_000_000, run: soak_tests::runlog },
    Part { name: "churn", title: "A program that never rests", times: 500, run: soak_tests::churn },
    Part { name: "kill", title: "Readers that are killed", times: 500, run: soak_tests::kill },
    Part { name: "delivery", title: "Deliveries that are killed", times: 50, run: soak_tests::delivery },
    Part { name: "services", title: "Healthy services", times: 20, run: soak_services::run },
    Part { name: "live", title: "A service under load", times: 1000, run: soak_live::run },
];

const HEAD: &str = "\
# Long runs

Each section is written by `cargo xtask soak PART`; `cargo xtask soak` runs all of them.
";

/// `soak [PART…] [--seconds N] [--rounds N]`.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let (mut seconds, mut rounds, mut wanted) = (None, None, Vec::new());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let mut number = || -> anyhow::Result<u64> {
            let value = rest.next().with_context(|| format!("{arg} needs a number"))?;
            value.parse().with_context(|| format!("{arg} needs a number"))
        };
        match arg.as_str() {
            "--seconds" => seconds = Some(number()?),
            "--rounds" => rounds = Some(number()?),
            name if PARTS.iter().any(|part| part.name == name) => wanted.push(name),
            other => {
                let names: Vec<&str> = PARTS.iter().map(|part| part.name).collect();
                bail!("unknown `{other}`; usage: cargo xtask soak [{}]… [--seconds N] [--rounds N]", names.join("|"));
            }
        }
    }
    for part in PARTS.iter().filter(|part| wanted.is_empty() || wanted.contains(&part.name)) {
        let given = if part.name == "fuzz" { seconds } else { rounds };
        let save = |text: &str| write_section("bench/SOAK.md", HEAD, part.title, text);
        (part.run)(given.unwrap_or(part.times), &save).with_context(|| format!("soak {}", part.name))?;
    }
    Ok(())
}

fn fuzzing(seconds: u64, save: Save) -> anyhow::Result<()> {
    let figures = fuzz::for_seconds(&fuzz::all(), seconds)?;
    let mut text = format!(
        "Written by `cargo xtask soak fuzz --seconds {seconds}`. libFuzzer with coverage feedback, seeds from the recordings, {seconds} s a \
         target; no panic, no hang (10 s), no more than 2 GiB.\n\n| target | inputs |\n|---|---|\n"
    );
    for (target, inputs) in figures {
        writeln!(text, "| {target} | {inputs} |").context("write the table")?;
    }
    save(&text)
}
