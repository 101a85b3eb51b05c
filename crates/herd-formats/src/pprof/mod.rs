//! Weighted profiles: profile.proto, gzipped or not, and the text forms Go prints with `debug=1`, read into a [`Profile`]; many
//! profiles merged into one.
//!
//! profile.proto is read in two passes over the inflated bytes, since its string table may come last; nothing of it is copied but
//! the texts and numbers the samples use.

mod inflate;
mod kind;
mod parts;
mod proto;
mod prune;
mod table;
mod text;
mod text_record;

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};

use herd_model::{Note, Profile, ProfileBuilder, SampleVisitor, Unlike};

pub use inflate::MAX_INFLATED_BYTES;
use inflate::{Halt, Piece, inflated, pieces};
pub use text::TextForm;

/// Strings, functions, locations or label sets a profile may have.
pub const MAX_TABLE_ENTRIES: usize = 8 << 20;
/// Mappings a profile may have.
pub const MAX_MAPPINGS: usize = 8 << 10;
/// Sample types a profile may have.
pub const MAX_SAMPLE_TYPES: usize = 64;
/// Locations a stack may have, lines a location, labels a sample. Go cuts stacks at 128 calls.
pub const MAX_DEPTH: usize = 64 << 10;
/// Calls a stack may have, inlined ones included; a location of many lines that stands in it often has as many as both together.
pub const MAX_CALLS: usize = 64 << 10;
/// Calls all distinct stacks may have together: what whoever walks every stack has to do.
pub const MAX_CALLS_TOTAL: usize = 256 << 20;
/// Locations, lines, labels or values all parts of a profile may have together.
pub const MAX_ENTRIES: usize = 64 << 20;

/// Why a profile cannot be read. Offsets are bytes in the inflated input, unless said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing there.
    #[error("read the profile: it is empty")]
    Empty,
    /// The compressed stream is broken.
    #[error("inflate the profile: {what}, at byte {offset} of the compressed input")]
    Gzip {
        /// What is wrong.
        what: String,
        /// Where in the compressed input.
        offset: usize,
    },
    /// It inflates beyond [`MAX_INFLATED_BYTES`].
    #[error("inflate the profile: more than {MAX_INFLATED_BYTES} bytes")]
    TooLarge,
    /// Not a protobuf message, or cut.
    #[error("read profile.proto: no field at byte {0}")]
    Malformed(usize),
    /// A number that refers to nothing.
    #[error("read profile.proto: {what} {id} is not in it, asked for at byte {offset}")]
    Dangling {
        /// What is missing.
        what: &'static str,
        /// Its number.
        id: u64,
        /// Where it is asked for.
        offset: usize,
    },
    /// A number given twice, or the number 0, which stands for nothing.
    #[error("read profile.proto: {what} {id} at byte {offset} has no number of its own")]
    Duplicate {
        /// What is there twice.
        what: &'static str,
        /// Its number.
        id: u64,
        /// Where the second one is.
        offset: usize,
    },
    /// More of something than fits in bounded memory.
    #[error("read the profile: more than {limit} {what}, at byte {offset}")]
    Limit {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
        /// Where the first that is too many is.
        offset: usize,
    },
    /// A sample that has not one value a sample type.
    #[error("read profile.proto: a sample with {found} values at byte {offset}, where {expected} are counted")]
    Values {
        /// Values found.
        found: usize,
        /// Sample types.
        expected: usize,
        /// Where the sample is.
        offset: usize,
    },
    /// It does not say what it counts.
    #[error("read profile.proto: it has no sample type")]
    NoSampleType,
    /// Two profiles one after another in one file.
    #[error("read profile.proto: a second profile follows the first, at byte {0}")]
    Concatenated(usize),
    /// A text form without something its numbers need.
    #[error("read the profile's text: {0}")]
    Text(&'static str),
    /// No profile was given.
    #[error("merge profiles: there is none")]
    Nothing,
    /// They count different things.
    #[error("merge profiles: number {number} has the {what} {other}, those before it {one}")]
    Unlike {
        /// Which of them, from 1.
        number: usize,
        /// `sample types` or `period types`.
        what: &'static str,
        /// Of those before it.
        one: String,
        /// Its own.
        other: String,
    },
}

/// Reads a profile of any kind and form. Frames that its `drop_frames` names are left out, as google/pprof does on reading.
pub fn read(bytes: &[u8]) -> Result<(Profile, Vec<Note>), Error> {
    read_plain(plain(bytes)?, None)
}

