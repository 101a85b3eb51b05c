//! Records the kernels that show in the runtime's own log, in profiles of allocations or in execution traces, and their cured twins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use herd_patterns::Pattern;
use time::OffsetDateTime;

use crate::bench::succeed;
use crate::docs::root;
use crate::fixtures::{go_command, with_string_replaced};
use crate::{fixtures_runlog, kernels};

/// Go minors that are recorded: before schedtrace changed its form, after, and the newest.
const MINORS: [&str; 3] = ["1.22", "1.25", "1.27"];
/// Instances of the fault.
const INSTANCES: &str = "4";
/// How long a kernel runs.
const SECONDS: &str = "10";
/// How long one is traced.
const TRACED: &str = "600ms";
/// What the runtime is told to print.
const GODEBUG: &str = "gctrace=1,schedtrace=500";
/// Most bytes of one packed recording.
const RECORDING_BYTES_MAX: usize = 200 * 1024;
/// Where the programs stand in the recordings.
const PROGRAM: &str = "/srv/kernels";
/// Variant in file names, source below the pattern's folder, name of its package.
const VARIANTS: [(&str, &str, &str); 2] = [("bad", "kernel/kernel.go", "kernel"), ("fixed", "kernel/fixed/fixed.go", "fixed")];

/// `fixtures-runtime [--traces] [--only SLUG]… [--go 1.NN]…`; with `--traces` nothing but those.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let traces_only = args.iter().any(|arg| arg == "--traces");
    let rest: Vec<String> = args.iter().filter(|arg| *arg != "--traces").cloned().collect();
    let (only, minors) = fixtures_runlog::chosen(&rest, &MINORS)?;
    let patterns = root().join("crates/herd-patterns/src/patterns");
    for pattern in folders(&patterns, &only)? {
        for minor in &minors {
            for variant in VARIANTS {
                let logs = if traces_only { 0 } else { record(&pattern, minor, variant)? };
                let traces = if pattern.join("trace.rs").exists() { trace(&pattern, minor, variant)? } else { 0 };
                anstream::eprintln!("{} go{minor} {}: {} bytes packed", name_of(&pattern), variant.0, logs + traces);
            }
        }
    }
    note(&patterns.join("PROVENANCE-runtime.md"))
}

/// Folders of the patterns that something other than goroutines shows at run time.
fn folders(patterns: &Path, only: &[String]) -> anyhow::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(patterns).with_context(|| format!("list {}", patterns.display()))? {
        let folder = entry?.path();
        let wanted = only.is_empty() || only.iter().any(|slug| *slug == name_of(&folder));
        let recorded = |pattern: &Pattern| pattern.dump.is_none() && !kernels::shown_by_source_alone(pattern);
        if wanted && kernels::of_folder(&folder).is_some_and(recorded) {
            folders.push(folder);
        }
    }
    folders.sort();
    match only.iter().find(|slug| !folders.iter().any(|folder| name_of(folder) == **slug)) {
        Some(missing) => bail!("no kernel that shows in logs or profiles in the pattern folder {missing}"),
        None => Ok(folders),
    }
}

