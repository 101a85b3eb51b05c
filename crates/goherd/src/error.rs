//! Failures a user can meet: what failed, why, what to do next, and the exit code.

use std::io;
use std::path::PathBuf;

use herd_config::ConfigError;
use herd_deliver::DeliverError;
use herd_formats::measurements::MeasurementsError;
use herd_sinks::{Messages, SinkError};
use herd_sources::{ErrorClass, SourceError};

use crate::exit::Exit;

/// A failure with a next step.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// A target could not testify.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A table of measurements cannot be used.
    #[error(transparent)]
    Measurements(#[from] MeasurementsError),
    /// An option cannot be used as it was.
    #[error("{option}: {why}")]
    Option {
        /// As on the command line.
        option: &'static str,
        /// What is wrong.
        why: String,
        /// What to do.
        next: String,
    },
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No such pattern.
    #[error("no pattern is called `{0}`")]
    UnknownPattern(String),
    /// The suppression file cannot be used.
    #[error("{}: {why}", path.display())]
    Suppressions {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A saved answer that cannot be read back.
    #[error("{name}: this is an answer saved by goherd, but it cannot be read: {why}")]
    SavedAnswer {
        /// The file.
        name: String,
        /// What is wrong.
        why: String,
    },
    /// The answer could not be written.
    #[error("{}: {why}", path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// A core file could not be written to its end.
    #[error("{}: {why}; {done} of {of} bytes of memory were written, and the unfinished file is removed", path.display())]
    CoreFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
        /// Bytes.
        done: u64,
        /// Bytes there are.
        of: u64,
    },
    /// A command that was to be measured did not run, or failed.
    #[error("{why}")]
    Command {
        /// What is wrong.
        why: String,
        /// What to do.
        next: String,
    },
    /// The viewer's port cannot be had.
    #[error("127.0.0.1:{port}: {why}")]
    Listen {
        /// The port.
        port: u16,
        /// What the system says.
        why: io::Error,
    },
    /// The findings did not reach the webhook.
    #[error("the findings are not delivered: {0}")]
    Webhook(DeliverError),
    /// The answer could not be printed in this format.
    #[error(transparent)]
    Sink(#[from] SinkError),
}

impl ExpectedError {
    /// How goherd ends.
    pub fn exit(&self) -> Exit {
        match self {
            ExpectedError::Source(error) => match error.class() {
                ErrorClass::Usage => Exit::Failed,
                ErrorClass::Target => Exit::Target,
                ErrorClass::Interrupted => Exit::Interrupted,
            },
            ExpectedError::Measurements(MeasurementsError::UnknownColumn { .. })
            | ExpectedError::Option { .. }
            | ExpectedError::UnknownPattern(_)
            | ExpectedError::Config(_)
            | ExpectedError::Suppressions { .. }
            | ExpectedError::Output { .. }
            | ExpectedError::CoreFile { .. }
            | ExpectedError::Listen { .. }
            | ExpectedError::Webhook(_)
            | ExpectedError::Sink(_) => Exit::Failed,
            ExpectedError::SavedAnswer { .. } | ExpectedError::Measurements(_) | ExpectedError::Command { .. } => Exit::Target,
        }
    }

    /// What the user can do.
    pub fn next_step(&self) -> String {
        match self {
            ExpectedError::Source(error) => error.next_step(),
            ExpectedError::Option { next, .. } | ExpectedError::Command { next, .. } => next.clone(),
            ExpectedError::Measurements(error) => table_step(error).into(),
            ExpectedError::UnknownPattern(_) => "List them all with `goherd explain`.".into(),
            ExpectedError::Config(ConfigError::Unreadable { .. }) => {
                "Name a file that is there with --config FILE, or leave it out with --no-config.".into()
            }
            ExpectedError::Config(ConfigError::Malformed { .. }) => {
                "docs/schema/goherd-toml.schema.json says what may stand there; --no-config does without.".into()
            }
            ExpectedError::Suppressions { .. } => {
                "Each entry is `[[suppress]]` with `fingerprint`, `reason` and, if it is to end, `expires = 2026-12-31`.".into()
            }
            ExpectedError::SavedAnswer { .. } => "Save it again with `goherd snap TARGET --save FILE`.".into(),
            ExpectedError::CoreFile { why, done, of, .. } if why.kind() == io::ErrorKind::StorageFull => {
                format!("Name a file on another disk, or make room for {} bytes more.", of.saturating_sub(*done))
            }
            ExpectedError::Output { .. } | ExpectedError::CoreFile { .. } => {
                "Check that the folder exists and may be written to.".into()
            }
            ExpectedError::Listen { .. } => "Leave out --port to be given a free one.".into(),
            ExpectedError::Webhook(error) => error.next_step().into(),
            ExpectedError::Sink(
                SinkError::NoTree
                | SinkError::NoStacks
                | SinkError::NoWeights
                | SinkError::NoGraph
                | SinkError::NoTable
                | SinkError::NoModel
                | SinkError::NoLocks,
            ) => "Use `--format json` or `--format text` for this answer.".into(),
            ExpectedError::Sink(_) => "Check that the output can be written to.".into(),
        }
    }
}

fn table_step(error: &MeasurementsError) -> &'static str {
    match error {
        MeasurementsError::NoColumn { .. } | MeasurementsError::Ambiguous { .. } | MeasurementsError::UnknownColumn { .. } => {
            "Say which column is which: `--columns goroutines=NAME,memory=NAME`."
        }
        MeasurementsError::Empty { .. }
        | MeasurementsError::NoRow { .. }
        | MeasurementsError::NoFigures { .. }
        | MeasurementsError::Malformed { .. } => {
            "Give CSV with a header, one JSON object a line, or what Prometheus answers to /api/v1/query_range."
        }
        MeasurementsError::Prometheus { .. } => {
            "Check the query and its time in Prometheus, and save the answer of /api/v1/query_range."
        }
    }
}

