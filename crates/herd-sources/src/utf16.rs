//! UTF-16 text, as `>` of Windows PowerShell writes it, read as UTF-8.

use std::io::{self, Read};

/// Length of the mark that tells the order.
pub(crate) const MARK_BYTES: usize = 2;
const BLOCK_BYTES: usize = 64 << 10;

/// The byte order a mark at the start tells.
pub(crate) fn order(head: &[u8]) -> Option<Order> {
    match head {
        [0xff, 0xfe, ..] => Some(Order::Little),
        [0xfe, 0xff, ..] => Some(Order::Big),
        _ => None,
    }
}

/// Which byte of a unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Little,
    Big,
}

/// Reads UTF-16 as UTF-8; what is no text becomes U+FFFD.
pub(crate) struct Utf16<R> {
    input: R,
    order: Order,
    /// Bytes of a unit or a pair that is not complete yet.
    rest: Vec<u8>,
    text: io::Cursor<Vec<u8>>,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    pub(crate) fn new(input: R, order: Order) -> Self {
        Utf16 { input, order, rest: Vec::new(), text: io::Cursor::default(), ended: false }
    }

    fn decode_block(&mut self) -> io::Result<()> {
        let mut bytes = std::mem::take(&mut self.rest);
        let before = bytes.len();
        self.input.by_ref().take(BLOCK_BYTES as u64).read_to_end(&mut bytes)?;
        self.ended = bytes.len() == before;
        let mut units: Vec<u16> = bytes.chunks_exact(2).map(|pair| self.unit([pair[0], pair[1]])).collect();
        let pair_is_open = units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit));
        if pair_is_open && !self.ended {
            units.pop();
        }
        if !self.ended {
            self.rest = bytes.split_off(units.len() * 2);
        }
        let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        self.text = io::Cursor::new(text.into_bytes());
        Ok(())
    }

    fn unit(&self, bytes: [u8; 2]) -> u16 {
        match self.order {
            Order::Little => u16::from_le_bytes(bytes),
            Order::Big => u16::from_be_bytes(bytes),
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.ended && self.text.position() == self.text.get_ref().len() as u64 {
            self.decode_block()?;
        }
        self.text.read(into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], order: Order) -> String {
        let mut text = String::new();
        Utf16::new(bytes, order).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn text_survives_both_orders_and_every_block_edge() {
        for lead in 0..4 {
            let text = "x".repeat(lead) + &"a😀é\r\n".repeat(BLOCK_BYTES / 7);
            let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
            assert!(little.len() > BLOCK_BYTES);
            assert!(read(&little, Order::Little) == text && read(&big, Order::Big) == text, "lead {lead}");
        }
    }

    #[test]
    fn half_a_character_is_marked() {
        assert_eq!(read(&[0x61, 0, 0x3d, 0xd8], Order::Little), "a\u{fffd}");
        assert_eq!(read(&[0x61, 0, 0x62], Order::Little), "a");
    }
}
