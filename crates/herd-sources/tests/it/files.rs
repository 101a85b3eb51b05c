//! Dumps of a real service as files, directories and pipes, packed and broken in the ways files are.

use std::fs::{self, File, FileTimes};
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use flate2::Compression;
use flate2::write::GzEncoder;
use herd_model::{NoteKind, Origin, TargetKind, Truncation};
use herd_sources::{CancelFlag, ErrorClass, SourceError, Target, TimeFrom, collect, date_series};
use tempfile::tempdir;

use crate::server::{Server, asked, notes, options, refused, standing_in, witnesses};

const LEAKED: u64 = 40;

/// `debug=2`, `debug=0` and `debug=1` of one service.
fn recorded() -> &'static [Vec<u8>; 3] {
    static RECORDED: OnceLock<[Vec<u8>; 3]> = OnceLock::new();
    RECORDED.get_or_init(|| {
        let server = Server::start(&["-leak", "send", "-count", &LEAKED.to_string()]);
        [2, 0, 1].map(|debug| server.fetch(&format!("/debug/pprof/goroutine?debug={debug}")))
    })
}

fn headers_in(dump: &[u8]) -> u64 {
    String::from_utf8_lossy(dump).lines().filter(|line| line.starts_with("goroutine ") && line.ends_with("]:")).count() as u64
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).unwrap()
}

#[track_caller]
fn put(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn one_dump_in_every_packing() {
    let folder = tempdir().unwrap();
    let [stacks, proto, text] = recorded();
    for (name, bytes, origin) in [
        ("plain", stacks.clone(), Origin::Stacks),
        ("gz", gzip(stacks), Origin::Stacks),
        ("zst", zst(stacks), Origin::Stacks),
        ("zst of gz", zst(&gzip(stacks)), Origin::Stacks),
        ("members", [gzip(&stacks[..5000]), gzip(&stacks[5000..])].concat(), Origin::Stacks),
        ("frames", [zst(&stacks[..5000]), zst(&stacks[5000..])].concat(), Origin::Stacks),
        ("proto", proto.clone(), Origin::ProfileProto),
        ("proto in zst", zst(proto), Origin::ProfileProto),
        ("proto in gz", gzip(proto), Origin::ProfileProto),
        ("text", text.clone(), Origin::ProfileText),
    ] {
        let path = put(folder.path(), name, &bytes);
        let testimonies = asked(&path, &options());
        assert_eq!(witnesses(&testimonies), [name]);
        let only = &testimonies[0];
        assert_eq!((only.kind, only.target_name.as_str()), (TargetKind::File, path.as_str()), "{name}");
        assert_eq!((only.snapshot.origin, only.bytes), (origin, bytes.len() as u64), "{name}");
        assert_eq!(standing_in(only, "main.sendResult"), LEAKED, "{name}");
        // A profile in protobuf carries its time, text does not.
        let dated = if origin == Origin::ProfileProto { TimeFrom::Text } else { TimeFrom::Unknown };
        assert_eq!((only.taken_at_from, only.taken_at_ns.is_some()), (dated, dated == TimeFrom::Text), "{name}");
        assert!(only.cost.is_none() && only.modified_at_ns.is_some());
    }
}

#[test]
fn a_large_file_is_read_in_parts_to_the_same_answer() {
    let dump = String::from_utf8(recorded()[0].clone()).unwrap();
    let blocks: Vec<(&str, &str)> =
        dump.split("\n\n").skip(1).filter_map(|block| block.strip_prefix("goroutine ")?.split_once(' ')).collect();
    let mut large = Vec::new();
    let mut goroutines = 0;
    while large.len() < 80 << 20 {
        for (_, rest) in &blocks {
            goroutines += 1;
            write!(large, "goroutine {goroutines} {}\n\n", rest.trim_end()).unwrap();
        }
    }
    let folder = tempdir().unwrap();
    let path = put(folder.path(), "large", &large);
    let in_parts = &asked(&path, &options())[0];
    // Packed files have no ranges, so this one is read in one pass.
    let in_one = &asked(&put(folder.path(), "large.zst", &zst(&large)), &options())[0];
    assert_eq!((in_parts.snapshot.goroutines, in_one.snapshot.goroutines), (goroutines, goroutines));
    let clusters = |testimony: &herd_sources::Testimony| -> Vec<(u64, u64, u64)> {
        testimony.snapshot.clusters.iter().map(|cluster| (cluster.count, cluster.offset, cluster.line)).collect()
    };
    assert_eq!(clusters(in_parts), clusters(in_one));
    assert!(in_parts.notes.is_empty() && in_parts.snapshot.truncated.is_none(), "{}", notes(in_parts));
}

#[test]
fn a_packed_file_cut_short_testifies_as_far_as_it_goes() {
    let folder = tempdir().unwrap();
    // Arguments that differ keep it from packing into one block.
    let mut seed = 1u64;
    let mut many = Vec::new();
    for id in 1..4000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        writeln!(many, "goroutine {id} [chan send]:\nmain.sendResult(0x{seed:x})\n\t/leaks.go:51 +0x1d\n").unwrap();
    }
    for (name, packed) in [("gz", gzip(&many)), ("zst", zst(&many))] {
        let path = put(folder.path(), name, &packed[..packed.len() * 9 / 10]);
        let testimonies = asked(&path, &options());
        let last = testimonies.last().unwrap();
        assert!(matches!(last.snapshot.truncated, Some(Truncation::CutAt(_))), "{name}: {:?}", last.snapshot.truncated);
        let note = testimonies[0].notes.iter().find(|note| note.text.contains("breaks off")).unwrap();
        assert_eq!(note.kind, NoteKind::Truncated);
        assert!(note.text.contains(if name == "gz" { "gzip" } else { "zstd" }), "{}", note.text);

        let stub = refused(&put(folder.path(), "stub", &packed[..12]), &options());
        assert!(matches!(stub, SourceError::Damaged { .. }), "{name}: {stub}");
    }
}

