//! The command line: names are a contract.

use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use herd_model::Severity;
use herd_sinks::FORMATS;

use crate::args_lint::{LintArgs, LspArgs};
use crate::args_profiles::{DiffArgs, FlameArgs, HeapArgs, LocksArgs};
use crate::args_runlog::RunlogArgs;
use crate::args_traces::TraceArgs;
use crate::args_tune::TuneArgs;
use crate::collect::CollectArgs;
use crate::measure::{self, TableArgs};

/// Tells which goroutines will never finish, why, who started them, and what to change.
#[derive(Debug, Parser)]
#[command(name = "goherd", version, max_term_width = 100, disable_help_subcommand = true, after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Flags of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

const EXAMPLES: &str = "\
Examples:
  goherd demo                         a recorded incident, nothing needed
  goherd doctor :6060 --for 60s       a running service with net/http/pprof
  goherd doctor dump.txt              a goroutine dump or a crash log
  kubectl logs POD | goherd doctor -  what SIGQUIT or a panic printed

Exit codes:
  0 healthy or undecidable           3 target unreachable or unreadable
  1 findings at or above --fail-on   4 inconclusive
  2 goherd or its usage failed       130 interrupted";

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Judge everything the targets can testify
    Doctor(DoctorArgs),
    /// Show one snapshot: families, clusters, blocking points
    Snap(SnapArgs),
    /// Show who waits on what, and who may hold it
    Graph(GraphArgs),
    /// Draw the call tree of a profile or of all goroutines
    Flame(FlameArgs),
    /// Show what a heap holds, what grew, which escape costs what
    Heap(HeapArgs),
    /// Read Go source for concurrency faults
    Lint(LintArgs),
    /// Lint in an editor: a language server on standard input and output
    Lsp(LspArgs),
    /// Show who waits for locks, and who lets go of them
    Locks(LocksArgs),
    /// Show what an execution trace shows: waits, lifecycles, latency, the collector
    Trace(TraceArgs),
    /// Judge what the Go runtime printed of itself: gctrace, schedtrace
    Runlog(RunlogArgs),
    /// Model memory, throughput and latency over goroutines
    Capacity(CapacityArgs),
    /// Score what a change is worth
    Roi(RoiArgs),
    /// Judge a rollout: control against treatment
    Guard(GuardArgs),
    /// Compare two profiles or snapshots, and gate
    Diff(DiffArgs),
    /// Measure a command under settings of the Go runtime
    Tune(TuneArgs),
    /// Show a saved answer, a dump or an endpoint in the viewer
    Open(OpenArgs),
    /// Print a pattern's page, or list all patterns
    Explain(ExplainArgs),
    /// Replay a recorded incident through the real pipeline
    Demo(DemoArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man(ManArgs),
}

/// Flags of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct GlobalArgs {
    /// Format of the answer; text on a terminal, one finding a line when piped, annotations in GitHub Actions
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatArg>,
    /// Write the answer to a file; its ending chooses the format unless --format does
    #[arg(long, short, global = true, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Least severity that makes the exit code 1; warning unless given
    #[arg(long, global = true, value_enum, value_name = "LEVEL")]
    pub fail_on: Option<FailOn>,
    /// Colour
    #[arg(long, global = true, value_enum, default_value_t = ColorArg::Auto, value_name = "WHEN")]
    pub color: ColorArg,
    /// Language of text for people; the locale's by default
    #[arg(long, global = true, value_enum, env = "GOHERD_LANG", hide_env_values = true, value_name = "LANG")]
    pub lang: Option<LangArg>,
    /// Take out arguments, labels, URLs, addresses and ids, for answers that are shared
    #[arg(long, global = true)]
    pub redact: bool,
    /// Address of a source line, with {file}, {line} and {func}
    #[arg(long, global = true, env = "GOHERD_SOURCE_URL", hide_env_values = true, value_name = "TEMPLATE")]
    pub source_url: Option<String>,
    /// Only the verdict and one line a finding
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// All evidence, all candidates, all notes
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

impl GlobalArgs {
    /// Whether findings of a severity make the exit code 1.
    pub fn fails(&self, severity: Severity) -> bool {
        self.fail_on.unwrap_or(FailOn::Warning).severity().is_some_and(|least| severity >= least)
    }
}

