//! Runs a command once, in a process group of its own, and tells what it cost and what it printed.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use anyhow::Context;
use herd_formats::runlog::RunlogReader;
use herd_model::RuntimeLogs;
use herd_sources::CancelFlag;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use regex_lite::Regex;
use wait4::Wait4;

/// Pause between two looks at a running command.
const TICK: Duration = Duration::from_millis(10);
/// How long an interrupted command may take to end; Ctrl-C ends goherd a little later.
const INTERRUPT_GRACE: Duration = Duration::from_secs(1);
/// How long output may stay open after the command has ended: by a process it has left behind in another group.
const OUTPUT_GRACE: Duration = Duration::from_secs(2);
/// Lines kept of standard error, to be shown where the command fails, and their length in bytes.
const LAST_LINES: usize = 12;
/// See [`LAST_LINES`].
const LINE_BYTES: usize = 1000;
/// Read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// A command and how to run it.
pub struct Asked<'a> {
    /// Program and arguments.
    pub command: &'a [String],
    /// Variables on top of goherd's own environment.
    pub environment: &'a [(&'static str, String)],
    /// Ends it after so long.
    pub span: Option<Duration>,
    /// Time to end in after SIGTERM.
    pub grace: Duration,
    /// Finds a figure in what it prints.
    pub figure: Option<&'a Regex>,
    /// Where to write what it prints: the path without its ending.
    pub keep: Option<&'a Path>,
}

/// What a run was.
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// It was ended, by the time given.
    pub stopped: bool,
    /// Wall clock.
    pub wall: Duration,
    /// User and system CPU time, of children it waited for too.
    pub cpu: Duration,
    /// Largest resident set in bytes.
    pub rss_bytes: u64,
    /// What the runtime printed of itself.
    pub logs: RuntimeLogs,
    /// The last figure in what it printed.
    pub figure: Option<f64>,
    /// The last lines of standard error that are no records of the runtime.
    pub last_lines: Vec<String>,
}

