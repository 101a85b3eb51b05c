//! Which files of a folder make up its package, which its tests, and which are left out and why (`Context.Import`, go/build of Go 1.26).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;

use super::constraint::Fault;
use super::header::{self, Header};
use super::listing::Listing;
use super::notes::{Note, NoteKind};
use super::overlay::Overlay;
use super::platform::{self, Tags};
use super::version::{FILE_LANGUAGE_MIN, Language};

/// A file that takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Name in the package's folder.
    pub name: Box<str>,
    /// What it belongs to.
    pub role: Role,
    /// The language it is written in: the module's, unless its `//go:build` line names another.
    pub language: Language,
    /// Line of the first mistake in the package clause or imports.
    pub fault: Option<u32>,
}

/// What a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The package.
    Package,
    /// The package, through cgo: it imports "C".
    Cgo,
    /// The package's tests inside it.
    Test,
    /// The package's tests outside it, of package `x_test`.
    ExternalTest,
}

/// A file that takes no part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Name in the package's folder.
    pub name: Box<str>,
    /// Why.
    pub reason: Reason,
    /// Line that decided, 1-based; 0 where no line did.
    pub line: u32,
}

/// Why a file takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Its name is that of another system or architecture.
    Name,
    /// Its build constraints do not hold.
    Constraint,
    /// Its build constraints cannot be read.
    BrokenConstraint,
    /// It imports "C" and cgo is off.
    CgoOff,
    /// Its package is called `documentation`.
    Documentation,
    /// Its package is not that of the folder's other files.
    OtherPackage,
    /// It cannot be read, or is no regular file.
    Unreadable,
    /// Tests of this package were not asked for; the file was not read.
    TestsNotAsked,
}

/// An import before it is known what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawImport {
    /// As written.
    pub path: Box<str>,
    /// Index of the first file that has it.
    pub file: u32,
    /// Line there, 1-based.
    pub line: u32,
}

/// What was chosen in one folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Package name; empty where no file tells.
    pub name: Box<str>,
    /// Files that take part, by name.
    pub files: Vec<SourceFile>,
    /// Files that do not, by name.
    pub left_out: Vec<LeftOut>,
    /// Imports of the package, of its inner and of its outer tests, by path, without `C`.
    pub imports: [Vec<RawImport>; 3],
    /// The version each file's `//go:build` line names, in the order of `files`; it counts once the module's is known.
    pub build_lines: Vec<Option<u32>>,
    /// What is wrong.
    pub notes: Vec<Note>,
}

/// Where a role's imports are kept in [`Chosen::imports`].
pub fn import_set(role: Role) -> usize {
    match role {
        Role::Package | Role::Cgo => 0,
        Role::Test => 1,
        Role::ExternalTest => 2,
    }
}

/// The language of a file: since Go 1.21 its `//go:build` line may raise or lower the module's, down to Go 1.21 (types2, `initFiles`).
pub fn language(module: Language, build_line: Option<u32>) -> Language {
    build_line.map_or(module, |minor| Language(minor).max(FILE_LANGUAGE_MIN))
}

/// Reads the heads of a folder's Go files.
pub fn choose(folder: &Path, listing: &Listing, tags: &Tags, with_tests: bool, overlay: &Overlay) -> Chosen {
    let mut chosen = Chosen::default();
    let mut heads: Vec<(&str, Header)> = Vec::with_capacity(listing.go_files.len());
    let mut buffer = Vec::new();
    let new = overlay.go_files(folder).filter(|name| listing.go_files.binary_search_by(|known| (**known).cmp(*name)).is_err());
    let mut names: Vec<&str> = listing.go_files.iter().map(|name| &**name).chain(new).collect();
    names.sort_unstable();
    for name in names {
        if name.starts_with(['_', '.']) {
            continue;
        }
        if !platform::name_matches(name, tags) {
            leave_out(&mut chosen, name, Reason::Name, 0);
        } else if !with_tests && name.ends_with("_test.go") {
            leave_out(&mut chosen, name, Reason::TestsNotAsked, 0);
        } else {
            let file = folder.join(name);
            let holds = |tag: &str| platform::holds(tag, tags);
            let head = match overlay.text(&file).and_then(|text| header::of_source(text, true, &holds)) {
                Some(head) => Ok(head),
                None => header::read(&file, &mut buffer, &holds),
            };
            match head {
                Ok(head) if head.constraint.holds => heads.push((name, head)),
                Ok(head) => reject(&mut chosen, folder, name, &head),
                Err(error) => {
                    leave_out(&mut chosen, name, Reason::Unreadable, 0);
                    chosen.notes.push(Note::at(NoteKind::Unreadable, file, 0, error.to_string(), "make it readable"));
                }
            }
        }
    }
    for name in listing.not_files.iter().filter(|name| !name.starts_with(['_', '.'])) {
        leave_out(&mut chosen, name, Reason::Unreadable, 0);
        let text = "it is no regular file";
        chosen.notes.push(Note::at(
            NoteKind::Unreadable,
            folder.join(&**name),
            0,
            text,
            "remove it, or restore what the link leads to",
        ));
    }
    chosen.name = package_name(&heads);
    for (name, head) in heads {
        take(&mut chosen, folder, name, head, tags);
    }
    for set in &mut chosen.imports {
        // The first of a path stands for all.
        set.sort_by(|a, b| a.path.cmp(&b.path));
        set.dedup_by(|later, first| later.path == first.path);
    }
    chosen.left_out.sort_by(|a, b| a.name.cmp(&b.name));
    chosen
}

