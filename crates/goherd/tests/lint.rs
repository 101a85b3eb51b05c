//! `goherd lint` as a user and a build server run it: rules, configuration, baselines, new lines, comments, formats, repairs, go vet.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use quick_xml::events::Event;
use serde_json::{Value, json};

const TWICE: &str = "package shop\n\nimport \"sync\"\n\nvar mu sync.Mutex\n\nfunc twice() {\n\tmu.Lock()\n\tmu.Lock()\n}\n";
/// Where the second Lock stands.
const LINE: u64 = 9;

struct Shop {
    folder: tempfile::TempDir,
}

impl Shop {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shop = Shop { folder };
        shop.write("go.mod", "module example.com/shop\n\ngo 1.26\n");
        for (name, text) in files {
            shop.write(name, text);
        }
        shop
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        goherd(self.path(), arguments)
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--format", "json"], arguments].concat());
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said(&output)))
    }

    /// Ids and places.
    #[track_caller]
    fn found(&self, arguments: &[&str]) -> Vec<String> {
        found(&self.json(arguments))
    }

    fn git(&self, arguments: &[&str]) {
        let own = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        let status = Command::new("git").arg("-C").arg(self.path()).args(own).args(arguments).output().expect("git runs").status;
        assert!(status.success(), "git {arguments:?}");
    }
}

fn goherd(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_goherd"));
    command.args(["--lang", "en", "lint"]).args(arguments).current_dir(folder).env_remove("GITHUB_ACTIONS");
    command.env_remove("GITHUB_WORKSPACE").output().expect("it runs")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn found(envelope: &Value) -> Vec<String> {
    let findings = envelope["findings"].as_array().expect("findings");
    let one = |finding: &Value| {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        format!("{} {}:{}", word(&finding["id"]), word(&finding["at"]["file"]), finding["at"]["line"])
    };
    findings.iter().map(one).collect()
}

fn kernels() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/lint-kernels").canonicalize().expect("the lint kernels")
}

#[test]
fn rules_are_chosen_by_flags_and_by_the_configuration() {
    let shop = Shop::new(&[("twice.go", TWICE), ("old/old.go", &TWICE.replace("shop", "old"))]);
    let both = ["DL001 old/old.go:9", "DL001 twice.go:9"];
    assert_eq!(shop.found(&["--select", "DL"]), both);
    assert_eq!(shop.found(&["--select", "DL", "--ignore", "DL001"]), [""; 0]);
    shop.write(
        "goherd.toml",
        "[lint]\nselect = [\"DL001\"]\nfail-on = \"never\"\nseverity = { DL = \"info\" }\n[[lint.paths]]\nmatch = \"old\"\nignore = [\"DL\"]\n",
    );
    let envelope = shop.json(&[]);
    assert_eq!(found(&envelope), ["DL001 twice.go:9"]);
    assert_eq!(
        (&envelope["findings"][0]["severity"], &envelope["hidden"]["findings_ignored_by_path"]),
        (&json!("info"), &json!(1))
    );
    assert_eq!(shop.run(&[]).status.code(), Some(0));
    assert_eq!(shop.run(&["--fail-on", "info"]).status.code(), Some(1), "flags come first");
    // Seen from a folder below, the same file speaks, and its paths are seen from where it lies.
    assert_eq!(goherd(&shop.path().join("old"), &["--fail-on", "info"]).status.code(), Some(0));
    assert_eq!(shop.found(&["--no-config", "--select", "DL001"]), both);
    shop.write("goherd.toml", "[lint]\nexclude = [\"**/old/*.go\"]\nselect = [\"DL001\"]\n");
    let envelope = shop.json(&[]);
    assert_eq!((found(&envelope).len(), &envelope["hidden"]["findings_excluded"]), (1, &json!(1)));
}

