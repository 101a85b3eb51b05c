//! goherd: tells which goroutines will never finish, why, who started them, and what to change.

mod args;
mod args_lint;
mod args_profiles;
mod args_runlog;
mod args_traces;
mod args_tune;
mod changed;
mod child;
mod collect;
mod commands;
mod demo;
mod error;
mod exit;
mod measure;
mod mend;
mod output;
mod poll;
mod progress;
mod replay;
mod suppress;
mod vet;
mod weigh;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};
use exit::Exit;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(exit) = vet::answer(&arguments) {
        return ExitCode::from(exit as u8);
    }
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
        Command::Heap(args) => commands::heap::run(args, &cli.global),
        Command::Lint(args) => commands::lint::run(args, &cli.global),
        Command::Lsp(args) => commands::lsp::run(args, &cli.global),
        Command::Locks(args) => commands::locks::run(args, &cli.global),
        Command::Runlog(args) => commands::runlog::run(args, &cli.global),
        Command::Capacity(args) => commands::capacity::run(args, &cli.global),
        Command::Roi(args) => commands::roi::run(args, &cli.global),
        Command::Guard(args) => commands::guard::run(args, &cli.global),
        Command::Diff(args) => commands::diff::run(args, &cli.global),
        Command::Trace(args) => commands::trace::run(args, &cli.global),
        Command::Tune(args) => commands::tune::run(args, &cli.global),
        Command::Open(args) => commands::open::run(args, &cli.global),
        Command::Explain(args) => commands::explain::run(args, &cli.global),
        Command::Demo(args) => demo::run(args, &cli.global),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
    }
}
