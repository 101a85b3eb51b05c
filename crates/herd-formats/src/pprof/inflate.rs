//! Gzip around a profile, inflated within bounds, and in pieces that can be let go one by one.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use flate2::bufread::MultiGzDecoder;

use super::Error;
use crate::pb::{self, Field};

/// First bytes of a gzip stream.
pub const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes an input may inflate to.
pub const MAX_INFLATED_BYTES: u64 = 512 << 20;

/// Bytes of a piece, about.
const PIECE_BYTES: usize = 512 << 10;

/// A part of a profile.proto that ends where a field does.
pub struct Piece<'a> {
    /// Where it starts in the inflated input, in bytes.
    pub at: usize,
    pub bytes: Cow<'a, [u8]>,
    /// How many samples it has, where it has nothing else.
    pub samples: Option<usize>,
}

/// Why an input has no pieces.
pub enum Halt {
    /// It breaks off.
    Read(io::Error),
    /// It is longer than [`MAX_INFLATED_BYTES`].
    TooLarge,
}

/// The bytes inside a gzip stream, in pieces.
pub fn inflated(input: impl BufRead) -> Result<Vec<Piece<'static>>, Error> {
    let mut inflater = MultiGzDecoder::new(Counted { input, taken: 0 });
    pieces(&mut inflater).map_err(|halt| match halt {
        Halt::Read(error) => Error::Gzip { what: error.to_string(), offset: inflater.get_ref().taken },
        Halt::TooLarge => Error::TooLarge,
    })
}

/// An input in pieces; one after another they are the whole, whatever it is.
pub fn pieces(input: &mut impl Read) -> Result<Vec<Piece<'static>>, Halt> {
    let (mut pieces, mut at) = (Vec::new(), 0);
    let (mut held, mut wanted) = (Vec::new(), PIECE_BYTES);
    loop {
        let missing = wanted - held.len();
        held.reserve_exact(missing);
        let read = Read::by_ref(input).take(missing as u64).read_to_end(&mut held).map_err(Halt::Read)?;
        if (at + held.len()) as u64 > MAX_INFLATED_BYTES {
            return Err(Halt::TooLarge);
        }
        if read < missing {
            held.shrink_to_fit();
            pieces.push(Piece { at, bytes: Cow::Owned(held), samples: None });
            return Ok(pieces);
        }
        let (end, samples) = whole_fields(&held);
        if end == 0 {
            // One message is longer, or it is none.
            wanted *= 2;
            continue;
        }
        let rest = held[end..].to_vec();
        wanted = PIECE_BYTES.max(2 * rest.len());
        held.truncate(end);
        held.shrink_to_fit();
        pieces.push(Piece { at, bytes: Cow::Owned(std::mem::replace(&mut held, rest)), samples });
        at += end;
    }
}

/// Counts what is taken of an input.
struct Counted<R> {
    input: R,
    taken: usize,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.input.read(into)?;
        self.taken += read;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.input.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount;
        self.input.consume(amount);
    }
}

/// Where the last whole field ends, and how many fields there are if all are samples.
fn whole_fields(bytes: &[u8]) -> (usize, Option<usize>) {
    let (mut end, mut samples) = (0, Some(0));
    let mut fields = pb::fields(bytes);
    while let Some(Ok(field)) = fields.next() {
        samples = samples.filter(|_| matches!(field, (2, Field::Bytes(_)))).map(|samples| samples + 1);
        end = fields.offset();
    }
    (end, samples)
}
