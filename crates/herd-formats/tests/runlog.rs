//! What the runtime prints of itself: recordings of Go 1.16 to 1.27 whole, in pieces, cut, torn, and as containers write them.

use std::path::PathBuf;

use herd_formats::runlog::{MAX_OFFSETS, RunlogReader, parse};
use herd_model::{RuntimeLog, RuntimeLogs};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/runlog/forms")
}

fn recording(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.txt.zst"));
    let packed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    zstd::decode_all(packed.as_slice()).expect("it is zstd")
}

/// The one process of a log.
#[track_caller]
fn only(logs: &RuntimeLogs) -> &RuntimeLog {
    assert_eq!(logs.processes.len(), 1, "{:?}", logs.processes.iter().map(|log| log.gcs.len()).collect::<Vec<_>>());
    &logs.processes[0]
}

/// Records without their places.
fn bare(logs: &RuntimeLogs) -> Vec<RuntimeLog> {
    let mut processes = logs.processes.clone();
    for log in &mut processes {
        log.source = None;
        log.gcs.iter_mut().for_each(|gc| gc.offset = 0);
        log.scheds.iter_mut().for_each(|sched| sched.offset = 0);
        log.scavs.iter_mut().for_each(|scav| scav.offset = 0);
        log.inits.iter_mut().for_each(|init| init.offset = 0);
    }
    processes
}

/// Lines that are one record and nothing else, counted by patterns of their own.
fn whole_lines(text: &[u8]) -> [usize; 4] {
    let text = String::from_utf8_lossy(text);
    let patterns = [
        r"^gc \d+ @[\d.]+s \d+%: [\d.+]+ ms clock, [\d.+/]+ ms cpu, \d+->\d+->\d+ MB, \d+ MB goal, (\d+ MB stacks, \d+ MB globals, )?\d+ P( \(forced\))?$",
        r"^SCHED \d+ms: [a-z0-9= ]+( \[ ?[\d ]+\]( schedticks=\[ [\d ]+\])?)?$",
        r"^scav .* util( \(forced\))?$",
        r"^init \S+ @[\d.]+ ms, [\d.]+ ms clock, \d+ bytes, \d+ allocs$",
    ];
    patterns.map(|pattern| {
        let pattern = regex_lite::Regex::new(pattern).expect("a pattern");
        text.lines().filter(|line| pattern.is_match(line)).count()
    })
}

fn counts(log: &RuntimeLog) -> [usize; 4] {
    [log.gcs.len(), log.scheds.len(), log.scavs.len(), log.inits.len()]
}

#[test]
fn every_record_of_every_release_is_read() {
    for (minor, from, until) in [(16, None, Some(17)), (18, Some(18), Some(24)), (20, Some(20), Some(24)), (25, Some(25), None)] {
        let quiet = recording(&format!("told.go1.{minor}"));
        let logs = parse(&quiet);
        let log = only(&logs);
        assert_eq!(counts(log), whole_lines(&quiet), "go1.{minor}");
        assert_eq!((logs.torn, logs.lost), (0, 0), "go1.{minor}");
        assert!(log.scheds.len() >= 4 && log.gcs.len() >= 3 && log.inits.len() >= 5, "go1.{minor}: {:?}", counts(log));
        let detail = log.scheds.last().and_then(|sched| sched.detail.clone()).expect("scheddetail");
        assert!((20..60).contains(&detail.goroutines), "go1.{minor}: {detail:?}");
        assert_eq!(log.scheds.last().map(|sched| sched.local_queues.len()), Some(2), "go1.{minor}");
        let chatty = parse(&recording(&format!("chatty.go1.{minor}")));
        let go = only(&chatty).go;
        assert_eq!((go.from_minor, go.until_minor), (from, until), "go1.{minor}");
    }
}

