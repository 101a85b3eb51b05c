//! A core file as memory: its own segments first, then the files that were mapped where the core left them out.
//!
//! `gcore` and the kernel (by `/proc/PID/coredump_filter`) leave out pages that files hold, so function tables come from the executable.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use object::read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _};
use object::{Endianness, ReadCache, elf};

use crate::error::LiveError;
use crate::layout::Arch;
use crate::memory::{Batch, Cost, Memory, u32_at, u64_at};
use crate::unwind::Registers;

/// What a core file says of its process.
#[derive(Debug)]
pub struct Core {
    /// Memory.
    pub memory: CoreMemory,
    /// The auxiliary vector.
    pub auxv: Vec<u8>,
    /// Files that were mapped.
    pub files: Vec<Mapped>,
    /// Threads.
    pub threads: Vec<Thread>,
    /// Bytes the headers promise that the file does not hold.
    pub cut: u64,
    /// Memory the process could write, whether or not the file holds it.
    pub writable: Vec<Range<u64>>,
}

/// A mapped file (`NT_FILE`).
#[derive(Clone, Debug)]
pub struct Mapped {
    /// First address.
    pub from: u64,
    /// Address behind the last.
    pub end: u64,
    /// Offset in the file, in bytes.
    pub offset: u64,
    /// Path as the process had it.
    pub path: PathBuf,
}

/// A thread's registers as a note has them (`NT_PRSTATUS`), uninterpreted.
#[derive(Clone, Debug)]
pub struct Thread {
    /// Kernel id.
    pub id: u32,
    /// General registers in the kernel's order (`user_regs_struct`).
    pub registers: Vec<u64>,
    /// Those of floating point (`NT_FPREGSET`), where they are known.
    pub floats: Option<Vec<u8>>,
}

impl Thread {
    /// Where it stood.
    pub fn registers(&self, arch: Arch) -> Registers {
        let word = |index: usize| self.registers.get(index).copied().unwrap_or(0);
        match arch {
            Arch::Amd64 => Registers { pc: word(16), sp: word(19), lr: 0, interrupted: true },
            Arch::Arm64 => Registers { pc: word(32), sp: word(31), lr: word(30), interrupted: true },
        }
    }
}

/// A piece of memory in a file.
#[derive(Debug)]
struct Piece {
    from: u64,
    len: u64,
    /// Bytes of it the file really holds.
    held: u64,
    offset: u64,
    file: usize,
}

/// Memory that lies in files.
#[derive(Debug)]
pub struct CoreMemory {
    files: Vec<File>,
    /// In order of preference.
    pieces: Vec<Piece>,
    cost: Cost,
}

pub const NT_PRSTATUS: u32 = 1;
pub const NT_FPREGSET: u32 = 2;
pub const NT_PRPSINFO: u32 = 3;
pub const NT_AUXV: u32 = 6;
pub const NT_FILE: u32 = 0x4649_4c45;

/// Opens a core file. Files it names are not opened yet; see [`CoreMemory::map`].
pub fn open(path: &Path) -> Result<Core, LiveError> {
    let shown = path.display().to_string();
    let io = |source| LiveError::Io { path: shown.clone(), source };
    let file = File::open(path).map_err(io)?;
    let size = file.metadata().map_err(io)?.len();
    let cache = ReadCache::new(file.try_clone().map_err(io)?);
    let not_core = |why: String| LiveError::NotCore { path: shown.clone(), why };
    let parsed: ElfFile64<'_, Endianness, _> = ElfFile64::parse(&cache).map_err(|error| not_core(error.to_string()))?;
    let endian = parsed.endian();
    if parsed.elf_header().e_type(endian) != elf::ET_CORE {
        return Err(not_core("it is another kind of ELF file".into()));
    }
    let mut core = Core {
        memory: CoreMemory { files: vec![file], pieces: Vec::new(), cost: Cost::default() },
        auxv: Vec::new(),
        files: Vec::new(),
        threads: Vec::new(),
        cut: 0,
        writable: Vec::new(),
    };
    for header in parsed.elf_program_headers() {
        if header.p_type(endian) == elf::PT_LOAD {
            let (offset, len) = (header.p_offset(endian), header.p_filesz(endian));
            let held = len.min(size.saturating_sub(offset));
            core.cut += len - held;
            let from = header.p_vaddr(endian);
            if header.p_flags(endian).contains(elf::PF_W) {
                core.writable.push(from..from + header.p_memsz(endian));
            }
            core.memory.pieces.push(Piece { from: header.p_vaddr(endian), len, held, offset, file: 0 });
        }
        let Ok(Some(mut notes)) = header.notes(endian, &cache) else { continue };
        while let Ok(Some(note)) = notes.next() {
            take_note(&mut core, note.n_type(endian).0, note.desc());
        }
    }
    core.memory.pieces.retain(|piece| piece.len > 0);
    Ok(core)
}

