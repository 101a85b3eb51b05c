//! Arguments of `goherd lint`.

use std::path::PathBuf;

use clap::Args;

/// Reads Go source for concurrency faults: locks, channels, contexts, goroutines. Needs no build and no Go toolchain.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd lint
  goherd lint ./...
  goherd lint ./internal/store ./cmd/...
  goherd lint --dir ~/src/shop ./...
  goherd lint --format json ./... | jq '.findings[].at'
  goherd lint --fail-on never ./...
  goherd lint --spawns ./...
  goherd lint --spawns --format html ./... > starts.html

Packages are named as for `go build`. Dependencies are read from the module cache, the vendor folder and GOROOT; what comes from
a module that is not there is unknown, and rules are silent where they rest on it. Every finding shows the way that proves it.
Nothing is said of generated files. `goherd explain ID` tells more of a finding.")]
pub struct LintArgs {
    /// Packages, as for `go build`: import paths, folders, patterns with `...`; all below the folder unless given
    #[arg(value_name = "PACKAGES")]
    pub packages: Vec<String>,
    /// List what starts goroutines instead: the risk of each, what ends it, who waits for it; all of it in JSON and HTML too
    #[arg(long)]
    pub spawns: bool,
    /// The folder packages are named from
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Leave test files out
    #[arg(long)]
    pub no_tests: bool,
    /// Build tags, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub tags: Vec<String>,
}
