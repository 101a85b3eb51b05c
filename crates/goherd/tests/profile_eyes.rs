//! Profiles of allocations as findings: `goherd heap` and `goherd doctor` on the kernels' recordings and on programs that are well.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const MINORS: [&str; 3] = ["1.22", "1.25", "1.27"];
const KERNELS: [(&str, &str); 2] = [("gc_large_objects", "GC006"), ("gc_pool_misuse", "GC005")];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn kernel(slug: &str, name: &str) -> String {
    top().join(format!("crates/herd-patterns/src/patterns/{slug}/fixtures/{name}")).to_str().expect("UTF-8").to_owned()
}

fn goherd(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GOHERD_LANG").env("LC_ALL", "C.UTF-8").args(args);
    command.output().expect("goherd starts")
}

#[track_caller]
fn answer(args: &[&str], code: i32) -> Value {
    let output = goherd(&[args, &["--format", "json"]].concat());
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

fn ids<'a>(answer: &'a Value, list: &str) -> Vec<&'a str> {
    answer[list].as_array().expect("a list").iter().map(|one| one["id"].as_str().expect("an id")).collect()
}

#[test]
fn allocations_over_a_known_time_are_suspected_and_since_the_start_a_candidate() {
    for (slug, id) in KERNELS {
        for minor in MINORS {
            for command in ["heap", "doctor"] {
                let over = answer(&[command, &kernel(slug, &format!("bad.go{minor}.allocs.delta.pb.gz"))], 1);
                assert_eq!(ids(&over, "findings"), [id], "{command} {slug} go{minor}");
                let finding = &over["findings"][0];
                assert_eq!((&finding["certainty"], &over["verdict"]), (&"suspected".into(), &"findings".into()));
                let facts = finding["evidence"].to_string();
                assert!(facts.contains("a second") && !finding["fix"].as_str().expect("a text").is_empty(), "{finding}");
                assert!(finding["at"]["line"].as_u64() > Some(0), "{finding}");

                let since = answer(&[command, &kernel(slug, &format!("bad.go{minor}.allocs.pb.gz"))], 0);
                assert_eq!(ids(&since, "candidates"), [id], "{command} {slug} go{minor}");
                assert!(ids(&since, "findings").is_empty(), "{command} {slug} go{minor}");
                assert_eq!(since["verdict"], "undecidable");
                assert!(since["candidates"][0]["decide_by"].to_string().contains("seconds=30"), "{}", since["candidates"][0]);
            }
        }
    }
}

#[test]
fn cured_twins_and_programs_that_are_well_are_silent() {
    for (slug, _) in KERNELS {
        for minor in MINORS {
            for form in ["allocs", "allocs.delta"] {
                let path = kernel(slug, &format!("fixed.go{minor}.{form}.pb.gz"));
                let healthy = answer(&["heap", &path], 0);
                assert!(ids(&healthy, "findings").is_empty() && ids(&healthy, "candidates").is_empty(), "{path}");
                assert_eq!(healthy["verdict"], "healthy", "{path}");
                // Goroutines are not in it, so doctor cannot say that all is well.
                let doctor = answer(&["doctor", &path], 0);
                assert_eq!(doctor["verdict"], "undecidable", "{path}");
                assert!(doctor["notes"].to_string().contains("shows no goroutines"), "{path}");
            }
        }
    }
    for minor in MINORS {
        for name in ["heap-2", "sampled-2"] {
            let path = top().join(format!("fixtures/costs/go{minor}/{name}.pb.gz"));
            let healthy = answer(&["heap", path.to_str().expect("UTF-8")], 0);
            assert!(ids(&healthy, "findings").is_empty() && ids(&healthy, "candidates").is_empty(), "{}", path.display());
        }
    }
}

#[test]
fn fail_on_decides_the_exit_code() {
    let path = kernel("gc_large_objects", "bad.go1.27.allocs.delta.pb.gz");
    answer(&["heap", &path, "--fail-on", "critical"], 0);
    answer(&["doctor", &path, "--fail-on", "never"], 0);
    answer(&["heap", &path, "--fail-on", "info"], 1);
}

#[test]
fn a_profile_beside_a_dump_is_judged_with_it() {
    let profile = kernel("gc_pool_misuse", "bad.go1.27.allocs.delta.pb.gz");
    let dump = top().join("crates/herd-patterns/src/patterns/leak_nil_channel/fixtures/bad.go1.27.debug2.txt.zst");
    let both = answer(&["doctor", dump.to_str().expect("UTF-8"), &profile], 1);
    let found = ids(&both, "findings");
    assert!(found.contains(&"GC005") && found.contains(&"LK003"), "{found:?}");
    assert_eq!(both["targets"].as_array().map(Vec::len), Some(2));
    assert!(both["snapshot"]["goroutines"].as_u64() > Some(0));
}

#[test]
fn it_is_told_in_words() {
    let path = kernel("gc_pool_misuse", "bad.go1.25.allocs.delta.pb.gz");
    for (command, lang, part) in [
        ("heap", "en", "what the pool's New makes is"),
        ("doctor", "en", "GC005"),
        ("heap", "zh-CN", "池的 New 所创建的对象"),
        ("doctor", "zh-CN", "GC005"),
    ] {
        for format in ["text", "markdown", "concise", "html", "junit", "github"] {
            let output = goherd(&[command, &path, "--lang", lang, "--format", format]);
            assert_eq!(output.status.code(), Some(1), "{command} {format}");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(format != "text" || text.contains(part), "{command} {lang}: {text}");
            assert!(text.contains("GC005") || format == "html", "{command} {format}: {text}");
        }
    }
}
