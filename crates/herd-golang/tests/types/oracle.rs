//! go/types beside goherd's types: every expression, every name, every selection, through the oracle of `testbed/types-oracle`.
#![allow(dead_code, reason = "the tests and the example use a part of it each")]

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub use crate::support::go_roots;

use herd_golang::Interner;
use herd_golang::ast::{Expr, ExprId, Pos};
use herd_golang::load::{Context, PackageId, Target, Tests, program};
use herd_golang::types::{CheckedFile, Constant, Meaning, SelectionKind, TypeId, Types, Unit, check};

/// What is compared.
#[derive(Clone, Debug)]
pub struct Question<'q> {
    pub folder: &'q Path,
    pub patterns: &'q [&'q str],
    pub tests: bool,
    pub goroot: &'q Path,
    /// Of so many imports one leads nowhere, as if its module were missing.
    pub hide_one_in: Option<usize>,
    /// GOOS and GOARCH, where they are not this machine's.
    pub system: Option<(&'q str, &'q str)>,
}

/// How alike the answers are.
#[derive(Default, Debug)]
pub struct Answer {
    pub packages: usize,
    pub files: usize,
    /// Expressions go/types has a type of, and those of which goherd does not know it.
    pub expressions: usize,
    pub unknown: usize,
    /// Names that refer to something, and those of which goherd does not know it.
    pub names: usize,
    pub names_unknown: usize,
    pub selections: usize,
    /// Generic functions with type arguments, and those of which goherd does not know them.
    pub instances: usize,
    pub instances_unknown: usize,
    pub constants: usize,
    /// Constants whose value go/types knows and goherd does not.
    pub constants_unknown: usize,
    /// What both know, differently: `path:line:column: what`.
    pub wrong: Vec<String>,
    /// What go/types finds wrong with the programs.
    pub mistakes: Vec<String>,
    /// The first places that are unknown.
    pub examples: Vec<String>,
}

impl Answer {
    /// Panics unless nothing is known otherwise than go/types knows it, and but so many of a thousand expressions are unknown.
    #[track_caller]
    pub fn holds(&self, unknown_per_mille: f64) {
        let shown = self.wrong.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
        assert!(self.wrong.is_empty(), "{} differ from go/types:\n{shown}", self.wrong.len());
        let share = self.unknown as f64 * 1000.0 / self.expressions.max(1) as f64;
        let shown = self.examples.iter().take(30).cloned().collect::<Vec<_>>().join("\n");
        assert!(share <= unknown_per_mille, "{share:.2} of a thousand expressions are unknown:\n{shown}");
        let share = self.instances_unknown as f64 * 1000.0 / self.instances.max(1) as f64;
        assert!(share <= unknown_per_mille, "{share:.2} of a thousand generic functions are unknown:\n{shown}");
        let share = self.names_unknown as f64 * 1000.0 / self.names.max(1) as f64;
        assert!(share <= unknown_per_mille, "{share:.2} of a thousand names are unknown:\n{shown}");
    }
}

/// The newest minor.
pub fn newest() -> &'static str {
    static MINOR: OnceLock<String> = OnceLock::new();
    MINOR.get_or_init(|| go_roots().pop().expect("a toolchain").0)
}

/// Writes a file and the folders above it.
pub fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(path, text).expect("a file");
}

pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path).canonicalize().expect("a folder of the repository")
}

/// The oracle, built once with the newest toolchain there is.
fn oracle() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        let (minor, root) = go_roots().pop().expect("a toolchain");
        // Examples have no such folder.
        let folder = option_env!("CARGO_TARGET_TMPDIR").map_or_else(std::env::temp_dir, PathBuf::from);
        let binary = folder.join(format!("goherd-types-oracle-{minor}"));
        let mut go = Command::new(root.join("bin/go"));
        go.args(["build", "-trimpath", "-o"]).arg(&binary).arg(".").current_dir(repository("testbed/types-oracle"));
        go.env("GOROOT", &root).env("GOTOOLCHAIN", "local").env("GOFLAGS", "-buildvcs=false");
        assert!(go.status().expect("go starts").success(), "the oracle does not build with Go {minor}");
        binary
    })
}

