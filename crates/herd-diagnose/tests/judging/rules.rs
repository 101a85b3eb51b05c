//! Rules that no recording shows alone, over texts made for the purpose.

use std::fmt::Write as _;

use herd_analysis::{Point, Series};
use herd_diagnose::{Judgement, Proofs, judge};
use herd_model::{Certainty, Snapshot, Target, TargetKind};

/// One goroutine of a dump: id, state, blocked function and line, creator.
type Line<'a> = (u64, &'a str, &'a str, &'a str);

fn dump(goroutines: &[Line<'_>]) -> Snapshot {
    let mut text = String::from("goroutine 1 [running]:\nmain.main()\n\t/shop/main.go:9 +0x1\n\n");
    for (id, state, func, creator) in goroutines {
        let machinery = if state.starts_with("sync.Mutex.Lock") {
            "sync.runtime_SemacquireMutex(0xc000012344, 0x0, 0x1)\n\t/usr/local/go/src/runtime/sema.go:95 +0x1\n\
             sync.(*Mutex).lockSlow(0xc000012340)\n\t/usr/local/go/src/sync/mutex.go:149 +0x1\n"
        } else {
            ""
        };
        write!(
            text,
            "goroutine {id} [{state}]:\n{machinery}{func}()\n\t/shop/work.go:31 +0x1\ncreated by {creator} in goroutine 1\n\t/shop/pool.go:12 +0x1\n\n"
        )
        .unwrap();
    }
    herd_formats::dump::parse(text.as_bytes()).snapshots.remove(0)
}

fn judged(dumps: Vec<Snapshot>, leaks: &[Snapshot]) -> Judgement {
    let points = dumps.into_iter().enumerate().map(|(at, dump)| Point::new(Some(at as f64 * 10.0), dump)).collect();
    let target = Target {
        kind: TargetKind::File,
        name: "made".into(),
        go_version: None,
        witnesses: vec![],
        bytes: 0,
        looked_s: None,
        cost: None,
    };
    judge(&Series::new(points).unwrap(), &Proofs { leaks, cross: None, trace: None }, &target, &mut Vec::new())
}

#[test]
fn a_leak_profile_convicts_a_family_only_beyond_what_its_twins_may_be() {
    let pool = |count: u64, creator: &'static str, from: u64| {
        (from..from + count).map(move |id| (id, "chan receive", "shop.work", creator))
    };
    let all: Vec<Line<'_>> = pool(10, "shop.newPool", 100).chain(pool(5, "shop.lose", 200)).collect();
    let profile = |count: u64| {
        let text = format!(
            "goroutineleak profile: total {count}\n{count} @ 0x1 0x2 0x3 0x4\n#\t0x3\tshop.work+0x1\t/shop/work.go:31\n\n"
        );
        herd_formats::dump::parse(text.as_bytes()).snapshots
    };
    let five = judged(vec![dump(&all)], &profile(5));
    assert!(five.findings.is_empty(), "five may be all of one family or half of the other");
    assert!(five.candidates.iter().any(|candidate| candidate.evidence[0].text.contains("does not name who started them")));
    let twelve = judged(vec![dump(&all)], &profile(12));
    let proven: Vec<_> = twelve.findings.iter().map(|finding| (finding.certainty, finding.count)).collect();
    assert_eq!(proven, [(Certainty::Proven, 7), (Certainty::Proven, 2)]);
}

#[test]
fn a_dump_that_was_cut_is_never_called_healthy() {
    let whole = dump(&[]);
    assert!(!judged(vec![whole.clone()], &[]).open);
    let cut =
        herd_formats::dump::parse(b"goroutine 1 [running]:\nmain.main()\n\t/shop/main.go:9 +0x1\n\ngoroutine 7 [sel").snapshots;
    assert!(cut[0].truncated.is_some());
    assert!(judged(cut, &[]).open);
}

#[test]
fn a_queue_is_stuck_when_nobody_in_it_ever_moves() {
    let ids = 100..109u64;
    let dump_at = |step: u64, takes_turns: bool| {
        let waiting = ids.clone().filter(|id| !takes_turns || id % 9 != step / 2);
        let minutes = if step >= 6 { "sync.Mutex.Lock, 1 minutes" } else { "sync.Mutex.Lock" };
        let lines: Vec<Line<'_>> = waiting.map(|id| (id, minutes, "shop.put", "shop.start")).collect();
        dump(&lines)
    };
    let stuck = judged((0..13).map(|step| dump_at(step, false)).collect(), &[]);
    assert_eq!(stuck.findings.iter().map(|finding| finding.id.0.as_ref()).collect::<Vec<_>>(), ["DL007"]);
    let moving = judged((0..13).map(|step| dump_at(step, true)).collect(), &[]);
    assert!(moving.findings.is_empty(), "{:?}", moving.findings);
}

