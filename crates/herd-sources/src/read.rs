//! Bytes of any kind to snapshots: packing taken off, kind recognised by content, read as a stream where the form allows it.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use herd_formats::dump::DumpReader;
use herd_formats::{Kind, fuse, pprof, profile, recognise, saved};
use herd_model::{Note, NoteKind, Profile, SampleVisitor, Snapshot, Truncation};

use crate::inflate::{MAX_INFLATED_BYTES, Packing, unpack};
use crate::utf16::{self, Utf16};
use crate::{CancelFlag, SourceError};

/// What is read at once.
pub(crate) const CHUNK_BYTES: usize = 1 << 20;
/// As much as recognising a kind needs.
pub(crate) const HEAD_BYTES: usize = 64 << 10;
/// The most of a form that must be held whole: a profile or a saved envelope.
pub const MAX_WHOLE_BYTES: u64 = 256 << 20;

/// How an envelope starts, white space apart.
const ENVELOPE_START: &[u8] = br#"{"schema":"goherd/"#;

/// What an input held; at least one snapshot.
pub(crate) struct Found {
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) notes: Vec<Note>,
    /// Bytes before unpacking.
    pub(crate) bytes: u64,
}

/// Reads an input to its end. Memory follows distinct stacks for text, the input for profiles and envelopes.
pub(crate) fn stream(shown: &str, input: impl Read, cancel: &CancelFlag) -> Result<Found, SourceError> {
    stream_within(shown, input, MAX_INFLATED_BYTES, cancel)
}

fn stream_within(shown: &str, input: impl Read, inflated_max: u64, cancel: &CancelFlag) -> Result<Found, SourceError> {
    let bytes = Rc::new(Cell::new(0));
    let opened = open(shown, Counted { input, bytes: bytes.clone() }, inflated_max, cancel)?;
    let utf16 = opened.utf16;
    let mut found = snapshots(opened)?;
    found.bytes = bytes.get();
    found.notes.extend(utf16.then(utf16_note));
    Ok(found)
}

/// What an input held that was asked for weights.
pub(crate) enum Held {
    /// A weighted profile, what its reader says, and bytes before unpacking.
    Profile(Box<Profile>, Vec<Note>, u64),
    /// Snapshots of goroutines.
    Snapshots(Found),
}

/// Reads an input to its end: a profile of any kind as it is, anything else as [`stream`] does.
///
/// Samples of a profile are shown to a visitor, if there is one, and then the profile may have none.
pub(crate) fn weights(
    shown: &str,
    input: impl Read,
    cancel: &CancelFlag,
    visitor: Option<&mut dyn SampleVisitor>,
) -> Result<Held, SourceError> {
    let bytes = Rc::new(Cell::new(0));
    let opened = open(shown, Counted { input, bytes: bytes.clone() }, MAX_INFLATED_BYTES, cancel)?;
    let utf16 = opened.utf16.then(utf16_note);
    if matches!(opened.kind, Kind::ProfileProto { .. } | Kind::ProfileText(_)) {
        let (profile, mut notes) = opened.input.profile(visitor)?;
        notes.extend(utf16);
        return Ok(Held::Profile(Box::new(profile), notes, bytes.get()));
    }
    let mut found = snapshots(opened).map_err(|error| {
        if let SourceError::NotADump { target, what } = error { SourceError::NotAProfile { target, what } } else { error }
    })?;
    found.bytes = bytes.get();
    found.notes.extend(utf16);
    Ok(Held::Snapshots(found))
}

/// An input with its packing taken off.
struct Opened<'a> {
    input: Input<'a>,
    kind: Kind,
    utf16: bool,
}

