//! What collectors, chat and ticket systems make of a dump: each layout reads as the plain text does. Made from recordings.

mod support;

use std::fmt::Write as _;

use herd_formats::dump::{self, DumpReader, Parsed};
use herd_model::{NoteKind, Truncation};
use support::{recorded, render, shape};

const NAMES: [&str; 6] =
    ["go1.27.labels.txt", "go1.24.ancestors.txt", "go1.22.quit.txt", "go1.27.cgo.txt", "go1.21.panic.txt", "go1.25.debug2.txt"];
const PROFILES: [&str; 3] = ["go1.27.debug1.txt", "go1.21.debug1.txt", "go1.26.leak1.txt"];

fn text(name: &str) -> String {
    String::from_utf8(recorded(name)).expect("UTF-8")
}

fn json(value: &str) -> String {
    serde_json::to_string(value).expect("JSON")
}

fn from_first_header(name: &str) -> String {
    let plain = text(name);
    plain[plain.find("goroutine ").expect("a header")..].to_owned()
}

fn in_pieces(input: &str, size: usize) -> Parsed {
    let mut reader = DumpReader::new();
    for piece in input.as_bytes().chunks(size) {
        reader.push(piece);
    }
    reader.finish()
}

/// The input reads as the plain text does, whole and byte by byte.
#[track_caller]
fn check(name: &str, input: &str, plain: &str) -> Parsed {
    let parsed = dump::parse(input.as_bytes());
    let start: String = input.chars().take(400).collect();
    assert_eq!(shape(&parsed), shape(&dump::parse(plain.as_bytes())), "{name} as\n{start}");
    assert_eq!(render(&in_pieces(input, 1)), render(&parsed), "{name} in pieces");
    parsed
}

#[track_caller]
fn check_lines(wrap: impl Fn(usize, &str) -> String) {
    for name in NAMES.iter().chain(&PROFILES) {
        let plain = text(name);
        let wrapped: String = plain.lines().enumerate().map(|(index, line)| wrap(index, line)).collect();
        check(name, &wrapped, &plain);
    }
}

fn stamps(parsed: &Parsed) -> Vec<String> {
    parsed.snapshots.iter().map(|s| s.taken_at_ns.map_or("none".to_owned(), herd_formats::stamp::format)).collect()
}

#[test]
fn records_of_fluentd_and_fluent_bit() {
    let ended = |line: &str| json(&format!("{line}\n"));
    check_lines(|_, line| format!("2026-01-02 03:04:05.000 +0000 kube.orders: {{\"log\": {}}}\n", ended(line)));
    check_lines(|_, line| format!("{{\"log\":{},\"stream\":\"stderr\"}}\n", ended(line)));
    check_lines(|_, line| format!("{{\"log\":{},\"stream\":\"stderr\"}}\n", json(line)));
    check_lines(|index, line| {
        format!(
            "{{\"kubernetes\":{{\"pod_name\":\"a-1\",\"labels\":{{\"log\":\"x\",\"n\":\"{index}\"}}}},\"stream\":\"stderr\",\"log\":{}}}\n",
            json(line)
        )
    });
    check_lines(|index, line| format!("{{\"date\":1763723000.{index:06},\"message\":{}}}\n", json(line)));
    check_lines(|index, line| {
        format!("[{index}] kube.orders: [[1763723000.{index:06}, {{}}], {{\"log\"=>{}, \"stream\"=>\"stderr\"}}]\n", json(line))
    });
    check_lines(|index, line| format!("api-1  | {{\"time\":\"2026-11-21T11:02:03.{index}Z\",\"msg\":{}}}\n", json(line)));
}

#[test]
fn a_paste_without_indentation() {
    for name in NAMES {
        let plain = text(name);
        let flat: String = plain.lines().flat_map(|line| [line.trim_start(), "\n"]).collect();
        let parsed = check(name, &flat, &plain);
        assert!(parsed.notes.iter().any(|note| note.kind == NoteKind::Unwrapped), "{name}: {:?}", parsed.notes);
        let logged: String = flat.lines().flat_map(|line| ["web-1 api[7]: ", line, "\n"]).collect();
        check(name, &logged, &plain);
    }
}

