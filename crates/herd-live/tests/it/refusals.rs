//! What must be refused rather than guessed.

use std::path::{Path, PathBuf};
use std::process::Command;

use herd_live::LiveError;

use crate::program::{Program, Toolchain, copy_executable, newest, toolchains};

#[test]
fn a_process_that_is_not_go() {
    let mut child = Command::new("sleep").arg("60").spawn().expect("sleep");
    let refused = herd_live::process(child.id().try_into().expect("a process id"));
    assert!(matches!(refused, Err(LiveError::NotGo(_))), "refused");
    child.kill().expect("its end");
    child.wait().expect("its end");
    let gone = herd_live::process(child.id().try_into().expect("a process id"));
    assert!(matches!(gone, Err(LiveError::NoSuchProcess(_))), "{gone:?}");
}

/// A copy of an executable that claims to be of another version.
pub fn claiming(built: &Path, toolchain: &Toolchain, claimed: &str, folder: &Path) -> PathBuf {
    let own = format!("go{}.", toolchain.minor);
    let mut patched = std::fs::read(built).expect("the executable");
    let info = memchr::memmem::find(&patched, b"\xff Go buildinf:").expect("build information");
    let at = info + memchr::memmem::find(&patched[info..], own.as_bytes()).expect("the version");
    patched[at..at + claimed.len()].copy_from_slice(claimed.as_bytes());
    let path = folder.join("patched");
    let bytes = folder.join("bytes");
    std::fs::write(&bytes, patched).expect("a patched copy");
    let mode = std::fs::metadata(built).expect("the executable").permissions();
    std::fs::set_permissions(&bytes, mode).expect("its mode");
    copy_executable(&bytes, &path);
    path
}

/// The version is written into the executable; another one means another layout.
#[test]
fn a_version_of_the_future_and_one_that_lies() {
    let toolchain = newest();
    let built = toolchain.build("parked", "plain", &[], false);
    for (claimed, refused) in [("go1.99.", "not known"), ("go1.21.", "DWARF")] {
        let folder = tempfile::tempdir().expect("a folder");
        let program = Program::start(&claiming(&built, &toolchain, claimed, folder.path()), &["-n", "1"]);
        let error = herd_live::process(program.pid()).expect_err("a refusal").to_string();
        assert!(error.contains(refused), "{claimed}: {error}");
    }
}

/// Without DWARF the table cannot be checked beforehand; what is read with a wrong one contradicts itself.
#[test]
fn a_wrong_table_without_dwarf_to_tell() {
    for toolchain in toolchains().into_iter().filter(|toolchain| toolchain.number() >= 26) {
        let built = toolchain.build("parked", "stripped", &["-ldflags=-s -w"], false);
        for claimed in ["go1.21.", "go1.22.", "go1.23.", "go1.24."] {
            let folder = tempfile::tempdir().expect("a folder");
            let program = Program::start(&claiming(&built, &toolchain, claimed, folder.path()), &["-n", "20"]);
            let refused = herd_live::process(program.pid());
            let is_refused = matches!(refused, Err(LiveError::Inconsistent(_) | LiveError::Missing { .. }));
            assert!(is_refused, "Go {} as {claimed}", toolchain.minor);
        }
    }
}

/// A process that ends or runs another program while it is read.
#[test]
fn a_process_that_goes_away() {
    let toolchain = newest();
    let built = toolchain.build("parked", "plain", &[], false);
    for how in ["exit", "exec"] {
        for delay in [0, 1, 2, 5, 10, 20] {
            let mut program = Program::start(&built, &["-n", "500"]);
            let pid = program.pid();
            program.begin(how);
            std::thread::sleep(std::time::Duration::from_millis(delay));
            match herd_live::process(pid) {
                Ok(reading) => assert!(reading.snapshot.goroutines > 10_000, "{how}: all or nothing"),
                Err(
                    LiveError::Gone(_)
                    | LiveError::NoSuchProcess(_)
                    | LiveError::NotGo(_)
                    | LiveError::Missing { .. }
                    | LiveError::Io { .. },
                ) => {}
                Err(other) => panic!("{how} after {delay} ms: {other}"),
            }
        }
    }
}
