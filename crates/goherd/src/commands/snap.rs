//! `goherd snap`: one snapshot, or several at a steady pace, shown or saved.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use herd_diagnose::Diagnosis;
use herd_sinks::{Format, Look, Stacks, render};
use herd_sources::{LiveError, Place, SourceError, Target};

use crate::args::{GlobalArgs, SnapArgs};
use crate::commands::core_file;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::{collect, output};

/// How long a wait may go without looking at the cancel flag.
const WAIT_SLICE: Duration = Duration::from_millis(50);

/// Takes, saves and prints.
pub fn run(args: &SnapArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    if let Some(path) = args.save.as_deref().filter(|path| core_file::is_core(path)) {
        return core_file::run(args, path, global);
    }
    if args.count > 1 && global.output.is_some() {
        return Err(ExpectedError::Option {
            option: "--output",
            why: "each snapshot of the series would overwrite the one before".into(),
            next: "Save a series with `--save FOLDER`.".into(),
        }
        .into());
    }
    let program = Program::of(&args.target);
    let started = Instant::now();
    for index in 0..args.count {
        if let Err(error) = wait_until(started + args.every * index).and_then(|()| one(args, index, &program, global)) {
            tell_kept(args, index, global);
            return Err(error);
        }
    }
    Ok(Exit::Healthy)
}

fn one(args: &SnapArgs, index: u32, program: &Program, global: &GlobalArgs) -> anyhow::Result<()> {
    program.check()?;
    let mut diagnosis = collect::diagnose("snap", std::slice::from_ref(&args.target), &args.collect, None, global)?;
    program.check()?;
    if let Some(path) = &args.save {
        let path = if args.count > 1 { numbered(path, index)? } else { path.clone() };
        save(&mut diagnosis, &path, global)?;
    }
    output::print(
        &mut diagnosis.envelope,
        Some(Stacks::Goroutines(&diagnosis.snapshot)),
        Format::Text,
        Exit::Healthy,
        args.all,
        global,
    )?;
    Ok(())
}

/// The program a process ran when the series began: another one under its id does not belong to it.
struct Program(Option<(i32, (String, PathBuf))>);

impl Program {
    fn of(target: &str) -> Program {
        let place = Target::parse(target).ok().map(|target| target.place);
        Program(match place {
            // What is not there is told by reading it.
            Some(Place::Process(pid)) => herd_live::identity(pid).map(|identity| (pid, identity)),
            Some(Place::Stdin | Place::Path(_) | Place::Endpoint(_) | Place::Core { .. }) | None => None,
        })
    }

    fn check(&self) -> Result<(), ExpectedError> {
        match &self.0 {
            Some((pid, identity)) if herd_live::identity(*pid).as_ref() != Some(identity) => {
                Err(SourceError::Live(LiveError::Gone(*pid)).into())
            }
            _ => Ok(()),
        }
    }
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

/// A series that ends before its time is a series.
fn tell_kept(args: &SnapArgs, taken: u32, global: &GlobalArgs) {
    if taken == 0 {
        return;
    }
    let say = herd_sinks::messages(output::lang(global));
    let (taken, count) = (taken.to_string(), args.count.to_string());
    let mut facts = vec![("taken", &*taken), ("count", &*count)];
    let folder = args.save.as_ref().filter(|_| !global.redact).map(|folder| folder.display().to_string());
    facts.extend(folder.as_deref().map(|folder| ("path", folder)));
    let key = if folder.is_some() { "cli-kept-in" } else { "cli-kept" };
    anstream::eprintln!("goherd: {}", say.say_with(key, &facts));
}

fn wait_until(due: Instant) -> anyhow::Result<()> {
    loop {
        if collect::cancel_flag().is_cancelled() {
            return Err(ExpectedError::from(SourceError::Interrupted).into());
        }
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(WAIT_SLICE));
    }
}
