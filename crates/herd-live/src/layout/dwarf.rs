//! Offsets as an executable's own DWARF states them.

use std::borrow::Cow;

use gimli::{EndianSlice, LittleEndian};
use object::{Object, ObjectSection};

use super::{ABSENT, PLACES};

/// Why DWARF gave no offsets.
#[derive(Debug, thiserror::Error)]
pub enum DwarfError {
    /// There is none.
    #[error("the executable carries no DWARF")]
    None,
    /// It cannot be read.
    #[error("its DWARF cannot be read: {0}")]
    Broken(#[from] gimli::Error),
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// Its sections cannot be unpacked.
    #[error("its DWARF cannot be unpacked: {0}")]
    Packed(#[from] object::Error),
}

type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Offsets in the order of [`PLACES`] out of an ELF file's DWARF. Reads the compilation unit of package runtime only.
pub fn structures<'a>(file: &impl Object<'a>) -> Result<Vec<u32>, DwarfError> {
    let load = |id: gimli::SectionId| -> Result<Cow<'_, [u8]>, object::Error> {
        file.section_by_name(id.name()).map_or(Ok(Cow::Borrowed(&[][..])), |section| section.uncompressed_data())
    };
    let sections = gimli::DwarfSections::load(load)?;
    let dwarf = sections.borrow(|section| EndianSlice::new(section, LittleEndian));
    let mut offsets = vec![ABSENT; PLACES.len()];
    let mut units = dwarf.units();
    let mut seen = false;
    while let Some(header) = units.next()? {
        seen = true;
        let unit = dwarf.unit(header)?;
        let is_runtime = unit.name.is_some_and(|name| name.slice() == b"runtime");
        if is_runtime {
            read_unit(&dwarf, &unit, &mut offsets)?;
        }
        if offsets.iter().any(|offset| *offset != ABSENT) {
            return Ok(offsets);
        }
    }
    if seen { Ok(offsets) } else { Err(DwarfError::None) }
}

fn read_unit(dwarf: &gimli::Dwarf<Slice<'_>>, unit: &gimli::Unit<Slice<'_>>, offsets: &mut [u32]) -> Result<(), gimli::Error> {
    let mut entries = unit.entries();
    let mut inside: Option<(String, isize)> = None;
    while let Some(entry) = entries.next_dfs()? {
        let depth = entry.depth();
        if inside.as_ref().is_some_and(|(_, at)| depth <= *at) {
            inside = None;
        }
        let name = || -> Result<Option<String>, gimli::Error> {
            let Some(value) = entry.attr_value(gimli::DW_AT_name) else { return Ok(None) };
            Ok(Some(dwarf.attr_string(unit, value)?.to_string_lossy().into_owned()))
        };
        if entry.tag() == gimli::DW_TAG_structure_type {
            let Some(name) = name()?.and_then(|name| name.strip_prefix("runtime.").map(str::to_owned)) else { continue };
            if PLACES.iter().any(|place| place.of == name) {
                if let Some(size) = entry.attr_value(gimli::DW_AT_byte_size).and_then(|value| value.udata_value()) {
                    put(offsets, &name, "", size);
                }
                inside = Some((name, depth));
            }
        } else if entry.tag() == gimli::DW_TAG_member
            && let Some((of, _)) = &inside
            && let Some(field) = name()?
            && let Some(at) = entry.attr_value(gimli::DW_AT_data_member_location).and_then(|value| value.udata_value())
        {
            put(offsets, of, &field, at);
        }
    }
    Ok(())
}

fn put(offsets: &mut [u32], of: &str, field: &str, value: u64) {
    for (place, offset) in PLACES.iter().zip(offsets) {
        if place.of == of && place.field == field {
            *offset = u32::try_from(value).unwrap_or(ABSENT);
        }
    }
}
