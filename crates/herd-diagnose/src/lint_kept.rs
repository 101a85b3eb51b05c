//! The answer to what was asked before of the same sources: kept in a folder, and given again where nothing has changed.
//!
//! What has not changed is told by content: of every Go file and module file of the program's own modules, of the folders they lie in, of the
//! toolchain's version. Modules of the module cache do not change under their name; whether they are there is asked. An answer is kept by what
//! was asked: the folder, the packages, the system, the rules, the build of goherd.

use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use herd_golang::load::{Context, ModuleKind, Overlay, Program};
use herd_model::Envelope;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::lint::{Options, lint_and_stand};

/// Answers that are kept; older ones go.
const ANSWERS_MAX: usize = 64;
/// Files larger than this are told apart by size and time alone: the loader reads none of them.
const FILE_BYTES_MAX: u64 = 256 << 20;

/// Where answers are kept, and who gives them.
#[derive(Clone, Copy)]
pub struct Keep<'a> {
    /// The folder; it is made where it is not there.
    pub folder: &'a Path,
    /// What tells this build of goherd from others.
    pub build: &'a str,
}

/// What a program is read from, as far as it may change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sources {
    /// Folders of its own modules.
    own: Vec<PathBuf>,
    /// Folders of other modules, and whether they are there.
    others: Vec<(PathBuf, bool)>,
    /// The version of Go that is asked for.
    wanted: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    sources: Sources,
    state: String,
    answer: Envelope,
}

/// Goes through packages, or gives the answer of before. What cannot be kept is told by no error: the answer is the same.
///
/// Where nothing has changed this costs a reading of the program's own modules: linear in their bytes.
pub fn lint_kept(folder: &Path, patterns: &[&str], options: &Options<'_>, keep: Keep<'_>) -> Envelope {
    let path = keep.folder.join(format!("{}.json", key(folder, patterns, options, keep.build)));
    let can_be_kept = options.context.overlay == Overlay::default();
    let kept: Option<Kept> = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(kept) = kept.filter(|_| can_be_kept)
        && state(folder, options.context, &kept.sources).is_ok_and(|state| state.figure == kept.state)
    {
        return kept.answer;
    }
    let started = SystemTime::now();
    let read = lint_and_stand(folder, patterns, options, None);
    if let Some(sources) = read.sources.filter(|_| can_be_kept)
        && let Ok(state) = state(folder, options.context, &sources)
        // What changed while packages were read may not be what was read.
        && state.newest < started
    {
        let kept = Kept { sources, state: state.figure, answer: read.envelope.clone() };
        // A folder that cannot be written to costs time, no answer.
        let _ = write(&path, &kept).and_then(|()| clear(keep.folder));
    }
    read.envelope
}

/// What a program was read from; nothing where it has no module of its own, whose files nobody can name.
pub(crate) fn sources(program: &Program) -> Option<Sources> {
    let of = |kinds: &'static [ModuleKind]| program.modules.iter().filter(|module| kinds.contains(&module.kind));
    let own: Vec<PathBuf> = of(&[ModuleKind::Main, ModuleKind::Local]).map(|module| module.folder.clone()).collect();
    let others = of(&[ModuleKind::Dependency]).filter_map(|module| Some((module.folder.clone(), module.found?)));
    let wanted = program.toolchain.wanted.as_deref().map(str::to_owned);
    (!own.is_empty()).then(|| Sources { own, others: others.collect(), wanted })
}

/// What was asked.
fn key(folder: &Path, patterns: &[&str], options: &Options<'_>, build: &str) -> String {
    let Options { context, rules, unused, spawns, deadlines, version } = *options;
    let context = Context { overlay: Overlay::default(), ..context.clone() };
    let asked =
        format!("{build}\n{version}\n{}\n{patterns:?}\n{context:?}\n{rules:?}\n{unused} {spawns} {deadlines}", folder.display());
    hex(&Sha256::digest(asked.as_bytes()))
}

/// What a program is read from, as it is now.
struct State {
    /// All of it in one figure.
    figure: String,
    /// When the last of its files and folders changed.
    newest: SystemTime,
}

