//! An executable: what ELF says of it, and which Go built it.

use std::fs::File;
use std::path::{Path, PathBuf};

use object::read::elf::{ElfFile64, ElfSymbol64, ProgramHeader as _};
use object::{Architecture, Endianness, Object, ObjectSection, ObjectSymbol, ReadCache, ReadRef, SymbolKind, elf};

use crate::error::LiveError;
use crate::layout::{self, Arch, DwarfError, Layout};

/// Addresses as the linker gave them; zero where the symbol is not there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Symbols {
    /// `runtime.allglen`
    pub allglen: u64,
    /// `runtime.allgptr`
    pub allgptr: u64,
    /// `runtime.firstmoduledata`
    pub firstmoduledata: u64,
    /// `runtime.waitReasonStrings`
    pub wait_reasons: u64,
    /// `runtime.semtable`
    pub semtable: u64,
    /// `runtime.mheap_`
    pub mheap: u64,
    /// `runtime.allm`
    pub allm: u64,
    /// `runtime.mbuckets`
    pub mbuckets: u64,
    /// `runtime.mProfCycle`
    pub mprof_cycle: u64,
    /// `runtime.MemProfileRate`
    pub mem_profile_rate: u64,
}

/// A part of the file that is loaded.
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// Address as linked.
    pub address: u64,
    /// Offset in the file.
    pub offset: u64,
    /// Bytes the file holds of it.
    pub len: u64,
    /// The program may change it.
    pub writable: bool,
}

/// What is known of an executable.
#[derive(Clone, Debug)]
pub struct Image {
    /// Its path, for messages.
    pub path: String,
    /// The file.
    pub file: PathBuf,
    /// `go1.26.8`
    pub version: String,
    /// Entry point as linked.
    pub entry: u64,
    /// The program counter table's first byte, as linked; zero when no section names it.
    pub pclntab: u64,
    /// Symbols, where it has them.
    pub symbols: Symbols,
    /// Sections that hold data a program may write: address as linked, length.
    pub writable: Vec<(u64, u64)>,
    /// What is loaded of the file.
    pub segments: Vec<Segment>,
}

const PCLNTAB: [&str; 2] = [".gopclntab", ".data.rel.ro.gopclntab"];
const MODULE: &str = ".go.module";

/// Reads an ELF file's headers, symbols and build information, and checks the layout table against its DWARF, where it has one.
pub fn open(path: &Path, shown: &str, check: bool) -> Result<(Image, Layout), LiveError> {
    let io = |source| LiveError::Io { path: shown.to_owned(), source };
    let file = File::open(path).map_err(io)?;
    let cache = ReadCache::new(file);
    let (image, layout) = parse(&cache, shown, check)?;
    Ok((Image { file: path.to_path_buf(), ..image }, layout))
}

/// The variables the symbol table of an executable names: address as linked, bytes, name.
pub fn variables(path: &Path) -> Result<Vec<(u64, u64, Box<str>)>, LiveError> {
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|source| LiveError::Io { path: shown.clone(), source })?;
    let cache = ReadCache::new(file);
    let elf: ElfFile64<'_, Endianness, _> =
        ElfFile64::parse(&cache).map_err(|error| LiveError::NotElf { path: shown, why: error.to_string() })?;
    let is_variable = |symbol: &ElfSymbol64<'_, '_, Endianness, _>| symbol.kind() == SymbolKind::Data && symbol.size() > 0;
    let named = |symbol: ElfSymbol64<'_, '_, Endianness, _>| Some((symbol.address(), symbol.size(), symbol.name().ok()?.into()));
    Ok(elf.symbols().filter(is_variable).filter_map(named).collect())
}

