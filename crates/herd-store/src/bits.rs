//! The two ways numbers are written: whole bytes of seven bits each ([`put_varint`]), and single bits ([`BitWriter`]) where a number may take
//! less than a byte. Readers refuse what does not hold together and never read past the end.

use crate::StoreError;

/// Appends a number in groups of seven bits, low ones first; at most ten bytes.
#[inline]
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a signed number; small ones of either sign are short.
pub fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_varint(out, zigzag(value));
}

/// Appends a text with its length before it.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Signed to unsigned so that small ones of either sign are small.
pub fn zigzag(value: i64) -> u64 {
    (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned()
}

/// The inverse of [`zigzag`].
pub fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -((value & 1).cast_signed())
}

/// Reads what the `put_` functions wrote.
#[derive(Clone, Debug)]
pub struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// Reads from the start.
    pub fn new(bytes: &'a [u8]) -> Self {
        Bytes { rest: bytes }
    }

    /// What is not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// One byte.
    #[inline]
    pub fn byte(&mut self) -> Result<u8, StoreError> {
        let (first, rest) = self.rest.split_first().ok_or_else(|| StoreError::damaged("a record ends too soon"))?;
        self.rest = rest;
        Ok(*first)
    }

    /// So many bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], StoreError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| StoreError::damaged("a record ends too soon"))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The eight bytes of a number, as they are.
    pub fn fixed(&mut self) -> Result<u64, StoreError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or_else(|| StoreError::damaged("a record ends too soon"))?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*taken))
    }

    /// A number.
    #[inline]
    pub fn varint(&mut self) -> Result<u64, StoreError> {
        let mut value = 0;
        for shift in (0..70).step_by(7) {
            let byte = self.byte()?;
            if shift == 63 && byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(StoreError::damaged("a number is longer than ten bytes"))
    }

    /// A number that counts something held in memory, at most `most`.
    #[inline]
    pub fn count(&mut self, most: usize) -> Result<usize, StoreError> {
        let value = self.varint()?;
        usize::try_from(value).ok().filter(|value| *value <= most).ok_or_else(|| StoreError::damaged("a count is past its limit"))
    }

    /// A signed number.
    pub fn signed(&mut self) -> Result<i64, StoreError> {
        self.varint().map(unzigzag)
    }
}

/// Appends bits to bytes, low bits first.
#[derive(Debug)]
pub struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    bits: u32,
}

impl<'a> BitWriter<'a> {
    /// Appends to `out` from its end.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        BitWriter { out, held: 0, bits: 0 }
    }

    /// Appends the low `bits` of `value`, whose other bits must be zero; at most 32.
    #[inline]
    pub fn put(&mut self, value: u64, bits: u32) {
        debug_assert!(bits <= 32 && value >> bits == 0, "{value:#x} has more than {bits} bits");
        self.held |= value << self.bits;
        self.bits += bits;
        if self.bits >= 32 {
            self.out.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.bits -= 32;
        }
    }

    /// Appends up to 64 bits.
    #[inline]
    pub fn put_long(&mut self, value: u64, bits: u32) {
        if bits <= 32 {
            self.put(value, bits);
        } else {
            self.put(value & 0xffff_ffff, 32);
            self.put(value >> 32, bits - 32);
        }
    }

    /// Writes what is held; the last byte is filled with zeros.
    pub fn finish(self) {
        let held = self.held.to_le_bytes();
        self.out.extend(held.iter().take(self.bits.div_ceil(8) as usize));
    }
}

/// Reads what [`BitWriter`] wrote. Past the end there are zeros; [`BitReader::ended_within`] tells.
#[derive(Debug)]
pub struct BitReader<'a> {
    bytes: &'a [u8],
    next: usize,
    held: u64,
    bits: u32,
}

impl<'a> BitReader<'a> {
    /// Reads from the start.
    pub fn new(bytes: &'a [u8]) -> Self {
        BitReader { bytes, next: 0, held: 0, bits: 0 }
    }

    #[inline]
    fn fill(&mut self) {
        if let Some(word) = self.bytes.get(self.next..).and_then(|rest| rest.first_chunk::<4>()) {
            self.held |= u64::from(u32::from_le_bytes(*word)) << self.bits;
            self.next += 4;
        } else {
            let mut word = [0; 4];
            let rest = self.bytes.get(self.next..).unwrap_or_default();
            for (to, from) in word.iter_mut().zip(rest) {
                *to = *from;
            }
            self.held |= u64::from(u32::from_le_bytes(word)) << self.bits;
            self.next = self.next.saturating_add(4);
        }
        self.bits += 32;
    }

    /// The next `bits`, at most 32.
    #[inline]
    pub fn get(&mut self, bits: u32) -> u64 {
        if self.bits < bits {
            self.fill();
        }
        let value = self.held & ((1 << bits) - 1);
        self.held >>= bits;
        self.bits -= bits;
        value
    }

    /// The next `bits`, at most 64.
    #[inline]
    pub fn get_long(&mut self, bits: u32) -> u64 {
        if bits <= 32 {
            return self.get(bits);
        }
        let low = self.get(32);
        low | self.get(bits - 32) << 32
    }

    /// How many ones come before a zero, which is read as well, or `most` ones, after which nothing is read. `most` is at most 31.
    #[inline]
    pub fn ones(&mut self, most: u32) -> u32 {
        if self.bits < 32 {
            self.fill();
        }
        let ones = self.held.trailing_ones().min(most);
        let read = if ones == most { ones } else { ones + 1 };
        self.held >>= read;
        self.bits -= read;
        ones
    }

    /// Whether no more was read than there is.
    pub fn ended_within(&self) -> bool {
        let read = (self.next * 8).saturating_sub(self.bits as usize);
        read <= self.bytes.len() * 8
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_read_back(values: Vec<u64>) {
            let mut out = Vec::new();
            for value in &values {
                put_varint(&mut out, *value);
                put_signed(&mut out, value.cast_signed());
            }
            let mut bytes = Bytes::new(&out);
            for value in &values {
                prop_assert_eq!(bytes.varint().unwrap(), *value);
                prop_assert_eq!(bytes.signed().unwrap(), value.cast_signed());
            }
            prop_assert!(bytes.rest().is_empty());
        }

        #[test]
        fn bits_read_back(values: Vec<(u64, u32, u32)>) {
            let values: Vec<(u64, u32, u32)> = values
                .into_iter()
                .map(|(value, bits, ones)| (value, bits % 65, ones % 21))
                .map(|(value, bits, ones)| (if bits == 64 { value } else { value & ((1 << bits) - 1) }, bits, ones))
                .collect();
            let mut out = Vec::new();
            let mut writer = BitWriter::new(&mut out);
            for (value, bits, ones) in &values {
                writer.put_long(*value, *bits);
                writer.put((1 << ones) - 1, if *ones == 20 { 20 } else { ones + 1 });
            }
            writer.finish();
            let mut reader = BitReader::new(&out);
            for (value, bits, ones) in &values {
                prop_assert_eq!(reader.get_long(*bits), *value);
                prop_assert_eq!(reader.ones(20), *ones);
            }
            prop_assert!(reader.ended_within());
        }

        #[test]
        fn damaged_numbers_are_refused_or_read(bytes: Vec<u8>) {
            let mut reader = Bytes::new(&bytes);
            while reader.varint().is_ok() {}
        }
    }
}
