//! The modules a load starts from: the `go.work` or `go.mod` above a folder, and the vendor folder beside it.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::context::{Context, ModuleMode, Workspace};
use super::listing::{self, below, clean};
use super::modfile::{self, Fault, ModFile, ModuleVersion};
use super::notes::{Note, NoteKind};
use super::vendored::{self, Vendored, VendoredModule};
use super::version::{self, LANGUAGE_WITHOUT_LINE, Language};

/// A module whose packages the patterns may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainModule {
    /// Module path; a made-up one where there is no go.mod file.
    pub path: Box<str>,
    /// What its packages' import paths begin with: the module path, or nothing for the standard library itself.
    pub prefix: Box<str>,
    /// Folder of the go.mod file.
    pub folder: PathBuf,
    /// The file that was read (`-modfile` may name another).
    pub file: PathBuf,
    /// What it says.
    pub mod_file: ModFile,
}

/// Where a load starts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mains {
    /// One, or those of a workspace.
    pub modules: Vec<MainModule>,
    /// The go.work file and what it says.
    pub work: Option<(PathBuf, ModFile)>,
    /// The vendor folder that is used instead of the module cache.
    pub vendor: Option<(PathBuf, Vendored)>,
}

impl Mains {
    /// The Go version the program asks for: the highest `go` or `toolchain` line.
    pub fn wanted_go(&self) -> Option<String> {
        let work = self.work.iter().map(|(_, file)| file);
        let files = work.chain(self.modules.iter().map(|module| &module.mod_file));
        let versions = files.flat_map(|file| {
            let toolchain = file.toolchain.as_ref().and_then(|line| line.value.strip_prefix("go"));
            [file.go.as_ref().map(|line| &*line.value), toolchain].into_iter().flatten()
        });
        versions.max_by(|a, b| version::compare_go(a, b)).map(str::to_owned)
    }

    /// The main module that holds a folder, and the import path of the folder.
    pub fn package_path(&self, folder: &Path) -> Option<(usize, String)> {
        let holding = self.modules.iter().enumerate().filter(|(_, module)| folder.starts_with(&module.folder));
        let (at, module) = holding.max_by_key(|(_, module)| module.folder.as_os_str().len())?;
        // What is vendored has the path below the vendor folder, and only where that is used.
        let rest = below(&module.folder, folder).filter(|rest| module.prefix.is_empty() || !rest.starts_with("vendor/"))?;
        Some((at, join_path(&module.prefix, &rest)))
    }
}

/// An import path from a module's and the rest; either may be empty.
pub fn join_path(prefix: &str, rest: &str) -> String {
    match (prefix.is_empty(), rest.is_empty()) {
        (true, _) => rest.to_owned(),
        (false, true) => prefix.to_owned(),
        (false, false) => format!("{prefix}/{rest}"),
    }
}

/// The language version a go.mod file sets.
pub fn language(file: &ModFile) -> Language {
    file.go.as_ref().and_then(|line| Language::parse(&line.value)).unwrap_or(LANGUAGE_WITHOUT_LINE)
}

/// Finds and reads the module files above a folder, which must be absolute.
pub fn find(folder: &Path, context: &Context, goroot_src: Option<&Path>, notes: &mut Vec<Note>) -> Mains {
    let mut mains = Mains::default();
    let root = folder.ancestors().find(|ancestor| ancestor.join("go.mod").is_file());
    let work_file = match &context.workspace {
        Workspace::Off => None,
        Workspace::File(file) => Some(clean(folder, file)),
        Workspace::Auto => {
            // The standard library has no workspace above it (`findWorkspaceFile`).
            let above = folder.ancestors().take_while(|ancestor| goroot_src.and_then(Path::parent) != Some(*ancestor));
            above.map(|ancestor| ancestor.join("go.work")).find(|file| file.is_file())
        }
    };
    if let Some(work_file) = work_file {
        read_workspace(work_file, root, context, &mut mains, notes);
    }
    if mains.modules.is_empty() {
        mains.work = None;
        mains.modules.push(match root {
            Some(root) => read_module(root, context.mod_file.as_deref().map(|file| clean(folder, file)), notes),
            None => without_file(folder, context, notes),
        });
    }
    for module in &mut mains.modules {
        let in_goroot = goroot_src.is_some_and(|src| module.folder.canonicalize().is_ok_and(|folder| folder == src));
        module.prefix = if in_goroot && &*module.path == "std" { "".into() } else { module.path.clone() };
    }
    mains.vendor = vendor_folder(&mains, context, notes);
    mains
}

