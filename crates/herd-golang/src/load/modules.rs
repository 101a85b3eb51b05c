//! All modules of a program: which version of each was chosen, and where its sources lie.

use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};

use super::context::{Context, Graph};
use super::graph;
use super::listing::{self, clean};
use super::mains::{self, Mains};
use super::modfile::{self, ModFile, ModuleVersion, Placed, Replace};
use super::notes::{Note, NoteKind};
use super::summary;
use super::toolchain::Toolchain;
use super::version::{self, LANGUAGE_WITHOUT_LINE, Language, PRUNING_SINCE};

/// Index into [`super::Program::modules`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId(pub u32);

/// A module of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Module {
    /// Module path; `std` for the standard library.
    pub path: Box<str>,
    /// Chosen version; empty for main modules and the standard library.
    pub version: Box<str>,
    /// What it is to the program.
    pub kind: ModuleKind,
    /// Where its sources lie, or would.
    pub folder: PathBuf,
    /// What is taken instead; a folder where it has no version.
    pub replacement: Option<ModuleVersion>,
    /// The language version of its go.mod file.
    pub language: Language,
    /// Whether its sources are on this machine; not asked for modules that no package was looked for in.
    pub found: Option<bool>,
}

/// What a module is to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModuleKind {
    /// One that the load started from.
    Main,
    /// The standard library.
    Standard,
    /// Another module, in the module cache or in the vendor folder.
    Dependency,
    /// Another module, in a folder that a `replace` line names: go.mod files below it bound it.
    Local,
}

/// The modules and how to find them.
#[derive(Clone, Debug)]
pub struct Modules {
    /// Main modules first, then the standard library, then by path.
    pub list: Vec<Module>,
    /// By module path; main modules under the prefix of their packages.
    pub by_path: FxHashMap<Box<str>, ModuleId>,
    /// The standard library's index.
    pub standard: ModuleId,
    /// Whether the whole graph was read; before, only what the go.mod files name is known.
    pub complete: bool,
}

/// What replaces what.
#[derive(Clone, Debug, Default)]
pub struct Replacements {
    /// Of the go.work file, then of each main module.
    layers: Vec<FxHashMap<ModuleVersion, Replaced>>,
}

/// A replacement, its folder resolved.
#[derive(Clone, Debug)]
pub struct Replaced {
    /// As the line has it.
    pub new: ModuleVersion,
    /// Where a local one lies.
    pub folder: Option<PathBuf>,
}

impl Replacements {
    /// Collects the `replace` lines; folders are meant from the file they stand in.
    pub fn of(mains: &Mains) -> Self {
        let layer = |file: &ModFile, base: &Path| {
            let one = |line: &Placed<Replace>| {
                let Replace { old, new } = line.value.clone();
                let folder = new.version.is_empty().then(|| clean(base, Path::new(&*new.path)));
                (old, Replaced { new, folder })
            };
            file.replace.iter().rev().map(one).collect()
        };
        let work = mains.work.iter().map(|(path, file)| layer(file, path.parent().unwrap_or(path)));
        Self { layers: work.chain(mains.modules.iter().map(|module| layer(&module.mod_file, &module.folder))).collect() }
    }

    /// What replaces a module in a version: a line for the version before one for all versions.
    pub fn find(&self, module: &ModuleVersion) -> Option<&Replaced> {
        let any = ModuleVersion { path: module.path.clone(), version: "".into() };
        self.layers.iter().find_map(|layer| layer.get(module).or_else(|| layer.get(&any)))
    }
}

/// The modules that are known without reading the graph, or all where the settings or an old go.mod file ask for it.
pub fn collect(mains: &Mains, toolchain: Option<&Toolchain>, context: &Context, notes: &mut Vec<Note>) -> Modules {
    let mut modules = Modules { list: Vec::new(), by_path: FxHashMap::default(), standard: ModuleId(0), complete: false };
    for main in &mains.modules {
        let module = Module {
            path: main.path.clone(),
            version: "".into(),
            kind: ModuleKind::Main,
            folder: main.folder.clone(),
            replacement: None,
            language: mains::language(&main.mod_file),
            found: Some(true),
        };
        let id = push(&mut modules, module);
        modules.by_path.entry(main.prefix.clone()).or_insert(id);
    }
    let standard = Module {
        path: "std".into(),
        version: "".into(),
        kind: ModuleKind::Standard,
        folder: toolchain.map_or_else(|| summary::ROOT.into(), |toolchain| toolchain.root.join("src")),
        replacement: None,
        language: toolchain
            .map_or_else(summary::language, |toolchain| Language::parse(&toolchain.version))
            .unwrap_or(super::toolchain::NEWEST_KNOWN),
        found: Some(true),
    };
    modules.standard = push(&mut modules, standard);
    if mains.vendor.is_some() {
        vendored(&mut modules, mains);
        return modules;
    }
    let pruned = mains.work.is_none() && mains.modules.iter().all(|module| mains::language(&module.mod_file) >= PRUNING_SINCE);
    if pruned && context.graph == Graph::WhenNeeded {
        let mut roots: FxHashMap<Box<str>, Box<str>> = FxHashMap::default();
        let excluded = excluded(mains);
        for require in mains.modules.iter().flat_map(|module| &module.mod_file.require) {
            let ModuleVersion { path, version } = &require.value.module;
            if excluded.contains(&require.value.module) {
                continue;
            }
            let chosen = roots.entry(path.clone()).or_insert_with(|| version.clone());
            if version::compare(version, chosen).is_gt() {
                *chosen = version.clone();
            }
        }
        add_chosen(&mut modules, roots, mains, context);
    } else {
        complete(&mut modules, mains, context, notes);
    }
    modules
}

