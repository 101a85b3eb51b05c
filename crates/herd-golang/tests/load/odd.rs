//! Broken, missing, strange and hostile inputs: a partial program with notes, never a failure.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use herd_golang::load::{
    Context, ModuleKind, ModuleMode, NoteKind, Package, Program, Reason, Role, Target, Tests, Unknown, Workspace, modfile,
    program, vendored,
};

use crate::go::goroot;
use crate::oracle::Dice;
use crate::workspaces::{shop, write};

/// Loads `./...` of a folder without any module cache.
fn load(folder: &Path) -> Program {
    load_with(folder, &["./..."], |_| {})
}

fn load_with(folder: &Path, patterns: &[&str], change: impl FnOnce(&mut Context)) -> Program {
    let cache = folder.join("no-cache");
    let variable = |name: &str| match name {
        "GOROOT" => Some(goroot().display().to_string()),
        "GOMODCACHE" => Some(cache.display().to_string()),
        "GOOS" => Some("linux".to_owned()),
        "GOARCH" => Some("amd64".to_owned()),
        "GOTOOLCHAIN" => Some("local".to_owned()),
        _ => None,
    };
    let mut context = Context::from_variables(&variable);
    context.tests = Tests::Named;
    change(&mut context);
    program(folder, patterns, &context)
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), files);
    folder
}

/// Kinds of notes with the name of their file and their line.
fn told(program: &Program) -> Vec<(NoteKind, String, u32)> {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    program.notes.iter().map(|note| (note.kind, name(&note.file), note.line)).collect()
}

#[track_caller]
fn tells(program: &Program, kind: NoteKind, file: &str, line: u32) {
    assert!(told(program).contains(&(kind, file.to_owned(), line)), "{:#?}", program.notes);
    assert!(program.notes.iter().all(|note| !note.text.is_empty() && !note.next.is_empty()));
}

#[test]
fn a_go_mod_file_of_the_future() {
    let text = "module m\n\ngo 1.99.0\n\ntoolchain go1.99.1\n\nfrobnicate x => y\n\nrequire (\n\texample.com/a v1.0.0\n)\n";
    let folder = folder(&[("go.mod", text), ("a.go", "package m\n\nimport (\n\t\"fmt\"\n\t\"example.com/a/b\"\n)\n")]);
    let program = load(folder.path());
    tells(&program, NoteKind::GoMod, "go.mod", 7);
    tells(&program, NoteKind::Toolchain, "go.mod", 3);
    tells(&program, NoteKind::ModuleMissing, "a.go", 5);
    assert_eq!(program.packages[0].files[0].language.0, 99);
    assert_eq!(program.unknown.len(), 1);
    assert!(matches!(program.unknown[0].reason, Unknown::ModuleMissing(_)));
    let Some(Target::Package(fmt)) = program.packages[0].import(Role::Package, "fmt") else { panic!("fmt is known") };
    assert_eq!(program.package(fmt).map(|package| &*package.name), Some("fmt"));
    assert_eq!(program.packages[0].import(Role::Package, "example.com/a/b"), Some(Target::Unknown(0)));
    assert_eq!(program.packages[0].import(Role::Test, "fmt"), None);
    assert_eq!(program.coverage().modules_missing, 1);
}

#[test]
fn conflict_markers_and_broken_lines() {
    let text = "module m\n<<<<<<< ours\nrequire example.com/a v1.0.0\n=======\nrequire example.com/a v1.2.0\n>>>>>>> theirs\nrequire example.com/b master\nreplace x\n\"\nrequire (\n  example.com/c v1\n";
    let folder = folder(&[("go.mod", text), ("a.go", "package m\n\nimport _ \"example.com/a\"\n")]);
    let program = load(folder.path());
    for line in [2, 4, 6, 7, 8, 9, 10] {
        tells(&program, NoteKind::GoMod, "go.mod", line);
    }
    let versions: Vec<_> = program
        .modules
        .iter()
        .filter(|module| module.kind == ModuleKind::Dependency)
        .map(|module| (&*module.path, &*module.version))
        .collect();
    assert_eq!(versions, [("example.com/a", "v1.2.0"), ("example.com/c", "v1.0.0")]);
}

