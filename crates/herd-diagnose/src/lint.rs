//! From the source of a program to findings: packages in the order of their imports, all source eyes over every function.

use std::path::Path;

use herd_golang::Interner;
use herd_golang::acts::{self, BodyId, KnownNames, Summaries, Summary, UnitFile};
use herd_golang::ast::{File, Pos};
use herd_golang::load::{self, Context, NoteKind, PackageId, Program, Target, Tests};
use herd_golang::types::{ObjectId, Types, Unit};
use herd_model::{
    Certainty, Envelope, Evidence, EvidenceKind, Finding, LintReport, Note, Place, Repair, Step, Target as Looked, TargetKind,
    Verdict,
};
use herd_patterns::source::{Package, Spotted, Stop, StopPlace};
use herd_patterns::source_ends::{KnownRuns, Runs};
use herd_patterns::source_points::Lines;
use herd_patterns::source_program::{self, Program as WholeProgram, ProgramFacts};
use herd_patterns::{CATALOGUE, Lang, Pattern};
use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::lint_deadlines::{self, Part, joined};
use crate::lint_ignored::Ignored;
use crate::lint_kept;
use crate::lint_rules::{Asked, Left, Rules};
use crate::lint_spawns;
use crate::sourced::{self, Standing};
use crate::{lint_marks, lint_module};

/// How packages are gone through.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// For which system, with which settings.
    pub context: &'a Context,
    /// What is asked and told.
    pub rules: &'a Rules,
    /// Whether comments of goherd's own that keep nothing back are noted.
    pub unused: bool,
    /// Whether the places where goroutines are started are listed.
    pub spawns: bool,
    /// Whether the ways from where work comes in to where the program waits for others are listed, and only what concerns them is told.
    pub deadlines: bool,
    /// Version of goherd.
    pub version: &'a str,
}

/// Goes through packages by all rules, those under trial included.
pub fn lint(folder: &Path, patterns: &[&str], context: &Context, version: &str) -> Envelope {
    lint_with(
        folder,
        patterns,
        &Options { context, rules: &Rules::every(), unused: false, spawns: false, deadlines: false, version },
    )
}

/// Patterns that concern deadlines.
const OF_DEADLINES: &[&str] = &["CX001", "CX004", "LK011", "TO001", "TO002", "TO003"];

/// Goes through the packages that patterns name, seen from a folder. Never fails: what could not be read is noted.
///
/// Linear in the sources; named packages are gone through on all cores, those that are imported before those that import them.
pub fn lint_with(folder: &Path, patterns: &[&str], options: &Options<'_>) -> Envelope {
    lint_and_stand(folder, patterns, options, None).envelope
}

