//! A hash table of short words, as names are: those of up to eight bytes are compared as a number, and only longer ones as text.

use crate::intern::Symbol;

/// A word to look up.
#[derive(Clone, Copy)]
pub(crate) struct Word<'t> {
    /// Its first eight bytes, the first one lowest, zero behind its end.
    head: u64,
    hash: u32,
    text: &'t [u8],
}

/// Symbols of words. Texts are kept by the owner, who hands them in.
pub(crate) struct Words {
    /// Open addressing; a length of 0 is a free slot. Their number is a power of two.
    slots: Vec<Slot>,
    used: usize,
}

#[derive(Clone, Copy, Default)]
struct Slot {
    head: u64,
    hash: u32,
    /// Where its text is among the owner's; of words of more than eight bytes.
    start: u32,
    len: u32,
    symbol: Symbol,
}

impl<'t> Word<'t> {
    /// A word whose first eight bytes are known.
    #[inline]
    pub(crate) fn of(head: u64, text: &'t [u8]) -> Self {
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut hash = (head ^ (text.len() as u64) << 59).wrapping_mul(MULTIPLIER);
        if let Some(rest) = text.get(8..) {
            for bytes in rest.chunks(8) {
                hash = (hash.rotate_left(23) ^ number(bytes)).wrapping_mul(MULTIPLIER);
            }
        }
        Self { head, hash: (hash >> 32) as u32, text }
    }

    /// Any text as a word.
    pub(crate) fn of_text(text: &'t str) -> Self {
        let head = text.as_bytes().chunks(8).next().map_or(0, number);
        Self::of(head, text.as_bytes())
    }

    pub(crate) fn text(self) -> &'t [u8] {
        self.text
    }

    /// Bits that tables make no use of, to choose one of several by.
    pub(crate) fn high_bits(self) -> usize {
        (self.hash >> 24) as usize
    }
}

/// Up to eight bytes as a number.
#[inline]
fn number(bytes: &[u8]) -> u64 {
    match bytes.first_chunk::<8>() {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    }
}

impl Words {
    /// An empty table with room for so many words.
    pub(crate) fn with_room(words: usize) -> Self {
        Self { slots: vec![Slot::default(); (words * 2).clamp(64, 8192).next_power_of_two()], used: 0 }
    }

    /// The symbol of a word, or the slot where it belongs; `texts` holds the texts of the words that were put.
    #[inline]
    pub(crate) fn find(&self, word: Word<'_>, texts: &[u8]) -> Result<Symbol, usize> {
        let len = word.text.len() as u32;
        let mut slot = word.hash as usize & (self.slots.len() - 1);
        loop {
            let known = &self.slots[slot];
            if known.head == word.head
                && known.len == len
                && (len <= 8 || known.hash == word.hash && known.text(texts) == word.text)
            {
                return Ok(known.symbol);
            }
            if known.len == 0 {
                return Err(slot);
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }

    /// Puts a word that was not found into the free slot, its text being at `start` of the owner's. The empty word cannot be put.
    pub(crate) fn put(&mut self, free: usize, word: Word<'_>, start: u32, symbol: Symbol) {
        self.slots[free] = Slot { head: word.head, hash: word.hash, start, len: word.text.len() as u32, symbol };
        self.used += 1;
        if self.used * 2 <= self.slots.len() {
            return;
        }
        let room = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); room]);
        for known in old.into_iter().filter(|known| known.len > 0) {
            let mut slot = known.hash as usize & (room - 1);
            while self.slots[slot].len > 0 {
                slot = (slot + 1) & (room - 1);
            }
            self.slots[slot] = known;
        }
    }
}

impl Slot {
    fn text<'t>(&self, texts: &'t [u8]) -> &'t [u8] {
        texts.get(self.start as usize..(self.start + self.len) as usize).unwrap_or_default()
    }
}