/// Versions that `exclude` lines forbid.
pub fn excluded(mains: &Mains) -> FxHashSet<ModuleVersion> {
    mains.modules.iter().flat_map(|module| &module.mod_file.exclude).map(|line| line.value.clone()).collect()
}

/// Reads the whole graph; indices that were told before stay what they were, and a module whose version changes by it gets a new one.
pub fn complete(modules: &mut Modules, mains: &Mains, context: &Context, notes: &mut Vec<Note>) {
    let graph = graph::read(mains, context);
    if let Some((first, file)) = graph.missing.first() {
        let others = match graph.missing.len() - 1 {
            0 => String::new(),
            others => format!(" and of {others} more"),
        };
        let text = format!(
            "the go.mod file of {}@{}{others} is not on this machine; versions may be lower than those `go` takes",
            first.path, first.version
        );
        notes.push(Note::at(NoteKind::Graph, file, 0, text, "`go mod download` fetches what is missing"));
    }
    add_chosen(modules, graph.chosen, mains, context);
    modules.complete = true;
}

/// Where the sources of a module version lie in the module cache.
pub fn cache_folder(cache: &Path, module: &ModuleVersion) -> PathBuf {
    cache.join(format!("{}@{}", escape(&module.path), escape(&module.version)))
}

/// Where the go.mod file of a module version lies in the module cache.
pub fn cache_mod_file(cache: &Path, module: &ModuleVersion) -> PathBuf {
    cache.join(format!("cache/download/{}/@v/{}.mod", escape(&module.path), escape(&module.version)))
}

/// Capitals become `!` and the small letter, for file systems that do not tell them apart (`module.EscapePath`).
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 4);
    for c in text.chars() {
        if c.is_ascii_uppercase() {
            escaped.push('!');
        }
        escaped.push(c.to_ascii_lowercase());
    }
    escaped
}

fn push(modules: &mut Modules, module: Module) -> ModuleId {
    let id = ModuleId(u32::try_from(modules.list.len()).unwrap_or(u32::MAX));
    modules.list.push(module);
    id
}

/// Adds modules by path, for the same order in every run.
fn add_chosen(modules: &mut Modules, chosen: FxHashMap<Box<str>, Box<str>>, mains: &Mains, context: &Context) {
    let replacements = Replacements::of(mains);
    let mut chosen: Vec<_> = chosen.into_iter().collect();
    chosen.sort_unstable();
    for (path, version) in chosen {
        let known = modules.by_path.get(&path).and_then(|id| modules.list.get(id.0 as usize));
        if known.is_some_and(|known| known.kind == ModuleKind::Main || known.version == version) {
            continue;
        }
        if mains.modules.iter().any(|main| main.path == path) {
            continue;
        }
        let wanted = ModuleVersion { path, version };
        let replaced = replacements.find(&wanted);
        let actual = replaced.map_or(&wanted, |replaced| &replaced.new);
        let local = replaced.and_then(|replaced| replaced.folder.clone());
        let kind = if local.is_some() { ModuleKind::Local } else { ModuleKind::Dependency };
        let folder = local.or_else(|| context.mod_cache.as_deref().map(|cache| cache_folder(cache, actual))).unwrap_or_default();
        let module = Module {
            path: wanted.path.clone(),
            version: wanted.version.clone(),
            kind,
            folder,
            replacement: replaced.map(|replaced| replaced.new.clone()),
            language: LANGUAGE_WITHOUT_LINE,
            found: None,
        };
        let id = push(modules, module);
        modules.by_path.insert(wanted.path, id);
    }
}

/// The modules of the vendor folder: all that is known of them stands in modules.txt.
fn vendored(modules: &mut Modules, mains: &Mains) {
    let Some((folder, vendored)) = &mains.vendor else { return };
    for vendored in &vendored.modules {
        if mains.modules.iter().any(|main| main.path == vendored.module.path) {
            continue;
        }
        let module = Module {
            path: vendored.module.path.clone(),
            version: vendored.module.version.clone(),
            kind: ModuleKind::Dependency,
            folder: folder.join(&*vendored.module.path),
            replacement: vendored.replacement.clone(),
            language: vendored.go.as_deref().and_then(Language::parse).unwrap_or(LANGUAGE_WITHOUT_LINE),
            found: Some(true),
        };
        let used = vendored.used;
        let path = module.path.clone();
        let id = push(modules, module);
        if used || !modules.by_path.contains_key(&path) {
            modules.by_path.insert(path, id);
        }
    }
    modules.complete = true;
}

/// Reads the `go` line of a dependency's go.mod file; `None` where the file is not there.
pub fn language_of(module: &Module, cache: Option<&Path>) -> Option<Language> {
    let text = listing::read_text(&module.folder.join("go.mod")).or_else(|error| match cache {
        Some(cache) => listing::read_text(&cache_mod_file(cache, &actual(module))),
        None => Err(error),
    });
    Some(mains::language(&modfile::parse(&text.ok()?)))
}

/// What is taken: the replacement where there is one.
fn actual(module: &Module) -> ModuleVersion {
    let wanted = || ModuleVersion { path: module.path.clone(), version: module.version.clone() };
    module.replacement.clone().unwrap_or_else(wanted)
}

/// What `go` left in the module cache of a module it did not finish to unpack, or did not unpack at all.
pub fn leftover(module: &Module, cache: &Path) -> Option<Leftover> {
    let download = cache_mod_file(cache, &actual(module));
    if download.with_extension("partial").exists() {
        return Some(Leftover::Partial);
    }
    download.with_extension("zip").is_file().then_some(Leftover::Zip)
}

/// Traces of a module whose sources are not in the module cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// Unpacking was interrupted (cmd/go/internal/modfetch, `DownloadDir`): some files are missing.
    Partial,
    /// Only the archive is there.
    Zip,
}
