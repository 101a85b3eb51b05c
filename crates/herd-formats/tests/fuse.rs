//! Reports of the Go module's fuse: what is read of recorded ones, what is left out of odd ones, and that none of them panics.

use std::fs;
use std::path::Path;

use herd_formats::{Kind, fuse, recognise};
use herd_model::{NoteKind, Origin, Side, Snapshot, Truncation, What};

fn recorded(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/fuse").join(format!("{name}.json.zst"));
    zstd::decode_all(fs::File::open(path).expect("a recording")).expect("zstd")
}

fn read(name: &str) -> Snapshot {
    let bytes = recorded(name);
    assert_eq!(recognise(&bytes), Kind::FuseReport);
    fuse::read(&bytes).expect("a report").0
}

#[test]
fn who_waits_for_what_and_who_holds_it() {
    for version in ["go1.24", "go1.27"] {
        let snapshot = read(&format!("crossed.{version}"));
        assert_eq!((snapshot.origin, snapshot.goroutines), (Origin::Stacks, 4));
        assert!(snapshot.go_version.as_deref().is_some_and(|go| go.starts_with(version)));
        assert!(snapshot.taken_at_ns.is_some() && snapshot.truncated.is_none());
        let waits = snapshot.waits.as_deref().expect("waits");
        assert!(waits.frozen && waits.recorded && !waits.searched && !waits.followed);
        assert_eq!((waits.waiters.len(), waits.objects.len(), waits.held.len()), (2, 2, 2));
        for waiter in &waits.waiters {
            let (object, side) = waiter.on[0];
            assert_eq!((waits.objects[object as usize].what, side), (What::Mutex, Side::Lock));
            let [holder] = waits.holders(object) else { panic!("one holder") };
            assert_ne!(holder.goroutine, waiter.goroutine);
            assert!(waits.waiters.iter().any(|other| other.goroutine == holder.goroutine));
        }
        let leaked: u64 = snapshot.clusters.iter().map(|cluster| cluster.leaked).sum();
        assert_eq!(leaked, if version == "go1.27" { 2 } else { 0 });
        let creators = snapshot.goroutines().filter(|(_, one)| one.parent.is_some()).count();
        assert_eq!(creators, 3, "all but main");
    }
}

#[test]
fn who_is_gone_and_who_is_not_known() {
    let left = read("left.go1.24");
    let waits = left.waits.as_deref().expect("waits");
    assert!(matches!(waits.held.as_slice(), [held] if held.cluster.is_none()));
    let unwatched = read("unwatched.go1.24");
    let waits = unwatched.waits.as_deref().expect("waits");
    assert!(waits.held.is_empty() && waits.waiters.len() == 2);
    let again = read("again.go1.24");
    let waits = again.waits.as_deref().expect("waits");
    let sides: Vec<Side> = waits.waiters.iter().map(|waiter| waiter.on[0].1).collect();
    assert_eq!(
        (sides.contains(&Side::ReadLock), sides.contains(&Side::Lock), waits.objects[0].what),
        (true, true, What::RwMutex)
    );
}

#[test]
fn what_does_not_fit_is_left_out_and_told() {
    let text = br#"{"schema":"goherd-fuse/1","goroutines_total":9,"new":{"a":[1]},"cycles":null,"stacks":[
        {"count":1,"frames":[{"func":"a%2eb.f","file":"/f.go","line":7}]}],"goroutines":[{"id":5,"state":"sync.Mutex.Lock","stack":0,"wait_s":180,
        "labels":{"runner":"r","task":"t"}},{"id":6,"state":"running","stack":99}],"waiters":[{"goroutine":5,"lock":"0x10","kind":"mutex","mode":"lock"},
        {"goroutine":7,"lock":"0x10","kind":"mutex","mode":"lock"},{"goroutine":6,"lock":"no","kind":"spoon","mode":"lock"}],
        "locks":[{"address":"0x10","kind":"mutex","holder_known":false,"holders":[{"goroutine":6,"mode":"lock","ended":false}],
        "guesses":[{"goroutine":6,"why":"main.f has the lock as an argument"},{"goroutine":99,"why":"main.f has the lock as an argument"}]}]}"#;
    let (snapshot, notes) = fuse::read(text).expect("a report");
    assert_eq!(snapshot.goroutines, 9);
    assert!(matches!(&snapshot.truncated, Some(Truncation::ReaderLimit(why)) if why.contains("2 of 9")));
    let waits = snapshot.waits.as_deref().expect("waits");
    assert_eq!((waits.waiters.len(), waits.held.len(), waits.mentions.len()), (1, 0, 1), "a guess is no holder");
    assert!(notes.iter().any(|note| note.kind == NoteKind::Skipped && note.text.starts_with("2 waits")), "{notes:?}");
    let cluster = &snapshot.clusters[0];
    assert_eq!(cluster.waits.by_minute.get(&3), Some(&1));
    assert_eq!(snapshot.func(snapshot.stack(cluster).frames[0]), "a.b.f");
    assert_eq!(cluster.labels.len(), 1);
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    let bytes = recorded("channel.go1.27");
    for end in 0..bytes.len() {
        assert!(fuse::read(&bytes[..end]).is_err() || end + 1 >= bytes.len(), "cut at {end}");
    }
    for at in (0..bytes.len()).step_by(3) {
        for byte in [0, b'9', b'"', b'}', 0xff] {
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            let _read = fuse::read(&damaged);
        }
    }
    assert!(matches!(fuse::read(br#"{"schema":"goherd-fuse/9"}"#), Err(fuse::Error::Schema(_))));
    let deep = [br#"{"schema":"goherd-fuse/1","locks":"#.as_slice(), &vec![b'['; 100_000]].concat();
    assert!(fuse::read(&deep).is_err());
}
