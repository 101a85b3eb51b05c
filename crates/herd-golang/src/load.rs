//! Which files make up a Go program, found without the Go toolchain: modules, packages, the files of each, what imports what.
//!
//! [`program`] reads go.work, go.mod, vendor/modules.txt, the module cache and the heads of Go files. It never fails: what is missing or
//! broken is left out and told in notes, and what was imported from it is unknown.
//!
//! ```
//! use herd_golang::load::{Context, Role, Target, program};
//!
//! let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("go.mod"), "module example.com/shop\n\ngo 1.26\n")?;
//! std::fs::write(folder.path().join("shop.go"), "package shop\n\nimport \"example.com/stock\"\n")?;
//! let loaded = program(folder.path(), &["./..."], &Context::from_env());
//! let shop = &loaded.packages[0];
//! assert_eq!((&*shop.path, &*shop.files[0].name), ("example.com/shop", "shop.go"));
//! assert!(matches!(shop.import(Role::Package, "example.com/stock"), Some(Target::Unknown(_))));
//! assert_eq!(loaded.notes[0].text, "example.com/stock is unknown: no module of the program has it");
//! # Ok::<(), std::io::Error>(())
//! ```

pub mod constraint;
mod context;
mod files;
mod graph;
mod header;
mod listing;
mod mains;
pub mod modfile;
mod modules;
mod notes;
mod overlay;
mod patterns;
mod platform;
mod resolve;
mod summary;
mod toolchain;
pub mod vendored;
mod version;
mod waves;

use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

pub use context::{Context, Graph, ModuleMode, Standard, Tests, Workspace, split_tags};
pub use files::{LeftOut, Reason, Role, SourceFile};
pub use modules::{Module, ModuleId, ModuleKind};
pub use notes::{Note, NoteKind};
pub use overlay::Overlay;
pub use platform::Tags;
pub use resolve::Unknown;
pub use toolchain::{Choice, Toolchain, choose as choose_toolchain};
pub use version::{Language, canonical as canonical_version, compare as compare_versions, compare_go};

use mains::Mains;
use modules::Modules;
use resolve::Places;

/// Index into [`Program::packages`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(pub u32);

/// A Go program: the packages that patterns name and all that they import.
#[derive(Clone, Debug)]
pub struct Program {
    /// The toolchain whose standard library was read.
    pub toolchain: Choice,
    /// What build tags were compared with.
    pub tags: Tags,
    /// Main modules, the standard library, then all others that are known, by path.
    pub modules: Vec<Module>,
    /// Whether `modules` are all that `go list -m all` has, or only those that go.mod names.
    pub modules_complete: bool,
    /// Named packages first, then by their distance from these.
    pub packages: Vec<Package>,
    /// How many of them the patterns name.
    pub named: usize,
    /// What was imported and not found.
    pub unknown: Vec<UnknownPackage>,
    /// What could not be done, and what to do about it.
    pub notes: Vec<Note>,
    /// What stands for files.
    pub overlay: Overlay,
}

/// A package: the Go files of one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Import path.
    pub path: Box<str>,
    /// Name in its package clauses; empty where none could be read.
    pub name: Box<str>,
    /// Where it lies; a package that goherd carries lies nowhere, and [`read`] knows its files.
    pub folder: PathBuf,
    /// Whose it is.
    pub module: ModuleId,
    /// Files that take part, by name: the package's own, its tests, those of its external test package.
    pub files: Vec<SourceFile>,
    /// Files that do not.
    pub left_out: Vec<LeftOut>,
    /// What its own files import, by path, without `C`.
    pub imports: Vec<Import>,
    /// What its tests inside the package import.
    pub test_imports: Vec<Import>,
    /// What its external test package imports.
    pub external_test_imports: Vec<Import>,
}

/// An import path of a package and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// As written in the source.
    pub path: Box<str>,
    /// What it leads to; inside the standard library, `golang.org/x/…` leads to its vendor folder.
    pub target: Target,
}

/// What an import leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A package.
    Package(PackageId),
    /// Nothing that was found: index into [`Program::unknown`]. All that comes from it is unknown.
    Unknown(u32),
}

/// A package that was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPackage {
    /// Import path.
    pub path: Box<str>,
    /// Why.
    pub reason: Unknown,
    /// The first file that imports it; the folder of the load where a pattern named it.
    pub file: PathBuf,
    /// Line there, 1-based, 0 for none.
    pub line: u32,
}

/// How much of a program was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Packages found.
    pub packages: u32,
    /// Packages imported and not found.
    pub packages_unknown: u32,
    /// Files that take part.
    pub files: u32,
    /// Files that do not, by constraint, name or fault.
    pub files_left_out: u32,
    /// Of these, files that cannot be read.
    pub files_unreadable: u32,
    /// Imports of all packages, each path once a package.
    pub imports: u32,
    /// Of these, imports that lead to nothing known.
    pub imports_unknown: u32,
    /// Modules that packages were taken from.
    pub modules: u32,
    /// Modules whose sources are not on this machine.
    pub modules_missing: u32,
}

