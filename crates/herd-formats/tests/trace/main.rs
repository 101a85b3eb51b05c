//! Execution traces: every figure against golang.org/x/exp/trace, and damage of every kind.

#[path = "../support/damage.rs"]
mod damage;
mod damaged;
mod mutated;
mod oracle;

use std::fs;
use std::path::{Path, PathBuf};

use herd_analysis::trace::{Finished, Portrait, Shown, Weighed};
use herd_formats::trace::{Summary, Times, TraceError, read};
use herd_model::TraceTables;

/// Where recordings lie.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/traces")
}

/// Every recorded trace: its name such as `go1.27/leaky`, and its bytes.
fn recordings() -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for version in
        fs::read_dir(folder()).expect("a recording").map(|entry| entry.expect("a recording").path()).filter(|path| path.is_dir())
    {
        for path in fs::read_dir(&version).expect("a recording").map(|entry| entry.expect("a recording").path()) {
            let name = path.file_name().expect("a recording").to_str().expect("a recording");
            if let Some(name) = name.strip_suffix(".trace.zst") {
                let version = version.file_name().expect("a recording").to_str().expect("a recording");
                found.push((
                    format!("{version}/{name}"),
                    zstd::decode_all(fs::File::open(&path).expect("a recording")).expect("a recording"),
                ));
            }
        }
    }
    found.sort();
    assert!(found.len() >= 15, "{} recordings", found.len());
    found
}

/// One of them.
fn recording(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.trace.zst"));
    zstd::decode_all(fs::File::open(path).expect("a recording")).expect("a recording")
}

/// A trace read and measured.
struct Seen {
    /// What the reader counted.
    summary: Summary,
    /// What it shows.
    finished: Finished,
}

/// Reads and measures.
fn seen(bytes: &[u8], times: Times) -> Result<Seen, TraceError> {
    let (mut tables, mut portrait) = (TraceTables::new(), Portrait::default());
    let summary = read(bytes, times, &mut tables, &mut portrait)?;
    let shown = Shown { rows: usize::MAX, stacks: 5, weighed: Some(Weighed::Waits) };
    let finished = portrait.finish(shown, &tables, &mut std::collections::BTreeMap::default());
    Ok(Seen { summary, finished })
}
