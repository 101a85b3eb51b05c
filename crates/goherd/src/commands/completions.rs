//! `goherd completions`: a script for a shell, from the same table as the command line.

use clap::CommandFactory;

use crate::args::{Cli, CompletionsArgs};
use crate::exit::Exit;
use crate::output;

/// Prints the script.
pub fn run(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "goherd", &mut script);
    output::print_text(&String::from_utf8(script)?, None)?;
    Ok(Exit::Healthy)
}
