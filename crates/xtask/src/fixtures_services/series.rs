//! Series of the healthy and the leaking services: all run at once, each is asked every ten seconds.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::target::{self, Target};
use super::{Wanted, marks, readme, stamp, write_recording};
use crate::docs::root;

const STEP: Duration = Duration::from_secs(10);
const FILE_BYTES_MAX: usize = 200_000;

/// One service while it is recorded.
struct Recording {
    kind: &'static str,
    target: Target,
    debug2: Vec<u8>,
    debug1: Vec<u8>,
    last_debug2: Vec<u8>,
    totals: Vec<u64>,
}

pub fn record(wanted: &Wanted) -> anyhow::Result<()> {
    let version = target::go_version(&wanted.go)?;
    let work = tempfile::tempdir()?;
    let modfile = module_for(&version, work.path())?;
    let mut binaries = Vec::new();
    for (kind, chosen) in [("healthy", wanted.healthy), ("leaking", wanted.leaking)] {
        let names = if chosen { services(kind)? } else { Vec::new() };
        for name in names.into_iter().filter(|name| wanted.only.is_empty() || wanted.only.contains(name)) {
            anstream::println!("building {kind}/{name}");
            let package = format!("./{kind}/{name}");
            let binary = target::build(&wanted.go, &root().join("testbed"), &package, Some(&modfile), work.path())?;
            binaries.push((kind, binary, name));
        }
    }
    if binaries.is_empty() {
        bail!("no such service");
    }
    let mut recordings = Vec::new();
    for (kind, binary, name) in &binaries {
        let target = target::start(name, binary, &[], work.path())?;
        recordings.push(Recording { kind, target, debug2: vec![], debug1: vec![], last_debug2: vec![], totals: vec![] });
    }
    watch(&mut recordings, wanted.snapshots)?;
    for recording in &recordings {
        save(recording, &version)?;
    }
    drop(recordings);
    readme::write("healthy")?;
    readme::write("leaking")
}

/// The names of the programs of a kind.
pub fn services(kind: &str) -> anyhow::Result<Vec<String>> {
    let folder = root().join("testbed").join(kind);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("list {}", folder.display()))? {
        let entry = entry?;
        if entry.path().join("main.go").is_file() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The `go` line of a module sets the defaults of the runtime, so each version gets its own.
fn module_for(version: &str, work: &Path) -> anyhow::Result<PathBuf> {
    let testbed = root().join("testbed");
    let line = format!("go {}.0", target::minor(version).trim_start_matches("go"));
    let text = std::fs::read_to_string(testbed.join("go.mod"))?;
    let text: Vec<_> = text.lines().map(|text| if text.starts_with("go 1.") { &line } else { text }).collect();
    let modfile = work.join("version.mod");
    std::fs::write(&modfile, text.join("\n"))?;
    std::fs::copy(testbed.join("go.sum"), work.join("version.sum"))?;
    Ok(modfile)
}

fn watch(recordings: &mut [Recording], snapshots: u32) -> anyhow::Result<()> {
    let start = Instant::now();
    // Every service is up by then, and its warm-up is still in the picture.
    let first = Duration::from_secs(2);
    for number in 0..snapshots {
        sleep((STEP * number + first).saturating_sub(start.elapsed()));
        for recording in recordings.iter_mut() {
            shoot(recording)?;
        }
        anstream::println!("snapshot {} of {snapshots}, {:.1} s", number + 1, start.elapsed().as_secs_f64());
    }
    Ok(())
}

fn shoot(recording: &mut Recording) -> anyhow::Result<()> {
    let stamp = stamp()?;
    let debug1 = target::fetch(&recording.target, "/debug/pprof/goroutine?debug=1")?;
    let debug2 = target::fetch(&recording.target, "/debug/pprof/goroutine?debug=2")?;
    recording.totals.push(target::stated_total(&debug1)?);
    for (series, text) in [(&mut recording.debug1, &debug1), (&mut recording.debug2, &debug2)] {
        series.extend_from_slice(stamp.as_bytes());
        series.push(b'\n');
        series.extend_from_slice(text);
        series.push(b'\n');
    }
    recording.last_debug2 = debug2;
    Ok(())
}

fn save(recording: &Recording, version: &str) -> anyhow::Result<()> {
    let minor = target::minor(version);
    let name = &recording.target.name;
    let folder = root().join("fixtures").join(recording.kind).join(name);
    let source = root().join("testbed").join(recording.kind).join(name);
    marks::check(name, &marks::read(&source)?, &recording.last_debug2)?;
    let put = |what: &str, bytes: &[u8]| write_recording(&folder.join(format!("{minor}.{what}.zst")), bytes, FILE_BYTES_MAX);
    let series = put("series.txt", &recording.debug2)?;
    put("series1.txt", &recording.debug1)?;
    put("debug0.pb", &target::fetch(&recording.target, "/debug/pprof/goroutine?debug=0")?)?;
    // The leak profile comes last: it changes what later dumps say. Go 1.26 does not offer it.
    if minor != "go1.26" {
        put("leak1.txt", &target::fetch(&recording.target, "/debug/pprof/goroutineleak?debug=1")?)?;
        put("leak0.pb", &target::fetch(&recording.target, "/debug/pprof/goroutineleak?debug=0")?)?;
    }
    let mut totals = String::new();
    for total in &recording.totals {
        write!(totals, " {total}")?;
    }
    anstream::println!("{name}:{totals} goroutines; series {series} bytes");
    Ok(())
}
