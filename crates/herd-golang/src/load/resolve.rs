//! From an import path to the folder that holds the package (`importFromModules`, cmd/go/internal/modload, Go 1.26).

use std::io;
use std::path::{Path, PathBuf};

use super::listing::{self, Listing};
use super::mains::{self, Mains};
use super::modfile::ModuleVersion;
use super::modules::{Module, ModuleId, ModuleKind, Modules};
use super::summary;
use super::version::VENDOR_LISTED_SINCE;

/// What is known of where packages lie. Shared by the threads of one wave.
pub struct Places<'a> {
    /// Where the load started.
    pub mains: &'a Mains,
    /// The modules known so far.
    pub modules: &'a Modules,
    /// GOROOT/src; where there is none, packages are those goherd carries.
    pub goroot_src: Option<&'a Path>,
}

/// A package's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it lies.
    pub folder: PathBuf,
    /// Whose it is.
    pub module: ModuleId,
    /// What lies there.
    pub listing: Listing,
    /// Another module that has a package of this path; the program does not build.
    pub also_in: Option<ModuleId>,
}

/// Why a package was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// No Go toolchain was found, and what goherd carries of the standard library has no such package.
    NoToolchain,
    /// The standard library has no such package, and no module can have it.
    NotInStandardLibrary,
    /// No module of the program can have it.
    NoModule,
    /// The sources of the module that should have it are not on this machine.
    ModuleMissing(ModuleId),
    /// The module that should have it does not.
    NotInModule(ModuleId),
    /// Its folder is there and cannot be read.
    Unreadable,
    /// The vendor folder does not have it.
    NotVendored,
    /// No import path: relative, absolute or with characters that none has.
    Invalid,
    /// More packages than a load takes in.
    Limit,
}

/// The outcome of a search.
pub enum Search {
    /// Found.
    Found(Box<Place>),
    /// Not in the modules known so far; the module graph may know more.
    AskGraph(Unknown),
    /// Not there.
    Unknown(Unknown),
}

/// Finds a package. `path` is as [`canonical`] gives it. Reads one folder in most cases.
pub fn find(path: &str, places: &Places<'_>) -> Search {
    if !is_import_path(path) {
        return Search::Unknown(Unknown::Invalid);
    }
    let standard = is_standard(path);
    if standard && let Some((folder, listing)) = in_library(path, places.goroot_src) {
        return Search::Found(Box::new(Place { folder, module: owner_in_goroot(path, places), listing, also_in: None }));
    }
    let search = if places.mains.vendor.is_some() { find_vendored(path, places) } else { find_in_modules(path, places) };
    match search {
        Search::Unknown(Unknown::NoModule | Unknown::NotVendored) | Search::AskGraph(Unknown::NoModule) if standard => {
            let none = places.goroot_src.is_none();
            Search::Unknown(if none { Unknown::NoToolchain } else { Unknown::NotInStandardLibrary })
        }
        Search::Found(_) | Search::AskGraph(_) | Search::Unknown(_) => search,
    }
}

/// A package of the standard library: where the toolchain has it, or as goherd carries it where there is none.
fn in_library(path: &str, goroot_src: Option<&Path>) -> Option<(PathBuf, Listing)> {
    match goroot_src {
        Some(src) => go_folder(src.join(path)).ok().flatten(),
        None => summary::folder(path),
    }
}

/// The path a package is known by: what the standard library imports from elsewhere lies in its vendor folder (`stdVendor`).
pub fn canonical(path: &str, importer: &str, importer_is_standard: bool, goroot_src: Option<&Path>) -> Option<String> {
    if !importer_is_standard || is_standard(path) {
        return None;
    }
    let shelf = if importer == "cmd" || importer.starts_with("cmd/") { "cmd/vendor" } else { "vendor" };
    let vendored = format!("{shelf}/{path}");
    let there = goroot_src.map_or_else(|| summary::has(&vendored), |src| src.join(&vendored).is_dir());
    there.then_some(vendored)
}

/// Whether a path is one the standard library keeps for itself: its first element has no dot.
pub fn is_standard(path: &str) -> bool {
    path.split('/').next().is_some_and(|first| !first.contains('.'))
}

/// Import paths: no empty, `.` or `..` elements, no characters of other trades (go/build, `isValidImport`).
fn is_import_path(path: &str) -> bool {
    let bad = |c: char| {
        c.is_control() || c.is_whitespace() || c == char::REPLACEMENT_CHARACTER || "!\"#$%&'()*,:;<=>?[\\]^{|}`@".contains(c)
    };
    path.split('/').all(|element| !matches!(element, "" | "." | "..")) && !path.contains(bad)
}

/// In the standard library's own source tree its packages belong to the main module.
fn owner_in_goroot(path: &str, places: &Places<'_>) -> ModuleId {
    let main = places.modules.by_path.get("").copied();
    main.filter(|_| !path.starts_with("cmd/")).unwrap_or(places.modules.standard)
}