#[test]
fn what_cannot_be_meant_is_told_with_what_may_be() {
    let shop = Shop::new(&[("twice.go", TWICE)]);
    for (config, arguments, expected) in [
        ("", &["--select", "DL0001"][..], "no rule is called `DL0001`; did you mean DL001?"),
        ("", &["--ignore", "SC001"], "source does not show SC001"),
        ("", &["--config", "absent.toml"], "absent.toml: "),
        ("[lint]\nselect = [\"ZZ\"]\n", &[], "[lint] of goherd.toml: no rule is called `ZZ`"),
        ("[lint]\n\nfailon = \"never\"\n", &[], "goherd.toml: line 3: unknown field `failon`; did you mean `fail-on`?"),
        ("[lint\n", &[], "goherd.toml: line 1: "),
        ("", &["--new-from", "HEAD"], "--new-from: git says: not a git repository"),
    ] {
        shop.write("goherd.toml", config);
        let output = shop.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(said(&output).contains(expected), "{}", said(&output));
    }
}

#[test]
fn a_baseline_outlives_moved_lines_and_lets_new_findings_through() {
    let shop = Shop::new(&[("twice.go", TWICE)]);
    shop.run(&["--select", "DL001", "--write-baseline", "known.toml"]);
    let known = ["--select", "DL001", "--baseline", "known.toml"];
    assert_eq!(shop.json(&known)["hidden"]["suppressed"], 1);
    let moved = TWICE.replace("var mu", "// One line,\n// and another.\nvar mu").replace("\tmu.Lock()\n", "\t\tmu.Lock()\n");
    shop.write("twice.go", &moved);
    assert_eq!(shop.found(&known), [""; 0]);
    let again = format!("{moved}\nfunc again() {{\n\tmu.Lock()\n\tmu.Lock()\n}}\n");
    shop.write("twice.go", &again);
    assert_eq!(shop.found(&known), ["DL001 twice.go:16"]);
    // A second one of the same words in the same function is another one.
    shop.write(
        "twice.go",
        &again.replacen("\t\tmu.Lock()\n}", "\t\tmu.Lock()\n\t\tmu.Unlock()\n\t\tmu.Lock()\n\t\tmu.Lock()\n}", 1),
    );
    assert_eq!(shop.found(&known).len(), 2);
    shop.write("twice.go", "package shop\n");
    let envelope = shop.json(&[&known[..], &["--report-unused"]].concat());
    assert_eq!(envelope["notes"][0]["text"], "entries of the baseline that match nothing that was found: 1");
    shop.write("twice.go", &again);
    let text = std::fs::read_to_string(shop.path().join("known.toml")).expect("a baseline");
    shop.write("known.toml", &text.replace("reason = ", "expires = 2020-01-01\nreason = "));
    assert_eq!(shop.found(&known).len(), 2, "what has expired is told again");
}

#[test]
fn only_what_is_new_since_a_revision_is_told() {
    let shop = Shop::new(&[("twice.go", TWICE), ("calls.go", "package shop\n\nfunc lock() {\n\tmu.Lock()\n}\n")]);
    shop.git(&["init", "--quiet", "-b", "main"]);
    shop.git(&["add", "."]);
    shop.git(&["commit", "--quiet", "-m", "first"]);
    let new = ["--select", "DL001", "--new-from", "main"];
    let envelope = shop.json(&new);
    assert_eq!(
        (found(&envelope).len(), &envelope["hidden"]["findings_not_new"], &envelope["verdict"]),
        (0, &json!(1), &json!("healthy"))
    );
    shop.git(&["checkout", "--quiet", "-b", "work"]);
    shop.git(&["mv", "twice.go", "a b.go"]);
    assert_eq!(shop.found(&new), [""; 0], "what moves is not new");
    shop.write("new.go", &TWICE.replace("mu", "nu").replace("twice", "anew"));
    assert_eq!(shop.found(&new), ["DL001 new.go:9"], "git does not know the file yet");
    let callers = "package shop\n\nfunc lock() {\n\tmu.Lock() // here\n}\n\nfunc held() {\n\tmu.Lock()\n\tlock()\n}\n";
    shop.write("calls.go", callers);
    shop.git(&["add", "."]);
    shop.git(&["commit", "--quiet", "-m", "second"]);
    assert_eq!(shop.found(&new), ["DL001 calls.go:9", "DL001 new.go:9"]);
    shop.git(&["checkout", "--quiet", "-b", "later"]);
    shop.write("calls.go", &callers.replace("// here", "// there"));
    shop.git(&["commit", "--quiet", "-a", "-m", "third"]);
    let way = ["--select", "DL001", "--new-from", "work"];
    assert_eq!(shop.found(&way), ["DL001 calls.go:9"], "its way shows a changed line");
    // What main has gained meanwhile is not this branch's.
    shop.git(&["checkout", "--quiet", "main"]);
    shop.write("main.go", "package shop\n");
    shop.git(&["add", "."]);
    shop.git(&["commit", "--quiet", "-m", "fourth"]);
    shop.git(&["checkout", "--quiet", "work"]);
    assert_eq!(shop.found(&new).len(), 2);
    let unknown = shop.run(&["--new-from", "--upload-pack=x"]);
    assert_eq!(unknown.status.code(), Some(2));
    let without_git = Command::new(env!("CARGO_BIN_EXE_goherd"))
        .args(["--lang", "en", "lint", "--new-from", "main"])
        .current_dir(shop.path())
        .env("PATH", "")
        .output()
        .expect("it runs");
    assert!(said(&without_git).contains("git cannot be run"), "{}", said(&without_git));
}

