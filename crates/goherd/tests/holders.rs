//! `goherd heap` of a running program and of its core file: what it holds, and who holds it.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

/// `testbed/mixed/retain`, ended with this value.
struct Running {
    child: Child,
    folder: tempfile::TempDir,
}

impl Running {
    fn start(arguments: &[&str], build_flags: &[&str]) -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        let mixed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/mixed");
        let program = folder.path().join("retain");
        let mut build = Command::new("go");
        build.args(["build", "-trimpath"]).args(build_flags).arg("-o").arg(&program).arg("./retain").current_dir(mixed);
        assert!(build.env("GOFLAGS", "-buildvcs=false").status().expect("go is installed").success());
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut ready = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut ready).expect("it says that it is ready");
        assert!(ready.starts_with("ready"), "{ready}");
        Running { child, folder }
    }

    fn target(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("the program ends");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn run(args: &[&str], code: i32) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GOHERD_LANG").env("LC_ALL", "C.UTF-8");
    let output = command.args(args).output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

#[track_caller]
fn json(args: &[&str]) -> Value {
    serde_json::from_slice(&run(&[args, &["--format", "json"]].concat(), 0).stdout).expect("the answer is JSON")
}

#[track_caller]
fn check_holders(answer: &Value) {
    let roots = answer["heap"]["holders"]["roots"].as_array().expect("roots");
    let of = |name: &str| roots.iter().find(|root| root["root"]["name"] == name).map(|root| &root["bytes"]);
    assert!(of("main.cache").and_then(Value::as_u64).is_some_and(|bytes| bytes >= 32 << 20), "{roots:?}");
    assert!(of("main.grower").and_then(Value::as_u64).is_some_and(|bytes| bytes >= 48 << 20), "{roots:?}");
}

#[test]
fn a_process_shows_its_heap_and_who_holds_it() {
    let program = Running::start(&[], &[]);
    let pid = program.target();
    let answer = json(&["heap", &pid]);
    assert!(answer["targets"][0]["cost"].as_str().is_some_and(|cost| cost.contains("neither stopped nor asked")), "{answer}");
    let inuse = &answer["heap"]["residents"][0];
    assert_eq!((&inuse["at"]["func"], &answer["heap"]["holders"]), (&Value::from("main.grower"), &Value::Null));
    assert!(inuse["inuse_bytes"].as_u64().is_some_and(|bytes| bytes >= 48 << 20), "{inuse}");
    let answer = json(&["heap", &pid, "--holders", "--stop-budget", "30s"]);
    assert!(answer["targets"][0]["cost"].as_str().is_some_and(|cost| cost.contains("was stopped for")), "{answer}");
    check_holders(&answer);
    for (lang, told) in [("en", "goroutines in main.grower"), ("zh-CN", "个 goroutine，位于 main.grower")] {
        for format in ["text", "markdown", "html"] {
            let args = ["heap", &pid, "--holders", "--stop-budget", "30s", "--format", format, "--lang", lang];
            let shown = text(&run(&args, 0).stdout);
            assert!(shown.contains("main.cache"), "{lang} {format}: {shown}");
            assert!(format == "text" || shown.contains(told), "{lang} {format}: {shown}");
        }
    }
    let flame = text(&run(&["flame", &pid, "--profile", "heap", "--top"], 0).stdout);
    assert!(flame.starts_with(&format!("pid:{pid}")) && flame.contains("main.fillCache"), "{flame}");
    let allocs = json(&["flame", &pid, "--profile", "allocs"]);
    assert_eq!(allocs["profile"]["kind"], "allocs", "{allocs}");
    // No process is copied in a nanosecond: what needs no copy is told, and why the rest is not.
    let answer = json(&["heap", &pid, "--holders", "--stop-budget", "1ns"]);
    assert!(answer["heap"]["holders"].is_null() && !answer["heap"]["residents"].as_array().expect("rows").is_empty());
    assert!(answer["notes"].to_string().contains("who holds what is in use cannot be told"), "{}", answer["notes"]);
}

#[test]
fn a_core_file_shows_who_holds_it() {
    let program = Running::start(&[], &[]);
    let core = program.folder.path().join("retain.core");
    run(&["snap", &program.target(), "--save", &core.to_string_lossy(), "--prove", "--stop-budget", "30s"], 0);
    let target = format!("core:{}", core.display());
    let answer = json(&["heap", &target]);
    check_holders(&answer);
    assert_eq!(answer["targets"][0]["kind"], "core");
}

#[test]
fn what_shows_no_holder_says_why() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/costs/go1.26/heap-1.pb.gz");
    let fixture = fixture.to_string_lossy();
    for (lang, why) in [("en", "not who holds it"), ("zh-CN", "不说明由谁持有")] {
        let told = text(&run(&["heap", &fixture, "--holders", "--lang", lang], 2).stderr);
        assert!(told.contains(why), "{told}");
    }
    let program = Running::start(&[], &["-ldflags=-s -w"]);
    let told = text(&run(&["heap", &program.target()], 3).stderr);
    assert!(told.contains("is stripped") && told.contains(":PORT/debug/pprof/heap"), "{told}");
}
