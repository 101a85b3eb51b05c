//! What the commands do, against real recordings: exit codes, files, pipes, suppression, the served viewer, Ctrl-C.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
#[cfg(unix)]
use std::net::TcpStream;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::process::Child;
use std::process::{Command, Output, Stdio};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../herd-patterns/src/patterns").join(name)
}

fn series() -> PathBuf {
    fixture("leak_ctx_not_cancelled/fixtures/bad.go1.26.series.txt.zst")
}

fn goherd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.env_remove("GITHUB_ACTIONS").env_remove("GOHERD_LANG").env("LC_ALL", "C.UTF-8");
    command
}

#[track_caller]
fn run(args: &[&str], target: &Path, code: i32) -> Output {
    let output = goherd().args(args).arg(target).output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}{}", text(&output.stdout), text(&output.stderr));
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("the answer is JSON")
}

#[test]
fn the_exit_code_follows_fail_on() {
    for (level, code) in [("info", 1), ("warning", 1), ("critical", 1), ("never", 0)] {
        run(&["doctor", "--fail-on", level], &series(), code);
    }
}

#[test]
fn github_actions_get_annotations_and_pipes_one_line_a_finding() {
    let annotated = goherd().arg("doctor").arg(series()).env("GITHUB_ACTIONS", "true").output().expect("goherd starts");
    assert!(text(&annotated.stdout).starts_with("::error file="), "{}", text(&annotated.stdout));
    let piped = text(&run(&["doctor"], &series(), 1).stdout);
    assert!(piped.starts_with("/src/kernels/lk005/kernel.go:44: critical[LK005] suspected:"), "{piped}");
    assert!(!piped.contains('\u{1b}'), "{piped}");
}

#[test]
fn the_sum_of_families_and_of_clusters_is_the_number_of_goroutines() {
    let answer = json(&run(&["snap", "--format", "json"], &series(), 0));
    let sum = |part: &str| {
        answer["snapshot"][part].as_array().expect("a list").iter().filter_map(|row| row["count"].as_u64()).sum::<u64>()
    };
    assert_eq!(answer["snapshot"]["goroutines"], 323);
    assert_eq!((sum("families"), sum("clusters")), (323, 323));
}

/// The figure before `word` in the line that has it.
fn stated(text: &str, word: &str) -> u64 {
    let line = text.lines().find(|line| line.contains(word)).unwrap_or_default();
    let before = line.split(word).next().unwrap_or_default();
    let figure = before.split_whitespace().rfind(|part| part.starts_with(|c: char| c.is_ascii_digit())).unwrap_or("0");
    figure.replace(',', "").parse().expect("a figure")
}

#[test]
fn what_a_table_shows_and_what_it_says_it_leaves_out_is_everything() {
    let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/healthy");
    let mut seen = 0;
    for service in std::fs::read_dir(services).expect("recordings of healthy services").flatten() {
        let series = service.path().join("go1.26.series.txt.zst");
        if !series.is_file() {
            continue;
        }
        seen += 1;
        for extra in [&["--all"][..], &[]] {
            let args: Vec<&str> = ["snap", "--lang", "en"].iter().chain(extra).copied().collect();
            let shown = text(&run(&args, &series, 0).stdout);
            let total = stated(&shown, " goroutines in ");
            let table = shown.split("STARTED BY").nth(1).expect("a table").split("\n\n").next().expect("its rows");
            let rows = table.lines().filter(|line| !line.contains("more rows"));
            let counts = rows.filter_map(|line| line.split_whitespace().next()?.replace(',', "").parse::<u64>().ok());
            let sum = counts.sum::<u64>() + stated(table, " goroutines not shown") + stated(&shown, " known long waiter");
            assert_eq!(sum, total, "{}\n{shown}", series.display());
        }
    }
    assert!(seen >= 10, "{seen}");
}

