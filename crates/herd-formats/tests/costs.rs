//! Heaps and locks of a program whose lines say what they cost (`testbed/costs`), recorded on every Go version (`fixtures/costs`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use herd_analysis::heap::heap;
use herd_analysis::locks::{Contended, locks};
use herd_formats::escape::Reader;
use herd_formats::pprof;
use herd_model::{EscapeLog, HeapChange, HeapReport, LockKind, LockRole, LocksReport, Profile};

const MINORS: [&str; 7] = ["1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn unpacked(path: &Path) -> Vec<u8> {
    zstd::decode_all(std::fs::File::open(path).expect("a recording")).expect("zstd")
}

fn profile(folder: &str, minor: &str, name: &str) -> Profile {
    let path = root().join(format!("fixtures/{folder}/go{minor}/{name}"));
    let bytes = if name.ends_with(".zst") { unpacked(&path) } else { std::fs::read(path).expect("a recording") };
    let (profile, notes) = pprof::read(&bytes).expect("a profile");
    assert_eq!(notes, [], "{minor} {name}");
    profile
}

fn escapes(minor: &str, form: &str) -> EscapeLog {
    let mut reader = Reader::default();
    let folder = root().join(format!("fixtures/costs/go{minor}"));
    if form == "json" {
        for package in std::fs::read_dir(folder.join("escape.json")).expect("a folder").flatten() {
            for file in std::fs::read_dir(package.path()).expect("a folder").flatten() {
                reader.add("json", &unpacked(&file.path()));
            }
        }
    } else {
        reader.add(form, &unpacked(&folder.join(format!("escape.{form}.txt.zst"))));
    }
    reader.finish().0
}

fn report(profile: &Profile, earlier: Option<&Profile>, escapes: Option<&EscapeLog>) -> HeapReport {
    heap(profile, earlier, escapes, 1000, &mut BTreeMap::new()).expect("a heap profile")
}

/// Marks of the sources: base name, line, what stands behind the word.
fn marks(word: &str) -> Vec<(String, u32, String)> {
    let mut marks = Vec::new();
    for source in ["main.go", "store/store.go"] {
        let text = std::fs::read_to_string(root().join("testbed/costs").join(source)).expect("a source");
        for (line, number) in text.lines().zip(1u32..) {
            if let Some((_, told)) = line.split_once(&format!(" // {word}")) {
                marks.push((source.rsplit('/').next().expect("a name").to_owned(), number, told.trim().to_owned()));
            }
        }
    }
    marks
}

