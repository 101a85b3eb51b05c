//! The testbed's `leaky-server`, built once and started as often as needed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use herd_sources::{CancelFlag, Options, SourceError, Target, Testimony, collect};

/// A running service; it ends when this end of its standard input is dropped.
pub struct Server {
    process: Child,
    stdin: Option<ChildStdin>,
    /// `127.0.0.1:PORT`, or the path of its socket.
    pub address: String,
}

impl Server {
    /// Started with the Go of this machine.
    pub fn start(args: &[&str]) -> Server {
        Server::run(binary(), args)
    }

    /// Started from a given binary.
    pub fn run(binary: &Path, args: &[&str]) -> Server {
        let mut command = Command::new(binary);
        command.arg("-until-stdin-closes").args(args).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut address = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(!address.is_empty(), "{} {args:?} printed no address", binary.display());
        Server { stdin: process.stdin.take(), process, address: address.trim().to_owned() }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A body as a client without any of goherd's code gets it.
    pub fn fetch(&self, path: &str) -> Vec<u8> {
        let mut socket = TcpStream::connect(&self.address).unwrap();
        write!(socket, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).unwrap();
        let body = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        assert!(answer.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(&answer[..body]));
        answer.split_off(body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stdin.take());
        self.process.wait().unwrap();
    }
}

/// Builds the service with `go`, whose environment may be changed.
pub fn build(name: &str, go: &Path, environment: &[(&str, &str)]) -> PathBuf {
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let testbed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed");
    let mut command = Command::new(go);
    command.args(["build", "-o"]).arg(&output).arg("./leaky-server").current_dir(testbed);
    command.env_remove("GOROOT").env("GOTOOLCHAIN", "local").envs(environment.iter().copied());
    assert!(command.status().unwrap().success(), "{} cannot build leaky-server", go.display());
    output
}

fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| build("leaky-server", Path::new("go"), &[]))
}

/// Short enough for a test, long enough for a loaded machine.
pub fn options() -> Options {
    Options { timeout: Duration::from_secs(20), ..Options::default() }
}

pub fn ask(target: &str, options: &Options) -> Result<Vec<Testimony>, SourceError> {
    collect(&Target::parse(target)?, options, &CancelFlag::new())
}

#[track_caller]
pub fn asked(target: &str, options: &Options) -> Vec<Testimony> {
    ask(target, options).unwrap_or_else(|error| panic!("{target}: {error}"))
}

#[track_caller]
pub fn refused(target: &str, options: &Options) -> SourceError {
    match ask(target, options) {
        Ok(testimonies) => panic!("{target} testified: {} goroutines", testimonies[0].snapshot.goroutines),
        Err(error) => {
            assert!(error.next_step().ends_with('.'), "{error}: {}", error.next_step());
            error
        }
    }
}

/// How many goroutines stand in the function of this name.
pub fn standing_in(testimony: &Testimony, func: &str) -> u64 {
    let snapshot = &testimony.snapshot;
    let clusters = snapshot.clusters.iter();
    clusters
        .filter(|cluster| snapshot.stack(cluster).frames.iter().any(|frame| snapshot.func(*frame) == func))
        .map(|cluster| cluster.count)
        .sum()
}

pub fn witnesses(testimonies: &[Testimony]) -> Vec<&str> {
    testimonies.iter().map(|testimony| testimony.witness.as_str()).collect()
}

pub fn notes(testimony: &Testimony) -> String {
    testimony.notes.iter().map(|note| note.text.as_str()).collect::<Vec<_>>().join("\n")
}
