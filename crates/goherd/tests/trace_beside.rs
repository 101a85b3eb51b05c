//! Profiles given beside a trace, on recordings of a program that says when it took them and what it allocated, and on what is refused.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const MINORS: [&str; 3] = ["1.22", "1.25", "1.27"];
const PAGE_BYTES: f64 = 65_536.0;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn beside(minor: &str, name: &str) -> String {
    fixtures().join(format!("beside/go{minor}/{name}")).to_str().expect("UTF-8").to_owned()
}

fn trace(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GOHERD_LANG").env("LC_ALL", "C.UTF-8").arg("trace").args(args);
    command.output().expect("goherd starts")
}

#[track_caller]
fn answer(args: &[&str]) -> Value {
    let output = trace(&[args, &["--format", "json", "--top", "1000"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

fn told(minor: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(beside(minor, "told.json")).expect("it is there")).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

fn notes(answer: &Value) -> String {
    answer["notes"].to_string()
}

/// The program's own clock says where each profile lies; the runtime's clocks that a trace carries must say the same to 20 ms, in which a
/// profile is started and a trace begun.
#[test]
fn a_cpu_profile_is_placed_where_the_program_took_it() {
    for minor in ["1.25", "1.27"] {
        let told = told(minor);
        let from = number(&told["trace_from_ns"]);
        let span = (number(&told["trace_to_ns"]) - from) / 1e9;
        for (name, placed) in [("inside", "inside"), ("partly", "partly"), ("apart", "apart")] {
            let report = &answer(&[&beside(minor, "trace.zst"), "--cpu", &beside(minor, &format!("cpu-{name}.pb.gz"))])["trace"]
                ["beside_cpu"];
            let own = &told["profiles"][name];
            let (began, ended) = ((number(&own[0]) - from) / 1e9, (number(&own[1]) - from) / 1e9);
            assert_eq!(report["placed"], placed, "go{minor}");
            assert!((number(&report["from_s"]) - began).abs() < 0.02, "go{minor} {name}: {report} began {began}");
            // Stopping waits for the profile to be written.
            assert!(number(&report["to_s"]) <= ended + 0.02, "go{minor} {name}: {report} ended {ended}");
            let inside = (ended.min(span) - began.max(0.0)).max(0.0) / (ended - began);
            assert!((number(&report["inside_share"]) - inside).abs() < 0.2, "go{minor} {name}: {report}, {inside} inside");
        }
    }
}

/// While both are taken the runtime writes each sample to both.
#[test]
fn samples_inside_the_trace_stand_in_both_and_count_once() {
    for minor in ["1.25", "1.27"] {
        let whole = answer(&[&beside(minor, "trace.zst")]);
        let joined = answer(&[&beside(minor, "trace.zst"), "--cpu", &beside(minor, "cpu-inside.pb.gz")]);
        assert_eq!(whole["trace"]["cpu"], joined["trace"]["cpu"], "go{minor}");
        let report = &joined["trace"]["beside_cpu"];
        let (samples, in_trace, both) =
            (number(&report["samples"]), number(&report["trace_samples"]), number(&report["in_both"]));
        assert!(samples >= 20.0 && (samples - in_trace).abs() <= samples * 0.1, "go{minor}: {report}");
        assert!(both >= samples * 0.8, "go{minor}: {report}");
        let labels = report["labels"].as_array().expect("rows");
        assert!(labels.iter().any(|label| label["key"] == "route" && label["value"] == "/sum"), "go{minor}: {labels:?}");
        let shared = answer(&[&beside(minor, "trace.zst"), "--cpu", &beside(minor, "cpu-inside.pb.gz"), "--redact"]);
        assert!(shared["trace"]["beside_cpu"]["labels"].is_null(), "go{minor}: {shared}");
        let partly =
            answer(&[&beside(minor, "trace.zst"), "--cpu", &beside(minor, "cpu-partly.pb.gz")])["trace"]["beside_cpu"].clone();
        assert!(number(&partly["in_both"]) <= number(&partly["trace_samples"]), "go{minor}: {partly}");
        assert!(number(&partly["trace_samples"]) < number(&partly["samples"]), "go{minor}: {partly}");
        let hottest = &report["stacks"][0];
        assert_eq!(hottest["at"]["func"], "main.sum", "go{minor}");
        assert!(number(&hottest["in_trace"]) > 0.0, "go{minor}");
        assert!(!notes(&joined).contains("CPU profile"), "go{minor}: {}", notes(&joined));
        let apart = answer(&[&beside(minor, "trace.zst"), "--cpu", &beside(minor, "cpu-apart.pb.gz")]);
        assert_eq!(apart["trace"]["beside_cpu"]["in_both"], 0);
        assert!(notes(&apart).contains("before the trace begins"), "go{minor}: {}", notes(&apart));
    }
}

#[test]
fn clocks_that_cannot_be_joined_are_said_to_be() {
    let joined = answer(&[&beside("1.22", "trace.zst"), "--cpu", &beside("1.22", "cpu-inside.pb.gz")]);
    assert_eq!(joined["trace"]["beside_cpu"]["placed"], "unknown");
    assert!(joined["trace"]["beside_cpu"]["from_s"].is_null());
    assert!(notes(&joined).contains("before Go 1.25"), "{}", notes(&joined));
    let several =
        answer(&[&beside("1.25", "trace.zst"), &beside("1.27", "trace.zst"), "--cpu", &beside("1.27", "cpu-inside.pb.gz")]);
    assert_eq!(several["trace"]["beside_cpu"]["placed"], "unknown");
    assert!(notes(&several).contains("no clock in common"), "{}", notes(&several));
    assert!(several["trace"]["cpu"]["hot"].as_array().is_none_or(Vec::is_empty), "{}", several["trace"]["cpu"]["hot"]);
}

/// A trace of one process and a profile of another that was taken meanwhile: the runtime would have written its samples to both.
#[test]
fn a_profile_of_another_process_is_told_by_its_samples() {
    // A trace without the profiler, moved to the time of the profile: the kernel's clock snapshot says when it was.
    let folder = tempfile::tempdir().expect("a folder");
    let source = "package main\nimport (\"os\"; \"runtime/pprof\"; \"runtime/trace\"; \"time\")\nfunc main() {\n\
                  \tf, _ := os.Create(os.Args[1])\n\tif os.Args[2] == \"trace\" { trace.Start(f); defer trace.Stop() } else { time.Sleep(400 * time.Millisecond); pprof.StartCPUProfile(f); defer pprof.StopCPUProfile() }\n\
                  \tfor until := time.Now().Add(time.Duration(len(os.Args[2])) * 300 * time.Millisecond); time.Now().Before(until); {}\n}\n";
    std::fs::write(folder.path().join("main.go"), source).expect("written");
    std::fs::write(folder.path().join("go.mod"), "module two\n\ngo 1.25\n").expect("written");
    let built = Command::new("go").args(["build", "-o", "two", "."]).current_dir(folder.path()).output().expect("go");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let started = |name: &str, what: &str| {
        Command::new(folder.path().join("two")).arg(folder.path().join(name)).arg(what).spawn().expect("it starts")
    };
    // The trace lasts 1.5 s, the profile 0.9 s inside it.
    let (mut traced, mut profiled) = (started("trace.out", "trace"), started("cpu.pb.gz", "cpu"));
    assert!(traced.wait().expect("it ends").success() && profiled.wait().expect("it ends").success());
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    let joined = answer(&[&path("trace.out"), "--cpu", &path("cpu.pb.gz")]);
    let report = &joined["trace"]["beside_cpu"];
    if report["placed"] == "inside" {
        assert!(notes(&joined).contains("two processes"), "{joined}");
    } else {
        assert_eq!((&report["trace_samples"], &report["in_both"]), (&0.into(), &0.into()), "{report}");
    }
}

#[test]
fn who_allocates_is_told_to_the_object_and_joined_with_who_assists() {
    for minor in MINORS {
        let told = told(minor);
        let all = answer(&[&beside(minor, "trace.zst"), "--heap", &beside(minor, "allocs.pb.gz")]);
        let report = &all["trace"]["allocators"];
        let row = |func: &str| {
            let rows = report["functions"].as_array().expect("rows");
            rows.iter().find(|row| row["func"] == func).unwrap_or_else(|| panic!("go{minor}: no {func} in {rows:?}")).clone()
        };
        // Each page is eight times as large as the distance of samples: none in 2,000 is missed.
        let (pages, made) = (row("main.pages"), number(&told["pages"]));
        assert!((number(&pages["objects"]) - made).abs() <= made * 0.01, "go{minor}: {pages}, made {made}");
        assert!((number(&pages["bytes"]) - made * PAGE_BYTES).abs() <= made * PAGE_BYTES * 0.01, "go{minor}: {pages}");
        assert!(report["bytes_per_s"].is_null() && report["over_s"].is_null(), "go{minor}");
        let chain = row("main.chain");
        assert!(number(&chain["assists"]) > 0.0 && number(&chain["bytes"]) > 0.0, "go{minor}: {chain}");
        let first = &report["functions"][0];
        let assists = all["trace"]["collector"]["assists"].clone();
        assert!(number(&first["assisted_s"]) <= number(&assists["total_s"]), "go{minor}");
        let sum: f64 = report["functions"].as_array().expect("rows").iter().map(|row| number(&row["assisted_s"])).sum();
        assert!((sum - number(&assists["total_s"])).abs() < 1e-6, "go{minor}: {sum} of {assists}");
        let bytes: f64 = report["stacks"].as_array().expect("rows").iter().map(|row| number(&row["bytes"])).sum();
        assert!(bytes <= number(&report["bytes"]), "go{minor}");

        let delta = answer(&[&beside(minor, "trace.zst"), "--heap", &beside(minor, "allocs.delta.pb.gz")]);
        let report = &delta["trace"]["allocators"];
        assert!((0.9..1.5).contains(&number(&report["over_s"])), "go{minor}: {}", report["over_s"]);
        assert!((number(&report["bytes_per_s"]) * number(&report["over_s"]) / number(&report["bytes"]) - 1.0).abs() < 1e-9);
    }
}

#[test]
fn a_hot_interval_tells_who_ran_what_it_waited_for_and_what_the_collector_did() {
    for minor in MINORS {
        let report = answer(&[&beside(minor, "trace.zst")])["trace"].clone();
        let hot = report["cpu"]["hot"].as_array().expect("rows").clone();
        assert!(!hot.is_empty(), "go{minor}");
        for interval in &hot {
            let (from, to) = (number(&interval["from_s"]), number(&interval["to_s"]));
            let meanwhile = &interval["meanwhile"];
            assert!((0.0..=1.0).contains(&number(&meanwhile["marking_share"])), "go{minor}: {interval}");
            assert!(number(&meanwhile["paused_s"]) <= to - from + 1e-9, "go{minor}: {interval}");
            let goroutines = interval["goroutines"].as_array().expect("rows");
            let seen: f64 = goroutines.iter().map(|row| number(&row["samples"])).sum();
            assert!(seen <= number(&interval["samples"]), "go{minor}: {interval}");
        }
        // The function that computes slept before each round.
        let busiest = hot.iter().flat_map(|interval| interval["goroutines"].as_array().expect("rows"));
        let sum = busiest.into_iter().find(|row| row["at"]["func"] == "main.sum").expect("the one that computes");
        assert_eq!(sum["after"], "sleep", "go{minor}");
        let allocating = &report["cpu"]["allocating"];
        if !allocating.is_null() {
            assert!(number(&allocating["assisting"]) <= number(&allocating["samples"]), "go{minor}");
        }
    }
}

#[test]
fn what_is_no_such_profile_is_refused() {
    let path = beside("1.27", "trace.zst");
    let refused = |args: &[&str]| {
        let output = trace(&[&[path.as_str()], args].concat());
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(refused(&["--cpu", &beside("1.27", "allocs.pb.gz")]).contains("allocs profile"));
    assert!(refused(&["--heap", &beside("1.27", "cpu-inside.pb.gz")]).contains("cpu profile"));
    assert!(refused(&["--cpu", "127.0.0.1:1"]).contains("another time"));
}

#[test]
fn it_is_told_in_words_of_both_languages() {
    let args = [
        &beside("1.27", "trace.zst"),
        "--cpu",
        &beside("1.27", "cpu-partly.pb.gz"),
        "--heap",
        &beside("1.27", "allocs.delta.pb.gz"),
        "--format",
        "text",
    ];
    // Lines break anywhere.
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    let english = bare(&String::from_utf8_lossy(&trace(&args).stdout));
    for part in
        ["Who allocates what the assists pay for", "main.chain", "of its time lies inside", "route=/sum", "meanwhile marking"]
    {
        assert!(english.contains(&bare(part)), "{part}: {english}");
    }
    let chinese = bare(&String::from_utf8_lossy(&trace(&[&args[..], &["--lang", "zh-CN"]].concat()).stdout));
    for part in ["assist 在为谁的分配买单", "其时间的", "与此同时"] {
        assert!(chinese.contains(&bare(part)), "{part}: {chinese}");
    }
}