/// What failed and why; a cause that the text ends with already is not said twice.
fn told(error: &anyhow::Error) -> String {
    error
        .chain()
        .skip(1)
        .map(ToString::to_string)
        .fold(error.to_string(), |text, cause| if text.ends_with(&cause) { text } else { format!("{text}: {cause}") })
}

/// Says on stderr what failed and what to do, and gives how goherd ends. A reader that is gone is no failure.
pub fn report(error: &anyhow::Error, redact: bool, say: &Messages) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Healthy;
    }
    let expected = error.downcast_ref::<ExpectedError>();
    let exit = expected.map_or(Exit::Failed, ExpectedError::exit);
    if exit == Exit::Interrupted {
        anstream::eprintln!("goherd: {}", say.sentence("interrupted"));
        return exit;
    }
    if redact {
        let what = expected.map_or_else(|| "it failed".to_owned(), shareable);
        anstream::eprintln!("goherd: {}", say.sentence(&format!("{what}; run it without --redact to see which and why")));
        return exit;
    }
    anstream::eprintln!("goherd: {}", printable(&say.sentence(&told(error))));
    if let Some(expected) = expected {
        let step = say.sentence(&expected.next_step());
        anstream::eprintln!("{}", printable(&say.say_with("cli-next", &[("step", &step)])));
    }
    exit
}

