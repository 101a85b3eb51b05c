//! Real programs: the modules of `testbed/` with all that they import, for several systems, tags and settings.

use crate::go::{Question, compare, compare_modules, goroot, goroots, repository};

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
        &["google.golang.org/grpc/...", "net/..."],
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
fn module_versions() {
    for module in ["testbed", "testbed/trace-oracle", "testbed/mixed", "testbed/runtime-logs"] {
        compare_modules(&Question::new(&repository(module), &["."]));
    }
}
