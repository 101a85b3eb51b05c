//! Files, pipes and standard input.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use herd_model::{Note, NoteKind, TargetKind};

use crate::read::{self, Found};
use crate::{CancelFlag, SourceError, Target, Testimony, TimeFrom, parts, when};

const CANCEL_POLL: Duration = Duration::from_millis(50);
/// What a pipe of Linux holds: more never comes at once.
const PIPE_BYTES: usize = 64 << 10;
/// Chunks read ahead of the parser.
const CHUNKS_AHEAD: usize = 16;

/// Reads one file: in ranges side by side when it is large and plain, else as a stream.
pub(crate) fn read_path(target: &str, path: &Path, cancel: &CancelFlag) -> Result<Vec<Testimony>, SourceError> {
    let shown = path.display().to_string();
    let unreadable = |source: io::Error| unreadable(shown.clone(), source);
    let metadata = std::fs::metadata(path).map_err(unreadable)?;
    let mut file = File::open(path).map_err(unreadable)?;
    let found = if !metadata.is_file() {
        read::stream(&shown, Piped::start(file, cancel.clone()), cancel)?
    } else if parts::pays(metadata.len()) && parts::is_plain_text(&mut file).map_err(unreadable)? {
        parts::read(&shown, path, metadata.len(), cancel)?
    } else {
        read::stream(&shown, file, cancel)?
    };
    let mut testimonies = testimonies(target, TargetKind::File, &file_name(path), found);
    date_by_name(&mut testimonies, path);
    let modified_at_ns = when::modified_at_ns(path);
    for testimony in &mut testimonies {
        testimony.modified_at_ns = modified_at_ns;
    }
    Ok(testimonies)
}

/// A file to be read from its beginning; one that may keep its reader waiting, such as a named pipe, as a pipe.
pub(crate) fn opened(path: &Path, cancel: &CancelFlag) -> io::Result<Box<dyn Read>> {
    let file = File::open(path)?;
    let is_file = file.metadata()?.is_file();
    Ok(if is_file { Box::new(file) } else { Box::new(Piped::start(file, cancel.clone())) })
}

/// Why a file could not be read.
pub(crate) fn unreadable(path: String, source: io::Error) -> SourceError {
    if source.kind() == io::ErrorKind::NotFound {
        SourceError::NotFound { path }
    } else {
        SourceError::Unreadable { path, source }
    }
}

/// Reads standard input to its end.
pub(crate) fn read_stdin(target: &Target, cancel: &CancelFlag) -> Result<Vec<Testimony>, SourceError> {
    let found = read::stream("standard input", Piped::start(io::stdin(), cancel.clone()), cancel)?;
    Ok(testimonies(&target.name, TargetKind::Stdin, "standard input", found))
}

/// Notes and bytes belong to the whole input and go with its first snapshot, so that sums are right.
fn testimonies(target: &str, kind: TargetKind, witness: &str, found: Found) -> Vec<Testimony> {
    let mut notes = found.notes;
    let mut bytes = found.bytes;
    found
        .snapshots
        .into_iter()
        .map(|snapshot| Testimony {
            target_name: target.to_owned(),
            kind,
            witness: witness.to_owned(),
            labels: None,
            taken_at_ns: snapshot.taken_at_ns,
            taken_at_from: if snapshot.taken_at_ns.is_some() { TimeFrom::Text } else { TimeFrom::Unknown },
            snapshot,
            notes: std::mem::take(&mut notes),
            bytes: std::mem::take(&mut bytes),
            modified_at_ns: None,
            seconds: 0.0,
            cost: None,
        })
        .collect()
}

/// A name dates one snapshot; with several in the file it could be the first or the last.
fn date_by_name(testimonies: &mut [Testimony], path: &Path) {
    let [only] = testimonies else { return };
    if only.taken_at_ns.is_some() {
        return;
    }
    if let Some(ns) = when::from_name(path) {
        only.taken_at_ns = Some(ns);
        only.snapshot.taken_at_ns = Some(ns);
        only.taken_at_from = TimeFrom::FileName;
        let text = format!("{} is dated by its name, read as UTC where that names no zone", only.witness);
        only.notes.push(Note { kind: NoteKind::Advice, offset: None, text });
    }
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// An input that may keep its reader waiting, read on a thread of its own so that Ctrl-C ends the wait.
pub(crate) struct Piped {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    cancel: CancelFlag,
}

impl Piped {
    pub(crate) fn start(mut input: impl Read + Send + 'static, cancel: CancelFlag) -> Piped {
        let (sender, chunks) = sync_channel(CHUNKS_AHEAD);
        // The thread ends with its input, or with the first chunk nobody takes.
        std::thread::spawn(move || {
            loop {
                let mut chunk = vec![0; PIPE_BYTES];
                let read = match input.read(&mut chunk) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read,
                };
                let last = !matches!(read, Ok(1..));
                let sent = sender.send(read.map(|bytes| {
                    chunk.truncate(bytes);
                    chunk
                }));
                if last || sent.is_err() {
                    return;
                }
            }
        });
        Piped { chunks, chunk: io::Cursor::default(), cancel }
    }
}

impl Read for Piped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.chunk.position() == self.chunk.get_ref().len() as u64 {
            match self.chunks.recv_timeout(CANCEL_POLL) {
                Ok(Ok(chunk)) if chunk.is_empty() => return Ok(0),
                Ok(chunk) => self.chunk = io::Cursor::new(chunk?),
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
                Err(RecvTimeoutError::Timeout) if self.cancel.is_cancelled() => return Err(io::Error::other("interrupted")),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
        self.chunk.read(into)
    }
}
