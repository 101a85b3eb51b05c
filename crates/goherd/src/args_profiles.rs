//! Arguments of the commands that take weighted profiles.

use clap::{Args, ValueEnum};

use crate::collect::CollectArgs;

/// Draws the call tree of a profile of any kind, or of all goroutines; or prints what each function costs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd flame cpu.pb.gz
  goherd flame cpu.pb.gz -o cpu.html
  goherd flame heap.pb.gz --type alloc_space --lines
  goherd flame :6060 --profile cpu --seconds 10 -o cpu.svg
  goherd flame 4242 --profile heap
  goherd flame mutex.txt --focus 'pay\\.' --format folded
  goherd flame :6060 --top
  goherd flame dump.txt -o goroutines.pb.gz && go tool pprof -top goroutines.pb.gz

Profiles are those of `go test`, runtime/pprof and net/http/pprof, in profile.proto or text. FLAT is what a function costs by itself,
CUM with all it calls, as `go tool pprof -top` counts them. Without --profile a service or process is asked for its goroutines.")]
pub struct FlameArgs {
    /// FILE, `-`, http(s)://HOST:PORT[/PATH], HOST:PORT, :PORT, unix:/PATH, pid:N or core:FILE[,EXE]
    pub target: String,
    /// A table of functions instead of a drawing; the same as --format text
    #[arg(long, conflicts_with = "format")]
    pub top: bool,
    /// Profile to ask a service for; of a process or core file its heap or allocs can be read
    #[arg(long, value_enum, value_name = "KIND")]
    pub profile: Option<ProfileArg>,
    /// Seconds to take CPU samples for; for other profiles, to take the difference over
    #[arg(long, value_name = "N", requires = "profile", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: Option<u32>,
    /// Sample type to show, such as inuse_space
    #[arg(long = "type", value_name = "NAME")]
    pub sample_type: Option<String>,
    /// Lines instead of functions
    #[arg(long)]
    pub lines: bool,
    /// Only stacks with a function or file that matches
    #[arg(long, value_name = "REGEX")]
    pub focus: Option<String>,
    /// No stacks with a function or file that matches
    #[arg(long, value_name = "REGEX")]
    pub ignore: Option<String>,
    /// How to collect.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// Compares two profiles of one kind, the goroutines of two snapshots, or two execution traces: what got worse by more than chance
/// explains, and by enough to matter. Renamed functions, moved lines, renumbered closures and wrappers are recognised.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd diff before.pb.gz after.pb.gz
  goherd diff heap-monday.pb.gz :6060
  goherd diff --before a1.pb.gz a2.pb.gz a3.pb.gz --after b1.pb.gz b2.pb.gz b3.pb.gz
  goherd diff dump-1.txt dump-2.txt --format markdown
  goherd diff before.pb.gz after.pb.gz -o diff.html
  goherd diff monday.trace friday.trace

CPU profiles are compared by samples, heaps by bytes in use, allocs by bytes allocated, block and mutex profiles by the mean delay,
goroutines by number. Only functions outside the standard library decide; with several profiles a side, how much runs differ is measured.
Traces are compared by how long goroutines wait each time, by reason and place, by new waits and by goroutines left waiting; stops of the
world and waits for a P are told and not judged, as a busy machine has both, and what a slower machine would do too is inconclusive.
Exit codes: 0 pass, 1 fail, 4 inconclusive.")]
pub struct DiffArgs {
    /// What was there: FILE, `-`, PID, core:FILE or an address of a service
    #[arg(value_name = "BEFORE", conflicts_with_all = ["before", "after"], requires = "after_target")]
    pub before_target: Option<String>,
    /// What is there now
    #[arg(value_name = "AFTER")]
    pub after_target: Option<String>,
    /// Several profiles of what was there
    #[arg(long, value_name = "TARGET", num_args = 1.., requires = "after")]
    pub before: Vec<String>,
    /// Several profiles of what is there now
    #[arg(long, value_name = "TARGET", num_args = 1.., requires = "before")]
    pub after: Vec<String>,
    /// Compare another measure of the profiles, such as alloc_space or inuse_objects
    #[arg(long, value_name = "NAME")]
    pub measure: Option<String>,
    /// What services are asked for; what the first profile is unless given, or goroutine
    #[arg(long, value_enum, value_name = "PROFILE")]
    pub profile: Option<ProfileArg>,
    /// For how many seconds a service takes its profile
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3600))]
    pub seconds: Option<u32>,
    /// Judge by S10's thresholds (depth 2, frequency 30 %, delay 50 %), which know nothing of chance
    #[arg(long)]
    pub thresholds: bool,
    /// How to ask.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// Shows what a heap holds: what allocates and what of it stays, lines with more than 1 MiB in use and, of processes and core files, who