pub fn context(question: &Question<'_>) -> Context {
    let mut context = Context::from_env();
    context.goroot = Some(question.goroot.to_owned());
    context.toolchain = Some("local".into());
    context.cgo = false;
    if let Some((goos, goarch)) = question.system {
        (context.goos, context.goarch) = (goos.into(), goarch.into());
    }
    context.tests = if question.tests { Tests::Named } else { Tests::None };
    context
}

/// Asks both and compares.
pub fn compare(question: &Question<'_>) -> Answer {
    let context = context(question);
    let mut loaded = program(question.folder, question.patterns, &context);
    if let Some(one_in) = question.hide_one_in {
        let imports = loaded.packages.iter_mut().flat_map(|package| &mut package.imports);
        for import in imports.enumerate().filter(|(index, _)| index % one_in == 0).map(|(_, import)| import) {
            import.target = Target::Unknown(0);
        }
    }
    let names = Interner::new();
    let types = Types::new(&loaded, &names);
    let mut checked = HashMap::new();
    for index in 0..loaded.named {
        let id = PackageId(index as u32);
        let package = &loaded.packages[index];
        let units: &[Unit] = if question.tests { &[Unit::WithTests, Unit::ExternalTests] } else { &[Unit::Package] };
        for unit in units {
            for file in check(&types, id, *unit).files {
                checked.insert(package.folder.join(&*package.files[file.source as usize].name), file);
            }
        }
    }
    let mut command = Command::new(oracle());
    let path = format!("{}:{}", question.goroot.join("bin").display(), std::env::var("PATH").unwrap_or_default());
    command.env("PATH", path).env("GOROOT", question.goroot).env("GOTOOLCHAIN", "local").env("CGO_ENABLED", "0");
    command.env("GOFLAGS", "-mod=mod").env("GOWORK", "off");
    if let Some((goos, goarch)) = question.system {
        command.env("GOOS", goos).env("GOARCH", goarch);
    }
    if question.tests {
        command.arg("-test");
    }
    let mut child =
        command.args(question.patterns).current_dir(question.folder).stdout(Stdio::piped()).spawn().expect("the oracle starts");
    let mut comparison = Comparison {
        types: &types,
        names: &names,
        texts: Vec::new(),
        own: HashMap::new(),
        answer: Answer { packages: loaded.named, ..Answer::default() },
    };
    let mut current: Option<Places<'_, '_>> = None;
    let mut mistakes = HashSet::new();
    for line in BufReader::new(child.stdout.take().expect("piped")).lines() {
        let line = line.expect("UTF-8");
        if let Some(path) = line.strip_prefix("F ") {
            mistakes.clear();
            current = checked.get(Path::new(path)).map(|file| Places::new(file, path));
            comparison.answer.files += usize::from(current.is_some());
        } else if let Some(text) = line.strip_prefix("D ") {
            comparison.texts.push(text.split_once(' ').map_or("", |(_, text)| text).to_owned());
        } else if let Some(places) = &current {
            if let Some(offset) = line.strip_prefix("E ") {
                let (offset, message) = offset.split_once(' ').expect("an offset and a message");
                let offset = offset.parse().expect("an offset");
                mistakes.insert(places.line(offset));
                comparison.answer.mistakes.push(format!("{}: {message}", places.place(offset)));
                continue;
            }
            // What a mistake makes of its line is nobody's to say.
            let offset = line.split(' ').nth(1).and_then(|offset| offset.parse().ok()).expect("an offset");
            if !mistakes.contains(&places.line(offset)) {
                comparison.line(places, &line);
            }
        }
    }
    assert!(child.wait().expect("the oracle ends").success(), "the oracle failed");
    comparison.answer
}

fn is_float(constant: Constant) -> bool {
    matches!(constant, Constant::Float(_))
}

/// A file of ours by places.
struct Places<'f, 't> {
    file: &'f CheckedFile<'t>,
    path: String,
    exprs: HashMap<(u32, u32), ExprId>,
    /// Identifiers, and selectors by the name behind the dot.
    names: HashMap<u32, ExprId>,
}

