//! `goherd tune` of a real program: what GOGC does to it, what fails, what is stopped, what is left behind.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

/// `testbed/tune`, built once.
fn program() -> &'static str {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("testbed-tune");
        let testbed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed");
        let mut build = Command::new("go");
        build.args(["build", "-trimpath", "-buildvcs=false", "-o"]).arg(&path).arg("./tune").current_dir(testbed);
        assert!(build.status().expect("go is installed").success());
        path.to_str().expect("a path of text").to_owned()
    })
}

fn goherd(arguments: &[&str], command: &[&str]) -> Command {
    let mut goherd = Command::new(env!("CARGO_BIN_EXE_goherd"));
    goherd
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GOHERD_LANG")
        .env_remove("GOGC")
        .env_remove("GOMEMLIMIT")
        .env_remove("GODEBUG");
    goherd.env("LC_ALL", "C.UTF-8").arg("tune").args(arguments).arg("--").arg(program()).args(command);
    goherd
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn ended(mut command: Command, codes: &[i32]) -> Output {
    let output = command.output().expect("goherd starts");
    let code = output.status.code().expect("goherd ends by itself");
    assert!(codes.contains(&code), "exit {code}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

#[track_caller]
fn json(arguments: &[&str], command: &[&str], codes: &[i32]) -> Value {
    let output = ended(goherd(&[arguments, &["--format", "json"]].concat(), command), codes);
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

fn median(answer: &Value, setting: usize, figure: &str) -> f64 {
    answer["tune"]["settings"][setting][figure]["p50"].as_f64().unwrap_or_else(|| panic!("{figure} in {answer}"))
}

/// Advice needs a quiet machine, which a test cannot ask for: 0 with it, 4 without.
const EITHER: &[i32] = &[0, 4];

#[test]
fn more_room_means_fewer_collections_less_cpu_and_more_memory() {
    let answer = json(&["--gogc", "25,400"], &["-rounds", "300"], EITHER);
    let of = |figure| (median(&answer, 0, figure), median(&answer, 1, figure));
    let (collections, cpu, rss, gc) = (of("collections"), of("cpu_s"), of("rss_bytes"), of("gc_cpu_percent"));
    assert!(collections.0 >= 3.0 * collections.1 && collections.1 >= 1.0, "collections {collections:?}");
    assert!(cpu.0 > cpu.1, "CPU seconds {cpu:?}");
    assert!(rss.1 > 1.5 * rss.0, "resident bytes {rss:?}");
    assert!(gc.0 > gc.1 && gc.0 <= 100.0, "share of the collector {gc:?}");
    // A million nodes of 32 bytes are live throughout.
    assert!(rss.0 > 32e6, "resident bytes {rss:?}");
    let report = &answer["tune"];
    assert_eq!((report["runs"].as_u64(), report["base"].as_u64()), (Some(3), Some(0)));
    assert_eq!(report["settings"][0]["runs"], 3);
    assert_eq!(report["settings"][1]["setting"]["gogc"], "400");
    assert_eq!(report["judged_by"], "cpu");
}

#[test]
fn a_limit_without_gogc_collects_when_memory_is_short() {
    let answer = json(&["--gogc", "off", "--memlimit", "60MiB,600MiB", "--runs", "1"], &["-rounds", "300"], &[4]);
    assert!(median(&answer, 0, "collections") > median(&answer, 1, "collections"));
    assert!(median(&answer, 0, "rss_bytes") < median(&answer, 1, "rss_bytes"));
    assert_eq!(answer["tune"]["doubts"][0]["kind"], "few-runs");
    assert_eq!(answer["tune"]["settings"][0]["setting"], serde_json::json!({ "gogc": "off", "memlimit": "60MiB" }));
}

#[test]
fn the_programs_own_figure_is_found_and_what_it_prints_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().to_str().expect("a path of text");
    let arguments = ["--maxprocs", "1,2", "--runs", "1", "--throughput", "([0-9.]+) trees/s", "--keep", keep];
    let answer = json(&arguments, &["-depth", "10", "-rounds", "20", "-report"], &[4]);
    assert_eq!(answer["tune"]["judged_by"], "throughput");
    assert!(median(&answer, 0, "throughput") > 0.0);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(keep).expect("the folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    assert_eq!(files.len(), 4, "{files:?}");
    let printed = |ending: &str| {
        let mut of = files.iter().filter(|file| file.extension().is_some_and(|found| found == ending));
        std::fs::read_to_string(of.next().expect("a file")).expect("text")
    };
    assert!(printed("out").contains("20 trees, "), "{}", printed("out"));
    assert!(printed("err").starts_with("gc 1 @"), "{}", printed("err"));
    let silent = ended(goherd(&["--runs", "1", "--throughput", "no such words"], &["-depth", "5", "-rounds", "1"]), &[3]);
    assert!(text(&silent.stderr).contains("printed nothing under GOGC="), "{}", text(&silent.stderr));
}

#[test]
fn a_command_that_fails_is_told_with_its_code_and_its_last_words() {
    let output = ended(goherd(&["--gogc", "100,200"], &["-depth", "5", "-rounds", "1", "-exit", "7"]), &[3]);
    let told = text(&output.stderr);
    assert!(told.contains("cannot read day.csv") && told.contains("exit status: 7") && told.contains("under GOGC="), "{told}");
    assert!(!told.contains("gc 1 @") && output.stdout.is_empty(), "{told}");
    let redacted = ended(goherd(&["--redact"], &["-depth", "5", "-rounds", "1", "-exit", "7"]), &[3]);
    assert!(!text(&redacted.stderr).contains("day.csv"), "{}", text(&redacted.stderr));
    let mut missing = Command::new(env!("CARGO_BIN_EXE_goherd"));
    missing.args(["tune", "--", "./no-such-program"]).env("LC_ALL", "C.UTF-8");
    assert!(text(&ended(missing, &[3]).stderr).contains("./no-such-program"));
}

#[test]
fn a_server_is_ended_after_the_time_given() {
    let answer = json(
        &["--gogc", "100,200", "--runs", "1", "--for", "700ms", "--grace", "10s"],
        &["-depth", "5", "-rounds", "1", "-serve"],
        &[4],
    );
    let stopped = answer["tune"]["doubts"].as_array().expect("doubts").iter().find(|doubt| doubt["kind"] == "stopped");
    assert_eq!(stopped.map(|doubt| &doubt["count"]), Some(&serde_json::json!(2)));
    assert!(median(&answer, 0, "wall_s") >= 0.7);
}

#[test]
fn collections_of_a_child_are_counted_with_its_cpu_time() {
    let answer = json(&["--gogc", "100", "--runs", "1"], &["-depth", "16", "-rounds", "100", "-again"], &[4]);
    let kinds: Vec<&str> =
        answer["tune"]["doubts"].as_array().expect("doubts").iter().filter_map(|doubt| doubt["kind"].as_str()).collect();
    assert!(kinds.contains(&"one-setting") && kinds.contains(&"mixed-programs"), "{kinds:?}");
}

/// Ctrl-C reaches goherd alone, as the command has a process group of its own: it must not outlive it.
#[test]
fn an_interrupted_tune_leaves_nothing_running() {
    let mut command = goherd(&["--gogc", "100,200"], &["-depth", "5", "-rounds", "1", "-serve"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("goherd starts");
    let pid = child.id();
    let began = Instant::now();
    let running = loop {
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("the list of children");
        if let Some(first) = children.split_whitespace().next() {
            break first.to_owned();
        }
        assert!(began.elapsed() < Duration::from_mins(1), "the command does not start");
        std::thread::sleep(Duration::from_millis(20));
    };
    let interrupt = Command::new("kill").args(["-INT", &pid.to_string()]).status().expect("kill starts");
    assert!(interrupt.success());
    assert_eq!(child.wait().expect("goherd ends").code(), Some(130));
    assert!(!Path::new("/proc").join(running).exists(), "the command goes on");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_runs() {
    for (arguments, told) in [
        (&["--gogc", "fast"][..], "a percentage such as 200, or off"),
        (&["--memlimit", "200MB"], "a size such as 200MiB"),
        (&["--maxprocs", "0"], "0 is not in"),
        (&["--throughput", "("], "no regular expression"),
    ] {
        let output = ended(goherd(arguments, &["-serve"]), &[2]);
        assert!(text(&output.stderr).contains(told), "{arguments:?}: {}", text(&output.stderr));
    }
    let many: Vec<String> = (1..=65).map(|value| value.to_string()).collect();
    let output = ended(goherd(&["--gogc", &many.join(",")], &["-serve"]), &[2]);
    assert!(text(&output.stderr).contains("65 combinations, more than 64"), "{}", text(&output.stderr));
}

#[test]
fn the_table_reads_in_both_languages_and_hides_arguments_when_asked() {
    let command = ["-depth", "5", "-rounds", "1"];
    let english = text(&ended(goherd(&["--gogc", "100,200", "--runs", "1"], &command), &[4]).stdout);
    for part in ["inconclusive", "GC CPU %", "GOGC=200", "RSS CHANGE", "-rounds 1; runs of each setting: 1, "] {
        assert!(english.contains(part), "{part} in {english}");
    }
    let chinese = text(&ended(goherd(&["--gogc", "100,200", "--runs", "1", "--lang", "zh-CN"], &command), &[4]).stdout);
    assert!(chinese.contains("不能确定") && chinese.contains("每个设置运行 1 次"), "{chinese}");
    let redacted = text(&ended(goherd(&["--gogc", "100,200", "--runs", "1", "--redact"], &command), &[4]).stdout);
    assert!(redacted.contains("testbed-tune; runs of each setting: 1") && !redacted.contains("-rounds"), "{redacted}");
}

/// A port nobody listens at, for as long as nobody else asks for one.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}

#[test]
fn what_the_command_serves_of_its_runtime_is_in_the_table() {
    let address = free_address();
    let (url, served) = (format!("http://{address}"), ["-rounds", "200", "-serve", "-http", address.as_str()]);
    let answer = json(&["--gogc", "50,400", "--runs", "2", "--for", "3s", "--url", &url], &served, EITHER);
    let of = |setting: usize, figure: &str| {
        let spread = &answer["tune"]["settings"][setting]["served"][figure];
        spread["p50"].as_f64().unwrap_or_else(|| panic!("{figure} in {answer}"))
    };
    for setting in 0..2 {
        // Of three seconds, asked four times a second, the first goes by until it serves.
        assert!(of(setting, "answers") >= 4.0, "{answer}");
        // A million nodes of 32 bytes are live throughout, and a tree of 14 levels at most besides.
        let live = of(setting, "heap_bytes");
        assert!((30e6..60e6).contains(&live), "{live} bytes live");
        assert!((2.0..50.0).contains(&of(setting, "goroutines")), "{answer}");
        assert_eq!(answer["tune"]["settings"][setting]["served"]["limited"], 0);
    }
    // Pauses are of collections, and classes of CPU time are counted anew at one; with GOGC=400 there may be none while it serves.
    assert!(of(0, "pause_mean_ms") > 0.0);
    assert!((0.0..=100.0).contains(&of(0, "gc_cpu_percent")), "{answer}");
    let asked = ["--gogc", "100", "--runs", "1", "--for", "2s", "--url", &format!("{url}/elders"), "--format", "text"];
    let told = text(&ended(goherd(&asked, &served), &[4]).stdout);
    assert!(told.contains("What the command served of its runtime") && told.contains("HEAP"), "{told}");
}

#[test]
fn an_address_that_does_not_answer_or_is_anothers_is_an_error() {
    let address = free_address();
    let silent = ended(goherd(&["--gogc", "100", "--runs", "1", "--url", &address], &["-rounds", "1"]), &[3]);
    assert!(text(&silent.stderr).contains("served nothing of its runtime"), "{}", text(&silent.stderr));
    let mut other = Command::new(program());
    let mut other = other.args(["-rounds", "1", "-serve", "-http", &address]).stderr(Stdio::null()).spawn().expect("it starts");
    let deadline = Instant::now() + Duration::from_secs(20);
    while std::net::TcpStream::connect(&address).is_err() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    let refused =
        goherd(&["--gogc", "100", "--runs", "1", "--url", &address], &["-rounds", "1"]).output().expect("goherd starts");
    other.kill().expect("it runs");
    other.wait().expect("it ends");
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("answers before the command runs"), "{}", text(&refused.stderr));
    let file = ended(goherd(&["--gogc", "100", "--runs", "1", "--url", "/etc/hosts"], &["-rounds", "1"]), &[2]);
    assert!(text(&file.stderr).contains("--url"), "{}", text(&file.stderr));
}
