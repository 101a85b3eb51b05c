//! Real packages: nothing may be known otherwise than go/types knows it, and next to nothing unknown.

use std::path::Path;

use crate::oracle::{Question, compare, go_roots, repository};

#[test]
fn the_lint_kernels() {
    let (_, goroot) = go_roots().pop().expect("a toolchain");
    let folder = repository("testbed/lint-kernels");
    let answer = compare(&Question {
        folder: &folder,
        patterns: &["./..."],
        tests: true,
        goroot: &goroot,
        hide_one_in: None,
        system: None,
    });
    answer.holds(0.0);
    assert!(answer.files > 700 && answer.expressions > 35_000 && answer.selections > 5_000, "{answer:?}");
}

#[test]
fn the_newest_standard_library() {
    let (_, goroot) = go_roots().pop().expect("a toolchain");
    let answer = standard_library(&goroot, &["std"], true);
    answer.holds(0.1);
    assert!(answer.constants_unknown * 200 < answer.constants, "{} of {}", answer.constants_unknown, answer.constants);
    assert!(answer.files > 1_700 && answer.expressions > 1_200_000, "{} files, {}", answer.files, answer.expressions);
}

#[test]
fn older_standard_libraries() {
    let mut roots = go_roots();
    roots.pop();
    for (minor, goroot) in roots {
        let patterns =
            ["net/http", "database/sql", "go/types", "encoding/...", "slices", "maps", "sync/...", "runtime", "text/..."];
        let answer = standard_library(&goroot, &patterns, false);
        answer.holds(0.1);
        assert!(answer.expressions > 100_000, "Go {minor}: {}", answer.expressions);
    }
}

#[test]
fn other_systems() {
    let (_, goroot) = go_roots().pop().expect("a toolchain");
    let folder = goroot.join("src").canonicalize().expect("GOROOT");
    let patterns = ["runtime/...", "os/...", "net", "syscall", "sync/..."];
    for system in [("linux", "386"), ("windows", "arm64"), ("darwin", "amd64"), ("js", "wasm"), ("plan9", "arm")] {
        let question = Question {
            folder: &folder,
            patterns: &patterns,
            tests: false,
            goroot: &goroot,
            hide_one_in: None,
            system: Some(system),
        };
        let answer = compare(&question);
        answer.holds(0.1);
        assert!(answer.expressions > 50_000, "{system:?}: {}", answer.expressions);
    }
}

/// What comes from missing modules is unknown, and nothing is known wrongly for it.
#[test]
fn missing_packages() {
    let (_, goroot) = go_roots().pop().expect("a toolchain");
    let folder = goroot.join("src").canonicalize().expect("GOROOT");
    for one_in in [3, 7, 20] {
        let question = Question {
            folder: &folder,
            patterns: &["std"],
            tests: false,
            goroot: &goroot,
            hide_one_in: Some(one_in),
            system: None,
        };
        let answer = compare(&question);
        answer.holds(700.0);
        assert!(answer.unknown > 10_000, "{}", answer.unknown);
    }
}

fn standard_library(goroot: &Path, patterns: &[&str], tests: bool) -> crate::oracle::Answer {
    let folder = goroot.join("src").canonicalize().expect("GOROOT");
    compare(&Question { folder: &folder, patterns, tests, goroot, hide_one_in: None, system: None })
}
