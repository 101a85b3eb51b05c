//! `goherd snap`: one snapshot, or several at a steady pace, shown or saved.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use herd_diagnose::Diagnosis;
use herd_sinks::{Format, Look, render};
use herd_sources::SourceError;

use crate::args::{GlobalArgs, SnapArgs};
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::{collect, output};

/// How long a wait may go without looking at the cancel flag.
const WAIT_SLICE: Duration = Duration::from_millis(50);

/// Takes, saves and prints.
pub fn run(args: &SnapArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    let targets = [args.target.clone()];
    let started = Instant::now();
    for index in 0..args.count {
        wait_until(started + args.every * index)?;
        let mut diagnosis = collect::diagnose("snap", &targets, &args.collect, None, global)?;
        if let Some(path) = &args.save {
            let path = if args.count > 1 { numbered(path, index)? } else { path.clone() };
            save(&mut diagnosis, &path, global)?;
        }
        output::print(&mut diagnosis.envelope, Some(&diagnosis.snapshot), Format::Text, Exit::Healthy, args.all, global)?;
    }
    Ok(Exit::Healthy)
}

fn save(diagnosis: &mut Diagnosis, path: &Path, global: &GlobalArgs) -> Result<(), ExpectedError> {
    if global.redact {
        herd_sinks::redact(&mut diagnosis.envelope);
    }
    output::write_file(path, &mut |out| render(Format::Json, &diagnosis.envelope, None, &Look::default(), out))?;
    if !global.quiet && !global.redact {
        let say = herd_sinks::messages(output::lang(global));
        anstream::eprintln!("goherd: {}", say.say_with("cli-saved", &[("path", &path.display().to_string())]));
    }
    Ok(())
}

/// A series is a directory, its files in order of name.
fn numbered(folder: &Path, index: u32) -> Result<PathBuf, ExpectedError> {
    std::fs::create_dir_all(folder).map_err(|why| ExpectedError::Output { path: folder.to_owned(), why })?;
    Ok(folder.join(format!("snap-{:06}.json", index + 1)))
}

fn wait_until(due: Instant) -> Result<(), ExpectedError> {
    loop {
        if collect::cancel_flag().is_cancelled() {
            return Err(SourceError::Interrupted.into());
        }
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(WAIT_SLICE));
    }
}
