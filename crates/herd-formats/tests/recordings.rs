//! What Go 1.21 to 1.27 print, recorded, is read to the last goroutine.

mod support;

use expect_test::expect_file;
use herd_formats::{dump, profile};
use herd_model::{NoteKind, Origin, Snapshot};
use support::{all_recorded, headers, pattern_recordings, recorded, render};

fn only(name: &str) -> Snapshot {
    let parsed = dump::parse(&recorded(name));
    assert_eq!(parsed.snapshots.len(), 1, "{name}: {}", render(&parsed));
    let bad: Vec<_> = parsed.notes.iter().filter(|note| note.kind != NoteKind::Skipped).collect();
    assert!(bad.is_empty(), "{name}: {bad:?}");
    parsed.snapshots.into_iter().next().expect("one snapshot")
}

#[test]
fn each_form_of_each_version_has_every_goroutine() {
    let mut seen = 0;
    for form in ["debug2", "system", "ancestors", "labels", "leak2", "quit", "deadlock", "panic", "repanic", "segv", "timeout"] {
        for name in all_recorded(&format!(".{form}.txt")) {
            let text = recorded(&name);
            let snapshot = only(&name);
            assert_eq!(snapshot.goroutines, headers(&text), "{name}");
            assert!(snapshot.goroutines > 0, "{name}");
            assert_eq!(snapshot.goroutines, snapshot.goroutines().count() as u64, "{name}");
            assert_eq!(snapshot.truncated, None, "{name}");
            seen += 1;
        }
    }
    assert!(seen >= 60, "{seen} recordings");
}

#[test]
fn crashes_say_why() {
    for (form, reason) in [
        ("quit", "SIGQUIT: quit"),
        ("deadlock", "fatal error: all goroutines are asleep - deadlock!"),
        ("panic", "panic: lost"),
        ("repanic", "panic: first"),
        ("segv", "panic: runtime error: invalid memory address or nil pointer dereference"),
        ("timeout", "panic: test timed out after 200ms"),
    ] {
        for name in all_recorded(&format!(".{form}.txt")) {
            let snapshot = only(&name);
            assert_eq!(snapshot.origin, Origin::Crash, "{name}");
            let crash = snapshot.crash.expect("a reason");
            assert!(crash.reason.starts_with(reason), "{name}: {}", crash.reason);
        }
    }
}

#[test]
fn crash_text_has_exact_channels_and_hides_nothing() {
    for name in all_recorded(".quit.txt") {
        let snapshot = only(&name);
        let channels: usize = snapshot
            .clusters
            .iter()
            .filter(|cluster| {
                cluster.object_kind == Some(herd_model::ObjectKind::Channel) && !cluster.state.as_str().contains("nil")
            })
            .map(|cluster| cluster.objects.len())
            .sum();
        assert!(channels >= 1, "{name}");
        assert!(snapshot.names_contain("runtime.gopark"), "{name}");
    }
}

trait NamesContain {
    fn names_contain(&self, func: &str) -> bool;
}

impl NamesContain for Snapshot {
    fn names_contain(&self, func: &str) -> bool {
        self.frames.iter().any(|frame| self.names.text(frame.func) == func)
    }
}

#[test]
fn labels_are_kept_where_a_version_prints_them() {
    for (name, expect) in [("go1.26.labels.txt", 1), ("go1.27.labels.txt", 1), ("go1.27.debug2.txt", 1), ("go1.25.labels.txt", 0)]
    {
        let snapshot = only(name);
        let sets: Vec<Vec<(&str, &str)>> = snapshot
            .label_sets
            .iter()
            .map(|set| set.iter().map(|(k, v)| (snapshot.names.text(*k), snapshot.names.text(*v))).collect())
            .collect();
        let labelled = vec![vec![("handler", "/v1/items"), ("note", "a]: \"b\" {c}")]; expect];
        assert_eq!(sets, labelled, "{name}");
    }
}

