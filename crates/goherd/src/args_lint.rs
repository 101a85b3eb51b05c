//! Arguments of `goherd lint`.

use std::path::PathBuf;

use clap::Args;

/// Reads Go source for concurrency faults: locks, channels, contexts, goroutines. Needs no build and no Go toolchain.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  goherd lint
  goherd lint ./internal/store ./cmd/...
  goherd lint --select LK,DL001 ./...      rules by id, or by what ids start with
  goherd lint --new-from origin/main ./... only what this branch adds
  goherd lint --write-baseline goherd-baseline.toml; goherd lint --baseline goherd-baseline.toml
  goherd lint --diff ./...                 what --fix would change
  goherd lint --fix ./...
  goherd lint --format sarif -o goherd.sarif ./...
  goherd lint --format json ./... | jq '.findings[].at'
  goherd lint --fail-on never ./...
  goherd lint --spawns ./...
  goherd lint --spawns --format html ./... > starts.html
  go vet -vettool=$(which goherd) ./...
  goherd lint --deadlines ./...

Packages are named as for `go build`. Dependencies are read from the module cache, the vendor folder and GOROOT; what comes from
a module that is not there is unknown, and rules are silent where they rest on it. Every finding shows the way that proves it.
Nothing is said of generated files. `goherd explain ID` tells more of a finding.

Settings are read from [lint] of the nearest goherd.toml between the folder and the top of its working copy; flags come first.
In source, `//goherd:ignore ID why`, `//nolint:NAME`, `//lint:ignore NAME why`, `#nosec NAME` and `//lint:file-ignore NAME why` keep
findings back, NAME being goherd's or a peer's (lostcancel, copylocks, SA2000, G118, …). On the line where a function or statement
starts, or alone above it, the first two speak for all of it.")]
pub struct LintArgs {
    /// Packages, as for `go build`: import paths, folders, patterns with `...`; all below the folder unless given
    #[arg(value_name = "PACKAGES")]
    pub packages: Vec<String>,
    /// What is listed.
    #[command(flatten)]
    pub list: ListArgs,
    /// The folder packages are named from
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub dir: PathBuf,
    /// Leave test files out
    #[arg(long)]
    pub no_tests: bool,
    /// Build tags, separated by commas
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub tags: Vec<String>,
    /// Read everything anew: the answer of before, kept in $GOHERD_CACHE_DIR or the user's cache, holds while no source has changed
    #[arg(long)]
    pub no_cache: bool,
    /// Which rules.
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Which findings.
    #[command(flatten)]
    pub known: KnownArgs,
    /// What to mend.
    #[command(flatten)]
    pub fix: FixArgs,
}

/// What is listed instead of findings.
#[derive(Debug, Args)]
#[command(next_help_heading = "Lists")]
pub struct ListArgs {
    /// List what starts goroutines instead: the risk of each, what ends it, who waits for it; all of it in JSON and HTML too
    #[arg(long)]
    pub spawns: bool,
    /// Draw every way from where work comes in (HTTP, gRPC, queues, goroutines of main) to where the program waits for another
    /// process, with what becomes of the deadline at each call; findings that concern deadlines alone
    #[arg(long, conflicts_with = "spawns")]
    pub deadlines: bool,
}

/// Which rules are told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub struct RuleArgs {
    /// Only these rules: ids, or what ids start with, separated by commas; a full id asks for a rule under trial, too
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub select: Vec<String>,
    /// Not these rules
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub ignore: Vec<String>,
    /// Rules under trial, too; otherwise what they find is counted
    #[arg(long)]
    pub preview: bool,
    /// This configuration instead of the nearest goherd.toml
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// No configuration
    #[arg(long)]
    pub no_config: bool,
}

/// Which findings are told.
#[derive(Debug, Args)]
#[command(next_help_heading = "Known findings")]
pub struct KnownArgs {
    /// Only findings that stand on, or whose way shows, a line changed since the branch left REV, or beside lines that went (git)
    #[arg(long, value_name = "REV")]
    pub new_from: Option<String>,
    /// Findings to leave out: fingerprints with reasons, TOML; they outlive moved lines
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write a baseline of what is found now
    #[arg(long, value_name = "FILE")]
    pub write_baseline: Option<PathBuf>,
    /// Note each `//goherd:ignore` that keeps nothing back, and how many entries of the baseline match nothing
    #[arg(long)]
    pub report_unused: bool,
}

/// What is mended.
#[derive(Debug, Args)]
#[command(next_help_heading = "Mending")]
pub struct FixArgs {
    /// Mend what can be mended without changing anything else
    #[arg(long)]
    pub fix: bool,
    /// Mend, too, what may do something else that was meant: read it afterwards
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Print what would be mended, as a diff, and change nothing
    #[arg(long)]
    pub diff: bool,
}

/// Lints the packages of open buffers, saved or not, and tells the editor: diagnostics with the ways that prove them, repairs as code
/// actions, pages as hovers.
#[derive(Debug, Args)]
#[command(after_help = "\
Editors start it with `goherd lsp` for files of the language `go`, beside gopls. Neovim:
  vim.lsp.config('goherd', { cmd = { 'goherd', 'lsp' }, filetypes = { 'go' }, root_markers = { 'go.work', 'go.mod' } })
  vim.lsp.enable('goherd')
Helix, languages.toml:
  [language-server.goherd]
  command = \"goherd\"
  args = [\"lsp\"]

Settings are those of `goherd lint` in [lint] of goherd.toml. A package is linted by itself: what takes two packages to see, such as
a lock that a callee elsewhere takes, `goherd lint ./...` tells.")]
pub struct LspArgs {
    /// Ignored: editors give it, and there is no other way
    #[arg(long, hide = true)]
    pub stdio: bool,
}