#[test]
fn a_file_is_written_whole_in_the_format_of_its_ending() {
    let folder = tempfile::tempdir().expect("a folder");
    let starts = [
        ("a.html", "<!doctype html>"),
        ("a.json", "{\"schema\":\"goherd/1\""),
        ("a.svg", "<svg "),
        ("a.md", "# goherd report"),
        ("a.xml", "<?xml "),
        ("a.pb.gz", "\u{1f}"),
        ("a.speedscope.json", "{"),
    ];
    for (name, start) in starts {
        let path = folder.path().join(name);
        let output = run(&["doctor", "--output", &path.to_string_lossy()], &series(), 1);
        assert!(output.stdout.is_empty(), "{name}");
        let content = std::fs::read(&path).expect("the file is there");
        assert!(content.starts_with(start.as_bytes()), "{name}: {}", text(&content[..60.min(content.len())]));
    }
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, starts.len(), "half-written files are left behind");
}

#[test]
fn a_saved_snapshot_is_read_back_and_a_saved_series_is_judged() {
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("before.json");
    run(&["snap", "--save", &saved.to_string_lossy()], &fixture("leak_nil_channel/fixtures/bad.go1.26.debug2.txt.zst"), 0);
    let answer = json(&run(&["doctor", "--format", "json"], &saved, 1));
    assert_eq!(answer["findings"][0]["id"], "LK003");
    assert_eq!(answer["findings"][0]["certainty"], "proven");
    let again = folder.path().join("series");
    let source = fixture("leak_nil_channel/fixtures/bad.go1.26.debug2.txt.zst");
    run(&["snap", "--count", "3", "--every", "1ms", "--save", &again.to_string_lossy(), "--quiet"], &source, 0);
    assert_eq!(std::fs::read_dir(&again).expect("a folder").count(), 3);
}

#[test]
fn suppressed_findings_are_counted_and_expired_ones_come_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("suppress.toml");
    let file_text = file.to_string_lossy().into_owned();
    run(&["doctor", "--write-suppressions", &file_text], &series(), 1);
    let answer = json(&run(&["doctor", "--format", "json", "--suppress", &file_text], &series(), 0));
    assert_eq!(answer["hidden"]["suppressed"], 2);
    assert_eq!(answer["findings"].as_array().map(Vec::len), Some(0));

    let all = std::fs::read_to_string(&file).expect("the baseline");
    std::fs::write(&file, all.replacen("reason =", "expires = 2020-01-31\nreason =", 1)).expect("written");
    let answer = json(&run(&["doctor", "--format", "json", "--suppress", &file_text], &series(), 1));
    assert_eq!(answer["hidden"]["suppressed"], 1);
    assert_eq!(answer["findings"].as_array().map(Vec::len), Some(1));
    let notes = answer["notes"].to_string();
    assert!(notes.contains("no longer suppressed since 2020-01-31"), "{notes}");

    for (broken, why) in [
        ("[[suppress]]\nfingerprint = \"x\"\n", "missing field `reason`"),
        ("[[suppress]]\nfingerprint = \"x\"\nreason = \" \"\n", "has no reason"),
        ("[[suppress]]\nfingerprint = \"x\"\nreason = \"y\"\nuntil = 2030-01-01\n", "unknown field `until`"),
    ] {
        std::fs::write(&file, broken).expect("written");
        let output = run(&["doctor", "--suppress", &file_text], &series(), 2);
        assert!(text(&output.stderr).contains(why), "{}", text(&output.stderr));
    }
}

#[test]
fn a_cut_dump_stays_open_when_its_findings_are_suppressed() {
    let folder = tempfile::tempdir().expect("a folder");
    let packed = std::fs::File::open(fixture("leak_nil_channel/fixtures/bad.go1.26.debug2.txt.zst")).expect("a recording");
    let whole = zstd::decode_all(packed).expect("unpacked");
    let (dump, file) = (folder.path().join("cut.txt"), folder.path().join("a.toml").to_string_lossy().into_owned());
    for (kept, open, verdict) in [(whole.len(), false, "healthy"), (whole.len() - 40, true, "undecidable")] {
        std::fs::write(&dump, &whole[..kept]).expect("written");
        let found = json(&run(&["doctor", "--format", "json", "--write-suppressions", &file], &dump, 1));
        assert_eq!((&found["verdict"], &found["open"]), (&"findings".into(), &open.into()));
        let left = json(&run(&["doctor", "--format", "json", "--suppress", &file], &dump, 0));
        assert_eq!((&left["verdict"], &left["open"]), (&verdict.into(), &open.into()));
    }
}