/// Reads a go.work file and the modules it uses. A module that is not among them is read alone, as with `GOWORK=off`.
fn read_workspace(file: PathBuf, root: Option<&Path>, context: &Context, mains: &mut Mains, notes: &mut Vec<Note>) {
    let Some(work) = read(&file, NoteKind::GoWork, notes) else { return };
    let base = file.parent().unwrap_or(Path::new("/")).to_owned();
    let folders: Vec<(PathBuf, u32)> = work.uses.iter().map(|used| (clean(&base, Path::new(&*used.value)), used.line)).collect();
    if let Some(root) = root
        && !folders.iter().any(|(folder, _)| folder == root)
        && !matches!(context.workspace, Workspace::File(_))
    {
        let text = format!("the workspace does not use the module in {}", root.display());
        notes.push(Note::at(NoteKind::GoWork, file, 0, text, "the module is read alone; add it with `go work use`"));
        return;
    }
    for (folder, line) in folders {
        if mains.modules.iter().any(|module| module.folder == folder) {
            notes.push(Note::at(NoteKind::GoWork, &file, line, "the workspace uses this module twice", "remove the line"));
        } else if folder.join("go.mod").is_file() {
            mains.modules.push(read_module(&folder, None, notes));
        } else {
            let text = format!("there is no go.mod file in {}", folder.display());
            notes.push(Note::at(NoteKind::GoWork, &file, line, text, "remove the line or restore the module"));
        }
    }
    mains.work = Some((file, work));
}

fn read_module(folder: &Path, other_file: Option<PathBuf>, notes: &mut Vec<Note>) -> MainModule {
    let file = other_file.unwrap_or_else(|| folder.join("go.mod"));
    let read = read(&file, NoteKind::GoMod, notes);
    let was_read = read.is_some();
    let mod_file = read.unwrap_or_default();
    let path = mod_file.module.as_ref().map(|line| line.value.clone());
    let path = path.unwrap_or_else(|| {
        let text = if was_read { "there is no module line" } else { "the module's path is not known" };
        notes.push(Note::at(NoteKind::GoMod, &file, 0, text, "the folder's name is taken; restore the line `module path`"));
        folder_name(folder)
    });
    MainModule { prefix: path.clone(), path, folder: folder.to_owned(), file, mod_file }
}

/// A program without a go.mod file: below GOPATH/src the import path is known, elsewhere the folder's name has to do.
fn without_file(folder: &Path, context: &Context, notes: &mut Vec<Note>) -> MainModule {
    let below_gopath =
        context.gopath.iter().find_map(|gopath| below(&gopath.join("src"), folder)).filter(|path| !path.is_empty());
    let path = below_gopath.map_or_else(|| folder_name(folder), String::into_boxed_str);
    let text = format!("no go.mod file in this folder or above; it is read as module {path}");
    notes.push(Note::at(
        NoteKind::GoMod,
        folder,
        0,
        text,
        "`go mod init` makes one; without it only the standard library is found",
    ));
    MainModule {
        prefix: path.clone(),
        path,
        folder: folder.to_owned(),
        file: folder.join("go.mod"),
        mod_file: ModFile::default(),
    }
}

fn folder_name(folder: &Path) -> Box<str> {
    folder.file_name().and_then(|name| name.to_str()).unwrap_or("main").into()
}

/// Reads a go.mod or go.work file and says which of its lines could not be read.
fn read(file: &Path, kind: NoteKind, notes: &mut Vec<Note>) -> Option<ModFile> {
    let text = match listing::read_text(file) {
        Ok(text) => text,
        Err(error) => {
            notes.push(Note::at(NoteKind::Unreadable, file, 0, error.to_string(), "make it readable, or restore it"));
            return None;
        }
    };
    let parsed = modfile::parse(&text);
    for fault in &parsed.faults {
        let (text, next) = describe(&fault.value);
        notes.push(Note::at(kind, file, fault.line, text, next));
    }
    Some(parsed)
}

