//! Dumps as they reach people: inside logs, pasted, cut, several in one file. Made from recordings by taking them apart.

mod support;

use std::fmt::Write as _;

use expect_test::expect;
use herd_formats::dump::{self, DumpReader, Parsed};
use herd_model::{NoteKind, Origin, Truncation};
use support::{headers, recorded, render, shape};

fn text(name: &str) -> String {
    String::from_utf8(recorded(name)).expect("UTF-8")
}

/// Wrapped each line, the dump reads as it does plain.
#[track_caller]
fn check_wrapped(wrap: impl Fn(usize, &str) -> String) {
    for name in ["go1.27.labels.txt", "go1.24.ancestors.txt", "go1.22.quit.txt", "go1.27.debug1.txt", "go1.21.panic.txt"] {
        let plain = text(name);
        let wrapped: String = plain.lines().enumerate().map(|(index, line)| wrap(index, line)).collect();
        let parsed = dump::parse(wrapped.as_bytes());
        assert_eq!(shape(&parsed), shape(&dump::parse(plain.as_bytes())), "{name} as\n{}", &wrapped[..wrapped.len().min(600)]);
    }
}

#[test]
fn line_prefixes_of_logs() {
    check_wrapped(|index, line| format!("Nov 21 11:02:{:02} web-1 api[4711]: {line}\n", index % 60));
    check_wrapped(|index, line| format!("<30>1 2026-11-21T11:02:03.{}Z web-1 api 4711 - - {line}\n", index * 37 % 1000));
    check_wrapped(|_, line| format!("api-1  | {line}\n"));
    check_wrapped(|_, line| format!("    {line}\n"));
    check_wrapped(|_, line| format!("\t{line}\n"));
    check_wrapped(|_, line| format!("> {line}\n"));
}

