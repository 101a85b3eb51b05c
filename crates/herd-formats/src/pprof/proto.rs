//! profile.proto (google/pprof `proto/profile.proto`), read in two passes: first the tables and headers, then the samples.

use herd_model::{
    Function, FunctionId, LabelSetId, LabelValue, Line, LocationId, Mapping, MappingHas, MappingId, NameId, NewLocation, Note,
    NoteKind, Profile, ProfileBuilder, ProfileKind, ProfileLabel, SampleVisitor, StackId, Unlike,
};

use super::inflate::Piece;
use super::parts::{Parts, parts, push_all};
use super::prune::{Cut, Prune, pruned_len};
use super::table::{fields, offset};
use super::{Error, MAX_CALLS, MAX_CALLS_TOTAL, MAX_DEPTH, MAX_ENTRIES, MAX_TABLE_ENTRIES, kind};
use crate::pb::Field;

/// Stacks room is made for before they are read; a message that is only a claim costs no more.
const RESERVED_MAX: usize = 1 << 20;

/// Reads an inflated profile. Pieces that hold samples alone are let go one by one, while what is made of them grows.
///
/// Samples are shown to a visitor, if there is one, and then not kept. Those of locks are shown once all are read, since they tell what
/// kind of profile it is.
pub fn read(pieces: Vec<Piece<'_>>, mut visitor: Option<&mut dyn SampleVisitor>) -> Result<(Profile, Vec<Note>), Error> {
    let (kept, samples) = parted(pieces)?;
    let parts = parts(&kept)?;
    let (mut head, prune, notes) = parts.head()?;
    head.kind = kind::of(&head);
    let late = visitor.take_if(|_| head.kind == ProfileKind::Contention);
    let mut builder = ProfileBuilder::of_head(head);
    let count = parts.samples + samples.iter().filter_map(|piece| piece.samples).sum::<usize>();
    let stacks = if visitor.is_some() { 0 } else { count.min(RESERVED_MAX) };
    builder.reserve(stacks, parts.locations.len(), parts.functions.len());
    let mut reader = Reader::new(&parts, &mut builder, prune, notes);
    reader.visitor = visitor.map(|visitor| visitor as _);
    reader.mappings()?;
    reader.samples(&kept, samples)?;
    let notes = reader.noted();
    let mut profile = builder.finish();
    profile.kind = kind::of(&profile);
    if let Some(visitor) = late {
        profile.visit(visitor);
    }
    Ok((profile, notes))
}

/// Adds an inflated profile to a sum, which is made where there is none, without putting the profile together by itself. After an
/// error no value of it is in the sum. `None` where only the finished profile would tell its kind: nothing is added then.
pub fn add(pieces: Vec<Piece<'_>>, sum: &mut Option<ProfileBuilder>, number: usize) -> Result<Option<Vec<Note>>, Error> {
    let (kept, samples) = parted(pieces)?;
    let parts = parts(&kept)?;
    let (mut head, prune, notes) = parts.head()?;
    head.kind = kind::of(&head);
    if head.kind == ProfileKind::Contention {
        return Ok(None);
    }
    let sum = sum.get_or_insert_with(|| ProfileBuilder::new(head.kind, head.sample_types.clone()));
    sum.alike(&head).map_err(|Unlike { what, one, other }| Error::Unlike { number, what, one, other })?;
    let mut reader = Reader::new(&parts, sum, prune, notes);
    reader.pending = Some(Pending::default());
    reader.mappings()?;
    reader.samples(&kept, samples)?;
    let pending = reader.pending.take().unwrap_or_default();
    let notes = reader.noted();
    sum.absorb_header(&head);
    for ((stack, labels), values) in pending.rows.iter().zip(pending.values.chunks_exact(head.sample_types.len())) {
        sum.sample(*stack, *labels, values);
    }
    Ok(Some(notes))
}

/// Pieces with tables or headers in them, and those that hold nothing but samples.
fn parted(pieces: Vec<Piece<'_>>) -> Result<(Vec<Piece<'_>>, Vec<Piece<'_>>), Error> {
    if pieces.iter().all(|piece| piece.bytes.is_empty()) {
        return Err(Error::Empty);
    }
    Ok(pieces.into_iter().partition(|piece| piece.samples.is_none()))
}

/// A mapping already turned into the model's, and what to add to its addresses.
type Moved = (MappingId, u64);