impl Package {
    /// What an import path in a file of that role leads to. Binary search.
    pub fn import(&self, role: Role, path: &str) -> Option<Target> {
        let imports = match role {
            Role::Package | Role::Cgo => &self.imports,
            Role::Test => &self.test_imports,
            Role::ExternalTest => &self.external_test_imports,
        };
        let at = imports.binary_search_by(|import| (*import.path).cmp(path)).ok()?;
        imports.get(at).map(|import| import.target)
    }
}

impl Program {
    /// The package behind an index.
    pub fn package(&self, id: PackageId) -> Option<&Package> {
        self.packages.get(id.0 as usize)
    }

    /// The module behind an index.
    pub fn module(&self, id: ModuleId) -> Option<&Module> {
        self.modules.get(id.0 as usize)
    }

    /// Counts what was found and what was not. Linear.
    pub fn coverage(&self) -> Coverage {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let left_out = |wanted: &dyn Fn(Reason) -> bool| {
            let one = |package: &Package| package.left_out.iter().filter(|file| wanted(file.reason)).count();
            count(self.packages.iter().map(one).sum())
        };
        let imports = || {
            self.packages
                .iter()
                .flat_map(|package| [&package.imports, &package.test_imports, &package.external_test_imports])
                .flatten()
        };
        Coverage {
            packages: count(self.packages.len()),
            packages_unknown: count(self.unknown.len()),
            files: count(self.packages.iter().map(|package| package.files.len()).sum()),
            files_left_out: left_out(&|reason| reason != Reason::TestsNotAsked),
            files_unreadable: left_out(&|reason| reason == Reason::Unreadable),
            imports: count(imports().count()),
            imports_unknown: count(imports().filter(|import| matches!(import.target, Target::Unknown(_))).count()),
            modules: count(self.modules.iter().filter(|module| module.found == Some(true)).count()),
            modules_missing: count(self.modules.iter().filter(|module| module.found == Some(false)).count()),
        }
    }
}

/// The text of a file of a package: from its folder, or from the declarations that goherd carries where no toolchain was found.
pub fn read(program: &Program, package: PackageId, file: &str) -> io::Result<Vec<u8>> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, "the program has no such package or file");
    let folder = &program.package(package).ok_or_else(missing)?.folder;
    if folder.starts_with(summary::ROOT) {
        return summary::read(folder, file).map(<[u8]>::to_vec).ok_or_else(missing);
    }
    let file = folder.join(file);
    match program.overlay.text(&file) {
        Some(text) => Ok(text.to_vec()),
        None => std::fs::read(file),
    }
}

/// Loads the packages that patterns name, seen from a folder, and all they import.
///
/// Never fails and never hangs. Costs a folder and the heads of its files a package (about 13 µs a file, warm), on all cores; test files
/// are read of named packages only.
pub fn program(folder: &Path, patterns: &[&str], context: &Context) -> Program {
    let mut notes = Vec::new();
    let folder = std::path::absolute(folder).map_or_else(|_| folder.to_owned(), |folder| listing::clean(&folder, Path::new("")));
    // Which toolchain is right depends on the module files, which need GOROOT only to know the standard library itself.
    let first_choice = toolchain::choose(context, None);
    let src = first_choice.toolchain.as_ref().map(|toolchain| toolchain.root.join("src"));
    let mains = mains::find(&folder, context, src.as_deref(), &mut notes);
    let choice = toolchain::choose(context, mains.wanted_go().as_deref());
    tell_toolchain(&choice, &mains, &mut notes);
    let tags = toolchain::tags(context, choice.toolchain.as_ref());
    let src = choice.toolchain.as_ref().map(|toolchain| toolchain.root.join("src"));
    let mut modules = modules::collect(&mains, choice.toolchain.as_ref(), context, &mut notes);
    if !modules.complete && patterns.iter().any(|pattern| patterns::asks_graph(pattern)) {
        modules::complete(&mut modules, &mains, context, &mut notes);
    }
    let places = Places { mains: &mains, modules: &modules, goroot_src: src.as_deref() };
    let seeds = patterns::expand(patterns, &folder, &places, &mut notes);
    let mut load = waves::Load::new(&mains, modules, src, &tags, context, notes);
    let named = load.run(seeds, &folder);
    let (mut modules, waves::Found { packages, unknown, mut notes }) = load.finish();
    tell_unknown(&unknown, &modules, context, &mut notes);
    if mains.vendor.is_none() {
        tell_partial(&modules, context, &mut notes);
    }
    Program {
        toolchain: choice,
        modules_complete: modules.complete,
        modules: std::mem::take(&mut modules.list),
        tags,
        packages,
        named,
        unknown,
        notes,
        overlay: context.overlay.clone(),
    }
}

