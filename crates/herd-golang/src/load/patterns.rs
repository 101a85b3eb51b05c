//! From what a user names (`./...`, `./cmd/x`, import paths, `std`) to folders and import paths, as `go help packages` has it.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::listing::{self, Listing, below, clean, with_slashes};
use super::mains::join_path;
use super::modfile::ModFile;
use super::modules::{ModuleId, ModuleKind};
use super::notes::{Note, NoteKind};
use super::resolve::{Place, Places};
use super::summary;

/// Folders a walk looks into; the largest known repositories have some ten thousand.
const FOLDERS_MAX: usize = 1 << 20;

/// A package to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed {
    /// Its import path.
    pub path: String,
    /// Where it lies; `None` where the path has yet to be found.
    pub place: Option<Place>,
    /// Found by a wildcard: it counts only if files of it take part.
    pub by_wildcard: bool,
}

/// Whether a pattern can only be answered with all modules at hand.
pub fn asks_graph(pattern: &str) -> bool {
    pattern.contains("...") && !is_folder(pattern)
}

/// Expands the patterns, seen from a folder; what names nothing becomes a note. Reads each folder below the patterns once, side by side.
pub fn expand(patterns: &[&str], base: &Path, places: &Places<'_>, notes: &mut Vec<Note>) -> Vec<Seed> {
    let mut seeds: Vec<Seed> = Vec::new();
    for pattern in patterns {
        let pattern = &*if cfg!(windows) { pattern.replace('\\', "/") } else { (*pattern).to_owned() };
        let before = seeds.len();
        if is_folder(pattern) {
            folders(pattern, base, places, &mut seeds, notes);
        } else {
            match pattern {
                // What `all` has beyond this is loaded anyway, as what these import.
                "all" | "work" => main_packages(places, &mut seeds),
                "std" => standard(places, &mut seeds, |path| path != "cmd" && !path.starts_with("cmd/")),
                "cmd" => standard(places, &mut seeds, |path| path.starts_with("cmd/") && !path.starts_with("cmd/vendor/")),
                "tool" => seeds
                    .extend(places.mains.modules.iter().flat_map(|main| &main.mod_file.tool).map(|line| by_path(&line.value))),
                _ if pattern.contains("...") => everywhere(pattern, places, &mut seeds),
                _ => seeds.push(by_path(pattern)),
            }
        }
        if seeds.len() == before && !notes.iter().any(|note| note.kind == NoteKind::Pattern && note.text.starts_with(pattern)) {
            let text = format!("{pattern} names no package");
            notes.push(Note::at(
                NoteKind::Pattern,
                base,
                0,
                text,
                "name a folder with Go files, or `./...` for all below this one",
            ));
        }
    }
    let mut seen = rustc_hash::FxHashSet::default();
    seeds.retain(|seed| seen.insert(seed.path.clone()));
    seeds
}

fn by_path(path: &str) -> Seed {
    Seed { path: path.to_owned(), place: None, by_wildcard: false }
}

/// Whether a pattern names folders rather than import paths.
fn is_folder(pattern: &str) -> bool {
    matches!(pattern, "." | "..") || pattern.starts_with("./") || pattern.starts_with("../") || Path::new(pattern).is_absolute()
}

