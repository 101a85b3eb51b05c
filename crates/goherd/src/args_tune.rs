//! Arguments of `goherd tune`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

/// Runs a command under settings of the Go runtime, measures what each costs, and says which is worth it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd tune -- ./batch --input day.csv
  goherd tune --gogc 50,100,200,400,off --runs 5 -- ./batch
  goherd tune --gogc off --memlimit 200MiB,400MiB,800MiB -- ./batch
  goherd tune --maxprocs 1,2,4 --for 30s --throughput '([0-9.]+) req/s' -- ./server --self-load
  goherd tune --memlimit 200MiB,800MiB --for 20s --url http://127.0.0.1:8080/debug/vars -- ./server
  goherd tune --gogc 100,200 -o tune.html -- ./batch

Give a program that does the same work each time, itself and not by `go run`, and a quiet machine.
The runs are shuffled, so that what else goes on falls on all alike. Collections are counted
from what the runtime prints (GODEBUG=gctrace=1 is added), CPU time and memory by the kernel.
CPU time is judged by, or the throughput where --throughput finds it. Where the differences are
within the noise there is no advice, and the exit code is 4.")]
pub struct TuneArgs {
    /// Values of GOGC: percentages, or off; 50,100,200,400 where nothing else is given
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = gogc)]
    pub gogc: Vec<String>,
    /// Values of GOMEMLIMIT, such as 200MiB, or off
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = memlimit)]
    pub memlimit: Vec<String>,
    /// Values of GOMAXPROCS
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub maxprocs: Vec<u32>,
    /// Runs of each setting; fewer than 3 give figures and no advice
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub runs: u32,
    /// End a run after so long with SIGTERM, for a command that does not end by itself
    #[arg(long = "for", value_name = "TIME", value_parser = humantime::parse_duration)]
    pub span: Option<Duration>,
    /// How long a command may take to end after SIGTERM, before SIGKILL
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration)]
    pub grace: Duration,
    /// What the command prints of its throughput: its first group, else all of it, is a number, more is better; the last line counts
    #[arg(long, value_name = "REGEX")]
    pub throughput: Option<String>,
    /// Where the command serves /debug/vars or /metrics: asked while it runs for heap, goroutines, pauses and the collector's CPU
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Write what each run prints into this folder
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// What the order of the runs is drawn from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The command and its arguments, after `--`; no shell reads them
    #[arg(required = true, last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

fn gogc(text: &str) -> Result<String, String> {
    if text == "off" || text.parse::<u32>().is_ok() {
        return Ok(text.to_owned());
    }
    Err("a percentage such as 200, or off".to_owned())
}

/// The units the runtime takes (`runtime/string.go`, `parseByteCount`, Go 1.19 to 1.27).
fn memlimit(text: &str) -> Result<String, String> {
    let number = ["KiB", "MiB", "GiB", "TiB", "B"].iter().find_map(|unit| text.strip_suffix(unit)).unwrap_or(text);
    if text == "off" || number.parse::<u64>().is_ok_and(|bytes| bytes > 0) {
        return Ok(text.to_owned());
    }
    Err("a size such as 200MiB, with B, KiB, MiB, GiB or TiB, or off".to_owned())
}