fn tell_toolchain(choice: &Choice, mains: &Mains, notes: &mut Vec<Note>) {
    let place = mains.modules.first().map(|module| module.file.clone()).unwrap_or_default();
    if let Some(summary) = choice.summary {
        let newer = choice.wanted.as_ref().map(|wanted| format!("; the program asks for Go {wanted}")).unwrap_or_default();
        let text =
            format!("no Go toolchain was found; the standard library is read from the summary in goherd, Go {summary}{newer}");
        let next = "set GOROOT for your own version, or put `go` on the PATH; it is never run";
        notes.push(Note::at(NoteKind::Toolchain, place, 0, text, next));
    } else if let (Some(toolchain), Some(wanted)) = (&choice.toolchain, &choice.wanted)
        // Releases of one version differ in nothing that matters here.
        && Language::parse(&toolchain.version) < Language::parse(wanted)
    {
        let line = mains.modules.first().and_then(|module| module.mod_file.go.as_ref()).map_or(0, |line| line.line);
        let text = format!("the program asks for Go {wanted}, the toolchain found is {}", toolchain.version);
        notes.push(Note::at(
            NoteKind::Toolchain,
            place,
            line,
            text,
            "its standard library was read; `go mod download` fetches the newer toolchain",
        ));
    }
}

/// One note a missing module, one a missing package.
fn tell_unknown(unknown: &[UnknownPackage], modules: &Modules, context: &Context, notes: &mut Vec<Note>) {
    let mut by_module: FxHashMap<ModuleId, (usize, &UnknownPackage)> = FxHashMap::default();
    let mut order = Vec::new();
    for package in unknown {
        let (kind, text, next) = match package.reason {
            Unknown::ModuleMissing(id) => {
                by_module.entry(id).and_modify(|(count, _)| *count += 1).or_insert_with(|| {
                    order.push(id);
                    (1, package)
                });
                continue;
            }
            Unknown::NoToolchain => (
                NoteKind::PackageMissing,
                "goherd carries no such package of the standard library, and no Go toolchain was found".to_owned(),
                "check the path, or set GOROOT".to_owned(),
            ),
            Unknown::NotInStandardLibrary => (
                NoteKind::PackageMissing,
                "the standard library has no such package".to_owned(),
                "check the path, or use a newer Go".to_owned(),
            ),
            Unknown::NoModule => (
                NoteKind::PackageMissing,
                "no module of the program has it".to_owned(),
                format!("`go get {}` adds the module", package.path),
            ),
            Unknown::NotInModule(id) => {
                let module = modules.list.get(id.0 as usize).map_or("", |module| &module.path);
                (
                    NoteKind::PackageMissing,
                    format!("module {module} has no Go files there"),
                    "check the path, or generate its code".to_owned(),
                )
            }
            Unknown::Unreadable => {
                (NoteKind::Unreadable, "its folder cannot be read".to_owned(), "make the folder readable".to_owned())
            }
            Unknown::NotVendored => {
                (NoteKind::PackageMissing, "the vendor folder does not have it".to_owned(), "`go mod vendor` adds it".to_owned())
            }
            Unknown::Invalid => {
                (NoteKind::PackageMissing, "it is no import path".to_owned(), "write the path from the module's on".to_owned())
            }
            Unknown::Limit => (
                NoteKind::Limit,
                format!("more than {} packages", waves::PACKAGES_MAX),
                "name smaller parts of the program".to_owned(),
            ),
        };
        notes.push(Note::at(kind, &package.file, package.line, format!("{} is unknown: {text}", package.path), next));
    }
    for id in order {
        let (Some((count, first)), Some(module)) = (by_module.get(&id), modules.list.get(id.0 as usize)) else { continue };
        let packages = if *count == 1 { "1 package of it is".to_owned() } else { format!("{count} packages of it are") };
        let name =
            if module.version.is_empty() { module.path.to_string() } else { format!("{}@{}", module.path, module.version) };
        let text =
            format!("the sources of {name} are not in {}; {packages} unknown, {} the first", module.folder.display(), first.path);
        let leftover = context.mod_cache.as_deref().and_then(|cache| modules::leftover(module, cache));
        let next = match (module.kind, leftover) {
            (ModuleKind::Local, _) => "restore the folder that the replace line names".to_owned(),
            (_, Some(modules::Leftover::Zip)) => {
                format!("`go mod download {}` unpacks its archive, which is in the module cache", module.path)
            }
            (ModuleKind::Main | ModuleKind::Standard | ModuleKind::Dependency, _) => {
                format!("`go mod download {}` fetches them", module.path)
            }
        };
        notes.push(Note::at(NoteKind::ModuleMissing, &first.file, first.line, text, next));
    }
}

/// Tells of modules that packages were taken from and that `go` did not finish to unpack.
fn tell_partial(modules: &Modules, context: &Context, notes: &mut Vec<Note>) {
    let Some(cache) = context.mod_cache.as_deref() else { return };
    let used = modules.list.par_iter().filter(|module| module.kind == ModuleKind::Dependency && module.found == Some(true));
    let partial: Vec<&Module> =
        used.filter(|module| modules::leftover(module, cache) == Some(modules::Leftover::Partial)).collect();
    for module in partial {
        let text = format!("{}@{} was not unpacked to its end, so that files may be missing", module.path, module.version);
        let next = format!("`go mod download {}` unpacks it again", module.path);
        notes.push(Note::at(NoteKind::ModuleMissing, &module.folder, 0, text, next));
    }
}
