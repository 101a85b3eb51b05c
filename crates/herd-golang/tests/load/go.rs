//! The truth: what `go list` says of a program, and a comparison with what was loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use herd_golang::load::{Context, Graph, Import, Package, Program, Reason, Role, Target, Tests, program, split_tags};
use serde_json::Value;

/// One way to ask for packages.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    pub folder: &'a Path,
    pub patterns: &'a [&'a str],
    /// Environment beside the machine's.
    pub env: Vec<(&'static str, String)>,
    pub tags: &'a str,
    pub tests: bool,
    pub goroot: PathBuf,
}

impl<'a> Question<'a> {
    pub fn new(folder: &'a Path, patterns: &'a [&'a str]) -> Self {
        Self { folder, patterns, env: Vec::new(), tags: "", tests: false, goroot: goroot() }
    }

    pub fn env(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.env.push((name, value.into()));
        self
    }

    pub fn tags(mut self, tags: &'a str) -> Self {
        self.tags = tags;
        self
    }

    pub fn goroot(mut self, root: PathBuf) -> Self {
        self.goroot = root;
        self
    }

    pub fn tests(mut self) -> Self {
        self.tests = true;
        self
    }
}

/// The newest Go there is: of `GOHERD_TEST_GOROOTS` (`1.21=PATH:1.22=PATH`, set by `cargo xtask test`), else the one on the PATH.
pub fn goroot() -> PathBuf {
    let listed = std::env::var("GOHERD_TEST_GOROOTS").ok();
    if let Some(root) = listed.as_deref().and_then(|list| list.rsplit(':').next()).and_then(|last| last.split_once('=')) {
        return root.1.into();
    }
    let output = Command::new("go").args(["env", "GOROOT"]).output().expect("go on the PATH");
    String::from_utf8(output.stdout).expect("a path").trim().into()
}

/// All of them.
pub fn goroots() -> Vec<PathBuf> {
    match std::env::var("GOHERD_TEST_GOROOTS") {
        Ok(list) => list.split(':').filter_map(|item| Some(item.split_once('=')?.1.into())).collect(),
        Err(_) => vec![goroot()],
    }
}

/// A folder of the repository.
pub fn repository(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).canonicalize().expect("a folder of the repository")
}

/// A `go` command with a question's environment, and no other settings of the machine than where modules lie.
fn go(question: &Question<'_>) -> Command {
    let root = &question.goroot;
    let mut command = Command::new(root.join("bin/go"));
    command
        .current_dir(question.folder)
        .env("GOROOT", root)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "")
        .env("GO111MODULE", "on");
    command.envs(question.env.iter().map(|(name, value)| (name, value)));
    command
}

/// The same settings for the loader.
pub fn context(question: &Question<'_>) -> Context {
    let root = &question.goroot;
    let variable = |name: &str| match question.env.iter().rev().find(|(other, _)| *other == name) {
        Some((_, value)) => Some(value.clone()),
        None => match name {
            "GOROOT" => Some(root.display().to_string()),
            "GOTOOLCHAIN" => Some("local".to_owned()),
            "GOFLAGS" => None,
            _ => std::env::var(name).ok(),
        },
    };
    let mut context = Context::from_variables(&variable);
    context.tags.extend(split_tags(question.tags));
    context.tests = if question.tests { Tests::Named } else { Tests::None };
    context
}

/// Loads as the question asks.
pub fn load(question: &Question<'_>) -> Program {
    program(question.folder, question.patterns, &context(question))
}

