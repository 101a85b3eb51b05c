//! `goherd heap`: what a heap holds, who holds it, what grew, and which escape costs what.

use std::path::{Path, PathBuf};

use herd_analysis::heap::heap;
use herd_formats::escape::Reader;
use herd_model::{Envelope, EscapeLog, ProfileKind, TargetKind, Verdict};
use herd_sinks::Format;
use herd_sources::{HoldersAsked, Options, SourceError, StopBudget, Target, Weights, WeightsAsked, document, weights};

use crate::args::GlobalArgs;
use crate::args_profiles::HeapArgs;
use crate::collect::CollectArgs;
use crate::commands::doctor::exit;
use crate::error::ExpectedError;
use crate::exit::Exit;
use crate::{collect, output, weigh};

/// Files a folder of the compiler's may have.
const ESCAPE_FILES_MAX: usize = 100_000;
/// Folders in folders that are looked into; the compiler makes one a package.
const ESCAPE_DEPTH_MAX: u32 = 4;

/// Reads one or two heaps and what the compiler says, and measures.
pub fn run(args: &HeapArgs, global: &GlobalArgs) -> anyhow::Result<Exit> {
    output::check(global, Format::Text)?;
    // Of two heaps the newer is told of.
    can_be_told(args, args.later.as_ref().unwrap_or(&args.target))?;
    let mut envelope = Envelope::new("heap", env!("CARGO_PKG_VERSION"));
    let options = collect::options(&CollectArgs { prove: args.holders || args.collect.prove, ..args.collect.clone() })?;
    let escapes = match &args.escape {
        Some(path) => Some(escapes(path, &options, &mut envelope)?),
        None => None,
    };
    // A core file is at hand as it is; a process is stopped for it only where that is said.
    let copy = args.holders.then_some(StopBudget(args.collect.stop_budget));
    let holders = HoldersAsked { top: args.top as usize, copy };
    let first = read(&args.target, Some(holders).filter(|_| args.later.is_none()), &options)?;
    let later = match &args.later {
        Some(later) => Some(read(later, Some(holders), &options)?),
        None => None,
    };
    let (newest, earlier) = match &later {
        Some(later) => (later, Some(&first.profile)),
        None => (&first, None),
    };
    envelope.heap = heap(&newest.profile, earlier, escapes.as_ref(), args.top as usize, &mut envelope.hidden);
    if let Some(report) = &mut envelope.heap {
        report.holders.clone_from(&newest.holders);
    }
    envelope.verdict = Verdict::Healthy;
    herd_diagnose::profile(&newest.profile, earlier, &weigh::target(newest), &mut envelope);
    for weights in std::iter::once(first).chain(later) {
        weigh::tell(&mut envelope, weights);
    }
    let exit = exit(&envelope, global);
    output::print(&mut envelope, None, Format::Text, exit, true, global)?;
    Ok(exit)
}

/// Whether a target can show who holds what, where that is asked for.
fn can_be_told(args: &HeapArgs, target: &str) -> Result<(), ExpectedError> {
    if !args.holders || matches!(Target::parse(target)?.kind(), TargetKind::Process | TargetKind::Core) {
        return Ok(());
    }
    Err(ExpectedError::Option {
        option: "--holders",
        why: "a profile tells who allocated what is in use, not who holds it".into(),
        next: "Give the process, `pid:N`, or a core file, `core:FILE`.".into(),
    })
}

fn read(target: &str, holders: Option<HoldersAsked>, options: &Options) -> Result<Weights, ExpectedError> {
    let target = Target::parse(target)?;
    let found = weights(&target, WeightsAsked { profile: "heap", seconds: None, holders }, options, collect::cancel_flag())?;
    if matches!(found.profile.kind, ProfileKind::Heap | ProfileKind::Allocs) {
        return Ok(found);
    }
    Err(ExpectedError::Option {
        option: "TARGET",
        why: format!("{} is a {} profile, not one of the heap", found.target_name, weigh::called(&found.profile)),
        next: "Give what /debug/pprof/heap or allocs answers; `goherd flame` shows any profile.".into(),
    })
}

/// What the compiler says, in one text or a folder of JSON files.
fn escapes(path: &Path, options: &Options, envelope: &mut Envelope) -> Result<EscapeLog, ExpectedError> {
    let mut files = Vec::new();
    if path.is_dir() {
        find(path, ESCAPE_DEPTH_MAX, &mut files)?;
        files.sort();
    } else {
        files.push(path.to_owned());
    }
    let mut reader = Reader::default();
    for file in files {
        let target = Target::parse(&file.to_string_lossy())?;
        let text = document(&target, options, collect::cancel_flag())?;
        reader.add(&text.name, &text.bytes);
    }
    let (log, notes) = reader.finish();
    envelope.notes.extend(notes);
    if log.escapes.is_empty() {
        return Err(ExpectedError::Option {
            option: "--escape",
            why: format!("{} tells of no escape", path.display()),
            next: "Save what `go build -gcflags=-m=2 ./...` prints on stderr, or give the folder of `-gcflags=-json=0,DIR`; a build \
                   from the cache writes no JSON."
                .into(),
        });
    }
    Ok(log)
}

/// Files in a folder whose names say that they are JSON, packed or not.
fn find(folder: &Path, depth: u32, files: &mut Vec<PathBuf>) -> Result<(), ExpectedError> {
    let failed = |source| ExpectedError::Source(SourceError::Unreadable { path: folder.display().to_string(), source });
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && depth > 0 {
            find(&entry.path(), depth - 1, files)?;
        } else if kind.is_file() && is_json(&entry.path()) {
            files.push(entry.path());
        }
        if files.len() > ESCAPE_FILES_MAX {
            return Err(ExpectedError::Option {
                option: "--escape",
                why: format!("{} holds more than {ESCAPE_FILES_MAX} files", folder.display()),
                next: "Give the folder the compiler wrote to, and nothing else in it.".into(),
            });
        }
    }
    Ok(())
}

fn is_json(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".zst").or_else(|| name.strip_suffix(".gz")).unwrap_or(&name);
    name.ends_with(".json")
}
