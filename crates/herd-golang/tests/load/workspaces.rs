//! Several modules at once: replaced folders, workspaces, vendor folders, modules inside modules.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::go::{Question, compare, compare_modules, goroot, repository};

/// Writes files below a folder.
pub fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("make a folder");
        std::fs::write(path, text).expect("write");
    }
}

/// A module with everything a walk has to pass by.
const SHOP: &[(&str, &str)] = &[
    (
        "shop/go.mod",
        "module example.com/shop\n\ngo 1.25\n\nrequire (\n\texample.com/stock v1.2.0\n\texample.com/tax/v2 v2.0.0 // indirect\n)\n\nreplace example.com/stock => ../stock\n\nreplace example.com/tax/v2 v2.0.0 => ../tax\n\nignore (\n\t./skipped\n\tthirdparty\n)\n\ntool example.com/shop/cmd/tool\n",
    ),
    (
        "shop/shop.go",
        "// Package shop sells.\npackage shop\n\nimport (\n\t\"fmt\"\n\t. \"strings\"\n\t_ `example.com/stock/shelf`\n\tt \"example.com/tax/v2\"; \"example.com/shop/inner\"\n)\n\nvar _ = fmt.Sprint(ToUpper(t.Name), inner.Name)\n",
    ),
    ("shop/shop_test.go", "package shop\n\nimport \"testing\"\n\nfunc TestA(*testing.T) {}\n"),
    (
        "shop/outer_test.go",
        "package shop_test\n\nimport (\n\t\"testing\"\n\n\t\"example.com/shop\"\n\t\"example.com/shop/onlytests\"\n)\n",
    ),
    ("shop/inner/inner.go", "package inner\n\nconst Name = `inner`\n"),
    ("shop/inner/inner_windows.go", "package inner\n"),
    ("shop/inner/gen.go", "//go:build ignore\n\npackage main\n"),
    ("shop/inner/doc.go", "package documentation\n"),
    ("shop/onlytests/x_test.go", "package onlytests\n\nimport \"os\"\n"),
    ("shop/othersystem/x_windows.go", "package othersystem\n\nimport \"missing.example.com/x\"\n"),
    ("shop/c/c.go", "package c\n\n// int x;\nimport \"C\"\nimport \"net\"\n"),
    ("shop/c/pure.go", "//go:build !cgo\n\npackage c\n\nimport \"bufio\"\n"),
    ("shop/testdata/x.go", "package x\n"),
    ("shop/_hidden/x.go", "package x\n"),
    ("shop/.hidden/x.go", "package x\n"),
    ("shop/skipped/x.go", "package x\n"),
    ("shop/deep/thirdparty/x.go", "package x\n"),
    ("shop/deep/skipped/x.go", "package skipped\n"),
    ("shop/vendor/example.com/v/v.go", "package v\n"),
    ("shop/deep/vendor/vendor.go", "package vendor\n"),
    ("shop/deep/vendor/x/x.go", "package x\n"),
    ("shop/nested/go.mod", "module example.com/shop/nested\n"),
    ("shop/nested/n.go", "package nested\n"),
    ("shop/nested/below/n.go", "package below\n"),
    ("shop/cmd/tool/main.go", "package main\n\nimport \"example.com/shop/cmd/tool/testdata/z\"\n\nfunc main() {}\n"),
    ("shop/cmd/tool/testdata/z/z.go", "package z\n"),
    ("stock/go.mod", "module example.com/stock\n\ngo 1.16\n\nrequire example.com/tax/v2 v2.0.0\n"),
    ("stock/shelf/shelf.go", "package shelf\n\nimport _ \"example.com/stock/nested\"\nimport _ \"example.com/stock\"\n"),
    ("stock/stock.go", "//go:build go1.18\n\npackage stock\n"),
    ("stock/nested/go.mod", "module example.com/stock/nested\n"),
    ("stock/nested/n.go", "package nested\n"),
    ("tax/go.mod", "module example.com/tax/v2\n\ngo 1.22\n"),
    ("tax/tax.go", "package tax\n\nconst Name = \"tax\"\n"),
    ("outside/go.mod", "module example.com/outside\n"),
    ("outside/o.go", "package outside\n"),
];

/// A folder with the modules, links resolved as `go` prints them.
pub fn shop() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), SHOP);
    let path = folder.path().canonicalize().expect("a path");
    (folder, path)
}

#[test]
fn replaced_and_nested_modules() {
    let (_keep, folder) = shop();
    // The vendor folder has no modules.txt: `go` would refuse to use it.
    let shop = folder.join("shop");
    for patterns in [
        &["./..."][..],
        &["./deep/...", "./vendor/..."],
        &["example.com/shop/..."],
        &["example.com/..."],
        &["work"],
        &["./nested/..."],
    ] {
        compare(&Question::new(&shop, patterns).env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").tests());
        compare(
            &Question::new(&shop, patterns)
                .env("GOFLAGS", "-mod=mod")
                .env("GOPROXY", "off")
                .env("GOOS", "windows")
                .env("CGO_ENABLED", "0"),
        );
    }
    compare_modules(&Question::new(&shop, &["."]).env("GOFLAGS", "-mod=mod").env("GOPROXY", "off"));
}

#[test]
fn an_untidy_module_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = [
        (
            "main/go.mod",
            "module m\n\ngo 1.24\n\nrequire x.org/a v1.0.0\n\nreplace x.org/a => ../a\n\nreplace x.org/b v1.5.0 => ../b\n\nreplace x.org/b v1.0.0 => ../none\n",
        ),
        // Only the module graph has x.org/b.
        ("main/m.go", "package m\n\nimport _ \"x.org/b/in\"\n"),
        ("a/go.mod", "module x.org/a\n\ngo 1.24\n\nrequire x.org/b v1.5.0\n"),
        ("b/go.mod", "module x.org/b\n\ngo 1.22\n"),
        ("b/in/b.go", "package in\n\nimport _ \"os\"\n"),
    ];
    write(folder.path(), &files);
    let main = folder.path().canonicalize().expect("a path").join("main");
    compare(&Question::new(&main, &["./..."]).env("GOPROXY", "off").env("GOFLAGS", "-mod=mod"));
    // `go` has written the module it found into go.mod.
    write(folder.path(), &files[..1]);
    let loaded = crate::go::load(&Question::new(&main, &["./..."]).env("GOPROXY", "off"));
    assert!(loaded.modules_complete);
    assert_eq!(loaded.unknown, []);
    assert!(loaded.packages.iter().any(|package| &*package.path == "x.org/b/in" && package.files[0].language.0 == 22));
}