/// Judges everything the targets can testify.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd doctor dump.txt
  goherd doctor dump-1.txt dump-2.txt dump-3.txt
  goherd doctor dump.txt trace.out    a trace in which the dump was taken: who came, who never moved
  goherd doctor dump.txt app.log      with what GODEBUG=gctrace=1 printed
  goherd doctor dump.txt --source .   with the source: its lines, why they cannot go on, who holds the lock
  goherd doctor :6060 --for 60s --every 10s
  goherd doctor :6060 --trace 15s     a trace and a dump inside it: both must agree
  goherd doctor https://orders.example:8443/ops --bearer-env PPROF_TOKEN
  goherd doctor dumps/ --format markdown --redact > report.md
  goherd doctor pid:4711 --prove --leak-profile :6060
  goherd doctor :6060 --for 60s --fail-on critical --suppress goherd-suppress.toml

Files and directories together are one series; each address is a process of its own.
One dump cannot convict an ordinary wait: what only looks stuck is a candidate, and the exit code stays 0.")]
pub struct DoctorArgs {
    /// FILE, directory, `-`, http(s)://HOST:PORT[/PATH], HOST:PORT, :PORT, unix:/PATH, pid:N or core:FILE[,EXE]
    #[arg(required = true, value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Collect from addresses for so long
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub span: Option<std::time::Duration>,
    /// Pause between two snapshots
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub every: std::time::Duration,
    /// Have a service record an execution trace for so long, and take its dump meanwhile
    #[arg(long, value_name = "TIME", conflicts_with = "span", value_parser = humantime::parse_duration)]
    pub trace: Option<std::time::Duration>,
    /// List known long waiters, too
    #[arg(long)]
    pub all: bool,
    /// List what a rule of thumb names, too: candidates without effect on the verdict
    #[arg(long, value_enum, ignore_case = true, value_name = "NUMBER")]
    pub rule: Vec<RuleArg>,
    /// Findings to leave out: fingerprints with reasons, TOML
    #[arg(long, value_name = "FILE")]
    pub suppress: Option<PathBuf>,
    /// Write a suppression file that leaves out what is found now
    #[arg(long, value_name = "FILE")]
    pub write_suppressions: Option<PathBuf>,
    /// Hold what is found against the source of the program, at the version that ran: its lines, why they cannot go on, who holds a lock
    #[arg(long, value_name = "DIR")]
    pub source: Option<PathBuf>,
    /// POST the findings to this address
    #[arg(long, value_name = "URL")]
    pub webhook: Option<String>,
    /// Hold the runtime's own leak profile (Go 1.27) against the memory: the address or file of the same process
    #[arg(long, value_name = "TARGET")]
    pub leak_profile: Option<String>,
    /// Pause between two looks at a process that may not be copied
    #[arg(long, value_name = "TIME", default_value = "10s", requires = "prove", value_parser = humantime::parse_duration)]
    pub second_look: std::time::Duration,
    /// How to collect.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// Shows one snapshot: families, clusters, blocking points.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd snap :6060
  goherd snap dump.txt --format folded
  goherd snap :6060 --save before.json
  goherd snap :6060 --every 10s --count 7 --save series/    then: goherd doctor series/
  goherd snap 4711 --save api.core                          then: goherd doctor core:api.core

A core file (FILE.core) holds all memory of the process, its secrets too; goherd makes it readable by its owner only.
The process is stopped for milliseconds, copied, and goes on while the copy is written.")]
pub struct SnapArgs {
    /// FILE, `-`, http(s)://HOST:PORT[/PATH], HOST:PORT, :PORT, unix:/PATH, pid:N or core:FILE[,EXE]
    pub target: String,
    /// Save the answer for later; with --count above 1, a directory; FILE.core saves a process as a core file
    #[arg(long, value_name = "PATH")]
    pub save: Option<PathBuf>,
    /// Replace a core file that exists
    #[arg(long, requires = "save")]
    pub force: bool,
    /// Pause between two snapshots
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = humantime::parse_duration)]
    pub every: std::time::Duration,
    /// How many snapshots
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub count: u32,
    /// List known long waiters, too
    #[arg(long)]
    pub all: bool,
    /// How to collect.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// Shows who waits on what: channels, locks, WaitGroups, timers, descriptors; who may hold them; what looks like a deadlock.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd graph pid:4711
  goherd graph pid:4711 --prove -o waits.html
  goherd graph core:core.4711,./server
  goherd graph pid:4711 --format dot | dot -Tsvg > waits.svg
  goherd graph crash.log

