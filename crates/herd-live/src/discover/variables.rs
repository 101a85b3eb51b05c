//! The variables of the program's first module that begin as zero: where the runtime's own are, without symbols.

use crate::error::LiveError;
use crate::layout::{At, Layout};
use crate::memory::{Space, u64_at};

/// Bytes searched at most.
const MAX_SEARCH_BYTES: u64 = 256 << 20;

/// Their bytes at one moment.
pub struct Variables {
    /// With pointers, and without: an address each, and what stands there.
    parts: [(u64, Vec<u8>); 2],
}

impl Variables {
    /// Reads them; nothing where they are not all there, or too many.
    pub fn read(space: &mut Space, layout: &Layout, first_module: u64) -> Result<Option<Variables>, LiveError> {
        let size = layout.get(At::ModuleSize) as usize;
        let record = space.bytes(first_module, size)?;
        let Some(record) = record else { return Ok(None) };
        let word = |place: At| u64_at(&record, layout.get(place) as usize);
        let ranges = [(At::ModuleBss, At::ModuleEbss), (At::ModuleNoptrBss, At::ModuleEnoptrBss)];
        let mut parts = [(0, Vec::new()), (0, Vec::new())];
        for (part, (from, end)) in parts.iter_mut().zip(ranges) {
            let from = word(from).next_multiple_of(8);
            let len = word(end).saturating_sub(from) & !7;
            if len > MAX_SEARCH_BYTES {
                return Ok(None);
            }
            let Some(bytes) = space.bytes(from, len as usize)? else { return Ok(None) };
            *part = (from, bytes);
        }
        Ok(Some(Variables { parts }))
    }

    /// All words that are not zero, with their addresses.
    pub fn words(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let all = self.parts.iter().flat_map(|(start, bytes)| {
            bytes.chunks_exact(8).enumerate().map(move |(index, word)| (start + index as u64 * 8, u64_at(word, 0)))
        });
        all.filter(|(_, word)| *word != 0)
    }

    /// The bytes at an address; nothing where they do not lie in one part.
    pub fn bytes(&self, address: u64, len: usize) -> Option<&[u8]> {
        self.parts.iter().find_map(|(start, bytes)| {
            let from = usize::try_from(address.checked_sub(*start)?).ok()?;
            bytes.get(from..from.checked_add(len)?)
        })
    }

    /// The word at an address; zero where there is none.
    pub fn word(&self, address: u64) -> u64 {
        self.bytes(address, 8).map_or(0, |bytes| u64_at(bytes, 0))
    }
}