#[test]
fn headers_without_their_colon() {
    for name in ["go1.27.labels.txt", "go1.24.ancestors.txt", "go1.25.debug2.txt", "go1.26.timeout.txt"] {
        let plain = text(name);
        let without =
            |line: &str| if line.starts_with("goroutine ") { line.trim_end_matches(':').to_owned() } else { line.to_owned() };
        let bare: String = plain.lines().map(|line| without(line) + "\n").collect();
        check(name, &bare, &plain);
        let logged: String = bare.lines().flat_map(|line| ["web-1 api[7]: ", line, "\n"]).collect();
        check(name, &logged, &plain);
    }
}

#[test]
fn sentences_that_begin_like_headers_are_none() {
    for text in [
        "goroutine 5 [chan receive]\n",
        "goroutine 5 [chan receive]\n\nmain.f()\n\t/a.go:7 +0x1\n",
        "goroutine 5 [chan receive]\nlevel=info msg=x\n\t/a.go:7 +0x1\n",
        "goroutine 5 [chan receive]\nmain.f()\nmain.g()\n",
        "goroutine 5 [of seven]\nmain.f()\n\t/a.go:7 +0x1\n",
        "the pool goroutine 5 [worker]\nsaved(7)\n/a.go:7\n",
        "profile: total 5\n1 @ 0x1\n",
    ] {
        let parsed = dump::parse(text.as_bytes());
        assert!(parsed.snapshots.is_empty(), "{text}: {}", render(&parsed));
        assert_eq!(render(&in_pieces(text, 1)), render(&parsed), "{text}");
    }
}

#[test]
fn a_profile_whose_first_line_alone_has_a_prefix() {
    for name in PROFILES {
        let plain = text(name);
        for before in ["2026/11/21 12:00:00 ", "2026/11/21 12:00:00 main.go:7: dump: ", "INFO "] {
            check(name, &format!("{before}{plain}"), &plain);
        }
        let web: String = plain.lines().flat_map(|line| ["web-1  | ", line, "\n"]).collect();
        check(name, &web, &plain);
        let journal: String = plain.lines().flat_map(|line| ["Nov 21 11:02:03 web-1 api[4711]: ", line, "\n"]).collect();
        check(name, &journal, &plain);
    }
}

/// Two writers' lines in turn; each line begins with what `lead` says of its writer.
fn in_turn(one: &str, other: &str, lead: impl Fn(usize, &str) -> String) -> String {
    let (mut one, mut other) = (one.lines(), other.lines());
    let mut log = String::new();
    loop {
        let (a, b) = (one.next(), other.next());
        if a.is_none() && b.is_none() {
            return log;
        }
        log.extend(a.map(|line| lead(1, line)).into_iter().chain(b.map(|line| lead(2, line))));
    }
}

type Lead<'a> = &'a dyn Fn(usize, &str) -> String;

#[test]
fn writers_in_turn_are_read_apart() {
    let leads: [Lead; 9] = [
        &|who, line| format!("web-{who}  | {line}\n"),
        &|who, line| format!("[pod/{}/app] {line}\n", ["a-1", "b-2"][who - 1]),
        &|who, line| format!("orders-{} app {line}\n", ["abc-12", "xyz-12"][who - 1]),
        &|who, line| format!("Nov 21 11:02:0{who} host orders[123{who}]: {line}\n"),
        &|who, line| format!("2026-11-21T11:02:03.{who}Z std{} F {line}\n", ["out", "err"][who - 1]),
        &|who, line| format!("{{\"log\":{},\"kubernetes\":{{\"pod_name\":\"a-{who}\"}}}}\n", json(&format!("{line}\n"))),
        &|who, line| format!("{{\"MESSAGE\":{},\"_PID\":\"41{who}\"}}\n", json(line)),
        &|who, line| format!("web-{who}  | {{\"msg\":{}}}\n", json(line)),
        &|who, line| format!("2026-11-21 11:02:03.5 +0000 kube.a-{who}: {{\"log\":{}}}\n", json(&format!("{line}\n"))),
    ];
    for (one, other) in [
        ("go1.25.debug2.txt", "go1.25.debug2.txt"),
        ("go1.27.labels.txt", "go1.22.quit.txt"),
        ("go1.21.panic.txt", "go1.27.debug1.txt"),
        ("go1.27.debug1.txt", "go1.24.ancestors.txt"),
    ] {
        let (one, other) = (text(one), text(other));
        let plain = |text: &str| shape(&dump::parse(text.as_bytes()));
        for (index, lead) in leads.iter().enumerate() {
            let log = in_turn(&one, &other, lead);
            let parsed = dump::parse(log.as_bytes());
            let apart = shape(&parsed);
            let both = [plain(&one) + &plain(&other), plain(&other) + &plain(&one)];
            assert!(both.contains(&apart), "{index}:\n{}\n{apart}\nis not\n{}", &log[..500], both[0]);
            assert_eq!(stamps(&parsed), ["none", "none"], "processes are not lined up by time");
            let told: Vec<_> = parsed.notes.iter().filter(|note| note.kind == NoteKind::Advice).collect();
            assert!(told.len() == 1 && told[0].offset.is_some() && told[0].text.contains("split the log"), "{:?}", parsed.notes);
            assert_eq!(render(&in_pieces(&log, 1)), render(&parsed), "{index} in pieces");
        }
    }
}

