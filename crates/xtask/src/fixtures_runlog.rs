//! Records what the Go runtime prints of itself while the scenarios of `testbed/runtime-logs` run, and the forms of old releases.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};
use time::OffsetDateTime;

use crate::bench::succeed;
use crate::docs::root;
use crate::fixtures::go_command;

/// Go minors on which every scenario is recorded: before schedtrace changed its form, after, and the newest.
const MINORS: [&str; 3] = ["1.22", "1.25", "1.27"];
/// Releases that print in forms of their own, recorded from toolchains that the Go module mirror keeps: without stacks and globals,
/// with them, with `needspinning`.
const OLD: [(&str, &str); 3] = [("1.16", "go1.16.15"), ("1.18", "go1.18.10"), ("1.20", "go1.20.14")];
/// The newest form, recorded like the old ones.
const NEWEST_FORM: &str = "1.25";
/// Scenarios the forms are recorded from: one whose lines are torn, one with every kind of record. Name in the folder, settings.
const FORMS: [(&str, &str, &str); 2] = [
    ("chatty", "chatty-logger", "gctrace=1,schedtrace=100,scavtrace=1,inittrace=1"),
    ("told", "steady-told", "gctrace=1,schedtrace=500,scheddetail=1,scavtrace=1,inittrace=1"),
];
/// What the runtime is told to print, unless the scenario says otherwise.
const GODEBUG: &str = "gctrace=1,schedtrace=250";
/// The same of scenarios that run for minutes.
const GODEBUG_LONG: &str = "gctrace=1,schedtrace=5000";
/// How long a scenario runs, unless it says otherwise.
const LONG: &str = "10s";
/// Most bytes of one packed recording.
const RECORDING_BYTES_MAX: usize = 64 * 1024;

/// What the source of a scenario says of its recording.
struct Scenario {
    name: String,
    env: Vec<(String, String)>,
    long: String,
}

/// `fixtures-runlog [--only NAME]… [--go 1.NN]…`; about 25 minutes for all.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let (only, minors) = chosen(args, &MINORS)?;
    let scenarios = scenarios(&only)?;
    let scratch = tempfile::Builder::new().prefix("goherd-runlog").tempdir().context("make a folder to record in")?;
    let mut running = Vec::new();
    for minor in &minors {
        let program = build(&go_command(minor)?, &scratch.path().join(minor))?;
        // Those that run for minutes sleep most of the time and disturb nobody.
        for scenario in scenarios.iter().filter(|scenario| scenario.long.ends_with('m')) {
            let text = scratch.path().join(format!("{}.go{minor}.txt", scenario.name));
            running.push((start(&program, scenario, &text)?, text, to(minor, &scenario.name)));
        }
        for scenario in scenarios.iter().filter(|scenario| !scenario.long.ends_with('m')) {
            let text = scratch.path().join(format!("{}.go{minor}.txt", scenario.name));
            let child = start(&program, scenario, &text)?;
            finish(child, &text, &to(minor, &scenario.name))?;
        }
    }
    for (child, text, to) in running {
        finish(child, &text, &to)?;
    }
    if only.is_empty() {
        forms(scratch.path())?;
    }
    note()
}

/// `--only NAME` and `--go 1.NN`, each as often as wanted; of the versions all where none is named.
pub fn chosen<'a>(args: &[String], recorded: &[&'a str]) -> anyhow::Result<(Vec<String>, Vec<&'a str>)> {
    let (mut only, mut minors) = (Vec::new(), Vec::new());
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let value = rest.next().with_context(|| format!("{arg} needs a value"))?;
        match arg.as_str() {
            "--only" => only.push(value.clone()),
            "--go" => {
                let known = recorded.iter().find(|minor| *minor == value);
                minors.push(*known.with_context(|| format!("Go {value} is not recorded; {recorded:?} are"))?);
            }
            other => bail!("unknown argument {other}"),
        }
    }
    if minors.is_empty() {
        minors.extend(recorded);
    }
    Ok((only, minors))
}

fn folder() -> PathBuf {
    root().join("testbed/runtime-logs")
}

fn to(minor: &str, name: &str) -> PathBuf {
    root().join(format!("fixtures/runlog/go{minor}/{name}.txt.zst"))
}

/// Sources that say what is expected of their log.
fn scenarios(only: &[String]) -> anyhow::Result<Vec<Scenario>> {
    let mut scenarios = Vec::new();
    for entry in fs::read_dir(folder()).context("list testbed/runtime-logs")? {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "go") {
            continue;
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().replace('_', "-");
        let text = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let after = |mark: &str| text.lines().find_map(|line| line.strip_prefix(mark));
        if after("// expect ").is_none() || !only.is_empty() && !only.contains(&name) {
            continue;
        }
        let pair = |word: &str| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let env = after("// env ").unwrap_or_default().split_whitespace().filter_map(pair).collect();
        scenarios.push(Scenario { name, env, long: after("// for ").unwrap_or(LONG).to_owned() });
    }
    scenarios.sort_by(|a, b| a.name.cmp(&b.name));
    if scenarios.is_empty() {
        bail!("no scenario is called so");
    }
    Ok(scenarios)
}

