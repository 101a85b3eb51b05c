//! What the reader's tests share: recordings, and a snapshot as short text.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use herd_formats::dump::Parsed;
use herd_model::{FrameId, Snapshot};

/// A recording of tests/recorded, decompressed.
pub fn recorded(name: &str) -> Vec<u8> {
    let path = folder().join(format!("{name}.zst"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    zstd::decode_all(bytes.as_slice()).expect("a zstd recording")
}

/// Names of all recordings whose name ends so.
pub fn all_recorded(suffix: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .expect("the recordings' folder")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".zst").map(str::to_owned))
        .filter(|name| name.ends_with(suffix))
        .collect();
    names.sort();
    names
}

/// Every recorded dump of the repository that one can walk to: name and bytes.
pub fn pattern_recordings(marks: &[&str]) -> Vec<(String, Vec<u8>)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../herd-patterns/src/patterns");
    let mut found = Vec::new();
    for pattern in std::fs::read_dir(top).expect("the catalogue") {
        let fixtures = pattern.expect("an entry").path().join("fixtures");
        let Ok(files) = std::fs::read_dir(&fixtures) else { continue };
        for file in files {
            let path = file.expect("an entry").path();
            let name = path.display().to_string();
            if marks.iter().any(|mark| name.contains(mark)) {
                let bytes = std::fs::read(&path).expect("a readable recording");
                found.push((name, zstd::decode_all(bytes.as_slice()).expect("a zstd recording")));
            }
        }
    }
    found.sort();
    found
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded")
}

/// Goroutine headers at the start of a line.
pub fn headers(text: &[u8]) -> u64 {
    let is_header = |line: &&[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.strip_prefix(b"goroutine ").is_some_and(|rest| rest[0].is_ascii_digit()) && line.ends_with(b":")
    };
    text.split(|byte| *byte == b'\n').filter(is_header).count() as u64
}

/// A parse in text without what depends on where it stood in the input.
pub fn shape(parsed: &Parsed) -> String {
    let mut snapshots = parsed.snapshots.clone();
    for cluster in snapshots.iter_mut().flat_map(|snapshot| &mut snapshot.clusters) {
        (cluster.offset, cluster.line) = (0, 0);
    }
    for snapshot in &mut snapshots {
        snapshot.taken_at_ns = None;
    }
    render(&Parsed { snapshots, notes: Vec::new() })
}

/// All of a parse in text.
pub fn render(parsed: &Parsed) -> String {
    let mut out = String::new();
    for snapshot in &parsed.snapshots {
        render_snapshot(snapshot, &mut out);
    }
    for note in &parsed.notes {
        writeln!(out, "note {:?} at {}: {}", note.kind, note.offset.map_or("-".to_owned(), |at| at.to_string()), note.text)
            .expect("text");
    }
    out
}

pub fn render_snapshot(snapshot: &Snapshot, out: &mut String) {
    write!(out, "{:?}: {} goroutines", snapshot.origin, snapshot.goroutines).expect("text");
    if let Some(ns) = snapshot.taken_at_ns {
        write!(out, ", at {}", herd_formats::stamp::format(ns)).expect("text");
    }
    if let Some(version) = &snapshot.go_version {
        write!(out, ", {version}").expect("text");
    }
    if let Some(why) = &snapshot.truncated {
        write!(out, ", truncated {why:?}").expect("text");
    }
    if let Some(crash) = &snapshot.crash {
        write!(out, ", crash {:?} in {:?}", crash.reason, crash.goroutine).expect("text");
    }
    out.push('\n');
    for cluster in &snapshot.clusters {
        let inferred = if cluster.state_inferred { "?" } else { "" };
        write!(out, "{} x {}{inferred} (byte {}, line {})", cluster.count, cluster.state.as_str(), cluster.offset, cluster.line)
            .expect("text");
        if cluster.leaked + cluster.locked > 0 {
            write!(out, " leaked {} locked {}", cluster.leaked, cluster.locked).expect("text");
        }
        if let Some(kind) = cluster.object_kind {
            let mut objects: Vec<_> =
                cluster.objects.iter().map(|(address, count)| format!("{:#x}*{count}", address.0)).collect();
            objects.sort();
            write!(out, " {kind:?} [{}]", objects.join(" ")).expect("text");
        }
        out.push('\n');
        render_goroutines(snapshot, cluster, out);
        let stack = snapshot.stack(cluster);
        let mut run = 0;
        for (index, id) in stack.frames.iter().enumerate() {
            if stack.elided > 0 && stack.elided_at == index as u32 {
                writeln!(out, "  ... {} elided", stack.elided).expect("text");
            }
            run += 1;
            if stack.frames.get(index + 1) != Some(id) || (stack.elided > 0 && stack.elided_at == index as u32 + 1) {
                let times = if run > 1 { format!(" ({run} times)") } else { String::new() };
                writeln!(out, "  {}{times}", frame(snapshot, *id)).expect("text");
                run = 0;
            }
        }
        if stack.unavailable {
            out.push_str("  unavailable\n");
        }
        if let Some(creator) = stack.created_by {
            writeln!(out, "  by {}", frame(snapshot, creator)).expect("text");
        }
        for ancestor in &stack.ancestors {
            let frames: Vec<String> = ancestor.frames.iter().map(|id| frame(snapshot, *id)).collect();
            let creator = ancestor.created_by.map_or(String::new(), |id| format!(" by {}", frame(snapshot, id)));
            writeln!(out, "  from {}{creator}", frames.join(", ")).expect("text");
        }
    }
}

fn render_goroutines(snapshot: &Snapshot, cluster: &herd_model::Cluster, out: &mut String) {
    let mut records: Vec<String> = Vec::new();
    for goroutine in cluster.log.iter() {
        let mut text = format!("{}", goroutine.id);
        if let Some(parent) = goroutine.parent {
            write!(text, "<{}", parent.0).expect("text");
        }
        if let Some(minutes) = goroutine.wait_minutes {
            write!(text, " {minutes}min").expect("text");
        }
        if let Some(bubble) = goroutine.bubble {
            write!(text, " bubble{bubble}").expect("text");
        }
        for (on, word) in
            [(goroutine.locked, "locked"), (goroutine.leaked, "leaked"), (goroutine.scan, "scan"), (goroutine.durable, "durable")]
        {
            if on {
                write!(text, " {word}").expect("text");
            }
        }
        if let Some(set) = goroutine.labels {
            write!(text, " {}", label_set(snapshot, set.0)).expect("text");
        }
        records.push(text);
    }
    if !records.is_empty() {
        writeln!(out, "  ids {}", records.join(", ")).expect("text");
    }
    let mut labels: Vec<String> =
        cluster.labels.iter().map(|(set, count)| format!("{}*{count}", label_set(snapshot, set.0))).collect();
    labels.sort();
    if cluster.log.is_empty() && !labels.is_empty() {
        writeln!(out, "  labels {}", labels.join(" ")).expect("text");
    }
}

fn label_set(snapshot: &Snapshot, id: u32) -> String {
    let pairs: Vec<String> = snapshot.label_sets[id as usize]
        .iter()
        .map(|(k, v)| format!("{}={}", snapshot.names.text(*k), snapshot.names.text(*v)))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

fn frame(snapshot: &Snapshot, id: FrameId) -> String {
    format!("{} {}:{}", snapshot.func(id), snapshot.file(id), snapshot.frame(id).line)
}