#[test]
fn another_writers_lines_stay_out_of_a_stack() {
    let noise = ["2026-11-21T11:02:03Z stdout F {\"level\":\"info\"}\n", "2026-11-21T11:02:03Z stdout F main.f(0x1)\n"];
    for name in NAMES {
        let plain = text(name);
        let mut log = String::new();
        for (index, line) in plain.lines().enumerate() {
            write!(log, "2026-11-21T11:02:03Z stderr F {line}\n{}", noise[index % 2]).expect("text");
        }
        check(name, &log, &plain);
    }
}

#[test]
fn a_log_line_between_a_call_and_its_file() {
    for name in ["go1.27.labels.txt", "go1.24.ancestors.txt", "go1.25.debug2.txt"] {
        let plain = from_first_header(name);
        for noise in ["2026/11/21 12:00:01 handled request path=/x", "{\"level\":\"info\",\"ts\":123,\"msg\":\"handled\"}"] {
            // Each third line, wherever that is inside a stack.
            let noisy: String =
                plain
                    .lines()
                    .enumerate()
                    .flat_map(|(index, line)| {
                        if index % 3 == 2 && line.starts_with('\t') { [noise, "\n", line, "\n"] } else { ["", "", line, "\n"] }
                    })
                    .collect();
            let parsed = check(name, &noisy, &plain);
            assert!(parsed.notes.iter().any(|note| note.kind == NoteKind::Skipped), "{name}: {:?}", parsed.notes);
        }
    }
}

#[test]
fn words_before_a_dump_inside_a_record() {
    for name in ["go1.27.labels.txt", "go1.25.debug2.txt", "go1.27.debug1.txt"] {
        let plain = from_first_header(name);
        for before in ["dump: ", "2026/11/21 12:00:00 "] {
            let record = format!("{{\"level\":\"error\",\"stack\":{}}}\n", json(&format!("{before}{plain}")));
            check(name, &record, &plain);
        }
    }
}

#[test]
fn one_writers_dumps_stay_one_series() {
    let one = text("go1.25.debug2.txt");
    let lines = (0..3).flat_map(|_| one.lines().chain([""]));
    let log: String = lines.flat_map(|line| ["web-1 api[7]: ", line, "\nweb-1 cron[8]: tick 9\n"]).collect();
    let parsed = dump::parse(log.as_bytes());
    let each = dump::parse(one.as_bytes()).snapshots[0].goroutines;
    assert_eq!(parsed.snapshots.iter().map(|s| s.goroutines).collect::<Vec<_>>(), [each; 3]);
}

#[test]
fn times_since_1970_date_a_dump() {
    let plain = text("go1.25.debug2.txt");
    let leads: [Lead; 6] = [
        &|_, line| format!("{{\"ts\":1763723000123,\"msg\":{}}}\n", json(line)),
        &|_, line| format!("{{\"ts\":1763723000.123,\"msg\":{}}}\n", json(line)),
        &|_, line| format!("{{\"date\":1763723000.123,\"log\":{}}}\n", json(line)),
        &|_, line| format!("{{\"__REALTIME_TIMESTAMP\":\"1763723000123000\",\"MESSAGE\":{}}}\n", json(line)),
        &|_, line| {
            format!(
                "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1763723000123000\n_BOOT_ID=7f\nMESSAGE={line}\n_PID=41\nPRIORITY=6\n\n"
            )
        },
        &|_, line| format!("{{\"msg\":{},\"time\":1763723000123000000}}\n", json(line)),
    ];
    for (index, lead) in leads.iter().enumerate() {
        let log: String = plain.lines().map(|line| lead(0, line)).collect();
        let parsed = check(&index.to_string(), &log, &plain);
        assert_eq!(stamps(&parsed), ["2025-11-21T11:03:20.123Z"], "{index}");
    }
}

