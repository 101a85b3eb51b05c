//! Arguments of `goherd runlog`.

use clap::Args;

/// Judges what the Go runtime printed of itself under GODEBUG: the collector, the live heap, the scheduler and threads. Says what such a
/// log cannot tell.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  GODEBUG=gctrace=1,schedtrace=1000 ./service 2> runtime.log; goherd runlog runtime.log
  kubectl logs -f POD | goherd runlog --follow -
  goherd runlog app.log.gz --format markdown
  goherd runlog runtime.log -o plots.svg

gctrace, schedtrace, scheddetail, scavtrace and inittrace of Go 1.16 to 1.27 are read, alone or among the lines of an application, as
containers and journals write them. Records that other lines cut are put together again, and counted where that fails. One log is one
kind of witness: what it shows is suspected at most, and what goroutines wait for does not stand in it.")]
pub struct RunlogArgs {
    /// FILE, `-` or http(s)://HOST:PORT/PATH
    pub target: String,
    /// Tell findings on standard error as they arise; the answer comes at the end of the input, or on Ctrl-C
    #[arg(long, short = 'f')]
    pub follow: bool,
}