#[cfg(unix)]
#[test]
fn the_next_command_names_its_target_whatever_it_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let dump = folder.path().join("it's 1&2 ?.zst");
    std::fs::copy(fixture("leak_nil_channel/fixtures/bad.go1.26.debug2.txt.zst"), &dump).expect("copied");
    let answer = json(&run(&["doctor", "--format", "json"], &dump, 1));
    let steps = answer["findings"][0]["steps"].as_array().expect("steps");
    let open = steps.iter().filter_map(|step| step["command"].as_str()).find(|command| command.starts_with("goherd open "));
    let script = format!("set -- {}; printf %s \"$#$3\"", open.expect("a command that opens the dump"));
    let said = Command::new("sh").args(["-c", &script]).output().expect("a shell");
    assert_eq!(text(&said.stdout), format!("3{}", dump.display()), "{script}");
}

#[test]
fn a_redacted_answer_names_neither_folder_nor_raw_text() {
    let answer = text(&run(&["doctor", "--redact", "--format", "json"], &series(), 1).stdout);
    assert!(!answer.contains("leak_ctx_not_cancelled"), "{answer}");
    assert!(!answer.contains("\"sample\""), "{answer}");
    assert!(answer.contains("/src/kernels/lk005/kernel.go"), "{answer}");
}

#[test]
fn a_baseline_written_again_keeps_what_it_held() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.toml");
    let path = file.to_string_lossy().into_owned();
    let read = || std::fs::read_to_string(&file).expect("the baseline");
    run(&["doctor", "--write-suppressions", &path], &series(), 1);
    let first = read();
    run(&["doctor", "--suppress", &path, "--write-suppressions", &path], &series(), 0);
    assert_eq!(read(), first, "nothing new was found");

    let blocks: Vec<&str> = first.split("[[suppress]]").collect();
    assert_eq!(blocks.len(), 3, "{first}");
    let fingerprint = blocks[1].lines().find(|line| line.starts_with("fingerprint")).expect("a fingerprint");
    let edited = format!(
        "# ours\n[[suppress]] # kept\n{fingerprint}\nreason = \"ticket 12\"\nexpires = 2999-12-31\n\n[[suppress]]\nfingerprint = \"00\"\nreason = \"elsewhere\""
    );
    std::fs::write(&file, &edited).expect("written");
    run(&["doctor", "--suppress", &path, "--write-suppressions", &path], &series(), 1);
    assert_eq!(read(), format!("{edited}\n\n[[suppress]]{}", blocks[2]));
    run(&["doctor", "--suppress", &path], &series(), 0);

    let inline = format!("suppress = [{{ {fingerprint}, reason = \"ticket 12\", expires = 2999-12-31 }}]\n");
    std::fs::write(&file, inline).expect("written");
    run(&["doctor", "--suppress", &path, "--write-suppressions", &path], &series(), 1);
    assert!(read().contains("reason = \"ticket 12\"\nexpires = 2999-12-31\n"), "{}", read());
    run(&["doctor", "--suppress", &path], &series(), 0);

    let other = folder.path().join("b.toml");
    run(&["doctor", "--suppress", &path, "--write-suppressions", &other.to_string_lossy()], &series(), 0);
    let copied = std::fs::read_to_string(&other).expect("the second baseline");
    assert!(copied.contains("ticket 12") && copied.contains("expires = 2999-12-31"), "{copied}");

    std::fs::write(&file, "not a list").expect("written");
    run(&["doctor", "--write-suppressions", &path], &series(), 2);
    assert_eq!(read(), "not a list", "a file that cannot be read is not overwritten");
}

/// A dump with a secret in every place that is not code; each holds `zq7`.
const SECRETS: &str = r#"zq7trace 4bf92f3577b34da6a3ce929d0e0e4736 https://zq7host/zq7path?zq7=1
panic: zq7panic all goroutines are asleep

goroutine 1 [chan receive, 9 minutes, zq7odd]:
main.wait(0xc000deadbeef, {0xc0001234, 0x5}, "zq7arg")
	/src/app/main.go:10 +0x1d
