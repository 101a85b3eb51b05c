//! `goherd trace` as a user runs it: files, pipes, services, damage, what is no trace.

mod perfetto;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/traces/{name}.trace.zst"))
}

fn trace(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GOHERD_LANG").env("LC_ALL", "C.UTF-8").arg("trace").args(args);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn ran(output: &Output, code: i32) -> String {
    assert_eq!(output.status.code(), Some(code), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[track_caller]
fn answer(args: &[&str], code: i32) -> Value {
    let output = trace(&[args, &["--format", "json"]].concat()).output().expect("goherd starts");
    serde_json::from_str(&ran(&output, code)).expect("the answer is JSON")
}

#[test]
fn what_goroutines_waited_for_and_who_never_ended_is_told() {
    let path = fixture("go1.27/leaky");
    let path = path.to_str().expect("UTF-8");
    let envelope = answer(&[path], 0);
    let report = &envelope["trace"];
    assert_eq!(report["format"], "go1.26");
    let unfinished = report["unfinished"].as_array().expect("rows");
    let row = unfinished.iter().find(|row| row["at"]["func"] == "main.sendUnread.func1").expect("the lost senders are listed");
    assert_eq!(row["reason"], "chan send");
    assert_eq!(envelope["targets"][0]["witnesses"][0], "leaky.trace.zst");

    let words = ran(&trace(&[path]).output().expect("goherd starts"), 0);
    for part in
        ["What goroutines waited for", "sync.(*Cond).Wait", "main.sendUnread.func1", "GC sweep termination", "stopped last"]
    {
        assert!(words.contains(part), "{part}: {words}");
    }
    let chinese = ran(&trace(&[path, "--lang", "zh-CN"]).output().expect("goherd starts"), 0);
    assert!(chinese.contains("goroutine 在等什么"), "{chinese}");
}

#[test]
fn traces_are_added_up() {
    let (first, second) = (fixture("go1.25/clean"), fixture("go1.26/clean"));
    let (first, second) = (first.to_str().expect("UTF-8"), second.to_str().expect("UTF-8"));
    let created = |answer: &Value| answer["trace"]["goroutines"]["created"].as_u64().expect("a count");
    let both = answer(&[first, second], 0);
    assert_eq!(created(&both), created(&answer(&[first], 0)) + created(&answer(&[second], 0)));
    assert_eq!(both["trace"]["format"], "go1.25, go1.26");
}

#[test]
fn a_pipe_is_read_and_a_cut_one_ends_with_3() {
    let whole = zstd::decode_all(std::fs::File::open(fixture("go1.27/short")).expect("it is there")).expect("zstd");
    let piped = |bytes: &[u8]| {
        let mut command = trace(&["-", "--format", "json"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("goherd starts");
        child.stdin.take().expect("a pipe").write_all(bytes).expect("it reads");
        child.wait_with_output().expect("it ends")
    };
    let events = |output: &Output, code| {
        let envelope: Value = serde_json::from_str(&ran(output, code)).expect("JSON");
        (envelope["trace"]["events"].as_u64().expect("a count"), envelope)
    };
    let (all, _) = events(&piped(&whole), 0);
    let (left, envelope) = events(&piped(&whole[..whole.len() - 1]), 3);
    assert!(left as f64 >= all as f64 * 0.99, "{left} of {all}");
    assert_eq!(envelope["verdict"], "undecidable");
    let notes = envelope["notes"].as_array().expect("notes");
    let told = |note: &Value| note["offset"].as_u64() == Some(whole.len() as u64 - 1) && note["kind"] == "truncated";
    assert!(notes.iter().any(told), "{notes:?}");
}

#[test]
fn a_service_traces_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = "package main\nimport (\"fmt\"; \"net\"; \"net/http\"; _ \"net/http/pprof\"; \"time\")\nfunc main() {\n\
                  \tgo func() { for { time.Sleep(time.Millisecond) } }()\n\
                  \tl, err := net.Listen(\"tcp\", \"127.0.0.1:0\")\n\tif err != nil { panic(err) }\n\
                  \tfmt.Println(l.Addr())\n\tpanic(http.Serve(l, nil))\n}\n";
    std::fs::write(folder.path().join("main.go"), source).expect("written");
    std::fs::write(folder.path().join("go.mod"), "module traced\n\ngo 1.24\n").expect("written");
    let built = Command::new("go").args(["build", "-o", "traced", "."]).current_dir(folder.path()).output().expect("go");
    assert!(built.status.success(), "{}", text(&built.stderr));
    let mut service = Command::new(folder.path().join("traced")).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut address = String::new();
    BufReader::new(service.stdout.take().expect("a pipe")).read_line(&mut address).expect("its address");
    let output = trace(&[address.trim(), "--seconds", "1", "--format", "json"]).output().expect("goherd starts");
    service.kill().expect("it runs");
    service.wait().expect("it ends");
    let envelope: Value = serde_json::from_str(&ran(&output, 0)).expect("JSON");
    assert!(envelope["trace"]["span_s"].as_f64().expect("seconds") > 0.5, "{envelope}");
    assert!(envelope["targets"][0]["cost"].as_str().expect("a cost").contains("1 to 2 % of its CPU"), "{envelope}");
    let sleeps = envelope["trace"]["reasons"].as_array().expect("rows").iter().any(|row| row["reason"] == "sleep");
    assert!(sleeps, "{envelope}");
}

#[test]
fn what_is_no_trace_is_refused_with_the_next_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        let output = trace(&[path.to_str().expect("UTF-8")]).output().expect("goherd starts");
        assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
        text(&output.stderr)
    };
    assert!(refused("old", b"go 1.19 trace\0\0\0").contains("Go 1.19"));
    assert!(refused("new", b"go 1.44 trace\0\0\0").contains("newer goherd"));
    assert!(refused("header", b"go 1.26 trace\0\0\0").contains("no event in it"));
    assert!(refused("dump", b"goroutine 1 [running]:\nmain.main()\n\t/a.go:1\n").contains("this is a goroutine dump"));
    assert!(refused("empty", b"").contains("this is empty"));
}

#[test]
fn flame_graphs_and_profiles_are_of_waits_with_what_never_ended() {
    let path = fixture("go1.26/leaky");
    let path = path.to_str().expect("UTF-8");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("waits.pb.gz");
    let out = out.to_str().expect("UTF-8");
    ran(&trace(&[path, "-o", out]).output().expect("goherd starts"), 0);
    let top =
        Command::new("go").args(["tool", "pprof", "-top", "-sample_index=unfinished", out]).output().expect("go tool pprof");
    let top = ran(&top, 0);
    assert!(top.contains("main.sendUnread.func1"), "{top}");

    let stacks = ran(&trace(&[path, "--format", "folded"]).output().expect("goherd starts"), 0);
    assert!(stacks.lines().any(|line| line.contains("main.queue.func2")), "{stacks}");
    let drawn = ran(&trace(&[path, "--of", "syscalls", "--format", "svg"]).output().expect("goherd starts"), 0);
    assert!(drawn.starts_with("<svg") && drawn.contains("syscall."), "{}", &drawn[..200]);
}

#[test]
fn a_timeline_for_perfetto_holds_what_the_report_counts() {
    for name in ["go1.22/leaky", "go1.25/flight", "go1.27/leaky", "go1.27/cgo"] {
        let path = fixture(name);
        let path = path.to_str().expect("UTF-8");
        let drawn = perfetto::decoded(&trace(&[path, "--format", "perfetto"]).output().expect("goherd starts").stdout);
        let report = answer(&[path, "--top", "1000"], 0)["trace"].clone();
        let count = |value: &Value| value.as_u64().expect("a count") as usize;
        let rows = |table: &str| report[table].as_array().cloned().unwrap_or_default();
        for row in rows("reasons") {
            let reason = row["reason"].as_str().expect("a reason");
            let seen = drawn.count(|slice| slice.name == reason && !slice.has("began before") && !slice.has("not ended"));
            assert_eq!(seen, count(&row["finished"]["count"]), "{name}: {reason}");
        }
        let calls = drawn.count(|slice| slice.name == "system call" && !slice.has("began before") && !slice.has("not ended"));
        assert_eq!(calls, count(&report["syscalls"]["finished"]["count"]), "{name}");
        let goroutines = drawn.count(|slice| slice.has("goroutine"));
        let census = &report["goroutines"];
        assert_eq!(goroutines, count(&census["before"]) + count(&census["created"]), "{name}");
        for row in report["collector"]["pauses"].as_array().expect("rows") {
            let stops = drawn.count(|slice| row["kind"] == slice.name && slice.has("by goroutine"));
            assert_eq!(stops, count(&row["pauses"]["count"]), "{name}: {row}");
        }
        assert_eq!(drawn.count(|slice| slice.name == "marking"), count(&report["collector"]["cycles"]), "{name}");
        let user = rows("tasks").into_iter().chain(rows("regions"));
        for row in user {
            let all = count(&row["finished"]["count"]) + count(&row["unfinished"]["count"]);
            assert_eq!(drawn.count(|slice| row["name"] == slice.name), all, "{name}: {row}");
        }
        let logs: usize = rows("logs").iter().map(|log| count(&log["count"])).sum();
        assert_eq!(drawn.instants, logs, "{name}");
        let heap = |kind: &Value| matches!(kind["name"].as_str(), Some("HeapAlloc" | "HeapGoal"));
        let values: usize = rows("kinds").iter().filter(|kind| heap(kind)).map(|kind| count(&kind["count"])).sum();
        assert_eq!(drawn.values, values, "{name}: {:?}", rows("kinds"));
        let span_ns = (report["span_s"].as_f64().expect("seconds") * 1e9).round() as u64;
        assert!(drawn.last_ns <= span_ns && drawn.last_ns as f64 > 0.99 * span_ns as f64, "{name}: {} {span_ns}", drawn.last_ns);
    }
}

#[test]
fn a_timeline_is_cut_and_tells_no_texts_of_the_program_when_it_is_to_be_shared() {
    let path = fixture("go1.26/leaky");
    let path = path.to_str().expect("UTF-8");
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("cut.perfetto-trace");
    let out = out.to_str().expect("UTF-8");
    ran(&trace(&[path, "--from", "0.2", "--to", "0.25", "-o", out]).output().expect("goherd starts"), 0);
    let cut = perfetto::decoded(&std::fs::read(out).expect("it is there"));
    assert!(cut.first_ns >= 200_000_000 && cut.last_ns <= 250_000_000, "{} {}", cut.first_ns, cut.last_ns);
    let whole = perfetto::decoded(&trace(&[path, "--format", "perfetto"]).output().expect("goherd starts").stdout);
    let requests = |drawn: &perfetto::Drawn| drawn.count(|slice| slice.name == "request");
    assert!(requests(&whole) > requests(&cut) && requests(&cut) > 0, "{} {}", requests(&whole), requests(&cut));

    let shared = trace(&[path, "--format", "perfetto", "--redact"]).output().expect("goherd starts").stdout;
    let shared_drawn = perfetto::decoded(&shared);
    assert_eq!(shared_drawn.count(|slice| slice.name == "task-1"), requests(&whole));
    assert!(!text(&shared).contains("order"), "the category of a log is the program's own");

    let stacks = ran(&trace(&[path, "--of", "waits", "--format", "perfetto"]).output().expect("goherd starts"), 0);
    assert!(stacks.contains("traceEvents"), "{}", &stacks[..100]);
    for args in [&["--from", "2", "--to", "1", "--format", "perfetto"][..], &["--from", "1"], &[path, "--format", "perfetto"]] {
        let output = trace(&[&[path], args].concat()).output().expect("goherd starts");
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_table_holds_the_figures_of_the_report() {
    let path = fixture("go1.27/leaky");
    let path = path.to_str().expect("UTF-8");
    let table = ran(&trace(&[path, "--format", "csv"]).output().expect("goherd starts"), 0);
    let lines: Vec<Vec<&str>> = table.split_terminator("\r\n").map(|line| line.split(',').collect()).collect();
    let column = |name: &str| lines[0].iter().position(|head| *head == name).expect("the column is there");
    assert!(lines.iter().all(|line| line.len() == lines[0].len()), "{table}");
    let report = answer(&[path], 0)["trace"].clone();
    let of = |what: &str| -> Vec<&Vec<&str>> { lines[1..].iter().filter(|line| line[column("table")] == what).collect() };
    for (what, rows) in [("reason", &report["reasons"]), ("site", &report["sites"]), ("task", &report["tasks"])] {
        assert_eq!(of(what).len(), rows.as_array().expect("rows").len(), "{what}");
    }
    for (line, row) in of("reason").into_iter().zip(report["reasons"].as_array().expect("rows")) {
        assert_eq!(row["reason"], line[column("name")]);
        for (head, figure) in [("count", "count"), ("total_s", "total_s"), ("p99_s", "p99_s"), ("mean_s", "mean_s")] {
            let figure = row["finished"][figure].as_f64().expect("a figure");
            let told: f64 = line[column(head)].parse().expect("a figure");
            // The reader of JSON may be off by a last digit.
            assert!((told - figure).abs() <= 1e-12 * figure, "{line:?} {head}: {figure}");
        }
    }
    assert_eq!(of("events").len(), report["kinds"].as_array().expect("rows").len());
}

#[test]
fn what_is_to_be_shared_tells_no_texts_of_the_program() {
    let path = fixture("go1.27/leaky");
    let path = path.to_str().expect("UTF-8");
    for format in ["json", "text", "csv", "html", "markdown"] {
        let shared = ran(&trace(&[path, "--format", format, "--redact"]).output().expect("goherd starts"), 0);
        // The types of tasks and regions, and the category of logs.
        for own in ["request", "parse", "order", "leaky.trace"] {
            let words = shared.split(|c: char| !c.is_alphanumeric() && c != '.').filter(|word| *word == own).count();
            assert!(words == 0 || format == "html" && own != "leaky.trace", "{format}: {own}");
        }
        assert!(shared.contains("task-1") && shared.contains("region-1"), "{format}");
    }
}
