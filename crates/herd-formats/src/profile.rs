//! Goroutine profiles in profile.proto (`debug=0`), gzipped or not.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use herd_model::{FrameId, Note, NoteKind, Origin, Snapshot, SnapshotBuilder, Stack, WaitReason};
use rustc_hash::FxHashMap;

use crate::dump::{MAX_COUNT, MAX_FRAMES};
use crate::infer;
use crate::pb::{self, Field};

/// Bytes an input may inflate to.
pub const MAX_INFLATED_BYTES: u64 = 512 << 20;

/// Why a profile cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The compressed stream is broken.
    #[error("inflate the profile: {0}")]
    Gzip(String),
    /// It inflates beyond [`MAX_INFLATED_BYTES`].
    #[error("inflate the profile: more than {MAX_INFLATED_BYTES} bytes")]
    TooLarge,
    /// Not a protobuf message, or cut.
    #[error("read profile.proto: no field at byte {0}")]
    Malformed(usize),
    /// A number that refers to nothing.
    #[error("read profile.proto: {what} {id} is not in it")]
    Dangling {
        /// What is missing.
        what: &'static str,
        /// Its number.
        id: u64,
    },
    /// A profile of something else.
    #[error("find goroutines: this is a {0} profile")]
    NotGoroutines(String),
}

/// Reads a profile.
pub fn read(bytes: &[u8]) -> Result<(Snapshot, Vec<Note>), Error> {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return read_proto(&inflate(bytes)?);
    }
    read_proto(bytes)
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(MAX_INFLATED_BYTES + 1)
        .read_to_end(&mut out)
        .map_err(|error| Error::Gzip(error.to_string()))?;
    if out.len() as u64 > MAX_INFLATED_BYTES { Err(Error::TooLarge) } else { Ok(out) }
}

/// The message's parts, still as bytes: the string table may come last.
#[derive(Default)]
struct Parts<'a> {
    samples: Vec<&'a [u8]>,
    locations: FxHashMap<u64, Location>,
    functions: FxHashMap<u64, Function>,
    strings: Vec<&'a [u8]>,
    sample_types: Vec<&'a [u8]>,
    time_ns: u64,
}

#[derive(Default)]
struct Location {
    address: u64,
    /// Function and line, innermost first.
    lines: Vec<(u64, u64)>,
}

#[derive(Default)]
struct Function {
    name: u64,
    file: u64,
    start_line: u64,
}

/// `chansend` and `chanrecv` park on a nil channel within their first lines (5 and 12 below the start in Go 1.21 to 1.27,
/// `runtime/chan.go`) and on any other about a hundred lines further down.
const NIL_PARK_LINES: u64 = 40;

fn read_proto(message: &[u8]) -> Result<(Snapshot, Vec<Note>), Error> {
    let parts = parts(message)?;
    let text = |id: u64| -> Result<&[u8], Error> {
        let index = usize::try_from(id).ok();
        index.and_then(|index| parts.strings.get(index).copied()).ok_or(Error::Dangling { what: "string", id })
    };
    let kind = match parts.sample_types.first() {
        Some(message) => text(number(message, 1)?)?,
        None => b"".as_slice(),
    };
    let leak = kind == b"goroutineleak";
    if !leak && kind != b"goroutine" {
        let name = if kind.is_empty() { "nameless".into() } else { String::from_utf8_lossy(kind) };
        return Err(Error::NotGoroutines(name.into_owned()));
    }
    let mut builder = SnapshotBuilder::new(if leak { Origin::LeakProfile } else { Origin::ProfileProto });
    builder.snapshot_mut().taken_at_ns = i64::try_from(parts.time_ns).ok().filter(|ns| *ns > 0);
    let mut frames = Frames { parts: &parts, known: FxHashMap::default() };
    let mut left_out = 0u64;
    for message in &parts.samples {
        left_out = count_sample(message, leak, &mut builder, &mut frames)?.saturating_add(left_out);
    }
    let mut notes = Vec::new();
    if left_out > 0 {
        let text = format!("left out {left_out} the leak profile lists by mistake: main, or a sample without a stack");
        notes.push(Note { kind: NoteKind::Skipped, offset: None, text });
    }
    Ok((builder.finish(), notes))
}

fn parts(message: &[u8]) -> Result<Parts<'_>, Error> {
    let mut parts = Parts::default();
    for field in pb::fields(message) {
        match field.map_err(Error::Malformed)? {
            (1, Field::Bytes(bytes)) => parts.sample_types.push(bytes),
            (2, Field::Bytes(bytes)) => parts.samples.push(bytes),
            (4, Field::Bytes(bytes)) => {
                let (id, location) = location(bytes)?;
                parts.locations.insert(id, location);
            }
            (5, Field::Bytes(bytes)) => {
                let function = Function { name: number(bytes, 2)?, file: number(bytes, 4)?, start_line: number(bytes, 5)? };
                parts.functions.insert(number(bytes, 1)?, function);
            }
            (6, Field::Bytes(bytes)) => parts.strings.push(bytes),
            (9, Field::Number(ns)) => parts.time_ns = ns,
            _ => {}
        }
    }
    Ok(parts)
}

fn location(message: &[u8]) -> Result<(u64, Location), Error> {
    let mut found = Location::default();
    let mut id = 0;
    for field in pb::fields(message) {
        match field.map_err(Error::Malformed)? {
            (1, Field::Number(value)) => id = value,
            (3, Field::Number(value)) => found.address = value,
            (4, Field::Bytes(line)) => found.lines.push((number(line, 1)?, number(line, 2)?)),
            _ => {}
        }
    }
    Ok((id, found))
}

