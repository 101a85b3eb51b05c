//! Every pattern's kernel, twenty instances of each in one process: what is proven against what the runtime itself calls leaked, on
//! every Go minor; and the cured twins, of which nothing may be proven.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use herd_live::{Budget, Reading};
use herd_model::{Cluster, Snapshot};

use crate::program::{Program, Toolchain, toolchains};

/// Instances of each kernel.
const INSTANCES: u32 = 20;
/// A machine that runs tests may be slow to stop threads.
const PATIENT: Budget = Budget { base_ns: 10_000_000_000, gb_ns: 0 };
/// Since then the runtime knows its leaks: with an experiment first, in every build later.
const PROFILE_SINCE: u32 = 26;

/// Where a goroutine of a kernel waits: file and line, and what it says it waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    line: String,
    on: &'static str,
}

type Counts = BTreeMap<Place, usize>;

/// One Go minor's answer.
struct Answer {
    minor: String,
    proven: Counts,
    /// What the runtime says, where it can.
    own: Option<Counts>,
}

#[test]
fn what_the_runtime_calls_leaked_is_proven() {
    let answers: Vec<Answer> = toolchains().iter().map(ask).collect();
    let reference = answers.iter().rev().find_map(|answer| answer.own.clone()).expect("a toolchain that knows its leaks");
    print!("{}", table(&answers, &reference));
    for answer in &answers {
        let expected = answer.own.as_ref().unwrap_or(&reference);
        let all: usize = expected.values().sum();
        let of = |place: &Place| answer.proven.get(place).copied().unwrap_or(0).min(expected[place]);
        let found: usize = expected.keys().map(of).sum();
        assert!(all > 0 && found * 100 >= all * 99, "Go {}: {found} of {all}", answer.minor);
        let beyond: Vec<_> =
            answer.proven.iter().filter(|(place, count)| expected.get(place).is_none_or(|own| *count > own)).collect();
        assert!(beyond.is_empty(), "Go {}: proven, and not called leaked by the runtime: {beyond:?}", answer.minor);
    }
}

#[test]
fn nothing_is_proven_of_cured_twins() {
    for toolchain in toolchains() {
        let kernels = Kernels::start(&toolchain, "fixed/fixed.go");
        for _ in 0..3 {
            let reading = frozen(&kernels.program);
            let proven = by_place(&reading.snapshot, &proven(&reading));
            assert!(proven.is_empty(), "Go {}: {proven:?}", toolchain.minor);
        }
    }
}

fn ask(toolchain: &Toolchain) -> Answer {
    let mut kernels = Kernels::start(toolchain, "kernel.go");
    let reading = frozen(&kernels.program);
    let ours = proven(&reading);
    let own = (toolchain.number() >= PROFILE_SINCE).then(|| {
        // Its first answer may miss some: it looks during one collection.
        kernels.program.own_leaks();
        let own = kernels.program.own_leaks();
        let only_ours: BTreeSet<u64> = ours.difference(&own).copied().collect();
        let only_ours = by_place(&reading.snapshot, &only_ours);
        assert!(only_ours.is_empty(), "Go {}: only proven from outside: {only_ours:?}", toolchain.minor);
        by_place(&reading.snapshot, &own)
    });
    let proven = by_place(&reading.snapshot, &ours);
    Answer { minor: toolchain.minor.clone(), proven, own }
}

fn frozen(program: &Program) -> Reading {
    herd_live::frozen(program.pid(), &PATIENT).expect("a reading")
}

fn proven(reading: &Reading) -> BTreeSet<u64> {
    let proof = reading.proof.as_ref().expect("one instant").as_ref().expect("a proof");
    proof.leaked.iter().copied().collect()
}

/// Some goroutines by where they wait.
fn by_place(snapshot: &Snapshot, ids: &BTreeSet<u64>) -> Counts {
    let mut counts = Counts::new();
    for (cluster, _) in snapshot.goroutines().filter(|(_, goroutine)| ids.contains(&goroutine.id)) {
        let cluster = &snapshot.clusters[cluster.0 as usize];
        *counts.entry(Place { line: line(snapshot, cluster), on: wait(cluster.state.as_str()) }).or_default() += 1;
    }
    counts
}

/// The innermost line of a kernel's own; a function where only a library waits.
fn line(snapshot: &Snapshot, cluster: &Cluster) -> String {
    let frames = &snapshot.stack(cluster).frames;
    let own = frames.iter().find_map(|frame| {
        let (_, file) = snapshot.file(*frame).split_once(SOURCES)?;
        Some(format!("{}:{}", file.split_once('/')?.1, snapshot.frame(*frame).line))
    });
    own.unwrap_or_else(|| frames.first().map_or("?", |frame| snapshot.func(*frame)).to_owned())
}

