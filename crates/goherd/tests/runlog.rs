//! `goherd runlog` as a command: exit codes, formats, languages, following a pipe.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn log(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/runlog/go1.25").join(format!("{name}.txt.zst"))
}

fn goherd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GOHERD_LANG").env("LC_ALL", "C.UTF-8");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn run(name: &str, extra: &[&str], code: i32) -> String {
    let output = goherd().arg("runlog").arg(log(name)).args(extra).output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(code), "{name} {extra:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Feeds a recording to standard input in pieces.
fn piped(name: &str, extra: &[&str]) -> Output {
    let packed = std::fs::read(log(name)).expect("a recording");
    let plain = zstd::decode_all(packed.as_slice()).expect("zstd");
    let mut child = goherd()
        .args(["runlog", "-"])
        .args(extra)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("goherd starts");
    let mut input = child.stdin.take().expect("a pipe");
    for piece in plain.chunks(1000) {
        input.write_all(piece).expect("it reads");
    }
    drop(input);
    child.wait_with_output().expect("it ends")
}

#[test]
fn findings_decide_the_exit_code() {
    let answer: serde_json::Value = serde_json::from_str(&run("limit-spiral", &["--format", "json"], 1)).expect("JSON");
    assert_eq!(answer["verdict"], "findings");
    assert_eq!(answer["findings"][0]["id"], "GC002");
    assert_eq!(answer["findings"][0]["certainty"], "suspected");
    let process = &answer["runlog"]["processes"][0];
    assert_eq!(process["go_from_minor"], 25);
    assert_eq!(
        process["collections"]["at_s"].as_array().map(Vec::len),
        process["collections"]["goal_mb"].as_array().map(Vec::len)
    );
    run("limit-spiral", &["--fail-on", "never"], 0);
    let answer: serde_json::Value = serde_json::from_str(&run("live-heap-grows", &["--format", "json"], 0)).expect("JSON");
    assert_eq!(answer["verdict"], "undecidable");
    assert_eq!(answer["candidates"][0]["id"], "GC003");
}

#[test]
fn what_the_log_cannot_tell_is_said() {
    let told = run("lock-convoy", &[], 0);
    assert!(told.contains("undecidable from this log: take a dump"), "{told}");
    assert!(!told.contains("something is wrong"), "{told}");
    let chinese = run("threads-pile-up", &["--lang", "zh-CN"], 1);
    assert!(chinese.contains("其中 1 % 处于停放状态") && chinese.contains("无法从此日志判定"), "{chinese}");
    let torn = run("chatty-logger", &[], 0);
    assert!(torn.contains("records are cut by other lines"), "{torn}");
}

#[test]
fn every_format_holds_the_answer() {
    let markdown = run("gogc-tiny", &["--format", "markdown"], 0);
    assert!(markdown.contains("## What was measured") && markdown.contains("GOGC is that small"), "{markdown}");
    let svg = run("allocation-storm", &["--format", "svg"], 1);
    assert!(svg.starts_with("<svg") && svg.matches("<polyline").count() == 7, "{svg}");
    let html = run("allocation-storm", &["--format", "html"], 1);
    assert!(html.contains("polyline"), "the plots are in the page");
    let concise = run("run-queue-backlog", &["--format", "concise"], 1);
    assert!(concise.contains("[SC001] suspected") && concise.contains("more than 100 goroutines could run"), "{concise}");
}

#[test]
fn a_pipe_is_followed() {
    let output = piped("limit-spiral", &["--follow"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("GC002"));
    let told = text(&output.stderr);
    assert!(told.matches("GC002").count() <= 1, "told once: {told}");
    assert_eq!(piped("steady", &[]).status.code(), Some(0));
}

#[test]
fn a_dump_is_no_runtime_log_and_doctor_takes_both() {
    let output = goherd().arg("doctor").arg(log("steady")).args(["--format", "text"]).output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("take a dump of the process"), "{}", text(&output.stdout));
    let mut child = goherd().args(["runlog", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("goherd starts");
    child.stdin.take().expect("a pipe").write_all(b"goroutine 1 [running]:\nmain.main()\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("no record of the Go runtime in it"), "{}", text(&output.stdout));
}

#[test]
fn what_a_log_calls_its_processes_is_not_shared() {
    let packed = std::fs::read(log("allocation-storm")).expect("a recording");
    let plain = text(&zstd::decode_all(packed.as_slice()).expect("zstd"));
    let named = plain.lines().flat_map(|line| ["orders-db-1  | ", line, "\n"]).collect::<String>();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("log");
    std::fs::write(&path, named).expect("written");
    for format in ["json", "text", "html", "markdown"] {
        let told = |extra: &[&str]| {
            let output = goherd().arg("runlog").arg(&path).args(["--format", format]).args(extra).output();
            text(&output.expect("goherd starts").stdout)
        };
        assert!(format != "json" || told(&[]).contains("orders-db-1"), "the log's name is read");
        let shared = told(&["--redact"]);
        assert!(!shared.contains("orders-db"), "{format}");
        assert!(format != "json" || shared.contains("\"source\":\"process-1\""), "{shared}");
    }
}
