//! goherd: tells which goroutines will never finish, why, who started them, and what to change.

mod args;
mod collect;
mod commands;
mod demo;
mod error;
mod exit;
mod output;
mod progress;
mod replay;
mod suppress;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::Exit;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => return ExitCode::from(exit::of_usage(&usage)),
    };
    let outcome = run(&cli);
    let say = || herd_sinks::messages(output::lang(&cli.global));
    ExitCode::from(outcome.unwrap_or_else(|error| error::report(&error, cli.global.redact, &say())) as u8)
}

fn run(cli: &Cli) -> anyhow::Result<Exit> {
    match &cli.command {
        Command::Doctor(args) => commands::doctor::run(args, &cli.global),
        Command::Snap(args) => commands::snap::run(args, &cli.global),
        Command::Graph(args) => commands::graph::run(args, &cli.global),
        Command::Flame(args) => commands::flame::run(args, &cli.global),
        Command::Open(args) => commands::open::run(args, &cli.global),
        Command::Explain(args) => commands::explain::run(args, &cli.global),
        Command::Demo(args) => demo::run(args, &cli.global),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    }
}
