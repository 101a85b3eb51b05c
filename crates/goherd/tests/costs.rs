//! `goherd heap` and `goherd locks` on recordings of a program whose costs are known, and on what they refuse.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(name)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn run(args: &[&str], code: i32) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GOHERD_LANG").env("LC_ALL", "C.UTF-8");
    let given =
        args.iter().map(|arg| if arg.starts_with("costs/") || arg.starts_with("profiles/") { fixture(arg) } else { arg.into() });
    let output = command.args(given).output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

#[track_caller]
fn json(args: &[&str]) -> serde_json::Value {
    let output = run(&[args, &["--format", "json"]].concat(), 0);
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

#[test]
fn a_heap_is_joined_with_what_the_compiler_says() {
    for escape in ["costs/go1.26/escape.m2.txt.zst", "costs/go1.26/escape.json"] {
        let answer = json(&["heap", "costs/go1.26/heap-2.pb.gz", "--escape", escape, "--top", "3"]);
        let escapes = &answer["heap"]["escapes"];
        assert_eq!(escapes["rows"].as_array().map(Vec::len), Some(3));
        assert_eq!(escapes["rows"][0]["at"]["func"], "example.com/costs/store.(*Cache).Put");
        assert_eq!(escapes["rows"][0]["alloc_objects"], 100);
        assert!(answer["hidden"]["escapes_not_listed"].as_u64() > Some(1), "{}", answer["hidden"]);
        let told = text(&run(&["heap", "costs/go1.26/heap-2.pb.gz", "--escape", escape, "--format", "text"], 0).stdout);
        assert!(told.contains("make([]byte, size)") && told.contains("main.newOrder"), "{told}");
    }
}

#[test]
fn growth_is_told_with_its_error() {
    let answer = json(&["heap", "costs/go1.27/sampled-2.pb.gz", "costs/go1.27/sampled-3.pb.gz"]);
    let row = &answer["heap"]["growth"]["rows"][0];
    assert_eq!((&row["change"], &row["at"]["line"]), (&"grows".into(), &28.into()));
    assert_eq!(answer["targets"].as_array().map(Vec::len), Some(2));
    let told = text(
        &run(&["heap", "costs/go1.27/sampled-3.pb.gz", "costs/go1.27/sampled-2.pb.gz", "--lang", "zh-CN", "--format", "text"], 0)
            .stdout,
    );
    assert!(told.contains("两个进程") && told.contains("请先给出较早的一个"), "{told}");
    for format in ["markdown", "html", "junit", "concise", "github"] {
        run(&["heap", "costs/go1.27/sampled-2.pb.gz", "costs/go1.27/sampled-3.pb.gz", "--format", format], 0);
    }
}

#[test]
fn locks_name_the_side_that_unlocks() {
    let both = ["locks", "costs/go1.26/mutex.pb.gz", "costs/go1.26/block.pb.gz"];
    let answer = json(&both);
    let row = &answer["locks"]["rows"][0];
    assert_eq!((&row["role"], &row["at"]["line"]), (&"unlocks".into(), &46.into()));
    let told = text(&run(&[&both[..], &["--format", "text"]].concat(), 0).stdout);
    assert!(told.contains("others waited") && told.contains("until this line let go (sync.(*Mutex).Unlock)"), "{told}");
    assert!(told.contains("Go charges the one that unlocks"), "{told}");
    let drawn = text(&run(&[&both[..], &["--format", "svg"]].concat(), 0).stdout);
    assert!(drawn.starts_with("<svg") && drawn.ends_with("</svg>\n") && drawn.contains("store.(*Ledger).Post"), "{drawn}");
    run(&[&both[..], &["--format", "html", "--redact"]].concat(), 0);
}

/// Answers two requests with profiles, by the last element of the path.
fn service() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.expect("a connection");
            let mut head = [0; 4096];
            let length = connection.read(&mut head).expect("a request");
            let asked = text(&head[..length]);
            let path = asked.split(' ').nth(1).unwrap_or_default();
            let name = path.split('?').next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
            let file = fixture(&format!("profiles/go1.26/{name}.pb.gz"));
            let (status, body) = match std::fs::read(file) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            connection.write_all(&[head.as_bytes(), &body].concat()).expect("an answer");
        }
    });
    address
}

#[test]
fn a_service_is_asked_for_what_it_takes() {
    let address = service();
    let answer = json(&["locks", &address]);
    let witnesses: Vec<String> =
        answer["targets"].as_array().expect("targets").iter().map(|target| target["witnesses"][0].to_string()).collect();
    assert!(witnesses[0].contains("mutex") && witnesses[1].contains("block"), "{witnesses:?}");
    assert_eq!(answer["locks"]["profiles"][1]["kind"], "block");
    let answer = json(&["heap", &address]);
    assert!(answer["targets"][0]["witnesses"][0].as_str().is_some_and(|asked| asked.contains("heap")), "{}", answer["targets"]);
    assert!(answer["heap"]["residents"].as_array().is_some_and(|rows| rows.iter().any(|row| row["at"]["func"] == "main.deep")));
    let answer = json(&["locks", &format!("http://{address}/debug/pprof/block")]);
    assert_eq!(answer["locks"]["profiles"].as_array().map(Vec::len), Some(1));
}

#[test]
fn other_profiles_are_refused_by_name() {
    for (args, why) in [
        (&["heap", "profiles/go1.26/cpu.pb.gz"][..], "is a cpu profile, not one of the heap"),
        (&["heap", "profiles/go1.26/mutex.pb.gz"], "is a mutex profile, not one of the heap"),
        (&["heap", "profiles/go1.26/goroutine.pb.gz"], "is a goroutine profile, not one of the heap"),
        (&["heap", "profiles/go1.26/custom.pb.gz"], "is a example.com/handles profile, not one of the heap"),
        (&["locks", "profiles/go1.26/heap.pb.gz"], "is a heap profile, not one of block or mutex"),
        (&["heap", "costs/go1.26/heap-1.pb.gz", "--escape", "costs/README.md"], "tells of no escape"),
    ] {
        let told = text(&run(args, 2).stderr);
        assert!(told.contains(why), "{told}");
        let told = text(&run(&[args, &["--lang", "zh-CN"]].concat(), 2).stderr);
        assert!(told.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)) && !told.contains(why), "{told}");
    }
    run(&["heap", "costs/none.pb.gz"], 3);
    run(&["heap", "costs/go1.26/heap-1.pb.gz", "--top", "0"], 2);
}