#[test]
fn what_is_no_dump_is_called_by_its_name() {
    let folder = tempdir().unwrap();
    let itself = std::env::current_exe().unwrap();
    for (name, bytes, said) in [
        ("empty", Vec::new(), "this is empty"),
        ("page", b"<html><title>Sign in</title></html>".to_vec(), "an HTML page: Sign in"),
        ("program", fs::read(itself).unwrap()[..4096].to_vec(), "an ELF file"),
        ("prose", b"nothing to see here\n".repeat(5), "text without a goroutine dump"),
        ("heap", b"heap profile: 1: 16 [1: 16] @ heap/1048576\n".to_vec(), "holds no goroutines"),
        ("long", vec![b'x'; 3 << 20], "text without a goroutine dump"),
        ("noise", (0..4096u32).map(|n| ((n * 7919) >> 3) as u8).collect(), "binary data"),
    ] {
        let path = put(folder.path(), name, &bytes);
        let error = refused(&path, &options());
        assert!(error.to_string().contains(said) && error.to_string().starts_with(&path), "{name}: {error}");
        assert_eq!(error.class(), ErrorClass::Target);
    }
    let error = refused(folder.path().join("absent").to_str().unwrap(), &options());
    assert!(matches!(error, SourceError::NotFound { .. }), "{error}");
    let error = refused("orders.example", &options());
    assert!(error.next_step().contains("orders.example:6060"), "{}", error.next_step());
}

#[test]
fn names_and_texts_date_a_dump() {
    let folder = tempdir().unwrap();
    let [stacks, ..] = recorded();
    let named = &asked(&put(folder.path(), "dump-20261121-110203.txt", stacks), &options())[0];
    assert_eq!((named.taken_at_ns, named.taken_at_from), (Some(1_795_258_923_000_000_000), TimeFrom::FileName));
    assert_eq!(named.snapshot.taken_at_ns, named.taken_at_ns);
    assert!(notes(named).contains("dated by its name"));

    let series = [b"2026-11-21T11:02:03Z\n", stacks.as_slice(), b"\n\n2026-11-21T11:02:13.5Z\n", stacks].concat();
    let testimonies = asked(&put(folder.path(), "dump-20200101-000000.txt", &series), &options());
    let times: Vec<_> = testimonies.iter().map(|testimony| (testimony.taken_at_ns.unwrap(), testimony.taken_at_from)).collect();
    assert_eq!(times, [(1_795_258_923_000_000_000, TimeFrom::Text), (1_795_258_933_500_000_000, TimeFrom::Text)]);
    let goroutines: Vec<u64> = testimonies.iter().map(|testimony| testimony.snapshot.goroutines).collect();
    assert_eq!(goroutines, [headers_in(stacks); 2]);
    assert_eq!(testimonies.iter().map(|testimony| testimony.bytes).sum::<u64>(), series.len() as u64);
}

fn written(path: &str, seconds: u64) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))).unwrap();
}