#[test]
fn a_journals_times_date_each_dump() {
    let plain = text("go1.25.debug2.txt");
    let mut log = String::new();
    for dump in 0..3 {
        let us = 1_763_723_000_123_000_u64 + dump * 10_000_000;
        for line in plain.lines().chain([""]) {
            write!(log, "__REALTIME_TIMESTAMP={us}\n_PID=41\nMESSAGE={line}\n\n").expect("text");
        }
    }
    let parsed = dump::parse(log.as_bytes());
    assert_eq!(stamps(&parsed), ["2025-11-21T11:03:20.123Z", "2025-11-21T11:03:30.123Z", "2025-11-21T11:03:40.123Z"]);
}

#[test]
fn a_record_whose_dump_begins_behind_its_first_piece() {
    let plain = from_first_header("go1.25.debug2.txt");
    let record = format!("{{\"level\":\"error\",\"body\":{},\"stack\":{}}}", json(&"x y ".repeat(5000)), json(&plain));
    let pieces: Vec<&str> = record.as_bytes().chunks(16 << 10).map(|piece| std::str::from_utf8(piece).expect("ASCII")).collect();
    let mut cri = "2026-11-21T11:02:02Z stderr F {\"msg\":\"start\"}\n".to_owned();
    let mut docker = "{\"log\":\"start\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T11:02:03Z\"}\n".to_owned();
    for (index, piece) in pieces.iter().enumerate() {
        let last = index + 1 == pieces.len();
        writeln!(cri, "2026-11-21T11:02:03Z stderr {} {piece}", if last { "F" } else { "P" }).expect("text");
        let end = if last { "\n" } else { "" };
        let value = json(&format!("{piece}{end}"));
        writeln!(docker, "{{\"log\":{value},\"stream\":\"stderr\",\"time\":\"2026-11-21T11:02:03Z\"}}").expect("text");
    }
    for log in [cri, docker] {
        let log = format!("{log}{}", log.lines().next().map(|line| format!("{line}\n")).expect("a line"));
        check("a long record", &log, &plain);
    }
}

#[test]
fn the_runtimes_limit_behind_a_transport() {
    const LIMIT: usize = 64 << 20;
    let one = text("go1.25.debug2.txt");
    let body = &one[one.find("\n\n").expect("two goroutines") + 2..];
    let mut whole = one.clone();
    let mut id = 1_000_000;
    while whole.len() <= LIMIT {
        for block in body.trim_end().split("\n\n") {
            id += 1;
            write!(whole, "\ngoroutine {id}{}\n", &block[block.find(" [").expect("a bracket")..]).expect("text");
        }
    }
    let is_limit = |text: &str| {
        let snapshots = dump::parse(text.as_bytes()).snapshots;
        snapshots[0].truncated == Some(Truncation::RuntimeLimit)
    };
    // Cut inside a frame, behind a line, inside a header.
    let line = whole[..LIMIT].rfind("\n\t").expect("a file");
    let header = whole[..LIMIT].rfind("\n\ngoroutine ").expect("a header");
    for shift in [0, LIMIT - line - 1, LIMIT - header - 6, LIMIT - header - 16] {
        let padded = whole.replacen("main.main()", &format!("main.{}()", "m".repeat(4 + shift)), 1);
        let cut = &padded[..LIMIT];
        for (before, after) in
            [("", ""), ("", "\n"), ("", "\r\n"), ("starting\nlistening on :8080\n", ""), ("2026/11/21 12:00:00 dump: ", "\n")]
        {
            assert!(is_limit(&format!("{before}{cut}{after}")), "{before:?} {after:?} shift {shift}");
        }
        assert!(is_limit(&format!("{cut}\n{one}")), "another dump behind it, shift {shift}");
        assert!(!is_limit(&padded[..LIMIT - 1]), "a byte less, shift {shift}");
        assert!(!is_limit(&format!("{}\n", &padded[..=LIMIT])), "a byte more, shift {shift}");
    }
}
