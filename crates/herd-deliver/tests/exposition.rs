//! What is written is read back equal: Prometheus text and OpenMetrics by a reader of their own grammar, remote write by one of protobuf.

#![allow(clippy::unwrap_used)] // Helpers of tests are tests.

mod support;

use std::collections::BTreeMap;

use herd_config::{Guarded, Http};
use herd_deliver::clock::At;
use herd_deliver::exposition::{
    Family, Kind, Push, PushForm, Sample, Series, encode_write_request, openmetrics, prometheus_text, write_requests,
};
use proptest::prelude::*;

/// A metric as it stands on a page: type, help, series with their values (as bits) and times.
type Page = BTreeMap<String, (String, String, BTreeMap<Vec<(String, String)>, (u64, Option<String>)>)>;

/// Reads a page of either form, as its grammar says: a line a metric's help, type or series.
fn read(page: &str) -> Page {
    let mut all = Page::new();
    let mut of = String::new();
    for line in page.split_terminator('\n') {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').unwrap();
            name.clone_into(&mut of);
            let fresh = all.insert(of.clone(), (String::new(), unescaped(help).0, BTreeMap::new())).is_none();
            assert!(fresh, "{name} stands twice");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert_eq!(name, of);
            kind.clone_into(&mut all.get_mut(name).unwrap().0);
        } else if line == "# EOF" {
            assert!(page.ends_with("# EOF\n"));
        } else {
            let (name, labels, value, time) = read_series(line);
            let kind = all[&of].0.clone();
            let expected = if kind == "counter" && !of.ends_with("_total") { format!("{of}_total") } else { of.clone() };
            assert_eq!(name, expected, "{line}");
            let again = all.get_mut(&of).unwrap().2.insert(labels, (value.to_bits(), time));
            assert_eq!(again, None, "{line} stands twice");
        }
    }
    all
}

fn read_series(line: &str) -> (String, Vec<(String, String)>, f64, Option<String>) {
    let end = line.find([' ', '{']).unwrap();
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if rest.starts_with('{') {
        while !rest.starts_with('}') {
            let (label, after) = rest[1..].split_once("=\"").unwrap();
            let (value, used) = unescaped(after);
            labels.push((label.to_owned(), value));
            rest = &after[used + 1..];
        }
        rest = &rest[1..];
    }
    let mut words = rest[1..].split(' ');
    let value: f64 = match words.next().unwrap() {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        number => number.parse().unwrap(),
    };
    (name.to_owned(), labels, value, words.next().map(str::to_owned))
}

/// Text up to its end or an unescaped quote, and the bytes it took.
fn unescaped(text: &str) -> (String, usize) {
    let mut plain = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (plain, at),
            '\\' => match chars.next().unwrap().1 {
                'n' => plain.push('\n'),
                c @ ('\\' | '"') => plain.push(c),
                c => panic!("\\{c} is no escape in {text}"),
            },
            c => plain.push(c),
        }
    }
    (plain, text.len())
}

fn families() -> impl Strategy<Value = Vec<Family>> {
    let labels = prop::collection::btree_map("[a-zA-Z_][a-zA-Z0-9_]{0,6}", "\\PC{1,12}|[\\\\\"\n{},= ]{1,6}", 0..4);
    let value = prop_oneof![
        any::<f64>(),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
        (0_u32..1_000).prop_map(f64::from)
    ];
    let at = prop::option::of((0_u64..4_000_000_000_000).prop_map(At));
    let sample = (labels, value, at).prop_map(|(labels, value, at)| Sample { labels, value, at });
    let samples = prop::collection::vec(sample, 0..6);
    // Help in the text format has no quotes to end, so that a bare one would end this test's reader and no other.
    let help = "[^\"]{0,20}";
    let kinds = prop_oneof![Just(Kind::Gauge), Just(Kind::Counter), Just(Kind::Unknown)];
    let family =
        ("[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", any::<bool>(), kinds, help, samples).prop_map(|(name, total, kind, help, samples)| {
            let name = if total || kind == Kind::Counter { format!("{name}_total") } else { name };
            Family { name, kind, help, samples }
        });
    prop::collection::vec(family, 0..5)
}

