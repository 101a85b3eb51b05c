//! `goherd graph` of running programs, as Graphviz and as the viewer get it.
#![cfg(target_os = "linux")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A program of `testbed/mixed`, ended with this value.
struct Running {
    child: Child,
    folder: tempfile::TempDir,
}

impl Running {
    fn start(name: &str, arguments: &[&str]) -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        let mixed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/mixed");
        let program = folder.path().join(name);
        let mut build = Command::new("go");
        build.args(["build", "-trimpath", "-o"]).arg(&program).arg(format!("./{name}")).current_dir(mixed);
        assert!(build.env("GOFLAGS", "-buildvcs=false").status().expect("go is installed").success());
        let arguments = arguments.iter().map(|one| one.replace("FOLDER", &folder.path().to_string_lossy()));
        let mut start = Command::new(program);
        let mut child = start.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut ready = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut ready).expect("it says that it is ready");
        assert!(ready.starts_with("ready"), "{ready}");
        Running { child, folder }
    }

    fn target(&self) -> String {
        format!("pid:{}", self.child.id())
    }

    fn goherd(&self, arguments: &[&str]) -> String {
        let mut goherd = Command::new(env!("CARGO_BIN_EXE_goherd"));
        goherd.env_remove("GOHERD_LANG").env("LC_ALL", "C.UTF-8").arg("graph").arg(self.target()).args(arguments);
        let output = goherd.output().expect("goherd starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("the program ends");
    }
}

/// What Graphviz makes of a graph; it fails on what is no DOT.
fn svg(dot: &str) -> String {
    let mut graphviz = Command::new("dot");
    graphviz.arg("-Tsvg").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = graphviz.spawn().expect("graphviz is installed");
    child.stdin.take().expect("its input").write_all(dot.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !complaint.contains("syntax"), "{complaint}\n{dot}");
    String::from_utf8(output.stdout).expect("text")
}

/// Texts between two marks, entities read.
fn between(text: &str, open: &str, close: &str) -> Vec<String> {
    let parts = text.split(open).skip(1).filter_map(|part| part.split(close).next());
    let plain = |part: &str| {
        let named = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#45;", "-"), ("&#160;", " "), ("&amp;", "&")];
        named.iter().fold(part.to_owned(), |text, (entity, letter)| text.replace(entity, letter))
    };
    parts.map(plain).collect()
}

fn list<'v>(value: &'v Value, field: &str) -> &'v Vec<Value> {
    value[field].as_array().unwrap_or_else(|| panic!("{field} is a list"))
}

fn word<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

#[test]
fn graphviz_draws_names_that_are_hard_to_quote() {
    let running = Running::start("odd", &["FOLDER"]);
    let answer: Value = serde_json::from_str(&running.goherd(&["--format", "json"])).expect("JSON");
    let graph = &answer["graph"];
    let drawn = svg(&running.goherd(&["--format", "dot"]));
    let titles: BTreeSet<String> = between(&drawn, "<title>", "</title>").into_iter().collect();
    let nodes = list(graph, "groups").iter().chain(list(graph, "objects")).map(|node| word(node, "id").to_owned());
    let edges = list(graph, "waits").iter().map(|wait| format!("{}->{}", word(wait, "group"), word(wait, "object")));
    let holders = list(graph, "objects").iter().flat_map(|object| {
        let groups = list(object, "holders").iter().filter(|holder| !holder["group"].is_null());
        groups.map(|holder| format!("{}->{}", word(object, "id"), word(holder, "group"))).collect::<Vec<_>>()
    });
    let known: BTreeSet<String> = nodes.chain(edges).chain(holders).chain(["waits".to_owned()]).collect();
    assert_eq!(titles, known);
    let labels = between(&drawn, "<text", "</text>").join("\n");
    for odd in [r#""q" <b>&lt;\n\ ]; x -> y [é世"#, "Größe", "warte世界"] {
        assert!(labels.contains(odd), "{odd} in {labels}");
    }
}