/// A folder, or the folders a wildcard below one names.
fn folders(pattern: &str, base: &Path, places: &Places<'_>, seeds: &mut Vec<Seed>, notes: &mut Vec<Note>) {
    let Some((before, _)) = pattern.split_once("...") else {
        return one_folder(pattern, &clean(base, Path::new(pattern)), places, seeds, notes);
    };
    let start = before.rsplit_once('/').map_or("", |(start, _)| start);
    let start = if start.is_empty() && before.starts_with('/') { Path::new("/") } else { Path::new(start) };
    let from = clean(base, start);
    let Some((owner, _)) = owner(&from, places) else {
        return outside(pattern, &from, notes);
    };
    let Some(root) = places.modules.list.get(owner.0 as usize) else { return };
    // Patterns and folders are compared as absolute paths.
    let rest = before.rsplit_once('/').map_or(before, |(_, rest)| rest);
    let tail = pattern.split_once("...").map_or("", |(_, tail)| tail);
    let absolute = format!("{}/{rest}...{tail}", with_slashes(&from).trim_end_matches('/'));
    let hidden = from != base && from.file_name().and_then(|name| name.to_str()).is_some_and(is_hidden);
    if hidden || nested(&from, &root.folder) {
        return;
    }
    let ignored = places.mains.modules.get(owner.0 as usize).map(|main| Ignored::of(&main.mod_file)).unwrap_or_default();
    let walk = Walk { root: &root.folder, ignored, bounded: true, into_vendor: absolute_names_vendor(pattern) };
    for (folder, listing) in walk.from(&from, notes) {
        if !matches(&absolute, &with_slashes(&folder)) {
            continue;
        }
        // The package that only holds documentation of what the language declares.
        let builtin = |path: &str| path == "builtin" && root.path == "std".into();
        if let Some((module, path)) = self::owner(&folder, places).filter(|(_, path)| !builtin(path)) {
            let place = Place { folder, module, listing, also_in: None };
            seeds.push(Seed { path, place: Some(place), by_wildcard: true });
        }
    }
}