/// What should stand on the page: families of one name are one, of series with the same labels the last.
fn expected(families: &[Family], openmetrics: bool) -> Page {
    let mut all = Page::new();
    for family in families {
        // A counter's stem may be another family's name; then both cannot stand on one page, and the test asks for no such pair.
        let counter = all.get(&family.name).map_or(family.kind == Kind::Counter, |there| there.0 == "counter");
        let kind = match (family.kind, openmetrics) {
            (Kind::Counter, _) => "counter",
            (Kind::Gauge, true) if family.name.ends_with("_total") => "unknown",
            (Kind::Gauge, _) => "gauge",
            (Kind::Unknown, true) => "unknown",
            (Kind::Unknown, false) => "untyped",
        };
        let entry = all.entry(family.name.clone()).or_insert_with(|| (kind.to_owned(), family.help.clone(), BTreeMap::new()));
        assert_eq!(counter, entry.0 == "counter");
        for sample in &family.samples {
            let time =
                sample.at.map(|at| if openmetrics { format!("{}.{:03}", at.0 / 1_000, at.0 % 1_000) } else { at.0.to_string() });
            let value = if sample.value.is_nan() { f64::NAN } else { sample.value };
            entry.2.insert(sample.labels.clone().into_iter().collect(), (value.to_bits(), time));
        }
    }
    if openmetrics {
        let stem = |(name, page): (String, _)| -> (String, (String, String, BTreeMap<_, _>)) {
            let (kind, help, series): (String, String, BTreeMap<_, _>) = page;
            let name = if kind == "counter" { name.strip_suffix("_total").unwrap().to_owned() } else { name };
            (name, (kind, help, series))
        };
        return all.into_iter().map(stem).collect();
    }
    all
}

/// Whether two metrics of different kinds claim one name in OpenMetrics.
fn clash(families: &[Family]) -> bool {
    let mut kinds: BTreeMap<&str, Kind> = BTreeMap::new();
    families.iter().any(|family| {
        let stem = family.name.strip_suffix("_total").unwrap_or(&family.name);
        *kinds.entry(stem).or_insert(family.kind) != family.kind
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_page_is_read_back_equal(families in families()) {
        prop_assume!(!clash(&families));
        prop_assert_eq!(read(&prometheus_text(&families)), expected(&families, false));
        prop_assert_eq!(read(&openmetrics(&families)), expected(&families, true));
        let mut reversed = families.clone();
        for family in &mut reversed {
            let mut seen = std::collections::BTreeSet::new();
            prop_assume!(family.samples.iter().all(|sample| seen.insert(sample.labels.clone())));
            family.samples.reverse();
        }
        prop_assert_eq!(prometheus_text(&reversed), prometheus_text(&families), "the order of series is the page's own");
    }

    #[test]
    fn a_write_request_is_read_back_equal(
        series in prop::collection::vec(
            (
                prop::collection::vec(("[a-z_]{1,9}", "\\PC{0,200}"), 0..4),
                prop::collection::vec((any::<f64>(), (0_u64..1 << 50).prop_map(At)), 0..4),
            ),
            0..5,
        )
    ) {
        let series: Vec<Series> = series.into_iter().map(|(labels, mut samples)| {
            samples.sort_by_key(|(_, at)| *at);
            Series { labels, samples }
        }).collect();
        let read = read_write_request(&encode_write_request(&series));
        prop_assert_eq!(format!("{read:?}"), format!("{series:?}"), "NaN is no equal of itself");
    }
}

fn read_write_request(bytes: &[u8]) -> Vec<Series> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    fields(bytes)
        .map(|(number, one)| {
            assert_eq!(number, 1);
            let mut series = Series { labels: Vec::new(), samples: Vec::new() };
            for (number, part) in fields(one) {
                if number == 1 {
                    let parts: Vec<(u8, &[u8])> = fields(part).collect();
                    assert_eq!((parts[0].0, parts[1].0, parts.len()), (1, 2, 2));
                    series.labels.push((text(parts[0].1), text(parts[1].1)));
                } else {
                    assert_eq!((number, part[0], part[9]), (2, 0x09, 0x10));
                    let (at, rest) = varint(&part[10..]);
                    assert!(rest.is_empty());
                    series.samples.push((f64::from_le_bytes(part[1..9].try_into().unwrap()), At(at)));
                }
            }
            series
        })
        .collect()
}

/// The fields of a message that has none but of bytes.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (key, rest) = bytes.split_first()?;
        assert_eq!(key & 7, 2);
        let (length, rest) = varint(rest);
        let (field, rest) = rest.split_at(length as usize);
        bytes = rest;
        Some((key >> 3, field))
    })
}