#[test]
fn debug1_and_debug0_count_what_they_promise() {
    for name in all_recorded(".debug1.txt") {
        let text = recorded(&name);
        let first = text.split(|byte| *byte == b'\n').next().expect("a line");
        let total: u64 = String::from_utf8_lossy(first).rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a total");
        let snapshot = only(&name);
        assert_eq!((snapshot.origin, snapshot.goroutines), (Origin::ProfileText, total), "{name}");
        assert_eq!(snapshot.truncated, None, "{name}");
        let proto = name.replace("debug1.txt", "debug0.pb");
        let (from_proto, notes) = profile::read(&recorded(&proto)).expect("a profile");
        assert_eq!((from_proto.goroutines, from_proto.origin), (total, Origin::ProfileProto), "{proto}");
        assert!(notes.is_empty());
        assert!(
            from_proto.clusters.iter().any(|cluster| cluster.state.as_str() == "sync.Mutex.Lock" && cluster.state_inferred),
            "{proto}"
        );
    }
}

#[test]
fn the_leak_profile_leaves_out_main_and_empty_records() {
    for minor in [26, 27] {
        let text = dump::parse(&recorded(&format!("go1.{minor}.leak1.txt")));
        let (proto, _) = profile::read(&recorded(&format!("go1.{minor}.leak0.pb"))).expect("a profile");
        let text = &text.snapshots[0];
        assert_eq!((text.origin, proto.origin), (Origin::LeakProfile, Origin::LeakProfile));
        assert_eq!(text.goroutines, proto.goroutines, "go1.{minor}");
        assert_eq!(text.truncated, None, "go1.{minor}");
        for snapshot in [text, &proto] {
            assert!(!snapshot.names_contain("main.main"), "go1.{minor}");
            assert_eq!(snapshot.clusters.iter().map(|cluster| cluster.leaked).sum::<u64>(), snapshot.goroutines);
        }
    }
}

#[test]
fn every_pattern_recording_has_every_goroutine() {
    let recordings = pattern_recordings(&["debug2.txt", "quit.txt", "system.txt", "leak2.txt"]);
    assert!(recordings.len() > 100, "{} recordings", recordings.len());
    for (name, bytes) in recordings {
        let parsed = dump::parse(&bytes);
        let counted: u64 = parsed.snapshots.iter().map(|snapshot| snapshot.goroutines).sum();
        assert_eq!(counted, headers(&bytes), "{name}");
        assert_eq!(parsed.snapshots.len(), 1, "{name}");
    }
}

#[test]
fn a_series_has_its_dumps_apart() {
    let recordings = pattern_recordings(&["series.txt"]);
    assert!(!recordings.is_empty());
    for (name, bytes) in recordings {
        let text = String::from_utf8_lossy(&bytes);
        let stamps = text.lines().filter(|line| line.len() < 40 && line.starts_with("20") && line.ends_with('Z')).count();
        let parsed = dump::parse(&bytes);
        assert_eq!(parsed.snapshots.len(), stamps, "{name}");
        assert!(parsed.snapshots.iter().all(|snapshot| snapshot.taken_at_ns.is_some()), "{name}");
        assert_eq!(parsed.snapshots.iter().map(|snapshot| snapshot.goroutines).sum::<u64>(), headers(&bytes), "{name}");
    }
}

#[test]
fn goleaks_text() {
    expect_file!["expected/go1.27.goleak.txt"].assert_eq(&render(&dump::parse(&recorded("go1.27.goleak.txt"))));
}

#[test]
fn a_test_timeout() {
    expect_file!["expected/go1.27.timeout.txt"].assert_eq(&render(&dump::parse(&recorded("go1.27.timeout.txt"))));
}

#[test]
fn ancestors() {
    expect_file!["expected/go1.24.ancestors.txt"].assert_eq(&render(&dump::parse(&recorded("go1.24.ancestors.txt"))));
}

#[test]
fn c_frames_and_registers() {
    expect_file!["expected/go1.27.cgo.txt"].assert_eq(&render(&dump::parse(&recorded("go1.27.cgo.txt"))));
}

#[test]
fn a_synctest_bubble_and_the_panic_behind_it() {
    expect_file!["expected/go1.27.bubble.txt"].assert_eq(&render(&dump::parse(&recorded("go1.27.bubble.txt"))));
}

#[test]
fn a_nil_pointer() {
    expect_file!["expected/go1.22.segv.txt"].assert_eq(&render(&dump::parse(&recorded("go1.22.segv.txt"))));
}

#[test]
fn a_throw() {
    expect_file!["expected/go1.23.throw.txt"].assert_eq(&render(&dump::parse(&recorded("go1.23.throw.txt"))));
}
