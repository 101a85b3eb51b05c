//! The long figures: fuzzing for minutes a target. Writes bench/SOAK.md.

use std::fmt::Write as _;

use anyhow::Context;

use crate::docs::root;
use crate::fuzz;

/// Seconds a target.
const SECONDS: u64 = 600;

/// `soak [--seconds N]`.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let seconds = match args {
        [] => SECONDS,
        [flag, seconds] if flag == "--seconds" => seconds.parse().context("--seconds needs a number")?,
        _ => anyhow::bail!("usage: cargo xtask soak [--seconds N]"),
    };
    let figures = fuzz::for_seconds(&fuzz::all(), seconds)?;
    let mut page = format!(
        "# Long runs\n\nWritten by `cargo xtask soak`. libFuzzer with coverage feedback, seeds from the recordings, {seconds} s a target; no panic, \
         no hang (10 s), no more than 2 GiB.\n\n| target | inputs |\n|---|---|\n"
    );
    for (target, inputs) in figures {
        writeln!(page, "| {target} | {inputs} |").context("write the table")?;
    }
    let path = root().join("bench/SOAK.md");
    std::fs::create_dir_all(path.parent().context("bench has a parent")?)?;
    std::fs::write(&path, page).with_context(|| format!("write {}", path.display()))
}