#[test]
fn figures_are_those_of_the_line() {
    let text = recording("told.go1.25");
    let logs = parse(&text);
    let gc = &only(&logs).gcs[1];
    let line = String::from_utf8_lossy(&text[usize::try_from(gc.offset).expect("small")..]).into_owned();
    let line = line.lines().next().expect("a line");
    let again = format!(
        "gc {} @{:.3}s {}%: {}+{}+{} ms clock, {}+{}/{}/{}+{} ms cpu, {}->{}->{} MB, {} MB goal, {} MB stacks, {} MB globals, {} P",
        gc.number,
        gc.at_s,
        gc.cpu_percent,
        gc.sweep_pause_ms,
        gc.mark_ms,
        gc.mark_pause_ms,
        gc.sweep_pause_cpu_ms,
        gc.assist_cpu_ms,
        gc.worker_cpu_ms,
        gc.idle_cpu_ms,
        gc.mark_pause_cpu_ms,
        gc.heap_begin_mb,
        gc.heap_end_mb,
        gc.heap_live_mb,
        gc.goal_mb,
        gc.stacks_mb.expect("stacks"),
        gc.globals_mb.expect("globals"),
        gc.procs
    );
    assert_eq!(again, line);
}

#[test]
fn torn_records_are_put_together() {
    let mut all = (0, 0, 0);
    for minor in [16, 18, 20, 25] {
        let text = recording(&format!("chatty.go1.{minor}"));
        let logs = parse(&text);
        let log = only(&logs);
        let whole = whole_lines(&text);
        assert!(counts(log).iter().zip(whole).all(|(read, whole)| *read >= whole), "go1.{minor}: {:?} of {whole:?}", counts(log));
        // Collections are numbered: the missing ones are known without the reader.
        let missing = log.gcs.windows(2).map(|pair| pair[1].number - pair[0].number - 1).sum::<u64>();
        assert!(missing <= logs.lost, "go1.{minor}: {missing} missing, {} lost", logs.lost);
        assert_eq!(logs.torn, logs.stitched + logs.lost);
        assert_eq!(logs.lost_at.len(), MAX_OFFSETS.min(usize::try_from(logs.lost).expect("small")));
        for gc in &log.gcs {
            // The CPU of a pause is its clock times the processors stopped: a digit too much shows.
            let stopped = gc.sweep_pause_cpu_ms / gc.sweep_pause_ms;
            assert!((1.8..2.2).contains(&stopped), "go1.{minor}: {gc:?}");
        }
        all = (all.0 + logs.torn, all.1 + logs.stitched, all.2 + log.gcs.len());
    }
    let (torn, stitched, _) = all;
    assert!(torn >= 10, "{torn} torn");
    assert!(stitched * 3 >= torn * 2, "{stitched} of {torn} put together");
}

#[test]
fn pieces_answer_as_the_whole_does() {
    for name in ["chatty.go1.25", "told.go1.16"] {
        let text = recording(name);
        let whole = parse(&text);
        for piece in [1, 7, 64, 4096] {
            let mut reader = RunlogReader::new();
            text.chunks(piece).for_each(|bytes| reader.push(bytes));
            assert_eq!(reader.finish(), whole, "{name} in pieces of {piece}");
        }
    }
}

#[test]
fn a_log_that_ends_anywhere_is_read_to_there() {
    let text = recording("told.go1.25");
    let text = &text[..text.len().min(4096)];
    let all = parse(text).records;
    let mut last = 0;
    for end in 0..=text.len() {
        let records = parse(&text[..end]).records;
        assert!(records >= last && records <= all, "{end}: {records} after {last}");
        last = records;
    }
}