fn open<'a>(shown: &'a str, input: impl Read + 'a, inflated_max: u64, cancel: &'a CancelFlag) -> Result<Opened<'a>, SourceError> {
    let failed = |packing, source| failure(shown, packing, source, cancel);
    let (mut packing, mut plain) = unpack(input).map_err(|error| failed(Packing::None, error))?;
    let (mut head, mut broken) = head_of(&mut plain);
    // A profile is gzip by itself, and may be archived in another packing.
    if packing != Packing::None && matches!(recognise(&head), Kind::Gzip | Kind::Zstd | Kind::ProfileProto { gz: true }) {
        let outer = packing;
        (packing, plain) = unpack(io::Cursor::new(head).chain(plain)).map_err(|error| failed(outer, error))?;
        (head, broken) = head_of(&mut plain);
    }
    let order = utf16::order(&head);
    if let Some(order) = order {
        head.drain(..utf16::MARK_BYTES);
        plain = Box::new(Utf16::new(io::Cursor::new(head).chain(plain), order));
        (head, broken) = head_of(&mut plain);
    }
    if let Some(error) = broken.take_if(|_| head.is_empty()) {
        return Err(failed(packing, error));
    }
    let kind = kind_of(&head);
    let input = Input { shown, packing, head, broken, plain, inflated_max, cancel };
    Ok(Opened { input, kind, utf16: order.is_some() })
}

fn snapshots(opened: Opened<'_>) -> Result<Found, SourceError> {
    let Opened { input, kind, .. } = opened;
    let one = |(snapshot, notes)| Found { snapshots: vec![snapshot], notes, bytes: 0 };
    match kind {
        Kind::DumpText | Kind::UnknownText => input.text(),
        Kind::RuntimeLog => input.text().map_err(|error| {
            let what = kind.describe();
            if let SourceError::NotADump { target, .. } = error { SourceError::NotADump { target, what } } else { error }
        }),
        Kind::ProfileProto { .. } => {
            input.whole("profile", |bytes| profile::read(&bytes).map_err(|error| error.to_string())).map(one)
        }
        Kind::SavedEnvelope => {
            input.whole("saved envelope", |bytes| saved::read(&bytes).map_err(|error| error.to_string())).map(one)
        }
        Kind::FuseReport => {
            input.whole("report of a fuse", |bytes| fuse::read(&bytes).map_err(|error| error.to_string())).map(one)
        }
        Kind::Gzip
        | Kind::Zstd
        | Kind::Html(_)
        | Kind::Trace
        | Kind::ProfileText(_)
        | Kind::Account
        | Kind::Binary(_)
        | Kind::Empty => Err(SourceError::NotADump { target: input.shown.to_owned(), what: kind.describe() }),
    }
}

fn utf16_note() -> Note {
    let text = "the text is UTF-16; offsets are those of its UTF-8 form".to_owned();
    Note { kind: NoteKind::Unwrapped, offset: None, text }
}

/// The kind, an envelope first: the stacks it quotes are text in which goroutines stand, too.
fn kind_of(head: &[u8]) -> Kind {
    let mut printed = head.iter().filter(|byte| !byte.is_ascii_whitespace());
    if ENVELOPE_START.iter().all(|byte| printed.next() == Some(byte)) { Kind::SavedEnvelope } else { recognise(head) }
}

/// Whether what starts so is text that may be read in ranges.
pub(crate) fn is_plain_dump(head: &[u8]) -> bool {
    matches!(kind_of(head), Kind::DumpText | Kind::UnknownText)
}

/// The error a text without goroutines is.
pub(crate) fn no_goroutines(shown: &str) -> SourceError {
    SourceError::NotADump { target: shown.to_owned(), what: Kind::UnknownText.describe() }
}

/// Why an input could not be read on.
pub(crate) fn failure(shown: &str, packing: Packing, source: io::Error, cancel: &CancelFlag) -> SourceError {
    match packing {
        _ if cancel.is_cancelled() => SourceError::Interrupted,
        Packing::None => SourceError::Unreadable { path: shown.to_owned(), source },
        Packing::Gzip | Packing::Zstd => SourceError::Damaged { target: shown.to_owned(), form: packing.as_str(), source },
    }
}

/// An input whose kind is known.
struct Input<'a> {
    shown: &'a str,
    packing: Packing,
    /// The first bytes, already taken from `plain`.
    head: Vec<u8>,
    /// What ended them early.
    broken: Option<io::Error>,
    plain: Box<dyn Read + 'a>,
    inflated_max: u64,
    cancel: &'a CancelFlag,
}