#[test]
fn no_go_mod_file_at_all() {
    let folder = folder(&[
        ("p/a.go", "package p\n\nimport \"os\"\n"),
        ("vendor/x.org/y/y.go", "package y\n"),
        ("p/q/q.go", "package q\n\nimport _ \"x.org/y\"\n"),
    ]);
    let program = load(folder.path());
    assert_eq!(program.named, 2);
    assert_eq!(program.coverage().imports_unknown, 0);
    tells(&program, NoteKind::GoMod, folder.path().file_name().and_then(|name| name.to_str()).expect("a name"), 0);
}

#[test]
fn a_vendor_folder_that_does_not_fit() {
    let folder = folder(&[
        ("go.mod", "module m\n\ngo 1.26\n\nrequire (\n\tx.org/a v1.1.0\n\tx.org/b v1.0.0\n\tx.org/c v1.0.0\n)\n"),
        ("a.go", "package m\n\nimport _ \"x.org/a\"\nimport _ \"x.org/hand\"\nimport _ \"x.org/c/none\"\n"),
        (
            "vendor/modules.txt",
            "# x.org/a v1.0.0\n## explicit; go 1.22\nx.org/a\n# x.org/c v1.0.0\n## explicit\nx.org/c\nstrange line here\n# x.org/d\n",
        ),
        ("vendor/x.org/a/a.go", "package a\n"),
        ("vendor/x.org/c/c.go", "package c\n"),
        ("vendor/x.org/hand/h.go", "package hand\n"),
    ]);
    let program = load(folder.path());
    tells(&program, NoteKind::Vendor, "go.mod", 6);
    tells(&program, NoteKind::Vendor, "go.mod", 7);
    assert_eq!(program.notes.iter().filter(|note| note.kind == NoteKind::Vendor).count(), 2);
    let unknown: Vec<_> = program.unknown.iter().map(|package| (&*package.path, package.reason)).collect();
    assert_eq!(unknown, [("x.org/c/none", Unknown::NotVendored), ("x.org/hand", Unknown::NotVendored)]);
    let a = program.packages.iter().find(|package| &*package.path == "x.org/a").expect("x.org/a");
    assert_eq!((a.files[0].language.0, &*program.module(a.module).expect("a module").version), (22, "v1.0.0"));
    // The module cache, which is empty, when told to.
    let cache = load_with(folder.path(), &["."], |context| context.mode = ModuleMode::Cache);
    assert_eq!(cache.coverage().modules_missing, 2);
}

#[test]
fn what_damaged_files_quote_is_cut() {
    let long = "x".repeat(1 << 20);
    let folder = folder(&[
        ("go.mod", &format!("module m\n\ngo 1.26\n\"{long}\n{long} y\nrequire {long} {long}\n")),
        ("a.go", &format!("//go:build a && -{long}\n\npackage m\n")),
        ("b.go", &format!("package {long}\n")),
        ("c.go", "package m\n"),
        ("d.go", "package m\n"),
    ]);
    let program = load(folder.path());
    tells(&program, NoteKind::GoMod, "go.mod", 4);
    tells(&program, NoteKind::Constraint, "a.go", 1);
    tells(&program, NoteKind::MixedPackages, "b.go", 0);
    assert!(program.notes.iter().all(|note| note.text.chars().count() <= 401));
    // Above the limit of a module file nothing is read of it.
    write(folder.path(), &[("go.mod", &format!("module m\n//{}", long.repeat(17)))]);
    tells(&load(folder.path()), NoteKind::Unreadable, "go.mod", 0);
}

#[test]
fn settings_that_go_env_wrote() {
    let folder = folder(&[
        ("env", "# mine\nGOOS=plan9\nGOFLAGS=-mod=vendor '-tags=a,b c'\nGOPATH=/one:/two\nGOWORK=off\nGOARCH=386\n"),
        ("bin/gcc", ""),
    ]);
    let file = folder.path().join("env").display().to_string();
    let bin = folder.path().join("bin").display().to_string();
    let saved = |name: &str| match name {
        "GOENV" => Some(file.clone()),
        "GOARCH" => Some("arm".to_owned()),
        "GOARM" => Some("6".to_owned()),
        "PATH" => Some(bin.clone()),
        _ => None,
    };
    let context = Context::from_variables(&saved);
    assert_eq!((&*context.goos, &*context.goarch, &*context.level, context.cgo), ("plan9", "arm", "6", false));
    assert_eq!(context.tags, ["a", "b", "c"].map(Box::from));
    assert_eq!((context.mode, context.workspace), (ModuleMode::Vendor, Workspace::Off));
    assert_eq!(context.gopath, ["/one", "/two"].map(std::path::PathBuf::from));
    assert_eq!(context.mod_cache, Some("/one/pkg/mod".into()));
    // Nothing is cross-compiled, and there is a C compiler.
    let plain = Context::from_variables(&|name| (name == "PATH").then(|| bin.clone()));
    assert_eq!(plain.cgo, cfg!(target_os = "linux"));
    assert!(!Context::from_variables(&|_| None).cgo);
}