fn name_of(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn record(pattern: &Path, minor: &str, (variant, source, package): (&str, &str, &str)) -> anyhow::Result<usize> {
    let scratch = tempfile::Builder::new().prefix("goherd-runtime").tempdir().context("make a folder to record in")?;
    let program = build(&pattern.join(source), package, minor, scratch.path())?;
    let has_profiles = pattern.join("profile.rs").exists();
    let mut command = Command::new(&program);
    command.args([package, INSTANCES, SECONDS]).env_clear();
    command.env("GOMAXPROCS", "2").env("GODEBUG", GODEBUG).env("TMPDIR", scratch.path());
    if has_profiles {
        command.arg(scratch.path());
    }
    let output = command.output().with_context(|| format!("start {}", program.display()))?;
    let log = String::from_utf8(output.stderr).context("the runtime's log is no text")?;
    if !output.status.success() {
        bail!("{} {variant} ended with {}: {log}", name_of(pattern), output.status);
    }
    // A program that allocates next to nothing is never collected.
    if !log.lines().any(|line| line.starts_with("SCHED ")) {
        bail!("{} {variant} wrote no line of schedtrace: {log}", name_of(pattern));
    }
    let fixtures = pattern.join("fixtures");
    fs::create_dir_all(&fixtures)?;
    let to = |form: &str| fixtures.join(format!("{variant}.go{minor}.{form}"));
    let packed = zstd::bulk::compress(log.as_bytes(), 19)?;
    let mut bytes = write(&to("runlog.txt.zst"), &packed)?;
    if has_profiles {
        for form in ["allocs.pb.gz", "allocs.delta.pb.gz"] {
            let profile = fs::read(scratch.path().join(form)).with_context(|| format!("read {form}"))?;
            let program = program.to_str().context("the folder for recordings is no text")?;
            bytes += write(&to(form), &with_string_replaced(&profile, program, &format!("{PROGRAM}/{package}"))?)?;
        }
    }
    Ok(bytes)
}

fn trace(pattern: &Path, minor: &str, (variant, source, package): (&str, &str, &str)) -> anyhow::Result<usize> {
    let scratch = tempfile::Builder::new().prefix("goherd-runtime").tempdir().context("make a folder to record in")?;
    let program = build(&pattern.join(source), package, minor, scratch.path())?;
    let mut command = Command::new(&program);
    command.args([package, INSTANCES, "1"]).arg(scratch.path()).arg(TRACED).env_clear().env("GOMAXPROCS", "2");
    succeed(&mut command)?;
    let trace = fs::read(scratch.path().join("trace.out")).context("read the trace")?;
    let fixtures = pattern.join("fixtures");
    fs::create_dir_all(&fixtures)?;
    write(&fixtures.join(format!("{variant}.go{minor}.trace.zst")), &zstd::bulk::compress(&trace, 19)?)
}

fn write(path: &Path, packed: &[u8]) -> anyhow::Result<usize> {
    if packed.len() > RECORDING_BYTES_MAX {
        bail!("{} would be {} bytes, more than {RECORDING_BYTES_MAX}", path.display(), packed.len());
    }
    fs::write(path, packed).with_context(|| format!("write {}", path.display()))?;
    Ok(packed.len())
}

/// Builds one kernel into a program of its own, so that no other kernel's variables are in its heap.
fn build(source: &Path, package: &str, minor: &str, scratch: &Path) -> anyhow::Result<PathBuf> {
    let module = scratch.join("module");
    let put = |path: &str, text: &str| {
        let path = module.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&module))?;
        fs::write(&path, text).with_context(|| format!("write {}", path.display()))
    };
    put("go.mod", &format!("module example.com/kernels\n\ngo {minor}\n"))?;
    let read = |path: &Path| fs::read_to_string(path).with_context(|| format!("read {}", path.display()));
    put("record/record.go", &read(&root().join("testbed/record-runtime/record.go"))?)?;
    put(&format!("{package}/{package}.go"), &read(source)?)?;
    put(
        "main.go",
        &format!(
            "package main\n\nimport (\n\t\"example.com/kernels/{package}\"\n\t\"example.com/kernels/record\"\n)\n\nfunc main() {{\n\
             \trecord.Main(map[string]func(int){{\"{package}\": {package}.Run}})\n}}\n"
        ),
    )?;
    let program = scratch.join("program");
    let mut go = Command::new(go_command(minor)?);
    go.current_dir(&module).args(["build", "-trimpath", "-buildvcs=false", "-o"]).arg(&program).arg(".");
    succeed(go.env_remove("GOROOT").env("GOTOOLCHAIN", "local").env("GOFLAGS", "").env("GOWORK", "off").env("CGO_ENABLED", "0"))?;
    Ok(program)
}

fn note(page: &Path) -> anyhow::Result<()> {
    let text = format!(
        "\
# Where the runtime's logs and the profiles come from

Written by `cargo xtask fixtures-runtime`, last on {}; not edited by hand. In a pattern's `fixtures/`, `*.runlog.txt.zst` is the standard
error of a process that ran {SECONDS} s of `Run({INSTANCES})` of `kernel/kernel.go` (`bad.*`) or `kernel/fixed/fixed.go` (`fixed.*`) and nothing else,
under `GODEBUG={GODEBUG}` and `GOMAXPROCS=2`, on a machine with two CPUs. `*.allocs.pb.gz` is what `/debug/pprof/allocs` answers at
the end, `*.allocs.delta.pb.gz` what it answers with `?seconds=` for the second half. `*.trace.zst` is an execution trace of {TRACED}, after a
second of warming up, with samples of the CPU profiler, without GODEBUG. Built for linux/amd64, no cgo, `-trimpath`. Nothing
was changed but the path of the program in the profiles, which is set to `{PROGRAM}`.

`// want ID` in the source marks the line at fault; where a profile shows the pattern, it is the line that allocates; where a trace does, the line that waits.
",
        OffsetDateTime::now_utc().date()
    );
    fs::write(page, text).with_context(|| format!("write {}", page.display()))
}
