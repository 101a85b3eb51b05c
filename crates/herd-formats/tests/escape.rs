//! Escapes of a program whose lines say what escapes (`testbed/costs`), as every Go version tells them in three forms
//! (`fixtures/costs`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use herd_formats::escape::{MAX_SHOWN_BYTES, Reader};
use herd_model::{Escape, EscapeLog, Note};

const MINORS: [&str; 7] = ["1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn unpacked(path: &Path) -> Vec<u8> {
    zstd::decode_all(std::fs::File::open(path).expect("a recording")).expect("zstd")
}

fn text(minor: &str, name: &str) -> Vec<u8> {
    unpacked(&root().join(format!("fixtures/costs/go{minor}/escape.{name}.txt.zst")))
}

fn jsons(minor: &str) -> Vec<Vec<u8>> {
    let folder = root().join(format!("fixtures/costs/go{minor}/escape.json"));
    let packages = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut files: Vec<PathBuf> = packages
        .flat_map(|package| std::fs::read_dir(package.path()).expect("a folder").flatten())
        .map(|file| file.path())
        .collect();
    files.sort();
    files.iter().map(|file| unpacked(file)).collect()
}

fn read(texts: &[Vec<u8>]) -> (EscapeLog, Vec<Note>) {
    let mut reader = Reader::default();
    for text in texts {
        reader.add("told", text);
    }
    reader.finish()
}

fn file<'a>(log: &'a EscapeLog, escape: &Escape) -> &'a str {
    log.files[escape.file as usize].path.rsplit('/').next().expect("a name")
}

/// Base name, line and column of each.
fn places(log: &EscapeLog) -> BTreeSet<(String, u32, u32)> {
    log.escapes.iter().map(|escape| (file(log, escape).to_owned(), escape.line, escape.column)).collect()
}

/// Lines marked `// escapes`.
fn marked() -> BTreeSet<(String, u32)> {
    let mut lines = BTreeSet::new();
    for source in ["main.go", "store/store.go"] {
        let text = std::fs::read_to_string(root().join("testbed/costs").join(source)).expect("a source");
        let name = source.rsplit('/').next().expect("a name");
        let of = text.lines().zip(1u32..).filter(|(line, _)| line.contains(" // escapes ")).map(|(_, at)| (name.to_owned(), at));
        lines.extend(of);
    }
    assert_eq!(lines.len(), 7);
    lines
}

#[test]
fn three_forms_tell_the_same_on_every_version() {
    for minor in MINORS {
        let (plain, notes) = read(&[text(minor, "m")]);
        assert_eq!(notes, [], "{minor}");
        let lines: BTreeSet<(String, u32)> = places(&plain).into_iter().map(|(file, line, _)| (file, line)).collect();
        let untold: Vec<_> = marked().difference(&lines).cloned().collect();
        assert_eq!(untold, [], "{minor}");
        assert!(plain.stay > 0 && plain.go_version.is_none());
        let (why, notes) = read(&[text(minor, "m2")]);
        assert_eq!(notes, [], "{minor}");
        assert_eq!(places(&why), places(&plain), "{minor}");
        let (json, notes) = read(&jsons(minor));
        assert_eq!(notes, [], "{minor}");
        assert!(places(&json).is_superset(&places(&plain)), "{minor}: {:?}", places(&plain));
        assert!(json.go_version.as_deref().is_some_and(|version| version.starts_with(&format!("go{minor}."))), "{minor}");
        let extra: Vec<&Escape> = json
            .escapes
            .iter()
            .filter(|escape| !places(&plain).contains(&(file(&json, escape).to_owned(), escape.line, escape.column)))
            .collect();
        assert_eq!(extra, Vec::<&Escape>::new(), "{minor}");
    }
}

#[test]
fn the_way_to_the_heap_is_kept() {
    for (minor, last) in [("1.21", "from &record"), ("1.27", "from &record")] {
        assert!(String::from_utf8(text(minor, "m2")).expect("text").contains(last));
        let (log, _) = read(&[text(minor, "m2")]);
        let of = |what: &str| {
            let known = log.escapes.iter().find(|escape| &*escape.what == what).expect(what);
            (file(&log, known).to_owned(), known.why.clone().unwrap_or_default().into_string())
        };
        assert_eq!(of("o"), ("main.go".to_owned(), "return &o (return) at ./main.go:115:2".to_owned()));
        assert_eq!(of("pair"), ("main.go".to_owned(), "sink = pair (assign) at ./main.go:99:8".to_owned()));
        assert_eq!(of("record").1, "return &record (return) at store/store.go:18:2");
        assert_eq!(
            log.files.iter().map(|file| &*file.package).collect::<Vec<_>>()[..2],
            ["example.com/costs/store", "example.com/costs"]
        );
        let (log, _) = read(&jsons(minor));
        let inlined = log.escapes.iter().find(|escape| &*escape.what == "store.record").expect("inlined");
        assert_eq!(
            (file(&log, inlined), inlined.line, inlined.inlined_from.clone()),
            ("main.go", 92, Some(("store.go".into(), 17)))
        );
        assert_eq!(inlined.why.as_deref().map(|why| why.contains(" (assign) at main.go:92:8")), Some(true));
        let unnamed = log.escapes.iter().filter(|escape| escape.what.is_empty()).count();
        assert_eq!(unnamed, 0, "{minor}");
    }
}

#[test]
fn any_cut_is_read_and_what_is_no_diagnostic_is_counted() {
    for text in [text("1.27", "m"), text("1.21", "m2"), jsons("1.26").concat()] {
        let whole = read(std::slice::from_ref(&text)).0.escapes.len();
        for end in (0..text.len().min(4 << 10)).chain([text.len()]) {
            assert!(read(&[text[..end].to_vec()]).0.escapes.len() <= whole);
        }
    }
    let odd = b"{\"range\":1}\n{\"version\":0,\"file\":\"a.go\"}\n{\"range\":{\"start\":{\"line\":-1,\"character\":2}},\"code\":\"escape\"}\nx\n";
    let (log, notes) = read(&[odd.to_vec()]);
    assert!(log.escapes.is_empty());
    assert_eq!(notes.len(), 1);
    assert_eq!((&*notes[0].text, notes[0].offset), ("told: 3 lines that cannot be read were left out", Some(0)));
}

#[test]
fn values_and_places_of_any_shape() {
    let type_name = "x".repeat(3000);
    let told = format!(
        "# a.com/b [a.com/b.test]\n\
         C:\\src\\a.go:7: moved to heap: no column\r\n\
         /abs dir/b.go:8:9: {type_name} escapes to heap\n\
         ./b.go:0:1: x escapes to heap\n\
         b.go:9:1: leaking param: p\n\
         b.go:99999999999:1: x escapes to heap\n\
         ./b.go:10:3: \"is: é escapes to heap in go:\" escapes to heap in f:\n\
         ./b.go:10:3: \"is: é escapes to heap in go:\" escapes to heap\n\
         no line at all\n"
    );
    let (log, notes) = read(&[told.into_bytes()]);
    assert_eq!(notes, []);
    let seen: Vec<(&str, u32, u32)> =
        log.escapes.iter().map(|escape| (&*log.files[escape.file as usize].path, escape.line, escape.column)).collect();
    assert_eq!(seen, [("C:\\src\\a.go", 7, 0), ("/abs dir/b.go", 8, 9), ("b.go", 10, 3)]);
    assert_eq!(log.escapes[1].what.len(), MAX_SHOWN_BYTES + '…'.len_utf8());
    assert_eq!(&*log.files[0].package, "a.com/b");
    assert_eq!(log.escapes.len(), 3);
}