/// The same of an input as it comes: what is packed is never held, and what is unpacked only until it is read. The outer error is the
/// input's own.
///
/// Where there is a visitor it is shown every sample, and the profile may then have none; for half the cost, as equal stacks are not looked
/// for. After an error what it was shown is a part.
pub fn read_from(input: impl Read, visitor: Option<&mut dyn SampleVisitor>) -> io::Result<Result<(Profile, Vec<Note>), Error>> {
    let mut input = BufReader::new(input);
    let pieces = if input.fill_buf()?.starts_with(&inflate::GZIP_MAGIC) {
        inflated(input)
    } else {
        match pieces(&mut input) {
            Ok(pieces) => Ok(pieces),
            Err(Halt::Read(error)) => return Err(error),
            Err(Halt::TooLarge) => Err(Error::TooLarge),
        }
    };
    Ok(pieces.and_then(|pieces| read_plain(pieces, visitor)))
}

/// Reads a profile.proto, gzipped or not.
pub fn read_proto(bytes: &[u8]) -> Result<(Profile, Vec<Note>), Error> {
    proto::read(plain(bytes)?, None)
}

fn plain(bytes: &[u8]) -> Result<Vec<Piece<'_>>, Error> {
    if bytes.starts_with(&inflate::GZIP_MAGIC) {
        return inflated(bytes);
    }
    Ok(vec![Piece { at: 0, bytes: Cow::Borrowed(bytes), samples: None }])
}

fn read_plain(pieces: Vec<Piece<'_>>, visitor: Option<&mut dyn SampleVisitor>) -> Result<(Profile, Vec<Note>), Error> {
    let Some(form) = form_of(&pieces) else { return proto::read(pieces, visitor) };
    let (profile, notes) = text::read(&whole(pieces), form)?;
    if let Some(visitor) = visitor {
        profile.visit(visitor);
    }
    Ok((profile, notes))
}

fn form_of(pieces: &[Piece<'_>]) -> Option<TextForm> {
    text::form(&pieces.first()?.bytes)
}

/// The pieces as one.
fn whole(mut pieces: Vec<Piece<'_>>) -> Cow<'_, [u8]> {
    match pieces.pop() {
        Some(only) if pieces.is_empty() => only.bytes,
        last => pieces.into_iter().chain(last).flat_map(|piece| piece.bytes.into_owned()).collect(),
    }
}

/// The text form of a profile that starts so, if it is one.
pub fn text_form(head: &[u8]) -> Option<TextForm> {
    text::form(head)
}

/// Profiles being added up, one after another: memory follows the distinct stacks, not the number of profiles.
#[derive(Debug, Default)]
pub struct Merge {
    whole: Option<ProfileBuilder>,
    number: usize,
}

impl Merge {
    /// Adds a profile. After an error the sum is as it was before.
    pub fn add(&mut self, profile: &Profile) -> Result<(), Error> {
        let number = self.number + 1;
        let whole = self.whole.get_or_insert_with(|| ProfileBuilder::new(profile.kind, profile.sample_types.clone()));
        whole.absorb(profile).map_err(|Unlike { what, one, other }| Error::Unlike { number, what, one, other })?;
        self.number = number;
        Ok(())
    }

    /// Reads a profile of any kind and form and adds it: the sum is that of [`read`] and [`Merge::add`] for half the cost. After an
    /// error no value of it is in the sum.
    pub fn add_bytes(&mut self, bytes: &[u8]) -> Result<Vec<Note>, Error> {
        let mut pieces = plain(bytes)?;
        if form_of(&pieces).is_none() {
            let added = proto::add(pieces, &mut self.whole, self.number + 1);
            if self.number == 0 && !matches!(added, Ok(Some(_))) {
                self.whole = None;
            }
            if let Some(notes) = added? {
                self.number += 1;
                return Ok(notes);
            }
            // Its kind is told by its stacks, and it is small: delays have few.
            pieces = plain(bytes)?;
        }
        let (profile, notes) = read_plain(pieces, None)?;
        self.add(&profile)?;
        Ok(notes)
    }

    /// The sum.
    pub fn finish(self) -> Result<Profile, Error> {
        Ok(self.whole.ok_or(Error::Nothing)?.finish())
    }
}
