//! The standard library that goherd carries: all that importers see of the real one, and programs load with it where no toolchain is.

use std::path::Path;
use std::process::Command;

use herd_golang::load::{Context, NoteKind, Program, Role, Standard, Target, Tests, Unknown, program, read};
use herd_golang::{Interner, Mode, parse};

use crate::go;

fn load(folder: &Path, patterns: &[&str]) -> Program {
    let mut context = Context::from_variables(&|_| None);
    (context.standard, context.tests) = (Standard::Carried, Tests::None);
    program(folder, patterns, &context)
}

/// A module of one file.
fn module(go: &str, source: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("go.mod"), format!("module m\n\ngo {go}\n")).expect("a file");
    std::fs::write(folder.path().join("m.go"), source).expect("a file");
    folder
}

#[test]
fn a_program_without_a_toolchain() {
    let source =
        "package m\n\nimport (\n\t\"context\"\n\t\"database/sql\"\n\t\"net/http\"\n\t\"sync\"\n\t\"testing\"\n\t\"unsafe\"\n)\n";
    let folder = module("1.26", source);
    let program = load(folder.path(), &["."]);
    assert_eq!((program.coverage().packages_unknown, program.coverage().imports_unknown), (0, 0), "{:?}", program.unknown);
    let carried = program.toolchain.summary.expect("it is carried");
    assert_eq!((&program.toolchain.toolchain, &program.toolchain.wanted), (&None, &None));
    let note = &program.notes[0];
    let text = format!("no Go toolchain was found; the standard library is read from the summary in goherd, Go {carried}");
    assert_eq!((note.kind, &*note.text, program.notes.len()), (NoteKind::Toolchain, &*text, 1));
    assert!(note.next.starts_with("set GOROOT for your own version"));
    let Some(Target::Package(http)) = program.packages[0].import(Role::Package, "net/http") else { panic!("net/http is known") };
    let package = program.package(http).expect("a package");
    assert_eq!((&*package.name, program.module(package.module).map(|module| &*module.path)), ("http", Some("std")));
    assert!(
        package.files.iter().all(|file| file.role == Role::Package && carried.starts_with(&format!("1.{}", file.language.0)))
    );
    let names = Interner::new();
    let text = |file: &str| read(&program, http, file).map(|text| parse(text, &names, Mode::Full));
    let server = text("server.go").expect("a file");
    let source = String::from_utf8_lossy(&server.source).into_owned();
    assert!(server.errors.is_empty() && source.contains("\nfunc (s *Server) Shutdown(ctx context.Context) error\n"), "{source}");
    assert!(text("none.go").is_err());
    let own = program.packages.iter().position(|package| &*package.path == "m").expect("it is named");
    let own = herd_golang::load::PackageId(u32::try_from(own).expect("few"));
    assert_eq!(read(&program, own, "m.go").expect("a file"), source_of(folder.path()));
}

fn source_of(folder: &Path) -> Vec<u8> {
    std::fs::read(folder.join("m.go")).expect("a file")
}

#[test]
fn what_is_not_carried() {
    let folder = module("1.99", "package m\n\nimport (\n\t\"cmd/go\"\n\t\"net/htpp\"\n)\n");
    let program = load(folder.path(), &["."]);
    assert_eq!(program.toolchain.wanted.as_deref(), Some("1.99"));
    assert!(program.notes[0].text.ends_with("; the program asks for Go 1.99"), "{}", program.notes[0].text);
    let reasons: Vec<(&str, Unknown)> = program.unknown.iter().map(|unknown| (&*unknown.path, unknown.reason)).collect();
    assert_eq!(reasons, [("cmd/go", Unknown::NoToolchain), ("net/htpp", Unknown::NoToolchain)]);
    assert_eq!(program.notes.len(), 3);
}

/// Each exported name of each package that GOROOT lets programs import: kind, type, value, fields, methods, as go/types has them.
#[test]
fn every_exported_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = load(folder.path(), &["std"]);
    assert!(program.unknown.is_empty() && program.named == program.packages.len());
    let names = Interner::new();
    let mut bytes = 0;
    for (number, package) in (0..).zip(&program.packages) {
        let at = folder.path().join("std").join(&*package.path);
        std::fs::create_dir_all(&at).expect("a folder");
        for file in &package.files {
            let text = read(&program, herd_golang::load::PackageId(number), &file.name).expect("a file");
            bytes += text.len();
            std::fs::write(at.join(&*file.name), &text).expect("a file");
            let parsed = parse(text, &names, Mode::Full);
            assert!(parsed.errors.is_empty(), "{}/{}: {:?}", package.path, file.name, parsed.errors);
            assert!(parsed.comments.is_empty());
            // Imports are known by the lines on which they stand.
            for spec in &parsed.imports {
                let herd_golang::ast::Spec::Import { path, .. } = *parsed.spec(*spec) else { unreachable!() };
                assert!(package.import(Role::Package, names.text(path)).is_some(), "{}", names.text(path));
            }
        }
    }
    assert!(bytes > 400_000);
    let oracle = folder.path().join("std-oracle");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/std-oracle");
    let goroot = go::goroot();
    let mut build = Command::new(goroot.join("bin/go"));
    build.args(["build", "-trimpath", "-o"]).arg(&oracle).arg(".").current_dir(source);
    build.env("GOROOT", &goroot).env("GOTOOLCHAIN", "local").env("GOFLAGS", "-buildvcs=false");
    assert!(build.status().expect("go starts").success());
    let output = Command::new(oracle).arg(folder.path().join("std")).env("GOROOT", &goroot).output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    let version = std::fs::read_to_string(goroot.join("VERSION")).expect("a file");
    // Go never takes an exported name away; what it is may change from one release to another.
    assert!(!text.contains(": missing"), "{text}");
    if !version.starts_with(&format!("go{}\n", program.toolchain.summary.expect("it is carried"))) {
        return;
    }
    assert!(output.status.success(), "{text}");
    let figures: Vec<u32> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    assert!(matches!(*figures, [packages, names, 0] if packages > 170 && names > 8000), "{text}");
}