struct Reader<'a, 'b> {
    parts: &'b Parts<'a>,
    builder: &'b mut ProfileBuilder,
    /// Who is shown the samples instead.
    visitor: Option<&'b mut dyn SampleVisitor>,
    prune: Option<Prune>,
    names: Vec<Option<NameId>>,
    mappings: Vec<Moved>,
    functions: Vec<Option<(FunctionId, bool)>>,
    /// One more than the id of each location; 0 for those not met yet. Four bytes, as nearly every look is a miss of the cache.
    locations: Vec<u32>,
    /// Calls each location stands for, its lines or itself; 255 for as many or more.
    location_calls: Vec<u8>,
    /// What becomes of each, where anything is pruned.
    cuts: Vec<Cut>,
    lines: Vec<Line>,
    line_drops: Vec<bool>,
    odd_lines: u64,
    /// Of all distinct stacks.
    calls: usize,
    /// Samples that wait until all are read, in a sum.
    pending: Option<Pending>,
    notes: Vec<Note>,
}

/// Samples that are not in the sum yet: rows, and their values one after another.
#[derive(Default)]
struct Pending {
    rows: Vec<(StackId, LabelSetId)>,
    values: Vec<i64>,
}

impl<'a, 'b> Reader<'a, 'b> {
    fn new(parts: &'b Parts<'a>, builder: &'b mut ProfileBuilder, prune: Option<Prune>, notes: Vec<Note>) -> Self {
        let locations = parts.locations.len();
        Reader {
            parts,
            builder,
            visitor: None,
            names: vec![None; parts.strings.len()],
            mappings: Vec::new(),
            functions: vec![None; parts.functions.len()],
            locations: vec![0; locations],
            location_calls: vec![0; locations],
            cuts: if prune.is_some() { vec![Cut::No; locations] } else { Vec::new() },
            prune,
            lines: Vec::new(),
            line_drops: Vec::new(),
            odd_lines: 0,
            calls: 0,
            pending: None,
            notes,
        }
    }

    /// The notes, with what was counted.
    fn noted(mut self) -> Vec<Note> {
        if self.odd_lines > 0 {
            let text = format!("{} line or column numbers are none and read as unknown", self.odd_lines);
            self.notes.push(Note { kind: NoteKind::Malformed, offset: None, text });
        }
        self.notes
    }

    fn name(&mut self, id: u64, asked_at: usize) -> Result<NameId, Error> {
        if id == 0 {
            return Ok(NameId(0));
        }
        let text = self.parts.bytes_of(id, asked_at)?;
        let known = &mut self.names[id as usize];
        Ok(*known.get_or_insert_with(|| match std::str::from_utf8(text) {
            Ok(text) => self.builder.name(text),
            Err(_) => self.builder.name(&String::from_utf8_lossy(text)),
        }))
    }

    fn mappings(&mut self) -> Result<(), Error> {
        for (message, at) in self.parts.mappings.messages() {
            let at = *at;
            let mut values = [0; 11];
            for field in fields(message, at) {
                if let (field @ 1..=10, Field::Number(value)) = field? {
                    values[field as usize] = value;
                }
            }
            let [_, _, start, limit, offset, file, build_id, functions, filenames, line_numbers, inline_frames] = values;
            let (file, build_id) = (self.name(file, at)?, self.name(build_id, at)?);
            let has = MappingHas {
                functions: functions != 0,
                filenames: filenames != 0,
                line_numbers: line_numbers != 0,
                inline_frames: inline_frames != 0,
            };
            let mapping = Mapping { start, limit, offset, file, build_id, has };
            let moved = match self.pending {
                None => (self.builder.mapping(mapping), 0),
                Some(_) => self.builder.mapping_alike(mapping),
            };
            self.mappings.push(moved);
        }
        Ok(())
    }

    /// The function of a number, and whether frames of it are dropped.
    fn function(&mut self, id: u64, asked_at: usize) -> Result<(FunctionId, bool), Error> {
        let place = self.parts.functions.place(id, asked_at)?;
        if let Some(known) = self.functions[place] {
            return Ok(known);
        }
        let (message, at) = self.parts.functions.messages()[place];
        let mut values = [0; 6];
        for field in fields(message, at) {
            if let (field @ 1..=5, Field::Number(value)) = field? {
                values[field as usize] = value;
            }
        }
        let [_, _, name, system_name, file, start_line] = values;
        let file = self.name(file, at)?;
        let escaped = self.parts.bytes_of(name, at)?;
        let name = match memchr::memchr(b'%', escaped) {
            Some(_) => self.builder.name(&herd_model::unescaped(escaped)),
            None => self.name(name, at)?,
        };
        let system_name = self.name(system_name, at)?;
        let start_line = self.line_number(start_line);
        let names = &self.builder.profile().names;
        let shown = names.text(if name == NameId(0) { system_name } else { name });
        let drops = !shown.is_empty() && self.prune.as_ref().is_some_and(|prune| prune.drops(shown));
        let known = (self.builder.function(Function { name, system_name, file, start_line }), drops);
        self.functions[place] = Some(known);
        Ok(known)
    }