fn varint(bytes: &[u8]) -> (u64, &[u8]) {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0).unwrap();
    let value = bytes[..=end].iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f));
    (value, &bytes[end + 1..])
}

#[test]
fn the_metric_of_goroutines_by_context_is_a_gauge_that_openmetrics_knows_not() {
    let family = Family::new("go_goroutines_by_context_total", Kind::Gauge, "Goroutines by what they work for.")
        .with(&[("service", "pay"), ("endpoint", "/charge \"now\"\\"), ("traceID", "")], 412.0)
        .with(&[("service", "pay"), ("endpoint", "/a\nb"), ("traceID", "")], 0.5);
    let dumps = Family::new("goroutine_dump_total", Kind::Counter, "Dumps taken.").with(&[], 3.0);
    insta::assert_snapshot!(prometheus_text(&[family.clone(), dumps.clone()]), @r#"
    # HELP go_goroutines_by_context_total Goroutines by what they work for.
    # TYPE go_goroutines_by_context_total gauge
    go_goroutines_by_context_total{endpoint="/a\nb",service="pay"} 0.5
    go_goroutines_by_context_total{endpoint="/charge \"now\"\\",service="pay"} 412
    # HELP goroutine_dump_total Dumps taken.
    # TYPE goroutine_dump_total counter
    goroutine_dump_total 3
    "#);
    insta::assert_snapshot!(openmetrics(&[family, dumps]), @r#"
    # HELP go_goroutines_by_context_total Goroutines by what they work for.
    # TYPE go_goroutines_by_context_total unknown
    go_goroutines_by_context_total{endpoint="/a\nb",service="pay"} 0.5
    go_goroutines_by_context_total{endpoint="/charge \"now\"\\",service="pay"} 412
    # HELP goroutine_dump Dumps taken.
    # TYPE goroutine_dump counter
    goroutine_dump_total 3
    # EOF
    "#);
}

#[test]
fn requests_are_parted_and_hold_every_series() {
    let mut family = Family::new("m", Kind::Gauge, "");
    for at in 0..25 {
        family = family.with(&[("at", &at.to_string())], f64::from(at));
    }
    let bodies = write_requests(&[family], At(1_000), 10).unwrap();
    let parts: Vec<Vec<Series>> =
        bodies.iter().map(|body| read_write_request(&snap::raw::Decoder::new().decompress_vec(body).unwrap())).collect();
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    let sum: f64 = parts.iter().flatten().map(|series| series.samples[0].0).sum();
    assert_eq!(sum.to_bits(), 300_f64.to_bits());
    assert_eq!(parts[0][0].labels[0], ("__name__".to_owned(), "m".to_owned()));
    assert_eq!(parts[0][0].samples[0].1, At(1_000));
}

#[test]
fn otlp_metrics() {
    let families = [
        Family::new("go_goroutines_by_context_total", Kind::Gauge, "Goroutines.")
            .with(&[("service", "pay"), ("traceID", "")], 412.0),
        Family::new("goroutine_dump_total", Kind::Counter, "Dumps taken.").with(&[("service", "pay")], 3.0),
        Family::new("go_goroutines_p95", Kind::Unknown, "The 95th percentile.").with(&[], f64::NAN),
    ];
    let receiver = support::Receiver::start();
    let resource = vec![("service.name".to_owned(), "goherd".to_owned())];
    let form = PushForm::Otlp { resource, started_at: At(500) };
    let url = Guarded::Plain(receiver.url("/v1/metrics"));
    let push = Push::open(&url, &Http::default(), form, 1, std::time::Duration::from_millis(1)).unwrap();
    receiver.answer(503, "");
    push.write(&families, At(1_500)).unwrap();
    let calls = receiver.calls();
    assert_eq!((calls.len(), calls[0].headers["content-type"].to_str().unwrap()), (2, "application/json"));
    assert_eq!(calls[0].body, calls[1].body);
    insta::assert_json_snapshot!(calls[1].json());
    receiver.answer(200, r#"{"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"too old"}}"#);
    let refused = push.write(&families, At(1_500)).unwrap_err().to_string();
    assert!(refused.ends_with("answers 200 (1 attempt): 1 data points are rejected: too old"), "{refused}");
}
