//! The module graph: which version of each module a program uses, by minimal version selection over the go.mod files of the module cache.

use std::path::PathBuf;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::context::Context;
use super::listing;
use super::mains::{self, Mains};
use super::modfile::{self, ModuleVersion};
use super::modules::{Replacements, cache_folder, cache_mod_file, excluded};
use super::version::{self, PRUNING_SINCE};

/// The outcome.
#[derive(Clone, Debug, Default)]
pub struct ModuleGraph {
    /// Version by module path, main modules left out.
    pub chosen: FxHashMap<Box<str>, Box<str>>,
    /// Modules whose go.mod file was not found, and where it would be.
    pub missing: Vec<(ModuleVersion, PathBuf)>,
}

/// How far behind a module its requirements are followed (`modPruning`, cmd/go/internal/modload, Go 1.26).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Depth {
    /// All the way: the go.mod file is older than Go 1.17.
    Unpruned,
    /// What the module itself names: since Go 1.17 that is all its packages need.
    Pruned,
    /// A main module of a workspace, or a module that one of them uses in a higher version than it names.
    Workspace,
}

/// What one go.mod file asks for.
struct Summary {
    unpruned: bool,
    requires: Vec<ModuleVersion>,
}

/// State of the walk.
struct Walk<'a> {
    mains: &'a Mains,
    context: &'a Context,
    replacements: Replacements,
    excluded: FxHashSet<ModuleVersion>,
    summaries: FxHashMap<ModuleVersion, Summary>,
    seen: FxHashSet<(ModuleVersion, Depth)>,
    graph: ModuleGraph,
}

/// Reads the graph. Each go.mod file is read once; cycles end where a module was seen at the same depth. Costs about 15 µs a file, on all cores.
pub fn read(mains: &Mains, context: &Context) -> ModuleGraph {
    let mut walk = Walk {
        mains,
        context,
        replacements: Replacements::of(mains),
        excluded: excluded(mains),
        summaries: FxHashMap::default(),
        seen: FxHashSet::default(),
        graph: ModuleGraph::default(),
    };
    let depth_of_mains = if mains.work.is_some() {
        Depth::Workspace
    } else if mains.modules.iter().all(|module| mains::language(&module.mod_file) >= PRUNING_SINCE) {
        Depth::Pruned
    } else {
        Depth::Unpruned
    };
    let mut roots = Vec::new();
    for module in &mains.modules {
        let unpruned = mains::language(&module.mod_file) < PRUNING_SINCE;
        let depth = if depth_of_mains != Depth::Workspace {
            depth_of_mains
        } else if unpruned {
            Depth::Unpruned
        } else {
            Depth::Pruned
        };
        for require in &module.mod_file.require {
            let required = &require.value.module;
            if !walk.excluded.contains(required) {
                choose(&mut walk.graph, required);
                roots.push((required.clone(), depth));
            }
        }
    }
    follow(&mut walk, roots);
    if depth_of_mains == Depth::Workspace {
        follow_raised(&mut walk);
    }
    for module in &mains.modules {
        walk.graph.chosen.remove(&module.path);
    }
    // What is asked for in no chosen version any more does not matter.
    let chosen = &walk.graph.chosen;
    walk.graph.missing.retain(|(module, _)| chosen.get(&module.path) == Some(&module.version));
    walk.graph.missing.sort_unstable();
    walk.graph
}

fn choose(graph: &mut ModuleGraph, module: &ModuleVersion) {
    let chosen = graph.chosen.entry(module.path.clone()).or_insert_with(|| module.version.clone());
    if version::compare(&module.version, chosen).is_gt() {
        *chosen = module.version.clone();
    }
}

