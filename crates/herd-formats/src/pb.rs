//! Protocol buffers, as much as profile.proto needs: a reader that never panics and a writer.

use herd_model::put_varint;

/// Bytes a number of 64 bits may take.
const VARINT_BYTES_MAX: usize = 10;

/// One field of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field<'a> {
    /// A varint, or a fixed number.
    Number(u64),
    /// Bytes: a text, a message, or packed numbers.
    Bytes(&'a [u8]),
}

/// Walks the fields of a message; ends at its end, or with `Err(offset)` where it is not one.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    message: &'a [u8],
    at: usize,
}

/// The fields of `message`.
pub fn fields(message: &[u8]) -> Fields<'_> {
    Fields { message, at: 0 }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), usize>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.message.len() {
            return None;
        }
        let start = self.at;
        let field = self.read();
        if field.is_none() {
            self.at = self.message.len();
        }
        Some(field.ok_or(start))
    }
}

impl<'a> Fields<'a> {
    /// Where the next field starts.
    pub fn offset(&self) -> usize {
        self.at
    }

    fn read(&mut self) -> Option<(u64, Field<'a>)> {
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Number(self.varint()?),
            1 => Field::Number(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let len = usize::try_from(self.varint()?).ok()?;
                Field::Bytes(self.take(len)?)
            }
            5 => Field::Number(u64::from(u32::from_le_bytes(self.take(4)?.try_into().ok()?))),
            _ => return None,
        };
        (tag >> 3 != 0).then_some((tag >> 3, field))
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let bytes = self.message.get(self.at..self.at.checked_add(len)?)?;
        self.at += len;
        Some(bytes)
    }

    fn varint(&mut self) -> Option<u64> {
        let (value, len) = varint(self.message.get(self.at..)?)?;
        self.at += len;
        Some(value)
    }
}

/// The number at the start of `bytes`, and how many bytes it takes.
#[inline]
pub fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    // Nearly all numbers of a profile have one to three bytes.
    match bytes {
        [a, ..] if *a < 0x80 => Some((u64::from(*a), 1)),
        [a, b, ..] if *b < 0x80 => Some((u64::from(*a & 0x7f) | u64::from(*b) << 7, 2)),
        [a, b, c, ..] if *c < 0x80 => Some((u64::from(*a & 0x7f) | u64::from(*b & 0x7f) << 7 | u64::from(*c) << 14, 3)),
        _ => long_varint(bytes),
    }
}

fn long_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(VARINT_BYTES_MAX).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Some((value, at + 1));
        }
    }
    None
}

/// Adds the numbers of a repeated field, packed or one by one; `false` when the packed bytes are cut, or when `out` holds `limit`
/// numbers and there are more.
pub fn push_numbers(field: Field<'_>, out: &mut Vec<u64>, limit: usize) -> bool {
    match field {
        Field::Number(value) if out.len() < limit => out.push(value),
        Field::Number(_) => return false,
        Field::Bytes(packed) => {
            let mut rest = packed;
            while !rest.is_empty() {
                if out.len() >= limit {
                    return false;
                }
                let Some((value, len)) = varint(rest) else { return false };
                rest = &rest[len..];
                out.push(value);
            }
        }
    }
    true
}

/// Appends a number field; zero is the default and not written.
pub fn put_number(out: &mut Vec<u8>, field: u64, value: u64) {
    if value != 0 {
        put_varint(out, field << 3);
        put_varint(out, value);
    }
}

/// Appends a bytes field.
pub fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put_varint(out, field << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Appends a packed repeated number field.
pub fn put_packed(out: &mut Vec<u8>, field: u64, values: impl IntoIterator<Item = u64>) {
    let mut packed = Vec::new();
    for value in values {
        put_varint(&mut packed, value);
    }
    put_bytes(out, field, &packed);
}