/// What `go list` prints, object by object.
fn list(question: &Question<'_>, arguments: &[&str], named: &[&str]) -> Vec<Value> {
    let mut command = go(question);
    command.arg("list").args(arguments).args(named);
    let output = command.output().expect("start go");
    assert!(output.status.success(), "go list: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::Deserializer::from_slice(&output.stdout).into_iter().map(|value| value.expect("JSON")).collect()
}

fn names(value: &Value, field: &str) -> BTreeSet<String> {
    value[field].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Compares a load with `go list -e -deps`: packages, their files by role, what was left out, what imports lead to, modules. Returns how
/// many packages and files agree; panics with the first differences.
#[track_caller]
pub fn compare(question: &Question<'_>) -> (usize, usize) {
    let fields = "-json=ImportPath,Name,Dir,Standard,Module,DepOnly,ForTest,GoFiles,CgoFiles,IgnoredGoFiles,TestGoFiles,XTestGoFiles,\
                  InvalidGoFiles,Imports,TestImports,XTestImports,Error";
    let tags = format!("-tags={}", question.tags);
    let mut arguments = vec!["-e", "-deps", "-pgo=off", &*tags, fields];
    arguments.extend(question.tests.then_some("-test"));
    let listed: BTreeMap<String, Value> = list(question, &arguments, question.patterns)
        .into_iter()
        .filter(|package| package["ForTest"].is_null())
        .map(|package| (package["ImportPath"].as_str().unwrap_or_default().to_owned(), package))
        .filter(|(path, _)| !path.ends_with(".test"))
        .collect();
    let loaded = load(question);
    let wanted = reached(&listed, question.tests);
    let have: BTreeSet<String> = loaded.packages.iter().map(|package| package.path.to_string()).collect();
    let unknown: BTreeSet<String> = loaded.unknown.iter().map(|package| package.path.to_string()).collect();
    let mut differences: Vec<String> = Vec::new();
    differences
        .extend(wanted.difference(&have).filter(|path| !unknown.contains(*path)).map(|path| format!("{path}: not loaded")));
    differences.extend(have.difference(&wanted).map(|path| format!("{path}: loaded, but go list does not have it")));
    let mut files = 0;
    for package in loaded.packages.iter().filter(|package| wanted.contains(&*package.path)) {
        let named = listed[&*package.path]["DepOnly"] != Value::Bool(true);
        compare_package(package, &listed[&*package.path], &loaded, named && question.tests, &mut differences);
        files += package.files.len();
    }
    for path in &unknown {
        let broken = listed.get(path).is_none_or(|package| !package["Error"].is_null() || package["Dir"].is_null());
        if !broken {
            differences.push(format!("{path}: unknown, but go list found it"));
        }
    }
    let count = differences.len();
    differences.truncate(25);
    assert!(
        count == 0,
        "{count} differences in {question:?}\n{}\nnotes: {:#?}",
        differences.join("\n"),
        loaded.notes.get(..10).unwrap_or(&loaded.notes)
    );
    (loaded.packages.len(), files)
}

/// The packages that follow from imports alone; `go list` adds what the linker and test mains bring in.
fn reached(listed: &BTreeMap<String, Value>, tests: bool) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = Vec::new();
    for (path, package) in listed {
        if package["DepOnly"] == Value::Bool(true) {
            continue;
        }
        open.push(path.clone());
        if tests {
            open.extend(names(package, "TestImports"));
            open.extend(names(package, "XTestImports"));
        }
    }
    while let Some(path) = open.pop() {
        if path == "C" || !listed.contains_key(&path) || !reached.insert(path.clone()) {
            continue;
        }
        open.extend(names(&listed[&path], "Imports"));
    }
    // Paths that nothing has are listed with an error and no folder.
    reached.retain(|path| !listed[path]["Dir"].is_null());
    reached
}

fn compare_package(package: &Package, truth: &Value, loaded: &Program, tests: bool, differences: &mut Vec<String>) {
    let path = &package.path;
    let mut check = |what: &str, mine: BTreeSet<String>, theirs: BTreeSet<String>| {
        if mine != theirs {
            let only =
                |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).take(5).cloned().collect::<Vec<_>>().join(" ");
            differences.push(format!("{path}: {what}: loaded [{}], go list [{}]", only(&mine, &theirs), only(&theirs, &mine)));
        }
    };
    let role = |role: Role| package.files.iter().filter(|file| file.role == role).map(|file| file.name.to_string()).collect();
    check("GoFiles", role(Role::Package), names(truth, "GoFiles"));
    check("CgoFiles", role(Role::Cgo), names(truth, "CgoFiles"));
    if tests {
        check("TestGoFiles", role(Role::Test), names(truth, "TestGoFiles"));
        check("XTestGoFiles", role(Role::ExternalTest), names(truth, "XTestGoFiles"));
    }
    let ignored = package.left_out.iter().filter(|file| match file.reason {
        Reason::Name | Reason::Constraint | Reason::CgoOff | Reason::Documentation => true,
        Reason::BrokenConstraint | Reason::OtherPackage | Reason::Unreadable | Reason::TestsNotAsked => false,
    });
    let asked = |name: &String| tests || !name.ends_with("_test.go");
    let ignored = ignored.map(|file| file.name.to_string()).filter(asked).collect();
    check("IgnoredGoFiles", ignored, names(truth, "IgnoredGoFiles").into_iter().filter(asked).collect());
    let targets = |imports: &[Import]| -> BTreeSet<String> {
        let target = |import: &Import| match import.target {
            Target::Package(id) => loaded.package(id).expect("a package").path.to_string(),
            Target::Unknown(at) => loaded.unknown[at as usize].path.to_string(),
        };
        imports.iter().map(target).collect()
    };
    let without_c = |field| names(truth, field).into_iter().filter(|path| path != "C").collect();
    check("Imports", targets(&package.imports), without_c("Imports"));
    if tests {
        check("TestImports", targets(&package.test_imports), without_c("TestImports"));
        check("XTestImports", targets(&package.external_test_imports), without_c("XTestImports"));
    }
    let one = |text: &str| BTreeSet::from([text.to_owned()]);
    // Test files that were not read may know the name where no other file does.
    if !package.files.is_empty() {
        check("Name", one(&package.name), one(truth["Name"].as_str().unwrap_or_default()));
    }
    check("Dir", one(&package.folder.display().to_string()), one(truth["Dir"].as_str().unwrap_or_default()));
    let module = loaded.module(package.module).expect("a module");
    let theirs = &truth["Module"];
    if theirs.is_null() {
        return;
    }
    check("module", one(&module.path), one(theirs["Path"].as_str().unwrap_or_default()));
    check("version", one(&module.version), one(theirs["Version"].as_str().unwrap_or_default()));
    if let Some(go) = theirs["GoVersion"].as_str().and_then(herd_golang::load::Language::parse) {
        check("go", one(&module.language.0.to_string()), one(&go.0.to_string()));
    }
}

