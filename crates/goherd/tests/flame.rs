//! `goherd flame` against real recordings of every kind: the figures of `go tool pprof -top`, every form of answer, what cannot be drawn.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const MINORS: [&str; 7] = ["1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"];

fn fixture(minor: &str, file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/profiles/go{minor}/{file}"))
}

fn flame() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GOHERD_LANG").env("LC_ALL", "C.UTF-8").arg("flame");
    command
}

#[track_caller]
fn run(target: &Path, args: &[&str], code: i32) -> Output {
    let output = flame().arg(target).args(args).output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn profile(target: &Path, args: &[&str]) -> Value {
    let args = [&["--format", "json"], args].concat();
    let mut answer: Value = serde_json::from_slice(&run(target, &args, 0).stdout).expect("the answer is JSON");
    answer["profile"].take()
}

/// Flat and cum by what `go tool pprof -top` calls the row.
type Rows = BTreeMap<String, (i64, i64)>;

fn own(kind: &Value, by_line: bool) -> Rows {
    let rows = kind["top"].as_array().expect("rows").iter().map(|row| {
        let func = row["func"].as_str().expect("a name");
        let name = match (by_line, row["file"].as_str().expect("a file"), row["line"].as_u64().expect("a line")) {
            (false, _, _) | (true, "", 0) => func.to_owned(),
            (true, file, 0) => format!("{func} {file}"),
            (true, file, line) => format!("{func} {file}:{line}"),
        };
        (name.trim().to_owned(), (row["flat"].as_i64().expect("flat"), row["cum"].as_i64().expect("cum")))
    });
    rows.collect()
}

/// The rows and the total of what `go tool pprof -top` printed, in units that need no rounding.
fn printed(section: &str) -> (Rows, i64) {
    let value = |text: &str| -> i64 {
        let digits = text.trim_end_matches(|end: char| end.is_ascii_alphabetic());
        digits.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    let mut lines = section.lines().skip_while(|line| !line.starts_with("Showing nodes"));
    let showing = lines.next().expect("a line of totals");
    let total = value(showing.strip_suffix(" total").expect("a total").rsplit(' ').next().expect("a total"));
    let rows = lines.skip(1).filter(|line| !line.trim().is_empty()).map(|line| {
        let mut rest = line;
        let columns: Vec<&str> = (0..5)
            .map(|_| {
                let (column, after) = rest.trim_start().split_once(' ').expect("a column");
                rest = after;
                column
            })
            .collect();
        let name = rest.trim().trim_end_matches(" (inline)").trim_end_matches(" (partial-inline)");
        (herd_model::unescaped(name.as_bytes()).into_owned(), (value(columns[0]), value(columns[3])))
    });
    (rows.collect(), total)
}

#[test]
fn flat_and_cum_are_those_of_go_tool_pprof() {
    let mut compared = 0;
    for minor in MINORS {
        let expected = zstd::decode_all(&std::fs::read(fixture(minor, "expected.txt.zst")).expect("recorded")[..]).expect("zstd");
        for section in text(&expected).split("== ").skip(1) {
            let (head, theirs) = section.split_once('\n').expect("a head");
            let [kind, sample_type, granularity] = head.split(' ').collect::<Vec<_>>()[..] else { panic!("{head}") };
            let by_line = granularity == "lines";
            let mut args = vec!["--type", sample_type];
            args.extend(by_line.then_some("--lines"));
            let profile = profile(&fixture(minor, &format!("{kind}.pb.gz")), &args);
            let shown = &profile["types"][profile["shown"].as_u64().expect("an index") as usize];
            let (rows, total) = printed(theirs);
            assert_eq!(shown["name"], sample_type, "go{minor} {head}");
            assert_eq!(own(shown, by_line), rows, "go{minor} {head}");
            assert_eq!(shown["total"], total, "go{minor} {head}");
            compared += 1;
        }
    }
    assert_eq!(compared, 7 * 2 * 17);
}

#[test]
fn a_tree_holds_what_its_type_adds_up_to() {
    for kind in ["cpu", "heap", "allocs", "block", "mutex", "threadcreate", "custom"] {
        let profile = profile(&fixture("1.27", &format!("{kind}.pb.gz")), &[]);
        for of in profile["types"].as_array().expect("types") {
            let column =
                |name: &str| of["flame"][name].as_array().expect("a column").iter().map(|n| n.as_i64().expect("a number"));
            let (total, depth): (Vec<i64>, Vec<i64>) = (column("total").collect(), column("depth").collect());
            assert_eq!(total[0], of["total"].as_i64().expect("a total"), "{kind}");
            // What no call below a row takes is its own, and all of that together is the whole.
            let below = |row: usize| {
                let children = (row + 1..depth.len()).take_while(|next| depth[*next] > depth[row]);
                children.filter(|next| depth[*next] == depth[row] + 1).map(|next| total[next]).sum::<i64>()
            };
            let own: Vec<i64> = (0..total.len()).map(|row| total[row] - below(row)).collect();
            assert!(own.iter().all(|own| *own >= 0), "{kind}");
            assert_eq!(own.iter().sum::<i64>(), total[0], "{kind}");
        }
    }
}

#[test]
fn inlined_calls_are_marked() {
    let profile = profile(&fixture("1.27", "cpu.pb.gz"), &[]);
    let flame = &profile["types"][1]["flame"];
    let inlined = flame["inlined"].as_array().expect("rows");
    assert!(!inlined.is_empty() && inlined.len() < flame["name"].as_array().expect("rows").len());
}

#[test]
fn focus_and_ignore_choose_stacks_in_every_form() {
    let cpu = fixture("1.26", "cpu.pb.gz");
    let total = |args: &[&str]| profile(&cpu, args)["types"][1]["total"].as_i64().expect("a total");
    let (with, without) = (total(&["--focus", r"ackermann"]), total(&["--ignore", r"ackermann"]));
    assert!(with > 0 && without > 0);
    assert_eq!(with + without, total(&[]));
    let folded = text(&run(&cpu, &["--ignore", "ackermann", "--format", "folded"], 0).stdout);
    let sum: i64 = folded.lines().map(|line| line.rsplit(' ').next().expect("a value").parse::<i64>().expect("a number")).sum();
    assert_eq!(sum, without);
    assert!(text(&run(&cpu, &["--focus", "("], 2).stderr).contains("--focus"));
    assert!(text(&run(&cpu, &["--type", "inuse_space"], 2).stderr).contains("It has: samples, cpu"));
}

#[test]
fn a_profile_is_written_in_every_form() {
    let heap = fixture("1.26", "heap.pb.gz");
    let text_of = |format: &str| text(&run(&heap, &["--format", format], 0).stdout);
    assert!(text_of("svg").contains("inuse_space") && text_of("svg").starts_with("<svg"));
    assert!(text_of("text").contains("main.allocate"));
    assert!(text_of("html").contains("inuse_objects"));
    for (format, part) in [("speedscope", "\"profiles\""), ("perfetto", "traceEvents")] {
        let written: Value = serde_json::from_str(&text_of(format)).expect(format);
        assert!(written.to_string().contains(part), "{format}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let again = folder.path().join("again.pb.gz");
    run(&heap, &["-o", again.to_str().expect("UTF-8")], 0);
    assert_eq!(profile(&again, &[])["types"], profile(&heap, &[])["types"]);
}

#[test]
fn text_forms_and_pipes_are_drawn_like_files() {
    let of = |file: &str| profile(&fixture("1.27", file), &[]);
    assert_eq!(of("mutex.txt.zst")["kind"], "mutex");
    let mut child =
        flame().args(["-", "--format", "json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("goherd starts");
    let bytes = std::fs::read(fixture("1.27", "heap.pb.gz")).expect("recorded");
    child.stdin.take().expect("a pipe").write_all(&bytes).expect("written");
    let answer: Value = serde_json::from_slice(&child.wait_with_output().expect("an answer").stdout).expect("JSON");
    assert_eq!(answer["profile"]["types"], of("heap.pb.gz")["types"]);
}

#[test]
fn goroutines_keep_their_states_and_groups() {
    for file in ["goroutine.pb.gz", "goroutine.txt.zst"] {
        let answer: Value = serde_json::from_slice(&run(&fixture("1.26", file), &["--format", "json"], 0).stdout).expect("JSON");
        assert_eq!(answer["flame"]["unit"], "goroutines", "{file}");
        assert!(answer["snapshot"]["goroutines"].as_u64() > Some(10) && answer["profile"].is_null(), "{file}");
    }
}

#[test]
fn nothing_private_of_a_profile_is_shared() {
    let cpu = fixture("1.26", "cpu.pb.gz");
    let plain = |args: &[&str]| {
        let written = run(&cpu, &[&["--format", "pprof"], args].concat(), 0).stdout;
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&written[..]), &mut plain).expect("gzip");
        text(&plain)
    };
    assert!(plain(&[]).contains("tenant"));
    assert!(!plain(&["--redact"]).contains("tenant"));
}

#[test]
fn what_is_cut_or_no_profile_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = std::fs::read(fixture("1.26", "heap.pb.gz")).expect("recorded");
    let cut = folder.path().join("cut.pb.gz");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).expect("written");
    run(&cut, &[], 3);
    let other = folder.path().join("other.pb.gz");
    std::fs::write(&other, [0x1f, 0x8b, 8, 0, 0, 0]).expect("written");
    run(&other, &[], 3);
    run(&folder.path().join("absent.pb.gz"), &[], 3);
}