/// The same, with what is at some lines, by the paths of packages.
pub(crate) fn lint_and_stand(
    folder: &Path,
    patterns: &[&str],
    options: &Options<'_>,
    lines: Option<&FxHashMap<Box<str>, Lines>>,
) -> Linted {
    let Options { context, rules, spawns, deadlines, version, .. } = *options;
    let mut points = Vec::new();
    let mut envelope = Envelope::new("lint", version);
    let program = load::program(folder, patterns, context);
    let names = Interner::new();
    let types = Types::new(&program, &names);
    let (known, mut summaries) = (KnownNames::new(&names), Summaries::default());
    let mut report = LintReport::default();
    let mut hidden = Hidden::default();
    // How functions end is told of those that come first; nothing is kept where it is not asked for.
    let mut runs = spawns.then(KnownRuns::default);
    let mut facts = ProgramFacts::default();
    let mut parts_told = Vec::new();
    for wave in waves(&program) {
        let parts: Vec<(PackageId, Unit)> = wave.iter().flat_map(|id| parts(&program, *id, context)).collect();
        let done: Vec<Gone<'_>> = parts
            .par_iter()
            .map(|(id, part)| gone_through(&types, folder, (*id, *part), (&known, &summaries, runs.as_ref()), (options, lines)))
            .collect();
        for one in done {
            summaries.objects.extend(one.summaries);
            envelope.findings.extend(one.findings);
            envelope.notes.extend(one.notes);
            hidden.add(&one.hidden);
            add(&mut report, &one.report);
            if let Some(runs) = &mut runs {
                runs.extend(one.runs);
            }
            points.extend(one.points);
            facts.add(one.facts);
            parts_told.extend(one.told);
        }
    }
    if spawns {
        lint_spawns::sort(report.spawns.get_or_insert_default());
    }
    let whole = WholeProgram::new(&facts, &types, &summaries);
    envelope.findings.extend(seen_in_whole(&whole, folder, rules, &mut hidden));
    if deadlines {
        report.chains = joined(&types, parts_told);
        envelope.findings.retain(|finding| OF_DEADLINES.contains(&&*finding.id.0));
    }
    let coverage = program.coverage();
    report.modules_missing = coverage.modules_missing.into();
    envelope.findings.retain(|finding| match rules.left(finding, folder) {
        None => true,
        Some(Left::Excluded) => {
            hidden.excluded += 1;
            false
        }
        Some(Left::ByPath) => {
            hidden.ignored_by_path += 1;
            false
        }
    });
    envelope.findings.sort_by(|a, b| (&a.at.file, a.at.line, &a.id, a.position).cmp(&(&b.at.file, b.at.line, &b.id, b.position)));
    envelope.findings.dedup_by(|a, b| a.id == b.id && a.at == b.at);
    lint_marks::number(&mut envelope.findings);
    envelope.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for (name, count) in hidden.named() {
        if count > 0 {
            envelope.hidden.insert(name.to_owned(), count);
        }
    }
    envelope.targets.push(Looked {
        kind: TargetKind::Source,
        name: patterns.join(" "),
        go_version: program.toolchain.toolchain.as_ref().map(|toolchain| format!("go{}", toolchain.version)),
        witnesses: Vec::new(),
        bytes: 0,
        looked_s: None,
        cost: None,
    });
    lint_module::alternatives(&mut envelope.findings, &program);
    let target = envelope.targets.first().map(|target| target.name.clone()).unwrap_or_default();
    envelope.findings.iter_mut().for_each(|finding| finding.target.clone_from(&target));
    envelope.notes.extend(program.notes.iter().map(|note| told(note, folder)));
    // Nothing that was named was found.
    envelope.open = report.packages == 0;
    envelope.verdict = match (envelope.findings.is_empty(), envelope.open) {
        (false, _) => Verdict::Findings,
        (true, true) => Verdict::Undecidable,
        (true, false) => Verdict::Healthy,
    };
    envelope.lint = Some(report);
    Linted { envelope, points, sources: lint_kept::sources(&program) }
}

/// What going through packages gives.
pub(crate) struct Linted {
    /// The answer.
    pub(crate) envelope: Envelope,
    /// What is at the lines that were asked about.
    pub(crate) points: Vec<Standing>,
    /// What the program was read from.
    pub(crate) sources: Option<lint_kept::Sources>,
}

/// What going through a part of a package gives.
struct Gone<'t> {
    told: Option<Part<'t>>,
    findings: Vec<Finding>,
    summaries: Vec<(ObjectId, Summary)>,
    facts: ProgramFacts,
    report: LintReport,
    runs: Vec<(ObjectId, Runs)>,
    points: Vec<Standing>,
    notes: Vec<Note>,
    hidden: Hidden,
}

/// Findings that are not told, by why.
#[derive(Clone, Copy, Default)]
struct Hidden {
    in_generated: u64,
    kept_back: u64,
    preview: u64,
    excluded: u64,
    ignored_by_path: u64,
}

impl Hidden {
    fn add(&mut self, other: &Hidden) {
        self.in_generated += other.in_generated;
        self.kept_back += other.kept_back;
        self.preview += other.preview;
        self.excluded += other.excluded;
        self.ignored_by_path += other.ignored_by_path;
    }

