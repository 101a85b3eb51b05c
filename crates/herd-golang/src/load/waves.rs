//! Packages read wave by wave: those the patterns name, then what these import, and so on. Each is read once, so that cycles end.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::context::{Context, Tests};
use super::files::{self, Chosen, Reason};
use super::mains::Mains;
use super::modules::{self, ModuleKind, Modules};
use super::notes::{Note, NoteKind};
use super::patterns::Seed;
use super::platform::Tags;
use super::resolve::{self, Place, Places, Search, Unknown};
use super::summary;
use super::{Import, Package, PackageId, Target, UnknownPackage};

/// Packages a load takes in; the largest known programs have some ten thousand.
pub const PACKAGES_MAX: usize = 1 << 18;

/// State of a load.
pub struct Load<'a> {
    mains: &'a Mains,
    modules: Modules,
    goroot_src: Option<PathBuf>,
    tags: &'a Tags,
    context: &'a Context,
    jobs: Vec<Job>,
    /// Job by canonical import path.
    index: FxHashMap<Box<str>, u32>,
    read: Vec<Read>,
    unknown: Vec<UnknownPackage>,
    notes: Vec<Note>,
}

/// What a load gives.
pub struct Found {
    /// In the order they were read in.
    pub packages: Vec<Package>,
    /// What was not found.
    pub unknown: Vec<UnknownPackage>,
    /// What went wrong.
    pub notes: Vec<Note>,
}

/// A package to find and read.
struct Job {
    path: Box<str>,
    /// The file that asked first, and the line.
    asked_in: (PathBuf, u32),
    /// What came of it, once its wave is over.
    target: Option<Target>,
}

/// A package that was read, and the jobs of its imports.
struct Read {
    path: Box<str>,
    place: Place,
    chosen: Chosen,
    jobs: [Vec<u32>; 3],
}

/// A job of a wave, with its place where the patterns told it.
struct Step {
    job: u32,
    place: Option<Place>,
    by_wildcard: bool,
}

enum Outcome {
    /// A folder a wildcard came by, where all files are left out.
    NoPackage,
    Read(Box<(Place, Chosen)>),
    AskGraph(Unknown),
    Unknown(Unknown),
}

impl<'a> Load<'a> {
    /// A load that has read nothing.
    pub fn new(
        mains: &'a Mains,
        modules: Modules,
        goroot_src: Option<PathBuf>,
        tags: &'a Tags,
        context: &'a Context,
        notes: Vec<Note>,
    ) -> Self {
        let (jobs, index, read, unknown) = (Vec::new(), FxHashMap::default(), Vec::new(), Vec::new());
        Self { mains, modules, goroot_src, tags, context, jobs, index, read, unknown, notes }
    }

    /// Reads all that the seeds lead to; how many packages the seeds are.
    pub fn run(&mut self, seeds: Vec<Seed>, folder: &Path) -> usize {
        let mut wave = Vec::new();
        for seed in seeds {
            let job = self.job(&seed.path, || (folder.to_owned(), 0));
            wave.push(Step { job, place: seed.place, by_wildcard: seed.by_wildcard });
        }
        self.read_wave(wave, self.context.tests == Tests::Named);
        let named = self.read.len();
        let mut done = 0;
        while done < self.read.len() {
            let wave = self.ask_imports(done);
            done = self.read.len();
            self.read_wave(wave, false);
        }
        named
    }

    /// The number of a path's job; a new one where nobody asked for it.
    fn job(&mut self, path: &str, asked_in: impl FnOnce() -> (PathBuf, u32)) -> u32 {
        if let Some(job) = self.index.get(path) {
            return *job;
        }
        let job = u32::try_from(self.jobs.len()).unwrap_or(u32::MAX);
        self.jobs.push(Job { path: path.into(), asked_in: asked_in(), target: None });
        self.index.insert(path.into(), job);
        job
    }

