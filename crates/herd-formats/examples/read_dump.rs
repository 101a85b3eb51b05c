//! Reads a dump from a file and says what it holds: `read_dump FILE [THREADS]`.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::ops::Range;

use herd_formats::dump::{self, DumpReader, Parsed, Part, PartReader, Wants};

const PIECE_BYTES: usize = 1 << 20;

fn main() -> std::io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let path = args.first().map_or("-", String::as_str);
    let threads: u64 = args.get(1).and_then(|text| text.parse().ok()).unwrap_or(1);
    let parsed = if threads > 1 { read_parts(path, threads)? } else { read(path)? };
    let mut out = std::io::stdout().lock();
    for snapshot in &parsed.snapshots {
        let records: usize = snapshot.clusters.iter().map(|cluster| cluster.log.bytes()).sum();
        writeln!(
            out,
            "{:?}: {} goroutines, {} clusters, {} stacks, {records} bytes of records, truncated: {:?}",
            snapshot.origin,
            snapshot.goroutines,
            snapshot.clusters.len(),
            snapshot.stacks.len(),
            snapshot.truncated
        )?;
    }
    for note in &parsed.notes {
        writeln!(out, "note at {:?}: {}", note.offset, note.text)?;
    }
    Ok(())
}

fn read(path: &str) -> std::io::Result<Parsed> {
    let mut file = File::open(path)?;
    let mut reader = DumpReader::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let len = file.read(&mut piece)?;
        if len == 0 {
            return Ok(reader.finish());
        }
        reader.push(&piece[..len]);
    }
}

fn read_parts(path: &str, threads: u64) -> std::io::Result<Parsed> {
    let len = std::fs::metadata(path)?.len();
    let ranges = dump::split_points(len, threads);
    let parts = std::thread::scope(|scope| {
        let running: Vec<_> = ranges.into_iter().map(|range| scope.spawn(move || read_part(path, range, len))).collect();
        running
            .into_iter()
            .map(|thread| thread.join().expect("the reader does not panic"))
            .collect::<std::io::Result<Vec<Part>>>()
    })?;
    Ok(dump::join(parts))
}

fn read_part(path: &str, range: Range<u64>, len: u64) -> std::io::Result<Part> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let mut reader = PartReader::new(range, len);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let len = file.read(&mut piece)?;
        if len == 0 || reader.push(&piece[..len]) == Wants::Nothing {
            return Ok(reader.finish());
        }
    }
}