#[test]
fn what_containers_and_journals_put_before_lines() {
    for name in ["chatty.go1.25", "told.go1.25", "chatty.go1.16"] {
        let text = recording(name);
        let plain = parse(&text);
        let text = String::from_utf8(text).expect("text");
        let wrapped = |wrap: &dyn Fn(usize, &str) -> String| {
            text.lines().enumerate().map(|(at, line)| wrap(at, line)).collect::<Vec<_>>().join("\n") + "\n"
        };
        let escape = |line: &str| serde_json::to_string(&format!("{line}\n")).expect("json");
        let stamp = |at: usize| format!("2026-11-21T07:{:02}:{:02}.{:09}Z", at / 60 % 60, at % 60, at * 7919);
        let forms: [(&str, String); 6] = [
            (
                "docker",
                wrapped(&|at, line| format!("{{\"log\":{},\"stream\":\"stderr\",\"time\":\"{}\"}}", escape(line), stamp(at))),
            ),
            ("cri", wrapped(&|at, line| format!("{} stderr F {line}", stamp(at)))),
            ("kubectl timestamps", wrapped(&|at, line| format!("{} {line}", stamp(at)))),
            ("kubectl prefix", wrapped(&|_, line| format!("[pod/web-7d9f/app] {line}"))),
            ("journal", wrapped(&|at, line| format!("Nov 21 07:{:02}:{:02} host-1 api[4711]: {line}", at / 60 % 60, at % 60))),
            ("compose", wrapped(&|_, line| format!("web-1  | {line}"))),
        ];
        for (form, wrapped) in forms {
            let read = parse(wrapped.as_bytes());
            assert_eq!(bare(&read), bare(&plain), "{name} as {form} writes it");
            assert_eq!((read.torn, read.stitched, read.lost), (plain.torn, plain.stitched, plain.lost), "{name} as {form}");
        }
        let crlf = parse(text.replace('\n', "\r\n").as_bytes());
        assert_eq!(bare(&crlf), bare(&plain), "{name} with CRLF");
    }
}

#[test]
fn a_line_that_the_container_cut_goes_on_in_the_next() {
    let record = "SCHED 1004ms: gomaxprocs=2 idleprocs=1 threads=5 spinningthreads=0 needspinning=0 idlethreads=2 runqueue=0 [ 0 0 ] schedticks=[ 71 82 ]";
    let (before, after) = record.split_at(96);
    let text = format!("2026-11-21T07:00:00.1Z stderr P {before}\n2026-11-21T07:00:00.1Z stderr F {after}\n");
    assert_eq!(only(&parse(text.as_bytes())).scheds[0].schedticks.as_ref(), [71, 82]);
}

#[test]
fn sources_and_restarts_are_told_apart() {
    let text = String::from_utf8(recording("told.go1.25")).expect("text");
    let one = parse(text.as_bytes());
    let twice = parse(format!("{text}{text}").as_bytes());
    assert_eq!(twice.processes.len(), 2);
    assert_eq!(bare(&twice)[1], bare(&one)[0]);
    let mixed = text.lines().flat_map(|line| [format!("web-1  | {line}\n"), format!("web-2  | {line}\n")]).collect::<String>();
    let mixed = parse(mixed.as_bytes());
    assert_eq!(mixed.processes.iter().map(|log| log.source.as_deref()).collect::<Vec<_>>(), [Some("web-1"), Some("web-2")]);
    assert!(bare(&mixed).iter().all(|log| *log == bare(&one)[0]));
}

#[test]
fn what_only_begins_like_a_record_is_none() {
    for line in [
        "init done",
        "init database @ 12",
        "gc 12 things",
        "gc 3 @home",
        "SCHED now",
        "scav 12 cats",
        "magic 1 @0.1s",
        "GC forcedly",
        "gc 99999999999999999999 @0.1s 0%: 1+1+1 ms clock, 1+1/1/1+1 ms cpu, 1->1->1 MB, 1 MB goal, 1 P",
    ] {
        let logs = parse(format!("{line}\nnext\n").as_bytes());
        assert!(logs.processes.iter().all(|log| counts(log) == [0; 4]), "{line}");
        assert_eq!(logs.lost, 0, "{line}");
    }
}
