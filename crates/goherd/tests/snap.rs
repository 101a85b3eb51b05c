//! `goherd snap` of a running program: core files, and series that end before their time.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// `testbed/mixed/parked`, ended with this value.
struct Running {
    child: Child,
    folder: tempfile::TempDir,
}

impl Running {
    fn start(arguments: &[&str]) -> Running {
        let folder = tempfile::tempdir().expect("a folder");
        let mixed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testbed/mixed");
        let program = folder.path().join("parked");
        let mut build = Command::new("go");
        build.args(["build", "-trimpath", "-o"]).arg(&program).arg("./parked").current_dir(mixed);
        assert!(build.env("GOFLAGS", "-buildvcs=false").status().expect("go is installed").success());
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut ready = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut ready).expect("it says that it is ready");
        assert!(ready.starts_with("ready"), "{ready}");
        Running { child, folder }
    }

    fn snap(&self, arguments: &[&str]) -> Command {
        let mut goherd = Command::new(env!("CARGO_BIN_EXE_goherd"));
        goherd.env_remove("GOHERD_LANG").env_remove("GITHUB_ACTIONS").env("LC_ALL", "C.UTF-8");
        goherd.arg("snap").arg(format!("pid:{}", self.child.id())).args(arguments);
        goherd.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        goherd
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What lies beside the program.
    fn files(&self) -> Vec<String> {
        listed(self.folder.path()).into_iter().filter(|name| name != "parked").collect()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().and_then(|()| self.child.wait()).expect("the program ends");
    }
}

