//! What each function and line costs, against `go tool pprof -top`.

use herd_analysis::flame::Rows as Of;
use herd_analysis::top::{self, Top, TopSums};
use herd_formats::{pprof, write};
use herd_model::{Profile, ProfileKind};

use crate::recorded::{KINDS, MINORS, Rows, bytes, go_top, proto, rows};

fn own(profile: &Profile, top: &Top) -> Rows {
    top.rows.iter().map(|row| (top::place_name(profile, row.at), (row.flat, row.cum))).collect()
}

#[track_caller]
fn check(profile: &Profile, sample_type: &str, granularity: &str, printed: &str, context: &str) {
    let index = profile.sample_index(sample_type).expect("a sample type");
    let top = &if granularity == "lines" { top::by_line(profile, &[index]) } else { top::by_function(profile, &[index]) }[0];
    let (theirs, total) = rows(printed);
    assert_eq!(own(profile, top), theirs, "{context}");
    assert_eq!(top.total, total, "{context}");
}

#[test]
fn every_row_of_every_recording_equals_that_of_go_tool_pprof() {
    let mut compared = 0;
    for minor in MINORS {
        let expected = String::from_utf8(bytes(minor, "expected.txt.zst")).expect("text");
        for section in expected.split("== ").skip(1) {
            let (head, printed) = section.split_once('\n').expect("a head");
            let [kind, sample_type, granularity] = head.split(' ').collect::<Vec<_>>()[..] else { panic!("{head}") };
            check(&proto(minor, kind), sample_type, granularity, printed, &format!("go{minor} {head}"));
            compared += 1;
        }
    }
    assert_eq!(compared, 7 * 2 * 17);
}

#[test]
fn samples_that_are_shown_add_up_as_those_that_are_kept() {
    for minor in MINORS {
        for kind in KINDS {
            for form in ["pb.gz", "txt.zst"] {
                // CPU profiles have no text.
                if (kind, form) == ("cpu", "txt.zst") {
                    continue;
                }
                let input = bytes(minor, &format!("{kind}.{form}"));
                let (kept, notes) = pprof::read(&input).expect("a profile");
                let all: Vec<usize> = (0..kept.sample_types.len()).collect();
                for (rows, expected) in [(Of::Functions, top::by_function(&kept, &all)), (Of::Lines, top::by_line(&kept, &all))] {
                    let mut sums = TopSums::new(rows);
                    let (shown, said) = pprof::read_from(&*input, Some(&mut sums)).expect("bytes").expect("a profile");
                    assert_eq!((shown.kind, said), (kept.kind, notes.clone()), "go{minor} {kind}");
                    let named =
                        |profile: &Profile, tops: Vec<Top>| -> Vec<Rows> { tops.iter().map(|top| own(profile, top)).collect() };
                    assert_eq!(named(&shown, sums.finish(&shown, &all)), named(&kept, expected), "go{minor} {kind} {rows:?}");
                }
            }
        }
    }
}

#[test]
fn go_tool_pprof_sees_the_same_in_what_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("written.pb.gz");
    for kind in KINDS {
        let profile = proto("1.26", kind);
        std::fs::write(&file, write::profile::proto(&profile)).expect("written");
        for sample_type in &profile.sample_types {
            for granularity in ["functions", "lines"] {
                let printed = go_top(&file, &sample_type.name, granularity);
                check(&profile, &sample_type.name, granularity, &printed, kind);
            }
        }
    }
}

#[test]
fn frames_are_dropped_as_go_tool_pprof_drops_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dropped.pb.gz");
    for (drop, keep) in [
        (r"main\.ackermann", ""),
        (r"runtime\..*|main\.scramble", r"runtime\.goexit|runtime\.main"),
        (r"main\..*", r"main\.main"),
        (r".*", ""),
        (r"encoding/json\.|sort\..*", ""),
    ] {
        let mut profile = proto("1.25", "cpu");
        profile.drop_frames = drop.into();
        profile.keep_frames = keep.into();
        let written = write::profile::proto(&profile);
        std::fs::write(&file, &written).expect("written");
        let read = crate::recorded::read(&written);
        for granularity in ["functions", "lines"] {
            check(&read, "cpu", granularity, &go_top(&file, "cpu", granularity), drop);
        }
    }
}

#[test]
fn kinds_are_told_by_content() {
    for minor in MINORS {
        for (kind, expect, shown) in [
            ("cpu", ProfileKind::Cpu, "cpu"),
            ("heap", ProfileKind::Heap, "inuse_space"),
            ("allocs", ProfileKind::Allocs, "alloc_space"),
            ("block", ProfileKind::Block, "delay"),
            ("mutex", ProfileKind::Mutex, "delay"),
            ("goroutine", ProfileKind::Goroutine, "goroutine"),
            ("threadcreate", ProfileKind::ThreadCreate, "threadcreate"),
            ("custom", ProfileKind::Other, "example.com/handles"),
        ] {
            let profile = proto(minor, kind);
            assert_eq!(profile.kind, expect, "go{minor} {kind}");
            assert_eq!(&*profile.sample_types[profile.default_index()].name, shown, "go{minor} {kind}");
        }
    }
}

#[test]
fn recursion_counts_once_and_labels_are_read() {
    let profile = proto("1.27", "cpu");
    let top = &top::by_function(&profile, &[profile.default_index()])[0];
    let row = top.rows.iter().find(|row| top::place_name(&profile, row.at) == "main.ackermann").expect("the recursion");
    assert!(row.cum <= top.total && row.cum > 0, "{row:?} of {}", top.total);
    let keys: Vec<&str> = profile.label_sets.iter().flatten().map(|label| profile.names.text(label.key)).collect();
    assert!(keys.contains(&"route") && keys.contains(&"tenant"), "{keys:?}");
    assert_eq!(profile.period, 10_000_000);
    assert!(profile.duration_ns.is_some_and(|ns| ns > 1_000_000_000));
}