#[test]
fn comments_of_all_tools_keep_back_what_they_cover() {
    let lock = |above: &str, on_func: &str, on_line: &str| {
        format!(
            "package shop\n\nimport \"sync\"\n\nvar mu sync.Mutex\n\n{above}func twice() {{{on_func}\n\tmu.Lock()\n\tmu.Lock(){on_line}\n}}\n"
        )
    };
    for (above, on_func, on_line, kept) in [
        ("", "", " //nolint", true),
        ("", "", " // nolint:staticcheck // why", true),
        ("", "", " //nolint:SA2003", true),
        ("", "", " //nolint:errcheck", false),
        ("", " //nolint:dl001", "", true),
        ("//nolint:goherd\n", "", "", true),
        ("//goherd:ignore DL001 it is meant\n", "", "", true),
        ("", " //goherd:ignore DL001 it is meant", "", true),
        ("", "", " //goherd:ignore DL001", false),
        ("", "", " //goherd:ignore DL002 it is meant", false),
        ("//lint:ignore SA2003 it is meant\n", "", "", false),
        ("", "", " //lint:ignore SA2003 it is meant", true),
        ("//lint:file-ignore DL001 all of it\n", "", "", true),
        ("", "", " // #nosec", false),
    ] {
        let shop = Shop::new(&[("twice.go", &lock(above, on_func, on_line))]);
        let envelope = shop.json(&["--select", "DL001"]);
        assert_eq!(found(&envelope).is_empty(), kept, "{above}{on_func}{on_line}");
        assert_eq!(envelope["hidden"]["findings_ignored_in_source"].as_u64().is_some(), kept);
    }
    let shop = Shop::new(&[("twice.go", &lock("//goherd:ignore LK001 once\n", "", " //goherd:ignore DL001 it is meant"))]);
    let envelope = shop.json(&["--report-unused"]);
    let notes: Vec<&str> = envelope["notes"].as_array().expect("notes").iter().filter_map(|note| note["text"].as_str()).collect();
    assert!(notes.contains(&"twice.go:7: goherd:ignore LK001 keeps nothing back"), "{notes:?}");
    assert_eq!(notes.iter().filter(|note| note.contains("keeps nothing back")).count(), 1);
    let order = found(
        &serde_json::from_slice(&goherd(&kernels(), &["--format", "json", "--select", "DL002", "./order/..."]).stdout)
            .expect("JSON"),
    );
    assert!(
        order.len() >= 5 && order.iter().all(|one| one.starts_with("DL002 ")),
        "rules of whole programs are rules: {order:?}"
    );
    let envelope = shop.json(&["--report-unused", "--select", "DL001"]);
    assert_eq!(envelope["notes"].as_array().map(Vec::len), Some(0), "nothing is known of a rule that was not asked");
}