    fn named(&self) -> [(&'static str, u64); 5] {
        [
            ("findings_in_generated", self.in_generated),
            ("findings_ignored_in_source", self.kept_back),
            ("preview_findings", self.preview),
            ("findings_excluded", self.excluded),
            ("findings_ignored_by_path", self.ignored_by_path),
        ]
    }
}

/// Named packages in groups, each after those that it imports.
fn waves(program: &Program) -> Vec<Vec<PackageId>> {
    let mut level: Vec<Option<usize>> = vec![None; program.named];
    for start in 0..program.named {
        // A package waits below the one that it imports; one that is met again on the way is a cycle, which Go does not allow.
        let mut open = vec![(start, false)];
        while let Some((at, left)) = open.pop() {
            let imports = program.packages.get(at).map(|package| &*package.imports).unwrap_or_default();
            let named = imports.iter().filter_map(|import| match import.target {
                Target::Package(id) if (id.0 as usize) < program.named => Some(id.0 as usize),
                Target::Package(_) | Target::Unknown(_) => None,
            });
            if left {
                level[at] = named.filter_map(|import| level[import]).max().map_or(Some(0), |most| Some(most + 1));
            } else if level[at].is_none() {
                level[at] = Some(0);
                open.push((at, true));
                open.extend(named.filter(|import| level[*import].is_none()).map(|import| (import, false)));
            }
        }
    }
    let mut waves = vec![Vec::new(); level.iter().flatten().max().map_or(0, |most| most + 1)];
    for (index, level) in level.iter().enumerate() {
        if let Some(wave) = level.and_then(|level| waves.get_mut(level)) {
            wave.push(PackageId(index as u32));
        }
    }
    waves
}

/// What of a package is gone through.
fn parts(program: &Program, id: PackageId, context: &Context) -> Vec<(PackageId, Unit)> {
    let has = |role| program.package(id).is_some_and(|package| package.files.iter().any(|file| file.role == role));
    if context.tests == Tests::None {
        return vec![(id, Unit::Package)];
    }
    let own = if has(load::Role::Test) { Unit::WithTests } else { Unit::Package };
    let external = has(load::Role::ExternalTest).then_some((id, Unit::ExternalTests));
    std::iter::once((id, own)).chain(external).collect()
}

fn gone_through<'t>(
    types: &'t Types<'t>,
    folder: &Path,
    (id, part): (PackageId, Unit),
    (known, summaries, runs): (&KnownNames, &Summaries, Option<&KnownRuns>),
    (options, lines): (&Options<'_>, Option<&FxHashMap<Box<str>, Lines>>),
) -> Gone<'t> {
    let unit = acts::unit(types, id, part, known, summaries);
    let mut report = LintReport { packages: u64::from(part != Unit::ExternalTests), ..LintReport::default() };
    report.files = unit.files.len() as u64;
    report.functions = unit.bodies.len() as u64;
    report.unsound = unit.bodies.iter().filter(|body| !body.graph.sound).count() as u64;
    let generated: Vec<bool> = unit.files.iter().map(|file| is_generated(file.checked.file)).collect();
    report.generated = generated.iter().filter(|is| **is).count() as u64;
    for file in &unit.files {
        report.damaged += u64::from(!file.checked.file.errors.is_empty());
        report.expressions += u64::from(file.checked.coverage.expressions);
        report.unknown += u64::from(file.checked.coverage.unknown);
    }
    let package = Package::new(unit, summaries);
    let (mut findings, mut hidden) = (Vec::new(), Hidden::default());
    // Few files have findings, and only of these are comments asked.
    let mut ignored: FxHashMap<u32, Ignored> = FxHashMap::default();
    for index in 0..package.unit.bodies.len() {
        let scene = package.scene(BodyId(index as u32));
        for (at, pattern) in CATALOGUE.iter().enumerate() {
            let asked = options.rules.asked(at);
            let Some(eye) = pattern.source.filter(|_| asked != Asked::No) else { continue };
            for spotted in eye(&scene) {
                let Some(file) = package.unit.files.get(spotted.file as usize) else { continue };
                let tree = file.checked.file;
                let ignored = ignored.entry(spotted.file).or_insert_with(|| Ignored::of(tree));
                if generated.get(spotted.file as usize).copied().unwrap_or(false) {
                    hidden.in_generated += 1;
                } else if ignored.has(pattern.id, tree.line(spotted.at)) {
                    hidden.kept_back += 1;
                } else if asked == Asked::Quietly {
                    hidden.preview += 1;
                } else {
                    let severity = options.rules.severity(at, pattern);
                    findings.push(Finding { severity, ..finding(&package, folder, pattern, BodyId(index as u32), &spotted) });
                }
            }
        }
    }
    let notes = if options.unused { unused(&package, folder, &mut ignored, options.rules) } else { Vec::new() };
    let (spawns, runs) = runs.map(|known| lint_spawns::of(&package, folder, known)).unzip();
    report.spawns = spawns;
    let points = sourced::standing(&package, folder, lines);
    let facts = source_program::of(&package, summaries);
    let told = options.deadlines.then(|| lint_deadlines::part(&package, folder));
    let Package { unit, summaries, .. } = package;
    let own = unit.bodies.iter().zip(summaries).filter_map(|(body, summary)| Some((body.object?, summary)));
    Gone { told, findings, summaries: own.collect(), facts, report, runs: runs.unwrap_or_default(), points, notes, hidden }
}