fn one_folder(pattern: &str, folder: &Path, places: &Places<'_>, seeds: &mut Vec<Seed>, notes: &mut Vec<Note>) {
    // A file stands for its package.
    let folder = if folder.extension().is_some_and(|extension| extension == "go") && folder.is_file() {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    let Some((module, path)) = owner(folder, places) else { return outside(pattern, folder, notes) };
    match listing::list(folder) {
        Ok(listing) if listing.go_files.is_empty() => {
            let text = format!("{pattern} has no Go files");
            notes.push(Note::at(NoteKind::Pattern, folder, 0, text, "`./...` names the packages below a folder"));
        }
        Ok(listing) => {
            let place = Place { folder: folder.to_owned(), module, listing, also_in: None };
            seeds.push(Seed { path, place: Some(place), by_wildcard: false });
        }
        Err(error) => {
            let text = format!("{pattern} cannot be read: {error}");
            notes.push(Note::at(NoteKind::Pattern, folder, 0, text, "name a folder that can be read"));
        }
    }
}

fn outside(pattern: &str, folder: &Path, notes: &mut Vec<Note>) {
    let text = format!("{pattern} lies outside the program's modules");
    notes.push(Note::at(NoteKind::Pattern, folder, 0, text, "start from the module that holds it, or add it with `go work use`"));
}

/// The module a folder belongs to, and its import path: main modules, the vendor folder, the standard library.
fn owner(folder: &Path, places: &Places<'_>) -> Option<(ModuleId, String)> {
    if let Some((vendor, vendored)) = &places.mains.vendor
        && let Some(path) = below(vendor, folder).filter(|path| !path.is_empty())
    {
        let listed = vendored.packages.get(path.as_str()).and_then(|at| vendored.modules.get(*at));
        let module = listed.and_then(|listed| places.modules.by_path.get(&listed.module.path)).copied();
        return Some((module.unwrap_or(ModuleId(0)), path));
    }
    if let Some((at, path)) = places.mains.package_path(folder) {
        let main = places.mains.modules.get(at)?;
        return (!nested(folder, &main.folder)).then_some((ModuleId(u32::try_from(at).ok()?), path));
    }
    let path = below(places.goroot_src?, folder).filter(|path| !path.is_empty())?;
    Some((places.modules.standard, path))
}

/// Whether another module begins between a module's root and a folder, or in the folder.
fn nested(folder: &Path, root: &Path) -> bool {
    folder
        .ancestors()
        .take_while(|ancestor| *ancestor != root && ancestor.starts_with(root))
        .any(|ancestor| ancestor.join("go.mod").is_file())
}

fn main_packages(places: &Places<'_>, seeds: &mut Vec<Seed>) {
    for (at, main) in places.mains.modules.iter().enumerate() {
        let module = ModuleId(u32::try_from(at).unwrap_or(u32::MAX));
        let walk = Walk { root: &main.folder, ignored: Ignored::of(&main.mod_file), bounded: true, into_vendor: false };
        add_walk(&walk, &main.prefix, module, |_| true, seeds);
    }
}

fn standard(places: &Places<'_>, seeds: &mut Vec<Seed>, wanted: impl Fn(&str) -> bool) {
    let module = places.modules.standard;
    let wanted = |path: &str| !path.is_empty() && path != "builtin" && wanted(path);
    let Some(src) = places.goroot_src else {
        for path in summary::paths().filter(|path| wanted(path)) {
            let place = summary::folder(path).map(|(folder, listing)| Place { folder, module, listing, also_in: None });
            seeds.push(Seed { path: path.to_owned(), place, by_wildcard: true });
        }
        return;
    };
    let walk = Walk { root: src, ignored: Ignored::default(), bounded: false, into_vendor: true };
    add_walk(&walk, "", module, wanted, seeds);
}

/// A wildcard over import paths: the standard library and all modules whose path fits.
fn everywhere(pattern: &str, places: &Places<'_>, seeds: &mut Vec<Seed>) {
    let literal = pattern.split_once("...").map_or(pattern, |(literal, _)| literal);
    let first = literal.split('/').next().unwrap_or_default();
    if !first.contains('.') {
        standard(places, seeds, |path| matches(pattern, path));
    }
    for (at, module) in places.modules.list.iter().enumerate() {
        let fits = module.path.starts_with(literal) || literal.starts_with(&*module.path);
        let id = ModuleId(u32::try_from(at).unwrap_or(u32::MAX));
        // Versions that were given up for higher ones are still listed.
        let current = module.kind == ModuleKind::Main || places.modules.by_path.get(&module.path) == Some(&id);
        if !fits || !current || module.kind == ModuleKind::Standard {
            continue;
        }
        let main = places.mains.modules.get(at).filter(|_| module.kind == ModuleKind::Main);
        let ignored = main.map(|main| Ignored::of(&main.mod_file)).unwrap_or_default();
        let bounded = matches!(module.kind, ModuleKind::Main | ModuleKind::Local);
        let walk = Walk { root: &module.folder, ignored, bounded, into_vendor: false };
        add_walk(&walk, main.map_or(&module.path, |main| &main.prefix), id, |path| matches(pattern, path), seeds);
    }
}

fn add_walk(walk: &Walk<'_>, prefix: &str, module: ModuleId, wanted: impl Fn(&str) -> bool, seeds: &mut Vec<Seed>) {
    for (folder, listing) in walk.from(walk.root, &mut Vec::new()) {
        let Some(path) = below(walk.root, &folder).map(|rest| join_path(prefix, &rest)) else { continue };
        if wanted(&path) {
            let place = Place { folder, module, listing, also_in: None };
            seeds.push(Seed { path, place: Some(place), by_wildcard: true });
        }
    }
}

/// A walk over the packages of a module.
struct Walk<'a> {
    /// The module's folder.
    root: &'a Path,
    ignored: Ignored,
    /// Whether a go.mod file ends it.
    bounded: bool,
    into_vendor: bool,
}