fn build(go: &Path, folder_of_program: &Path) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder_of_program)?;
    let program = folder_of_program.join("runtime-logs");
    let mut command = Command::new(go);
    command.current_dir(folder()).args(["build", "-trimpath", "-o"]).arg(&program).arg(".");
    command.env_remove("GOROOT").env("GOTOOLCHAIN", "local").env("GOENV", "off").env("GOFLAGS", "").env("GOWORK", "off");
    succeed(command.env("CGO_ENABLED", "0"))?;
    Ok(program)
}

fn start(program: &Path, scenario: &Scenario, text: &Path) -> anyhow::Result<Child> {
    let mut command = Command::new(program);
    command.args(["-scenario", &scenario.name, "-for", &scenario.long]).env_clear();
    command.env("GOMAXPROCS", "2").env("GODEBUG", if scenario.long.ends_with('m') { GODEBUG_LONG } else { GODEBUG });
    command.envs(scenario.env.iter().map(|(name, value)| (name, value)));
    let file = File::create(text).with_context(|| format!("create {}", text.display()))?;
    command.stdout(Stdio::null()).stderr(file).spawn().with_context(|| format!("start {}", program.display()))
}

fn finish(mut child: Child, text: &Path, to: &Path) -> anyhow::Result<()> {
    let status = child.wait()?;
    let log = fs::read(text).with_context(|| format!("read {}", text.display()))?;
    if !status.success() {
        bail!("{} ended with {status}: {}", to.display(), String::from_utf8_lossy(&log[..log.len().min(2000)]));
    }
    let packed = zstd::bulk::compress(&log, 19)?;
    if packed.len() > RECORDING_BYTES_MAX {
        bail!("{} would be {} bytes, more than {RECORDING_BYTES_MAX}", to.display(), packed.len());
    }
    fs::create_dir_all(to.parent().context("a recording has a folder")?)?;
    anstream::eprintln!("{}: {} bytes packed", to.display(), packed.len());
    fs::write(to, packed).with_context(|| format!("write {}", to.display()))
}

/// Two seconds of each form.
fn forms(scratch: &Path) -> anyhow::Result<()> {
    let mut commands = vec![(NEWEST_FORM, go_command(NEWEST_FORM)?)];
    for (minor, version) in OLD {
        commands.push((minor, old_go(version)?));
    }
    for (minor, go) in commands {
        let program = build(&go, &scratch.join(format!("form-{minor}")))?;
        for (form, scenario, godebug) in FORMS {
            let env = vec![("GODEBUG".to_owned(), godebug.to_owned())];
            let scenario = Scenario { name: scenario.to_owned(), env, long: "2s".to_owned() };
            let text = scratch.join(format!("{form}.{minor}.txt"));
            let child = start(&program, &scenario, &text)?;
            finish(child, &text, &root().join(format!("fixtures/runlog/forms/{form}.go{minor}.txt.zst")))?;
        }
    }
    Ok(())
}

/// A release before those that Go itself fetches; the module mirror keeps them as modules, whose files lose the right to be run.
fn old_go(version: &str) -> anyhow::Result<PathBuf> {
    let module = format!("golang.org/toolchain@v0.0.1-{version}.linux-amd64");
    let output = Command::new("go").args(["mod", "download", "-json", &module]).output().context("start go")?;
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).context("read what go mod download says")?;
    let folder = PathBuf::from(answer["Dir"].as_str().with_context(|| format!("fetch {module}: {answer}"))?);
    succeed(Command::new("chmod").arg("-R").arg("u+x").arg(folder.join("bin")).arg(folder.join("pkg/tool")))?;
    Ok(folder.join("bin/go"))
}

fn note() -> anyhow::Result<()> {
    let text = format!(
        "\
# What the Go runtime prints of itself

Recorded as `cargo xtask fixtures-runlog` does, last on {}; not edited by hand. Each file is the standard error of one scenario of
`testbed/runtime-logs`, whose source says what must be read from it, under `GOMAXPROCS=2` and `GODEBUG={GODEBUG}` unless it says
otherwise, on a machine with two CPUs that had other work to do. `forms/` holds two seconds of two scenarios on older releases too, with
scavtrace and inittrace. linux/amd64, no cgo, `-trimpath`. Nothing was changed.
",
        OffsetDateTime::now_utc().date()
    );
    fs::write(root().join("fixtures/runlog/README.md"), text).context("write the page beside the recordings")
}
