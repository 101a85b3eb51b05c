//! Pages that client_golang wrote, against what expfmt reads in them (`testbed/pages`).

use std::collections::BTreeSet;
use std::path::Path;

use herd_formats::exposition::{Keep, Kind, Limits, Page, parts, read, same, unescaped};

const LIMITS: Limits = Limits { series: 10_000, key_bytes: 1000 };

fn recorded(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pages").join(name);
    zstd::decode_all(std::fs::File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .expect("it is zstd")
}

/// Name and labels in order, as Go quotes them.
fn identity(key: &str) -> (String, String) {
    let (name, labels) = parts(key);
    let mut labels: Vec<String> = labels.into_iter().map(|(name, value)| format!("{name}={:?}", unescaped(value))).collect();
    labels.sort();
    (name.into_owned(), labels.join(","))
}

fn identities(page: &Page) -> BTreeSet<(String, String)> {
    page.layout.series().map(|(key, _)| identity(key)).collect()
}

#[test]
fn every_sample_is_the_one_that_expfmt_reads() {
    let text = recorded("page.txt.zst");
    let page = read(&text, &Keep::All, LIMITS);
    assert!(page.lost.is_nothing(), "{:?}", page.lost);
    let mut own: Vec<String> = Vec::new();
    for ((key, kind), value) in page.layout.series().zip(&page.values) {
        let (name, labels) = identity(key);
        own.push(format!("{name}\t{labels}\t{}\t{}", value.to_bits(), kind == Kind::Counter));
    }
    let expected = String::from_utf8(recorded("page.samples.tsv.zst")).expect("it is text");
    let mut theirs: Vec<String> = Vec::new();
    for line in expected.lines() {
        let [name, labels, value, kind] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
        let counts = kind != "GAUGE" && !labels.contains("quantile=");
        theirs.push(format!("{name}\t{labels}\t{}\t{counts}", value.to_bits()));
    }
    own.sort();
    theirs.sort();
    assert!(theirs.len() > 200);
    assert_eq!(own, theirs);
    let mut values = Vec::new();
    assert!(same(&text, &page.layout, &Keep::All, &mut values));
    assert!(values.iter().map(|value| value.to_bits()).eq(page.values.iter().map(|value| value.to_bits())));
}

#[test]
fn both_forms_show_the_same_series() {
    let text = identities(&read(&recorded("page.txt.zst"), &Keep::All, LIMITS));
    let open = read(&recorded("page.openmetrics.txt.zst"), &Keep::All, LIMITS);
    assert!(open.lost.is_nothing(), "{:?}", open.lost);
    let open = identities(&open);
    let created = |(name, _): &&(String, String)| name.ends_with("_created");
    // OpenMetrics writes the bounds of buckets as floats, and counters always as totals.
    let bare = |(name, labels): &(String, String)| {
        (name.trim_end_matches("_total").to_owned(), labels.replace("le=\"10.0\"", "le=\"10\"").replace(".0\"", "\""))
    };
    assert_eq!(
        open.iter().filter(|key| !created(key)).map(bare).collect::<BTreeSet<_>>(),
        text.iter().map(bare).collect::<BTreeSet<_>>()
    );
}

#[test]
fn a_page_cut_anywhere_keeps_what_is_before_the_cut() {
    let text = recorded("page.txt.zst");
    let text = &text[..text.len().min(4096)];
    let whole = read(text, &Keep::All, LIMITS);
    for cut in 0..text.len() {
        let page = read(&text[..cut], &Keep::All, LIMITS);
        // The last line may be cut within its number, or be none any more.
        let kept = page.values.len().saturating_sub(1);
        assert_eq!(page.values[..kept], whole.values[..kept], "{cut}");
        assert!(page.lost.malformed <= 1, "{cut}");
    }
}
