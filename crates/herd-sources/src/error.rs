//! Everything that can keep a target from testifying, each with what to do about it.

use std::io;

use herd_formats::trace::TraceError;
use herd_live::LiveError;

/// Why a target could not be asked. Messages fit after "failed to read …" and name the target.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The text is no target.
    #[error("`{target}` is not a target: {why}")]
    BadTarget {
        /// As given, credentials removed.
        target: String,
        /// What is wrong with it.
        why: String,
    },
    /// A process or core file that cannot be read from outside.
    #[error(transparent)]
    Live(#[from] LiveError),
    /// An option the collector cannot use.
    #[error("{option}: {why}")]
    BadOption {
        /// The option as on the command line.
        option: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// No such file.
    #[error("{path}: no such file or directory")]
    NotFound {
        /// The path.
        path: String,
    },
    /// A file that cannot be read.
    #[error("{path}: {source}")]
    Unreadable {
        /// The path.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// Compressed data that is broken from the start.
    #[error("{target}: the {form} data is damaged: {source}")]
    Damaged {
        /// The target.
        target: String,
        /// `gzip`, `zstd` or `profile`.
        form: &'static str,
        /// What the decoder says.
        source: io::Error,
    },
    /// Read, but no dump.
    #[error("{target}: no goroutine found: this is {what}")]
    NotADump {
        /// The target.
        target: String,
        /// What it is instead.
        what: String,
    },
    /// Read, but neither weights nor goroutines, which could be weighed.
    #[error("{target}: no profile found: this is {what}")]
    NotAProfile {
        /// The target.
        target: String,
        /// What it is instead.
        what: String,
    },
    /// Read, but no execution trace.
    #[error("{target}: no execution trace found: this is {what}")]
    NotATrace {
        /// The target.
        target: String,
        /// What it is instead.
        what: String,
    },
    /// An execution trace in a format of another Go.
    #[error("{target}: {why}")]
    OtherTrace {
        /// The target.
        target: String,
        /// What is wrong with it.
        why: TraceError,
    },
    /// A directory without a dump.
    #[error("{path}: none of its {files} files is a goroutine dump")]
    NoDumps {
        /// The path.
        path: String,
        /// Files looked at.
        files: usize,
    },
    /// Nobody answers.
    #[error("{target} cannot be reached: {why}")]
    Unreachable {
        /// The target.
        target: String,
        /// The innermost cause.
        why: String,
    },
    /// The connection broke while it answered.
    #[error("{target}: the answer to {asked} broke off after {bytes} bytes: {why}")]
    Cut {
        /// The target.
        target: String,
        /// What was asked.
        asked: String,
        /// Bytes read until then.
        bytes: u64,
        /// The innermost cause.
        why: String,
    },
    /// Another status than 200.
    #[error("{target} answers {status} to {asked}{}", detail.as_ref().map(|text| format!(": {text}")).unwrap_or_default())]
    HttpStatus {
        /// The target.
        target: String,
        /// What was asked.
        asked: String,
        /// Status code.
        status: u16,
        /// The first line of the answer, or where it redirects to.
        detail: Option<String>,
    },
    /// The certificate or the handshake.
    #[error("{target}: TLS: {why}")]
    Tls {
        /// The target.
        target: String,
        /// The innermost cause.
        why: String,
    },
    /// Nothing within the time allowed.
    #[error("{target} has not answered {asked} within {seconds} s")]
    Timeout {
        /// The target.
        target: String,
        /// What was asked.
        asked: String,
        /// The time allowed.
        seconds: f64,
    },
    /// More than goherd reads at once.
    #[error("{target}: {what} is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The target.
        target: String,
        /// What is.
        what: String,
        /// The limit.
        limit: u64,
    },
    /// `debug=2` was demanded of a process that is too large for it.
    #[error("{target} has {goroutines} goroutines; `debug=2` would stop it for about {seconds:.1} s and is limited to {limit}")]
    StopsTheWorld {
        /// The target.
        target: String,
        /// How many it has.
        goroutines: u64,
        /// How many are allowed.
        limit: u64,
        /// Estimate of the pause.
        seconds: f64,
    },
    /// Something goherd knows and cannot read.
    #[error("{target}: {what}")]
    Unsupported {
        /// The target.
        target: String,
        /// What it is.
        what: String,
    },
    /// A witness of goroutines where a table of measurements is asked for.
    #[error("{target} holds no measurements")]
    NotATable {
        /// The target.
        target: String,
    },
    /// Ctrl-C.
    #[error("interrupted")]
    Interrupted,
}

/// Which exit code an error calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorClass {
    /// The command line is wrong: 2.
    Usage,
    /// The target is unreachable or unreadable: 3.
    Target,
    /// Interrupted: 130.
    Interrupted,
}