    fn line_number(&mut self, value: u64) -> u32 {
        u32::try_from(value).unwrap_or_else(|_| {
            self.odd_lines += 1;
            0
        })
    }

    /// Takes in the location at a place of its table.
    #[cold]
    fn location(&mut self, place: usize) -> Result<(), Error> {
        let (message, at) = self.parts.locations.messages()[place];
        let (mut mapping, mut address, mut folded) = (None, 0, false);
        self.lines.clear();
        self.line_drops.clear();
        for field in fields(message, at) {
            match field? {
                (2, Field::Number(id)) if id != 0 => mapping = Some(self.mappings[self.parts.mappings.place(id, at)?]),
                (3, Field::Number(value)) => address = value,
                (4, Field::Bytes(line)) => self.push_line(line, at + offset(message, line))?,
                (5, Field::Number(value)) => folded = value != 0,
                _ => {}
            }
        }
        if self.builder.profile().lines.len() + self.lines.len() > MAX_ENTRIES {
            return Err(Error::Limit { what: "lines", limit: MAX_ENTRIES, offset: at });
        }
        let (from, cut) = match self.line_drops.iter().rposition(|drops| *drops) {
            None => (0, Cut::No),
            Some(outermost) if outermost + 1 == self.lines.len() => (0, Cut::Whole),
            Some(inner) => (inner + 1, Cut::Beneath),
        };
        let lines = &self.lines[from..];
        let address = mapping.map_or(address, |(_, by)| address.wrapping_add(by));
        let mapping = mapping.map(|(mapping, _)| mapping);
        let id = self.builder.location(NewLocation { address, mapping, lines, folded });
        self.locations[place] = id.0 + 1;
        self.location_calls[place] = u8::try_from(lines.len().max(1)).unwrap_or(u8::MAX);
        if self.prune.is_some() {
            self.cuts[place] = cut;
        }
        Ok(())
    }

    fn push_line(&mut self, message: &[u8], at: usize) -> Result<(), Error> {
        if self.lines.len() >= MAX_DEPTH {
            return Err(Error::Limit { what: "lines of a location", limit: MAX_DEPTH, offset: at });
        }
        let mut values = [0; 4];
        for field in fields(message, at) {
            if let (field @ 1..=3, Field::Number(value)) = field? {
                values[field as usize] = value;
            }
        }
        let (function, drops) = self.function(values[1], at)?;
        let line = Line { function, line: self.line_number(values[2]), column: self.line_number(values[3]) };
        self.lines.push(line);
        self.line_drops.push(drops);
        Ok(())
    }