/// What failed, without hosts, paths and what they answered.
fn shareable(error: &ExpectedError) -> String {
    let what = match error {
        ExpectedError::Source(error) => match error {
            SourceError::BadTarget { .. } => "a target cannot be used as it is given",
            SourceError::Live(_) => "a process or core file cannot be read",
            SourceError::BadOption { option, .. } => return format!("{option} cannot be used as it is"),
            SourceError::NotFound { .. } => "a file does not exist",
            SourceError::Unreadable { .. } => "a file cannot be read",
            SourceError::Damaged { .. } => "a target's data is damaged",
            SourceError::NotADump { .. } => "a target holds no goroutine",
            SourceError::NotAProfile { .. } => "a target holds no profile",
            SourceError::NotATrace { .. } => "a target holds no execution trace",
            SourceError::OtherTrace { .. } => "an execution trace is of another version of Go",
            SourceError::NoDumps { .. } => "a directory holds no goroutine dump",
            SourceError::Unreachable { .. } => "a target cannot be reached",
            SourceError::Cut { .. } => "a target's answer broke off",
            SourceError::HttpStatus { .. } => "a target refuses to answer",
            SourceError::Tls { .. } => "the TLS connection to a target failed",
            SourceError::Timeout { .. } => "a target has not answered in time",
            SourceError::TooLarge { .. } => "a target's answer is too large",
            SourceError::StopsTheWorld { .. } => "a target has too many goroutines for `debug=2`",
            SourceError::Unsupported { .. } => "a target is of a kind goherd cannot read",
            SourceError::NotATable { .. } => "a table of measurements cannot be used",
            SourceError::Interrupted => "interrupted",
        },
        ExpectedError::Option { option, .. } => return format!("{option} cannot be used as it is"),
        ExpectedError::Measurements(_) => "a table of measurements cannot be used",
        ExpectedError::UnknownPattern(_) => "no pattern has this name",
        ExpectedError::Config(_) => "the configuration cannot be used",
        ExpectedError::Suppressions { .. } => "the suppression file cannot be used",
        ExpectedError::SavedAnswer { .. } => "a saved answer cannot be read back",
        ExpectedError::Output { .. } | ExpectedError::CoreFile { .. } => "the answer cannot be written",
        ExpectedError::Listen { .. } => "the viewer's port cannot be had",
        ExpectedError::Webhook(_) => "the findings are not delivered",
        ExpectedError::Sink(_) => "the answer cannot be printed in this format",
        ExpectedError::Command { .. } => "the command that was to be measured did not run to its end",
    };
    what.to_owned()
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| match cause.downcast_ref::<ExpectedError>() {
        Some(ExpectedError::Sink(SinkError::Io(error))) => broken(error),
        Some(ExpectedError::Sink(SinkError::Json(error))) => error.io_error_kind() == Some(io::ErrorKind::BrokenPipe),
        _ => cause.downcast_ref::<io::Error>().is_some_and(broken),
    })
}