#[test]
fn modules_that_go_did_not_unpack() {
    let folder = folder(&[
        ("go.mod", "module m\n\ngo 1.26\n\nrequire (\n\tx.org/Zip v1.0.0\n\tx.org/part v1.0.0\n)\n"),
        ("a.go", "package m\n\nimport _ \"x.org/Zip\"\nimport _ \"x.org/part\"\n"),
        ("no-cache/cache/download/x.org/!zip/@v/v1.0.0.zip", ""),
        ("no-cache/cache/download/x.org/part/@v/v1.0.0.mod", "module x.org/part\n\ngo 1.19\n"),
        ("no-cache/cache/download/x.org/part/@v/v1.0.0.partial", ""),
        ("no-cache/x.org/part@v1.0.0/p.go", "package part\n"),
    ]);
    let program = load_with(folder.path(), &["."], |_| {});
    tells(&program, NoteKind::ModuleMissing, "a.go", 3);
    tells(&program, NoteKind::ModuleMissing, "part@v1.0.0", 0);
    assert!(program.notes.iter().any(|note| note.next.contains("archive")), "{:#?}", program.notes);
    assert_eq!(program.packages[1].files[0].language.0, 19);
}

#[test]
fn toolchains_that_go_fetched() {
    let folder = folder(&[
        ("go.mod", "module m\n\ngo 1.98.0\n"),
        ("a.go", "package m\n\nimport \"fmt\"\n"),
        ("cache/golang.org/toolchain@v0.0.1-go1.97.0.linux-amd64/VERSION", "go1.97.0\n"),
        ("cache/golang.org/toolchain@v0.0.1-go1.97.0.linux-amd64/src/runtime/r.go", "package runtime\n"),
        ("cache/golang.org/toolchain@v0.0.1-go1.98.1.linux-amd64/VERSION", "go1.98.1\ntime 2030-01-01\n"),
        ("cache/golang.org/toolchain@v0.0.1-go1.98.1.linux-amd64/src/runtime/r.go", "package runtime\n"),
        ("cache/golang.org/toolchain@v0.0.1-go1.98.1.linux-amd64/src/fmt/f.go", "//go:build go1.98 && !go1.99\n\npackage fmt\n"),
    ]);
    let cache = Some(folder.path().join("cache"));
    let chosen = |program: &Program| program.toolchain.toolchain.as_ref().expect("a toolchain").version.clone();
    let switched =
        load_with(folder.path(), &["."], |context| (context.toolchain, context.mod_cache) = (Some("auto".into()), cache.clone()));
    assert_eq!(&*chosen(&switched), "1.98.1");
    assert_eq!(switched.packages.len(), 2);
    assert_eq!(switched.packages[1].files.len(), 1);
    assert!(switched.notes.is_empty(), "{:#?}", switched.notes);
    let named = load_with(folder.path(), &["."], |context| {
        (context.toolchain, context.mod_cache) = (Some("go1.97.0".into()), cache.clone());
    });
    assert_eq!(&*chosen(&named), "1.97.0");
    tells(&named, NoteKind::Toolchain, "go.mod", 3);
    let local = load_with(folder.path(), &["."], |context| context.mod_cache = cache.clone());
    assert_ne!(&*chosen(&local), "1.98.1");
}

#[test]
fn cycles_end() {
    let folder = folder(&[
        ("go.mod", "module m\n\ngo 1.16\n\nrequire n v1.0.0\n\nreplace n => ./n\n"),
        ("n/go.mod", "module n\n\nrequire m v1.0.0\n\nrequire n v1.5.0\n"),
        ("n/n.go", "package n\n\nimport _ \"m/a\"\n"),
        ("a/a.go", "package a\n\nimport _ \"m/b\"\nimport _ \"m/a\"\n"),
        ("b/b.go", "package b\n\nimport _ \"m/a\"\nimport _ \"n\"\n"),
    ]);
    let program = load(folder.path());
    let mut paths: Vec<&str> = program.packages.iter().map(|package| &*package.path).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["m/a", "m/b", "n"]);
}

