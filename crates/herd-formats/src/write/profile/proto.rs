//! profile.proto, gzipped: what [`crate::pprof::read`] reads, and `go tool pprof`.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use herd_model::{LabelValue, NameId, Profile, SampleType};
use rustc_hash::FxHashMap;

use crate::pb::{put_bytes, put_number, put_packed};

/// Bytes held before they go to the compressor.
const PIECE_BYTES: usize = 64 << 10;

/// The profile, packed.
///
/// # Panics
/// Never: memory takes every byte.
pub fn proto(profile: &Profile) -> Vec<u8> {
    let gzip = GzEncoder::new(Vec::new(), Compression::default());
    let mut out = Out { gzip, piece: Vec::with_capacity(2 * PIECE_BYTES), message: Vec::new(), inner: Vec::new() };
    write(profile, &mut out).and_then(|()| out.gzip.finish()).expect("memory takes every byte")
}

struct Out {
    gzip: GzEncoder<Vec<u8>>,
    piece: Vec<u8>,
    message: Vec<u8>,
    inner: Vec<u8>,
}

impl Out {
    /// Ends the message being put together, as field `field` of the profile.
    fn end_message(&mut self, field: u64) -> io::Result<()> {
        put_bytes(&mut self.piece, field, &self.message);
        self.message.clear();
        if self.piece.len() >= PIECE_BYTES { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.gzip.write_all(&self.piece)?;
        self.piece.clear();
        Ok(())
    }
}

/// The profile's own names keep their numbers; what is no name gets the numbers behind.
struct Strings<'a> {
    profile: &'a Profile,
    more: Vec<&'a str>,
    index: FxHashMap<&'a str, u64>,
}

impl<'a> Strings<'a> {
    fn id(&mut self, text: &'a str) -> u64 {
        if text.is_empty() {
            return 0;
        }
        let next = (self.profile.names.len() + self.more.len()) as u64;
        *self.index.entry(text).or_insert_with(|| {
            self.more.push(text);
            next
        })
    }
}

fn write(profile: &Profile, out: &mut Out) -> io::Result<()> {
    let mut strings = Strings { profile, more: Vec::new(), index: FxHashMap::default() };
    for kind in &profile.sample_types {
        put_type(kind, &mut strings, &mut out.message);
        out.end_message(1)?;
    }
    put_samples(profile, out)?;
    put_mappings(profile, out)?;
    put_locations(profile, out)?;
    for (id, function) in (1..).zip(&profile.functions) {
        put_number(&mut out.message, 1, id);
        put_number(&mut out.message, 2, string_id(function.name));
        put_number(&mut out.message, 3, string_id(function.system_name));
        put_number(&mut out.message, 4, string_id(function.file));
        put_number(&mut out.message, 5, u64::from(function.start_line));
        out.end_message(5)?;
    }
    put_headers(profile, &mut strings, out)?;
    for id in 0..profile.names.len() as u32 {
        put_bytes(&mut out.piece, 6, profile.names.text(NameId(id)).as_bytes());
    }
    for text in &strings.more {
        put_bytes(&mut out.piece, 6, text.as_bytes());
    }
    out.flush()
}

fn put_type<'a>(kind: &'a SampleType, strings: &mut Strings<'a>, message: &mut Vec<u8>) {
    put_number(message, 1, strings.id(&kind.name));
    put_number(message, 2, strings.id(&kind.unit));
}

fn put_headers<'a>(profile: &'a Profile, strings: &mut Strings<'a>, out: &mut Out) -> io::Result<()> {
    put_number(&mut out.piece, 7, strings.id(&profile.drop_frames));
    put_number(&mut out.piece, 8, strings.id(&profile.keep_frames));
    put_number(&mut out.piece, 9, profile.taken_at_ns.unwrap_or(0).cast_unsigned());
    put_number(&mut out.piece, 10, profile.duration_ns.unwrap_or(0).cast_unsigned());
    if let Some(kind) = &profile.period_type {
        put_type(kind, strings, &mut out.message);
        out.end_message(11)?;
    }
    put_number(&mut out.piece, 12, profile.period.cast_unsigned());
    let comments: Vec<u64> = profile.comments.iter().map(|comment| strings.id(comment)).collect();
    if !comments.is_empty() {
        put_packed(&mut out.piece, 13, comments);
    }
    if let Some(name) = &profile.default_sample_type {
        put_number(&mut out.piece, 14, strings.id(name));
    }
    put_number(&mut out.piece, 15, strings.id(&profile.doc_url));
    Ok(())
}

fn put_samples(profile: &Profile, out: &mut Out) -> io::Result<()> {
    let samples = &profile.samples;
    for row in 0..samples.len() {
        let stack = profile.stacks.get(samples.stacks[row]);
        put_packed(&mut out.message, 1, stack.map(|id| u64::from(id.0) + 1));
        put_packed(&mut out.message, 2, samples.values.iter().map(|column| column[row].cast_unsigned()));
        for label in &profile.label_sets[samples.labels[row].0 as usize] {
            out.inner.clear();
            put_number(&mut out.inner, 1, string_id(label.key));
            match label.value {
                LabelValue::Text(text) => put_number(&mut out.inner, 2, string_id(text)),
                LabelValue::Number(number, unit) => {
                    put_number(&mut out.inner, 3, number.cast_unsigned());
                    put_number(&mut out.inner, 4, string_id(unit));
                }
            }
            put_bytes(&mut out.message, 3, &out.inner);
        }
        out.end_message(2)?;
    }
    Ok(())
}

fn put_mappings(profile: &Profile, out: &mut Out) -> io::Result<()> {
    for (id, mapping) in (1..).zip(&profile.mappings) {
        let has = mapping.has;
        let flags = [has.functions, has.filenames, has.line_numbers, has.inline_frames];
        let numbers = [id, mapping.start, mapping.limit, mapping.offset, string_id(mapping.file), string_id(mapping.build_id)];
        for (field, number) in (1..).zip(numbers.into_iter().chain(flags.map(u64::from))) {
            put_number(&mut out.message, field, number);
        }
        out.end_message(3)?;
    }
    Ok(())
}

fn put_locations(profile: &Profile, out: &mut Out) -> io::Result<()> {
    for (id, location) in (1..).zip(&profile.locations) {
        put_number(&mut out.message, 1, id);
        put_number(&mut out.message, 2, location.mapping.map_or(0, |mapping| u64::from(mapping.0) + 1));
        put_number(&mut out.message, 3, location.address);
        for line in profile.lines_of(location) {
            out.inner.clear();
            put_number(&mut out.inner, 1, u64::from(line.function.0) + 1);
            put_number(&mut out.inner, 2, u64::from(line.line));
            put_number(&mut out.inner, 3, u64::from(line.column));
            put_bytes(&mut out.message, 4, &out.inner);
        }
        put_number(&mut out.message, 5, u64::from(location.folded));
        out.end_message(4)?;
    }
    Ok(())
}

fn string_id(name: NameId) -> u64 {
    u64::from(name.0)
}