    /// Finds and reads packages side by side, then takes them in, in order. Where one needs the module graph, that is read in between.
    fn read_wave(&mut self, wave: Vec<Step>, with_tests: bool) {
        let mut outcomes = self.outcomes(wave, with_tests);
        if outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::AskGraph(_))) {
            modules::complete(&mut self.modules, self.mains, self.context, &mut self.notes);
            let (again, rest): (Vec<_>, Vec<_>) =
                outcomes.into_iter().partition(|(_, outcome)| matches!(outcome, Outcome::AskGraph(_)));
            outcomes = rest;
            outcomes.extend(self.outcomes(again.into_iter().map(|(step, _)| step).collect(), with_tests));
            outcomes.sort_by_key(|(step, _)| step.job);
        }
        for (step, outcome) in outcomes {
            match outcome {
                Outcome::Read(read) => {
                    let (place, chosen) = *read;
                    self.take(step.job, place, chosen);
                }
                Outcome::NoPackage => {
                    // Nobody asked for it by name; an import may yet.
                    if let Some(job) = self.jobs.get(step.job as usize) {
                        self.index.remove(&job.path);
                    }
                }
                Outcome::Unknown(reason) | Outcome::AskGraph(reason) => self.give_up(step.job, reason),
            }
        }
    }

    fn outcomes(&self, wave: Vec<Step>, with_tests: bool) -> Vec<(Step, Outcome)> {
        let places = Places { mains: self.mains, modules: &self.modules, goroot_src: self.goroot_src.as_deref() };
        let one = |mut step: Step| {
            let place = step.place.take().map(Box::new);
            let path = self.jobs.get(step.job as usize).map_or("", |job| &job.path);
            let outcome = match place.map_or_else(|| resolve::find(path, &places), Search::Found) {
                Search::Found(place) => {
                    let choose = |with_tests| {
                        let carried = summary::choose(&place.folder);
                        carried.unwrap_or_else(|| {
                            files::choose(&place.folder, &place.listing, self.tags, with_tests, &self.context.overlay)
                        })
                    };
                    let chosen = choose(with_tests);
                    if step.by_wildcard && is_no_package(&chosen) && (with_tests || is_no_package(&choose(true))) {
                        Outcome::NoPackage
                    } else {
                        Outcome::Read(Box::new((*place, chosen)))
                    }
                }
                Search::AskGraph(reason) => Outcome::AskGraph(reason),
                Search::Unknown(reason) => Outcome::Unknown(reason),
            };
            (step, outcome)
        };
        wave.into_par_iter().map(one).collect()
    }

    fn take(&mut self, number: u32, place: Place, mut chosen: Chosen) {
        let Some(job) = self.jobs.get_mut(number as usize) else { return };
        if self.read.len() >= PACKAGES_MAX {
            return self.give_up(number, Unknown::Limit);
        }
        job.target = Some(Target::Package(PackageId(u32::try_from(self.read.len()).unwrap_or(u32::MAX))));
        if chosen.files.is_empty() && is_no_package(&chosen) {
            let count = chosen.left_out.iter().filter(|file| file.reason != Reason::TestsNotAsked).count();
            let text = format!("{}: constraints and names leave out all {count} Go files", job.path);
            let next = "set GOOS, GOARCH, CGO_ENABLED and -tags as the program is built";
            chosen.notes.extend((count > 0).then(|| Note::at(NoteKind::Constraint, &place.folder, 0, text, next)));
        }
        self.notes.append(&mut chosen.notes);
        if let Some(module) = self.modules.list.get_mut(place.module.0 as usize) {
            module.found = Some(true);
        }
        if let Some(other) = place.also_in.and_then(|other| self.modules.list.get(other.0 as usize)) {
            let text = format!("{} is also in module {}", job.path, other.path);
            let next = "`go build` refuses the program; the longer module path was taken";
            self.notes.push(Note::at(NoteKind::Ambiguous, &place.folder, 0, text, next));
        }
        self.read.push(Read { path: job.path.clone(), place, chosen, jobs: Default::default() });
    }

    fn give_up(&mut self, job: u32, reason: Unknown) {
        let Some(job) = self.jobs.get_mut(job as usize) else { return };
        job.target = Some(Target::Unknown(u32::try_from(self.unknown.len()).unwrap_or(u32::MAX)));
        let (file, line) = job.asked_in.clone();
        self.unknown.push(UnknownPackage { path: job.path.clone(), reason, file, line });
        if let Unknown::ModuleMissing(id) = reason
            && let Some(module) = self.modules.list.get_mut(id.0 as usize)
        {
            module.found = Some(false);
        }
    }

    /// The jobs of what packages import, from one on; those that are new.
    fn ask_imports(&mut self, from: usize) -> Vec<Step> {
        let known = self.jobs.len();
        for at in from..self.read.len() {
            let Some(read) = self.read.get_mut(at) else { break };
            let standard =
                self.modules.list.get(read.place.module.0 as usize).is_some_and(|module| module.kind == ModuleKind::Standard)
                    || self.goroot_src.as_deref().is_some_and(|src| read.place.folder.starts_with(src));
            let (path, folder) = (read.path.clone(), read.place.folder.clone());
            let (imports, files) = (std::mem::take(&mut read.chosen.imports), std::mem::take(&mut read.chosen.files));
            let mut jobs: [Vec<u32>; 3] = Default::default();
            for (set, jobs) in imports.iter().zip(&mut jobs) {
                for import in set {
                    let vendored = resolve::canonical(&import.path, &path, standard, self.goroot_src.as_deref());
                    let asked_in = || {
                        let name = files.get(import.file as usize).map_or("", |file| &file.name);
                        (folder.join(name), import.line)
                    };
                    jobs.push(self.job(vendored.as_deref().unwrap_or(&import.path), asked_in));
                }
            }
            if let Some(read) = self.read.get_mut(at) {
                (read.chosen.imports, read.chosen.files, read.jobs) = (imports, files, jobs);
            }
        }
        (known..self.jobs.len())
            .map(|job| Step { job: u32::try_from(job).unwrap_or(u32::MAX), place: None, by_wildcard: false })
            .collect()
    }

    /// Puts the packages together, each file with its language.
    pub fn finish(mut self) -> (Modules, Found) {
        self.read_languages();
        let targets: Vec<Option<Target>> = self.jobs.iter().map(|job| job.target).collect();
        let packages = self.read.into_iter().map(|read| package(read, &self.modules, &targets)).collect();
        (self.modules, Found { packages, unknown: self.unknown, notes: self.notes })
    }

    /// Reads the `go` lines of the modules that packages came from.
    fn read_languages(&mut self) {
        let cache = self.context.mod_cache.as_deref();
        let vendored = self.mains.vendor.is_some();
        self.modules.list.par_iter_mut().for_each(|module| match module.kind {
            ModuleKind::Main | ModuleKind::Standard => {}
            ModuleKind::Dependency | ModuleKind::Local => {
                if !vendored
                    && module.found == Some(true)
                    && let Some(language) = modules::language_of(module, cache)
                {
                    module.language = language;
                }
            }
        });
    }
}