impl SourceError {
    /// Which exit code it calls for.
    pub fn class(&self) -> ErrorClass {
        match self {
            SourceError::BadTarget { .. } | SourceError::BadOption { .. } | SourceError::NotATable { .. } => ErrorClass::Usage,
            SourceError::Interrupted => ErrorClass::Interrupted,
            SourceError::Live(_)
            | SourceError::NotFound { .. }
            | SourceError::Unreadable { .. }
            | SourceError::Damaged { .. }
            | SourceError::NotADump { .. }
            | SourceError::NotAProfile { .. }
            | SourceError::NotATrace { .. }
            | SourceError::OtherTrace { .. }
            | SourceError::NoDumps { .. }
            | SourceError::Unreachable { .. }
            | SourceError::Cut { .. }
            | SourceError::HttpStatus { .. }
            | SourceError::Tls { .. }
            | SourceError::Timeout { .. }
            | SourceError::TooLarge { .. }
            | SourceError::StopsTheWorld { .. }
            | SourceError::Unsupported { .. } => ErrorClass::Target,
        }
    }

    /// What the user can do, as a sentence.
    pub fn next_step(&self) -> String {
        match self {
            SourceError::BadTarget { .. } => {
                "Name a FILE, a directory, `-`, `pid:N`, `core:FILE`, `http://HOST:PORT`, `:PORT` or `unix:/PATH`.".into()
            }
            SourceError::Live(error) => live_step(error).into(),
            SourceError::BadOption { option, .. } => format!("See `goherd doctor --help` for {option}."),
            SourceError::NotFound { path } => not_found_step(path),
            SourceError::Unreadable { .. } => "Check its permissions, or pipe it: `sudo cat FILE | goherd doctor -`.".into(),
            SourceError::Damaged { .. } => "Copy it again, in binary mode, and check it with `gzip -t` or `zstd -t`.".into(),
            SourceError::NotADump { what, .. } => {
                other_step(what, "Give goherd a goroutine dump: debug=0, debug=1, debug=2 or what SIGQUIT prints.")
            }
            SourceError::NotAProfile { what, .. } => {
                other_step(what, "Give goherd what an address below /debug/pprof answers, or a goroutine dump.")
            }
            SourceError::NotATrace { what, .. } => other_step(
                what,
                "Take one with `curl -o trace http://HOST:PORT/debug/pprof/trace?seconds=5`, or name the service.",
            ),
            SourceError::OtherTrace { why, .. } => trace_step(why).into(),
            SourceError::NoDumps { .. } => {
                "Save dumps there with `curl -o NAME http://HOST:PORT/debug/pprof/goroutine?debug=2`.".into()
            }
            SourceError::Unreachable { .. } => {
                "Check that the service runs, listens on this port and may be reached from here (port-forward, firewall, proxy)."
                    .into()
            }
            SourceError::Cut { .. } => {
                "Something between here and the service ends long answers (WriteTimeout, a proxy); ask it directly or ask again."
                    .into()
            }
            SourceError::HttpStatus { status, .. } => status_step(*status).into(),
            SourceError::Tls { .. } => {
                "Give the certificate of its issuer with --cacert, or use --insecure if you trust the network.".into()
            }
            SourceError::Timeout { .. } => {
                "Allow more with --timeout, or check whether the process still answers anything at all.".into()
            }
            SourceError::TooLarge { .. } => "Take the dump on the target's own machine and give goherd the file.".into(),
            SourceError::StopsTheWorld { .. } => "Accept the pause with --allow-stw, or take the counts only.".into(),
            SourceError::Unsupported { .. } => {
                "Give goherd a goroutine dump: debug=0, debug=1, debug=2 or what SIGQUIT prints.".into()
            }
            SourceError::NotATable { .. } => {
                "Name a FILE, `-` or an http(s) address that answers CSV, JSON or a range query.".into()
            }
            SourceError::Interrupted => "Run it again when there is time.".into(),
        }
    }
}