/// An answer from elsewhere may hold what a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use herd_formats::trace::TraceError;
    use herd_sinks::{Lang, messages};
    use herd_sources::LiveError;

    use super::*;

    fn os(kind: i32) -> io::Error {
        io::Error::from_raw_os_error(kind)
    }

    fn sources() -> Vec<SourceError> {
        let target = || "http://h:1".to_owned();
        let status = |status| SourceError::HttpStatus { target: target(), asked: "/x".into(), status, detail: None };
        let mut errors = vec![
            SourceError::BadTarget { target: "x".into(), why: "the host is missing".into() },
            SourceError::BadTarget { target: "ftp://x".into(), why: "ftp:// is not a scheme goherd speaks".into() },
            SourceError::BadTarget { target: "pid:x".into(), why: "a process id is a number from 1 on".into() },
            SourceError::BadTarget { target: "core:".into(), why: "it lacks the path: core:FILE or core:FILE,EXECUTABLE".into() },
            SourceError::BadOption { option: "--header", why: "`a b` is no header name".into() },
            SourceError::BadOption { option: "--bearer", why: "the token holds characters no header may carry".into() },
            SourceError::NotFound { path: "a.txt".into() },
            SourceError::NotFound { path: "a".into() },
            SourceError::Unreadable { path: "a".into(), source: os(13) },
            SourceError::Damaged { target: "a.gz".into(), form: "gzip", source: os(2) },
            SourceError::NotADump { target: "a".into(), what: "an HTML page: Sign in".into() },
            SourceError::NotADump { target: "a".into(), what: "a heap profile in text, which holds no goroutines".into() },
            SourceError::NotADump { target: "a".into(), what: "empty".into() },
            SourceError::NotAProfile { target: "a".into(), what: "empty".into() },
            SourceError::NotAProfile { target: "a".into(), what: "text without a goroutine dump".into() },
            SourceError::NotAProfile {
                target: "a".into(),
                what: "one that cannot be used: read profile.proto: it has no sample type".into(),
            },
            SourceError::NotADump { target: "a".into(), what: "text without a goroutine dump".into() },
            SourceError::NotATrace { target: "a".into(), what: "a pprof profile".into() },
            SourceError::NotATrace { target: "a".into(), what: "empty".into() },
            SourceError::OtherTrace { target: "a".into(), why: TraceError::TooOld(21) },
            SourceError::OtherTrace { target: "a".into(), why: TraceError::TooNew(31) },
            SourceError::OtherTrace { target: "a".into(), why: TraceError::Empty },
            SourceError::NoDumps { path: "a/".into(), files: 3 },
            SourceError::Unreachable { target: target(), why: os(111).to_string() },
            SourceError::Cut { target: target(), asked: "/x".into(), bytes: 9, why: os(104).to_string() },
            SourceError::Tls { target: target(), why: "UnknownIssuer".into() },
            SourceError::Timeout { target: target(), asked: "/x".into(), seconds: 0.5 },
            SourceError::TooLarge { target: target(), what: "the answer to /x".into(), limit: 9 },
            SourceError::StopsTheWorld { target: target(), goroutines: 2000, limit: 1000, seconds: 0.25 },
            SourceError::Unsupported { target: target(), what: "unix sockets need a unix system".into() },
            SourceError::NotATable { target: "pid:7".into() },
            SourceError::Interrupted,
        ];
        errors.extend(live().into_iter().map(SourceError::Live));
        errors.extend([302, 401, 403, 404, 405, 407, 418, 429, 503].map(status));
        errors
    }

    fn live() -> Vec<LiveError> {
        let path = || "/srv/a".to_owned();
        let refused = |why: &str| LiveError::Refused { pid: 7, why: why.into() };
        vec![
            LiveError::NoSuchProcess(7),
            LiveError::Gone(7),
            refused("kernel.yama.ptrace_scope is 3: nobody may, until the next boot"),
            refused(
                "it belongs to user 0, goherd runs as user 1000; run goherd as that user, or with CAP_SYS_PTRACE (sudo, or `docker run --cap-add SYS_PTRACE`)",
            ),
            LiveError::NotElf { path: path(), why: "it is for I386".into() },
            LiveError::NotCore { path: path(), why: "it is another kind of ELF file".into() },
            LiveError::NoExecutable(path()),
            LiveError::NotGo(path()),
            LiveError::NoProfile(path()),
            LiveError::NotSampled(path()),
            LiveError::TooManyObjects { objects: 9, most: 7 },
            LiveError::UnknownVersion { version: "go1.99".into(), first: 21, last: 27 },
            LiveError::OtherLayout { place: "runtime.g.goid".into(), dwarf: 152, table: 160 },
            LiveError::Missing { what: "the list of goroutines (runtime.allgs)" },
            LiveError::Inconsistent("3 of 9 stacks do not end where stacks end".into()),
            LiveError::Io { path: path(), source: os(2) },
        ]
    }

    fn tables() -> [MeasurementsError; 9] {
        use herd_formats::measurements::Measure;
        let (name, columns) = (|| "a.csv".to_owned(), || "A, B".to_owned());
        let malformed = |why: &str| MeasurementsError::Malformed { name: name(), line: 7, why: why.into() };
        [
            MeasurementsError::Empty { name: name() },
            MeasurementsError::NoColumn { name: name(), line: 1, measure: Measure::Memory, columns: columns() },
            MeasurementsError::Ambiguous { name: name(), line: 1, measure: Measure::Memory, columns: columns() },
            MeasurementsError::UnknownColumn { name: name(), line: 1, column: "C".into(), columns: columns() },
            MeasurementsError::NoRow { name: name(), line: 2, column: "A".into(), value: "B".into() },
            MeasurementsError::NoFigures { name: name() },
            malformed("this is no header of CSV, and no JSON"),
            malformed("this is no JSON object: EOF"),
            MeasurementsError::Prometheus { name: name(), what: "a vector, not a matrix: ask /api/v1/query_range".into() },
        ]
    }

    fn errors() -> Vec<ExpectedError> {
        let host = || "h:1".to_owned();
        let refused = |status| DeliverError::Refused { host: host(), status, detail: None, attempts: 1 };
        let delivery = [
            DeliverError::Unusable { what: "URL".into(), why: "ftp:// is neither http:// nor https://".into() },
            DeliverError::Unreachable { host: host(), why: os(111).to_string(), attempts: 3 },
            DeliverError::Timeout { host: host(), attempts: 3 },
            DeliverError::Tls { host: host(), why: "UnknownIssuer".into() },
            refused(302),
            refused(401),
            refused(500),
        ];
        let path = || PathBuf::from("a.toml");
        let mut errors: Vec<ExpectedError> = sources().into_iter().map(ExpectedError::Source).collect();
        errors.extend(delivery.map(ExpectedError::Webhook));
        errors.extend(tables().map(ExpectedError::Measurements));
        errors.extend([
            ExpectedError::Option {
                option: "--holders",
                why: "a profile tells who allocated what is in use, not who holds it".into(),
                next: "Give the process, `pid:N`, or a core file, `core:FILE`.".into(),
            },
            ExpectedError::Config(ConfigError::Unreadable { path: path(), why: os(2) }),
            ExpectedError::Config(ConfigError::Malformed {
                path: path(),
                line: 3,
                why: "unknown field `selct`".into(),
                meant: Some("select".into()),
            }),
            ExpectedError::Config(ConfigError::Malformed { path: path(), line: 3, why: "low".into(), meant: None }),
            ExpectedError::Option {
                option: "--new-from",
                why: "git knows no revision `v1` here".into(),
                next: "Name a branch, tag or commit; in CI fetch it first, such as with `fetch-depth: 0`.".into(),
            },
            ExpectedError::Option {
                option: "--select",
                why: "no rule is called `DL0001`; did you mean DL001?".into(),
                next: "`goherd explain` lists all patterns; a rule is named by its id, or by what ids start with, such as LK."
                    .into(),
            },
            ExpectedError::Option {
                option: "--measure",
                why: "execution traces have no such thing".into(),
                next: "Leave --measure out, or compare profiles.".into(),
            },
            ExpectedError::Option {
                option: "TARGET",
                why: "a timeline is of one trace".into(),
                next: "Give one trace, or draw the waits of all with --of waits.".into(),
            },
            ExpectedError::Option {
                option: "--from",
                why: "only the timeline for Perfetto is cut".into(),
                next: "Add --format perfetto, and leave --of out.".into(),
            },
            ExpectedError::Option {
                option: "--to",
                why: "it is not later than --from".into(),
                next: "Give seconds from the beginning of the trace, such as --from 1.5 --to 2.".into(),
            },
            ExpectedError::UnknownPattern("LK999".into()),
            ExpectedError::Suppressions { path: path(), why: "the entry of 00 has no reason".into() },
            ExpectedError::SavedAnswer { name: "a".into(), why: "it unpacks to more than the limit of 9 bytes".into() },
            ExpectedError::Output { path: path(), why: os(2) },
            ExpectedError::CoreFile { path: path(), why: os(28), done: 7, of: 9 },
            ExpectedError::CoreFile { path: path(), why: os(5), done: 7, of: 9 },
            ExpectedError::Listen { port: 80, why: os(13) },
            ExpectedError::Sink(SinkError::NoTree),
            ExpectedError::Sink(SinkError::NoStacks),
            ExpectedError::Sink(SinkError::NoGraph),
            ExpectedError::Sink(SinkError::NoTable),
            ExpectedError::Sink(SinkError::NoModel),
            ExpectedError::Sink(SinkError::NoLocks),
            ExpectedError::Sink(SinkError::Io(os(28))),
        ]);
        errors
    }

    #[test]
    fn every_failure_is_told_in_chinese() {
        let say = messages(Lang::ZhCn);
        let is_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        for error in errors() {
            let shared = format!("{}; run it without --redact to see which and why", shareable(&error));
            for text in [error.to_string(), error.next_step(), shareable(&error), shared] {
                let told = say.sentence(&text);
                assert!(is_chinese(&told), "{text}");
                // A part left in English is a name, an option or what another program said.
                let words =
                    told.split_whitespace().filter(|word| word.len() > 2 && word.bytes().all(|byte| byte.is_ascii_lowercase()));
                assert!(words.count() <= 3, "{told}");
            }
        }
    }
}