impl Walk<'_> {
    /// The folders with Go files from one on, by path. Links are not followed, so that it ends.
    fn from(&self, start: &Path, notes: &mut Vec<Note>) -> Vec<(PathBuf, Listing)> {
        let mut found = Vec::new();
        let mut level = vec![start.to_owned()];
        let mut visited = 0;
        while !level.is_empty() {
            visited += level.len();
            if visited > FOLDERS_MAX {
                let text = format!("more than {FOLDERS_MAX} folders");
                notes.push(Note::at(NoteKind::Limit, start, 0, text, "the rest was not looked at; name smaller parts"));
                break;
            }
            let listed: Vec<_> = level.par_iter().map(|folder| listing::list(folder)).collect();
            let mut next = Vec::new();
            for (folder, listing) in level.into_iter().zip(listed) {
                let listing = match listing {
                    Ok(listing) => listing,
                    Err(error) => {
                        notes.push(Note::at(NoteKind::Unreadable, folder, 0, error.to_string(), "make the folder readable"));
                        continue;
                    }
                };
                if self.bounded && listing.has_go_mod && folder != start {
                    continue;
                }
                // Code may lie in a folder called vendor; what lies below it is vendored.
                let vendor = !self.into_vendor && folder != start && folder.file_name().is_some_and(|name| name == "vendor");
                if !vendor {
                    let inner = listing.folders.iter().filter(|name| !is_hidden(name)).map(|name| folder.join(&**name));
                    next.extend(inner.filter(|inner| !self.ignored.covers(self.root, inner)));
                }
                if listing.go_files.iter().any(|name| !name.starts_with(['_', '.'])) {
                    found.push((folder, listing));
                }
            }
            level = next;
        }
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }
}

/// Folders that no wildcard enters.
fn is_hidden(name: &str) -> bool {
    name.starts_with(['.', '_']) || name == "testdata"
}

/// The `ignore` lines of a go.mod file (Go 1.25): `./x` is one folder, `x` every folder of that name.
#[derive(Default)]
struct Ignored {
    at_root: Vec<String>,
    anywhere: Vec<String>,
}

impl Ignored {
    fn of(file: &ModFile) -> Self {
        let mut ignored = Self::default();
        for line in &file.ignore {
            let (list, path) = match line.value.strip_prefix("./") {
                Some(path) => (&mut ignored.at_root, path),
                None => (&mut ignored.anywhere, &*line.value),
            };
            list.push(format!("/{}/", path.trim_matches('/')));
        }
        ignored
    }

    fn covers(&self, root: &Path, folder: &Path) -> bool {
        if self.at_root.is_empty() && self.anywhere.is_empty() {
            return false;
        }
        let Some(rest) = below(root, folder) else { return false };
        let rest = format!("/{rest}/");
        self.at_root.iter().any(|path| rest.starts_with(path)) || self.anywhere.iter().any(|path| rest.contains(path))
    }
}

fn absolute_names_vendor(pattern: &str) -> bool {
    pattern.split('/').any(|element| element == "vendor")
}

/// Whether a name fits a pattern in which `...` stands for any text that does not lead into a vendor folder; `/...` at the end may stand
/// for nothing (cmd/internal/pkgpattern, `MatchPattern`). Linear.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (hide_vendor(pattern), hide_vendor(name));
    if let Some(before) = pattern.strip_suffix("/\0/...")
        && name.strip_suffix("/vendor") == Some(before)
    {
        return true;
    }
    let whole = pattern.strip_suffix("/...").is_some_and(|before| glob(before, &name));
    whole || glob(&pattern, &name)
}

/// Vendor folders that are not at the end become a character that no wildcard stands for.
fn hide_vendor(path: &str) -> String {
    let mut elements: Vec<&str> = path.split('/').collect();
    let last = elements.len().saturating_sub(1);
    for element in elements.iter_mut().take(last).filter(|element| **element == "vendor") {
        *element = "\0";
    }
    elements.join("/")
}

fn glob(pattern: &str, name: &str) -> bool {
    let mut literals = pattern.split("...");
    let Some(mut rest) = name.strip_prefix(literals.next().unwrap_or_default()) else { return false };
    let mut literals = literals.peekable();
    if literals.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(literal) = literals.next() {
        let at = if literals.peek().is_none() {
            rest.ends_with(literal).then(|| rest.len() - literal.len())
        } else {
            rest.find(literal)
        };
        let Some(at) = at else { return false };
        let Some((skipped, found)) = rest.split_at_checked(at) else { return false };
        if skipped.contains('\0') {
            return false;
        }
        rest = found.get(literal.len()..).unwrap_or_default();
    }
    true
}