#[test]
fn modification_times_date_a_series_only_when_they_rise() {
    let folder = tempdir().unwrap();
    let paths = ["d-1", "d-2", "d-10"].map(|name| put(folder.path(), name, &recorded()[0]));
    for (path, seconds) in paths.iter().zip([1000, 1010, 1020]) {
        written(path, seconds);
    }
    let rising = asked(folder.path().to_str().unwrap(), &options());
    assert_eq!(witnesses(&rising), ["d-1", "d-2", "d-10"]);
    let times: Vec<_> = rising.iter().map(|testimony| testimony.taken_at_ns).collect();
    assert_eq!(times, [Some(1_000_000_000_000), Some(1_010_000_000_000), Some(1_020_000_000_000)]);
    assert!(
        rising.iter().all(|testimony| testimony.taken_at_from == TimeFrom::Modified && notes(testimony).contains("modification"))
    );

    written(&paths[2], 1010);
    assert!(asked(folder.path().to_str().unwrap(), &options()).iter().all(|testimony| testimony.taken_at_ns.is_none()));
    // Files named one by one: the order given decides.
    let mut given: Vec<_> = [&paths[1], &paths[0]].iter().flat_map(|path| asked(path, &options())).collect();
    date_series(&mut given);
    assert!(given.iter().all(|testimony| testimony.taken_at_from == TimeFrom::Unknown));
    given.reverse();
    date_series(&mut given);
    assert_eq!(given[1].taken_at_ns, Some(1_010_000_000_000));
}

#[test]
fn a_directory_in_order_and_its_other_files_counted() {
    let folder = tempdir().unwrap();
    let [stacks, proto, text] = recorded();
    put(folder.path(), "a-1795258943.txt", stacks);
    put(folder.path(), "b-20261121-110203.txt", text);
    put(folder.path(), "zero.pb.gz", proto);
    put(folder.path(), "c-2026-11-21T11:02:13Z.txt", text);
    put(folder.path(), "undated", stacks);
    put(folder.path(), "README", b"dumps of orders\n");
    fs::create_dir(folder.path().join("older")).unwrap();
    let mut testimonies = asked(folder.path().to_str().unwrap(), &options());
    // The profile knows when it was taken: by this machine's clock, wherever that stands.
    let profile = testimonies.iter().position(|testimony| testimony.witness == "zero.pb.gz").unwrap();
    assert!(testimonies.is_sorted_by_key(|testimony| (testimony.taken_at_ns.is_none(), testimony.taken_at_ns)));
    let told = testimonies.iter().map(notes).collect::<String>();
    testimonies.remove(profile);
    assert_eq!(witnesses(&testimonies), ["b-20261121-110203.txt", "c-2026-11-21T11:02:13Z.txt", "a-1795258943.txt", "undated"]);
    assert!(
        told.contains("2 of 7 entries hold no goroutine dump: older (no regular file), README (text without a goroutine dump)"),
        "{told}"
    );

    let error = refused(folder.path().join("older").to_str().unwrap(), &options());
    assert!(matches!(error, SourceError::NoDumps { files: 0, .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_to_its_end_or_to_ctrl_c() {
    use std::process::Command;
    let folder = tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let writer = std::thread::spawn({
        let fifo = fifo.clone();
        move || fs::write(fifo, &recorded()[0]).unwrap()
    });
    let testimonies = asked(fifo.to_str().unwrap(), &options());
    writer.join().unwrap();
    assert_eq!(testimonies[0].snapshot.goroutines, headers_in(&recorded()[0]));

    // A writer that stays silent: opened for both, so that neither end waits for the other.
    let silent = File::options().read(true).write(true).open(&fifo).unwrap();
    let cancel = CancelFlag::new();
    let raise = cancel.clone();
    let raiser = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        raise.cancel();
    });
    let error = collect(&Target::parse(fifo.to_str().unwrap()).unwrap(), &options(), &cancel).unwrap_err();
    raiser.join().unwrap();
    drop(silent);
    assert!(matches!(error, SourceError::Interrupted), "{error}");
}

#[test]
fn a_long_line_of_one_letter_is_text_without_goroutines() {
    let folder = tempdir().unwrap();
    for letter in [b'P', b'a', b'x', b'z'] {
        let path = put(folder.path(), "line.txt", &vec![letter; 4 << 20]);
        let error = refused(&path, &options());
        assert!(matches!(&error, SourceError::NotADump { what, .. } if what == "text without a goroutine dump"), "{error}");
    }
}

#[test]
fn a_dump_far_behind_the_start_of_a_log() {
    let folder = tempdir().unwrap();
    let [stacks, _, _] = recorded();
    for lines in [700, 30_000] {
        let mut log = "2026-11-21T11:02:03Z stderr F level=info msg=served\n".repeat(lines).into_bytes();
        for line in stacks.split(|byte| *byte == b'\n') {
            log.extend([b"2026-11-21T11:02:04Z stderr F ", line, b"\n"].concat());
        }
        let found = asked(&put(folder.path(), "container.log", &log), &options());
        assert_eq!(found[0].snapshot.goroutines, headers_in(stacks), "behind {lines} lines");
    }
}
