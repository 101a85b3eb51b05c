//! Everything a change must pass, in the order that fails fastest; installs what it needs and says what each step took.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

use crate::docs::root;
use crate::{docs, fixtures, fuzz, go_module, kernels, reference, summary, tidy, ui};

/// Seconds of fuzzing a target.
const FUZZ_SECONDS: &str = "12";

/// The version of cargo-deny that reads `deny.toml`.
const DENY_VERSION: &str = "0.20.2";

/// One step: its name and what it runs.
type Step = (&'static str, fn() -> anyhow::Result<()>);

const STEPS: &[Step] = &[
    ("tidy", || tidy::run(&[])),
    ("format", || cargo(&["fmt", "--all", "--check"])),
    ("clippy", || cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])),
    ("docs", || docs::run(&["--check".to_owned()])),
    ("std", || summary::run(&["--check".to_owned()])),
    ("go", go_sources),
    ("module", go_module::run),
    ("reference", || reference::run(&["--check".to_owned()])),
    ("tests", tests),
    ("demo", demo),
    ("viewer", || ui::run(&["--check".to_owned()])),
    ("licences", licences),
    ("fuzz", || fuzz::run(&["--seconds".to_owned(), FUZZ_SECONDS.to_owned()])),
];

/// Runs every step, or those named.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    if let Some(unknown) = args.iter().find(|arg| STEPS.iter().all(|(name, _)| name != arg)) {
        let known: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        bail!("no step is called {unknown}; there are {}", known.join(", "));
    }
    let mut done = Vec::new();
    for (name, step) in STEPS.iter().filter(|(name, _)| args.is_empty() || args.iter().any(|arg| arg == name)) {
        anstream::println!("== {name}");
        let started = Instant::now();
        step().with_context(|| format!("step {name}"))?;
        done.push(format!("{name} {:.0} s", started.elapsed().as_secs_f64()));
    }
    anstream::println!("steps: {}\n{} passed, 0 failed", done.join(", "), done.len());
    Ok(())
}

/// Runs a command in the checkout and fails with its name when it fails.
pub fn command(program: &str, args: &[&str]) -> anyhow::Result<()> {
    checked(Command::new(program).args(args).current_dir(root()))
}

/// Runs a prepared command; fails with its line when it fails. A machine that builds once (`CI` is set) keeps nothing for a second,
/// incremental build: that is gigabytes of disk.
pub fn checked(command: &mut Command) -> anyhow::Result<()> {
    let line = format!("{command:?}");
    if std::env::var_os("CI").is_some() {
        command.env("CARGO_INCREMENTAL", "0");
    }
    let status = command.status().with_context(|| format!("start {line}"))?;
    if !status.success() {
        bail!("{line}: {status}");
    }
    Ok(())
}

fn cargo(args: &[&str]) -> anyhow::Result<()> {
    command("cargo", args)
}

/// Live processes of every Go version are read, and one is asked for a profile only Go 1.27 has, so the toolchains are fetched first.
fn tests() -> anyhow::Result<()> {
    install_programs()?;
    let (roots, newest) = go_roots()?;
    let mut test = Command::new("cargo");
    test.args(["test", "--workspace", "--quiet", "--no-fail-fast"]).current_dir(root());
    checked(test.env("GOHERD_TEST_GO_1_27", newest).env("GOHERD_TEST_GOROOTS", roots))?;
    // The same judgement once more, for its figures: the matrix of kernels and patterns, and how many healthy services stay silent.
    cargo(&["test", "--quiet", "--package", "herd-diagnose", "--test", "judging", "--", "--nocapture", "--test-threads", "1"])
}

/// The toolchain of every recorded Go minor as tests take them (`1.21=PATH:1.22=PATH`), and the newest, fetched where there is none.
pub fn go_roots() -> anyhow::Result<(String, String)> {
    let mut roots = Vec::new();
    for minor in fixtures::minors() {
        let go = fixtures::go_command(minor)?;
        let root = go.ancestors().nth(2).context("a toolchain's folder holds bin/go")?;
        roots.push(format!("{minor}={}", root.display()));
    }
    let newest = roots.last().and_then(|root| root.split_once('=')).context("no toolchain is recorded")?.1.to_owned();
    Ok((roots.join(":"), newest))
}