fn describe(fault: &Fault) -> (String, &'static str) {
    match fault {
        Fault::ConflictMarker => ("a merge left its conflict marker; both sides were read".to_owned(), "resolve the conflict"),
        Fault::Unknown(verb) => {
            (format!("the directive {verb} is not known"), "it was skipped; check its spelling, or update goherd")
        }
        Fault::Repeated(verb) => (format!("{verb} is given twice; the first counts"), "remove one of the two"),
        Fault::Arguments(arguments) => {
            (format!("the arguments do not fit: {arguments}"), "the line was skipped; `go mod edit` writes it right")
        }
        Fault::GoVersion(version) => (format!("{version} is no Go version"), "the line was skipped; write `go 1.26.0`"),
        Fault::Version(version) => {
            (format!("{version} is no version"), "the line was skipped; `go mod tidy` looks up what a branch stands for")
        }
        Fault::Token(rest) => (format!("cannot read {rest}"), "the line was skipped; check its quotes and comments"),
        Fault::Unterminated => ("the block that begins here has no closing parenthesis".to_owned(), "add it"),
    }
}

/// The vendor folder, where the settings or the `go` line say that it is used (`setDefaultBuildMod`, Go 1.26).
fn vendor_folder(mains: &Mains, context: &Context, notes: &mut Vec<Note>) -> Option<(PathBuf, Vendored)> {
    let (base, file) = match (&mains.work, mains.modules.first()) {
        (Some((file, work)), _) => (file.parent()?, Some(work)),
        (None, Some(module)) => (&*module.folder, Some(&module.mod_file).filter(|_| module.file.is_file())),
        (None, None) => return None,
    };
    let folder = base.join("vendor");
    let list = folder.join("modules.txt");
    let asked = match context.mode {
        ModuleMode::Cache => return None,
        ModuleMode::Vendor => true,
        ModuleMode::Auto => false,
    };
    if !asked && !folder.is_dir() {
        return None;
    }
    let vendored = listing::read_text(&list).ok().map(|text| vendored::parse(&text));
    let by_default = match file {
        // Before modules, what lay in vendor was all there was.
        None => true,
        Some(file) => {
            let fits = vendored.as_ref().is_none_or(|vendored| vendored.for_workspace == mains.work.is_some());
            file.go.is_some() && language(file) >= version::VENDORING_SINCE && fits
        }
    };
    if !asked && !by_default {
        return None;
    }
    if vendored.is_none() && file.is_some() {
        let text = "the vendor folder has no modules.txt";
        notes.push(Note::at(NoteKind::Vendor, &list, 0, text, "`go mod vendor` writes it; `-mod=mod` uses the module cache"));
    }
    let vendored = vendored.unwrap_or_default();
    check_vendored(mains, &vendored, &list, notes);
    Some((folder, vendored))
}

/// Tells of required modules that the vendor folder does not know in that version (`checkVendorConsistency`).
fn check_vendored(mains: &Mains, vendored: &Vendored, list: &Path, notes: &mut Vec<Note>) {
    if vendored.modules.is_empty() {
        return;
    }
    let with_version = vendored.modules.iter().rev().filter(|module| !module.module.version.is_empty());
    let by_path: FxHashMap<&str, &VendoredModule> = with_version.map(|module| (&*module.module.path, module)).collect();
    for module in &mains.modules {
        for require in &module.mod_file.require {
            let ModuleVersion { path, version } = &require.value.module;
            let listed = by_path.get(&**path);
            let text = match listed {
                Some(listed) if mains.work.is_none() && listed.module.version != *version => {
                    format!("{path} is required at {version}, but {} is vendored at {}", path, listed.module.version)
                }
                None if language(&module.mod_file) >= version::VENDORING_SINCE => {
                    format!("{path} is required, but {} does not list it", list.display())
                }
                Some(_) | None => continue,
            };
            notes.push(Note::at(
                NoteKind::Vendor,
                &module.file,
                require.line,
                text,
                "`go mod vendor` brings the vendor folder up to date",
            ));
        }
    }
}