impl<'f, 't> Places<'f, 't> {
    fn new(file: &'f CheckedFile<'t>, path: &str) -> Self {
        let (mut exprs, mut names) = (HashMap::new(), HashMap::new());
        for (id, expr) in file.file.all_exprs() {
            let span = file.file.expr_span(id);
            exprs.insert((span.start.offset(), span.end.offset()), id);
            if let Expr::Ident { .. } = *expr {
                names.insert(span.start.offset(), id);
            } else if let Expr::Selector { sel, .. } = *expr {
                names.insert(sel.pos.offset(), id);
            }
        }
        Self { file, path: path.to_owned(), exprs, names }
    }

    fn line(&self, offset: u32) -> u32 {
        self.file.file.line(Pos::at(offset))
    }

    fn place(&self, offset: u32) -> String {
        let position = self.file.file.position(Pos::at(offset));
        format!("{}:{}:{}", self.path, position.line, position.column)
    }
}

struct Comparison<'c> {
    types: &'c Types<'c>,
    names: &'c Interner,
    texts: Vec<String>,
    own: HashMap<TypeId, String>,
    answer: Answer,
}

impl Comparison<'_> {
    fn own_text(&mut self, id: TypeId) -> String {
        self.own.entry(id).or_insert_with(|| self.types.text(id)).clone()
    }

    fn line(&mut self, places: &Places<'_, '_>, line: &str) {
        let mut words = line.split(' ');
        let kind = words.next().expect("a kind");
        let words: Vec<&str> = words.collect();
        let number = |at: usize| words[at].parse::<u32>().expect("a number");
        match kind {
            "T" => self.expression(places, number(0), number(1), number(2), words.get(3).copied()),
            "U" => {
                let target = (words.len() > 2).then(|| (number(2), number(3)));
                self.name(places, number(0), words[1], target);
            }
            "I" => self.instance(places, number(0), words[1]),
            "S" => self.selection(places, number(0), words[1], words[2] == "true", words[3], number(4)),
            _ => panic!("{line}"),
        }
    }

    fn expression(&mut self, places: &Places<'_, '_>, start: u32, end: u32, text: u32, value: Option<&str>) {
        let theirs = self.texts[text as usize].clone();
        if theirs.contains('?') || theirs.contains("constraint") {
            return;
        }
        self.answer.expressions += 1;
        let source = || {
            let source = places.file.file.source.get(start as usize..end as usize).unwrap_or_default();
            String::from_utf8_lossy(source).chars().take(60).collect::<String>().replace('\n', " ")
        };
        let Some(id) = places.exprs.get(&(start, end)) else {
            self.answer.wrong.push(format!("{}: no expression `{}`", places.place(start), source()));
            return;
        };
        let own = self.own_text(places.file.type_of(*id));
        if own.contains('?') {
            self.answer.unknown += 1;
            if self.answer.examples.len() < 3000 {
                self.answer.examples.push(format!("{}: `{}` is {own}, {theirs} for go/types", places.place(start), source()));
            }
        } else if own != theirs {
            self.answer.wrong.push(format!("{}: `{}` is {own}, {theirs} for go/types", places.place(start), source()));
        }
        // Constants of a group repeat an expression with other values of iota; go/types keeps the last one.
        if let Some(value) = value.filter(|_| !source().contains("iota")) {
            self.answer.constants += 1;
            let own = match places.file.constant(self.types, *id) {
                Some(Constant::Int(own)) => Some(own.to_string()),
                Some(Constant::Float(own)) => Some(format!("{own:.0}")),
                Some(Constant::Bool(own)) => Some(own.to_string()),
                Some(Constant::String(_)) => Some("a string".to_owned()),
                None => None,
            };
            match own {
                None => self.answer.constants_unknown += 1,
                Some(own) if own == value || value.len() > 15 && places.file.constant(self.types, *id).is_some_and(is_float) => {}
                Some(own) => {
                    self.answer.wrong.push(format!("{}: `{}` = {own}, {value} for go/types", places.place(start), source()));
                }
            }
        }
    }

    fn name(&mut self, places: &Places<'_, '_>, start: u32, kind: &str, target: Option<(u32, u32)>) {
        self.answer.names += 1;
        let Some(id) = places.names.get(&start) else {
            // The name of a declaration, which is no expression.
            if target.is_none_or(|(_, offset)| offset != start) {
                self.answer.wrong.push(format!("{}: no name", places.place(start)));
            }
            return;
        };
        let meaning = places.file.meaning(*id);
        let own = match meaning {
            Meaning::None => {
                self.answer.names_unknown += 1;
                if self.answer.examples.len() < 3000 {
                    self.answer.examples.push(format!("{}: the name means nothing", places.place(start)));
                }
                return;
            }
            Meaning::Local(id) => {
                let local = places.file.locals[id.0 as usize];
                format!("l {}:{}", places.path, local.pos.offset())
            }
            Meaning::Object(id) => self.object(id),
            Meaning::TypeParam(_) => "t".to_owned(),
            Meaning::Import(_) => "p".to_owned(),
            Meaning::Builtin(_) | Meaning::Nil => "u".to_owned(),
            Meaning::Field(_) => "f".to_owned(),
            Meaning::Selection(index) => {
                let selection = places.file.selections[index as usize];
                match selection.kind {
                    SelectionKind::Field => "f".to_owned(),
                    SelectionKind::InterfaceMethod | SelectionKind::InterfaceMethodExpression => "i".to_owned(),
                    SelectionKind::Method | SelectionKind::MethodExpression => {
                        selection.object.map_or_else(String::new, |object| self.object(object))
                    }
                }
            }
        };
        let theirs = match target {
            Some((file, offset)) => format!("{kind} {}:{offset}", self.texts[file as usize]),
            None => kind.to_owned(),
        };
        if own != theirs {
            self.answer.wrong.push(format!("{}: the name means {own}, {theirs} for go/types", places.place(start)));
        }
    }

    fn instance(&mut self, places: &Places<'_, '_>, start: u32, numbers: &str) {
        let theirs: Vec<String> =
            numbers.split(',').map(|number| self.texts[number.parse::<usize>().expect("a number")].clone()).collect();
        let own = places.names.get(&start).map_or(&[][..], |id| places.file.instance(*id));
        let own: Vec<String> = own.iter().map(|ty| self.own_text(*ty)).collect();
        if theirs.iter().any(|text| text.contains('?')) {
            return;
        }
        self.answer.instances += 1;
        if own.is_empty() || own.iter().any(|text| text.contains('?')) {
            self.answer.instances_unknown += 1;
            self.answer.examples.push(format!("{}: type arguments are {own:?}, {theirs:?} for go/types", places.place(start)));
        } else if !own.ends_with(&theirs) {
            self.answer.wrong.push(format!("{}: type arguments are {own:?}, {theirs:?} for go/types", places.place(start)));
        }
    }

    fn object(&self, id: herd_golang::types::ObjectId) -> String {
        match self.types.place(id) {
            Some((folder, name, pos)) => format!("o {}:{}", folder.join(name).display(), pos.offset()),
            None => "u".to_owned(),
        }
    }

    fn selection(&mut self, places: &Places<'_, '_>, at: u32, kind: &str, indirect: bool, path: &str, text: u32) {
        let theirs = self.texts[text as usize].clone();
        let Some(own) = places.names.get(&at).and_then(|id| places.file.selection(*id)) else { return };
        let own_text = self.own_text(own.ty);
        if theirs.contains('?') || own_text.contains('?') || theirs.contains("constraint") {
            return;
        }
        self.answer.selections += 1;
        let own_kind = match own.kind {
            SelectionKind::Field => "f",
            SelectionKind::Method | SelectionKind::InterfaceMethod => "m",
            SelectionKind::MethodExpression | SelectionKind::InterfaceMethodExpression => "e",
        };
        let mut theirs_path: Vec<&str> = path.split(',').collect();
        let mut own_path: Vec<String> = own.path.indices().iter().map(u16::to_string).collect();
        if own_kind != "f" {
            theirs_path.pop();
            own_path.pop();
        }
        let name = self.names.text(own.name).to_owned();
        if (own_kind, own.indirect, &own_text) != (kind, indirect, &theirs) || own_path != theirs_path {
            self.answer.wrong.push(format!(
                "{}: {name} is {own_kind} {} {own_path:?} {own_text}, {kind} {indirect} {theirs_path:?} {theirs} for go/types",
                places.place(at),
                own.indirect
            ));
        }
    }
}
