//! Runtime logs from files and pipes, packed or not, read as a stream so that a pipe can be followed.

use std::fs::File;
use std::io::{self, Read};

use herd_formats::runlog::RunlogReader;
use herd_model::{RuntimeLogs, TargetKind};

use crate::file::{Piped, opened, unreadable};
use crate::inflate::{MAX_INFLATED_BYTES, unpack};
use crate::{CancelFlag, Options, Place, SourceError, Target, document};

/// Bytes of a file read at a time; of a pipe, what it holds.
const PIECE_BYTES: usize = 256 << 10;

/// Bytes by which a log is told from other files: what a program prints before its second collection is less.
const HEAD_BYTES: u64 = 256 << 10;

/// What a log held.
#[derive(Clone, Debug)]
pub struct RuntimeLogRead {
    /// Name of the target, credentials removed.
    pub name: String,
    /// What kind of target it is.
    pub kind: TargetKind,
    /// Its records.
    pub logs: RuntimeLogs,
    /// Ctrl-C ended it before its end.
    pub interrupted: bool,
}

/// Whether a file holds something a runtime printed of itself, packed or not, by its beginning. Errors are the reader's to tell.
pub fn holds_runtime_log(target: &Target) -> bool {
    let Place::Path(path) = &target.place else { return false };
    let is_file = path.metadata().is_ok_and(|metadata| metadata.is_file());
    let Some(file) = is_file.then(|| File::open(path).ok()).flatten() else { return false };
    let mut head = Vec::new();
    let read = unpack(file).and_then(|(_, plain)| plain.take(HEAD_BYTES).read_to_end(&mut head));
    read.is_ok() && herd_formats::runlog::parse(&head).records > 0
}

/// Reads a file, standard input or an address to its end or to Ctrl-C; `tell` is called after each piece with what was read so far.
pub fn runtime_log(
    target: &Target,
    options: &Options,
    cancel: &CancelFlag,
    tell: &mut dyn FnMut(&RuntimeLogs),
) -> Result<RuntimeLogRead, SourceError> {
    let read = |logs, interrupted| RuntimeLogRead { name: target.name.clone(), kind: target.kind(), logs, interrupted };
    let (logs, interrupted) = match &target.place {
        Place::Stdin => stream(target, Piped::start(io::stdin(), cancel.clone()), cancel, tell)?,
        Place::Path(path) => {
            let file = opened(path, cancel).map_err(|source| unreadable(target.name.clone(), source))?;
            stream(target, file, cancel, tell)?
        }
        Place::Endpoint(_) => (herd_formats::runlog::parse(&document(target, options, cancel)?.bytes), false),
        Place::Process(_) | Place::Core { .. } => return Err(SourceError::NotATable { target: target.name.clone() }),
    };
    Ok(read(logs, interrupted))
}

fn stream(
    target: &Target,
    input: impl Read,
    cancel: &CancelFlag,
    tell: &mut dyn FnMut(&RuntimeLogs),
) -> Result<(RuntimeLogs, bool), SourceError> {
    let failed = |source: io::Error| SourceError::Unreadable { path: target.name.clone(), source };
    let mut reader = RunlogReader::new();
    let unpacked = match unpack(input) {
        Ok((_, unpacked)) => unpacked,
        Err(_) if cancel.is_cancelled() => return Ok((reader.finish(), true)),
        Err(source) => return Err(failed(source)),
    };
    let mut unpacked = unpacked.take(MAX_INFLATED_BYTES);
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match unpacked.read(&mut piece) {
            _ if cancel.is_cancelled() => return Ok((reader.finish(), true)),
            Ok(0) => return Ok((reader.finish(), false)),
            Ok(len) => {
                reader.push(&piece[..len]);
                tell(reader.so_far());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(failed(source)),
        }
    }
}