A process or core file tells every case of a select, what channels and locks hold, and whose stacks hold their
addresses. A dump tells one address a goroutine at most, and only where it prints arguments.
With --prove a process is copied: the graph is of one instant, and a ring nothing can reach is a deadlock.")]
pub struct GraphArgs {
    /// FILE, `-`, http(s)://HOST:PORT[/PATH], HOST:PORT, :PORT, unix:/PATH, pid:N or core:FILE[,EXE]
    pub target: String,
    /// How to collect.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// Models how memory, throughput and latency follow the number of goroutines, and says what more of them would need.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd capacity load.csv --at 200k --limit 4GiB
  goherd capacity goroutines.json p99_memory.json --limit 4GiB    range queries of Prometheus
  goherd capacity load.csv --columns goroutines=conns,memory=rss_mb -o capacity.svg

Columns: goroutines and memory; qps and latency where there are any. Units stand in the names: memory_mib, latency_ms, gc_pause_s.
Exit code with --at and --limit: 0 the limit is kept, bounds included; 1 the expected memory passes it; 4 too near, or no model
to be trusted: at least 12 rows at 6 different numbers of goroutines, the most at least twice the fewest.")]
pub struct CapacityArgs {
    /// CSV, JSON lines, or an answer of Prometheus to a range query; FILE, `-` or http(s)://…
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<String>,
    /// Predict for so many goroutines, such as 200k
    #[arg(long, value_name = "N", value_parser = measure::count)]
    pub at: Option<f64>,
    /// Memory that must not be passed, such as 4GiB
    #[arg(long, value_name = "SIZE", value_parser = measure::size)]
    pub limit: Option<f64>,
    /// Confidence of bounds in per cent
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = measure::per_cent)]
    pub confidence: f64,
    /// How to read tables.
    #[command(flatten)]
    pub table: TableArgs,
}

/// Scores what a change is worth: 0.5·min(1, P99 latency gain / 30 %) + 0.3·min(1, GC pause saved / 20 ms) + 0.2·min(1, goroutine drop / 40 %).
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd roi before.csv after.csv
  goherd roi before.jsonl after.jsonl --format json | jq .roi.score

Columns: time, latency, gc_pause, goroutines; qps where there is any. Both tables cover the same part of the week: the same weekday and
hour (UTC, within 30 minutes), the same length (within 5 %), the same traffic (within 20 %). Otherwise there is no score: exit code 4.")]
pub struct RoiArgs {
    /// The period before the change
    pub before: String,
    /// The period after it
    pub after: String,
    /// Confidence of bounds in per cent
    #[arg(long, value_name = "PERCENT", default_value = "95", value_parser = measure::per_cent)]
    pub confidence: f64,
    /// How to read tables.
    #[command(flatten)]
    pub table: TableArgs,
}

/// Judges a rollout by success rate and latency of control and treatment, with tests that hold however often they are asked.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd guard control.csv treatment.csv
  goherd guard control.jsonl treatment.jsonl --only success --success-drop 0.1
  goherd guard 'http://prom:9090/api/v1/query_range?query=…' treatment.json --argo