/// Compares the modules with `go list -m all`.
#[track_caller]
pub fn compare_modules(question: &Question<'_>) -> usize {
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let theirs: BTreeSet<(String, String, String)> = list(question, &["-m", "-e", "-json"], &["all"])
        .iter()
        .map(|module| {
            let replace = &module["Replace"];
            let by =
                if replace.is_null() { String::new() } else { format!("{} {}", text(replace, "Path"), text(replace, "Version")) };
            (text(module, "Path"), text(module, "Version"), by)
        })
        .collect();
    // Only then is the module cache filled.
    let mut context = context(question);
    context.graph = Graph::Always;
    let loaded = program(question.folder, question.patterns, &context);
    let mine: BTreeSet<(String, String, String)> = loaded
        .modules
        .iter()
        .filter(|module| &*module.path != "std" || module.folder.starts_with(question.folder))
        .map(|module| {
            let by = module.replacement.as_ref().map_or_else(String::new, |by| format!("{} {}", by.path, by.version));
            (module.path.to_string(), module.version.to_string(), by)
        })
        .collect();
    let only = |a: &BTreeSet<_>, b: &BTreeSet<_>| {
        a.difference(b).take(10).map(|item| format!("{item:?}")).collect::<Vec<_>>().join("\n")
    };
    assert!(mine == theirs, "{question:?}\nonly loaded:\n{}\nonly go list:\n{}", only(&mine, &theirs), only(&theirs, &mine));
    mine.len()
}