fn listed(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// What goherd says on stderr, once it has ended with this code.
#[track_caller]
fn said(output: &Output, code: i32) -> String {
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{told}{}", String::from_utf8_lossy(&output.stdout));
    told
}

fn until(mut is: impl FnMut() -> bool) {
    assert!((0..6000).any(|_| is() || (std::thread::sleep(Duration::from_millis(5)), false).1), "it takes half a minute");
}

fn interrupt(goherd: &Child) {
    assert!(Command::new("kill").args(["-INT", &goherd.id().to_string()]).status().expect("kill").success());
}

fn goroutines(arguments: &[&str], target: &str) -> Value {
    let mut goherd = Command::new(env!("CARGO_BIN_EXE_goherd"));
    let output = goherd.args(arguments).arg(target).args(["--format", "json"]).output().expect("goherd starts");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("the answer is JSON");
    answer["snapshot"]["goroutines"].clone()
}

#[test]
fn a_core_file() {
    let running = Running::start(&["-n", "5"]);
    let core = running.file("a.core");
    let path = core.to_string_lossy().into_owned();
    let output = running.snap(&["--save", &path, "--format", "json"]).output().expect("goherd starts");
    assert!(said(&output, 0).contains(&format!("saved {path}")));
    assert_eq!(std::fs::metadata(&core).expect("the file").permissions().mode() & 0o777, 0o600);
    assert_eq!(running.files(), ["a.core"]);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("the answer is JSON");
    let cost = answer["targets"][0]["cost"].as_str().expect("its cost");
    assert!(cost.starts_with("core file: ") && cost.contains("ms and copied"), "{cost}");
    let count = &answer["snapshot"]["goroutines"];
    assert!(count.as_u64() > Some(100), "{count}");
    let target = format!("core:{path}");
    for command in ["snap", "doctor", "graph"] {
        assert_eq!(&goroutines(&[command], &target), count, "{command}");
    }
    assert_eq!(&goroutines(&["snap"], &format!("pid:{}", running.child.id())), count);

    let before = std::fs::metadata(&core).expect("the file").modified().expect("its time");
    let refused = said(&running.snap(&["--save", &path]).output().expect("goherd starts"), 2);
    assert!(refused.contains("exists") && refused.contains("--force"), "{refused}");
    assert_eq!(std::fs::metadata(&core).expect("the file").modified().expect("its time"), before);
    said(&running.snap(&["--save", &path, "--force", "--quiet"]).output().expect("goherd starts"), 0);
    assert_ne!(std::fs::metadata(&core).expect("the file").modified().expect("its time"), before);
}

#[test]
fn core_files_that_are_refused() {
    let running = Running::start(&["-n", "1"]);
    let path = running.file("a.core").to_string_lossy().into_owned();
    let nowhere = running.file("none/a.core").to_string_lossy().into_owned();
    for (arguments, code, why) in [
        (&["--save", &path, "--count", "2"][..], 2, "one instant"),
        (&["--save", &path, "--redact"], 2, "--redact cannot be used"),
        (&["--save", &path, "--stop-budget", "0ms"], 3, "would stop it"),
        (&["--save", &nowhere], 2, "No such file"),
        (&["--stop-budget", "1s"], 2, "without --prove"),
    ] {
        let told = said(&running.snap(arguments).output().expect("goherd starts"), code);
        assert!(told.contains(why), "{arguments:?}: {told}");
        assert_eq!(running.files(), [""; 0], "{arguments:?}");
    }
    let mut of_a_file = Command::new(env!("CARGO_BIN_EXE_goherd"));
    let output = of_a_file.args(["snap", ":6060", "--save", &path]).output().expect("goherd starts");
    assert!(said(&output, 2).contains("only a live process"));
}

/// The process goes on, and nothing of the file is left.
#[test]
fn a_disk_that_is_full() {
    let running = Running::start(&["-n", "100"]);
    let folder = running.file("small");
    std::fs::create_dir(&folder).expect("a folder");
    let goherd = env!("CARGO_BIN_EXE_goherd");
    let script = format!(
        "mount -t tmpfs -o size=1m none {0} || exit 99; {goherd} snap {1} --save {0}/a.core --lang en; code=$?; ls -A {0}; exit $code",
        folder.display(),
        running.child.id()
    );
    let output = Command::new("unshare").args(["--mount", "sh", "-c", &script]).output().expect("unshare");
    if matches!(output.status.code(), Some(99 | 1)) {
        println!("this user mounts nothing");
        return;
    }
    let told = said(&output, 2);
    assert!(told.contains("No space left") && told.contains("bytes of memory were written"), "{told}");
    assert!(told.contains("make room for"), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "nothing is left");
}

#[test]
fn a_core_file_interrupted() {
    let running = Running::start(&["-n", "4000"]);
    let path = running.file("a.core").to_string_lossy().into_owned();
    let goherd = running.snap(&["--save", &path]).spawn().expect("goherd starts");
    // Its first bytes: it is being written.
    until(|| std::fs::metadata(running.file("a.core.part")).is_ok_and(|file| file.len() > 0));
    interrupt(&goherd);
    let told = said(&goherd.wait_with_output().expect("its end"), 130);
    assert!(told.contains("interrupted"), "{told}");
    assert_eq!(running.files(), [""; 0]);
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", running.child.id())).expect("its children");
    assert_eq!(children, "", "no copy is left");
}

/// The next run takes away what was left.
#[test]
fn killed_while_it_writes() {
    let running = Running::start(&["-n", "4000"]);
    let path = running.file("a.core").to_string_lossy().into_owned();
    let mut goherd = running.snap(&["--save", &path]).spawn().expect("goherd starts");
    until(|| std::fs::metadata(running.file("a.core.part")).is_ok_and(|file| file.len() > 0));
    goherd.kill().and_then(|()| goherd.wait()).expect("its end");
    assert_eq!(running.files(), ["a.core.part"]);
    assert_eq!(std::fs::metadata(running.file("a.core.part")).expect("the file").permissions().mode() & 0o777, 0o600);
    said(&running.snap(&["--save", &path]).output().expect("goherd starts"), 0);
    assert_eq!(running.files(), ["a.core"]);
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", running.child.id())).expect("its children");
    assert_eq!(children, "", "no copy is left");
}

#[test]
fn a_series_interrupted() {
    let running = Running::start(&["-n", "2"]);
    let folder = running.file("series");
    let path = folder.to_string_lossy().into_owned();
    let goherd = running.snap(&["--every", "100ms", "--count", "1000", "--save", &path]).spawn().expect("goherd starts");
    until(|| listed(&folder).len() >= 3);
    interrupt(&goherd);
    let told = said(&goherd.wait_with_output().expect("its end"), 130);
    let kept = listed(&folder);
    assert!(kept.iter().all(|name| name.ends_with(".json")), "{kept:?}");
    assert!(told.contains(&format!("{} of 1000 snapshots were taken; they are in {path}", kept.len())), "{told}");
    let mut doctor = Command::new(env!("CARGO_BIN_EXE_goherd"));
    let output = doctor.args(["doctor", "--format", "json", &path]).output().expect("goherd starts");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("the answer is JSON");
    assert_eq!(answer["series"]["goroutines"].as_array().map(Vec::len), Some(kept.len()), "{}", answer["series"]);
}

/// What was read before stays; what another program is under the same id does not become part of it.
#[test]
fn a_process_that_ends_or_runs_another_program_midway() {
    for how in ["exit", "exec"] {
        let mut running = Running::start(&["-n", "2"]);
        let folder = running.file("series");
        let path = folder.to_string_lossy().into_owned();
        let goherd = running.snap(&["--every", "100ms", "--count", "1000", "--save", &path]).spawn().expect("goherd starts");
        until(|| listed(&folder).len() >= 2);
        writeln!(running.child.stdin.as_mut().expect("its input"), "{how}").expect("it reads");
        let told = said(&goherd.wait_with_output().expect("its end"), 3);
        assert!(told.contains("ended or ran another program") || told.contains("there is no process"), "{how}: {told}");
        assert!(told.contains(&format!("{} of 1000 snapshots were taken", listed(&folder).len())), "{how}: {told}");
    }
}

#[test]
fn a_series_is_not_written_over_itself() {
    let running = Running::start(&["-n", "1"]);
    let path = running.file("a.json").to_string_lossy().into_owned();
    let refused = said(&running.snap(&["--count", "2", "--output", &path]).output().expect("goherd starts"), 2);
    assert!(refused.contains("--save FOLDER"), "{refused}");
    assert_eq!(running.files(), [""; 0]);
}
