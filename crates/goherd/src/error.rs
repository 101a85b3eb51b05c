//! Failures a user can meet: what failed, why, what to do next, and the exit code.

use std::io;
use std::path::PathBuf;

use herd_deliver::DeliverError;
use herd_sinks::SinkError;
use herd_sources::{ErrorClass, SourceError};

use crate::exit::Exit;

/// A failure with a next step.
#[derive(Debug, thiserror::Error)]
pub enum ExpectedError {
    /// A target could not testify.
    #[error(transparent)]
    Source(#[from] SourceError),
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
            ExpectedError::SavedAnswer { .. } => Exit::Target,
            ExpectedError::Option { .. }
            | ExpectedError::UnknownPattern(_)
            | ExpectedError::Suppressions { .. }
            | ExpectedError::Output { .. }
            | ExpectedError::Listen { .. }
            | ExpectedError::Webhook(_)
            | ExpectedError::Sink(_) => Exit::Failed,
        }
    }

    /// What the user can do.
    pub fn next_step(&self) -> String {
        match self {
            ExpectedError::Source(error) => error.next_step(),
            ExpectedError::Option { next, .. } => next.clone(),
            ExpectedError::UnknownPattern(_) => "List them all with `goherd explain`.".into(),
            ExpectedError::Suppressions { .. } => {
                "Each entry is `[[suppress]]` with `fingerprint`, `reason` and, if it is to end, `expires = 2026-12-31`.".into()
            }
            ExpectedError::SavedAnswer { .. } => "Save it again with `goherd snap TARGET --save FILE`.".into(),
            ExpectedError::Output { .. } => "Check that the folder exists and may be written to.".into(),
            ExpectedError::Listen { .. } => "Leave out --port to be given a free one.".into(),
            ExpectedError::Webhook(_) => "Check the receiver and its address; the findings are printed above.".into(),
            ExpectedError::Sink(SinkError::NoTree | SinkError::NoStacks) => {
                "Use `--format json` or `--format text` for this answer.".into()
            }
            ExpectedError::Sink(_) => "Check that the output can be written to.".into(),
        }
    }
}

/// Says on stderr what failed and what to do, and gives how goherd ends. A reader that is gone is no failure.
pub fn report(error: &anyhow::Error, redact: bool) -> Exit {
    if is_broken_pipe(error) {
        return Exit::Healthy;
    }
    let expected = error.downcast_ref::<ExpectedError>();
    let exit = expected.map_or(Exit::Failed, ExpectedError::exit);
    if exit == Exit::Interrupted {
        anstream::eprintln!("goherd: interrupted");
        return exit;
    }
    if redact {
        anstream::eprintln!(
            "goherd: {}; run it without --redact to see which and why",
            expected.map_or_else(|| "it failed".to_owned(), shareable)
        );
        return exit;
    }
    anstream::eprintln!("goherd: {}", printable(&format!("{error:#}")));
    if let Some(expected) = expected {
        anstream::eprintln!("next: {}", printable(&expected.next_step()));
    }
    exit
}

/// What failed, without hosts, paths and what they answered.
fn shareable(error: &ExpectedError) -> String {
    let what = match error {
        ExpectedError::Source(error) => match error {
            SourceError::BadTarget { .. } | SourceError::LivePid { .. } => "a target cannot be used as it is given",
            SourceError::BadOption { option, .. } => return format!("{option} cannot be used as it is"),
            SourceError::NotFound { .. } => "a file does not exist",
            SourceError::Unreadable { .. } => "a file cannot be read",
            SourceError::Damaged { .. } => "a target's data is damaged",
            SourceError::NotADump { .. } => "a target holds no goroutine",
            SourceError::NoDumps { .. } => "a directory holds no goroutine dump",
            SourceError::Unreachable { .. } => "a target cannot be reached",
            SourceError::Cut { .. } => "a target's answer broke off",
            SourceError::HttpStatus { .. } => "a target refuses to answer",
            SourceError::Tls { .. } => "the TLS connection to a target failed",
            SourceError::Timeout { .. } => "a target has not answered in time",
            SourceError::TooLarge { .. } => "a target's answer is too large",
            SourceError::StopsTheWorld { .. } => "a target has too many goroutines for `debug=2`",
            SourceError::Unsupported { .. } => "a target is of a kind goherd cannot read",
            SourceError::Interrupted => "interrupted",
        },
        ExpectedError::Option { option, .. } => return format!("{option} cannot be used as it is"),
        ExpectedError::UnknownPattern(_) => "no pattern has this name",
        ExpectedError::Suppressions { .. } => "the suppression file cannot be used",
        ExpectedError::SavedAnswer { .. } => "a saved answer cannot be read back",
        ExpectedError::Output { .. } => "the answer cannot be written",
        ExpectedError::Listen { .. } => "the viewer's port cannot be had",
        ExpectedError::Webhook(_) => "the findings are not delivered",
        ExpectedError::Sink(_) => "the answer cannot be printed in this format",
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
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