/// The last value of a number field; zero when it is not there.
fn number(message: &[u8], wanted: u64) -> Result<u64, Error> {
    let mut found = 0;
    for field in pb::fields(message) {
        if let (field, Field::Number(value)) = field.map_err(Error::Malformed)?
            && field == wanted
        {
            found = value;
        }
    }
    Ok(found)
}

/// Locations already turned into frames.
struct Frames<'a> {
    parts: &'a Parts<'a>,
    known: FxHashMap<u64, Box<[FrameId]>>,
}

impl Frames<'_> {
    fn text(&self, id: u64) -> Result<&[u8], Error> {
        let index = usize::try_from(id).ok();
        index.and_then(|index| self.parts.strings.get(index).copied()).ok_or(Error::Dangling { what: "string", id })
    }

    fn push(&mut self, id: u64, builder: &mut SnapshotBuilder, out: &mut Vec<FrameId>) -> Result<(), Error> {
        if let Some(known) = self.known.get(&id) {
            out.extend_from_slice(known);
            return Ok(());
        }
        let location = self.parts.locations.get(&id).ok_or(Error::Dangling { what: "location", id })?;
        let mut frames = Vec::new();
        for (function, line) in &location.lines {
            let function = self.parts.functions.get(function).ok_or(Error::Dangling { what: "function", id: *function })?;
            let name = herd_model::unescaped(self.text(function.name)?);
            let file = String::from_utf8_lossy(self.text(function.file)?);
            frames.push(builder.frame(&name, &file, u32::try_from(*line).unwrap_or(0)));
        }
        if location.lines.is_empty() && location.address != 0 {
            frames.push(builder.frame(&format!("{:#x}", location.address), "", 0));
        }
        out.extend_from_slice(&frames);
        self.known.insert(id, frames.into());
        Ok(())
    }

    /// Whether the channel operation these locations are parked in is the one on a nil channel.
    fn parks_on_nil(&self, locations: &[u64]) -> bool {
        let innermost =
            locations.iter().take(4).filter_map(|id| self.parts.locations.get(id)).flat_map(|location| &location.lines);
        innermost.filter_map(|(function, line)| self.parts.functions.get(function).zip(Some(*line))).any(|(function, line)| {
            let parks = self.text(function.name).is_ok_and(|name| name == b"runtime.chansend" || name == b"runtime.chanrecv");
            parks && function.start_line > 0 && line >= function.start_line && line - function.start_line < NIL_PARK_LINES
        })
    }
}

/// Counts a sample; answers how many goroutines were left out.
fn count_sample(message: &[u8], leak: bool, builder: &mut SnapshotBuilder, frames: &mut Frames<'_>) -> Result<u64, Error> {
    let (mut locations, mut values, mut pairs) = (Vec::new(), Vec::new(), Vec::new());
    for field in pb::fields(message) {
        let (field, value) = field.map_err(Error::Malformed)?;
        match (field, value) {
            (1, value) if !pb::push_numbers(value, &mut locations) => return Err(Error::Malformed(0)),
            (2, value) if !pb::push_numbers(value, &mut values) => return Err(Error::Malformed(0)),
            (3, Field::Bytes(label)) => {
                let key = String::from_utf8_lossy(frames.text(number(label, 1)?)?).into_owned();
                let text = number(label, 2)?;
                let value = match text {
                    0 => number(label, 3)?.to_string(),
                    text => String::from_utf8_lossy(frames.text(text)?).into_owned(),
                };
                pairs.push((builder.name(&key), builder.name(&value)));
            }
            _ => {}
        }
    }
    let count = values.first().copied().filter(|count| i64::try_from(*count).is_ok()).unwrap_or(0);
    let mut stack = Vec::new();
    for id in locations.iter().take(MAX_FRAMES) {
        frames.push(*id, builder, &mut stack)?;
    }
    stack.truncate(MAX_FRAMES);
    // Go 1.26 lists main blocked for ever, 1.27 an empty sample in its place.
    let main = |id: &FrameId| matches!(builder.snapshot().func(*id), "runtime.main" | "main.main");
    if leak && (stack.is_empty() || stack.iter().any(main)) {
        return Ok(count);
    }
    let mut state = infer::wait_reason(stack.iter().map(|id| builder.snapshot().func(*id)));
    if state == WaitReason::ChanSend && frames.parks_on_nil(&locations) {
        state = WaitReason::ChanSendNil;
    } else if state == WaitReason::ChanReceive && frames.parks_on_nil(&locations) {
        state = WaitReason::ChanReceiveNil;
    }
    let stack = builder.stack(Stack { frames: stack.into(), ..Stack::default() });
    let labels = (!pairs.is_empty()).then(|| builder.labels(pairs));
    let id = builder.cluster(stack, state);
    let cluster = builder.cluster_mut(id);
    cluster.state_inferred = true;
    cluster.count = cluster.count.saturating_add(count).min(MAX_COUNT);
    cluster.leaked = cluster.leaked.saturating_add(if leak { count } else { 0 }).min(MAX_COUNT);
    if let Some(labels) = labels {
        let count_of = cluster.labels.entry(labels).or_default();
        *count_of = count_of.saturating_add(count).min(MAX_COUNT);
    }
    Ok(0)
}
