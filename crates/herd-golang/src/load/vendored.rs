//! `vendor/modules.txt`: which modules a vendor folder was made of, and which packages it holds.

use rustc_hash::FxHashMap;

use super::modfile::ModuleVersion;
use super::version;

/// What a vendor folder holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vendored {
    /// Modules in the order of the file, also those that are only replaced.
    pub modules: Vec<VendoredModule>,
    /// Index in `modules` of each package's module.
    pub packages: FxHashMap<Box<str>, usize>,
    /// Made by `go work vendor`.
    pub for_workspace: bool,
}

/// One module of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VendoredModule {
    /// Path and version; without a version where all are replaced.
    pub module: ModuleVersion,
    /// What was taken instead.
    pub replacement: Option<ModuleVersion>,
    /// Named in go.mod.
    pub explicit: bool,
    /// Its `go` line.
    pub go: Option<Box<str>>,
    /// Whether a package of it is in the folder.
    pub used: bool,
}

/// Reads the file; lines that say nothing known are skipped, as `readVendorList` does (cmd/go/internal/modload/vendor.go, Go 1.26). Linear.
pub fn parse(text: &str) -> Vendored {
    let mut vendored = Vendored { for_workspace: text.lines().next().is_some_and(says_workspace), ..Vendored::default() };
    let mut index: FxHashMap<ModuleVersion, usize> = FxHashMap::default();
    let mut current: Option<usize> = None;
    for line in text.lines() {
        if let Some(header) = line.strip_prefix("# ") {
            current = module_line(header).map(|(module, replacement)| {
                let at = *index.entry(module.clone()).or_insert_with(|| {
                    vendored.modules.push(VendoredModule { module, ..VendoredModule::default() });
                    vendored.modules.len() - 1
                });
                if let Some(module) = vendored.modules.get_mut(at).filter(|_| replacement.is_some()) {
                    module.replacement = replacement;
                }
                at
            });
            continue;
        }
        let Some((at, module)) = current.and_then(|at| Some((at, vendored.modules.get_mut(at)?))) else { continue };
        if let Some(marks) = line.strip_prefix("## ") {
            for mark in marks.split(';').map(str::trim) {
                module.explicit |= mark == "explicit";
                if let Some(go) = mark.strip_prefix("go ") {
                    module.go = Some(go.into());
                }
            }
        } else if let [package] = line.split_whitespace().collect::<Vec<_>>().as_slice() {
            module.used = true;
            vendored.packages.insert((*package).into(), at);
        }
    }
    vendored
}

/// The first line of what `go work vendor` writes (`modulesTextIsForWorkspace`).
fn says_workspace(line: &str) -> bool {
    line.strip_prefix("## ").is_some_and(|marks| marks.split(';').any(|mark| mark.trim() == "workspace"))
}

/// `path version`, `path => …` or `path version => …`.
fn module_line(header: &str) -> Option<(ModuleVersion, Option<ModuleVersion>)> {
    let words: Vec<&str> = header.split_whitespace().collect();
    let (path, version, rest) = match words.as_slice() {
        [path, "=>", rest @ ..] => (*path, "", rest),
        [path, version, "=>", rest @ ..] if version::canonical(version).is_some() => (*path, *version, rest),
        [path, version] if version::canonical(version).is_some() => (*path, *version, [].as_slice()),
        _ => return None,
    };
    let replacement = match rest {
        [folder] => Some(ModuleVersion { path: (*folder).into(), version: "".into() }),
        [path, version] => Some(ModuleVersion { path: (*path).into(), version: (*version).into() }),
        _ => None,
    };
    Some((ModuleVersion { path: path.into(), version: version.into() }, replacement))
}
