//! `goherd man`: manual pages, from the same table as the command line.

use clap::CommandFactory;

use crate::args::{Cli, ManArgs};
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::output;

/// Prints the page of goherd, or writes one page a command.
pub fn run(args: &ManArgs) -> anyhow::Result<Exit> {
    if let Some(folder) = &args.out {
        let failed = |why| ExpectedError::Output { path: folder.clone(), why };
        std::fs::create_dir_all(folder).map_err(failed)?;
        clap_mangen::generate_to(Cli::command(), folder).map_err(failed)?;
        return Ok(Exit::Healthy);
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    output::print_text(&String::from_utf8(page)?, None)?;
    Ok(Exit::Healthy)
}