/// Whether a folder holds no Go package for these settings: all its files were left out, none of them for a fault.
fn is_no_package(chosen: &Chosen) -> bool {
    let faulty = |reason| match reason {
        Reason::BrokenConstraint | Reason::OtherPackage | Reason::Unreadable => true,
        Reason::Name | Reason::Constraint | Reason::CgoOff | Reason::Documentation | Reason::TestsNotAsked => false,
    };
    chosen.files.is_empty() && !chosen.left_out.iter().any(|file| faulty(file.reason))
}

fn package(read: Read, modules: &Modules, targets: &[Option<Target>]) -> Package {
    let module = modules.list.get(read.place.module.0 as usize).map(|module| module.language).unwrap_or_default();
    let mut files = read.chosen.files;
    for (file, line) in files.iter_mut().zip(&read.chosen.build_lines) {
        file.language = files::language(module, *line);
    }
    let [own, test, external] = read.chosen.imports;
    let [own_jobs, test_jobs, external_jobs] = read.jobs;
    let imports = |set: Vec<files::RawImport>, jobs: Vec<u32>| {
        let found = set.into_iter().zip(jobs);
        let one = |(import, job): (files::RawImport, u32)| {
            let target = targets.get(job as usize).copied().flatten()?;
            Some(Import { path: import.path, target })
        };
        found.filter_map(one).collect()
    };
    Package {
        path: read.path,
        name: read.chosen.name,
        folder: read.place.folder,
        module: read.place.module,
        files,
        left_out: read.chosen.left_out,
        imports: imports(own, own_jobs),
        test_imports: imports(test, test_jobs),
        external_test_imports: imports(external, external_jobs),
    }
}