/// What the tests of live processes run, and the Debian packages that hold it: core files, programs of another architecture, programs
/// that are one file with their C; what draws wait graphs; and whom alerts and metrics are delivered to.
const PROGRAMS: [(&str, &str); 8] = [
    ("/usr/bin/gcore", "gdb"),
    ("/usr/bin/qemu-aarch64", "qemu-user"),
    ("/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1", "libc6-arm64-cross"),
    ("/usr/bin/musl-gcc", "musl-tools"),
    ("/usr/bin/dot", "graphviz"),
    ("/usr/bin/prometheus", "prometheus"),
    ("/usr/bin/prometheus-alertmanager", "prometheus-alertmanager"),
    ("/usr/bin/prometheus-pushgateway", "prometheus-pushgateway"),
];

fn install_programs() -> anyhow::Result<()> {
    const INSTEAD: &str = "install gcore, qemu-aarch64, the dynamic linker of arm64, musl-gcc, dot, Prometheus, its Alertmanager and its Pushgateway where Debian has them";
    let missing: Vec<&str> = PROGRAMS.iter().filter(|(path, _)| !Path::new(path).exists()).map(|(_, package)| *package).collect();
    if missing.is_empty() { Ok(()) } else { ui::debian(&missing, INSTEAD) }
}

/// Go modules without faults on purpose.
const MODULES: [&str; 9] = [
    "testbed",
    "testbed/incident",
    "testbed/mixed",
    "testbed/peers",
    "testbed/trace-oracle",
    "testbed/go-oracle",
    "testbed/flow-oracle",
    "testbed/std-oracle",
    "testbed/types-oracle",
];

/// Fails with the files of some folders that gofmt would change.
pub fn gofmt(folders: &[&str]) -> anyhow::Result<()> {
    let unformatted = Command::new("gofmt").arg("-l").args(folders).current_dir(root()).output().context("start gofmt")?;
    let listed = String::from_utf8_lossy(&unformatted.stdout);
    if !listed.trim().is_empty() || !unformatted.status.success() {
        bail!("gofmt would change\n{listed}");
    }
    Ok(())
}

fn go_sources() -> anyhow::Result<()> {
    gofmt(&["testbed", "crates/herd-patterns/src/patterns"])?;
    for module in MODULES {
        checked(Command::new("go").args(["vet", "./..."]).current_dir(root().join(module)))?;
    }
    lint_kernels()?;
    kernels::run(&[])
}

/// What go vet says of concurrency is the subject of these sources, so only its other checks apply. Their tests see the faults hang.
fn lint_kernels() -> anyhow::Result<()> {
    let module = root().join("testbed/lint-kernels");
    let vet = ["vet", "-copylocks=false", "-lostcancel=false", "-testinggoroutine=false", "-waitgroup=false", "./..."];
    checked(Command::new("go").args(vet).current_dir(&module))?;
    checked(Command::new("go").args(["test", "./..."]).current_dir(&module))
}

/// The README's first command, to the letter.
fn demo() -> anyhow::Result<()> {
    cargo(&["run", "--release", "--quiet", "--", "demo"])
}

fn licences() -> anyhow::Result<()> {
    let deny = deny_binary()?;
    checked(Command::new(deny).args(["check", "licenses", "bans", "sources"]).current_dir(root()))
}

/// cargo-deny, built once into the target folder when the machine has none of that version.
fn deny_binary() -> anyhow::Result<PathBuf> {
    let installed = Command::new("cargo-deny").arg("--version").output();
    if installed.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(DENY_VERSION)) {
        return Ok(PathBuf::from("cargo-deny"));
    }
    let folder = root().join("target/tools");
    let binary = folder.join("bin/cargo-deny");
    if !binary.is_file() {
        let root = folder.display().to_string();
        cargo(&["install", "cargo-deny", "--version", DENY_VERSION, "--locked", "--quiet", "--root", &root])?;
    }
    Ok(binary)
}