/// Runs a command to its end. `None` when interrupted; the command has then been ended.
pub fn run(asked: &Asked<'_>, cancel: &CancelFlag) -> anyhow::Result<Option<Ended>> {
    let mut command = Command::new(&asked.command[0]);
    command.args(&asked.command[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    command.envs(asked.environment.iter().map(|(name, value)| (name, value)));
    let start = Instant::now();
    let mut child = command.spawn().with_context(|| format!("start {}", asked.command[0]))?;
    let group = Pid::from_raw(i32::try_from(child.id()).context("a process id")?);
    let listening = listen(&mut child, asked);
    let watched = match &listening {
        Ok(_) => watch(group, asked, start, cancel),
        Err(_) => Ok(Stopped::Interrupted),
    };
    let wall = start.elapsed();
    // Until it is waited for, its number is nobody else's, and so is that of the group. What it has left behind ends with it.
    let killed = killpg(group, Signal::SIGKILL);
    let used = child.wait4().context("wait for the command")?;
    if let Err(errno) = killed
        && !matches!(errno, Errno::ESRCH | Errno::EPERM)
    {
        return Err(errno).context("end what the command has left behind");
    }
    let (stopped, (out, err)) = (watched?, listening?);
    if stopped == Stopped::Interrupted {
        return Ok(None);
    }
    let (out, err) = (heard(&out)?, heard(&err)?);
    Ok(Some(Ended {
        status: used.status,
        stopped: stopped == Stopped::ByTime,
        wall,
        cpu: used.rusage.utime + used.rusage.stime,
        rss_bytes: used.rusage.maxrss,
        logs: err.logs.finish(),
        figure: out.figure.or(err.figure),
        last_lines: err.last_lines.into(),
    }))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopped {
    No,
    ByTime,
    Interrupted,
}

/// Waits for the end of a process without taking its number away, and brings it about where it is due.
fn watch(group: Pid, asked: &Asked<'_>, start: Instant, cancel: &CancelFlag) -> anyhow::Result<Stopped> {
    let mut stopped = Stopped::No;
    let mut kill_at: Option<Instant> = None;
    loop {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        match waitid(Id::Pid(group), flags) {
            Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(stopped),
            Err(errno) => return Err(errno).context("look whether the command has ended"),
        }
        let told = match stopped {
            Stopped::No | Stopped::ByTime if cancel.is_cancelled() => Some((Stopped::Interrupted, INTERRUPT_GRACE)),
            Stopped::No if asked.span.is_some_and(|span| start.elapsed() >= span) => Some((Stopped::ByTime, asked.grace)),
            Stopped::No | Stopped::ByTime | Stopped::Interrupted => None,
        };
        if let Some((why, grace)) = told {
            stopped = why;
            kill_at = Some(Instant::now() + grace);
            killpg(group, Signal::SIGTERM).context("end the command")?;
        }
        if kill_at.is_some_and(|at| Instant::now() >= at) {
            killpg(group, Signal::SIGKILL).context("kill the command")?;
        }
        std::thread::sleep(TICK);
    }
}

/// What one stream said.
#[derive(Default)]
struct Heard {
    logs: RunlogReader,
    figure: Option<f64>,
    last_lines: VecDeque<String>,
    /// The last line, whose end has not come; cut at [`LINE_BYTES`].
    line: Vec<u8>,
}

type Stream = Receiver<anyhow::Result<Heard>>;

fn listen(child: &mut Child, asked: &Asked<'_>) -> anyhow::Result<(Stream, Stream)> {
    let (out, err) = (child.stdout.take().context("its standard output")?, child.stderr.take().context("its standard error")?);
    Ok((hear(out, asked, "out")?, hear(err, asked, "err")?))
}

/// Reads a stream to its end in a thread of its own.
fn hear(mut stream: impl Read + Send + 'static, asked: &Asked<'_>, ending: &str) -> anyhow::Result<Stream> {
    let figure = asked.figure.cloned();
    let kept: Option<PathBuf> = asked.keep.map(|path| path.with_extension(ending));
    let mut file = match &kept {
        Some(path) => Some(File::create(path).with_context(|| format!("create {}", path.display()))?),
        None => None,
    };
    let (done, receiver) = channel();
    std::thread::spawn(move || {
        let mut read = || -> anyhow::Result<Heard> {
            let mut heard = Heard::default();
            let mut chunk = vec![0; CHUNK_BYTES];
            loop {
                let len = stream.read(&mut chunk).context("read what the command prints")?;
                if len == 0 {
                    heard.line_ended(figure.as_ref());
                    return Ok(heard);
                }
                heard.take(&chunk[..len], figure.as_ref());
                if let Some(file) = &mut file {
                    file.write_all(&chunk[..len]).context("keep what the command prints")?;
                }
            }
        };
        // Nobody listens any more when the run was interrupted.
        let _ = done.send(read());
    });
    Ok(receiver)
}

fn heard(stream: &Stream) -> anyhow::Result<Heard> {
    stream.recv_timeout(OUTPUT_GRACE).context(
        "the command has ended, but a process it has started holds its output open; give a command that stays in its process group",
    )?
}

impl Heard {
    fn take(&mut self, bytes: &[u8], figure: Option<&Regex>) {
        self.logs.push(bytes);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_BYTES.saturating_sub(self.line.len());
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.line_ended(figure);
            }
        }
    }

    fn line_ended(&mut self, figure: Option<&Regex>) {
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).trim_end().to_owned();
        if let Some(found) = figure.and_then(|figure| figure_in(&line, figure)) {
            self.figure = Some(found);
        }
        if line.is_empty() || line.starts_with("gc ") && line.ends_with(" P") {
            return;
        }
        if self.last_lines.len() == LAST_LINES {
            self.last_lines.pop_front();
        }
        self.last_lines.push_back(line);
    }
}

/// The number a pattern finds: its first group, else all of it; commas between digits do not count.
fn figure_in(line: &str, pattern: &Regex) -> Option<f64> {
    let found = pattern.captures(line)?;
    let text = found.get(1).or_else(|| found.get(0))?.as_str();
    text.replace(',', "").trim().parse().ok().filter(|value: &f64| value.is_finite())
}