#[test]
fn another_module_file() {
    let (_keep, folder) = shop();
    let shop = folder.join("shop");
    std::fs::remove_dir_all(shop.join("vendor")).expect("remove");
    let text = std::fs::read_to_string(shop.join("go.mod")).expect("read");
    std::fs::write(shop.join("other.mod"), text.replace("../tax", "../levy").replace("go 1.25", "go 1.24")).expect("write");
    std::fs::rename(folder.join("tax"), folder.join("levy")).expect("rename");
    compare(&Question::new(&shop, &["./..."]).env("GOFLAGS", "-mod=mod -modfile=other.mod '-tags=a b'").env("GOPROXY", "off"));
}

#[test]
fn a_workspace_of_folders() {
    let (_keep, folder) = shop();
    write(
        &folder,
        &[(
            "go.work",
            "go 1.25\n\nuse (\n\t./shop\n\t\"./stock\"\n)\n\nuse ./shop/nested\n\nreplace example.com/tax/v2 => ./tax\n",
        )],
    );
    std::fs::remove_dir_all(folder.join("shop/vendor")).expect("remove");
    for (start, patterns) in [
        ("shop", &["./..."][..]),
        ("stock", &["./..."]),
        ("", &["./shop/...", "./stock/..."]),
        ("shop", &["work"]),
        ("shop/nested", &["./...", "example.com/shop"]),
    ] {
        compare(&Question::new(&folder.join(start), patterns).env("GOPROXY", "off").tests());
    }
    compare(
        &Question::new(&folder.join("shop"), &["./..."]).env("GOWORK", "off").env("GOFLAGS", "-mod=mod").env("GOPROXY", "off"),
    );
    compare_modules(&Question::new(&folder.join("shop"), &["."]).env("GOPROXY", "off"));
}

#[test]
fn a_workspace_of_real_modules() {
    let folder = tempfile::tempdir().expect("a folder");
    let modules = ["testbed", "testbed/incident", "testbed/mixed", "testbed/trace-oracle", "testbed/costs"];
    let uses: Vec<String> = modules.iter().map(|module| format!("use {}\n", repository(module).display())).collect();
    let uses = uses.concat();
    let file = folder.path().join("go.work");
    std::fs::write(&file, format!("go 1.26.0\n\n{uses}")).expect("write");
    for module in ["testbed", "testbed/trace-oracle"] {
        let place = repository(module);
        compare(&Question::new(&place, &["./..."]).env("GOWORK", file.display().to_string()).tests());
    }
    compare_modules(&Question::new(&repository("testbed"), &["./load"]).env("GOWORK", file.display().to_string()));
}

#[test]
fn vendor_folders() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().canonicalize().expect("a path").join("traces");
    copy(&repository("testbed/trace-oracle"), &root);
    go(&root, &["mod", "vendor"]);
    compare(&Question::new(&root, &["./..."]).tests());
    compare(&Question::new(&root, &["./...", "golang.org/x/exp/trace"]).env("GOFLAGS", "-mod=vendor"));
    compare(&Question::new(&root, &["./..."]).env("GOFLAGS", "-mod=readonly").env("GOOS", "darwin").env("GOARCH", "arm64"));
    // A folder that modules.txt does not list counts for nothing.
    write(
        &root,
        &[
            ("vendor/example.com/by/hand/x.go", "package hand\n"),
            ("more/more.go", "package more\n\nimport _ \"example.com/by/hand\"\n"),
        ],
    );
    compare(&Question::new(&root, &["./..."]));
    // Of a workspace.
    let (_keep, work) = shop();
    std::fs::remove_dir_all(work.join("shop/vendor")).expect("remove");
    std::fs::remove_file(work.join("stock/shelf/shelf.go")).expect("remove");
    write(
        &work,
        &[
            ("stock/shelf/shelf.go", "package shelf\n"),
            ("go.work", "go 1.25\n\nuse ./shop\n\nreplace example.com/tax/v2 => ./tax\n"),
        ],
    );
    std::fs::remove_dir_all(work.join("shop/othersystem")).expect("remove");
    go(&work, &["work", "vendor"]);
    compare(&Question::new(&work.join("shop"), &["./..."]).env("GOPROXY", "off"));
}

fn go(folder: &Path, arguments: &[&str]) {
    let mut go = Command::new(goroot().join("bin/go"));
    go.args(arguments).current_dir(folder).env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOROOT", goroot());
    assert!(go.status().expect("start go").success(), "go {arguments:?}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("make a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &name);
        } else {
            std::fs::copy(entry.path(), name).expect("copy");
        }
    }
}