main.main()
	/src/app/main.go:5 +0x1d

goroutine 7 [zq7state waits, 30 minutes]:
main.work(...)
	/src/app/work.go:20 +0x1d
created by main.main in goroutine 1
	/src/app/main.go:6 +0x2d

goroutine 8 [chan receive (nil chan), 30 minutes labels:{"zq7key": "zq7value", "url": "https://zq7host/zq7path"}]:
main.work2(...)
	/src/app/work.go:30 +0x1d
created by main.main in goroutine 1
	/src/app/main.go:7 +0x2d

goroutine 8 [select, 30 minutes labels:{"zq7key: "zq7value` zq7}]:
main.work3(...)
	/src/app/work.go:30 +0x1d

goroutine 12 [zq7leak (leaked), 30 minutes]:
main.work5(...)
	/src/app/work.go:70 +0x1d

goroutine 9 [select, 30 minutes]{zq7junk "zq7quote` zq7tail}:
main.other()
	/src/app/work.go:40 +0x1d

goroutine 10 [chan send, 30 minutes]:
main.work4(...)
	/src/app/work.go:60 +0x
"#;

#[test]
fn no_secret_is_in_any_redacted_format() {
    let folder = tempfile::tempdir().expect("a folder");
    let dumps = folder.path().join("zq7-folder");
    std::fs::create_dir(&dumps).expect("a folder");
    let plain = dumps.join("zq7-plain.txt");
    let prefixed = format!("zq7prefix[abc] {}", SECRETS.trim_end().replace('\n', "\nzq7prefix[abc] "));
    std::fs::write(&plain, SECRETS).expect("written");
    std::fs::write(dumps.join("zq7-prefixed.txt"), prefixed).expect("written");
    std::fs::write(dumps.join("zq7-notes.txt"), "zq7 nothing here").expect("written");
    let shown = text(&goherd().args(["doctor", "--format", "json"]).arg(&dumps).output().expect("goherd starts").stdout);
    for secret in ["zq7state", "zq7value", "zq7-notes", "zq7-folder", "zq7-plain", "zq7panic"] {
        assert!(shown.contains(secret), "{secret} was never there:\n{shown}");
    }
    let formats = ["text", "concise", "json", "markdown", "github", "junit", "html", "svg", "folded", "pprof", "speedscope"];
    let absent = folder.path().join("zq7-absent.txt");
    for command in ["doctor", "snap", "flame"] {
        for format in formats {
            for targets in [vec![&plain], vec![&dumps], vec![&plain, &absent]] {
                if targets.len() > 1 && command != "doctor" {
                    continue;
                }
                let mut goherd = goherd();
                goherd.args([command, "--redact", "--verbose", "--format", format]).args(&targets);
                let output = goherd.output().expect("goherd starts");
                assert!(output.status.code().is_some_and(|code| code < 2), "{command} {format}: {}", text(&output.stderr));
                let bytes = if format == "pprof" { unzipped(&output.stdout) } else { output.stdout };
                let answer = text(&bytes) + &text(&output.stderr);
                let at = answer.find("zq7").map(|at| answer[at.saturating_sub(80)..].chars().take(160).collect::<String>());
                assert_eq!(at, None, "{command} --format {format} {targets:?}");
                assert!(!answer.contains("4bf92f3577b34da6a3ce929d0e0e4736") && !answer.contains("c000deadbeef"), "{format}");
            }
        }
    }
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip runs");
    gzip.stdin.take().expect("a pipe").write_all(bytes).expect("gzip reads");
    gzip.wait_with_output().expect("gzip ends").stdout
}

#[test]
fn a_redacted_failure_names_neither_host_nor_path() {
    for target in ["zq7-absent.txt", "http://zq7host.invalid:1/zq7path", "127.0.0.1:1/zq7path", "zq7://zq7"] {
        let output = goherd().args(["doctor", "--redact", "--timeout", "2s", target]).output().expect("goherd starts");
        let told = text(&output.stdout) + &text(&output.stderr);
        assert!(output.status.code().is_some_and(|code| code >= 2) && told.starts_with("goherd: a "), "{told}");
        assert!(!told.contains("zq7") && !told.contains("127.0.0.1"), "{told}");
    }
    let output = goherd().args(["doctor", "--redact", "--header", "zq7", ":1"]).output().expect("goherd starts");
    assert!(text(&output.stderr).starts_with("goherd: --header cannot be used as it is;"), "{}", text(&output.stderr));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut child =
        goherd().args(["snap", "--format", "html"]).arg(series()).stdout(Stdio::piped()).spawn().expect("goherd starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("goherd ends").code(), Some(0));
}

#[test]
fn standard_input_is_a_target() {
    let dump =
        zstd::decode_all(std::fs::File::open(fixture("leak_nil_channel/fixtures/bad.go1.26.quit.txt.zst")).expect("a recording"))
            .expect("zstd");
    let mut child = goherd().args(["doctor", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("goherd starts");
    child.stdin.take().expect("a pipe").write_all(&dump).expect("goherd reads");
    let output = child.wait_with_output().expect("goherd ends");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("[LK003] proven"), "{}", text(&output.stdout));
}

#[test]
fn man_pages_and_completions_name_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let status = goherd().args(["man", "--out"]).arg(folder.path()).status().expect("goherd starts");
    assert!(status.success());
    for command in ["doctor", "snap", "flame", "open", "explain", "demo", "completions", "man"] {
        let page = std::fs::read_to_string(folder.path().join(format!("goherd-{command}.1"))).expect("a page a command");
        assert!(page.contains(".SH EXTRA") || page.contains("Examples"), "{command}: {page}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = goherd().args(["completions", shell]).output().expect("goherd starts");
        assert!(text(&script.stdout).contains("doctor"), "{shell}");
    }
}

#[test]
fn every_pattern_explains_itself_in_both_languages() {
    let ids = text(&goherd().arg("explain").output().expect("goherd starts").stdout);
    assert_eq!(ids.lines().count(), 48, "{ids}");
    for id in ids.lines().filter_map(|line| line.split_whitespace().next()) {
        for (lang, heading) in [("en", "What it finds"), ("zh-CN", id)] {
            let page = goherd().args(["explain", id, "--lang", lang]).output().expect("goherd starts");
            let page = text(&page.stdout);
            assert!(page.starts_with(id) && page.contains(heading) && page.lines().count() > 20, "{page}");
        }
    }
}

#[test]
fn the_demo_names_both_leaks_and_alerts_the_webhook() {
    let receiver = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/alerts", receiver.local_addr().expect("an address"));
    let posted = std::thread::spawn(move || {
        let (mut stream, _) = receiver.accept().expect("goherd connects");
        let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).expect("a header");
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a number");
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the body");
        stream.write_all(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n").expect("answered");
        serde_json::from_slice::<serde_json::Value>(&body).expect("JSON")
    });
    let output = goherd().args(["demo", "--format", "json", "--webhook", &url]).output().expect("goherd starts");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let answer = json(&output);
    let ids: Vec<&str> =
        answer["findings"].as_array().expect("a list").iter().filter_map(|finding| finding["id"].as_str()).collect();
    assert_eq!(ids, ["LK005", "LK001"]);
    assert_eq!(answer["targets"][0]["kind"], "recording");
    assert!(!answer.to_string().contains("127.0.0.1"), "the replay's own address is of no use to a reader");
    let alert = posted.join().expect("the receiver ends").to_string();
    assert!(alert.contains("LK005") && alert.contains("LK001"), "{alert}");
}

#[cfg(unix)]
struct Viewer {
    child: Child,
    /// Host and port.
    address: String,
    /// From slash to slash, a token inside.
    path: String,
}

#[cfg(unix)]
impl Viewer {
    fn open(target: &Path) -> Viewer {
        let mut child = goherd()
            .args(["open", "--no-browser"])
            .arg(target)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("goherd starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("the address");
        let url = line.trim().strip_prefix("http://").and_then(|rest| rest.split_once('/')).expect("an address");
        let (address, path) = (url.0.to_owned(), format!("/{}", url.1));
        assert!(address.starts_with("127.0.0.1:"), "{line}");
        let token = path.trim_matches('/');
        assert!(token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
        Viewer { child, address, path }
    }

    fn get(&self, path: &str, host: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the viewer listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").expect("asked");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("answered");
        answer
    }

    fn interrupt(mut self) -> Option<i32> {
        interrupt(&self.child);
        self.child.wait().expect("goherd ends").code()
    }
}

#[cfg(unix)]
impl Drop for Viewer {
    fn drop(&mut self) {
        // Already gone when the test went well.
        let _ = self.child.kill();
    }
}

#[cfg(unix)]
fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(status.success());
}

#[cfg(unix)]
#[test]
fn the_viewer_answers_to_its_own_name_only_and_ends_with_ctrl_c() {
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("answer.json");
    run(&["doctor", "--output", &saved.to_string_lossy()], &series(), 1);
    let mut tokens = std::collections::BTreeSet::new();
    for target in [saved, series()] {
        let viewer = Viewer::open(&target);
        assert!(tokens.insert(viewer.path.clone()), "each run has its own address");
        for path in ["/", "/api/envelope", "/00000000000000000000000000000000/"] {
            let refused = viewer.get(path, &viewer.address);
            assert!(refused.starts_with("HTTP/1.1 404") && !refused.contains("LK005"), "{path}: {refused:.300}");
        }
        let page = viewer.get(&viewer.path, &viewer.address);
        assert!(
            page.starts_with("HTTP/1.1 200") && page.contains("id=\"goherd-envelope\"") && page.contains("LK005"),
            "{page:.300}"
        );
        assert!(page.contains("cache-control: no-store"), "{page:.600}");
        let pages =
            page.split("id=\"goherd-pages\" type=\"application/json\">").nth(1).and_then(|rest| rest.split("</script>").next());
        let pages: serde_json::Value = serde_json::from_str(pages.expect("the pages' element")).expect("JSON");
        assert!(
            pages["LK005"]["zh-CN"].as_str().is_some_and(|page| page.starts_with("---\ntitle: ")),
            "the viewer reads the front matter"
        );
        let api = viewer.get(&format!("{}api/envelope", viewer.path), &viewer.address);
        assert!(api.contains("\"schema\":\"goherd/1\""), "{api:.300}");
        let elsewhere = viewer.get(&viewer.path, "evil.example");
        assert!(elsewhere.starts_with("HTTP/1.1 421") && !elsewhere.contains("LK005"), "{elsewhere:.300}");
        assert_eq!(viewer.interrupt(), Some(130));
    }
}

#[cfg(unix)]
#[test]
fn a_compressed_answer_is_opened_as_it_was_saved() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = folder.path().join("answer.json");
    run(&["doctor", "--output", &plain.to_string_lossy()], &series(), 1);
    let answer = std::fs::read(&plain).expect("the answer");
    let gzip = folder.path().join("answer.json.gz");
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(&answer).expect("packed");
    std::fs::write(&gzip, packer.finish().expect("packed")).expect("written");
    let zst = folder.path().join("answer.json.zst");
    std::fs::write(&zst, zstd::encode_all(answer.as_slice(), 3).expect("packed")).expect("written");
    let expected: serde_json::Value = serde_json::from_slice(&answer).expect("JSON");
    for target in [gzip, zst] {
        let viewer = Viewer::open(&target);
        let api = viewer.get(&format!("{}api/envelope", viewer.path), &viewer.address);
        let body = api.split("\r\n\r\n").nth(1).expect("a body");
        let served: serde_json::Value = serde_json::from_str(body).expect("JSON");
        // Its targets are those of the run that judged, not the file it was saved to.
        assert_eq!(served, expected, "{}", target.display());
        assert_eq!(viewer.interrupt(), Some(130));
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_read_that_waits_for_ever() {
    let mut child = goherd()
        .args(["doctor", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("goherd starts");
    // A first part is taken in, so the handler is in place before the signal comes.
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(&vec![b'x'; 1 << 20]).expect("goherd reads");
    interrupt(&child);
    assert_eq!(child.wait().expect("goherd ends").code(), Some(130));
    drop(pipe);
}
