//! `goherd snap PID --save FILE.core`: the memory of a live process at one instant, as a file that debuggers open, too.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Instant;

use herd_live::freeze::{self, Budget, Reason, SaveError, Saved};
use herd_model::{Envelope, Note, NoteKind};
use herd_sinks::{Format, Stacks};
use herd_sources::{CancelFlag, Place, SourceError, Target};

use crate::args::{GlobalArgs, SnapArgs};
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::progress::Progress;
use crate::{collect, output};

/// Whether a path asks for a core file.
pub fn is_core(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("core"))
}

/// Saves, and shows what the file says.
pub fn run(args: &SnapArgs, path: &Path, global: &GlobalArgs) -> anyhow::Result<Exit> {
    let pid = process(args, path, global)?;
    let mut collect = args.collect.clone();
    let budget = Budget::within(collect.stop_budget.take());
    // From here on Ctrl-C must not leave half a file.
    let cancel = collect::cancel_flag();
    let started = Instant::now();
    let part = Part::create(path)?;
    let progress = Progress::start(global.quiet, output::lang(global));
    let saved = save(pid, &budget, &part, &progress, cancel);
    progress.clear();
    let saved = saved?;
    part.finish(args.force)?;
    let seconds = started.elapsed().as_secs_f64();
    if !global.quiet {
        let say = herd_sinks::messages(output::lang(global));
        anstream::eprintln!("goherd: {}", say.say_with("cli-saved", &[("path", &path.display().to_string())]));
    }
    let mut diagnosis = collect::diagnose("snap", &[core_target(path, pid)], &collect, None, global)?;
    state(&mut diagnosis.envelope, pid, &saved, seconds);
    output::print(
        &mut diagnosis.envelope,
        Some(Stacks::Goroutines(&diagnosis.snapshot)),
        Format::Text,
        Exit::Healthy,
        args.all,
        global,
    )?;
    Ok(Exit::Healthy)
}

/// The process, once nothing forbids to save it there.
fn process(args: &SnapArgs, path: &Path, global: &GlobalArgs) -> Result<i32, ExpectedError> {
    let unusable =
        |option, why: &str, next: &str| Err(ExpectedError::Option { option, why: why.to_owned(), next: next.to_owned() });
    let Place::Process(pid) = Target::parse(&args.target)?.place else {
        return unusable(
            "--save",
            "only a live process can be saved as a core file",
            "Name a process: `goherd snap PID --save FILE.core`.",
        );
    };
    if args.count > 1 {
        return unusable("--count", "a core file is one instant", "Save one core file at a time.");
    }
    if global.redact {
        let why = "a core file holds all memory of the process, and nothing can be taken out";
        return unusable("--redact", why, "Save the answer instead: `--save FILE.json`.");
    }
    if path.exists() && !args.force {
        return Err(exists(path));
    }
    Ok(pid)
}

fn exists(path: &Path) -> ExpectedError {
    ExpectedError::Option {
        option: "--save",
        why: format!("{} exists", path.display()),
        next: "Name another file, or replace it with --force.".into(),
    }
}

fn save(pid: i32, budget: &Budget, part: &Part, progress: &Progress, cancel: &CancelFlag) -> Result<Saved, ExpectedError> {
    let saved = freeze::save(pid, budget, &part.file, &mut |at| {
        progress.saving(&part.path, at.done, at.of);
        if cancel.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    saved.map_err(|error| match error {
        SaveError::Live(error) => SourceError::Live(error).into(),
        SaveError::Write { why, at } => ExpectedError::CoreFile { path: part.path.clone(), why, done: at.done, of: at.of },
        SaveError::Stopped => SourceError::Interrupted.into(),
    })
}

/// The file while it grows, beside the place it is meant for. It is removed unless it is finished.
struct Part {
    file: File,
    growing: PathBuf,
    path: PathBuf,
}

impl Part {
    /// Only its owner can read it, from the first byte on.
    fn create(path: &Path) -> Result<Part, ExpectedError> {
        let failed = |why: io::Error| ExpectedError::Output { path: path.to_owned(), why };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let growing = path.with_file_name(name);
        // Left by a goherd that was killed, or being written by another.
        if let Ok(earlier) = File::open(&growing) {
            match earlier.try_lock() {
                Err(TryLockError::WouldBlock) => return Err(failed(io::Error::from(io::ErrorKind::ResourceBusy))),
                Err(TryLockError::Error(why)) => return Err(failed(why)),
                Ok(()) => fs::remove_file(&growing).map_err(failed)?,
            }
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&growing).map_err(failed)?;
        let part = Part { file, growing, path: path.to_owned() };
        part.file.lock().map_err(failed)?;
        Ok(part)
    }

    fn finish(self, replace: bool) -> Result<(), ExpectedError> {
        if self.path.exists() && !replace {
            return Err(exists(&self.path));
        }
        fs::rename(&self.growing, &self.path).map_err(|why| ExpectedError::Output { path: self.path.clone(), why })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Once it is finished there is nothing under this name.
        let _ = fs::remove_file(&self.growing);
    }
}

/// The file as a target; with the process's own executable where the path the file names leads elsewhere, as in a container.
fn core_target(path: &Path, pid: i32) -> String {
    let place = |path: &Path| fs::metadata(path).ok().map(|found| (found.dev(), found.ino()));
    let running = PathBuf::from(format!("/proc/{pid}/exe"));
    let named = fs::read_link(&running).ok().and_then(|named| place(&named));
    let executable = if named.is_some() && named == place(&running) { String::new() } else { format!(",{}", running.display()) };
    // The process may have ended since.
    if running.exists() { format!("core:{}{executable}", path.display()) } else { format!("core:{}", path.display()) }
}

/// Puts into the answer what the file holds, what it lacks, and what it cost the process.
fn state(envelope: &mut Envelope, pid: i32, saved: &Saved, seconds: f64) {
    let Saved { written, in_files, stopped_ns, .. } = saved;
    let stopped_ms = *stopped_ns as f64 / 1e6;
    if let Some(target) = envelope.targets.first_mut() {
        target.cost = Some(format!(
            "core file: {written} bytes written, {in_files} more are in the files it maps, {seconds:.2} s; the process was stopped for \
             {stopped_ms:.1} ms and copied"
        ));
    }
    let note = |kind, text| Note { kind, offset: None, text };
    envelope.notes.extend(saved.left_out.iter().map(|(reason, bytes, address)| {
        let why = match reason {
            Reason::Excluded => "the program excludes them (MADV_DONTDUMP)",
            Reason::Wiped => "copies do not inherit them (MADV_WIPEONFORK)",
            Reason::Device => "they belong to a device",
            Reason::Unread => "they could not be read",
        };
        note(NoteKind::Skipped, format!("{bytes} bytes of memory, the first at {address:#x}, are not in the core file: {why}"))
    }));
    envelope.notes.extend(saved.left.as_ref().map(|why| {
        note(NoteKind::Advice, format!("a zombie stays among the children of process {pid} until goherd copies it again: {why}"))
    }));
}
