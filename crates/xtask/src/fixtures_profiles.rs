//! Records profiles of every kind from `testbed/profiles`, in both forms Go has, on every Go minor, and beside them what
//! `go tool pprof` makes of each.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use time::OffsetDateTime;

use crate::bench::succeed;
use crate::docs::root;
use crate::fixtures::{chosen_minors, go_command, with_string_replaced};

/// Most bytes all recordings may have together.
const BYTES_MAX: u64 = 2 << 20;
/// Where the program stands in the recordings.
const PROGRAM: &str = "/srv/profiles";

/// Profiles the program writes in profile.proto, their sample types, and the unit in which `go tool pprof` prints those without rounding.
const KINDS: &[(&str, &[(&str, &str)])] = &[
    ("cpu", &[("samples", "count"), ("cpu", "ns")]),
    ("heap", HEAP),
    ("allocs", HEAP),
    ("block", CONTENTION),
    ("mutex", CONTENTION),
    ("goroutine", &[("goroutine", "count")]),
    ("threadcreate", &[("threadcreate", "count")]),
    ("custom", &[("example.com/handles", "count")]),
];
const HEAP: &[(&str, &str)] =
    &[("alloc_objects", "count"), ("alloc_space", "B"), ("inuse_objects", "count"), ("inuse_space", "B")];
const CONTENTION: &[(&str, &str)] = &[("contentions", "count"), ("delay", "ns")];

/// `fixtures-profiles [--go 1.NN]…`; without a version all of them.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let folder = root().join("fixtures/profiles");
    for minor in chosen_minors(args)? {
        let bytes = record(&minor, &folder.join(format!("go{minor}")))?;
        anstream::eprintln!("go{minor}: {bytes} bytes");
    }
    let all = fs::read_dir(&folder)?.map(|entry| bytes_in(&entry?.path())).sum::<anyhow::Result<u64>>()?;
    if all > BYTES_MAX {
        bail!("the recordings have {all} bytes, more than {BYTES_MAX}");
    }
    write_readme(&folder)
}

fn bytes_in(path: &Path) -> anyhow::Result<u64> {
    if !path.is_dir() {
        return Ok(0);
    }
    let mut sum = 0;
    for entry in fs::read_dir(path)? {
        sum += entry?.metadata()?.len();
    }
    Ok(sum)
}

fn record(minor: &str, to: &Path) -> anyhow::Result<u64> {
    let scratch = tempfile::Builder::new().prefix("goherd-profiles").tempdir().context("make a folder to record in")?;
    let program = build(minor, scratch.path())?;
    let out = scratch.path().join("out");
    fs::create_dir_all(&out)?;
    succeed(Command::new(&program).arg("-out").arg(&out).env("GOMAXPROCS", "2"))?;
    fs::create_dir_all(to)?;
    let mut expected = String::new();
    for (kind, types) in KINDS {
        let name = format!("{kind}.pb.gz");
        let proto = fs::read(out.join(&name)).with_context(|| format!("read {name}"))?;
        let program = program.to_str().context("the folder for recordings is no text")?;
        let proto = with_string_replaced(&proto, program, PROGRAM)?;
        fs::write(to.join(&name), &proto)?;
        for (sample_type, unit) in *types {
            for granularity in ["functions", "lines"] {
                writeln!(expected, "== {kind} {sample_type} {granularity}")?;
                expected += &top(&to.join(&name), sample_type, unit, granularity)?;
            }
        }
        // A CPU profile has no text form.
        if *kind != "cpu" {
            let text = fs::read(out.join(format!("{kind}.txt"))).with_context(|| format!("read {kind}.txt"))?;
            pack(&to.join(format!("{kind}.txt.zst")), &text)?;
        }
    }
    pack(&to.join("expected.txt.zst"), expected.as_bytes())?;
    bytes_in(to)
}

fn pack(path: &Path, text: &[u8]) -> anyhow::Result<()> {
    if String::from_utf8_lossy(text).lines().any(|line| line.contains("\t/")) {
        bail!("{} would hold a path of this machine", path.display());
    }
    fs::write(path, zstd::bulk::compress(text, 19)?).with_context(|| format!("write {}", path.display()))
}

/// Builds the program in a module of the version's own, with stacks that name no folder of this machine.
fn build(minor: &str, scratch: &Path) -> anyhow::Result<PathBuf> {
    let module = scratch.join("module");
    fs::create_dir_all(&module)?;
    fs::write(module.join("go.mod"), format!("module example.com/profiles\n\ngo {minor}\n"))?;
    fs::copy(root().join("testbed/profiles/main.go"), module.join("main.go")).context("copy testbed/profiles/main.go")?;
    let program = scratch.join("profiles");
    let mut go = Command::new(go_command(minor)?);
    go.current_dir(&module).args(["build", "-trimpath", "-buildvcs=false", "-o"]).arg(&program).arg(".");
    succeed(go.env_remove("GOROOT").env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOWORK", "off").env("CGO_ENABLED", "0"))?;
    Ok(program)
}

/// What `go tool pprof` of the installed Go prints, every row of it.
fn top(profile: &Path, sample_type: &str, unit: &str, granularity: &str) -> anyhow::Result<String> {
    let mut pprof = Command::new("go");
    pprof.args(["tool", "pprof", "-top", "-symbolize=none", "-nodecount=0", "-nodefraction=0", "-edgefraction=0"]);
    pprof.arg(format!("-sample_index={sample_type}")).arg(format!("-unit={unit}")).arg(format!("-{granularity}")).arg(profile);
    let output = pprof.output().context("start go tool pprof")?;
    if !output.status.success() {
        bail!("{pprof:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    String::from_utf8(output.stdout).context("read what go tool pprof says")
}

fn write_readme(folder: &Path) -> anyhow::Result<()> {
    let version = Command::new("go").args(["env", "GOVERSION"]).output().context("start go")?;
    let version = String::from_utf8(version.stdout)?;
    let text = format!(
        "\
# Profiles

Written by `cargo xtask fixtures-profiles` on {}; not edited by hand. Each folder holds what one run of `testbed/profiles`, built with
that Go version (linux/amd64, no cgo, `-trimpath`), wrote of itself: every kind in profile.proto (`*.pb.gz`) and, of the same state, in
text (`*.txt.zst`, `debug=1`). Nothing was changed but the path of the program, which is set to `{PROGRAM}`.

`expected.txt.zst` is what `go tool pprof -top` of {} prints of each profile.proto: every sample type, by function and by line, all
rows, in the unit that needs no rounding.
",
        OffsetDateTime::now_utc().date(),
        version.trim(),
    );
    fs::write(folder.join("README.md"), text).context("write the page beside the recordings")
}