#[test]
fn folders_and_files_that_cannot_be_read() {
    let source = "package m\n\nimport _ \"m/round\"\nimport _ \"m/other\"\n";
    let folder = folder(&[
        ("go.mod", "module m\n\ngo 1.26\n"),
        ("a.go", source),
        ("sub/b.go", "package sub\n"),
        ("other/o_windows.go", "package other\n"),
    ]);
    let at = folder.path();
    write(at, &[("sub/folder.go/x.txt", "")]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink("loop.go", at.join("loop.go")).expect("link");
        symlink("nowhere.go", at.join("dangling.go")).expect("link");
        symlink("..", at.join("sub/up")).expect("link");
        symlink("round", at.join("round")).expect("link");
        symlink(at.join("a.go"), at.join("linked.go")).expect("link");
        let pipe = std::process::Command::new("mkfifo").arg(at.join("pipe.go")).status().expect("mkfifo");
        assert!(pipe.success());
    }
    let program = load(at);
    let root = program.packages.iter().find(|package| &*package.path == "m").expect("m");
    assert_eq!(root.files.iter().map(|file| &*file.name).collect::<Vec<_>>(), ["a.go", "linked.go"]);
    let unreadable: Vec<&str> =
        root.left_out.iter().filter(|file| file.reason == Reason::Unreadable).map(|file| &*file.name).collect();
    assert_eq!(unreadable, ["dangling.go", "loop.go", "pipe.go"]);
    assert_eq!(program.named, 2);
    assert_eq!(program.coverage().files_unreadable, 3);
    tells(&program, NoteKind::Unreadable, "a.go", 3);
    // Imported, and nothing of it takes part.
    tells(&program, NoteKind::Constraint, "other", 0);
}

#[test]
fn strange_sources() {
    let mut long_comment = String::from("/*");
    long_comment.extend(std::iter::repeat_n('x', 50 << 20));
    let long = format!("{long_comment}*/ package m\nimport \"os\"\n");
    let endless = long_comment.clone();
    let imports = (0..200_000).fold(String::from("package m\nimport (\n"), |mut text, at| {
        let _ = writeln!(text, "_ \"m/none{}\"", at % 3);
        text
    }) + ")\n";
    let folder = folder(&[
        ("go.mod", "module m\n\ngo 1.26\n"),
        ("conflict.go", "package m\n<<<<<<< ours\nimport \"fmt\"\n=======\n>>>>>>>\n"),
        ("empty.go", ""),
        ("endless.go", &endless),
        ("good.go", "package m\n\nimport \"fmt\"\n"),
        ("imports.go", &imports),
        ("long.go", &long),
        ("nul.go", "package m\0\nimport \"os\"\n"),
        ("other.go", "package other\n\nimport \"bytes\"\n"),
        ("marker.go", "//go:build linux\n//go:build linux\n\npackage m\n"),
        ("string.go", "package m\n\nimport \"fm\n"),
    ]);
    let begin = Instant::now();
    let program = load(folder.path());
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    let package = &program.packages[0];
    assert_eq!(&*package.name, "m");
    assert!(package.files.iter().any(|file| &*file.name == "long.go" && file.fault.is_none()));
    let imports: Vec<&str> = package.imports.iter().map(|import| &*import.path).collect();
    assert_eq!(imports, ["fmt", "m/none0", "m/none1", "m/none2", "os"]);
    assert_eq!(
        package.left_out.iter().map(|file| (&*file.name, file.reason)).collect::<Vec<_>>(),
        [("marker.go", Reason::BrokenConstraint), ("other.go", Reason::OtherPackage)]
    );
    for (kind, file, line) in [
        (NoteKind::MixedPackages, "other.go", 0),
        (NoteKind::Header, "empty.go", 1),
        (NoteKind::Header, "string.go", 3),
        (NoteKind::Constraint, "marker.go", 2),
    ] {
        tells(&program, kind, file, line);
    }
}

