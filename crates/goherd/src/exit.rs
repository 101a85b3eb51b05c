//! The exit codes, which scripts rely on.

/// How goherd ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Healthy, or undecidable with candidates only; also a reader that closed its end of the pipe.
    Healthy = 0,
    /// Findings at or above `--fail-on`.
    Findings = 1,
    /// goherd or its usage failed.
    Failed = 2,
    /// The target is unreachable or unreadable.
    Target = 3,
    /// A gate could not decide.
    Inconclusive = 4,
    /// Ctrl-C.
    Interrupted = 130,
}

/// Prints what is wrong with the command line, or the help that was asked for, and gives the code.
pub fn of_usage(usage: &clap::Error) -> u8 {
    // Help that cannot be printed because the reader is gone is no failure.
    match usage.print() {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Exit::Failed as u8,
        _ if usage.use_stderr() => Exit::Failed as u8,
        _ => Exit::Healthy as u8,
    }
}
