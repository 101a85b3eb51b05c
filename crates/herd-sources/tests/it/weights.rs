//! Profiles of every kind from files, pipes and services, and goroutines of anything else counted as one.

use std::path::{Path, PathBuf};

use herd_model::ProfileKind;
use herd_sources::{CancelFlag, ErrorClass, Options, SourceError, Target, Weights, WeightsAsked, weights};

use crate::server::Server;

const HEAP: WeightsAsked = WeightsAsked { profile: "heap", seconds: None, holders: None };

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/profiles/go1.26")
}

fn weigh(target: &str, asked: WeightsAsked) -> Result<Weights, SourceError> {
    weights(&Target::parse(target).unwrap(), asked, &Options::default(), &CancelFlag::new())
}

fn file(name: &str) -> Result<Weights, SourceError> {
    weigh(fixtures().join(name).to_str().unwrap(), HEAP)
}

#[test]
fn a_recording_is_read_as_what_it_is() {
    let kinds = [
        ("cpu.pb.gz", ProfileKind::Cpu),
        ("heap.pb.gz", ProfileKind::Heap),
        ("heap.txt.zst", ProfileKind::Heap),
        ("mutex.txt.zst", ProfileKind::Mutex),
        ("goroutine.pb.gz", ProfileKind::Goroutine),
        ("goroutine.txt.zst", ProfileKind::Goroutine),
    ];
    for (name, kind) in kinds {
        let weights = file(name).unwrap();
        assert_eq!((weights.profile.kind, weights.witness.as_str()), (kind, name));
        assert!(weights.profile.total(0) > 0 && weights.bytes > 0, "{name}");
    }
}

#[test]
fn goroutines_of_a_text_count_as_those_of_its_protobuf() {
    let (proto, text) = (file("goroutine.pb.gz").unwrap(), file("goroutine.txt.zst").unwrap());
    assert_eq!(proto.profile.total(0), text.profile.total(0));
}

#[test]
fn what_is_no_profile_is_refused_with_its_kind() {
    let error = file("../README.md").unwrap_err();
    assert!(matches!(error, SourceError::NotAProfile { .. }) && error.class() == ErrorClass::Target, "{error}");
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut");
    std::fs::write(&cut, &std::fs::read(fixtures().join("mutex.txt.zst")).unwrap()[..200]).unwrap();
    assert!(matches!(weigh(cut.to_str().unwrap(), HEAP), Err(SourceError::Damaged { form: "zstd", .. })));
    let error = weigh("/no/such/file", HEAP).unwrap_err();
    assert!(matches!(error, SourceError::NotFound { .. }), "{error}");
}

#[test]
fn a_service_is_asked_for_the_profile_wanted_or_the_one_its_address_names() {
    let server = Server::start(&["-leak", "send", "-count", "30"]);
    let wanted = weigh(&server.url(), HEAP).unwrap();
    assert_eq!((wanted.profile.kind, wanted.witness.as_str()), (ProfileKind::Heap, "heap?debug=0"));
    assert!(wanted.cost.as_ref().unwrap().contains("no pause"), "{:?}", wanted.cost);
    let cpu = weigh(&server.url(), WeightsAsked { profile: "profile", seconds: Some(1), holders: None }).unwrap();
    assert_eq!(cpu.profile.kind, ProfileKind::Cpu);
    assert!(cpu.profile.duration_ns.unwrap() < 3_000_000_000, "{:?}", cpu.profile.duration_ns);
    for (query, kind) in
        [("allocs", ProfileKind::Allocs), ("heap?debug=1", ProfileKind::Heap), ("goroutine?debug=2", ProfileKind::Goroutine)]
    {
        let named = weigh(&format!("{}/debug/pprof/{query}", server.url()), HEAP).unwrap();
        assert_eq!(named.profile.kind, kind, "{query}");
    }
    let goroutines = weigh(&server.url(), WeightsAsked { profile: "goroutine", seconds: None, holders: None }).unwrap().profile;
    assert!(goroutines.total(0) >= 30);
    let error = weigh(&format!("{}/nowhere/debug/pprof", server.url()), HEAP).unwrap_err();
    assert!(matches!(error, SourceError::HttpStatus { status: 404, .. }), "{error}");
}
