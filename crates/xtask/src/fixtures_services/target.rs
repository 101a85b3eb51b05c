//! Go programs as recording targets: built, started, asked for their profiles, stopped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};

/// Builds a package of a module into `out`, with stacks that name no folder of this machine. `modfile` replaces the module's go.mod.
pub fn build(go: &str, module: &Path, package: &str, modfile: Option<&Path>, out: &Path) -> anyhow::Result<PathBuf> {
    let binary = out.join(package.rsplit('/').next().unwrap_or(package));
    let mut command = Command::new(go);
    command.current_dir(module).env("GOTOOLCHAIN", "local").env("GOFLAGS", "-trimpath -buildvcs=false").arg("build");
    if let Some(modfile) = modfile {
        command.arg("-modfile").arg(modfile);
    }
    let done = command.arg("-o").arg(&binary).arg(package).status().with_context(|| format!("run {go}"))?;
    if !done.success() {
        bail!("{package} does not build");
    }
    Ok(binary)
}

/// The version a toolchain calls itself, such as `go1.26.8`.
pub fn go_version(go: &str) -> anyhow::Result<String> {
    let output =
        Command::new(go).env("GOTOOLCHAIN", "local").args(["env", "GOVERSION"]).output().with_context(|| format!("run {go}"))?;
    Ok(String::from_utf8(output.stdout).context("go env GOVERSION")?.trim().to_owned())
}

/// `go1.26` of `go1.26.8`: what recordings are named after.
pub fn minor(version: &str) -> &str {
    version.match_indices('.').nth(1).map_or(version, |(dot, _)| &version[..dot])
}

/// A running program that printed its address; it is killed when this is dropped.
pub struct Target {
    pub name: String,
    pub address: String,
    child: Child,
}

impl Drop for Target {
    fn drop(&mut self) {
        // It may have ended by itself, which the recording has noticed by then.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a program and waits for its address.
pub fn start(name: &str, binary: &Path, args: &[&str], scratch: &Path) -> anyhow::Result<Target> {
    let mut child = Command::new(binary)
        .args(args)
        .current_dir(scratch)
        .env("TESTBED_SCRATCH", scratch)
        .env("GOMAXPROCS", "2")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("start {}", binary.display()))?;
    let stdout = child.stdout.take().context("stdout of the target")?;
    let mut address = String::new();
    let read = BufReader::new(stdout).read_line(&mut address);
    let target = Target { name: name.to_owned(), address: address.trim().to_owned(), child };
    read.with_context(|| format!("address of {name}"))?;
    if target.address.is_empty() {
        bail!("{name} ended before it printed its address");
    }
    Ok(target)
}

/// A program that is only there to be a client.
pub fn start_silent(name: &str, binary: &Path, args: &[&str]) -> anyhow::Result<Target> {
    let child = Command::new(binary)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .with_context(|| format!("start {}", binary.display()))?;
    Ok(Target { name: name.to_owned(), address: String::new(), child })
}

/// Fetches a path of a target. HTTP/1.0 keeps the answer free of chunks.
pub fn fetch(target: &Target, path: &str) -> anyhow::Result<Vec<u8>> {
    fetch_from(&target.address, path).with_context(|| format!("fetch {path} of {}", target.name))
}

fn fetch_from(address: &str, path: &str) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let split = answer.windows(4).position(|four| four == b"\r\n\r\n").context("an answer without a head")?;
    let head = String::from_utf8_lossy(&answer[..split]).into_owned();
    if !head.starts_with("HTTP/1.0 200") && !head.starts_with("HTTP/1.1 200") {
        bail!("answered {}", head.lines().next().unwrap_or_default());
    }
    Ok(answer.split_off(split + 4))
}

/// The number of goroutines a debug=1 text states.
pub fn stated_total(debug1: &[u8]) -> anyhow::Result<u64> {
    let text = String::from_utf8_lossy(debug1);
    let first = text.lines().next().unwrap_or_default();
    first.rsplit(' ').next().and_then(|number| number.parse().ok()).with_context(|| format!("no total in {first:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_named_after_the_minor() {
        assert_eq!([minor("go1.26.8"), minor("go1.27"), minor("go1.27rc1")], ["go1.26", "go1.27", "go1.27rc1"]);
    }

    #[test]
    fn the_total_is_what_the_first_line_states() {
        assert_eq!(stated_total(b"goroutine profile: total 2935\n2352 @ 0x48a68e\n").unwrap(), 2935);
        assert!(stated_total(b"<html>\n").is_err());
    }
}