fn parse<'a>(data: impl ReadRef<'a>, shown: &str, check: bool) -> Result<(Image, Layout), LiveError> {
    let not_elf = |why: String| LiveError::NotElf { path: shown.to_owned(), why };
    let elf: ElfFile64<'a, Endianness, _> = ElfFile64::parse(data).map_err(|error| not_elf(error.to_string()))?;
    let machine = elf.architecture();
    let known = [(Architecture::X86_64, Arch::Amd64), (Architecture::Aarch64, Arch::Arm64)];
    let arch = known.into_iter().find(|(architecture, _)| *architecture == machine).map(|(_, arch)| arch);
    let arch = arch.ok_or_else(|| not_elf(format!("it is for {machine:?}")))?;
    let version = go_version(&elf).ok_or_else(|| LiveError::NotGo(shown.to_owned()))?;
    let unknown = || {
        let (first, last) = layout::versions().fold((u32::MAX, 0), |(first, last), minor| (first.min(minor), last.max(minor)));
        LiveError::UnknownVersion { version: version.clone(), first, last }
    };
    let minor = minor_of(&version).ok_or_else(unknown)?;
    let layout = Layout::of(minor, arch).ok_or_else(unknown)?;
    if check {
        check_layout(&elf, &layout)?;
    }
    let mut symbols = symbols(&elf);
    let address = |name: &str| elf.section_by_name(name).map_or(0, |section| section.address());
    if symbols.firstmoduledata == 0 {
        symbols.firstmoduledata = address(MODULE);
    }
    let pclntab = PCLNTAB.iter().map(|name| address(name)).find(|at| *at != 0).unwrap_or(0);
    let writable = elf
        .sections()
        .filter(|section| is_writable(section) && section.size() > 0 && section.address() > 0)
        .map(|section| (section.address(), section.size()))
        .collect();
    let segments = segments(&elf);
    let file = PathBuf::new();
    Ok((Image { path: shown.to_owned(), file, entry: elf.entry(), version, pclntab, symbols, writable, segments }, layout))
}

fn segments<'a>(elf: &ElfFile64<'a, Endianness, impl ReadRef<'a>>) -> Vec<Segment> {
    let endian = elf.endian();
    let loaded = elf.elf_program_headers().iter().filter(|header| header.p_type(endian) == elf::PT_LOAD);
    loaded
        .map(|header| Segment {
            address: header.p_vaddr(endian),
            offset: header.p_offset(endian),
            len: header.p_filesz(endian),
            writable: header.p_flags(endian).contains(elf::PF_W),
        })
        .collect()
}

fn is_writable<'a>(section: &impl ObjectSection<'a>) -> bool {
    use object::elf::SHF_WRITE;
    matches!(section.flags(), object::SectionFlags::Elf { sh_flags, .. } if sh_flags.contains(SHF_WRITE))
}

fn check_layout<'a>(elf: &impl Object<'a>, table: &Layout) -> Result<(), LiveError> {
    let offsets = match layout::structures(elf) {
        Ok(offsets) => offsets,
        // A DWARF that is not there or cannot be read says nothing against the table.
        Err(DwarfError::None | DwarfError::Broken(_) | DwarfError::Packed(_) | DwarfError::Io(_)) => return Ok(()),
    };
    let own = Layout::from_offsets(table.minor, table.arch, offsets);
    match own.contradiction(table) {
        Some((place, dwarf, table)) => Err(LiveError::OtherLayout { place: place.to_string(), dwarf, table }),
        None => Ok(()),
    }
}

fn symbols<'a>(elf: &impl Object<'a>) -> Symbols {
    let mut found = Symbols::default();
    for symbol in elf.symbols() {
        let Ok(name) = symbol.name() else { continue };
        let slot = match name {
            "runtime.allglen" => &mut found.allglen,
            "runtime.allgptr" => &mut found.allgptr,
            "runtime.firstmoduledata" => &mut found.firstmoduledata,
            "runtime.waitReasonStrings" => &mut found.wait_reasons,
            "runtime.semtable" => &mut found.semtable,
            "runtime.mheap_" => &mut found.mheap,
            "runtime.allm" => &mut found.allm,
            "runtime.mbuckets" => &mut found.mbuckets,
            "runtime.mProfCycle" => &mut found.mprof_cycle,
            "runtime.MemProfileRate" => &mut found.mem_profile_rate,
            _ => continue,
        };
        *slot = symbol.address();
    }
    found
}

/// The version in the build information (`cmd/link/internal/ld/data.go`, `buildinfo`): inline strings since Go 1.18.
fn go_version<'a>(elf: &impl Object<'a>) -> Option<String> {
    const MAGIC: &[u8] = b"\xff Go buildinf:";
    const INLINE: u8 = 2;
    let section = elf.section_by_name(".go.buildinfo")?;
    let data = section.data().ok()?;
    let at = memchr::memmem::find(data, MAGIC)?;
    let info = &data[at..];
    if info.get(15)? & INLINE == 0 {
        return None;
    }
    let rest = info.get(32..)?;
    let (len, used) = uvarint(rest)?;
    let text = rest.get(used..used.checked_add(usize::try_from(len).ok()?)?)?;
    String::from_utf8(text.to_vec()).ok()
}

/// An unsigned varint and the bytes it took.
pub fn uvarint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
    }
    None
}

/// The 26 of `go1.26.8`, `go1.26` and `go1.26rc1`; nothing for a development version, whose layout is anyone's guess.
fn minor_of(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("go1.")?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}
