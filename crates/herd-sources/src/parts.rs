//! A large plain file read in ranges side by side, one thread each; the answer is that of one pass.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;
use std::thread;

use herd_formats::dump::{self, Part, PartReader, Wants};

use crate::read::{CHUNK_BYTES, Found, HEAD_BYTES, is_plain_dump, no_goroutines};
use crate::{CancelFlag, SourceError};

/// Below this a second thread costs more than it brings.
const PART_BYTES_MIN: u64 = 16 << 20;
/// Each thread holds the distinct stacks of its range.
const THREADS_MAX: u64 = 8;

/// Whether a file of this length is worth dividing on this machine.
pub(crate) fn pays(len: u64) -> bool {
    threads(len) > 1
}

/// Whether the file starts as text; it is rewound.
pub(crate) fn is_plain_text(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::with_capacity(HEAD_BYTES);
    file.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(is_plain_dump(&head))
}

/// Reads a file of `len` bytes in parts.
pub(crate) fn read(shown: &str, path: &Path, len: u64, cancel: &CancelFlag) -> Result<Found, SourceError> {
    let ranges = dump::split_points(len, threads(len));
    let parts: io::Result<Vec<Part>> = thread::scope(|scope| {
        let readers: Vec<_> = ranges.into_iter().map(|range| scope.spawn(move || part(path, range, len, cancel))).collect();
        readers.into_iter().map(|reader| reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    if cancel.is_cancelled() {
        return Err(SourceError::Interrupted);
    }
    let parts = parts.map_err(|source| SourceError::Unreadable { path: shown.to_owned(), source })?;
    let parsed = dump::join(parts);
    if parsed.snapshots.is_empty() {
        return Err(no_goroutines(shown));
    }
    Ok(Found { snapshots: parsed.snapshots, notes: parsed.notes, bytes: len })
}

fn part(path: &Path, range: Range<u64>, len: u64, cancel: &CancelFlag) -> io::Result<Part> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(range.start))?;
    let mut reader = PartReader::new(range, len);
    let mut chunk = vec![0; CHUNK_BYTES];
    while !cancel.is_cancelled() {
        let read = file.read(&mut chunk)?;
        if read == 0 || reader.push(&chunk[..read]) == Wants::Nothing {
            break;
        }
    }
    Ok(reader.finish())
}

fn threads(len: u64) -> u64 {
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    cores.min(len / PART_BYTES_MIN).clamp(1, THREADS_MAX)
}