fn trace_step(why: &TraceError) -> &'static str {
    match why {
        TraceError::TooOld(_) => "Build the service with Go 1.22 or later, or look at it with the `go tool trace` of its Go.",
        TraceError::TooNew(_) => "Get a newer goherd.",
        TraceError::Empty => "Trace for longer, and stop the trace before the program ends: trace.Stop writes what is left.",
        TraceError::NotATrace | TraceError::Io(_) => "Take the trace again.",
    }
}

fn live_step(error: &LiveError) -> &'static str {
    match error {
        LiveError::NoSuchProcess(_) => {
            "Look for its id with `pgrep -x NAME`; inside a container processes have other ids than outside."
        }
        LiveError::Gone(_) => "Start it again, or look at what it printed when it ended.",
        LiveError::TooManyObjects { .. } => "Leave out --holders: what is in use, and who allocated it, needs no notes.",
        LiveError::NoCopy { .. } | LiveError::OverBudget { .. } => "Take a snapshot, which neither stops nor copies it.",
        LiveError::Refused { .. } => "Or use :PORT where the process serves net/http/pprof.",
        LiveError::NotElf { .. } | LiveError::NotGo(_) => {
            "Name the process of the Go program itself, not of a shell or launcher that started it."
        }
        LiveError::UnknownVersion { .. }
        | LiveError::OtherLayout { .. }
        | LiveError::Missing { .. }
        | LiveError::Inconsistent(_) => {
            "Use :PORT where the process serves net/http/pprof, or send it SIGQUIT and give goherd the text it prints."
        }
        LiveError::NoProfile(_) => "Ask the service itself, :PORT/debug/pprof/heap, or build it without `-ldflags=-s`.",
        LiveError::NotSampled(_) => "Import net/http/pprof or runtime/pprof in it, and leave runtime.MemProfileRate as it is.",
        LiveError::NotCore { .. } => "Name a core file as `core:FILE`; a dump in text needs no `core:`.",
        LiveError::NoExecutable(_) => "Copy the executable from the machine the core file comes from.",
        LiveError::Io { .. } => "Check the path and its permissions.",
    }
}

fn not_found_step(path: &str) -> String {
    if path.contains('.') && !path.contains(['/', '\\']) {
        format!("Check the path; for a service of that name give the port too: `{path}:6060`.")
    } else {
        "Check the path; for a service give `HOST:PORT`.".to_owned()
    }
}

/// What to do with what is neither dump nor profile; `give` says what is wanted instead.
fn other_step(what: &str, give: &str) -> String {
    if what.contains("HTML") {
        "A login page or a proxy answered: pass credentials (--user, --bearer-env, --header) or ask the service directly."
            .to_owned()
    } else if what.contains("Go runtime") {
        "Judge it with `goherd runlog FILE`; a dump tells what goroutines wait for.".to_owned()
    } else if what.contains("empty") {
        "Take it again and check that the command that writes it succeeds.".to_owned()
    } else {
        give.to_owned()
    }
}

fn status_step(status: u16) -> &'static str {
    match status {
        401 => "Pass credentials with --user USER:PASSWORD or --bearer-env NAME.",
        403 => "The credentials are not allowed to see profiles, or only some addresses are; ask from an allowed one.",
        404 => "Import net/http/pprof in the service and serve it on this port, or give its prefix: `http://HOST:PORT/PREFIX`.",
        405 | 501 => "The endpoint refuses GET; ask the service directly.",
        407 => "The proxy wants credentials: --proxy http://USER:PASSWORD@HOST:PORT, or NO_PROXY for this host.",
        429 => "The endpoint limits how often it is asked; wait and ask again.",
        300..=399 => "It redirects to another place (a login?): pass credentials, or give the address it redirects to.",
        500..=599 => "The service or the proxy before it fails; ask it directly, and look at its log.",
        _ => "Ask the service directly, without a proxy.",
    }
}
