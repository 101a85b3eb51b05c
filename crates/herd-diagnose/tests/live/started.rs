//! Kernels built by each toolchain and run as processes of their own.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use herd_diagnose::{Clock, Diagnosis, Event, Request, diagnose};
use herd_patterns::{CATALOGUE, Pattern};
use herd_sources::{CancelFlag, Memory, Options, Target};

use crate::marks::top;
use crate::program::Toolchain;

/// A machine that runs tests may be slow to stop threads.
pub const PATIENT: Memory = Memory::ProofAndWaits(Some(Duration::from_secs(10)));

/// What a process is, asked once.
pub fn judged(pid: u32, memory: Memory) -> Diagnosis {
    judged_with(pid, Options { memory, ..Options::default() })
}

/// The same with options of one's own.
pub fn judged_with(pid: u32, options: Options) -> Diagnosis {
    let targets = vec![Target::parse(&format!("pid:{pid}")).expect("a target")];
    let request =
        Request { targets, options, watch: None, trace: None, clock: Clock::WALL, rules: std::collections::BTreeSet::new() };
    diagnose(&request, "doctor", &CancelFlag::new(), &mut |_: Event<'_>| {}).expect("a diagnosis")
}

/// A running kernel; it ends with this value.
pub struct Kernel {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Kernel {
    /// Starts the kernel of a pattern and runs it `times`.
    pub fn start(built: &Path, id: &str, upstream: &str, times: u32) -> Kernel {
        let mut command = Command::new(built);
        let mut kernel = Kernel::launch(command.arg(id.to_lowercase()).env("UPSTREAM_URL", upstream));
        kernel.tell(&format!("run {times}"));
        kernel
    }

    /// Starts the peer the kernels of HTTP and sockets talk to; answers its address, too.
    pub fn peer(built: &Path) -> (Kernel, String) {
        let mut kernel = Kernel::launch(Command::new(built).arg("peer"));
        let url = kernel.line();
        (kernel, url.trim().to_owned())
    }

    fn launch(command: &mut Command) -> Kernel {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start a kernel");
        let input = child.stdin.take().expect("its input");
        let output = BufReader::new(child.stdout.take().expect("its output"));
        Kernel { child, input, output }
    }

    /// Tells it to do something, and waits until it has.
    pub fn tell(&mut self, words: &str) {
        writeln!(self.input, "{words}").expect("tell it");
        let answer = self.line();
        assert_eq!(answer.trim(), "ok", "{words}");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("an answer");
        line
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        self.child.kill().expect("stop the kernel");
        self.child.wait().expect("its end");
    }
}

/// Patterns whose kernels leave goroutines behind; the others show in logs and profiles.
pub fn seen_in_dumps() -> impl Iterator<Item = &'static Pattern> {
    CATALOGUE.iter().filter(|pattern| pattern.dump.is_some())
}

/// Builds all kernels, or all cured twins, into one program.
pub fn build(toolchain: &Toolchain, source: &str) -> PathBuf {
    let variant = Path::new(source).file_stem().and_then(|stem| stem.to_str()).expect("a name");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("kernels-{}-{variant}", toolchain.minor));
    let put = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    put("go.mod", &format!("module example.com/kernels\n\ngo {}\n", toolchain.minor));
    let text = |path: PathBuf| fs::read_to_string(path).expect("a file of the repository");
    for file in ["record.go", "peer.go"] {
        put(&format!("record/{file}"), &text(top().join("testbed/record").join(file)));
    }
    let (mut imports, mut entries) = (String::new(), String::new());
    for pattern in seen_in_dumps() {
        let key = pattern.id.to_lowercase();
        let kernel = top().join("crates/herd-patterns/src/patterns").join(pattern.slug).join("kernel").join(source);
        put(&format!("{key}/{variant}.go"), &text(kernel));
        writeln!(imports, "\t{key} \"example.com/kernels/{key}\"").expect("a string");
        writeln!(entries, "\t\t\"{key}\": {key}.Run,").expect("a string");
    }
    put(
        "all/main.go",
        &format!(
            "package main\n\nimport (\n\t\"example.com/kernels/record\"\n{imports})\n\nfunc main() {{\n\trecord.Main(map[string]func(int){{\n\
             {entries}\t}})\n}}\n"
        ),
    );
    toolchain.build_in(folder.to_str().expect("a path"), "all", &format!("judged-{variant}"), &[], &[("CGO_ENABLED", "0")])
}
