//! Capacity, roi and guard as commands: exit codes, formats, addresses, redaction.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn table(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/measurements").join(name)
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
fn run(command: &str, tables: &[&str], extra: &[&str], code: i32) -> Output {
    let output = goherd().arg(command).args(tables.iter().map(|name| table(name))).args(extra).output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(code), "{tables:?} {extra:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

#[track_caller]
fn json(command: &str, tables: &[&str], extra: &[&str], code: i32) -> serde_json::Value {
    let output = run(command, tables, &[extra, &["--format", "json"]].concat(), code);
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

#[test]
fn capacity_is_a_gate_when_asked() {
    for (at, limit, code, verdict) in [
        ("150k", "4GiB", 0, "healthy"),
        ("150k", "1GiB", 1, "findings"),
        ("150k", "1.62GiB", 4, "inconclusive"),
        ("900k", "4GiB", 4, "inconclusive"),
    ] {
        let answer = json("capacity", &["load.csv"], &["--at", at, "--limit", limit], code);
        assert_eq!(answer["verdict"], verdict, "{limit}: {}", answer["capacity"]["prediction"]);
    }
    run("capacity", &["load.csv"], &["--at", "150k", "--limit", "1GiB", "--fail-on", "never"], 0);
    let answer = json("capacity", &["load.csv"], &[], 0);
    assert_eq!(answer["capacity"]["memory"][0]["kind"], "power-law-ols");
    let exponent = answer["capacity"]["memory"][0]["coefficients"][1].as_f64().expect("a figure");
    assert!((exponent - 1.37).abs() < 0.05, "{exponent}");
    json("capacity", &["load-few.csv"], &[], 4);
}

#[test]
fn roi_scores_like_periods_only() {
    let answer = json("roi", &["before.csv", "after.csv"], &[], 0);
    let score = &answer["roi"]["score"];
    let of = |key: &str| score[key].as_f64().expect("a figure");
    assert!(of("low") < 0.873 && 0.873 < of("high"), "{score}");
    assert_eq!(answer["roi"]["before"]["from"], "2026-11-10T09:00:00Z");
    let refused = json("roi", &["before.csv", "after-saturday.csv"], &[], 4);
    assert_eq!(refused["roi"]["doubts"][0]["kind"], "weekday");
    assert_eq!(refused["roi"].get("score"), None);
}

#[test]
fn guard_answers_pass_fail_and_inconclusive() {
    for (treatment, code, verdict, ok) in [
        ("treatment.csv", 0, "pass", true),
        ("treatment-slow.csv", 1, "fail", false),
        ("treatment-failing.csv", 1, "fail", false),
        ("treatment-few.csv", 4, "inconclusive", false),
    ] {
        let answer = json("guard", &["control.csv", treatment], &[], code);
        assert_eq!(answer["guard"]["verdict"], verdict, "{treatment}");
        let argo: serde_json::Value =
            serde_json::from_slice(&run("guard", &["control.csv", treatment], &["--argo"], code).stdout).expect("JSON");
        assert_eq!((&argo["data"]["verdict"], &argo["data"]["ok"]), (&verdict.into(), &ok.into()));
    }
    let few = json("guard", &["control.csv", "treatment-few.csv"], &[], 4);
    let checks = few["guard"]["checks"].as_array().expect("checks");
    assert!(checks.iter().any(|check| check["needed"].as_u64().is_some_and(|needed| needed > 24_000)), "{checks:?}");
}

/// Answers every request with one text, and gives what was asked.
fn served(body: String) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("goherd connects");
        let mut request = Vec::new();
        let mut part = [0; 4096];
        while !request.windows(4).any(|end| end == b"\r\n\r\n") {
            let read = stream.read(&mut part).expect("a request");
            request.extend_from_slice(&part[..read]);
        }
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("answered");
        String::from_utf8_lossy(&request).into_owned()
    });
    (address, asked)
}

#[test]
fn a_range_query_is_asked_at_its_address() {
    let rows = std::fs::read_to_string(table("treatment.csv")).expect("the table");
    let series = |column: usize, name: &str| {
        let points = rows.lines().skip(1).enumerate().map(|(at, line)| {
            let cell = line.split(',').nth(column).expect("a cell");
            format!("[{},\"{cell}\"]", 1_763_384_400 + 60 * at)
        });
        format!("{{\"metric\":{{\"__name__\":\"{name}\"}},\"values\":[{}]}}", points.collect::<Vec<_>>().join(","))
    };
    let all = [series(1, "requests"), series(2, "failures"), series(3, "latency_ms")].join(",");
    let (address, asked) =
        served(format!("{{\"status\":\"success\",\"data\":{{\"resultType\":\"matrix\",\"result\":[{all}]}}}}"));
    let url = format!("http://{address}/api/v1/query_range?query=x&step=60");
    let output = goherd().arg("guard").arg(table("control.csv")).arg(url).output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let asked = asked.join().expect("a request");
    assert!(asked.starts_with("GET /api/v1/query_range?query=x&step=60 HTTP/1.1\r\n"), "{asked}");
}

#[test]
fn what_is_no_table_is_told_with_its_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("t.csv");
    for (content, code, said) in [
        ("goroutines,rss\n1,many\n", 3, "line 2, column `rss`: `many` is no number"),
        ("goroutines,cpu\n1,2\n", 3, "line 1: no column is `memory`"),
        ("", 3, "it is empty"),
        ("{\"goroutines\":", 3, "line 1: this is no JSON object"),
    ] {
        std::fs::write(&file, content).expect("written");
        let output = goherd().arg("capacity").arg(&file).output().expect("goherd starts");
        assert_eq!(output.status.code(), Some(code), "{content}");
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
    for (args, code) in
        [(&["capacity", "no-such.csv"][..], 3), (&["capacity", "pid:1"], 2), (&["capacity", "x", "--columns", "y"], 2)]
    {
        assert_eq!(goherd().args(args).output().expect("goherd starts").status.code(), Some(code), "{args:?}");
    }
}

#[test]
fn every_format_prints_every_gate_and_no_file_name_when_redacted() {
    let cases: [(&str, &[&str]); 3] =
        [("capacity", &["load.csv"]), ("roi", &["before.csv", "after.csv"]), ("guard", &["control.csv", "treatment-slow.csv"])];
    for (command, tables) in cases {
        let code = i32::from(command == "guard");
        for format in ["text", "concise", "json", "markdown", "github", "junit", "html"] {
            for lang in ["en", "zh-CN"] {
                let printed = text(&run(command, tables, &["--format", format, "--lang", lang, "--redact"], code).stdout);
                assert!(!printed.is_empty() && !printed.contains("fixtures/measurements"), "{command} {format}: {printed}");
            }
        }
    }
    let drawn = text(&run("capacity", &["load.csv"], &["--format", "svg"], 0).stdout);
    assert_eq!(drawn.matches("<circle").count(), 3 * 40);
    let failed = text(&run("guard", &["control.csv", "treatment-slow.csv"], &["--format", "junit"], 1).stdout);
    assert!(failed.contains("<failure"), "{failed}");
    run("capacity", &["load-few.csv"], &["--format", "svg"], 2);
}