/// Thirteen dumps of a family that grows by thirty at every third step; `state` tells what goroutines of an age in steps show.
fn bursts(creator: &'static str, state: impl Fn(u64, u64) -> Option<&'static str>) -> Judgement {
    let dump_at = |step: u64| {
        let born = |id: u64| (id - 100) / 30 * 3;
        let all = (100..130 + step / 3 * 30).filter_map(|id| Some((id, state(id, step - born(id))?, "shop.push", creator)));
        dump(&all.collect::<Vec<_>>())
    };
    judged((0..13).map(dump_at).collect(), &[])
}

#[test]
fn bursts_are_a_leak_only_if_nobody_in_them_ever_leaves_or_moves() {
    let aged = |age: u64, young: &'static str, old: &'static str| Some(if age >= 6 { old } else { young });
    let ids = |judgement: &Judgement| judgement.findings.iter().map(|finding| finding.id.0.to_string()).collect::<Vec<_>>();
    let stuck = bursts("shop.start", |_, age| aged(age, "chan send", "chan send, 1 minutes"));
    assert_eq!(ids(&stuck), ["LK001"]);
    let one_leaves =
        bursts("shop.start", |id, age| aged(age, "chan send", "chan send, 1 minutes").filter(|_| id != 105 || age < 9));
    assert!(ids(&one_leaves).is_empty(), "one of them went");
    let one_moves =
        bursts("shop.start", |id, age| aged(age, "chan send", if id == 105 { "chan send" } else { "chan send, 1 minutes" }));
    assert!(ids(&one_moves).is_empty(), "one of them waits anew");
    assert!(ids(&bursts("shop.start", |_, _| Some("chan send"))).is_empty(), "no age is told");
    let receivers = |creator| bursts(creator, |_, age| aged(age, "chan receive", "chan receive, 1 minutes"));
    assert!(!ids(&receivers("shop.start")).is_empty(), "their starter has returned");
    assert!(ids(&receivers("main.main")).is_empty(), "their starter runs: a pool that is being filled");
}

/// A dump every ten seconds of loops that are now here, now there, two more a second; `leaves` is one that ends.
fn loops(leaves: Option<u64>) -> Judgement {
    let dump_at = |step: u64| {
        let all = (100..110 + step * 20).filter(|id| leaves != Some(*id) || step < 11);
        let asleep = |id: u64| id.is_multiple_of(5) != step.is_multiple_of(2);
        let place =
            |id| if asleep(id) { (id, "sleep", "shop.pause", "shop.start") } else { (id, "select", "shop.ask", "shop.start") };
        dump(&all.map(place).collect::<Vec<_>>())
    };
    judged((0..13).map(dump_at).collect(), &[])
}

#[test]
fn loops_that_move_between_places_are_counted_together_while_nobody_leaves() {
    let leak = loops(None);
    let found: Vec<_> = leak.findings.iter().map(|finding| (finding.id.0.as_ref(), finding.count)).collect();
    assert_eq!(found, [("LK008", 250)]);
    assert!(leak.candidates.is_empty(), "the places are no candidates of their own");
    assert!(loops(Some(150)).findings.is_empty(), "one of them ended");
}

#[test]
fn seven_snapshots_over_a_minute_decide_whatever_the_jitter() {
    let leak = |count: u64| {
        let lines: Vec<Line<'_>> = (100..100 + count).map(|id| (id, "chan send", "shop.push", "shop.start")).collect();
        dump(&lines)
    };
    for times in [[0.0, 10.9, 20.0, 30.0, 40.0, 50.0, 60.0], [0.9, 10.0, 20.4, 30.0, 39.1, 50.0, 60.0]] {
        let points = times.iter().zip(1u64..).map(|(at, n)| Point::new(Some(*at), leak(n * 30))).collect();
        assert!(Series::new(points).unwrap().can_judge_growth(), "{times:?}");
    }
}