/// Two channels and two locks, each in a ring only its goroutines know of: a copy proves both to be deadlocks.
#[test]
fn a_copy_proves_rings() {
    let running = Running::start("waits", &["-truth", "FOLDER/truth"]);
    let truth = std::fs::read_to_string(running.file("truth")).expect("what the program knows");
    let known: BTreeSet<BTreeSet<&str>> = truth
        .lines()
        .filter_map(|line| line.strip_prefix("ring ").or_else(|| line.strip_prefix("abba ")))
        .map(|addresses| addresses.split(' ').collect())
        .collect();
    let rings = |answer: &Value| -> Vec<(bool, Vec<String>, Vec<String>)> {
        let ring = |cycle: &Value| {
            let steps = list(cycle, "steps").iter().map(|step| word(step, "address").to_owned()).collect();
            let open = list(cycle, "open").iter().map(|doubt| doubt.as_str().unwrap_or_default().to_owned()).collect();
            (cycle["proven"] == true, steps, open)
        };
        list(&answer["graph"], "cycles").iter().map(ring).collect()
    };
    let live: Value = serde_json::from_str(&running.goherd(&["--format", "json"])).expect("JSON");
    let copied: Value = serde_json::from_str(&running.goherd(&["--prove", "--format", "json"])).expect("JSON");
    for answer in [&live, &copied] {
        let found = rings(answer);
        let found: BTreeSet<BTreeSet<&str>> = found.iter().map(|ring| ring.1.iter().map(String::as_str).collect()).collect();
        assert_eq!(found, known);
    }
    assert!(rings(&live).iter().all(|(proven, _, open)| !proven && open.contains(&"not-one-instant".to_owned())), "{live}");
    assert!(rings(&copied).iter().all(|(proven, _, open)| *proven && open.is_empty()), "{copied}");
    assert_eq!((&copied["graph"]["one_instant"], &copied["graph"]["followed"]), (&Value::Bool(true), &Value::Bool(true)));
    let text = running.goherd(&["--prove", "--format", "text", "--lang", "en"]);
    assert_eq!(
        text.matches("deadlock: 2 goroutines wait on each other, and nothing that can run reaches them").count(),
        2,
        "{text}"
    );
    let dot = running.goherd(&["--prove", "--format", "dot"]);
    assert!(svg(&dot).contains("stroke=\"red\""), "{dot}");
}

/// A page asked for, and what the viewer is served of a process, have the graph in them.
#[test]
fn the_viewer_gets_the_graph() {
    let running = Running::start("waits", &["-truth", "FOLDER/truth"]);
    let page = running.file("waits.html");
    running.goherd(&["--prove", "-o", &page.to_string_lossy()]);
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains("\"command\":\"graph\"") && page.contains("\"followed\":true"), "{}", &page[..400]);
    let mut goherd = Command::new(env!("CARGO_BIN_EXE_goherd"));
    goherd.args(["open", &running.target(), "--no-browser"]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut open = goherd.spawn().expect("goherd starts");
    let mut address = String::new();
    BufReader::new(open.stdout.take().expect("its output")).read_line(&mut address).expect("the address");
    let answer = fetched(address.trim());
    open.kill().and_then(|()| open.wait()).expect("goherd ends");
    let answer: Value = serde_json::from_str(&answer).expect("JSON");
    assert_eq!((word(&answer, "command"), list(&answer["graph"], "cycles").len()), ("doctor", 2));
}

/// The answer beside a page that is served.
fn fetched(address: &str) -> String {
    let (host, path) = address.trim_start_matches("http://").split_once('/').expect("an address");
    let mut stream = std::net::TcpStream::connect(host).expect("it listens");
    write!(stream, "GET /{path}api/envelope HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it answers");
    text.split_once("\r\n\r\n").expect("a body").1.to_owned()
}
