//! The recordings, and a profile as text that does not depend on the order of its tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Command;

use flate2::read::GzDecoder;
use herd_formats::pprof;
use herd_model::{LabelValue, Profile};

pub const MINORS: [&str; 7] = ["1.21", "1.22", "1.23", "1.24", "1.25", "1.26", "1.27"];
pub const KINDS: [&str; 8] = ["cpu", "heap", "allocs", "block", "mutex", "goroutine", "threadcreate", "custom"];

pub fn path(minor: &str, file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../fixtures/profiles/go{minor}/{file}"))
}

pub fn bytes(minor: &str, file: &str) -> Vec<u8> {
    let path = path(minor, file);
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    if file.ends_with(".zst") { zstd::decode_all(&bytes[..]).expect("zstd") } else { bytes }
}

/// What a gzip stream holds.
pub fn plain(packed: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(packed).read_to_end(&mut plain).expect("gzip");
    plain
}

#[track_caller]
pub fn read(bytes: &[u8]) -> Profile {
    let (profile, notes) = pprof::read(bytes).expect("a profile");
    assert_eq!(notes, []);
    profile
}

pub fn proto(minor: &str, kind: &str) -> Profile {
    read(&bytes(minor, &format!("{kind}.pb.gz")))
}

/// Headers, then a line a sample with all that is known of it, sorted.
pub fn shown(profile: &Profile) -> String {
    let mut lines: Vec<String> = (0..profile.samples.len()).map(|row| sample(profile, row)).collect();
    lines.sort();
    let Profile { kind, sample_types, default_sample_type, period_type, period, taken_at_ns, duration_ns, comments, .. } =
        profile;
    let head = (kind, sample_types, default_sample_type, period_type, period, taken_at_ns, duration_ns, comments);
    let tail = (&profile.doc_url, &profile.drop_frames, &profile.keep_frames);
    format!("{head:?}{tail:?}\n{}", lines.join("\n"))
}

pub fn sample(profile: &Profile, row: usize) -> String {
    let text = |id| profile.names.text(id);
    let mut out = String::new();
    for id in profile.stacks.get(profile.samples.stacks[row]) {
        let location = &profile.locations[id.0 as usize];
        let mapping = location.mapping.map(|id| profile.mappings[id.0 as usize]);
        let mapping = mapping.map(|mapping| (text(mapping.file), text(mapping.build_id), mapping.start, mapping.has));
        write!(out, "{:#x} {mapping:?} {} [", location.address, location.folded).expect("text");
        for line in profile.lines_of(location) {
            let function = profile.functions[line.function.0 as usize];
            let names = (text(function.name), text(function.system_name), text(function.file), function.start_line);
            write!(out, "{names:?} {}:{},", line.line, line.column).expect("text");
        }
        out += "]; ";
    }
    for label in &profile.label_sets[profile.samples.labels[row].0 as usize] {
        match label.value {
            LabelValue::Text(value) => write!(out, "{}={} ", text(label.key), text(value)),
            LabelValue::Number(value, unit) => write!(out, "{}={value}{} ", text(label.key), text(unit)),
        }
        .expect("text");
    }
    let values: Vec<i64> = profile.samples.values.iter().map(|column| column[row]).collect();
    format!("{out}{values:?}")
}

/// A row of `go tool pprof -top`: flat and cum by name.
pub type Rows = BTreeMap<String, (i64, i64)>;

/// The rows of what `go tool pprof -top` printed, and the total it names.
pub fn rows(printed: &str) -> (Rows, i64) {
    let mut lines = printed.lines().skip_while(|line| !line.starts_with("Showing nodes"));
    let showing = lines.next().expect("a line of totals");
    let total = value(showing.strip_suffix(" total").expect("a total").rsplit(' ').next().expect("a total"));
    let rows = lines.skip(1).map(|line| {
        let mut rest = line;
        let columns: Vec<&str> = (0..5)
            .map(|_| {
                rest = rest.trim_start();
                let (column, after) = rest.split_once(' ').expect("a column");
                rest = after;
                column
            })
            .collect();
        let name = rest.trim().trim_end_matches(" (inline)").trim_end_matches(" (partial-inline)");
        (herd_model::unescaped(name.as_bytes()).into_owned(), (value(columns[0]), value(columns[3])))
    });
    (rows.collect(), total)
}

fn value(text: &str) -> i64 {
    text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic()).parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

/// What `go tool pprof` prints of a file, without rounding.
pub fn go_top(file: &std::path::Path, sample_type: &str, granularity: &str) -> String {
    let unit = match sample_type {
        "cpu" | "delay" => "ns",
        "alloc_space" | "inuse_space" => "B",
        _ => "count",
    };
    go_pprof(&[
        "-top",
        "-symbolize=none",
        "-nodecount=0",
        "-nodefraction=0",
        "-edgefraction=0",
        &format!("-sample_index={sample_type}"),
        &format!("-unit={unit}"),
        &format!("-{granularity}"),
        &file.display().to_string(),
    ])
}

pub fn go_pprof(args: &[&str]) -> String {
    let run = Command::new("go").args(["tool", "pprof"]).args(args).output().expect("go is installed");
    assert!(run.status.success(), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
    String::from_utf8_lossy(&run.stdout).into_owned()
}
