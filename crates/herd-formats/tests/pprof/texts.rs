//! Text forms against the profile.proto of the same state.

use std::collections::BTreeMap;

use herd_analysis::top;
use herd_formats::{Kind, pprof, recognise};
use herd_model::{Note, NoteKind, Profile};

use crate::recorded::{MINORS, bytes, proto};

fn text(minor: &str, kind: &str) -> (Profile, Vec<Note>) {
    pprof::read(&bytes(minor, &format!("{kind}.txt.zst"))).expect("a profile")
}

/// Functions with what they cost; the text calls every instance of a generic function `F[...]`.
fn costs(profile: &Profile, index: usize) -> BTreeMap<String, (i64, i64)> {
    let mut costs: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for row in &top::by_function(profile, &[index])[0].rows {
        let name = top::place_name(profile, row.at);
        let cut = name.find('[').filter(|_| name.ends_with(']'));
        let cost = costs.entry(name[..cut.unwrap_or(name.len())].to_owned()).or_default();
        *cost = (cost.0 + row.flat, cost.1 + row.cum);
    }
    costs
}

fn close(one: i64, other: i64) -> bool {
    (one - other).unsigned_abs() * 100 <= one.unsigned_abs().max(other.unsigned_abs())
}

#[test]
fn heap_block_and_mutex_texts_cost_what_their_twins_cost() {
    for minor in MINORS {
        for kind in ["heap", "allocs", "block", "mutex"] {
            let (text, notes) = text(minor, kind);
            assert_eq!(notes, [], "go{minor} {kind}");
            let proto = proto(minor, kind);
            assert_eq!(text.sample_types, proto.sample_types);
            for (index, kind_of) in text.sample_types.iter().enumerate() {
                let at = format!("go{minor} {kind} {}", kind_of.name);
                let (ours, theirs) = (text.total(index), proto.total(index));
                assert!(close(ours, theirs) && theirs > 0, "{at}: {ours} for {theirs}");
                let (ours, theirs) = (costs(&text, index), costs(&proto, index));
                // What the second of two profiles allocates for itself is in its own twin only.
                for (name, (flat, cum)) in theirs.iter().filter(|(name, _)| name.starts_with("main.")) {
                    let (own_flat, own_cum) = ours.get(name).copied().unwrap_or_default();
                    assert!(close(own_flat, *flat), "{at}: {name} flat {own_flat} for {flat}");
                    assert!(close(own_cum, *cum), "{at}: {name} cum {own_cum} for {cum}");
                }
            }
        }
    }
}

#[test]
fn counts_equal_those_of_their_twins_but_for_what_the_text_hides() {
    for minor in MINORS {
        for kind in ["goroutine", "threadcreate", "custom"] {
            let (text, notes) = text(minor, kind);
            assert!(notes.iter().all(|note| note.kind == NoteKind::Skipped && note.text.contains("does not name")), "{notes:?}");
            let proto = proto(minor, kind);
            assert_eq!((&text.sample_types, text.total(0)), (&proto.sample_types, proto.total(0)), "go{minor} {kind}");
            let theirs = costs(&proto, 0);
            for (name, (_, cum)) in costs(&text, 0).iter().filter(|(name, _)| name.starts_with("main.")) {
                assert_eq!(*cum, theirs[name].1, "go{minor} {kind} {name}");
            }
        }
    }
}

#[test]
fn labels_and_inlined_calls_of_a_text_are_those_of_its_twin() {
    let (text, _) = text("1.27", "goroutine");
    let proto = proto("1.27", "goroutine");
    let labels = |profile: &Profile| {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for (row, set) in profile.samples.labels.iter().enumerate() {
            for label in &profile.label_sets[set.0 as usize] {
                let herd_model::LabelValue::Text(value) = label.value else { panic!("a number") };
                let pair = format!("{}={}", profile.names.text(label.key), profile.names.text(value));
                *sums.entry(pair).or_default() += profile.samples.values[0][row];
            }
        }
        sums
    };
    assert_eq!(labels(&text), labels(&proto));
    assert_eq!(labels(&text).values().sum::<i64>(), 30);
    let (text, _) = self::text("1.26", "block");
    let inlined = |profile: &Profile| {
        let frames = profile.samples.stacks.iter().flat_map(|stack| profile.frames(*stack).collect::<Vec<_>>());
        let mut names: Vec<String> =
            frames.filter(|frame| frame.inlined).map(|frame| profile.frame_name(frame).into_owned()).collect();
        names.sort();
        names.dedup();
        names
    };
    assert_eq!(inlined(&text), inlined(&crate::recorded::proto("1.26", "block")));
    assert!(inlined(&text).contains(&"sync.(*Mutex).Lock".to_owned()));
}

#[test]
fn texts_and_protos_are_recognised() {
    for minor in MINORS {
        for kind in ["heap", "block", "mutex", "threadcreate", "custom"] {
            let Kind::ProfileText(form) = recognise(&bytes(minor, &format!("{kind}.txt.zst"))) else { panic!("{kind}") };
            let expect = if kind == "custom" { "other" } else { kind };
            assert_eq!(form.kind().as_str(), expect);
        }
        assert_eq!(recognise(&bytes(minor, "goroutine.txt.zst")), Kind::DumpText);
        for kind in ["cpu", "heap", "allocs", "block", "mutex", "goroutine", "threadcreate", "custom"] {
            assert_eq!(recognise(&bytes(minor, &format!("{kind}.pb.gz"))), Kind::ProfileProto { gz: true }, "go{minor} {kind}");
        }
    }
}

#[track_caller]
fn refused(text: &str, expect: &str) {
    assert_eq!(pprof::read(text.as_bytes()).expect_err("no profile").to_string(), expect);
}

#[test]
fn odd_texts_are_told_apart() {
    refused(
        "--- mutex:\n12 3 @ 0x1\n",
        "read the profile's text: it has no line cycles/second, without which cycles are no time",
    );
    refused("--- mutex:\ncycles/second=0\n", "read the profile's text: cycles/second is not a number above zero");
    let (profile, notes) =
        pprof::read(b"--- mutex:\ncycles/second=1000000000\nsampling period=5\nx y @ 0x1\n70 3 @ 0x11 0x21\n\n")
            .expect("a profile");
    assert_eq!((profile.total(0), profile.total(1)), (3, 70), "the period is not applied again");
    assert_eq!(
        notes.iter().map(|note| (note.offset, &*note.text)).collect::<Vec<_>>(),
        [(Some(54), "cannot read the record `x y @ 0x1`")]
    );
    let addresses: Vec<u64> = profile.locations.iter().map(|location| location.address).collect();
    assert_eq!(addresses, [0x10, 0x20], "without names, the calls before the return addresses");
}
