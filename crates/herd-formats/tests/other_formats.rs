//! Profiles in protobuf, saved envelopes, what is recognised, what is written.

mod support;

use std::process::Command;

use herd_formats::{Kind, dump, pprof, profile, recognise, saved, write};
use herd_model::{ClusterReport, Envelope, Origin, Place, Snapshot, SnapshotReport};
use support::{all_recorded, recorded};

fn snapshot(name: &str) -> Snapshot {
    dump::parse(&recorded(name)).snapshots.into_iter().next().expect("a snapshot")
}

#[test]
fn go_tool_pprof_opens_what_is_written() {
    let snapshot = snapshot("go1.27.debug2.txt");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("goroutine.pb.gz");
    std::fs::write(&file, write::pprof(&snapshot)).expect("written");
    let run = Command::new("go").args(["tool", "pprof", "-top", "-nodecount=500"]).arg(&file).output().expect("go is installed");
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(text.contains("Type: goroutine"), "{text}");
    assert!(text.contains(&format!("accounting for {0}, 100% of {0} total", snapshot.goroutines)), "{text}");
    assert!(text.contains("main.recurse"), "{text}");
}

#[test]
fn a_written_profile_reads_back() {
    for name in ["go1.21.quit.txt", "go1.26.debug2.txt"] {
        let snapshot = snapshot(name);
        let (back, notes) = profile::read(&write::pprof(&snapshot)).expect("a profile");
        assert!(notes.is_empty());
        assert_eq!((back.goroutines, back.origin), (snapshot.goroutines, Origin::ProfileProto));
        let stacks = |snapshot: &Snapshot| {
            let mut stacks: Vec<Vec<String>> = snapshot
                .clusters
                .iter()
                .map(|cluster| snapshot.stack(cluster).frames.iter().map(|id| snapshot.func(*id).to_owned()).collect())
                .collect();
            stacks.sort();
            stacks.dedup();
            stacks
        };
        assert_eq!(stacks(&back), stacks(&snapshot));
    }
}

#[test]
fn folded_lines_add_up() {
    let snapshot = snapshot("go1.24.debug2.txt");
    let folded = write::folded(&snapshot);
    let sum: u64 = folded.lines().map(|line| line.rsplit_once(' ').expect("a count").1.parse::<u64>().expect("a number")).sum();
    assert_eq!(sum, snapshot.goroutines);
    assert!(folded.contains("main.(*pair[...]).wait;[chan receive] 1\n"), "{folded}");
}

#[test]
fn speedscope_weights_add_up_and_frames_exist() {
    let snapshot = snapshot("go1.25.debug2.txt");
    let file: serde_json::Value = serde_json::from_str(&write::speedscope(&snapshot, "api")).expect("JSON");
    let profile = &file["profiles"][0];
    let weights: u64 =
        profile["weights"].as_array().expect("weights").iter().map(|weight| weight.as_u64().expect("a number")).sum();
    assert_eq!((weights, profile["endValue"].as_u64()), (snapshot.goroutines, Some(snapshot.goroutines)));
    assert_eq!(profile["type"], "sampled");
    let frames = file["shared"]["frames"].as_array().expect("frames").len() as u64;
    let samples = profile["samples"].as_array().expect("samples");
    assert_eq!(samples.len(), profile["weights"].as_array().expect("weights").len());
    assert!(
        samples
            .iter()
            .flat_map(|sample| sample.as_array().expect("a sample"))
            .all(|frame| frame.as_u64().expect("an index") < frames)
    );
}

fn place(func: &str, line: u32) -> Place {
    Place { func: func.to_owned(), file: "main.go".to_owned(), line }
}

fn envelope(goroutines: u64) -> Envelope {
    let cluster = ClusterReport {
        id: "0123456789abcdef".to_owned(),
        count: 7,
        state: "chan send".to_owned(),
        state_inferred: false,
        wait_s: None,
        wait_minutes: [(0, 3), (5, 4)].into(),
        depth: 1,
        elided: 0,
        frames: vec![place("main.send", 3)],
        created_by: Some(place("main.main", 9)),
        labels: vec![herd_model::Label { key: "k".to_owned(), value: "v".to_owned(), count: 2 }],
        leaked: 1,
        locked: 0,
        objects: vec![("0xc000012345".to_owned(), 7)],
        goroutine_ids: vec![4, 9],
        benign: None,
        line: 12,
        offset: 345,
        sample: "goroutine 4 [chan send]:".to_owned(),
    };
    let mut envelope = Envelope::new("snap", "0.1.0");
    envelope.snapshot = Some(SnapshotReport {
        goroutines,
        truncated: false,
        truncated_why: None,
        origin: "stacks".to_owned(),
        taken_at: Some("2026-11-21T11:02:03Z".to_owned()),
        crash: None,
        states: [("chan send".to_owned(), 7)].into(),
        families: Vec::new(),
        clusters: vec![cluster],
        blocking_points: Vec::new(),
        module_entropy: 0.0,
        mean_depth: 1.0,
        distinct_stacks: 1,
    });
    envelope
}