/// Why reading stopped before the input's end.
enum Stopped {
    Damaged(io::Error),
    Limit,
}

impl Input<'_> {
    /// A text, chunk by chunk. What precedes damaged packing is kept, as with any other cut.
    fn text(mut self) -> Result<Found, SourceError> {
        let mut reader = DumpReader::new();
        reader.push(&self.head);
        let mut read = self.head.len() as u64;
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut stopped = self.broken.take().map(Stopped::Damaged);
        while stopped.is_none() {
            if self.cancel.is_cancelled() {
                return Err(SourceError::Interrupted);
            }
            let (filled, error) = fill(&mut self.plain, &mut chunk);
            reader.push(&chunk[..filled]);
            read += filled as u64;
            if filled == 0 && error.is_none() {
                break;
            }
            let too_much = (read > self.inflated_max).then_some(Stopped::Limit);
            stopped = error.map(Stopped::Damaged).or(too_much);
        }
        let parsed = reader.finish();
        let mut found = Found { snapshots: parsed.snapshots, notes: parsed.notes, bytes: 0 };
        match stopped {
            Some(Stopped::Damaged(error)) if found.snapshots.is_empty() || self.packing == Packing::None => {
                return Err(failure(self.shown, self.packing, error, self.cancel));
            }
            Some(_) if self.cancel.is_cancelled() => return Err(SourceError::Interrupted),
            Some(stopped) => self.mark(&mut found, read, &stopped),
            None => {}
        }
        if found.snapshots.is_empty() { Err(no_goroutines(self.shown)) } else { Ok(found) }
    }

    fn mark(&self, found: &mut Found, read: u64, stopped: &Stopped) {
        let form = self.packing.as_str();
        let (kind, text, truncation) = match stopped {
            Stopped::Damaged(error) => (
                NoteKind::Truncated,
                format!("the {form} data breaks off here ({error}); what comes before it was read"),
                Truncation::CutAt(read),
            ),
            Stopped::Limit => {
                let text =
                    format!("the input unpacks to more than the limit of {} bytes; the rest was not read", self.inflated_max);
                (NoteKind::Limit, text.clone(), Truncation::ReaderLimit(text.into()))
            }
        };
        found.notes.push(Note { kind, offset: Some(read), text });
        if let Some(last) = found.snapshots.last_mut() {
            // The reader only saw its input end inside a goroutine; this says why it did.
            last.truncated = Some(truncation);
        }
    }

    /// A form that is read from memory.
    fn whole<T>(self, form: &str, read: impl Fn(Vec<u8>) -> Result<T, String>) -> Result<T, SourceError> {
        if let Some(error) = self.broken {
            return Err(failure(self.shown, self.packing, error, self.cancel));
        }
        let mut bytes = self.head;
        let room = (MAX_WHOLE_BYTES + 1).saturating_sub(bytes.len() as u64);
        let taken = self.plain.take(room).read_to_end(&mut bytes);
        taken.map_err(|error| failure(self.shown, self.packing, error, self.cancel))?;
        if bytes.len() as u64 > MAX_WHOLE_BYTES {
            return Err(too_large(self.shown, form));
        }
        let what = |error| format!("a {form} that cannot be used: {error}");
        read(bytes).map_err(|error| SourceError::NotADump { target: self.shown.to_owned(), what: what(error) })
    }

    /// A weighted profile, whose bytes are let go as they are read.
    fn profile(self, visitor: Option<&mut dyn SampleVisitor>) -> Result<(Profile, Vec<Note>), SourceError> {
        const FORM: &str = "profile";
        let failed = |error| failure(self.shown, self.packing, error, self.cancel);
        if let Some(error) = self.broken {
            return Err(failed(error));
        }
        let mut input = io::Cursor::new(self.head).chain(self.plain).take(MAX_WHOLE_BYTES + 1);
        let read = pprof::read_from(&mut input, visitor).map_err(failed)?;
        if input.limit() == 0 {
            return Err(too_large(self.shown, FORM));
        }
        let what = |error| format!("one that cannot be used: {error}");
        read.map_err(|error| SourceError::NotAProfile { target: self.shown.to_owned(), what: what(error) })
    }
}

