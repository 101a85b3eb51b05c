//! gzip and zstd taken off as a stream, several members in a row included, with a bound against bombs.

use std::io::{self, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;

/// The most that is inflated of one input: about five times the text of 2,000,000 goroutines.
pub const MAX_INFLATED_BYTES: u64 = 16 << 30;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const MAGIC_BYTES: usize = 4;
const BUFFER_BYTES: usize = 256 << 10;

/// What an input is packed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    None,
    Gzip,
    Zstd,
}

impl Packing {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Packing::None => "plain",
            Packing::Gzip => "gzip",
            Packing::Zstd => "zstd",
        }
    }
}

/// Looks at the first bytes and gives the input unpacked. Cost: one buffer, and a window of at most 128 MiB for zstd.
pub(crate) fn unpack<'a>(mut input: impl Read + 'a) -> io::Result<(Packing, Box<dyn Read + 'a>)> {
    let mut magic = Vec::with_capacity(MAGIC_BYTES);
    input.by_ref().take(MAGIC_BYTES as u64).read_to_end(&mut magic)?;
    let packing = if magic.starts_with(&GZIP_MAGIC) {
        Packing::Gzip
    } else if magic == ZSTD_MAGIC {
        Packing::Zstd
    } else {
        Packing::None
    };
    let whole = Cursor::new(magic).chain(input);
    let unpacked: Box<dyn Read + 'a> = match packing {
        Packing::None => Box::new(whole),
        Packing::Gzip => Box::new(MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, whole))),
        Packing::Zstd => Box::new(zstd::Decoder::with_buffer(BufReader::with_capacity(BUFFER_BYTES, whole))?),
    };
    Ok((packing, unpacked))
}