#[test]
fn a_saved_envelope_keeps_what_it_lists() {
    let bytes = serde_json::to_vec(&envelope(7)).expect("JSON");
    assert_eq!(recognise(&bytes), Kind::SavedEnvelope);
    let (snapshot, notes) = saved::read(&bytes).expect("a snapshot");
    let text = support::render(&dump::Parsed { snapshots: vec![snapshot.clone()], notes });
    expect_test::expect![[r"
        Saved: 7 goroutines, at 2026-11-21T11:02:03Z
        7 x chan send (byte 345, line 12) leaked 1 locked 0
          ids 4, 9
          main.send main.go:3
          by main.main main.go:9
    "]]
    .assert_eq(&text);
    let cluster = &snapshot.clusters[0];
    assert_eq!((cluster.waits.unaged, cluster.waits.by_minute.get(&5)), (3, Some(&4)));
    assert_eq!(cluster.objects.len(), 1);
    assert_eq!(cluster.labels.values().sum::<u64>(), 2);
}

#[test]
fn what_an_envelope_does_not_list_is_still_counted() {
    let (snapshot, notes) = saved::read(&serde_json::to_vec(&envelope(100)).expect("JSON")).expect("a snapshot");
    assert_eq!(snapshot.goroutines, 100);
    assert_eq!(notes.len(), 1);
    let none = serde_json::to_vec(&Envelope::new("doctor", "0.1.0")).expect("JSON");
    assert!(matches!(saved::read(&none), Err(saved::Error::NoSnapshot(command)) if command == "doctor"));
    assert!(matches!(saved::read(br#"{"schema":"goherd/9"}"#), Err(saved::Error::Schema(_))));
}

#[track_caller]
fn check(head: &[u8], expect: &str) {
    assert_eq!(recognise(head).describe(), expect);
}

#[test]
fn inputs_are_told_apart() {
    check(b"", "empty");
    check(b" \n\n", "empty");
    check(b"<!DOCTYPE html>\n<html><head><title>502 Bad\n Gateway</title>", "an HTML page: 502 Bad Gateway");
    check(b"<html><body>", "an HTML page");
    check(b"\x7fELF\x02\x01\x01", "an ELF file (a program or a core)");
    check(b"go 1.26 trace\0\0\0", "a Go execution trace");
    check(b"\x28\xb5\x2f\xfd\0", "zstd-compressed data");
    check(b"heap profile: 1: 32 [1: 32] @ heap/1048576", "a heap profile in text, which holds no goroutines");
    check(b"--- contention:\ncycles/second=1", "a block profile in text, which holds no goroutines");
    check(b"PK\x03\x04", "a zip archive");
    check(&[0, 159, 146, 150, 0, 1, 2], "binary data");
    check(b"level=info msg=started\n", "text without a goroutine dump");
    check(b"2026-11-21T11:02:03Z stderr F goroutine 7 [select]:\n", "a goroutine dump");
    for letter in b' '..=b'~' {
        let kind = if letter == b' ' { "empty" } else { "text without a goroutine dump" };
        for len in [9, 1000, 64 << 10] {
            check(&vec![letter; len], kind);
        }
    }
    for name in all_recorded(".txt") {
        assert_eq!(recognise(&recorded(&name)), Kind::DumpText, "{name}");
    }
    for name in all_recorded(".pb") {
        let bytes = recorded(&name);
        assert_eq!(recognise(&bytes), Kind::ProfileProto { gz: true }, "{name}");
        assert_eq!(recognise(&bytes[..bytes.len() / 2]), Kind::ProfileProto { gz: true }, "half of {name}");
    }
}

#[test]
fn a_profile_of_something_else_is_named() {
    // sample_type {type: 1 "cpu"}, strings "", "cpu"
    let proto = [0x0a, 2, 0x08, 1, 0x32, 0, 0x32, 3, b'c', b'p', b'u'];
    assert_eq!(profile::read(&proto).err(), Some(profile::Error::NotGoroutines("cpu".to_owned())));
    assert_eq!(profile::read(&[0xff; 9]).err(), Some(profile::Error::Unreadable(pprof::Error::Malformed(0))));
    assert!(matches!(profile::read(&[0x1f, 0x8b, 8, 0, 0]), Err(profile::Error::Unreadable(pprof::Error::Gzip { .. }))));
}