    /// The samples of all pieces, in the order of the input.
    fn samples(&mut self, kept: &[Piece<'_>], samples: Vec<Piece<'_>>) -> Result<(), Error> {
        let mut sample = Sample::default();
        let mut kept = kept.iter().peekable();
        for piece in samples {
            while let Some(before) = kept.next_if(|kept| kept.at < piece.at) {
                self.samples_of(before, &mut sample)?;
            }
            self.samples_of(&piece, &mut sample)?;
        }
        kept.try_for_each(|piece| self.samples_of(piece, &mut sample))
    }

    fn samples_of(&mut self, piece: &Piece<'_>, sample: &mut Sample) -> Result<(), Error> {
        let expected = self.parts.sample_types.len();
        for field in fields(&piece.bytes, piece.at) {
            let (2, Field::Bytes(message)) = field? else { continue };
            let at = piece.at + offset(&piece.bytes, message);
            self.take(message, at, sample)?;
            if sample.values.len() != expected {
                return Err(Error::Values { found: sample.values.len(), expected, offset: at });
            }
            let calls = self.stack_of(sample, at)?;
            if let Some(visitor) = &mut self.visitor {
                visitor.sample(self.builder.profile(), &sample.stack, &sample.values);
                self.calls += calls;
                self.check_size(at)?;
                continue;
            }
            let known = self.builder.profile().stacks.len();
            if self.pending.is_some() && sample.values.iter().all(|value| *value == 0) {
                continue;
            }
            let stack = self.builder.stack(&sample.stack);
            if self.builder.profile().stacks.len() > known {
                self.calls += calls;
            }
            let labels = if sample.labels.is_empty() { LabelSetId(0) } else { self.builder.labels(&mut sample.labels) };
            match &mut self.pending {
                None => self.builder.sample(stack, labels, &sample.values),
                Some(pending) => {
                    pending.rows.push((stack, labels));
                    pending.values.extend_from_slice(&sample.values);
                }
            }
            self.check_size(at)?;
        }
        Ok(())
    }

    /// Takes a sample's message apart.
    fn take(&mut self, message: &[u8], at: usize, sample: &mut Sample) -> Result<(), Error> {
        sample.locations.clear();
        sample.numbers.clear();
        sample.labels.clear();
        for field in fields(message, at) {
            match field? {
                (1, value) => push_all(value, &mut sample.locations, "locations of a stack", at)?,
                (2, value) => push_all(value, &mut sample.numbers, "values of a sample", at)?,
                (3, Field::Bytes(label)) => {
                    if sample.labels.len() >= MAX_DEPTH {
                        return Err(Error::Limit { what: "labels of a sample", limit: MAX_DEPTH, offset: at });
                    }
                    sample.labels.extend(self.label(label, at + offset(message, label))?);
                }
                _ => {}
            }
        }
        sample.values.clear();
        sample.values.extend(sample.numbers.iter().map(|value| value.cast_signed()));
        Ok(())
    }

    /// A label; one without any value is none (google/pprof `profile/encode.go`, `postDecode`).
    fn label(&mut self, message: &[u8], at: usize) -> Result<Option<ProfileLabel>, Error> {
        let mut values = [0; 5];
        for field in fields(message, at) {
            if let (field @ 1..=4, Field::Number(value)) = field? {
                values[field as usize] = value;
            }
        }
        let [_, key, text, number, unit] = values;
        let value = match (text, number, unit) {
            (0, 0, 0) => return Ok(None),
            (0, number, unit) => LabelValue::Number(number.cast_signed(), self.name(unit, at)?),
            (text, ..) => LabelValue::Text(self.name(text, at)?),
        };
        Ok(Some(ProfileLabel { key: self.name(key, at)?, value }))
    }

    /// Puts the stack into `sample`; how many calls it has.
    fn stack_of(&mut self, sample: &mut Sample, at: usize) -> Result<usize, Error> {
        sample.stack.clear();
        sample.cuts.clear();
        let mut calls = 0;
        for id in &sample.locations {
            let place = self.parts.locations.place(*id, at)?;
            if self.locations[place] == 0 {
                self.location(place)?;
            }
            let known = LocationId(self.locations[place] - 1);
            calls += match self.location_calls[place] {
                u8::MAX => self.builder.profile().locations[known.0 as usize].line_count as usize,
                few => usize::from(few),
            };
            sample.stack.push(known);
            if self.prune.is_some() {
                sample.cuts.push(self.cuts[place]);
            }
        }
        if calls > MAX_CALLS {
            return Err(Error::Limit { what: "calls of a stack", limit: MAX_CALLS, offset: at });
        }
        sample.stack.drain(..pruned_len(&sample.cuts));
        Ok(calls)
    }

    /// The parts that grow with samples.
    fn check_size(&self, offset: usize) -> Result<(), Error> {
        let profile = self.builder.profile();
        let too_many = |what, limit| Err(Error::Limit { what, limit, offset });
        if self.calls > MAX_CALLS_TOTAL {
            return too_many("calls in all stacks", MAX_CALLS_TOTAL);
        }
        if profile.stacks.total_len() > MAX_ENTRIES {
            return too_many("locations in all stacks", MAX_ENTRIES);
        }
        let pending = self.pending.as_ref().map_or(0, |pending| pending.rows.len());
        if profile.samples.len().max(pending) > MAX_TABLE_ENTRIES
            || profile.samples.len() * profile.sample_types.len() > MAX_ENTRIES
        {
            return too_many("distinct samples", MAX_TABLE_ENTRIES);
        }
        Ok(())
    }
}

/// Room for one sample, used again for the next.
#[derive(Default)]
struct Sample {
    locations: Vec<u64>,
    numbers: Vec<u64>,
    values: Vec<i64>,
    labels: Vec<ProfileLabel>,
    stack: Vec<LocationId>,
    cuts: Vec<Cut>,
}
