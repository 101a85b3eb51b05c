//! The parts of a profile.proto in one pass: headers, and tables still as bytes.

use herd_model::{Note, NoteKind, Profile, ProfileBuilder, ProfileKind, SampleType};

use super::inflate::Piece;
use super::prune::Prune;
use super::table::{Message, Table, number, offset};
use super::{Error, MAX_DEPTH, MAX_MAPPINGS, MAX_SAMPLE_TYPES, MAX_TABLE_ENTRIES};
use crate::pb::{self, Field};

/// The message's parts but for the samples, still as bytes.
pub struct Parts<'a> {
    /// How many samples it has.
    pub samples: usize,
    pub sample_types: Vec<Message<'a>>,
    pub mappings: Table<'a>,
    pub locations: Table<'a>,
    pub functions: Table<'a>,
    pub strings: Vec<&'a [u8]>,
    /// Where the first of them starts.
    strings_at: usize,
    pub drop_frames: u64,
    pub keep_frames: u64,
    pub time_ns: i64,
    pub duration_ns: i64,
    pub period_type: Option<Message<'a>>,
    pub period: i64,
    pub comments: Vec<u64>,
    pub default_sample_type: u64,
    pub doc_url: u64,
}

pub fn parts<'a>(pieces: &'a [Piece<'_>]) -> Result<Parts<'a>, Error> {
    let mut parts = Parts {
        samples: 0,
        sample_types: Vec::new(),
        mappings: Table::new("mapping"),
        locations: Table::new("location"),
        functions: Table::new("function"),
        strings: Vec::new(),
        strings_at: 0,
        drop_frames: 0,
        keep_frames: 0,
        time_ns: 0,
        duration_ns: 0,
        period_type: None,
        period: 0,
        comments: Vec::new(),
        default_sample_type: 0,
        doc_url: 0,
    };
    pieces.iter().try_for_each(|piece| parts.take(piece))?;
    parts.mappings.number()?;
    parts.locations.number()?;
    parts.functions.number()?;
    Ok(parts)
}

impl<'a> Parts<'a> {
    fn take(&mut self, piece: &'a Piece<'_>) -> Result<(), Error> {
        let mut walk = pb::fields(&piece.bytes);
        // Where a field starts, and where a message inside it does.
        let mut at = piece.at;
        let starts = |message: &[u8]| piece.at + offset(&piece.bytes, message);
        while let Some(field) = walk.next() {
            match field.map_err(|at| Error::Malformed(piece.at + at))? {
                (1, Field::Bytes(message)) => {
                    limited(&mut self.sample_types, (message, starts(message)), "sample types", MAX_SAMPLE_TYPES, at)?;
                }
                (2, Field::Bytes(_)) => self.samples += 1,
                (3, Field::Bytes(message)) => self.mappings.push(message, MAX_MAPPINGS, starts(message))?,
                (4, Field::Bytes(message)) => self.locations.push(message, MAX_TABLE_ENTRIES, starts(message))?,
                (5, Field::Bytes(message)) => self.functions.push(message, MAX_TABLE_ENTRIES, starts(message))?,
                (6, Field::Bytes(text)) => {
                    if self.strings.is_empty() {
                        self.strings_at = starts(text);
                    }
                    limited(&mut self.strings, text, "strings", MAX_TABLE_ENTRIES, at)?;
                }
                (7, Field::Number(id)) => self.drop_frames = id,
                (8, Field::Number(id)) => self.keep_frames = id,
                // google/pprof takes it for a sign of the same (`profile/encode.go`, `errConcatProfile`).
                (9, Field::Number(_)) if self.time_ns != 0 => return Err(Error::Concatenated(at)),
                (9, Field::Number(ns)) => self.time_ns = ns.cast_signed(),
                (10, Field::Number(ns)) => self.duration_ns = ns.cast_signed(),
                (11, Field::Bytes(message)) => self.period_type = Some((message, starts(message))),
                (12, Field::Number(period)) => self.period = period.cast_signed(),
                (13, value) => push_all(value, &mut self.comments, "comments", at)?,
                (14, Field::Number(id)) => self.default_sample_type = id,
                (15, Field::Number(id)) => self.doc_url = id,
                _ => {}
            }
            at = piece.at + walk.offset();
        }
        Ok(())
    }

    /// What is not samples, as a profile without any; what to prune; what is odd. The offset of a header that refers to nothing is that
    /// of the profile.
    pub fn head(&self) -> Result<(Profile, Option<Prune>, Vec<Note>), Error> {
        let types = self.sample_types.iter().map(|message| self.sample_type(*message)).collect::<Result<Vec<_>, Error>>()?;
        if types.is_empty() {
            return Err(Error::NoSampleType);
        }
        let mut notes = Vec::new();
        if self.strings.first().is_some_and(|first| !first.is_empty()) {
            let text = "string 0 is not empty as it must be; it reads as empty".to_owned();
            notes.push(Note { kind: NoteKind::Malformed, offset: Some(self.strings_at as u64), text });
        }
        let mut head = ProfileBuilder::new(ProfileKind::Other, types).finish();
        head.drop_frames = self.text(self.drop_frames, 0)?;
        head.keep_frames = self.text(self.keep_frames, 0)?;
        let prune = Prune::new(&head.drop_frames, &head.keep_frames).unwrap_or_else(|error| {
            let text = format!("failed to {error}; no frame is dropped");
            notes.push(Note { kind: NoteKind::Malformed, offset: None, text });
            None
        });
        head.default_sample_type = Some(self.text(self.default_sample_type, 0)?).filter(|name| !name.is_empty());
        head.doc_url = self.text(self.doc_url, 0)?;
        head.comments = self.comments.iter().map(|id| self.text(*id, 0)).collect::<Result<Vec<_>, Error>>()?;
        let period_type = self.period_type.map(|message| self.sample_type(message)).transpose()?;
        head.period_type = period_type.filter(|kind| !kind.name.is_empty() || !kind.unit.is_empty());
        head.period = self.period;
        head.taken_at_ns = Some(self.time_ns).filter(|ns| *ns != 0);
        head.duration_ns = Some(self.duration_ns).filter(|ns| *ns != 0);
        Ok((head, prune, notes))
    }

    /// The text of a number; 0 is the empty one.
    pub fn bytes_of(&self, id: u64, asked_at: usize) -> Result<&'a [u8], Error> {
        if id == 0 {
            return Ok(b"");
        }
        let text = usize::try_from(id).ok().and_then(|at| self.strings.get(at));
        text.copied().ok_or(Error::Dangling { what: "string", id, offset: asked_at })
    }

    fn text(&self, id: u64, asked_at: usize) -> Result<Box<str>, Error> {
        Ok(String::from_utf8_lossy(self.bytes_of(id, asked_at)?).into())
    }

    fn sample_type(&self, (message, at): Message<'_>) -> Result<SampleType, Error> {
        let name = self.text(number(message, 1, at)?, at)?;
        let unit = self.text(number(message, 2, at)?, at)?;
        Ok(SampleType { name, unit })
    }
}

fn limited<T>(list: &mut Vec<T>, item: T, what: &'static str, limit: usize, offset: usize) -> Result<(), Error> {
    if list.len() >= limit {
        return Err(Error::Limit { what, limit, offset });
    }
    list.push(item);
    Ok(())
}

/// Adds the numbers of a repeated field.
pub fn push_all(value: Field<'_>, out: &mut Vec<u64>, what: &'static str, offset: usize) -> Result<(), Error> {
    if pb::push_numbers(value, out, MAX_DEPTH) {
        return Ok(());
    }
    Err(if out.len() >= MAX_DEPTH { Error::Limit { what, limit: MAX_DEPTH, offset } } else { Error::Malformed(offset) })
}
