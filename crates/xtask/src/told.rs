//! A program under measurement that answers each line it is told with one of its own, and what the kernel says of it.

use std::fs;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, bail};

use crate::docs::root;
use crate::test::checked;

/// The program; it ends with this value.
pub struct Told {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// What it said of itself when it was ready.
    pub ready: String,
}

/// Builds a program of `testbed/mixed` with the `go` of a toolchain.
pub fn build(go: &Path, package: &str, out: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(go);
    command.args(["build", "-o"]).arg(out).arg(format!("./{package}")).current_dir(root().join("testbed/mixed"));
    checked(command.env_remove("GOROOT").env("GOTOOLCHAIN", "local").env("GOWORK", "off"))
}

impl Told {
    /// Starts it and waits until it is ready.
    pub fn start(command: &mut Command) -> anyhow::Result<Told> {
        let line = format!("{command:?}");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().with_context(|| format!("start {line}"))?;
        let input = child.stdin.take().context("the program's input")?;
        let output = BufReader::new(child.stdout.take().context("the program's output")?);
        let mut told = Told { child, input, output, ready: String::new() };
        told.ready = told.answer("ready").with_context(|| format!("start {line}"))?;
        Ok(told)
    }

    /// Tells it something; answers what it says behind `done`.
    pub fn tell(&mut self, words: &str) -> anyhow::Result<String> {
        writeln!(self.input, "{words}").context("tell the program")?;
        self.answer("done").with_context(|| format!("tell it `{words}`"))
    }

    /// The same, where it answers numbers.
    pub fn numbers(&mut self, words: &str) -> anyhow::Result<Vec<f64>> {
        let answer = self.tell(words)?;
        answer.split(' ').map(|word| word.parse().with_context(|| format!("read {answer:?}"))).collect()
    }

    /// The same, where it answers one number.
    pub fn number(&mut self, words: &str) -> anyhow::Result<f64> {
        self.numbers(words)?.first().copied().context("an answer holds a number")
    }

    fn answer(&mut self, begin: &str) -> anyhow::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line).context("read the program's answer")?;
        let Some(rest) = line.strip_prefix(begin) else { bail!("the program says {line:?}") };
        Ok(rest.trim().to_owned())
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap_or(i32::MAX)
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        // It may have ended by itself, which whoever talks to it has noticed by then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU a process has used, in seconds.
pub fn cpu_s(pid: i32) -> anyhow::Result<f64> {
    const USER: usize = 11;
    stat_s(&format!("/proc/{pid}/stat"), USER)
}

/// CPU of all children of this process that have ended, and of theirs, in seconds.
pub fn ended_cpu_s() -> anyhow::Result<f64> {
    const CHILDREN_USER: usize = 13;
    stat_s("/proc/self/stat", CHILDREN_USER)
}

/// Two neighbouring fields of a process's `stat`, which count hundredths of a second.
fn stat_s(path: &str, field: usize) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(path).context("read a process's CPU")?;
    let fields = stat.rsplit_once(')').context("read a process's CPU")?.1;
    let ticks = fields.split_ascii_whitespace().skip(field).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>().context("read a process's CPU")? / 100.0)
}

/// What a process holds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Holds {
    /// Resident memory.
    pub rss_kb: u64,
    /// Address space.
    pub size_kb: u64,
    /// Threads.
    pub threads: u64,
    /// Open files.
    pub files: u64,
}

/// What a process holds at this moment.
pub fn holds(pid: i32) -> anyhow::Result<Holds> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).context("read a process's status")?;
    let field = |name: &str| -> anyhow::Result<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("find {name}"))?;
        line.split_ascii_whitespace().next().context("a number")?.parse().context("read a process's status")
    };
    let files = fs::read_dir(format!("/proc/{pid}/fd")).context("list a process's files")?.count() as u64;
    Ok(Holds { rss_kb: field("VmRSS:")?, size_kb: field("VmSize:")?, threads: field("Threads:")?, files })
}

/// The children of a process, ended ones too, as `/proc/PID/stat` has them.
pub fn children(pid: i32) -> anyhow::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("list processes")? {
        // A process may end while the list is read.
        let Ok(stat) = fs::read_to_string(entry.context("list processes")?.path().join("stat")) else { continue };
        let parent = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1)?.parse::<i32>().ok());
        if parent == Some(pid) {
            found.push(stat);
        }
    }
    Ok(found)
}