#[test]
fn spaces_behind_a_prefix_may_be_trimmed() {
    check_wrapped(|_, line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") });
    check_wrapped(|_, line| format!("{}\n", format!("web-1 api[4711]: {line}").trim_end()));
}

#[test]
fn kubernetes_lines_whole_and_in_parts() {
    check_wrapped(|index, line| format!("2026-11-21T11:02:03.{:09}Z stderr F {line}\n", index * 7919));
    check_wrapped(|_, line| {
        let cut = line.len() / 2;
        let cut = (0..=cut).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        let (first, second) = line.split_at(cut);
        format!("2026-11-21T11:02:03.1Z stderr P {first}\n2026-11-21T11:02:03.2Z stderr F {second}\n")
    });
}

#[test]
fn json_records() {
    let json = |value: &str| serde_json::to_string(value).expect("JSON");
    check_wrapped(|_, line| {
        format!("{{\"log\":{},\"stream\":\"stderr\",\"time\":\"2026-11-21T11:02:03Z\"}}\n", json(&format!("{line}\n")))
    });
    check_wrapped(|_, line| format!("{{\"ts\": 1.5, \"level\": \"error\", \"msg\": {}}}\n", json(line)));
    check_wrapped(|_, line| format!("{{\"Action\":\"output\",\"Output\":{}}}\n", json(&format!("{line}\n"))));
}

#[test]
fn a_dump_escaped_in_one_field() {
    for name in ["go1.27.labels.txt", "go1.22.quit.txt", "go1.25.ancestors.txt"] {
        let plain = text(name);
        let goroutines = &plain[plain.find("goroutine ").expect("a header")..];
        let expect = dump::parse(goroutines.as_bytes());
        let escaped = serde_json::to_string(goroutines).expect("JSON");
        let lines = [
            format!("{{\"level\":\"error\",\"stacktrace\":{escaped},\"n\":1}}\n"),
            format!("time=2026-11-21T11:02:03Z level=error msg=\"it hangs\" stack={escaped} host=web-1\n"),
            format!(
                "{{\"log\":{},\"stream\":\"stderr\"}}\n",
                serde_json::to_string(&format!("{{\"stack\":{escaped}}}\n")).expect("JSON")
            ),
        ];
        for line in lines {
            let parsed = dump::parse(format!("first line\n{line}last line\n").as_bytes());
            let origin = |parsed: &Parsed| shape(parsed).replacen("Crash:", "Stacks:", 1);
            assert_eq!(origin(&parsed), origin(&expect), "{name} in {}", &line[..200]);
        }
    }
}

#[test]
fn a_wrapped_field_is_joined_again() {
    let plain = text("go1.25.debug2.txt");
    let line = format!("level=error stack={}", serde_json::to_string(&plain).expect("JSON"));
    let mut wrapped = String::new();
    for (index, letter) in line.chars().enumerate() {
        if index > 0 && index % 80 == 0 {
            wrapped.push('\n');
        }
        wrapped.push(letter);
    }
    assert_eq!(shape(&dump::parse(wrapped.as_bytes())), shape(&dump::parse(plain.as_bytes())));
}

#[test]
fn line_ends_and_bytes() {
    let plain = text("go1.27.labels.txt");
    let expect = shape(&dump::parse(plain.as_bytes()));
    assert_eq!(shape(&dump::parse(plain.replace('\n', "\r\n").as_bytes())), expect);
    assert_eq!(shape(&dump::parse(plain.replace("\n\n", "\n").as_bytes())), expect, "no blank lines");
    assert_eq!(shape(&dump::parse(plain.trim_end().as_bytes())), expect, "no last line end");
    let spaced = plain.replace("\n\t", "\n    ");
    assert_eq!(shape(&dump::parse(spaced.as_bytes())), expect, "files indented by spaces");
    let windows = plain.replace("example.com/forms/", "C:/Program Files/a+b/");
    let windows = dump::parse(windows.as_bytes());
    assert!(shape(&windows).contains("C:/Program Files/a+b/main.go:"), "{}", shape(&windows));
    let odd: Vec<u8> =
        plain.replace("main.start", "main.st\u{1}rt").into_bytes().iter().map(|b| if *b == 1 { 0xff } else { *b }).collect();
    let odd = dump::parse(&odd);
    assert_eq!(odd.snapshots[0].goroutines, headers(plain.as_bytes()));
    assert!(shape(&odd).contains("main.st\u{fffd}rt"));
}

#[test]
fn old_and_rare_headers() {
    let text = "\
goroutine 1 [running]:
main.main()
\t/src/main.go:10 +0x1d

goroutine 5 gp=0xc0000061c0 m=3 mp=0xc000100008 [syscall, 12 minutes, locked to thread]:
os/signal.signal_recv()
\t/go/src/runtime/sigqueue.go:152 +0x29 fp=0xc00006f7c8 sp=0xc00006f7a0 pc=0x46f2a9
created by os/signal.Notify.func1.1 in goroutine 1
\t/go/src/os/signal/signal.go:151 +0x1f

goroutine 6 [chan receive (nil chan) (scan), 3 minutes]:
github.com/nats-io/nats%2ego.(*Conn).wait(...)
\t/src/nats.go:7
created by main.main
\t/src/main.go:9 +0x1

goroutine 7 [select (leaked), synctest bubble 3 labels:{\"k\": \"v]:\"}]:
main.f[...]({0x1?, 0x2}, 0xc000012345)
\t/src/main.go:12 +0x2

goroutine 8 [running]:
\tgoroutine running on other thread; stack unavailable
created by main.main in goroutine 1
\t/src/main.go:13 +0x3
exit status 2
";
    expect![[r"
        Crash: 5 goroutines
        1 x running (byte 0, line 1)
          ids 1
          main.main /src/main.go:10
        1 x syscall (byte 59, line 5) leaked 0 locked 1
          ids 5<1 12min locked
          os/signal.signal_recv /go/src/runtime/sigqueue.go:152
          by os/signal.Notify.func1.1 /go/src/os/signal/signal.go:151
        1 x chan receive (nil chan) (byte 346, line 11)
          ids 6 3min scan
          github.com/nats-io/nats.go.(*Conn).wait /src/nats.go:7
          by main.main /src/main.go:9
        1 x select (byte 509, line 17) leaked 1 locked 0
          ids 7 bubble3 leaked {k=v]:}
          main.f[...] /src/main.go:12
        1 x running (byte 641, line 21)
          ids 8<1
          unavailable
          by main.main /src/main.go:13
    "]]
    .assert_eq(&render(&dump::parse(text.as_bytes())));
}

#[test]
fn a_line_of_seventy_kilobytes() {
    let name = format!("main.f[{}]", "go.shape.int,".repeat(6000));
    let text =
        format!("goroutine 1 [select]:\n{name}(0x1)\n\t/src/a.go:7 +0x1\n\ngoroutine 2 [sleep]:\nmain.g()\n\t/src/a.go:8 +0x1\n");
    let parsed = dump::parse(text.as_bytes());
    assert_eq!(parsed.snapshots[0].goroutines, 2);
    assert_eq!(parsed.snapshots[0].func(parsed.snapshots[0].stacks[0].frames[0]), name);
}

#[test]
fn several_dumps_in_one_file() {
    let one = text("go1.25.debug2.txt");
    let each = headers(one.as_bytes());
    let counts = |text: &str| dump::parse(text.as_bytes()).snapshots.iter().map(|s| s.goroutines).collect::<Vec<_>>();
    assert_eq!(counts(&format!("{one}\n{one}")), [each, each], "the same ids again");
    assert_eq!(counts(&format!("2026-11-21T11:02:03Z\n{one}\n2026-11-21T11:02:13Z\n{one}")), [each, each], "times");
    let quit = text("go1.25.quit.txt");
    assert_eq!(counts(&format!("{quit}\n{quit}")), [headers(quit.as_bytes()); 2], "crashes");
    let profile = text("go1.25.debug1.txt");
    let total = dump::parse(profile.as_bytes()).snapshots[0].goroutines;
    assert_eq!(counts(&format!("{profile}\n{profile}\n{one}")), [total, total, each], "profiles");
}

#[test]
fn a_time_alone_dates_the_next_dump() {
    let one = text("go1.25.debug2.txt");
    let parsed = dump::parse(format!("2026-11-21T11:02:03.5Z\n{one}\n2026-11-21T11:02:13.5Z\n{one}").as_bytes());
    let times: Vec<_> = parsed.snapshots.iter().map(|s| herd_formats::stamp::format(s.taken_at_ns.expect("a time"))).collect();
    assert_eq!(times, ["2026-11-21T11:02:03.5Z", "2026-11-21T11:02:13.5Z"]);
}

#[test]
fn the_runtimes_limit_is_named() {
    let one = text("go1.25.debug2.txt");
    let body = &one[one.find("\n\n").expect("two goroutines") + 2..];
    let mut whole = one.clone();
    let mut id = 1_000_000;
    while whole.len() <= 64 << 20 {
        for block in body.trim_end().split("\n\n") {
            id += 1;
            write!(whole, "\ngoroutine {id}{}\n", &block[block.find(" [").expect("a bracket")..]).expect("text");
        }
    }
    let cut = dump::parse(&whole.as_bytes()[..64 << 20]);
    assert_eq!(cut.snapshots.len(), 1);
    assert_eq!(cut.snapshots[0].truncated, Some(Truncation::RuntimeLimit));
    let less = dump::parse(&whole.as_bytes()[..(64 << 20) - 1]);
    assert_ne!(less.snapshots[0].truncated, Some(Truncation::RuntimeLimit));
}

#[test]
fn a_cut_inside_a_goroutine_is_told() {
    let one = text("go1.25.debug2.txt");
    let last = one.rfind("\n\ngoroutine ").expect("several") + 2;
    for (cut, told) in
        [(last + 4, true), (last + 14, true), (one.rfind("created by").expect("one"), true), (one.len(), false), (last, false)]
    {
        let parsed = dump::parse(&one.as_bytes()[..cut]);
        assert_eq!(parsed.snapshots[0].truncated, told.then_some(Truncation::CutAt(cut as u64)), "cut at {cut} of {}", one.len());
    }
}

#[test]
fn every_small_recording_cut_anywhere_is_read() {
    let mut cuts = 0;
    for suffix in [".txt", ".pb"] {
        for name in support::all_recorded(suffix) {
            let bytes = recorded(&name);
            let whole = dump::parse(&bytes).snapshots.iter().map(|s| s.goroutines).sum::<u64>();
            for cut in 0..bytes.len().min(4000) {
                let parsed = dump::parse(&bytes[..cut]);
                let found: u64 = parsed.snapshots.iter().map(|snapshot| snapshot.goroutines).sum();
                assert!(found <= whole.max(1), "{name} cut at {cut}: {found} of {whole}");
                if suffix == ".pb" {
                    let _ = herd_formats::profile::read(&bytes[..cut]);
                }
                cuts += 1;
            }
        }
    }
    assert!(cuts > 100_000, "{cuts}");
}

#[test]
fn noise_between_goroutines_is_no_goroutine() {
    let one = text("go1.25.debug2.txt");
    let noisy = one.replace("\n\n", "\n\n2026/11/21 11:02:03 GET /v1/items 200\n");
    let parsed = dump::parse(noisy.as_bytes());
    assert_eq!(shape(&parsed), shape(&dump::parse(one.as_bytes())));
    let empty = dump::parse(b"nothing here\ncreated by main.main in goroutine 1\n");
    assert!(empty.snapshots.is_empty() && empty.notes.is_empty());
}

#[test]
fn promised_and_found_differ() {
    let parsed = dump::parse(b"goroutine profile: total 9\n3 @ 0x1 0x2\n#\t0x1\tmain.f+0x1\t/src/a.go:3\n\n");
    assert_eq!(parsed.snapshots[0].truncated, Some(Truncation::CountMismatch { promised: 9, found: 3 }));
    assert_eq!(parsed.snapshots[0].origin, Origin::ProfileText);
}

#[test]
fn a_paste_of_a_profile_loses_its_hashes() {
    let plain = text("go1.26.debug1.txt");
    let pasted: String = plain.lines().flat_map(|line| [line.strip_prefix('#').unwrap_or(line), "\n"]).collect();
    assert_eq!(shape(&dump::parse(pasted.as_bytes())), shape(&dump::parse(plain.as_bytes())));
}

#[test]
fn a_monster_line_is_left_out_with_a_note() {
    let mut reader = DumpReader::new();
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..20 {
        reader.push(&piece);
    }
    reader.push(b"\ngoroutine 1 [select]:\nmain.f()\n\t/src/a.go:7 +0x1\n");
    let parsed = reader.finish();
    assert_eq!(parsed.snapshots[0].goroutines, 1);
    assert!(parsed.notes.iter().any(|note| note.kind == NoteKind::Limit), "{:?}", parsed.notes);
}

#[test]
fn a_header_with_an_odd_part_keeps_its_goroutine() {
    let plain = text("go1.25.debug2.txt");
    let header = plain.lines().find(|line| line.ends_with("[chan receive]:")).expect("a goroutine that receives");
    let whole = dump::parse(plain.as_bytes());
    let bare = header.trim_end_matches("]:");
    for odd in [", labels:{\"who\":\"private\"}]:", "]{who: private}:", "]: private", "]{private", "] {private]:"] {
        let parsed = dump::parse(plain.replace(header, &format!("{bare}{odd}")).as_bytes());
        let kept = odd != "]{private";
        assert_eq!(shape(&parsed) == shape(&whole), kept, "{odd}: {}", shape(&parsed));
        let notes: Vec<_> = parsed.notes.iter().map(|note| (note.kind, note.text.contains("private"))).collect();
        assert_eq!(notes, [(NoteKind::Malformed, false)], "{odd}: {:?}", parsed.notes);
    }
}

#[test]
fn an_escaped_record_cut_by_the_container_runtime_is_joined() {
    let plain = text("go1.25.debug2.txt");
    let escaped = serde_json::to_string(&plain).expect("JSON");
    for record in [format!("{{\"level\":\"error\",\"stack\":{escaped}}}"), format!("level=error stack={escaped} host=web-1")] {
        let pieces: Vec<&[u8]> = record.as_bytes().chunks(101).collect();
        let lines: Vec<u8> = pieces
            .iter()
            .enumerate()
            .flat_map(|(index, piece)| {
                let tag = if index + 1 == pieces.len() { "F" } else { "P" };
                [format!("2026-11-21T11:02:03.1Z stderr {tag} ").as_bytes(), piece, b"\n"].concat()
            })
            .collect();
        let parsed = dump::parse(&lines);
        assert_eq!(shape(&parsed), shape(&dump::parse(plain.as_bytes())), "{}", &record[..40]);
        assert_eq!(times(&parsed), ["2026-11-21T11:02:03.1Z"]);
    }
}

type Wrap<'a> = &'a dyn Fn(u32, &str) -> String;

fn times(parsed: &Parsed) -> Vec<String> {
    parsed.snapshots.iter().map(|s| s.taken_at_ns.map_or("none".to_owned(), herd_formats::stamp::format)).collect()
}

#[test]
fn a_logs_times_date_each_dump() {
    let json = |value: &str| serde_json::to_string(value).expect("JSON");
    let plain = text("go1.25.debug2.txt");
    let one = dump::parse(plain.as_bytes()).snapshots[0].goroutines;
    let wraps: [Wrap; 6] = [
        &|minute, line| format!("2026-11-21T11:{minute:02}:03Z stderr F {line}\n"),
        &|minute, line| format!("2026-11-21T11:{minute:02}:03+0000 web-1 api[4711]: {line}\n"),
        &|minute, line| format!("<30>1 2026-11-21T11:{minute:02}:03Z web-1 api 4711 - - {line}\n"),
        &|minute, line| format!("{{\"log\":{},\"time\":\"2026-11-21T11:{minute:02}:03Z\"}}\n", json(&format!("{line}\n"))),
        &|minute, line| format!("{{\"ts\":\"2026-11-21T11:{minute:02}:03Z\",\"msg\":{}}}\n", json(line)),
        &|minute, line| format!("{{\"ts\":{}.0,\"msg\":{}}}\n", 1_795_258_803 + minute * 60, json(line)),
    ];
    for (index, wrap) in wraps.iter().enumerate() {
        let log: String = (0..3).flat_map(|minute| plain.lines().chain([""]).map(move |line| wrap(minute, line))).collect();
        let parsed = dump::parse(log.as_bytes());
        assert_eq!(parsed.snapshots.iter().map(|s| s.goroutines).collect::<Vec<_>>(), [one; 3], "{index}");
        assert_eq!(times(&parsed), ["2026-11-21T11:00:03Z", "2026-11-21T11:01:03Z", "2026-11-21T11:02:03Z"], "{index}");
    }
    let mut records = String::new();
    for minute in 0..3 {
        writeln!(records, "time=2026-11-21T11:{minute:02}:03Z level=error stack={} host=web-1", json(&plain)).expect("text");
    }
    let parsed = dump::parse(records.as_bytes());
    assert_eq!(times(&parsed), ["2026-11-21T11:00:03Z", "2026-11-21T11:01:03Z", "2026-11-21T11:02:03Z"]);
}

#[test]
fn what_stands_before_the_first_header_only() {
    for name in ["go1.27.labels.txt", "go1.24.ancestors.txt", "go1.25.debug2.txt"] {
        let plain = text(name);
        let plain = &plain[plain.find("goroutine ").expect("a header")..];
        let expect = dump::parse(plain.as_bytes());
        for before in ["\u{feff}", "2026/11/21 12:00:00 ", "2026/11/21 12:00:00 main.go:7: dump: "] {
            let input = format!("{before}{plain}");
            let parsed = dump::parse(input.as_bytes());
            assert_eq!(shape(&parsed), shape(&expect), "{name} after {before:?}");
            let mut reader = DumpReader::new();
            for byte in input.as_bytes().chunks(1) {
                reader.push(byte);
            }
            assert_eq!(render(&reader.finish()), render(&parsed), "{name} after {before:?} in pieces");
        }
    }
}

#[test]
fn a_log_line_between_frames_is_left_out() {
    for name in ["go1.27.labels.txt", "go1.24.ancestors.txt", "go1.25.debug2.txt"] {
        let plain = text(name);
        let plain = &plain[plain.find("goroutine ").expect("a header")..];
        for noise in ["2026/11/21 11:02:03 GET /v1/items 200\n", "level=info msg=a\n{\"level\":\"info\"}\n"] {
            // Before each creator, which ends its stack.
            let noisy = plain.replace("\ncreated by ", &format!("\n{noise}created by "));
            let parsed = dump::parse(noisy.as_bytes());
            assert_eq!(shape(&parsed), shape(&dump::parse(plain.as_bytes())), "{name} with {noise}");
            let lines = plain.matches("\ncreated by ").count() * noise.lines().count();
            let told: Vec<_> =
                parsed.notes.iter().map(|note| (note.kind, note.text.contains(&format!(" {lines} lines ")))).collect();
            assert_eq!(told, [(NoteKind::Skipped, true)], "{name}: {:?}", parsed.notes);
            let mut reader = DumpReader::new();
            for byte in noisy.as_bytes().chunks(1) {
                reader.push(byte);
            }
            assert_eq!(render(&reader.finish()), render(&parsed), "{name} in pieces");
        }
    }
}

#[test]
fn a_blank_line_behind_each_line() {
    for name in ["go1.27.labels.txt", "go1.25.debug2.txt", "go1.22.debug2.txt"] {
        let plain = text(name);
        for line_end in ["\n\n", "\r\n\r\n"] {
            let spaced = plain.replace('\n', line_end);
            let parsed = dump::parse(spaced.as_bytes());
            assert_eq!(shape(&parsed), shape(&dump::parse(plain.as_bytes())), "{name}");
            let mut reader = DumpReader::new();
            for byte in spaced.as_bytes().chunks(1) {
                reader.push(byte);
            }
            assert_eq!(render(&reader.finish()), render(&parsed), "{name} in pieces");
        }
    }
}
