//! Writes `crates/herd-golang/data/std.zst`: the declarations of the standard library, for machines without a Go toolchain.
//!
//! Kept is what importers can see and what that is made of: exported names, the methods of kept types, fields, and those unexported types,
//! constants and functions that a kept declaration names. Bodies, comments and the contents of composite literals are left out. Files are
//! those of linux/amd64 without cgo, by the newest toolchain that is recorded.

mod declared;
mod packed;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use herd_golang::load::{self, Context, PackageId, Role, Target, Tests, Workspace};
use herd_golang::{Interner, Mode, parse};

use crate::docs::root;
use crate::fixtures;
use declared::Source;

const DATA: &str = "crates/herd-golang/data/std.zst";

/// What the file may weigh; it is part of the binary.
const BYTES_MAX: usize = 700_000;

/// A package as it is written down.
struct Package {
    path: String,
    name: String,
    files: Vec<Written>,
}

/// One file of it.
struct Written {
    name: String,
    text: String,
    /// Path and line of each import.
    imports: Vec<(String, u32)>,
}

/// `std [--check]`; with `--check` it says whether the file is what the toolchain gives. With `--unpack FOLDER` its sources are written there.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let minor = fixtures::minors().last().context("no toolchain is recorded")?;
    let go = fixtures::go_command(minor)?;
    let goroot = go.ancestors().nth(2).context("a toolchain's folder holds bin/go")?.to_owned();
    let (version, packages) = declared_packages(goroot.clone())?;
    match args {
        [flag, folder] if flag == "--unpack" => unpack(&packages, folder.as_ref()),
        [] => {
            let packed = packed::pack(&version, &packages)?;
            anstream::println!("{} packages of Go {version}: {} bytes", packages.len(), packed.len());
            if packed.len() > BYTES_MAX {
                bail!("{DATA} would be {} bytes, more than {BYTES_MAX}", packed.len());
            }
            std::fs::create_dir_all(root().join(DATA).parent().context("the file is in a folder")?)?;
            std::fs::write(root().join(DATA), packed).with_context(|| format!("write {DATA}"))?;
            Ok(())
        }
        [flag] if flag == "--check" => {
            if std::fs::read(root().join(DATA)).with_context(|| format!("read {DATA}"))? != packed::pack(&version, &packages)? {
                bail!("{DATA} is not what Go {version} gives: run `cargo xtask std`");
            }
            Ok(())
        }
        _ => bail!("usage: cargo xtask std [--check | --unpack FOLDER]"),
    }
}

fn unpack(packages: &[Package], folder: &std::path::Path) -> anyhow::Result<()> {
    for package in packages {
        let folder = folder.join(&package.path);
        std::fs::create_dir_all(&folder)?;
        for file in &package.files {
            std::fs::write(folder.join(&file.name), &file.text)?;
        }
    }
    Ok(())
}

/// The packages, by path, and the toolchain's version.
fn declared_packages(goroot: PathBuf) -> anyhow::Result<(String, Vec<Package>)> {
    let folder = tempfile::tempdir().context("make a folder to load from")?;
    let mut context = Context::from_variables(&|_| None);
    (context.goos, context.goarch, context.cgo) = ("linux".into(), "amd64".into(), false);
    (context.goroot, context.toolchain) = (Some(goroot), Some("local".into()));
    (context.tests, context.workspace) = (Tests::None, Workspace::Off);
    let program = load::program(folder.path(), &["std", "builtin"], &context);
    let version =
        program.toolchain.toolchain.as_ref().context("the toolchain is not where it was said to be")?.version.to_string();
    let names = Interner::new();
    let mut sources: BTreeMap<PackageId, Source> = BTreeMap::new();
    for (number, package) in (0..).zip(&program.packages) {
        let mut source = Source { package: package.name.to_string(), files: Vec::new() };
        for file in package.files.iter().filter(|file| matches!(file.role, Role::Package | Role::Cgo)) {
            let path = package.folder.join(&*file.name);
            let text = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
            let parsed = parse(text, &names, Mode::Declarations);
            if let Some(error) = parsed.errors.first() {
                bail!("{}: {}", path.display(), error.message);
            }
            source.files.push((file.name.to_string(), parsed));
        }
        sources.insert(PackageId(number), source);
    }
    // What anybody may import, then what that is made of.
    let is_public = |path: &str| !path.starts_with("vendor/") && !path.split('/').any(|part| part == "internal");
    let mut wanted: Vec<PackageId> = Vec::new();
    let mut done: BTreeSet<PackageId> = BTreeSet::new();
    let mut packages = Vec::new();
    wanted.extend(
        (0..).zip(&program.packages).filter(|(_, package)| is_public(&package.path)).map(|(number, _)| PackageId(number)),
    );
    while let Some(id) = wanted.pop() {
        if !done.insert(id) {
            continue;
        }
        let package = program.package(id).context("packages are numbered")?;
        let name_of = |path: &str| match package.import(Role::Package, path) {
            Some(Target::Package(id)) => program.package(id).map(|package| package.name.to_string()),
            Some(Target::Unknown(_)) | None => None,
        };
        let files = declared::written(&sources[&id], &names, name_of);
        for (path, _) in files.iter().flat_map(|file| &file.imports) {
            if let Some(Target::Package(id)) = package.import(Role::Package, path) {
                wanted.push(id);
            }
        }
        packages.push(Package { path: package.path.to_string(), name: package.name.to_string(), files });
    }
    packages.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((version, packages))
}