/// Follows requirements wave by wave; the files of a wave are read side by side.
fn follow(walk: &mut Walk<'_>, mut wave: Vec<(ModuleVersion, Depth)>) {
    while !wave.is_empty() {
        wave.retain(|step| walk.seen.insert(step.clone()));
        let mut unread: Vec<&ModuleVersion> =
            wave.iter().map(|(module, _)| module).filter(|module| !walk.summaries.contains_key(*module)).collect();
        unread.sort_unstable();
        unread.dedup();
        let read: Vec<_> = unread.par_iter().map(|module| ((*module).clone(), summary(walk, module))).collect();
        for (module, summary) in read {
            let summary = summary.unwrap_or_else(|file| {
                walk.graph.missing.push((module.clone(), file));
                Summary { unpruned: false, requires: Vec::new() }
            });
            for required in &summary.requires {
                choose(&mut walk.graph, required);
            }
            walk.summaries.insert(module, summary);
        }
        let mut next = Vec::new();
        for (module, depth) in &wave {
            let Some(summary) = walk.summaries.get(module) else { continue };
            if *depth == Depth::Pruned && !summary.unpruned {
                continue;
            }
            let depth = if summary.unpruned || *depth == Depth::Unpruned { Depth::Unpruned } else { Depth::Pruned };
            next.extend(summary.requires.iter().map(|required| (required.clone(), depth)));
        }
        wave = next;
    }
}

/// In a workspace a module may be chosen in a higher version than the one a main module names, and then needs what that version names
/// (`readModGraph`, the loop on `hasDepsInAll`). Ends because versions only rise.
fn follow_raised(walk: &mut Walk<'_>) {
    let mut watched: FxHashSet<Box<str>> = FxHashSet::default();
    let mut done: FxHashSet<ModuleVersion> = FxHashSet::default();
    let named = walk.mains.modules.iter().flat_map(|module| &module.mod_file.require).map(|line| line.value.module.clone());
    let named: Vec<ModuleVersion> = named.collect();
    loop {
        let mut raised: Vec<ModuleVersion> = Vec::new();
        let mut look = |module: &ModuleVersion| {
            let Some(version) = walk.graph.chosen.get(&module.path) else { return };
            let chosen = ModuleVersion { path: module.path.clone(), version: version.clone() };
            if chosen.version != module.version && !done.contains(&chosen) {
                raised.push(chosen);
            }
        };
        named.iter().for_each(&mut look);
        let mut paths: Vec<&Box<str>> = watched.iter().collect();
        paths.sort_unstable();
        for path in paths {
            let Some(version) = walk.graph.chosen.get(path) else { continue };
            let chosen = ModuleVersion { path: path.clone(), version: version.clone() };
            if !done.contains(&chosen) {
                look(&ModuleVersion { path: path.clone(), version: "".into() });
            } else if let Some(summary) = walk.summaries.get(&chosen) {
                summary.requires.iter().for_each(&mut look);
            }
        }
        raised.sort_unstable();
        raised.dedup();
        if raised.is_empty() {
            return;
        }
        watched.extend(raised.iter().map(|module| module.path.clone()));
        done.extend(raised.iter().cloned());
        follow(walk, raised.into_iter().map(|module| (module, Depth::Workspace)).collect());
    }
}

/// What a module asks for; where its go.mod file would be when it is not there.
fn summary(walk: &Walk<'_>, module: &ModuleVersion) -> Result<Summary, PathBuf> {
    let replaced = walk.replacements.find(module);
    let actual = replaced.map_or(module, |replaced| &replaced.new);
    let cache = walk.context.mod_cache.as_deref();
    let (file, beside) = if let Some(folder) = replaced.and_then(|replaced| replaced.folder.as_ref()) {
        (folder.join("go.mod"), None)
    } else {
        let cache = cache.ok_or_else(PathBuf::new)?;
        // A cache that was copied in part may have the sources alone.
        (cache_mod_file(cache, actual), Some(cache_folder(cache, actual).join("go.mod")))
    };
    let text = listing::read_text(&file).or_else(|error| beside.map_or(Err(error), |beside| listing::read_text(&beside)));
    let Ok(text) = text else { return Err(file) };
    let parsed = modfile::parse(&text);
    let requires = parsed
        .require
        .iter()
        .map(|line| line.value.module.clone())
        .filter(|required| !walk.excluded.contains(required))
        .collect();
    Ok(Summary { unpruned: mains::language(&parsed) < PRUNING_SINCE, requires })
}
