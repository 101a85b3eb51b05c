//! The oracle of `testbed/flow-oracle`, and the functions of a file as it numbers them.

use std::path::{Path, PathBuf};
use std::process::Command;

use herd_golang::ast::{Decl, Expr, File, Node, StmtId};
use herd_golang::{Descend, walk};

use crate::support::go_roots;

/// Where its source is.
pub fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/flow-oracle")
}

/// Builds a Go program with the newest toolchain there is.
pub fn build(folder: &Path, binary: &Path) {
    let (minor, root) = go_roots().pop().expect("a toolchain");
    let mut go = Command::new(root.join("bin/go"));
    go.args(["build", "-trimpath", "-o"]).arg(binary).arg(".").current_dir(folder);
    go.env("GOROOT", &root).env("GOTOOLCHAIN", "local").env("GOFLAGS", "-buildvcs=false");
    assert!(go.status().expect("go starts").success(), "{} does not build with Go {minor}", folder.display());
}

/// Builds the oracle into a folder, unless it is there.
pub fn built(folder: &Path) -> PathBuf {
    let binary = folder.join("flow-oracle");
    if !binary.exists() {
        build(&source(), &binary);
    }
    binary
}

/// Functions that the oracle makes up at random.
pub fn generated(folder: &Path, seed: u32, functions: usize) -> Vec<u8> {
    let mut oracle = Command::new(built(folder));
    let output = oracle.args(["-generate", &seed.to_string(), "-functions", &functions.to_string()]).output().expect("it starts");
    assert!(output.status.success());
    output.stdout
}

/// The bodies of all functions of a file, in the order in which they start.
pub fn bodies(file: &File) -> Vec<StmtId> {
    let mut bodies = Vec::new();
    walk(file, Node::File, |node| {
        match node {
            Node::Decl(id) => {
                if let Decl::Func { body: Some(body), .. } = *file.decl(id) {
                    bodies.push(body);
                }
            }
            Node::Expr(id) => {
                if let Expr::FuncLit { body, .. } = *file.expr(id) {
                    bodies.push(body);
                }
            }
            _ => {}
        }
        Descend::Into
    });
    bodies
}