/// What waits are called differs by version only for a `WaitGroup`, which said `semacquire` up to Go 1.23.
fn wait(state: &str) -> &'static str {
    const KNOWN: [&str; 6] = ["chan", "select", "sync.Mutex", "sync.RWMutex", "sync.WaitGroup", "sync.Cond.Wait"];
    if state == "semacquire" {
        return "sync.WaitGroup";
    }
    KNOWN.into_iter().find(|known| state.starts_with(known)).unwrap_or("other")
}

fn table(answers: &[Answer], reference: &Counts) -> String {
    let places: BTreeSet<&Place> = answers.iter().flat_map(|answer| answer.proven.keys()).chain(reference.keys()).collect();
    let mut out = String::from("proven/runtime's ");
    for answer in answers {
        write!(out, "{:>9}", answer.minor).expect("a string");
    }
    out += "  waits at\n";
    for place in places {
        let of = |counts: &Counts| counts.get(place).copied().unwrap_or(0);
        write!(out, "{:<16} ", place.on).expect("a string");
        for answer in answers {
            let cell = format!("{}/{}", of(&answer.proven), of(answer.own.as_ref().unwrap_or(reference)));
            write!(out, "{cell:>9}").expect("a string");
        }
        writeln!(out, "  {}", place.line).expect("a string");
    }
    out
}

/// Part of the folder's name that holds the sources of one Go minor.
const SOURCES: &str = "kernel-sources-";

/// One process that holds all kernels, and the peer some of them talk to.
struct Kernels {
    program: Program,
    peer: Child,
}

impl Kernels {
    fn start(toolchain: &Toolchain, source: &str) -> Kernels {
        let variant = Path::new(source).file_stem().and_then(|stem| stem.to_str()).expect("a name");
        let folder = lay_out(toolchain, variant, source);
        let experiment = if toolchain.number() == PROFILE_SINCE { "goroutineleakprofile" } else { "" };
        let settings = [("CGO_ENABLED", "0"), ("GOEXPERIMENT", experiment)];
        let module = folder.to_str().expect("a path");
        let built = toolchain.build_in(module, "all", variant, &[], &settings);
        let mut peer = Command::new(&built);
        peer.arg("peer").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut peer = peer.spawn().expect("the peer");
        let mut url = String::new();
        BufReader::new(peer.stdout.take().expect("its output")).read_line(&mut url).expect("its address");
        let mut command = Command::new(&built);
        command.env("UPSTREAM_URL", url.trim());
        Kernels { program: Program::launch(command), peer }
    }
}

impl Drop for Kernels {
    fn drop(&mut self) {
        self.peer.kill().expect("stop the peer");
        self.peer.wait().expect("the peer's end");
    }
}

/// Writes a module with all kernels, or all cured twins, and a program that runs them.
fn lay_out(toolchain: &Toolchain, variant: &str, source: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{SOURCES}{}-{variant}", toolchain.minor));
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an empty folder");
    }
    let put = |path: &str, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    let text = |path: PathBuf| fs::read_to_string(path).expect("a file of the repository");
    put("go.mod", &format!("module example.com/kernels\n\ngo {}\n", toolchain.minor));
    put("held/held.go", &text(root.join("testbed/mixed/held/held.go")));
    put("record/peer.go", &text(root.join("testbed/record/peer.go")));
    let mut slugs = BTreeSet::new();
    for entry in fs::read_dir(root.join("crates/herd-patterns/src/patterns")).expect("patterns") {
        let pattern = entry.expect("an entry");
        let kernel = pattern.path().join("kernel").join(source);
        // What no dump shows has no goroutine that waits for ever, and may end the program when run so often.
        if kernel.exists() && pattern.path().join("dump.rs").exists() {
            let slug = pattern.file_name().into_string().expect("a name");
            put(&format!("{slug}/{variant}.go"), &text(kernel));
            slugs.insert(slug);
        }
    }
    put("all/main.go", &main_go(&slugs));
    folder
}

/// As a request would: whoever started a kernel's goroutines is gone. The slowest cured twin needs 1.4 s to end its own.
fn main_go(slugs: &BTreeSet<String>) -> String {
    let lines = |line: &dyn Fn(&String) -> String| slugs.iter().map(line).collect::<String>();
    let imports = lines(&|slug| format!("\t{slug} \"example.com/kernels/{slug}\"\n"));
    let calls = lines(&|slug| format!("\trun({slug}.Run)\n"));
    format!(
        "package main\n\nimport (\n\t\"os\"\n\t\"time\"\n\n\t\"example.com/kernels/held\"\n\t\"example.com/kernels/record\"\n{imports})\n\n\
         func run(kernel func(int)) {{\n\tdone := make(chan struct{{}})\n\tgo func() {{\n\t\tdefer close(done)\n\t\tkernel({INSTANCES})\n\t}}()\n\t<-done\n}}\n\n\
         func main() {{\n\tif len(os.Args) > 1 {{\n\t\trecord.Peer()\n\t\treturn\n\t}}\n{calls}\ttime.Sleep(3 * time.Second)\n\theld.Serve()\n}}\n"
    )
}