#[test]
fn imports_that_are_none() {
    let text = "package m\n\nimport (\n\t\"./x\"\n\t\"/etc\"\n\t\"a b\"\n\t\"\"\n\t\"x.org/../y\"\n\t\"m@v1/x\"\n\t\"C\"\n\t\"unsafe\"\n\t\"fnt\"\n\t\"x.org/y\"\n)\n";
    let folder = folder(&[("go.mod", "module m\n\ngo 1.26\n"), ("a.go", text)]);
    let program = load_with(folder.path(), &["."], |context| context.cgo = true);
    assert_eq!(program.packages[0].files[0].role, Role::Cgo);
    let reason =
        |path: &str| program.unknown.iter().find(|package| &*package.path == path).map(|package| (package.reason, package.line));
    for (path, line) in [("./x", 4), ("/etc", 5), ("a b", 6), ("", 7), ("x.org/../y", 8), ("m@v1/x", 9)] {
        assert_eq!(reason(path), Some((Unknown::Invalid, line)), "{path:?}");
    }
    assert_eq!(reason("fnt"), Some((Unknown::NotInStandardLibrary, 12)));
    assert_eq!(reason("x.org/y"), Some((Unknown::NoModule, 13)));
    assert_eq!(program.packages.iter().map(|package| &*package.path).collect::<Vec<_>>(), ["m", "unsafe"]);
}

#[test]
fn patterns_that_name_nothing() {
    let folder = folder(&[
        ("go.mod", "module m\n"),
        ("docs/readme.txt", ""),
        ("a/a.go", "package a\n"),
        ("nested/go.mod", "module n\n"),
        ("nested/n.go", "package n\n"),
    ]);
    for pattern in
        ["./docs", "./docs/...", "./none", "./none/...", "..", "../...", "./nested", "./nested/...", "/", "x.org/...", ""]
    {
        let program = load_with(folder.path(), &[pattern], |_| {});
        assert_eq!(program.named, 0, "{pattern}");
        let noted = program
            .notes
            .iter()
            .any(|note| matches!(note.kind, NoteKind::Pattern | NoteKind::PackageMissing | NoteKind::Unreadable));
        assert!(noted, "{pattern}: {:#?}", program.notes);
    }
    assert_eq!(load_with(folder.path(), &["./a/a.go", "a.go/../a"], |_| {}).named, 1);
}

#[test]
fn broken_workspaces() {
    let folder = folder(&[
        ("go.work", "go 1.26\nuse ./a\nuse ./a\nuse ./gone\n<<<<<<< x\nuse (\n"),
        ("a/go.mod", "module a\n\ngo 1.26\n"),
        ("a/a.go", "package a\n\nimport _ \"b\"\n"),
        ("b/go.mod", "module b\n"),
        ("b/b.go", "package b\n"),
    ]);
    let program = load(&folder.path().join("a"));
    for line in [3, 4, 5, 6] {
        tells(&program, NoteKind::GoWork, "go.work", line);
    }
    // A module the workspace leaves out is read alone.
    let alone = load(&folder.path().join("b"));
    tells(&alone, NoteKind::GoWork, "go.work", 0);
    assert_eq!(&*alone.packages[0].path, "b");
    let off = load_with(&folder.path().join("a"), &["."], |context| context.workspace = Workspace::Off);
    assert_eq!(off.notes.iter().filter(|note| note.kind == NoteKind::GoWork).count(), 0);
}

