//! Records of a profile in text: a line of numbers and addresses, then a `#` line a named frame.

use herd_model::{
    Function, LabelSetId, LabelValue, Line, LocationId, Mapping, MappingId, NameId, NewLocation, Note, NoteKind, Profile,
    ProfileBuilder, ProfileKind, ProfileLabel, SampleType,
};

use super::{Error, MAX_DEPTH, MAX_ENTRIES};
use crate::dump::notes::{Notes, quote};
use crate::dump::profile_text::{address, frame_line};
use crate::labels;

/// A record being read.
pub struct Record {
    values: Vec<i64>,
    /// Return addresses, innermost first.
    pcs: Vec<u64>,
    frames: Vec<Frame>,
    labels: Vec<ProfileLabel>,
    /// Bytes of one block, for a record of the heap; 0 when unknown.
    pub block_bytes: i64,
    offset: usize,
}

/// A named frame.
#[derive(Clone, Copy, PartialEq)]
struct Frame {
    pc: u64,
    /// Where the compiled function starts; frames inlined into one another share it.
    entry: Option<u64>,
    line: Option<Line>,
}

impl Record {
    /// A record of these values, before its frames.
    pub fn new(values: &[i64], pcs: &[u8], offset: usize) -> Self {
        // Threads the runtime makes itself have stacks of zeroes.
        let pcs = pcs.split(|byte| *byte == b' ').filter_map(address).filter(|pc| *pc != 0).take(MAX_DEPTH).collect();
        Record { values: values.to_vec(), pcs, frames: Vec::new(), labels: Vec::new(), block_bytes: 0, offset }
    }
}

/// All records, put together.
pub struct Records {
    pub builder: ProfileBuilder,
    pub notes: Notes,
    record: Option<Record>,
    mapping: MappingId,
    start: usize,
    ended: u64,
    /// Records of which the text names fewer frames than it has addresses, from the inside.
    hidden: u64,
}

impl Records {
    /// None yet; the profile starts at this byte.
    pub fn new(kind: ProfileKind, sample_types: Vec<SampleType>, start: usize) -> Self {
        let mut builder = ProfileBuilder::new(kind, sample_types);
        let mapping = builder.mapping(Mapping::unknown());
        Records { builder, notes: Notes::default(), record: None, mapping, start, ended: 0, hidden: 0 }
    }

    /// Opens a record; the one before it ends.
    pub fn start(&mut self, record: Record) -> Result<(), Error> {
        self.end()?;
        self.record = Some(record);
        Ok(())
    }

    /// Takes a line of the open record, its `#` taken off; outside of one it is a comment.
    pub fn inside(&mut self, text: &[u8], at: usize) -> Result<(), Error> {
        let Some(record) = &mut self.record else { return Ok(()) };
        if let Some(set) = text.strip_prefix(b"labels: ") {
            match labels::pairs(set) {
                Some(pairs) => record.labels.extend(pairs.iter().take(MAX_DEPTH).map(|(key, value)| ProfileLabel {
                    key: self.builder.name(key),
                    value: LabelValue::Text(self.builder.name(value)),
                })),
                None => self.notes.add(NoteKind::Malformed, at as u64, format!("cannot read the labels {}", quote(set, 80))),
            }
            return Ok(());
        }
        if !text.starts_with(b"0x") {
            return Ok(());
        }
        if record.frames.len() >= MAX_DEPTH {
            return Err(Error::Limit { what: "frames of a stack", limit: MAX_DEPTH, offset: at });
        }
        let line = frame_line(text);
        let Some(pc) = line.pc else {
            self.notes.add(NoteKind::Malformed, at as u64, format!("cannot read the frame {}", quote(text, 80)));
            return Ok(());
        };
        if pc == 0 {
            return Ok(());
        }
        let entry = line.call.and_then(|call| call.entry_distance).and_then(|distance| pc.checked_sub(distance));
        let line = line.call.map(|call| {
            let name = self.builder.name(&herd_model::unescaped(call.func));
            let file = self.builder.name(&String::from_utf8_lossy(call.file));
            let function = self.builder.function(Function { name, system_name: name, file, start_line: 0 });
            Line { function, line: call.line, column: 0 }
        });
        record.frames.push(Frame { pc, entry, line });
        Ok(())
    }

    /// Closes the open record.
    pub fn end(&mut self) -> Result<(), Error> {
        let Some(mut record) = self.record.take() else { return Ok(()) };
        self.ended += 1;
        let stack = self.stack(&record);
        let stack = self.builder.stack(&stack);
        if record.block_bytes != 0 {
            let key = self.builder.name("bytes");
            record.labels.push(ProfileLabel { key, value: LabelValue::Number(record.block_bytes, NameId(0)) });
        }
        let labels = if record.labels.is_empty() { LabelSetId(0) } else { self.builder.labels(&mut record.labels) };
        self.builder.sample(stack, labels, &record.values);
        if self.builder.profile().stacks.total_len() > MAX_ENTRIES {
            return Err(Error::Limit { what: "locations in all stacks", limit: MAX_ENTRIES, offset: record.offset });
        }
        Ok(())
    }

    /// The locations of a record: a run of frames inlined into one another is one.
    fn stack(&mut self, record: &Record) -> Vec<LocationId> {
        if record.frames.is_empty() {
            // Return addresses: the call stands before.
            return record.pcs.iter().map(|pc| self.location(pc.wrapping_sub(1), &[])).collect();
        }
        let first = record.frames[0].pc;
        if record.pcs.first().is_some_and(|pc| pc.wrapping_sub(first) > 1) {
            self.hidden += 1;
        }
        let mut stack = Vec::new();
        let mut lines = Vec::new();
        let mut rest = &record.frames[..];
        while !rest.is_empty() {
            let (inlined, after) = rest.split_at(location_len(rest));
            lines.clear();
            lines.extend(inlined.iter().filter_map(|frame| frame.line));
            stack.push(self.location(inlined[0].pc, &lines));
            rest = after;
        }
        stack
    }

    fn location(&mut self, address: u64, lines: &[Line]) -> LocationId {
        self.builder.location(NewLocation { address, mapping: Some(self.mapping), lines, folded: false })
    }

    /// Closes what is open where the text ends at this byte: a blank line ends the last record of a whole text.
    pub fn end_of_text(&mut self, at: usize) -> Result<(), Error> {
        if self.record.is_some() {
            self.notes.add(NoteKind::Truncated, at as u64, "the text ends inside a record");
        }
        self.end()
    }

    /// The profile and what is to be known about its text.
    pub fn finish(mut self) -> (Profile, Vec<Note>) {
        // profile.proto hides them in heap profiles, too.
        if self.hidden > 0 && self.builder.profile().kind != ProfileKind::Heap {
            let told = format!(
                "the text does not name the innermost functions of the runtime in {} of {} stacks",
                self.hidden, self.ended
            );
            self.notes.add(NoteKind::Skipped, self.start as u64, told);
        }
        (self.builder.finish(), self.notes.into_list())
    }
}

/// How many frames from the inside stand in one compiled function. Frames that share its entry are inlined into it, or it calls
/// itself; its own name is that of the outermost frame of the run, for what calls it starts elsewhere.
fn location_len(frames: &[Frame]) -> usize {
    let Some(entry) = frames[0].entry else { return 1 };
    let run = frames.iter().take_while(|frame| frame.entry == Some(entry)).count();
    let function = |frame: &Frame| frame.line.map(|line| line.function);
    let compiled = function(&frames[run - 1]);
    frames[..run].iter().position(|frame| function(frame) == compiled).map_or(1, |at| at + 1)
}