fn take_note(core: &mut Core, kind: u32, bytes: &[u8]) {
    match kind {
        NT_AUXV => core.auxv = bytes.to_vec(),
        NT_FILE => core.files = mapped(bytes),
        NT_PRSTATUS => {
            // `struct elf_prstatus`: the id at 32, the registers from 112 to the `fpvalid` at the end.
            const ID_AT: usize = 32;
            const REGISTERS_AT: usize = 112;
            if let Some(registers) = bytes.get(REGISTERS_AT..) {
                let registers = registers.chunks_exact(8).map(|word| u64_at(word, 0)).collect();
                core.threads.push(Thread { id: u32_at(bytes, ID_AT), registers, floats: None });
            }
        }
        NT_FPREGSET => {
            // Of the thread whose other registers stand before.
            if let Some(thread) = core.threads.last_mut() {
                thread.floats = Some(bytes.to_vec());
            }
        }
        _ => {}
    }
}

/// `NT_FILE`: count, page size, three words a mapping, then as many paths.
fn mapped(bytes: &[u8]) -> Vec<Mapped> {
    let (count, page) = (u64_at(bytes, 0), u64_at(bytes, 8).max(1));
    let Some(names_at) = usize::try_from(count).ok().and_then(|count| count.checked_mul(24)?.checked_add(16)) else {
        return Vec::new();
    };
    let Some(names) = bytes.get(names_at..) else { return Vec::new() };
    let rows = bytes[16..names_at].chunks_exact(24);
    let row = |row: &[u8], name: &[u8]| Mapped {
        from: u64_at(row, 0),
        end: u64_at(row, 8),
        offset: u64_at(row, 16).saturating_mul(page),
        path: PathBuf::from(String::from_utf8_lossy(name).into_owned()),
    };
    rows.zip(names.split(|byte| *byte == 0)).map(|(bytes, name)| row(bytes, name)).collect()
}

impl CoreMemory {
    /// Lets `path` serve the addresses of mappings the core leaves out; `false` when it cannot be opened.
    pub fn map(&mut self, path: &Path, mappings: &[Mapped]) -> bool {
        let Ok(file) = File::open(path) else { return false };
        let index = self.files.len();
        self.files.push(file);
        for mapping in mappings {
            let len = mapping.end.saturating_sub(mapping.from);
            self.pieces.push(Piece { from: mapping.from, len, held: len, offset: mapping.offset, file: index });
        }
        true
    }

    /// Whether the core holds the headers and build id of another program than `path` has.
    pub fn contradicts(&self, path: &Path, mappings: &[Mapped]) -> bool {
        const HEAD_BYTES: usize = 4096;
        let Ok(file) = File::open(path) else { return false };
        let (mut ours, mut theirs) = ([0; HEAD_BYTES], [0; HEAD_BYTES]);
        mappings.iter().filter(|mapping| mapping.offset == 0).any(|mapping| {
            let held =
                self.pieces.iter().find(|piece| piece.file == 0 && piece.from == mapping.from && piece.held >= HEAD_BYTES as u64);
            held.is_some_and(|piece| {
                let read = self.files[0].read_exact_at(&mut ours, piece.offset).is_ok();
                read && file.read_exact_at(&mut theirs, 0).is_ok() && ours != theirs
            })
        })
    }

    fn read_one(&self, address: u64, into: &mut [u8]) -> bool {
        let mut done = 0;
        while done < into.len() {
            let at = address.wrapping_add(done as u64);
            let holds = |piece: &&Piece| at.checked_sub(piece.from).is_some_and(|from| from < piece.len);
            let Some(piece) = self.pieces.iter().find(holds) else { return false };
            let from = at - piece.from;
            // What the core should hold and lost: what the mapped file has there is not what the process had.
            if from >= piece.held {
                return false;
            }
            let len = usize::try_from(piece.held - from).unwrap_or(usize::MAX).min(into.len() - done);
            if self.files[piece.file].read_exact_at(&mut into[done..done + len], piece.offset + from).is_err() {
                return false;
            }
            done += len;
        }
        true
    }
}

impl Memory for CoreMemory {
    fn read(&mut self, batch: &mut Batch) -> Result<(), LiveError> {
        let mut cost = self.cost;
        batch.serve(|address, into| {
            cost.calls += 1;
            cost.pieces += 1;
            let read = self.read_one(address, into);
            cost.bytes += if read { into.len() as u64 } else { 0 };
            read
        });
        self.cost = cost;
        Ok(())
    }

    fn cost(&self) -> Cost {
        self.cost
    }
}
