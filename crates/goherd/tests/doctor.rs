//! `goherd doctor` of a running program: what its memory shows, what is proven, what is said where it may not be copied.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// `testbed/mixed/leaks`, ended with this value.
struct Running {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Running {
    fn start() -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        let mixed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/mixed");
        let program = folder.path().join("leaks");
        let mut build = Command::new("go");
        build.args(["build", "-trimpath", "-o"]).arg(&program).arg("./leaks").current_dir(mixed);
        assert!(build.env("GOFLAGS", "-buildvcs=false").status().expect("go is installed").success());
        let mut command = Command::new(program);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let mut ready = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut ready).expect("it says that it is ready");
        assert!(ready.starts_with("ready"), "{ready}");
        Running { child, _folder: folder }
    }

    fn doctor(&self, arguments: &[&str]) -> Command {
        let mut goherd = goherd();
        goherd.arg("doctor").arg(format!("pid:{}", self.child.id())).args(arguments);
        goherd
    }

    fn judged(&self, arguments: &[&str]) -> Value {
        let output = self.doctor(arguments).args(["--format", "json"]).output().expect("goherd starts");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("the program ends");
    }
}

fn goherd() -> Command {
    let mut goherd = Command::new(env!("CARGO_BIN_EXE_goherd"));
    goherd.env_remove("GOHERD_LANG").env_remove("GITHUB_ACTIONS").env("LC_ALL", "C.UTF-8");
    goherd.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    goherd
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn notes(envelope: &Value) -> Vec<&str> {
    list(envelope, "notes").iter().filter_map(|note| note["text"].as_str()).collect()
}

#[test]
fn memory_speaks_in_the_evidence_and_steps_fit_the_process() {
    let program = Running::start();
    let envelope = program.judged(&[]);
    let candidates = list(&envelope, "candidates");
    let tells = |one: &&Value| list(one, "evidence").iter().any(|fact| fact["kind"] == "memory");
    assert!(candidates.iter().any(|one| tells(&one)), "{candidates:?}");
    let name = format!("pid:{}", program.child.id());
    for candidate in candidates {
        let steps: Vec<&str> = list(candidate, "decide_by").iter().filter_map(Value::as_str).collect();
        assert!(!steps.iter().any(|step| step.contains("SIGQUIT") || step.contains("the memory of the process")), "{steps:?}");
        let leads_on = |step: &&str| step.starts_with("goherd ") && step.contains(&name);
        assert!(steps.iter().any(leads_on), "{steps:?}");
    }
    let proof = program.judged(&["--prove", "--stop-budget", "10s"]);
    let proven = list(&proof, "findings").iter().filter(|finding| finding["certainty"] == "proven").count();
    assert!(proven > 0, "{:?}", notes(&proof));
    let again = list(&proof, "candidates").iter().flat_map(|one| list(one, "decide_by"));
    assert!(again.filter_map(Value::as_str).all(|step| !step.contains("--prove")), "what was done is not proposed");
}

#[test]
fn what_may_not_be_copied_is_looked_at_twice() {
    let program = Running::start();
    let envelope = program.judged(&["--prove", "--stop-budget", "0s", "--second-look", "300ms"]);
    let notes = notes(&envelope);
    assert!(notes.iter().any(|note| note.starts_with("whether goroutines are leaked cannot be proven: ")), "{notes:?}");
    assert!(notes.iter().any(|note| note.starts_with("looked twice instead, ")), "{notes:?}");
    // What by its structure cannot end needs no copy.
    for finding in list(&envelope, "findings").iter().filter(|finding| finding["certainty"] == "proven") {
        let structural = list(finding, "evidence").iter().any(|fact| fact["kind"] == "structure");
        assert!(structural, "{finding}");
    }
}

#[test]
fn a_second_look_can_be_interrupted() {
    let program = Running::start();
    let mut waiting = program.doctor(&["--prove", "--stop-budget", "0s", "--second-look", "10m"]).spawn().expect("goherd starts");
    std::thread::sleep(Duration::from_secs(5));
    assert!(waiting.try_wait().expect("its state").is_none(), "it waits for the second look");
    let sent = Command::new("kill").args(["-INT", &waiting.id().to_string()]).status().expect("kill starts");
    assert!(sent.success());
    assert_eq!(waiting.wait().expect("its end").code(), Some(130));
}

#[test]
fn a_leak_profile_needs_the_memory_of_one_process() {
    let Output { status, stderr, .. } =
        goherd().args(["doctor", "http://127.0.0.1:1", "--leak-profile", ":1"]).output().expect("goherd starts");
    assert_eq!(status.code(), Some(2));
    assert!(text(&stderr).contains("--leak-profile"), "{}", text(&stderr));
}