#[test]
fn mutated_module_files() {
    let good = [
        include_str!("../../../../testbed/go.mod"),
        "go 1.26\n\nuse (\n\t./a\n\t\"./b c\"\n)\n\nreplace a.b/c v1.0.0 => ../d // why\n\ngodebug default=go1.21\n",
        "module \"m\"\n\nretract (\n\tv1.0.0 // bad\n\t[v1.1.0, v1.2.0]\n)\n\nexclude x.y/z v1.0.0+incompatible\ntool (\n\ta/b\n)\nignore `./x y`\n",
        "## workspace\n# a.b/c v1.0.0 => ../d\n## explicit; go 1.21\na.b/c/x\n# e/f => g/h v1.2.3\n",
    ];
    let mut dice = Dice(0xA076_1D64_78BD_642F);
    let pieces = [
        "(", ")", "\"", "`", "//", "/*", "\n", "=>", "[", ",", "]", "\\", "\0", "é", "v1", "<<<<<<<", "require", "module", "go",
        "1.99", "\u{feff}",
    ];
    let mut kept = 0;
    for round in 0..20_000 {
        let mut text: Vec<char> = good[round % good.len()].chars().take(1200).collect();
        for _ in 0..=dice.below(4) {
            let at = dice.below(text.len() + 1);
            match dice.below(4) {
                0 => text.truncate(at),
                1 => drop(text.splice(at..(at + dice.below(9)).min(text.len()), std::iter::empty())),
                2 => drop(text.splice(at..at, dice.pick(&pieces).chars())),
                _ => {
                    let copy: Vec<char> = text.iter().skip(dice.below(text.len() + 1)).take(40).copied().collect();
                    drop(text.splice(at..at, copy));
                }
            }
        }
        let text: String = text.into_iter().collect();
        let lines = u32::try_from(text.split('\n').count()).expect("few lines");
        let file = modfile::parse(&text);
        assert!(file.faults.iter().all(|fault| (1..=lines).contains(&fault.line)), "{text:?}");
        kept += file.require.len() + file.uses.len() + file.retract.len();
        let vendored = vendored::parse(&text);
        assert!(vendored.packages.values().all(|at| *at < vendored.modules.len()));
    }
    assert!(kept > 100_000, "{kept} lines survive");
}

/// Every index leads somewhere, and nothing is told twice.
fn check_whole(program: &Program) {
    let sets = |package: &Package| {
        [package.imports.clone(), package.test_imports.clone(), package.external_test_imports.clone()].concat()
    };
    for package in &program.packages {
        assert!(program.module(package.module).is_some());
        for import in sets(package) {
            match import.target {
                Target::Package(id) => assert!(program.package(id).is_some()),
                Target::Unknown(at) => assert!(program.unknown.get(at as usize).is_some()),
            }
        }
        let mut names: Vec<&str> =
            package.files.iter().map(|file| &*file.name).chain(package.left_out.iter().map(|file| &*file.name)).collect();
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
    let mut paths: Vec<&str> = program
        .packages
        .iter()
        .map(|package| &*package.path)
        .chain(program.unknown.iter().map(|package| &*package.path))
        .collect();
    paths.sort_unstable();
    assert!(paths.windows(2).all(|pair| pair[0] != pair[1]), "{paths:?}");
}

#[test]
fn mutated_programs() {
    let (_keep, folder) = shop();
    let work = "go 1.25\n\nuse (\n\t./shop\n\t./stock\n)\n";
    let mut files: Vec<(std::path::PathBuf, Vec<u8>)> = Vec::new();
    for name in [
        "shop/go.mod",
        "stock/go.mod",
        "tax/go.mod",
        "shop/shop.go",
        "shop/outer_test.go",
        "shop/inner/gen.go",
        "stock/stock.go",
        "stock/shelf/shelf.go",
    ] {
        files.push((folder.join(name), std::fs::read(folder.join(name)).expect("read")));
    }
    files.push((folder.join("go.work"), work.into()));
    let mut dice = Dice(0xE703_7ED1_A0B4_28DB);
    let (mut most, mut packages) = (0, 0);
    for round in 0..400 {
        let (path, good) = &files[dice.below(files.len())];
        let mut bytes = good.clone();
        for _ in 0..=dice.below(3) {
            let at = dice.below(bytes.len() + 1);
            match dice.below(4) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, u8::try_from(dice.below(256)).expect("a byte")),
                2 => drop(bytes.drain(at..(at + dice.below(20)).min(bytes.len()))),
                _ => bytes
                    .splice(at..at, dice.pick(&["\n", "..", "/", "\"", "*/", "./", " v1.9.0", "\n)", "\nimport \"m\"\n"]).bytes())
                    .for_each(drop),
            }
        }
        std::fs::write(path, &bytes).expect("write");
        let program = load_with(&folder.join("shop"), &["./...", "example.com/..."], |context| {
            context.workspace = if round % 2 == 0 { Workspace::Auto } else { Workspace::Off };
            context.mode = if round % 3 == 0 { ModuleMode::Vendor } else { ModuleMode::Cache };
        });
        check_whole(&program);
        (most, packages) = (most.max(program.packages.len()), packages + program.packages.len());
        std::fs::write(path, good).expect("write");
    }
    assert!(packages > 200 * most, "{packages} packages in all, {most} at most");
}