Columns: requests with failures (or success_rate) and latency of each window; or a row a request with status (or ok) and latency.
From Prometheus take increase(…), not rate(…): counts carry the evidence.
Exit codes: 0 pass, 1 fail, 4 inconclusive with the number of observations needed. Argo Rollouts: as a job metric, any code but 0 fails;
as a web metric, --argo prints {\"data\":{\"verdict\",\"ok\",…}} for jsonPath {$.data}, successCondition result.ok and failureCondition
result.failed. Flagger: a webhook that runs this answers 200 for exit code 0 and another status otherwise; a rollback hook is reversed.")]
pub struct GuardArgs {
    /// The version that runs already: FILE, `-` or http(s)://…
    pub control: String,
    /// The version that is rolled out
    pub treatment: String,
    /// How far success may fall below control's, in percentage points
    #[arg(long, value_name = "POINTS", default_value = "0.05", value_parser = measure::per_cent)]
    pub success_drop: f64,
    /// How far latency may rise above control's
    #[arg(long, value_name = "TIME", default_value = "30ms", value_parser = measure::time_above_zero)]
    pub latency_rise: std::time::Duration,
    /// Success rate treatment must keep, in per cent
    #[arg(long, value_name = "PERCENT", default_value = "99.5", value_parser = measure::per_cent)]
    pub success_floor: f64,
    /// Latency treatment must keep
    #[arg(long, value_name = "TIME", default_value = "400ms", value_parser = measure::time_above_zero)]
    pub latency_ceiling: std::time::Duration,
    /// Chance that a rollout without any difference fails, over all checks and looks
    #[arg(long, value_name = "LEVEL", default_value = "0.05", value_parser = measure::level)]
    pub alpha: f64,
    /// Judge one measure only
    #[arg(long, value_enum, value_name = "MEASURE")]
    pub only: Option<OnlyArg>,
    /// Print JSON for Argo Rollouts' web metric
    #[arg(long, conflicts_with = "format")]
    pub argo: bool,
    /// How to read tables.
    #[command(flatten)]
    pub table: TableArgs,
}

/// Shows a saved answer, a dump, a trace or an endpoint in the viewer, served on 127.0.0.1 until Ctrl-C.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd open report.json
  goherd open dump.txt --no-browser --port 8099
  goherd open trace.out

An execution trace opens with a timeline that can be zoomed to single goroutines; the file is read again for what is looked at.")]
pub struct OpenArgs {
    /// An answer saved as JSON, or any target
    pub target: String,
    /// Port to listen on; a free one by default
    #[arg(long, default_value_t = 0, value_name = "PORT")]
    pub port: u16,
    /// Print the address only
    #[arg(long)]
    pub no_browser: bool,
    /// How to collect.
    #[command(flatten)]
    pub collect: CollectArgs,
}

/// Prints a pattern's page, or lists all patterns.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd explain
  goherd explain LK005
  goherd explain LK005 --lang zh-CN
  goherd explain LK005 --format markdown")]
pub struct ExplainArgs {
    /// Such as LK005
    pub id: Option<String>,
}

/// Replays a recorded incident of a service on loopback and judges it as a real one is; always exits 0.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd demo
  goherd demo -o demo.html
  goherd demo --webhook http://127.0.0.1:9000/alerts")]
pub struct DemoArgs {
    /// POST the findings to this address
    #[arg(long, value_name = "URL")]
    pub webhook: Option<String>,
}

/// Prints a completion script.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd completions bash > ~/.local/share/bash-completion/completions/goherd
  goherd completions zsh > ~/.zfunc/_goherd")]
pub struct CompletionsArgs {
    /// Shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Prints the manual page.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd man | man -l -
  goherd man --out ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Write one page a command into this directory
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// `--only`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OnlyArg {
    /// Success rates
    Success,
    /// Latencies
    Latency,
}

/// `--rule`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RuleArg {
    /// 50 goroutines in one stack that stands in 70 % of the last 10 snapshots; alone it flags every healthy server
    #[value(name = "S3")]
    S3,
}

impl RuleArg {
    /// The rule of that number.
    pub fn rule(self) -> herd_diagnose::Rule {
        match self {
            RuleArg::S3 => herd_diagnose::Rule::S3,
        }
    }
}

/// `--format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatArg(pub herd_sinks::Format);

impl ValueEnum for FormatArg {
    fn value_variants<'a>() -> &'a [Self] {
        static ALL: LazyLock<Vec<FormatArg>> = LazyLock::new(|| FORMATS.iter().map(|row| FormatArg(row.format)).collect());
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        let row = self.0.row();
        Some(clap::builder::PossibleValue::new(row.name).help(row.about))
    }
}

/// `--fail-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Critical findings only
    Critical,
    /// Warnings and worse
    Warning,
    /// Any finding
    Info,
    /// Nothing
    Never,
}

impl From<herd_config::FailOn> for FailOn {
    fn from(said: herd_config::FailOn) -> Self {
        match said {
            herd_config::FailOn::Critical => FailOn::Critical,
            herd_config::FailOn::Warning => FailOn::Warning,
            herd_config::FailOn::Info => FailOn::Info,
            herd_config::FailOn::Never => FailOn::Never,
        }
    }
}

impl FailOn {
    /// The least severity that fails.
    pub fn severity(self) -> Option<Severity> {
        match self {
            FailOn::Critical => Some(Severity::Critical),
            FailOn::Warning => Some(Severity::Warning),
            FailOn::Info => Some(Severity::Info),
            FailOn::Never => None,
        }
    }
}

/// `--color`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On a terminal that shows it, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// `--lang`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LangArg {
    /// English
    En,
    /// Chinese, simplified
    #[value(name = "zh-CN", alias = "zh", alias = "zh-cn", alias = "zh_CN")]
    ZhCn,
}