/// A folder, if Go files lie in it; build constraints do not matter here. An error where it cannot be told.
fn go_folder(folder: PathBuf) -> io::Result<Option<(PathBuf, Listing)>> {
    match listing::list(&folder) {
        Ok(listing) => Ok((!listing.go_files.is_empty()).then_some((folder, listing))),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

fn find_in_modules(path: &str, places: &Places<'_>) -> Search {
    let mut best: Option<Place> = None;
    // The longest module path that could have it, for the message.
    let mut nearest: Option<ModuleId> = None;
    let mut unreadable = false;
    for (prefix, rest) in prefixes(path) {
        let Some(id) = places.modules.by_path.get(prefix).copied() else { continue };
        let Some(module) = places.modules.list.get(id.0 as usize) else { continue };
        nearest = nearest.or(Some(id));
        match (in_module(module, rest), &mut best) {
            (Ok(Some((folder, listing))), None) => best = Some(Place { folder, module: id, listing, also_in: None }),
            (Ok(Some(_)), Some(best)) => best.also_in = Some(id),
            (Ok(None), _) => {}
            (Err(_), _) => unreadable = true,
        }
    }
    if let Some(best) = best {
        return Search::Found(Box::new(best));
    }
    if unreadable {
        return Search::Unknown(Unknown::Unreadable);
    }
    let unknown = nearest.map_or(Unknown::NoModule, |id| {
        let there = places.modules.list.get(id.0 as usize).is_some_and(|module| module.folder.is_dir());
        if there { Unknown::NotInModule(id) } else { Unknown::ModuleMissing(id) }
    });
    if places.modules.complete { Search::Unknown(unknown) } else { Search::AskGraph(unknown) }
}

/// A path's prefixes of whole elements, longest first, each with what follows; at last the empty one.
fn prefixes(path: &str) -> impl Iterator<Item = (&str, &str)> {
    let cuts = path.rmatch_indices('/').map(|(at, _)| at);
    let inner = cuts.filter_map(|at| Some((path.get(..at)?, path.get(at + 1..)?)));
    std::iter::once((path, "")).chain(inner).chain(std::iter::once(("", path)))
}

/// The folder of a package inside a module, unless another module begins in between (`dirInModule`).
fn in_module(module: &Module, rest: &str) -> io::Result<Option<(PathBuf, Listing)>> {
    let folder = if rest.is_empty() { module.folder.clone() } else { module.folder.join(rest) };
    let Some((folder, listing)) = go_folder(folder)? else { return Ok(None) };
    let bounded = match module.kind {
        ModuleKind::Main | ModuleKind::Local => !rest.is_empty(),
        ModuleKind::Standard | ModuleKind::Dependency => false,
    };
    if bounded {
        let between = folder.ancestors().skip(1).take_while(|ancestor| *ancestor != module.folder);
        if listing.has_go_mod || between.into_iter().any(|ancestor| ancestor.join("go.mod").is_file()) {
            return Ok(None);
        }
    }
    Ok(Some((folder, listing)))
}

/// With a vendor folder, packages lie in the main modules or in it.
fn find_vendored(path: &str, places: &Places<'_>) -> Search {
    for (prefix, rest) in prefixes(path) {
        let Some(id) = places.modules.by_path.get(prefix).copied() else { continue };
        let main = places.modules.list.get(id.0 as usize).filter(|module| module.kind == ModuleKind::Main);
        if let Some(Ok(Some((folder, listing)))) = main.map(|module| in_module(module, rest)) {
            return Search::Found(Box::new(Place { folder, module: id, listing, also_in: None }));
        }
    }
    let Some((vendor, vendored)) = &places.mains.vendor else { return Search::Unknown(Unknown::NotVendored) };
    let (folder, listing) = match go_folder(vendor.join(path)) {
        Ok(Some(found)) => found,
        Ok(None) => return Search::Unknown(Unknown::NotVendored),
        Err(_) => return Search::Unknown(Unknown::Unreadable),
    };
    let listed = vendored.packages.get(path).and_then(|at| vendored.modules.get(*at));
    // A folder someone put there by hand counts for nothing since Go 1.23.
    let strict = places.mains.modules.iter().any(|main| mains::language(&main.mod_file) >= VENDOR_LISTED_SINCE);
    if listed.is_none() && strict && !vendored.modules.is_empty() {
        return Search::Unknown(Unknown::NotVendored);
    }
    let module = listed.and_then(|listed| vendored_module(&listed.module, places)).unwrap_or(ModuleId(0));
    Search::Found(Box::new(Place { folder, module, listing, also_in: None }))
}

fn vendored_module(module: &ModuleVersion, places: &Places<'_>) -> Option<ModuleId> {
    places.modules.by_path.get(&module.path).copied()
}