/// holds it, what grew since an earlier heap, and, with what the compiler says of escapes, which escape costs what.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd heap :6060
  goherd heap 4242
  goherd heap 4242 --holders
  goherd heap core:core.4242
  goherd heap heap.pb.gz --top 20
  goherd heap monday.pb.gz friday.pb.gz
  go build -gcflags=-m=2 ./... 2> escapes.txt && goherd heap heap.pb.gz --escape escapes.txt
  go build -gcflags=-json=0,$PWD/escapes ./... && goherd heap heap.pb.gz --escape escapes

Figures are estimates of the profiler, which samples an object each 512 KiB on average; of two heaps it is said which growth sampling alone
explains. Escapes are joined by file and line: build the source the service was built of. The compiler writes JSON only when it runs, not
when the build comes from the cache. A process is read without a stop; --holders copies it as --prove does. Who holds what is told of
objects that were sampled, by any word that may be a pointer: evidence, not proof. What is allocated and dropped again in a way that costs is
a finding where the time is known, of a profile with ?seconds= or of two; of one since the start it is a candidate. Exit code 1 with findings at or
above --fail-on.")]
pub struct HeapArgs {
    /// FILE, `-`, an address of a service, pid:N or core:FILE[,EXE]
    #[arg(value_name = "TARGET")]
    pub target: String,
    /// A later heap of the same process: what grew
    #[arg(value_name = "LATER")]
    pub later: Option<String>,
    /// What the compiler says of escapes: the text of -gcflags=-m or -m=2, or the folder of -gcflags=-json=0,DIR
    #[arg(long, value_name = "FILE|DIR")]
    pub escape: Option<std::path::PathBuf>,
    /// Stop a process for milliseconds, copy it, and tell who holds what is in use; of a core file it is told anyhow
    #[arg(long)]
    pub holders: bool,
    /// Rows of each table
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub top: u32,
    /// How to ask.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// Shows contention line by line: who lets go of what others wait for (mutex profiles), and who waits (block profiles).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd locks :6060
  goherd locks mutex.pb.gz block.pb.gz
  goherd locks mutex.pb.gz -o locks.svg

A service is asked for both profiles. It counts only after runtime.SetMutexProfileFraction(5) or runtime.SetBlockProfileRate(10_000).
Go charges waiting for a lock to the one that unlocks. Several profiles of one kind are added up, as those of several processes.")]
pub struct LocksArgs {
    /// FILE, `-`, or an address of a service
    #[arg(required = true, value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Rows of each table
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub top: u32,
    /// How to ask.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// A profile of `net/http/pprof`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProfileArg {
    /// Goroutines.
    Goroutine,
    /// CPU time.
    Cpu,
    /// Live memory.
    Heap,
    /// All memory ever allocated.
    Allocs,
    /// Waits.
    Block,
    /// Waits for locks, by who held them.
    Mutex,
    /// What made threads.
    Threadcreate,
}

impl ProfileArg {
    /// The name it is served under.
    pub fn served(self) -> &'static str {
        match self {
            ProfileArg::Goroutine => "goroutine",
            ProfileArg::Cpu => "profile",
            ProfileArg::Heap => "heap",
            ProfileArg::Allocs => "allocs",
            ProfileArg::Block => "block",
            ProfileArg::Mutex => "mutex",
            ProfileArg::Threadcreate => "threadcreate",
        }
    }
}