#[test]
fn every_format_carries_every_finding() {
    let root = kernels();
    let run = |format: &str| goherd(&root, &["--format", format, "./mutex/...", "./unlock/..."]);
    let envelope: Value = serde_json::from_slice(&run("json").stdout).expect("JSON");
    let count = envelope["findings"].as_array().expect("findings").len();
    assert!(count > 10, "{count}");

    let sarif: Value = serde_json::from_slice(&run("sarif").stdout).expect("JSON");
    assert_eq!((&sarif["version"], sarif["runs"].as_array().map(Vec::len)), (&json!("2.1.0"), Some(1)));
    let (rules, results) =
        (&sarif["runs"][0]["tool"]["driver"]["rules"], sarif["runs"][0]["results"].as_array().expect("results"));
    assert_eq!(results.len(), count);
    for (result, finding) in results.iter().zip(envelope["findings"].as_array().expect("findings")) {
        let rule = &rules[result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        let help = rule["help"]["markdown"].as_str().expect("the page");
        assert!(help.starts_with(&format!("# {}", result["ruleId"].as_str().unwrap_or_default())), "{help}");
        let place = &result["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], finding["at"]["file"]);
        assert_eq!(place["region"]["startLine"], finding["at"]["line"]);
        let stops = result["codeFlows"][0]["threadFlows"][0]["locations"].as_array().map_or(0, Vec::len);
        let facts = finding["evidence"].as_array().expect("facts");
        assert_eq!(stops, facts.iter().skip(1).filter(|fact| !fact["place"].is_null()).count(), "{finding}");
        assert_eq!(result["partialFingerprints"]["goherd/v1"], finding["fingerprint"]);
    }

    let gitlab: Vec<Value> = serde_json::from_slice(&run("gitlab").stdout).expect("a list");
    let prints: std::collections::BTreeSet<&str> = gitlab.iter().filter_map(|issue| issue["fingerprint"].as_str()).collect();
    assert_eq!((gitlab.len(), prints.len()), (count, count), "each has a fingerprint of its own");
    let known = ["info", "minor", "major", "critical", "blocker"];
    assert!(gitlab.iter().all(|issue| issue["severity"].as_str().is_some_and(|word| known.contains(&word))));

    for (format, element, names) in [
        ("checkstyle", &b"error"[..], &["line", "column", "severity", "message", "source"][..]),
        ("junit", b"testcase", &["name", "file", "line"]),
    ] {
        let text = String::from_utf8(run(format).stdout).expect("text");
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut seen = 0;
        loop {
            let event = reader.read_event().expect("XML");
            if matches!(event, Event::Eof) {
                break;
            }
            let (Event::Start(tag) | Event::Empty(tag)) = event else { continue };
            if tag.name().as_ref() != element {
                continue;
            }
            seen += 1;
            for name in names {
                assert!(tag.try_get_attribute(name).expect("attributes").is_some(), "{name}");
            }
        }
        assert_eq!(seen, count, "{format}");
    }

    for format in ["github", "markdown", "junit", "concise", "text"] {
        let text = String::from_utf8(run(format).stdout).expect("text");
        assert!(!text.contains("0 goroutine"), "{format}: source has no goroutines to count");
        assert!(text.contains("is asked for while it is held"), "{format}");
    }
    let github = String::from_utf8(run("github").stdout).expect("text");
    assert_eq!(github.lines().filter(|line| line.starts_with("::") && line.contains(" file=")).count(), count);
}

#[test]
fn go_vet_asks_goherd() {
    let root = kernels();
    let vet = |arguments: &[&str]| {
        let tool = format!("-vettool={}", env!("CARGO_BIN_EXE_goherd"));
        let mut command = Command::new("go");
        command.args(["vet", &tool]).args(arguments).current_dir(&root).env("GOFLAGS", "-mod=mod").output().expect("go runs")
    };
    let output = vet(&["./mutex/relock-callee", "./mutex/relock-callee/fixed"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let lines: Vec<String> = said(&output).lines().filter(|line| line.contains("DL001")).map(str::to_owned).collect();
    assert!(lines.len() == 1 && lines[0].starts_with("mutex/relock-callee/kernel.go:27:"), "{lines:?}");
    assert_eq!(vet(&["./mutex/relock-callee/fixed"]).status.code(), Some(0));
    assert_eq!(vet(&["-ignore=DL", "./mutex/relock-callee"]).status.code(), Some(0), "flags are passed on");
    let json = vet(&["-json", "./mutex/relock-callee"]);
    let text = [String::from_utf8_lossy(&json.stdout).into_owned(), said(&json)].concat();
    let text: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    let package = "github.com/goherd/goherd/testbed/lint-kernels/mutex/relock-callee";
    assert!(answer[package]["DL001"][0]["posn"].as_str().is_some_and(|at| at.contains("kernel.go:27:")), "{answer}");
}

#[test]
fn the_place_of_a_finding_is_told_to_the_byte() {
    let shop = Shop::new(&[("twice.go", &TWICE.replacen("\tmu.Lock()\n}", "\t/* 锁🔒 */ mu.Lock()\n}", 1))]);
    let envelope = shop.json(&["--select", "DL001"]);
    let position = &envelope["findings"][0]["position"];
    assert_eq!((&position["line"], &position["column"], &position["column_utf16"]), (&json!(LINE), &json!(19), &json!(15)));
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("made");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copied(&path, &target);
        } else {
            std::fs::copy(&path, &target).expect("copied");
        }
    }
}

#[test]
fn what_is_mended_builds_and_is_found_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    copied(&kernels(), folder.path());
    let run = |arguments: &[&str]| goherd(folder.path(), &[arguments, &["--preview", "./..."]].concat());
    let answer = |arguments: &[&str]| -> Value { serde_json::from_slice(&run(arguments).stdout).expect("JSON") };
    let with_repairs = |envelope: &Value| {
        let findings = envelope["findings"].as_array().expect("findings");
        findings
            .iter()
            .filter(|finding| ["safe", "unsafe"].contains(&finding["repair"]["safety"].as_str().unwrap_or_default()))
            .count()
    };
    let before = answer(&["--format", "json"]);
    let diff = String::from_utf8(run(&["--diff", "--unsafe-fixes"]).stdout).expect("text");
    assert_eq!(answer(&["--format", "json"])["findings"], before["findings"], "--diff changes nothing");
    let after = answer(&["--format", "json", "--fix", "--unsafe-fixes"]);
    let (mended, files) = (after["lint"]["mended"].as_u64(), after["lint"]["files_mended"].as_u64());
    assert!(mended.is_some_and(|mended| mended >= 20), "{mended:?}");
    assert_eq!(Some(diff.lines().filter(|line| line.starts_with("+++ b/")).count() as u64), files, "the diff shows what is done");
    assert!(with_repairs(&before) >= 20, "{}", with_repairs(&before));
    assert_eq!((with_repairs(&after), &after["lint"]["not_mended"]), (0, &Value::Null));
    let built = Command::new("go").args(["build", "./..."]).current_dir(folder.path()).env("GOFLAGS", "-mod=mod").output();
    let built = built.expect("go runs");
    assert!(built.status.success(), "{}", said(&built));
}

#[test]
fn a_package_whose_only_fault_is_mended_is_well() {
    let kernel = std::fs::read_to_string(kernels().join("context/cancel-dropped/kernel.go")).expect("a kernel");
    let shop = Shop::new(&[("kernel.go", &kernel)]);
    let select = ["--select", "CX002"];
    assert_eq!(shop.run(&select).status.code(), Some(1));
    assert_eq!(shop.run(&[&select[..], &["--diff"]].concat()).status.code(), Some(1));
    assert_eq!(shop.run(&[&select[..], &["--fix"]].concat()).status.code(), Some(1), "who is given the context may keep it");
    assert_eq!(shop.run(&[&select[..], &["--fix", "--unsafe-fixes"]].concat()).status.code(), Some(0));
    assert!(std::fs::read_to_string(shop.path().join("kernel.go")).expect("a file").contains("defer cancel()"));
}

#[test]
fn code_hosts_are_told_names_from_the_top_of_the_checkout() {
    let shop = Shop::new(&[]);
    shop.write("services/shop/go.mod", "module example.com/shop\n\ngo 1.26\n");
    shop.write("services/shop/twice.go", TWICE);
    for (format, variable) in [("github", "GITHUB_WORKSPACE"), ("sarif", "GITHUB_WORKSPACE"), ("gitlab", "CI_PROJECT_DIR")] {
        let output = Command::new(env!("CARGO_BIN_EXE_goherd"))
            .args(["--lang", "en", "lint", "--format", format, "--select", "DL001"])
            .current_dir(shop.path().join("services/shop"))
            .env_remove("GITHUB_WORKSPACE")
            .env(variable, shop.path())
            .output()
            .expect("it runs");
        let text = String::from_utf8(output.stdout).expect("text");
        assert!(text.contains("services/shop/twice.go"), "{format}: {text}");
        assert!(!text.contains("services/shop/services"), "{format}: {text}");
    }
}
