//! Arguments of the commands that take execution traces.

use clap::{Args, ValueEnum};

use crate::collect::CollectArgs;

/// Shows what an execution trace shows: what goroutines waited for and where, how long they waited for a P, where they were created and
/// what became of them, what the collector did and who kept the world from stopping.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd trace trace.out
  goherd trace :6060 --seconds 5
  goherd trace a.trace b.trace c.trace
  goherd trace trace.out --format json | jq '.trace.reasons[] | [.reason, .finished.total_s]'
  goherd trace trace.out -o trace.html
  goherd open trace.out
  goherd trace trace.out -o waits.svg
  goherd trace trace.out --of syscalls -o syscalls.pb.gz
  goherd trace trace.out --from 1.5 --to 2 -o slow.perfetto-trace
  goherd trace trace.out --format csv -o trace.csv
  goherd trace trace.out --cpu cpu.pb.gz --heap allocs.pb.gz

Traces of Go 1.22 to 1.27 and snapshots of the flight recorder; several are added up. Waits still open when the trace ends are told apart, as
unfinished: Go's own tools leave them out. A damaged trace is told as far as it can be read, with what is lost and where; the exit code is
then 3. What keeps the program from doing more is judged: queues behind a slow log or for a connection, the collector, too few processors;
the exit code is then 1. A CPU profile is placed on the trace's clock (Go 1.25); the runtime writes each sample to both, so they are not
added up. `goherd open` shows the trace as a timeline that can be zoomed to single goroutines; a report in HTML holds its overview.
--format perfetto writes a timeline for ui.perfetto.dev: goroutines by creation site, what they wait for and where, collections, stops,
heap, tasks and regions; with --of it writes time by stack instead. --format csv is one table; the column `table` says what a row is of.
Tracing takes a service 1 to 2 % of its CPU; a trace grows with what happens, not with time.")]
pub struct TraceArgs {
    /// FILE, `-`, http(s)://HOST:PORT[/PATH], HOST:PORT, :PORT or unix:/PATH
    #[arg(required = true, value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Seconds a service traces itself for
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: u32,
    /// Rows of each table
    #[arg(long, value_name = "N", default_value = "10", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub top: u32,
    /// Which time flame graphs and profiles show by stack; waits unless given
    #[arg(long, value_enum, value_name = "TIME")]
    pub of: Option<OfArg>,
    /// Where the timeline for Perfetto begins, in seconds of the trace
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub from: Option<f64>,
    /// Where it ends
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub to: Option<f64>,
    /// CPU profile taken meanwhile: a file
    #[arg(long, value_name = "FILE")]
    pub cpu: Option<String>,
    /// Profile of allocations of the same process, heap or allocs, best with ?seconds=
    #[arg(long, value_name = "TARGET")]
    pub heap: Option<String>,
    /// Times as recorded, or moved as Go's own tools move them, for comparison
    #[arg(long, value_enum, value_name = "TIMES", default_value = "raw")]
    pub time: TimeArg,
    /// How to collect.
    #[command(flatten)]
    pub collect: CollectArgs,
}

fn seconds(text: &str) -> Result<f64, String> {
    let parsed = text.strip_suffix('s').unwrap_or(text).parse::<f64>();
    parsed.ok().filter(|seconds| (0.0..1e9).contains(seconds)).ok_or_else(|| "seconds such as 1.5 are wanted".to_owned())
}

/// `--time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimeArg {
    /// As recorded
    Raw,
    /// Each event later than the one before, as `go tool trace` has it
    Go,
}

/// `--of`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OfArg {
    /// Waits, with their reasons as labels
    Waits,
    /// System calls
    Syscalls,
    /// CPU, where the profiler ran while tracing
    Cpu,
}
