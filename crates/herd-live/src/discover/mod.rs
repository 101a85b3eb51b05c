//! Where the runtime's variables are: by symbol, and without symbols by what they must look like.

mod heap;
mod semtable;
mod variables;

use crate::error::LiveError;
use crate::functions::PCLNTAB_MAGIC;
use crate::image::Image;
use crate::layout::{At, Layout};
use crate::memory::{Batch, Space, u64_at};
use crate::target::List;

pub use heap::heap;
pub use semtable::semtable;

/// Bytes of writable data searched at most.
const MAX_SEARCH_BYTES: u64 = 256 << 20;
/// Goroutines looked at before a list is believed.
const SAMPLE: usize = 64;

/// Addresses in the process.
#[derive(Clone, Copy, Debug)]
pub struct Places {
    /// `runtime.firstmoduledata`
    pub first_module: u64,
    /// `runtime.waitReasonStrings`
    pub wait_reasons: u64,
    /// All goroutines.
    pub goroutines: List,
    /// `runtime.semtable`, by symbol; see [`semtable`].
    pub semtable: Option<u64>,
    /// `runtime.mheap_` and `runtime.allm`, by symbol; see [`heap`].
    pub heap: Option<Heap>,
    /// The runtime's memory profile, by symbol.
    pub profile: Option<MemoryProfile>,
}

/// Where the runtime keeps what it has sampled of allocations.
#[derive(Clone, Copy, Debug)]
pub struct MemoryProfile {
    /// `runtime.mbuckets`, a pointer to the newest record.
    pub buckets: u64,
    /// `runtime.mProfCycle`, 32 bits.
    pub cycle: u64,
    /// `runtime.MemProfileRate`
    pub rate: u64,
}

/// Where the heap and the threads' records are.
#[derive(Clone, Copy, Debug)]
pub struct Heap {
    /// `runtime.mheap_`
    pub mheap: u64,
    /// `runtime.allm`, a pointer.
    pub allm: u64,
}

/// Where a process keeps what all else is read by, for comparing one way of finding it with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Landmarks {
    /// `runtime.firstmoduledata`
    pub first_module: u64,
    /// `runtime.waitReasonStrings`
    pub wait_reasons: u64,
    /// What `runtime.allgs` holds.
    pub goroutines: Vec<u64>,
    /// `runtime.semtable`, for the versions that need it.
    pub semtable: Option<u64>,
    /// `runtime.mheap_`
    pub mheap: Option<u64>,
    /// What `runtime.allm` points at.
    pub newest_thread: Option<u64>,
}

/// Whether names of the executable may be used to find variables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Where it has some.
    Used,
    /// As if it were stripped.
    Ignored,
}

/// Finds them. With a symbol table this reads a few words, without one the writable data.
pub fn places(space: &mut Space, image: &Image, layout: &Layout, bias: u64) -> Result<Places, LiveError> {
    let symbols = image.symbols;
    let moved = |address: u64| Some(address).filter(|address| *address != 0).map(|address| address.wrapping_add(bias));
    let mut data = Data { image, bias, read: None };
    let first_module = match moved(symbols.firstmoduledata) {
        Some(at) => at,
        None => first_module(space, &mut data, layout)?,
    };
    check_module(space, image, layout, bias, first_module)?;
    let wait_reasons = match moved(symbols.wait_reasons) {
        Some(at) => at,
        None => wait_reasons(space, &mut data)?,
    };
    let goroutines = match (moved(symbols.allglen), moved(symbols.allgptr)) {
        (Some(len), Some(first)) => List::Pair { len, first },
        _ => List::Slice(goroutines(space, &mut data, layout, first_module)?),
    };
    let heap = moved(symbols.mheap).zip(moved(symbols.allm)).map(|(mheap, allm)| Heap { mheap, allm });
    let of_rate = |((buckets, cycle), rate)| MemoryProfile { buckets, cycle, rate };
    let profile = moved(symbols.mbuckets).zip(moved(symbols.mprof_cycle)).zip(moved(symbols.mem_profile_rate)).map(of_rate);
    Ok(Places { first_module, wait_reasons, goroutines, semtable: moved(symbols.semtable), heap, profile })
}

/// Writable sections, read when first asked for.
struct Data<'a> {
    image: &'a Image,
    bias: u64,
    read: Option<Vec<(u64, Vec<u8>)>>,
}

impl Data<'_> {
    fn sections(&mut self, space: &mut Space) -> Result<&[(u64, Vec<u8>)], LiveError> {
        if self.read.is_none() {
            let mut read = Vec::new();
            let mut room = MAX_SEARCH_BYTES;
            for (address, len) in &self.image.writable {
                let len = (*len).min(room);
                room -= len;
                let at = address.wrapping_add(self.bias);
                if let Some(bytes) = space.bytes(at, len as usize)? {
                    read.push((at, bytes));
                }
            }
            self.read = Some(read);
        }
        Ok(self.read.as_deref().unwrap_or_default())
    }
}

fn words(bytes: &[u8]) -> impl Iterator<Item = (u64, u64)> + '_ {
    bytes.chunks_exact(8).enumerate().map(|(index, word)| (index as u64 * 8, u64_at(word, 0)))
}

