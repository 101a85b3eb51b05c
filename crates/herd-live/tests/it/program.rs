//! The program under test: built by a toolchain, run, and told what to print.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use herd_formats::dump;
use herd_model::Snapshot;

/// Programs this run has built.
static BUILT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// A Go toolchain.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// `1.26`
    pub minor: String,
    /// Its GOROOT; the one on the PATH when there is none.
    root: Option<PathBuf>,
}

/// The toolchains `GOHERD_TEST_GOROOTS` names (`1.21=PATH:1.22=PATH`, set by `cargo xtask test`), else the one on the PATH.
pub fn toolchains() -> Vec<Toolchain> {
    match std::env::var("GOHERD_TEST_GOROOTS") {
        Ok(list) => list
            .split(':')
            .map(|item| {
                let (minor, root) = item.split_once('=').expect("MINOR=PATH");
                Toolchain { minor: minor.to_owned(), root: Some(PathBuf::from(root)) }
            })
            .collect(),
        Err(_) => vec![on_path()],
    }
}

/// The oldest and the newest of them.
pub fn outermost() -> Vec<Toolchain> {
    let mut all = toolchains();
    let last = all.pop().expect("a toolchain");
    all.truncate(1);
    all.push(last);
    all
}

/// The newest of them.
pub fn newest() -> Toolchain {
    toolchains().pop().expect("a toolchain")
}

fn on_path() -> Toolchain {
    let output = Command::new("go").args(["env", "GOVERSION"]).output().expect("go on the PATH");
    let version = String::from_utf8(output.stdout).expect("a version");
    let minor = version.trim().strip_prefix("go").and_then(|version| version.rsplit_once('.')).map_or("", |(minor, _)| minor);
    Toolchain { minor: minor.to_owned(), root: None }
}

impl Toolchain {
    /// The 26 of Go 1.26.
    pub fn number(&self) -> u32 {
        self.minor.strip_prefix("1.").and_then(|minor| minor.parse().ok()).expect("a minor version")
    }

    /// Builds a program of `testbed/mixed`.
    pub fn build(&self, package: &str, name: &str, args: &[&str], cgo: bool) -> PathBuf {
        self.build_with(package, name, args, &[("CGO_ENABLED", if cgo { "1" } else { "0" })])
    }

    /// Builds it with settings of its own.
    pub fn build_with(&self, package: &str, name: &str, args: &[&str], settings: &[(&str, &str)]) -> PathBuf {
        self.build_in("testbed/mixed", package, name, args, settings)
    }

    /// Builds a program of another module.
    pub fn build_in(&self, module: &str, package: &str, name: &str, args: &[&str], settings: &[(&str, &str)]) -> PathBuf {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(module);
        let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{}-{name}", package.replace('/', "-"), self.minor));
        // Tests run side by side, and a build takes the executable away from under those that use it.
        let mut built = BUILT.lock().expect("no build has failed");
        if !built.insert(out.clone()) {
            return out;
        }
        let go = self.root.as_ref().map_or_else(|| PathBuf::from("go"), |root| root.join("bin/go"));
        let mut command = Command::new(go);
        command.arg("build").args(args).arg("-o").arg(&out).arg(format!("./{package}")).current_dir(source);
        command.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod").env("GOWORK", "off");
        command.envs(settings.iter().copied());
        if let Some(root) = &self.root {
            command.env("GOROOT", root);
        }
        let output = command.output().expect("start go");
        assert!(output.status.success(), "go {} build: {}", self.minor, String::from_utf8_lossy(&output.stderr));
        out
    }
}

/// Whether the tests may act as other users.
pub fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&std::fs::metadata("/proc/self").expect("this process")) == 0
}

/// Copies an executable, by a process of its own: a file this one writes stays open for writing in whatever other tests start at
/// that moment, and cannot be run until those have become other programs.
pub fn copy_executable(of: &Path, path: &Path) {
    let copied = Command::new("cp").arg("--").arg(of).arg(path).status().expect("start cp");
    assert!(copied.success(), "a copy of {}", of.display());
}

/// A running program; it ends with this value.
pub struct Program {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Program {
    /// Starts it and waits until it is ready.
    pub fn start(path: &Path, args: &[&str]) -> Program {
        let mut command = Command::new(path);
        command.args(args);
        Program::launch(command)
    }

    /// Starts it as told; the program's own process is the one started.
    pub fn launch(mut command: Command) -> Program {
        // Since Go 1.26 headers carry labels when asked to.
        command.env("GODEBUG", "tracebacklabels=1").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("start the program");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        let mut program = Program { child, input, output, folder: tempfile::tempdir().expect("a folder") };
        assert!(program.line().starts_with("ready"));
        program
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("a process id")
    }

    /// A folder that ends with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Tells it to do something and waits until it has.
    pub fn tell(&mut self, words: &str) {
        writeln!(self.input, "{words}").expect("tell the program");
        let answer = self.line();
        assert!(answer.starts_with("done"), "{words}: {answer}");
    }

    /// Sends it a signal, after which it ends.
    pub fn end_by(&mut self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.pid().to_string()]).status().expect("start kill");
        assert!(sent.success());
        self.child.wait().expect("its end");
    }

    /// Tells it to do something after which it does not answer.
    pub fn begin(&mut self, words: &str) {
        writeln!(self.input, "{words}").expect("tell the program");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("an answer");
        line
    }

    /// What it prints of itself (`debug=2`).
    pub fn stacks(&mut self) -> Snapshot {
        self.own("stacks")
    }

    /// Its goroutine profile (`debug=1`).
    pub fn profile(&mut self) -> Snapshot {
        self.own("profile")
    }

    /// The ids of goroutines its runtime calls leaked (Go 1.27).
    pub fn own_leaks(&mut self) -> BTreeSet<u64> {
        let snapshot = self.own("leaks");
        snapshot.goroutines().filter(|(_, goroutine)| goroutine.leaked).map(|(_, goroutine)| goroutine.id).collect()
    }

    fn own(&mut self, word: &str) -> Snapshot {
        let path = self.folder.path().join(word);
        self.tell(&format!("{word} {}", path.display()));
        let text = std::fs::read(&path).expect("its own words");
        dump::parse(&text).snapshots.pop().expect("a snapshot")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.child.kill().expect("stop the program");
        self.child.wait().expect("the program's end");
    }
}