fn too_large(shown: &str, form: &str) -> SourceError {
    SourceError::TooLarge { target: shown.to_owned(), what: format!("the {form}"), limit: MAX_WHOLE_BYTES }
}

fn head_of(plain: &mut impl Read) -> (Vec<u8>, Option<io::Error>) {
    let mut head = vec![0; HEAD_BYTES];
    let (filled, error) = fill(plain, &mut head);
    head.truncate(filled);
    (head, error)
}

/// Fills a buffer as far as the input goes; an error is given with the bytes that came before it.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> (usize, Option<io::Error>) {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(error)),
        }
    }
    (filled, None)
}

/// Counts what is read of an input, whoever reads it.
pub(crate) struct Counted<R> {
    pub(crate) input: R,
    pub(crate) bytes: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(goroutines: usize) -> String {
        let block = |id| format!("goroutine {id} [chan send]:\nmain.send()\n\t/main.go:7 +0x1d\n\n");
        (1..=goroutines).map(block).collect::<Vec<_>>().concat()
    }

    fn read(input: &[u8], inflated_max: u64) -> Found {
        stream_within("test", input, inflated_max, &CancelFlag::new()).unwrap()
    }

    #[test]
    fn what_unpacks_beyond_the_limit_is_cut_and_said_to_be() {
        let text = dump(200_000);
        let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
        let whole = read(&packed, text.len() as u64);
        assert_eq!((whole.snapshots[0].goroutines, whole.bytes), (200_000, packed.len() as u64));
        assert!(whole.snapshots[0].truncated.is_none() && whole.notes.is_empty());

        let cut = read(&packed, 2 << 20);
        assert!(matches!(&cut.snapshots[0].truncated, Some(Truncation::ReaderLimit(text)) if text.contains("2097152")));
        assert!(cut.snapshots[0].goroutines < 100_000);
        assert_eq!(cut.notes.iter().filter(|note| note.kind == NoteKind::Limit).count(), 1);
    }

    #[test]
    fn what_windows_powershell_writes() {
        let text = format!("\u{feff}{}", dump(3).replace('\n', "\r\n"));
        let found = read(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(), MAX_INFLATED_BYTES);
        assert_eq!((found.snapshots.len(), found.snapshots[0].goroutines), (1, 3));
        assert_eq!(found.notes.iter().filter(|note| note.kind == NoteKind::Unwrapped).count(), 1, "{:?}", found.notes);
    }

    #[test]
    fn an_envelope_is_not_taken_for_the_stacks_it_quotes() {
        let envelope = r#"{
            "schema": "goherd/1", "command": "snap",
            "snapshot": {
                "goroutines": 41, "truncated": false, "origin": "stacks", "states": {"chan send": 41}, "families": [],
                "clusters": [{
                    "id": "00000000000000aa", "count": 41, "state": "chan send", "depth": 1, "line": 1, "offset": 0,
                    "frames": [{"func": "main.send", "file": "/main.go", "line": 7}],
                    "sample": "goroutine 7 [chan send]:\\nmain.send()\\n\\t/main.go:7 +0x1d\\n"
                }],
                "blocking_points": [], "module_entropy": 0.0, "mean_depth": 1.0, "distinct_stacks": 1
            }
        }"#;
        let found = read(envelope.as_bytes(), MAX_INFLATED_BYTES);
        assert_eq!((found.snapshots[0].origin, found.snapshots[0].goroutines), (herd_model::Origin::Saved, 41));
        assert!(!is_plain_dump(envelope.as_bytes()));
    }

    #[test]
    fn a_raised_flag_ends_the_reading() {
        let cancel = CancelFlag::new();
        cancel.cancel();
        let read = stream_within("test", dump(3).as_bytes(), MAX_INFLATED_BYTES, &cancel);
        assert!(matches!(read, Err(SourceError::Interrupted)));
    }
}