/// A module's record begins with a pointer to its tables' header, and the first table follows that header.
fn first_module(space: &mut Space, data: &mut Data<'_>, layout: &Layout) -> Result<u64, LiveError> {
    let missing = LiveError::Missing { what: "the program's module record (runtime.firstmoduledata)" };
    if data.image.pclntab == 0 {
        return Err(missing);
    }
    let header = data.image.pclntab.wrapping_add(data.bias);
    let names_at = layout.get(At::ModuleFuncNames) as usize;
    for (start, bytes) in data.sections(space)? {
        for (at, _) in words(bytes).filter(|(_, word)| *word == header) {
            let names = u64_at(&bytes[at as usize..], names_at);
            if names > header && names - header < 256 {
                return Ok(start + at);
            }
        }
    }
    Err(missing)
}

/// The record must name the executable's own tables and text in order.
fn check_module(space: &mut Space, image: &Image, layout: &Layout, bias: u64, at: u64) -> Result<(), LiveError> {
    let size = layout.get(At::ModuleSize) as usize;
    let record =
        space.bytes(at, size)?.ok_or(LiveError::Missing { what: "the program's module record (runtime.firstmoduledata)" })?;
    let word = |place: At| u64_at(&record, layout.get(place) as usize);
    let header = u64_at(&record, 0);
    let magic = space.constant_u32(header)?;
    let ordered = word(At::ModuleText) <= word(At::ModuleMinPc)
        && word(At::ModuleMinPc) < word(At::ModuleMaxPc)
        && word(At::ModuleMaxPc) <= word(At::ModuleEtext)
        && word(At::ModuleData) <= word(At::ModuleEdata)
        && word(At::ModuleBss) <= word(At::ModuleEbss);
    let same = image.pclntab == 0 || header == image.pclntab.wrapping_add(bias);
    if magic != Some(PCLNTAB_MAGIC) || !ordered || !same {
        return Err(LiveError::Inconsistent("the module record does not describe the executable's text and tables".into()));
    }
    Ok(())
}

/// The second wait reason is `GC assist marking` in every version.
fn wait_reasons(space: &mut Space, data: &mut Data<'_>) -> Result<u64, LiveError> {
    const SECOND: &[u8] = b"GC assist marking";
    let mut candidates = Vec::new();
    for (start, bytes) in data.sections(space)? {
        for (at, _) in words(bytes).filter(|(at, len)| *at >= 24 && *len == SECOND.len() as u64) {
            let before = at as usize - 24;
            // Before it stands the empty string.
            if u64_at(bytes, before + 8) == 0 {
                candidates.push((start + at - 24, u64_at(bytes, before + 16)));
            }
        }
    }
    for (at, text) in candidates {
        let mut found = [0; SECOND.len()];
        if space.constant(text, &mut found)? && found == SECOND {
            return Ok(at);
        }
    }
    Err(LiveError::Missing { what: "the names of wait reasons (runtime.waitReasonStrings)" })
}

/// A slice in the program's zeroed data whose elements are records that point at themselves.
fn goroutines(space: &mut Space, data: &mut Data<'_>, layout: &Layout, module: u64) -> Result<u64, LiveError> {
    let missing = || LiveError::Missing { what: "the list of goroutines (runtime.allgs)" };
    let record = space.bytes(module, layout.get(At::ModuleSize) as usize)?.ok_or_else(missing)?;
    let range = u64_at(&record, layout.get(At::ModuleBss) as usize)..u64_at(&record, layout.get(At::ModuleEbss) as usize);
    let mut slices = Vec::new();
    for (start, bytes) in data.sections(space)? {
        for (at, first) in words(bytes).filter(|(at, _)| range.contains(&(start + at))) {
            let (len, cap) = (u64_at(bytes, at as usize + 8), u64_at(bytes, at as usize + 16));
            if first > 4096 && first % 8 == 0 && len >= 2 && len <= cap && cap < 1 << 28 {
                slices.push((start + at, first, len));
            }
        }
    }
    let mut found = Vec::new();
    for (at, first, len) in slices {
        if holds_goroutines(space, layout, first, len)? {
            found.push(at);
        }
    }
    match found[..] {
        [at] => Ok(at),
        _ => Err(missing()),
    }
}

fn holds_goroutines(space: &mut Space, layout: &Layout, first: u64, len: u64) -> Result<bool, LiveError> {
    let sample = (len as usize).min(SAMPLE);
    let Some(elements) = space.bytes(first, sample * 8)? else { return Ok(false) };
    let elements: Vec<u64> = elements.chunks_exact(8).map(|word| u64_at(word, 0)).collect();
    let own_at = u64::from(layout.get(At::GSched) + layout.get(At::GobufG));
    let mut batch = Batch::default();
    for element in &elements {
        batch.ask(element.wrapping_add(own_at), 8);
    }
    space.read(&mut batch)?;
    let own = |index: usize| batch.get(index).map(|bytes| u64_at(bytes, 0));
    Ok(elements.iter().enumerate().all(|(index, element)| own(index).is_some_and(|own| own == *element)))
}