fn base(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

#[test]
fn every_escape_costs_what_its_line_says_in_every_form_on_every_version() {
    for minor in MINORS {
        let profile = profile("costs", minor, "heap-2.pb.gz");
        for form in ["m", "m2", "json"] {
            let report = report(&profile, None, Some(&escapes(minor, form)));
            let told = report.escapes.expect("escapes were given");
            for (file, line, mark) in marks("escapes") {
                let words: Vec<&str> = mark.split(' ').collect();
                let (objects, size): (i64, i64) = (words[0].parse().expect("a count"), words[2].parse().expect("a size"));
                let row = told.rows.iter().find(|row| base(&row.at.file) == file && row.at.line == line);
                let row = row.unwrap_or_else(|| panic!("{minor} {form}: {file}:{line} is in no row"));
                // `append` at the same line grows its slice once in a while, and the runtime rounds sizes up to its classes.
                let other = row.figures.alloc_objects - objects;
                assert!((0..=8).contains(&other), "{minor} {form} {file}:{line}: {} objects", row.figures.alloc_objects);
                let bytes = row.figures.alloc_bytes - objects * size;
                assert!(bytes >= 0 && bytes <= objects * size / 16 + 4096, "{minor} {form} {file}:{line}: {bytes} bytes more");
                let kept = words.contains(&"kept");
                assert_eq!(row.figures.inuse_bytes >= objects * size, kept, "{minor} {form} {file}:{line}");
                assert_eq!(row.inlined_from.is_some(), line == 92, "{minor} {form} {file}:{line}");
                assert_eq!(row.escapes.iter().any(|escape| escape.why.is_some()), form != "m", "{minor} {form} {file}:{line}");
            }
            assert_eq!(told.ambiguous_files, 0);
            let sum = told.joined_bytes + told.other_lines_bytes + told.other_files_bytes;
            assert_eq!(sum, report.total.alloc_bytes - report.profiler.alloc_bytes, "{minor} {form}");
            assert!(told.joined_bytes * 10 > sum * 9, "{minor} {form}: {} of {sum}", told.joined_bytes);
            assert!(told.seen < told.escapes, "goroutines and strings of rare paths escape, too");
        }
    }
}

#[test]
fn what_stays_and_what_grew_is_exact_where_every_object_is_counted() {
    for minor in MINORS {
        let (first, second) = (profile("costs", minor, "heap-1.pb.gz"), profile("costs", minor, "heap-2.pb.gz"));
        let report = report(&second, Some(&first), None);
        assert_eq!(report.sampled_every_bytes, 1);
        // In pages: the runtime's own blocks of a hundred bytes stand at these lines, too.
        let residents: Vec<(&str, i64, bool)> =
            report.residents.iter().map(|of| (&*of.row.at.func, of.row.figures.inuse_bytes >> 12, of.uncertain)).collect();
        assert_eq!(
            residents,
            [("example.com/costs/store.(*Cache).Put", 100 << 4, false), ("main.buffer", 8 << 7, false)],
            "{minor}"
        );
        let held = &report.residents[1];
        let calls: Vec<&str> = held.stack.iter().map(|place| &*place.func).collect();
        assert_eq!(calls, ["main.buffer", "main.allocate", "main.main", "runtime.main"], "{minor}");
        assert_eq!(held.stacks, 1);
        assert!(held.row.survival.is_some_and(|share| share > 0.999), "{minor}: {held:?}");
        let orders = report.lines.iter().find(|row| row.at.func == "main.newOrder").expect("a row");
        assert_eq!((orders.survival, orders.mean_bytes, orders.inuse_error_bytes), (Some(0.0), Some(128.0), 0.0));
        let growth = report.growth.expect("two heaps");
        assert!(growth.one_process && growth.seconds.is_some_and(|seconds| seconds >= 0.0), "{minor}");
        let most = &growth.rows[0];
        assert_eq!((&*most.at.func, most.at.line), ("example.com/costs/store.(*Cache).Put", 28));
        assert_eq!((most.before_bytes, most.after_bytes, most.change), (40 << 16, 100 << 16, HeapChange::Grows));
        assert_eq!((most.error_bytes, most.p), (0.0, 0.0));
        assert!(report.functions.iter().all(|row| !row.at.func.starts_with("runtime/pprof.")));
        assert!(report.profiler.alloc_bytes > 0);
    }
}

#[test]
fn growth_that_sampling_explains_is_said_to_be_so() {
    let sampled = |minor: &str, number: u32| profile("costs", minor, &format!("sampled-{number}.pb.gz"));
    for minor in MINORS {
        let sampled = |number: u32| sampled(minor, number);
        let (first, second, third) = (sampled(1), sampled(2), sampled(3));
        let of = |earlier: &Profile, later: &Profile| {
            let growth = report(later, Some(earlier), None).growth.expect("two heaps");
            assert!(growth.one_process, "{minor}");
            growth.rows
        };
        // 600 entries of 64 KiB, of which about 70 are sampled.
        let rows = of(&second, &third);
        let put = rows.iter().find(|row| row.at.func.ends_with("Put") && row.at.line == 28).expect("a row");
        assert_eq!(put.change, HeapChange::Grows, "{minor}: {put:?}");
        let off = (put.after_bytes - put.before_bytes - (600 << 16)).unsigned_abs() as f64;
        assert!(off < 2.0 * put.error_bytes, "{minor}: {put:?}");
        assert!(rows.iter().all(|row| row.change != HeapChange::Grows || row.at.func.ends_with("Put")), "{minor}: {rows:#?}");
        // Nothing but the cache grew between the first two, and that by about seven samples.
        for row in of(&first, &second) {
            let close = row.change == HeapChange::Grows && row.at.func.ends_with("Put");
            assert!(close || row.change == HeapChange::WithinError, "{minor}: {row:?}");
        }
        // The order of two heaps tells that they are no growth of one process.
        let reversed = report(&first, Some(&third), None).growth.expect("two heaps");
        assert!(!reversed.one_process, "{minor}");
    }
    // The same state in two processes: what differs was sampled differently.
    let mut compared = 0;
    for (one, other) in MINORS.iter().flat_map(|one| MINORS.iter().map(move |other| (one, other))).filter(|(a, b)| a != b) {
        let growth = report(&sampled(other, 2), Some(&sampled(one, 2)), None).growth.expect("two heaps");
        for row in growth.rows.iter().filter(|row| row.at.file.starts_with("example.com/costs/")) {
            assert_eq!(row.change, HeapChange::WithinError, "{one} {other}: {row:?}");
            compared += 1;
        }
    }
    assert!(compared > 42, "{compared}");
}

#[test]
fn text_and_proto_of_one_heap_say_the_same() {
    for minor in MINORS {
        let (text, proto) = (profile("profiles", minor, "heap.txt.zst"), profile("profiles", minor, "heap.pb.gz"));
        let (text, proto) = (report(&text, None, None), report(&proto, None, None));
        let shown = |report: &HeapReport| {
            let of = |row: &herd_model::Resident| (row.row.at.func.clone(), row.row.at.line, row.row.figures.inuse_objects);
            report.residents.iter().map(of).collect::<Vec<_>>()
        };
        assert_eq!(shown(&text), shown(&proto), "{minor}");
        assert!(proto.residents.iter().any(|row| row.row.at.func == "main.deep" && !row.uncertain), "{minor}");
        let off = (text.total.alloc_bytes - proto.total.alloc_bytes).unsigned_abs();
        assert!(off * 100 <= proto.total.alloc_bytes.unsigned_abs(), "{minor}: {off}");
        let rows =
            |report: &HeapReport| report.lines.iter().take(12).map(|row| (row.at.func.clone(), row.at.line)).collect::<Vec<_>>();
        assert_eq!(rows(&text), rows(&proto), "{minor}");
    }
}

fn contention(profile: &Profile) -> LocksReport {
    locks(&[Contended { target: "t", profile }], 1000, &mut BTreeMap::new())
}

#[test]
fn delay_is_charged_to_the_marked_lines() {
    let (unlocks, waits) = (marks("unlocks"), marks("waits"));
    assert_eq!((unlocks.len(), waits.len()), (3, 4));
    for minor in MINORS {
        let mutex = profile("costs", minor, "mutex.pb.gz");
        let report = contention(&mutex);
        let first = &report.rows[0];
        assert_eq!((first.kind, first.role, &*first.operation), (LockKind::Mutex, LockRole::Unlocks, "sync.(*Mutex).Unlock"));
        assert_eq!((&*first.at.func, first.at.line), ("example.com/costs/store.(*Ledger).Post", 46), "{minor}");
        assert!(first.share > 0.8 && first.contentions >= 30 && first.mean_ns > 1e5, "{minor}: {first:?}");
        assert_eq!(first.callers[0].func, "main.contend.func1");
        for row in &report.rows {
            let marked = unlocks.iter().any(|(file, line, _)| base(&row.at.file) == file && row.at.line == *line);
            assert!(marked || row.at.func.starts_with("main."), "{minor}: {row:?}");
            assert_eq!(row.role, LockRole::Unlocks, "{minor}: {row:?}");
        }
        assert_eq!(sums(&report), (report.profiles[0].contentions, report.profiles[0].delay_ns), "{minor}");
        let block = contention(&profile("costs", minor, "block.pb.gz"));
        let of = |func: &str, line: u32| block.rows.iter().find(|row| row.at.func.ends_with(func) && row.at.line == line);
        let lock = of("Post", 43).expect("waiters");
        assert_eq!((lock.kind, lock.role), (LockKind::Block, LockRole::WaitsForLock), "{minor}");
        let receive = of("main.contend", 160).expect("a receiver");
        assert_eq!((receive.role, &*receive.operation), (LockRole::Receives, "runtime.chanrecv1"), "{minor}");
        assert_eq!(sums(&block), (block.profiles[0].contentions, block.profiles[0].delay_ns), "{minor}");
    }
}

fn sums(report: &LocksReport) -> (u64, u64) {
    let rows = report.rows.iter().chain(&report.runtime);
    rows.fold((0, 0), |(count, delay), row| (count + row.contentions, delay + row.delay_ns))
}

#[test]
fn locks_of_the_runtime_stand_apart() {
    let mut apart = 0;
    for minor in MINORS {
        for kind in ["mutex", "block"] {
            let proto = contention(&profile("profiles", minor, &format!("{kind}.pb.gz")));
            assert!(proto.rows.iter().all(|row| !row.at.func.starts_with("runtime.")), "{minor} {kind}: {:#?}", proto.rows);
            assert!(proto.rows.iter().any(|row| row.at.func == "main.hold"), "{minor} {kind}");
            assert!(proto.rows.iter().all(|row| row.role != LockRole::Other), "{minor} {kind}");
            apart += proto.runtime.len();
            let text = contention(&profile("profiles", minor, &format!("{kind}.txt.zst")));
            let places = |report: &LocksReport| {
                let of = |row: &herd_model::LockRow| (row.at.func.clone(), row.at.line, row.contentions);
                report.rows.iter().filter(|row| row.contentions > 9).map(of).collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(places(&text), places(&proto), "{minor} {kind}");
        }
    }
    assert!(apart > 7, "{apart}");
    let both = [
        profile("costs", "1.26", "mutex.pb.gz"),
        profile("costs", "1.27", "mutex.pb.gz"),
        profile("costs", "1.27", "block.pb.gz"),
    ];
    let given: Vec<Contended<'_>> = both.iter().map(|profile| Contended { target: "t", profile }).collect();
    let report = locks(&given, 2, &mut BTreeMap::new());
    let first = &report.rows[0];
    assert_eq!(first.by_profile.iter().map(|(count, _)| count).sum::<u64>(), first.contentions);
    assert_eq!(first.by_profile[2], (0, 0));
    assert_eq!(report.rows.iter().filter(|row| row.kind == LockKind::Block).count(), 2);
    let cpu = profile("profiles", "1.27", "cpu.pb.gz");
    assert!(heap(&cpu, None, None, 9, &mut BTreeMap::new()).is_none());
    assert!(contention(&cpu).profiles.is_empty());
}