/// What eyes see that look at the whole program.
fn seen_in_whole(program: &WholeProgram<'_, '_>, folder: &Path, rules: &Rules, hidden: &mut Hidden) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (at, pattern) in CATALOGUE.iter().enumerate() {
        let asked = rules.asked(at);
        let Some(eye) = pattern.program.filter(|_| asked != Asked::No) else { continue };
        for spotted in eye(program) {
            let (function, pos) = spotted.at;
            let Some((_, file)) = program.types.source(function) else { continue };
            if is_generated(file) {
                hidden.in_generated += 1;
            } else if Ignored::of(file).has(pattern.id, file.line(pos)) {
                hidden.kept_back += 1;
            } else if asked == Asked::Quietly {
                hidden.preview += 1;
            } else {
                let place = place_in(program.types, folder, function, pos);
                let way = spotted.way.iter().map(|stop| fact_of(program.types, folder, stop)).collect();
                let told = told_of(pattern, Some((file, pos)), place, &spotted.text, way, None);
                findings.push(Finding { severity: rules.severity(at, pattern), ..told });
            }
        }
    }
    findings
}

/// Comments of goherd's own that keep nothing back, in all files of a unit. Nothing can be told of those that name a rule which was not
/// asked, or is asked of the whole program later.
fn unused(package: &Package<'_>, folder: &Path, ignored: &mut FxHashMap<u32, Ignored>, rules: &Rules) -> Vec<Note> {
    let is_told = |name: &str| match CATALOGUE.iter().position(|pattern| pattern.id.eq_ignore_ascii_case(name)) {
        Some(at) => rules.asked(at) != Asked::No && CATALOGUE.get(at).is_some_and(|pattern| pattern.program.is_none()),
        None => true,
    };
    let mut notes = Vec::new();
    for (index, file) in package.unit.files.iter().enumerate() {
        let index = index as u32;
        let ignored = ignored.entry(index).or_insert_with(|| Ignored::of(file.checked.file));
        for comment in ignored.unused().filter(|comment| comment.names.split(',').all(is_told)) {
            let place = place(package, folder, index, Pos::at(0), String::new());
            let text = format!("{}:{}: goherd:ignore {} keeps nothing back", place.file, comment.line, comment.names);
            notes.push(Note { kind: herd_model::NoteKind::Advice, offset: None, text });
        }
    }
    notes
}

fn add(to: &mut LintReport, one: &LintReport) {
    to.packages += one.packages;
    to.files += one.files;
    to.generated += one.generated;
    to.damaged += one.damaged;
    to.functions += one.functions;
    to.unsound += one.unsound;
    to.expressions += one.expressions;
    to.unknown += one.unknown;
    if let Some(spawns) = &one.spawns {
        to.spawns.get_or_insert_default().extend(spawns.iter().cloned());
    }
}

/// Whether a file says that it is generated (`go help generate`): a line of its own before the package clause.
pub(crate) fn is_generated(file: &File) -> bool {
    let until = file.package.map_or(u32::MAX, Pos::offset);
    let texts = file.comments.iter().take_while(|comment| comment.span.start.offset() < until);
    texts.into_iter().any(|comment| {
        let text = file.text(comment.span);
        text.starts_with("// Code generated ") && text.ends_with(" DO NOT EDIT.")
    })
}

fn finding(package: &Package<'_>, folder: &Path, pattern: &'static Pattern, body: BodyId, spotted: &Spotted) -> Finding {
    let func = function_of(package, body);
    let at = place(package, folder, spotted.file, spotted.at, func);
    let tree = package.unit.files.get(spotted.file as usize).map(|file| file.checked.file);
    let repair = tree.and_then(|tree| Some(lint_marks::repair(tree, &at.file, spotted.repair.as_ref()?)));
    let way = spotted.way.iter().map(|stop| fact(package, folder, stop)).collect();
    told_of(pattern, tree.map(|tree| (tree, spotted.at)), at, &spotted.text, way, repair)
}

/// A finding as it is told, at a place of a file.
fn told_of(
    pattern: &'static Pattern,
    written: Option<(&File, Pos)>,
    at: Place,
    text: &str,
    way: Vec<Evidence>,
    repair: Option<Repair>,
) -> Finding {
    let page = pattern.page(Lang::En);
    let position = written.map(|(tree, pos)| lint_marks::position(tree, pos));
    let own_code = written.map(|(tree, pos)| code(tree, pos));
    let fingerprint = lint_marks::fingerprint(pattern.id, &at, own_code.as_deref().unwrap_or_default());
    let code = own_code.filter(|_| way.is_empty());
    let mut evidence = vec![Evidence { code, ..Evidence::new(EvidenceKind::Source, text.to_owned()).at(at.clone()) }];
    evidence.extend(way);
    Finding {
        id: pattern.pattern_id(),
        target: String::new(),
        title: page.title.to_owned(),
        severity: pattern.severity,
        certainty: Certainty::Suspected,
        count: 0,
        rate_per_s: None,
        fingerprint,
        at,
        started_by: None,
        waits_on: String::new(),
        since_s: None,
        evidence,
        why: page.why.to_owned(),
        fix: page.fix.to_owned(),
        next: Vec::new(),
        steps: Vec::<Step>::new(),
        also: Vec::new(),
        family: None,
        position,
        repair,
    }
}

