//! A program that delivers alerts is killed while it does, and its disk fills: what it said it kept arrives, in order.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use support::{Arrived, Program, Receiver, until};

/// Kills in the tests; `GOHERD_TEST_DELIVERY_KILLS` asks for more.
const KILLS: u32 = 5;

/// Instances that fire and are resolved in turns.
const INSTANCES: u32 = 4;

/// The program of `examples/`, which cargo builds beside the tests.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let built = tests.ancestors().nth(2).unwrap().join("examples/alert_by_line");
    assert!(built.is_file(), "{} is not built: run the tests of the whole crate", built.display());
    built
}

/// The program as it runs, its input and its answers.
struct Run {
    program: Program,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Run {
    fn start(command: &mut Command) -> Run {
        let mut child: Child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Run { program: Program(child), input, answers: BufReader::new(output) }
    }

    /// What it answers to a line; nothing when it is dead.
    fn say(&mut self, line: &str) -> Option<String> {
        writeln!(self.input, "{line}").ok()?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).ok()?;
        answer.ends_with('\n').then(|| answer.trim_end().to_owned())
    }
}

/// The lines for a number of turns: each instance fires with a number of its own, and is resolved.
fn line(turn: u32) -> String {
    let (instance, round) = (turn % INSTANCES, turn / INSTANCES);
    if round % 2 == 0 { format!("fire i{instance} {round}") } else { format!("resolve i{instance}") }
}

/// What arrived of each instance, in order, repeated deliveries once: `fire ROUND` and `resolve ROUND`, the round in which it fired.
fn arrived(calls: &[Arrived]) -> BTreeMap<String, Vec<String>> {
    let mut seen = BTreeSet::new();
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for call in calls {
        if seen.insert(call.headers["x-goherd-delivery"].to_str().unwrap().to_owned()) {
            for alert in call.json()["alerts"].as_array().unwrap() {
                let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
                let what = if alert["status"] == "firing" { "fire" } else { "resolve" };
                let lane = all.entry(text(&alert["labels"]["instance"])).or_default();
                lane.push(format!("{what} {}", text(&alert["annotations"]["seq"])));
            }
        }
    }
    all
}

fn expected(turns: u32) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for turn in 0..turns {
        let (instance, round) = (turn % INSTANCES, turn / INSTANCES);
        let what = if round % 2 == 0 { format!("fire {round}") } else { format!("resolve {}", round - 1) };
        all.entry(format!("i{instance}")).or_default().push(what);
    }
    all
}

#[test]
fn killed_while_it_delivers_nothing_it_kept_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.db");
    let receiver = Receiver::start();
    let kills = std::env::var("GOHERD_TEST_DELIVERY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let mut turn = 0;
    for kill in 0..kills {
        let mut run = Run::start(Command::new(program()).arg(&file).arg(receiver.url("/")));
        // Killed between two answers, or while it writes, or while it delivers: wherever the number leads.
        let pause = Duration::from_micros(u64::from(kill * 7_919 % 40_000));
        let id = run.program.0.id();
        let first = turn;
        let mut killer: Option<std::thread::JoinHandle<()>> = None;
        while let Some(answer) = run.say(&line(turn)) {
            assert_eq!(answer, format!("kept {}", line(turn)));
            turn += 1;
            if turn - first > 6 && killer.is_none() {
                killer = Some(std::thread::spawn(move || {
                    std::thread::sleep(pause);
                    let sent = Command::new("kill").args(["-9", &id.to_string()]).status().unwrap();
                    assert!(sent.success());
                }));
            }
        }
        killer.unwrap().join().unwrap();
    }
    let kept = turn;
    // What was not answered may be kept or not: it is said again, as whoever judges does.
    let mut run = Run::start(Command::new(program()).arg(&file).arg(receiver.url("/")));
    for turn in kept..kept + 2 * INSTANCES {
        assert_eq!(run.say(&line(turn)), Some(format!("kept {}", line(turn))));
    }
    drop(run.input);
    assert!(run.program.0.wait().unwrap().success());
    assert_eq!(arrived(&receiver.calls()), expected(kept + 2 * INSTANCES));
    println!("{kills} kills, {kept} changes kept, {} calls", receiver.calls().len());
}

#[test]
fn a_disk_that_is_full_is_told_and_nothing_it_kept_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alerts.db");
    let nobody = format!("http://127.0.0.1:{}/", support::free_port());
    let mut run = Run::start(&mut limited(&file, &nobody));
    let mut turn = 0;
    let refused = until("a full disk", || {
        let answer = run.say(&line(turn)).expect("it stays up");
        if answer.starts_with("not kept") {
            return Some(answer);
        }
        turn += 1;
        None
    });
    assert!(refused.contains("the queue of alerts cannot be written"), "{refused}");
    assert!(run.say(&line(turn)).unwrap().starts_with("not kept"), "it stays up");
    run.program.0.kill().unwrap();

    let receiver = Receiver::start();
    let mut run = Run::start(Command::new(program()).arg(&file).arg(receiver.url("/")));
    for turn in turn..turn + INSTANCES {
        assert_eq!(run.say(&line(turn)), Some(format!("kept {}", line(turn))));
    }
    drop(run.input);
    assert!(run.program.0.wait().unwrap().success());
    assert_eq!(arrived(&receiver.calls()), expected(turn + INSTANCES));
}

/// The program with files that may not grow past 200 kB: a disk that is full.
fn limited(file: &Path, url: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; ulimit -f 400; exec \"$@\"", "sh"]).arg(program()).arg(file).arg(url);
    command
}
