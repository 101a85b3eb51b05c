//! Sums of profiles, against `go tool pprof -proto`.

use herd_formats::pprof::{Error, Merge, read};
use herd_model::Profile;

use crate::recorded::{KINDS, MINORS, bytes, go_pprof, path, plain, proto, sample, shown};

fn merged(profiles: &[Profile]) -> Profile {
    let mut merge = Merge::default();
    for profile in profiles {
        merge.add(profile).expect("alike");
    }
    merge.finish().expect("a profile")
}

#[test]
fn a_sum_holds_the_stacks_and_totals_that_go_tool_pprof_finds() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("merged.pb.gz").display().to_string();
    for kind in KINDS {
        let own = merged(&MINORS.map(|minor| proto(minor, kind)));
        let files = MINORS.map(|minor| path(minor, &format!("{kind}.pb.gz")).display().to_string());
        let mut args = vec!["-proto", "-symbolize=none", "-output", &file];
        args.extend(files.iter().map(String::as_str));
        go_pprof(&args);
        let (theirs, _) = read(&std::fs::read(&file).expect("what go tool pprof wrote")).expect("a profile");
        let lines = |profile: &Profile| {
            let mut lines: Vec<String> = (0..profile.samples.len()).map(|row| sample(profile, row)).collect();
            lines.sort();
            lines
        };
        assert_eq!(lines(&own), lines(&theirs), "{kind}");
        let head = |profile: &Profile| shown(profile).lines().next().map(str::to_owned);
        assert_eq!(head(&own), head(&theirs), "{kind}");
    }
}

#[test]
fn bytes_add_up_to_what_profiles_add_up_to() {
    for kind in KINDS {
        let mut merge = Merge::default();
        for minor in MINORS {
            merge.add_bytes(&bytes(minor, &format!("{kind}.pb.gz"))).expect("alike");
        }
        let own = merge.finish().expect("a profile");
        assert_eq!(shown(&own), shown(&merged(&MINORS.map(|minor| proto(minor, kind)))), "{kind}");
    }
    let text = bytes("1.26", "goroutine.txt.zst");
    let mut merge = Merge::default();
    merge.add_bytes(&bytes("1.26", "goroutine.pb.gz")).expect("alike");
    merge.add_bytes(&text).expect("alike, in another form");
    assert_eq!(merge.finish().expect("a profile").total(0), 2 * proto("1.26", "goroutine").total(0));
}

#[test]
fn bytes_that_are_no_profile_leave_the_sum_alone() {
    let heap = bytes("1.26", "heap.pb.gz");
    let cut = plain(&heap);
    let cut = &cut[..cut.len() / 2];
    let expect = shown(&proto("1.26", "cpu"));
    let mut merge = Merge::default();
    merge.add_bytes(cut).expect_err("the first is cut");
    merge.add_bytes(&bytes("1.26", "cpu.pb.gz")).expect("the first that is whole decides what is counted");
    assert!(matches!(merge.add_bytes(&heap), Err(Error::Unlike { number: 2, .. })));
    let cpu = plain(&bytes("1.27", "cpu.pb.gz"));
    for len in (0..cpu.len()).step_by(cpu.len() / 50) {
        merge.add_bytes(&cpu[..len]).expect_err("cut");
    }
    let left = merge.finish().expect("a profile");
    let lines = |text: &str| text.lines().count();
    assert_eq!((left.samples.len(), left.total(1)), (proto("1.26", "cpu").samples.len(), proto("1.26", "cpu").total(1)));
    assert_eq!(lines(&shown(&left)), lines(&expect));
}

#[test]
fn a_profile_added_to_itself_keeps_its_tables() {
    let one = proto("1.24", "cpu");
    let three = merged(&[one.clone(), one.clone(), one.clone()]);
    assert_eq!(three.samples.len(), one.samples.len());
    assert_eq!((three.stacks.len(), three.locations.len()), (one.stacks.len(), one.locations.len()));
    assert_eq!(three.total(1), 3 * one.total(1));
    assert_eq!(three.duration_ns, one.duration_ns.map(|ns| 3 * ns));
    assert_eq!(three.taken_at_ns, one.taken_at_ns);
}

#[test]
fn profiles_of_other_things_are_refused_by_name() {
    let mut merge = Merge::default();
    merge.add(&proto("1.26", "cpu")).expect("the first");
    let error = merge.add(&proto("1.26", "heap")).expect_err("another kind");
    assert_eq!(
        error.to_string(),
        "merge profiles: number 2 has the sample types alloc_objects/count, alloc_space/bytes, inuse_objects/count, \
         inuse_space/bytes, those before it samples/count, cpu/nanoseconds"
    );
    assert_eq!(merge.finish().expect("the first").total(1), proto("1.26", "cpu").total(1));
    assert_eq!(Merge::default().finish().err(), Some(Error::Nothing));
}