fn leave_out(chosen: &mut Chosen, name: &str, reason: Reason, line: u32) {
    chosen.left_out.push(LeftOut { name: name.into(), reason, line });
}

fn reject(chosen: &mut Chosen, folder: &Path, name: &str, head: &Header) {
    let line = head.constraint.line;
    let text = match &head.constraint.fault {
        None => return leave_out(chosen, name, Reason::Constraint, line),
        Some(Fault::Multiple) => "there is more than one //go:build line".to_owned(),
        Some(Fault::Syntax(mistake)) => format!("the //go:build line cannot be read: {}", mistake.text),
    };
    leave_out(chosen, name, Reason::BrokenConstraint, line);
    chosen.notes.push(Note::at(
        NoteKind::Constraint,
        folder.join(name),
        line,
        text,
        "the file was left out; `go vet` says what is wrong",
    ));
}

/// The name most files agree on, the first by name among equals; inner tests count, outer ones with their `_test` taken off.
fn package_name(heads: &[(&str, Header)]) -> Box<str> {
    let mut votes: BTreeMap<&str, (u32, Reverse<usize>)> = BTreeMap::new();
    for (at, (file, head)) in heads.iter().enumerate() {
        let test = file.ends_with("_test.go");
        let name = if test { head.package.strip_suffix("_test").unwrap_or(&head.package) } else { &head.package };
        if name.is_empty() || name == "documentation" {
            continue;
        }
        // Tests decide only where there is nothing else.
        let weight = if test { 1 } else { 1 << 16 };
        let (votes, _) = votes.entry(name).or_insert((0, Reverse(at)));
        *votes = votes.saturating_add(weight);
    }
    votes.iter().max_by_key(|(_, votes)| **votes).map_or("", |(name, _)| name).into()
}

fn take(chosen: &mut Chosen, folder: &Path, name: &str, head: Header, tags: &Tags) {
    if &*head.package == "documentation" {
        return leave_out(chosen, name, Reason::Documentation, 0);
    }
    let is_test = name.ends_with("_test.go");
    let external =
        is_test && head.package.strip_suffix("_test").is_some_and(|inner| inner == &*chosen.name) && head.package != chosen.name;
    let cgo = !is_test && head.imports.iter().any(|import| &*import.path == "C");
    if !external && !head.package.is_empty() && head.package != chosen.name {
        let complaint = format!("the file is of package {}, the folder of package {}", head.package, chosen.name);
        chosen.notes.push(Note::at(
            NoteKind::MixedPackages,
            folder.join(name),
            0,
            complaint,
            "the file was left out; move it to a folder of its own",
        ));
        return leave_out(chosen, name, Reason::OtherPackage, 0);
    }
    if cgo && !tags.cgo {
        let line = head.imports.iter().find(|import| &*import.path == "C").map_or(0, |import| import.line);
        return leave_out(chosen, name, Reason::CgoOff, line);
    }
    if let Some(line) = head.fault {
        let text = "the package clause or the imports cannot be read";
        chosen.notes.push(Note::at(
            NoteKind::Header,
            folder.join(name),
            line,
            text,
            "what follows the mistake is not known; mend the line",
        ));
    }
    let role = match (external, is_test, cgo) {
        (true, _, _) => Role::ExternalTest,
        (false, true, _) => Role::Test,
        (false, false, true) => Role::Cgo,
        (false, false, false) => Role::Package,
    };
    let file = u32::try_from(chosen.files.len()).unwrap_or(u32::MAX);
    chosen.files.push(SourceFile { name: name.into(), role, language: Language::default(), fault: head.fault });
    chosen.build_lines.push(head.constraint.go);
    let Some(set) = chosen.imports.get_mut(import_set(role)) else { return };
    let imports = head.imports.into_iter().filter(|import| &*import.path != "C");
    set.extend(imports.map(|import| RawImport { path: import.path, file, line: import.line }));
}