#[test]
fn an_id_with_two_creators_is_of_two_processes() {
    let started_by = |creator: &'static str| {
        Point::new(None, dump(&[(7, "select", "shop.work", creator), (8, "select", "shop.work", "shop.a")]))
    };
    assert!(herd_analysis::series_process::may_be_one_process(&started_by("shop.a"), &started_by("shop.a")));
    assert!(!herd_analysis::series_process::may_be_one_process(&started_by("shop.a"), &started_by("shop.b")));
}

/// One goroutine of each: id, state, function, parent; all started by `shop.start`.
fn process(goroutines: &[(u64, &str, &str, u64)], at_s: f64) -> Point {
    let mut text = String::from("goroutine 1 [running]:\nmain.main()\n\t/shop/main.go:9 +0x1\n\n");
    for (id, state, func, parent) in goroutines {
        writeln!(
            text,
            "goroutine {id} [{state}]:\n{func}()\n\t/shop/work.go:31 +0x1\ncreated by shop.start in goroutine {parent}"
        )
        .unwrap();
        writeln!(text, "\t/shop/pool.go:12 +0x1\n").unwrap();
    }
    Point::new(Some(at_s), herd_formats::dump::parse(text.as_bytes()).snapshots.remove(0))
}

#[track_caller]
fn one_process(before: &[(u64, &str, &str, u64)], after: &[(u64, &str, &str, u64)], expect: bool) {
    let one = herd_analysis::series_process::may_be_one_process(&process(before, 0.0), &process(after, 10.0));
    assert_eq!(one, expect);
}

#[test]
fn a_restart_shows_in_parents_ids_and_ages_though_creators_are_equal() {
    let waits = |ids: std::ops::Range<u64>, state: &'static str, parent: u64| {
        ids.map(move |id| (id, state, ["shop.a", "shop.b", "shop.c"][id as usize % 3], parent)).collect::<Vec<_>>()
    };
    // The same id, started by another goroutine.
    one_process(&waits(20..30, "select", 7), &waits(20..30, "select", 9), false);
    one_process(&waits(20..30, "select", 7), &waits(20..30, "select", 7), true);
    // Sixteen new ids in a row, where other ids were given out long ago.
    one_process(&waits(300..340, "select", 1), &waits(20..36, "select", 1), false);
    one_process(&waits(300..340, "select", 1), &waits(20..35, "select", 1), true);
    one_process(&waits(20..36, "select", 1), &waits(300..340, "select", 1), true);
    // Everything lies far below what there was.
    let scattered: Vec<_> = (0..16).map(|n| (20 + n * 3, "select", "shop.a", 1)).collect();
    one_process(&waits(90_000..90_100, "select", 1), &scattered, false);
    // All ages begin anew, or one is kept.
    one_process(&waits(20..30, "select, 9 minutes", 1), &waits(20..30, "select", 1), false);
    let kept = [waits(20..29, "select", 1), waits(29..30, "select, 9 minutes", 1)].concat();
    one_process(&waits(20..30, "select, 9 minutes", 1), &kept, true);
    // A wait that cannot end began anew.
    one_process(&[(20, "select (no cases), 9 minutes", "shop.a", 1)], &[(20, "select (no cases)", "shop.a", 1)], false);
}

/// Text of goroutines that all stand in one stack, innermost first.
fn family(stack: &[&str], creator: &str, ids: std::ops::Range<u64>) -> String {
    let mut text = String::new();
    for id in ids {
        writeln!(text, "goroutine {id} [IO wait, 1 minutes]:").unwrap();
        for func in stack {
            writeln!(text, "{func}(0x1)\n\t/usr/local/go/src/net/http/server.go:7 +0x1").unwrap();
        }
        writeln!(text, "created by {creator} in goroutine 1\n\t/usr/local/go/src/net/http/server.go:9 +0x1\n").unwrap();
    }
    text
}

#[test]
fn watchers_of_connected_clients_are_load_however_long_they_wait() {
    let stack = ["internal/poll.runtime_pollWait", "net.(*conn).Read", "net/http.(*connReader).backgroundRead"];
    let dumps = (1..=13u64).map(|step| {
        let text = family(&stack, "net/http.(*connReader).startBackgroundRead", 100..100 + step * 25);
        herd_formats::dump::parse(text.as_bytes()).snapshots.remove(0)
    });
    let judgement = judged(dumps.collect(), &[]);
    assert!(judgement.findings.is_empty(), "{:?}", judgement.findings);
}
