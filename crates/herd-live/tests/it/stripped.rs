//! Without a symbol table the runtime's variables are known by what they look like: the same ones, and the same proofs and waits.

use herd_live::{Landmarks, Names};

use crate::program::{Program, Toolchain, toolchains};

/// Ways to link: name, arguments, with C.
const BUILDS: [(&str, &[&str], bool); 3] = [("plain", &[], false), ("pie", &["-buildmode=pie"], false), ("cgo", &[], true)];

/// Starts the program that waits on everything.
fn waits(toolchain: &Toolchain, name: &str, args: &[&str], cgo: bool, folder: &tempfile::TempDir) -> Program {
    let truth = folder.path().join("truth");
    Program::start(&toolchain.build("waits", name, args, cgo), &["-truth", truth.to_str().expect("a path")])
}

#[test]
fn the_variables_symbols_name() {
    for toolchain in toolchains() {
        for (name, args, cgo) in BUILDS {
            let folder = tempfile::tempdir().expect("a folder");
            let program = waits(&toolchain, name, args, cgo, &folder);
            let [named, found] = [Names::Used, Names::Ignored].map(|names| herd_live::landmarks(program.pid(), names));
            let (mut named, mut found) = (named.expect("by symbols"), found.expect("without"));
            let some = |all: &Landmarks| [all.mheap, all.newest_thread].map(|address| address.is_some());
            assert_eq!(some(&named), [true; 2], "Go {} {name}", toolchain.minor);
            assert_eq!(named.semtable.is_some(), toolchain.number() <= 25, "Go {} {name}", toolchain.minor);
            // The list of goroutines only grows.
            let shared = named.goroutines.len().min(found.goroutines.len());
            assert!(shared > 40, "Go {} {name}: {shared} goroutines", toolchain.minor);
            named.goroutines.truncate(shared);
            found.goroutines.truncate(shared);
            assert_eq!(named, found, "Go {} {name}", toolchain.minor);
        }
    }
}
