//! A real server of many packages that works while it is read.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use herd_formats::dump;

use crate::program::newest;
use crate::same::{Said, by_id};

struct Server {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Server {
        let folder = tempfile::tempdir().expect("a folder");
        let program = newest().build_in("testbed", "healthy/nats-bus", "plain", &[], &[("CGO_ENABLED", "0")]);
        let mut command = Command::new(program);
        command.current_dir(folder.path()).env("TESTBED_SCRATCH", folder.path()).env("GODEBUG", "tracebacklabels=1");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("start the server");
        let mut address = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut address).expect("its address");
        Server { child, address: address.trim().to_owned(), _folder: folder }
    }

    fn own(&self) -> BTreeMap<u64, Said> {
        let mut stream = TcpStream::connect(&self.address).expect("its profiles");
        write!(stream, "GET /debug/pprof/goroutine?debug=2 HTTP/1.0\r\n\r\n").expect("a request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let body = memchr::memmem::find(&answer, b"\r\n\r\n").expect("a body") + 4;
        by_id(&dump::parse(&answer[body..]).snapshots.pop().expect("a snapshot"))
    }

    fn outside(&self) -> BTreeMap<u64, Said> {
        by_id(&herd_live::process(i32::try_from(self.child.id()).expect("a process id")).expect("a reading").snapshot)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().expect("stop the server");
        self.child.wait().expect("its end");
    }
}

/// A goroutine that was the same before and after its own dump stood there in between too, unless it came back by chance: over some rounds
/// each is the same as its dump at least once.
#[test]
fn every_goroutine_that_rests() {
    const ROUNDS: usize = 20;
    let server = Server::start();
    std::thread::sleep(std::time::Duration::from_millis(500));
    let mut never = BTreeMap::new();
    let mut same = std::collections::BTreeSet::new();
    for _ in 0..ROUNDS {
        let (before, own, after) = (server.outside(), server.own(), server.outside());
        for (id, said) in before.iter().filter(|(id, said)| after.get(id) == Some(said) && !said.stack.is_empty()) {
            match own.get(id) {
                Some(own) if own == said => {
                    same.insert(*id);
                }
                own => {
                    never.insert(*id, format!("{said:#?} is {own:#?}"));
                }
            }
        }
    }
    never.retain(|id, _| !same.contains(id));
    assert!(never.is_empty(), "{never:#?}");
    assert!(same.len() >= 20, "{} goroutines compared", same.len());
}