fn state(folder: &Path, context: &Context, sources: &Sources) -> io::Result<State> {
    let mut hash = Sha256::new();
    let (mut files, mut newest): (Vec<PathBuf>, _) = (Vec::new(), SystemTime::UNIX_EPOCH);
    for root in &sources.own {
        newest = newest.max(walk(root, &mut hash, &mut files)?);
    }
    // A go.work or go.mod file that comes above changes what the main modules are.
    for ancestor in folder.ancestors() {
        files.extend(["go.work", "go.mod"].map(|name| ancestor.join(name)));
    }
    files.extend(context.mod_file.clone());
    let toolchain = herd_golang::load::choose_toolchain(context, sources.wanted.as_deref());
    hash.update(format!("{toolchain:?}"));
    files.extend(toolchain.toolchain.map(|toolchain| toolchain.root.join("VERSION")));
    for (folder, found) in &sources.others {
        hash.update([u8::from(folder.is_dir()), u8::from(*found)]);
    }
    let contents: Vec<([u8; 32], SystemTime)> = files.par_iter().map(|file| content(file)).collect();
    for (content, changed) in &contents {
        hash.update(content);
        newest = newest.max(*changed);
    }
    Ok(State { figure: hex(&hash.finalize()), newest })
}

/// The names in a module's folders, and the files in them that matter. Hidden folders hold no package that can be imported.
/// Tells when the last folder changed.
fn walk(root: &Path, hash: &mut Sha256, files: &mut Vec<PathBuf>) -> io::Result<SystemTime> {
    let (mut open, mut newest) = (vec![root.to_owned()], SystemTime::UNIX_EPOCH);
    while let Some(folder) = open.pop() {
        newest = newest.max(std::fs::metadata(&folder)?.modified()?);
        let mut entries: Vec<(std::ffi::OsString, bool)> = Vec::new();
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let text = name.to_string_lossy();
            let is_folder = entry.file_type()?.is_dir();
            let matters = is_folder && !text.starts_with('.')
                || text.ends_with(".go")
                || matches!(&*text, "go.mod" | "go.work" | "modules.txt");
            if matters {
                entries.push((name, is_folder));
            }
        }
        entries.sort_unstable();
        hash.update(folder.as_os_str().as_encoded_bytes());
        for (name, is_folder) in entries {
            hash.update(name.as_encoded_bytes());
            hash.update([0, u8::from(is_folder)]);
            let path = folder.join(name);
            if is_folder { open.push(path) } else { files.push(path) }
        }
    }
    Ok(newest)
}

/// What is in a file, or that it is not there; when it changed.
fn content(file: &Path) -> ([u8; 32], SystemTime) {
    let Ok(metadata) = std::fs::metadata(file) else { return ([0; 32], SystemTime::UNIX_EPOCH) };
    let changed = metadata.modified().unwrap_or_else(|_| SystemTime::now());
    if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
        return (Sha256::digest(format!("{} {changed:?}", metadata.len())).into(), changed);
    }
    (std::fs::read(file).map_or([1; 32], |bytes| Sha256::digest(&bytes).into()), changed)
}

/// Whole or not at all: others may read meanwhile.
fn write(path: &Path, kept: &Kept) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let new = path.with_extension(format!("{}.new", std::process::id()));
    let written = serde_json::to_vec(kept).map_err(io::Error::other).and_then(|bytes| std::fs::write(&new, bytes));
    written.and_then(|()| std::fs::rename(&new, path)).inspect_err(|_| {
        // Nothing is left of what could not be written.
        let _ = std::fs::remove_file(&new);
    })
}

/// Takes the oldest answers away.
fn clear(folder: &Path) -> io::Result<()> {
    let mut all: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        all.push((entry.metadata()?.modified()?, entry.path()));
    }
    all.sort_unstable();
    let many = all.len().saturating_sub(ANSWERS_MAX);
    all.iter().take(many).try_for_each(|(_, path)| std::fs::remove_file(path))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}
