//! Records `testbed/regress` as it is, under other names, and worse in several ways: what `goherd diff` is tested with.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::bench::succeed;
use crate::bench_diff::{KINDS, build};
use crate::docs::root;
use crate::fixtures::with_string_replaced;

/// Most bytes all recordings may have together.
const BYTES_MAX: u64 = 512 << 10;
/// Where the program stands in the recordings.
const PROGRAM: &str = "/srv/regress";

/// Name, shape, flags, and the kinds that are kept.
const RUNS: &[(&str, &str, &[&str], &[&str])] = &[
    ("before", "plain", &[], &KINDS),
    ("again", "plain", &["-rate", "120"], &KINDS),
    ("renamed", "names", &[], &KINDS),
    ("hot", "plain", &["-worse", "hot"], &["cpu"]),
    ("renamed-slower", "names", &["-worse", "slower"], &["cpu"]),
    ("leak", "plain", &["-worse", "leak"], &["goroutine"]),
    ("resident", "plain", &["-worse", "resident"], &["heap"]),
    ("short", "plain", &["-seconds", "1"], &["cpu"]),
];

/// Most bytes all recorded traces may have together, packed.
const TRACE_BYTES_MAX: usize = 640 << 10;

/// Name, shape and flags of the execution traces.
const TRACES: &[(&str, &str, &[&str])] = &[
    ("before", "plain", &[]),
    ("again", "plain", &["-rate", "115"]),
    ("again-2", "plain", &["-rate", "95"]),
    ("renamed", "names", &[]),
    ("held", "plain", &["-worse", "held"]),
    ("held-2", "plain", &["-worse", "held", "-rate", "110"]),
    ("pause", "plain", &["-worse", "pause"]),
    ("leak", "plain", &["-worse", "leak"]),
    ("loaded", "plain", &["-worse", "slower", "-rate", "220"]),
    ("short", "plain", &["-seconds", "0.1"]),
];

/// `fixtures-diff [--traces]`; with the flag only the execution traces.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let folder = root().join("fixtures/diff");
    let scratch = tempfile::Builder::new().prefix("goherd-diff").tempdir().context("make a folder to record in")?;
    record_traces(&folder.join("traces"), scratch.path())?;
    if args.iter().any(|arg| arg == "--traces") {
        return Ok(());
    }
    let mut bytes = 0;
    for (name, shape, flags, kinds) in RUNS {
        let program = build(scratch.path(), shape)?;
        let out = scratch.path().join(name);
        fs::create_dir_all(&out)?;
        succeed(Command::new(&program).args(["-seconds", "10"]).args(*flags).arg("-out").arg(&out))?;
        fs::create_dir_all(folder.join(name))?;
        for kind in *kinds {
            let file = format!("{kind}.pb.gz");
            let proto = fs::read(out.join(&file)).with_context(|| format!("read {file}"))?;
            let program = program.to_str().context("the folder for recordings is no text")?;
            let proto = with_string_replaced(&proto, program, PROGRAM)?;
            bytes += proto.len() as u64;
            fs::write(folder.join(name).join(&file), proto)?;
        }
    }
    if bytes > BYTES_MAX {
        bail!("the recordings have {bytes} bytes, more than {BYTES_MAX}");
    }
    write_readme(&folder)
}

fn record_traces(folder: &Path, scratch: &Path) -> anyhow::Result<()> {
    let mut bytes = 0;
    fs::create_dir_all(folder)?;
    for (name, shape, flags) in TRACES {
        let program = build(scratch, shape)?;
        let out = scratch.join(format!("trace-{name}"));
        fs::create_dir_all(&out)?;
        succeed(Command::new(&program).args(["-trace", "-seconds", "2.5"]).args(*flags).arg("-out").arg(&out))?;
        let trace = fs::read(out.join("trace.out")).context("read a trace")?;
        let packed = zstd::encode_all(trace.as_slice(), 19).context("pack a trace")?;
        bytes += packed.len();
        fs::write(folder.join(format!("{name}.trace.zst")), packed)?;
    }
    if bytes > TRACE_BYTES_MAX {
        bail!("the traces have {bytes} bytes, more than {TRACE_BYTES_MAX}");
    }
    Ok(())
}

fn write_readme(folder: &Path) -> anyhow::Result<()> {
    let version = Command::new("go").args(["env", "GOVERSION"]).output().context("start go")?;
    let version = String::from_utf8(version.stdout)?;
    let text = format!(
        "\
# Pairs to compare

Written by `cargo xtask fixtures-diff` with {}; not edited by hand. Each folder holds what one run of `testbed/regress` wrote of itself
in ten seconds at a hundred requests a second: `before`; `again` at 120; `renamed`, where functions and a type have other names; `hot`,
`renamed-slower`, `leak` and `resident`, each worse in one way; `short` for a second only. Nothing was changed but the path of the
program, which is set to `{PROGRAM}`.

`traces` holds execution traces of the same program, 2.5 s each and packed: `before`; `again` and `again-2` at other rates; `renamed`;
`held` and `held-2`, where a lock is held for longer, `pause`, where requests wait anew, `leak`, where one of eight leaves a goroutine;
`loaded`, where each costs more and there are twice as many; `short` for a tenth of a second.
",
        version.trim()
    );
    fs::write(folder.join("README.md"), text).context("write fixtures/diff/README.md")
}