fn fact(package: &Package<'_>, folder: &Path, stop: &Stop) -> Evidence {
    let StopPlace::Here { file, pos } = stop.place else { return fact_of(package.unit.types, folder, stop) };
    let code = package.unit.files.get(file as usize).map(|file| code(file.checked.file, pos));
    Evidence { code, ..Evidence::new(EvidenceKind::Source, stop.text.clone()).at(place_of(package, folder, stop.place)) }
}

/// A stop in a function, wherever that is.
fn fact_of(types: &Types<'_>, folder: &Path, stop: &Stop) -> Evidence {
    let (place, code) = match stop.place {
        StopPlace::Here { .. } => (Place::default(), None),
        StopPlace::In { function, pos } => {
            let code = types.source(function).map(|(_, file)| code(file, pos));
            (place_in(types, folder, function, pos), code)
        }
    };
    Evidence { code, ..Evidence::new(EvidenceKind::Source, stop.text.clone()).at(place) }
}

/// A place of a unit, or of the function of another declaration.
pub(crate) fn place_of(package: &Package<'_>, folder: &Path, at: StopPlace) -> Place {
    let types = package.unit.types;
    match at {
        StopPlace::Here { file, pos } => place(package, folder, file, pos, String::new()),
        StopPlace::In { function, pos } => place_in(types, folder, function, pos),
    }
}

/// A place in the file of a declaration.
fn place_in(types: &Types<'_>, folder: &Path, function: ObjectId, pos: Pos) -> Place {
    let func = types.function_text(function);
    match types.source(function) {
        Some((path, file)) => Place { func, file: shown(&path, folder), line: file.line(pos) },
        None => Place { func, ..Place::default() },
    }
}

/// The line of a place, without what indents it.
pub(crate) fn code(file: &File, pos: Pos) -> String {
    let line = file.line(pos) as usize;
    let start = file.lines.get(line.saturating_sub(1)).map_or(0, |start| *start as usize);
    let end = file.lines.get(line).map_or(file.source.len(), |end| *end as usize);
    String::from_utf8_lossy(file.source.get(start..end).unwrap_or_default()).trim().to_owned()
}

/// The declared function that a body is or is written in.
pub(crate) fn function_of(package: &Package<'_>, body: BodyId) -> String {
    let unit = &package.unit;
    let mut at = Some(body);
    while let Some(id) = at {
        let body = unit.body(id);
        if let Some(object) = body.object {
            return unit.types.function_text(object);
        }
        at = body.outer;
    }
    String::new()
}

pub(crate) fn place(package: &Package<'_>, folder: &Path, file: u32, pos: Pos, func: String) -> Place {
    let Some(of) = package.unit.files.get(file as usize) else { return Place::default() };
    Place { func, file: shown_path(package, folder, of), line: of.checked.file.line(pos) }
}

/// The path of a file of a package as it is seen from the folder.
pub(crate) fn shown_path(package: &Package<'_>, folder: &Path, file: &UnitFile<'_>) -> String {
    let own = package.unit.types.program().package(package.unit.package);
    let path = own.and_then(|own| Some(own.folder.join(&*own.files.get(file.checked.source as usize)?.name)));
    path.map(|path| shown(&path, folder)).unwrap_or_default()
}

/// A path as it is seen from the folder.
fn shown(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder).unwrap_or(path).display().to_string()
}

fn told(note: &load::Note, folder: &Path) -> Note {
    let kind = match note.kind {
        NoteKind::Limit => herd_model::NoteKind::Limit,
        NoteKind::GoMod
        | NoteKind::GoWork
        | NoteKind::Header
        | NoteKind::Constraint
        | NoteKind::MixedPackages
        | NoteKind::Ambiguous => herd_model::NoteKind::Malformed,
        NoteKind::Vendor
        | NoteKind::Toolchain
        | NoteKind::Graph
        | NoteKind::ModuleMissing
        | NoteKind::PackageMissing
        | NoteKind::Pattern
        | NoteKind::Unreadable => herd_model::NoteKind::Skipped,
    };
    let line = if note.line > 0 { format!(":{}", note.line) } else { String::new() };
    let place = shown(&note.file, folder);
    let place = if place.is_empty() { String::new() } else { format!("{place}{line}: ") };
    Note { kind, offset: None, text: format!("{place}{}; {}", note.text, note.next) }
}
