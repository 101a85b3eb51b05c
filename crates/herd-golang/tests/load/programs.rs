//! Real programs: the modules of `testbed/` with all that they import, for several systems, tags and settings.

use std::collections::BTreeSet;

use herd_golang::ast::Spec;
use herd_golang::load::Role;
use herd_golang::{Interner, Mode, parse};

use crate::go::{Question, compare, compare_modules, goroot, goroots, load, repository};

#[test]
fn the_testbed_with_its_tests() {
    let folder = repository("testbed");
    let (packages, files) = compare(&Question::new(&folder, &["./..."]).tests());
    assert!(packages > 500 && files > 3000, "{packages} packages, {files} files");
}

#[test]
fn the_testbed_on_other_systems() {
    let folder = repository("testbed");
    compare(&Question::new(&folder, &["./..."]).env("GOOS", "ios").env("GOARCH", "arm64").env("CGO_ENABLED", "1"));
    for (goos, goarch) in [
        ("windows", "amd64"),
        ("darwin", "arm64"),
        ("linux", "riscv64"),
        ("js", "wasm"),
        ("android", "arm64"),
        ("illumos", "amd64"),
        ("aix", "ppc64"),
        ("plan9", "386"),
        ("linux", "arm"),
    ] {
        compare(&Question::new(&folder, &["./..."]).env("GOOS", goos).env("GOARCH", goarch));
    }
}

#[test]
fn cgo_and_tags() {
    let folder = repository("testbed/mixed");
    for cgo in ["0", "1"] {
        compare(&Question::new(&folder, &["./..."]).env("CGO_ENABLED", cgo).tests());
        compare(&Question::new(&folder, &["./..."]).env("CGO_ENABLED", cgo).tags("netgo,osusergo,purego,appengine"));
    }
    compare(&Question::new(&folder, &["./..."]).env("GOAMD64", "v3").env("GOEXPERIMENT", "staticlockranking,cgocheck2"));
}

#[test]
fn every_module_of_the_testbed() {
    for module in ["testbed/runtime-logs", "testbed/costs", "testbed/trace-oracle", "testbed/incident", "testbed/mixed"] {
        compare(&Question::new(&repository(module), &["./..."]).tests());
    }
}

#[test]
fn patterns() {
    let folder = repository("testbed");
    for patterns in [
        &["./load"][..],
        &["./healthy/..."],
        &["./h..."],
        &["../testbed/load", "./leaky-server"],
        &["github.com/goherd/goherd/testbed/load"],
        &["github.com/goherd/goherd/testbed/..."],
        &["google.golang.org/grpc"],
        &["golang.org/x/sync/...", "github.com/robfig/...", "net/..."],
        &["net/http", "./internal/..."],
    ] {
        compare(&Question::new(&folder, patterns));
    }
}

#[test]
fn the_standard_library() {
    let folder = repository("testbed/load");
    let (packages, _) = compare(&Question::new(&folder, &["std"]));
    assert!(packages > 300, "{packages}");
    compare(&Question::new(&goroot().join("src").canonicalize().expect("GOROOT"), &["./net/...", "./runtime/..."]));
}

#[test]
fn every_toolchain() {
    // Its module asks for Go 1.16, so that every toolchain takes it.
    let folder = repository("testbed/runtime-logs");
    for root in goroots() {
        compare(&Question::new(&folder, &["std", "./..."]).goroot(root));
    }
}

#[test]
fn the_same_every_time() {
    let folder = repository("testbed");
    let question = Question::new(&folder, &["./...", "std"]).tests();
    // `go` fetches what is not on the machine yet.
    compare(&question);
    let (one, other) = (load(&question), load(&question));
    assert!(one.packages == other.packages && one.modules == other.modules && one.notes == other.notes);
}

/// The loader reads heads by itself, to stop early; the parser reads the same.
#[test]
fn heads_as_the_parser_reads_them() {
    let folder = repository("testbed");
    let question = Question::new(&folder, &["std", "./..."]).tests();
    compare(&question);
    let loaded = load(&question);
    let names = Interner::new();
    let mut files = 0;
    for package in &loaded.packages {
        let mut imports: [BTreeSet<&str>; 3] = Default::default();
        for file in &package.files {
            let source = std::fs::read(package.folder.join(&*file.name)).expect("a file");
            let parsed = parse(source, &names, Mode::Imports);
            assert!(parsed.errors.is_empty(), "{} {}", package.path, file.name);
            let set = match file.role {
                Role::Package | Role::Cgo => 0,
                Role::Test => 1,
                Role::ExternalTest => 2,
            };
            for spec in &parsed.imports {
                if let Spec::Import { path, .. } = parsed.spec(*spec) {
                    imports[set].insert(names.text(*path));
                }
            }
            let name = names.text(parsed.name.expect("a name").name);
            assert_eq!(name.strip_suffix("_test").filter(|_| file.role == Role::ExternalTest).unwrap_or(name), &*package.name);
            files += 1;
        }
        imports[0].remove("C");
        let mine = [&package.imports, &package.test_imports, &package.external_test_imports];
        for (mine, parsed) in mine.iter().zip(imports) {
            assert!(mine.iter().map(|import| &*import.path).eq(parsed), "{}", package.path);
        }
    }
    assert!(files > 5_000, "{files}");
}

#[test]
fn module_versions() {
    for module in ["testbed", "testbed/trace-oracle", "testbed/mixed", "testbed/runtime-logs"] {
        compare_modules(&Question::new(&repository(module), &["."]));
    }
}
