//! The head of a core file: the ELF header, a header a segment, and notes on threads, the process and its files, as the kernel
//! writes them (`fs/binfmt_elf.c`, `elf_core_dump`).

use std::fs;

use super::mappings::{Mapping, PAGE};
use super::status::field;
use crate::core::{NT_AUXV, NT_FILE, NT_FPREGSET, NT_PRPSINFO, NT_PRSTATUS, Thread};

/// Segments one file can have without the extension for more.
pub const MAX_SEGMENTS: usize = 0xfffe - 1;

/// A piece of memory, and how much of it the file holds.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Where it was.
    pub mapping: Mapping,
    /// Bytes of it in the file.
    pub held: u64,
    /// Whether pages that are not there can be told.
    pub sparse: bool,
    /// Where in the file.
    pub offset: u64,
}

/// Who a process is.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// In its own namespace.
    pub pid: u32,
    /// Its parent, group and session.
    pub others: [u32; 3],
    /// Real user and group.
    pub owner: [u32; 2],
    /// Its name.
    pub name: Vec<u8>,
    /// Its arguments, NUL-ended.
    pub arguments: Vec<u8>,
    /// The auxiliary vector.
    pub auxv: Vec<u8>,
}

impl Identity {
    /// Of a process by its copy, which has all but the id in common with it.
    pub fn of(copy: i32, pid: u32) -> Identity {
        let status = fs::read_to_string(format!("/proc/{copy}/status")).unwrap_or_default();
        let last = |name: &str| field(&status, name)?.split_ascii_whitespace().last()?.parse().ok();
        let first = |name: &str| field(&status, name)?.split_ascii_whitespace().next()?.parse().ok();
        let file = |name: &str| fs::read(format!("/proc/{copy}/{name}")).unwrap_or_default();
        let mut name = file("comm");
        name.truncate(name.iter().rposition(|byte| *byte != b'\n').map_or(0, |at| at + 1));
        Identity {
            pid,
            others: [0, last("NSpgid:").unwrap_or(0), last("NSsid:").unwrap_or(0)],
            owner: [first("Uid:").unwrap_or(0), first("Gid:").unwrap_or(0)],
            name,
            arguments: file("cmdline"),
            auxv: file("auxv"),
        }
    }
}

/// The file up to its first segment; places the segments behind it.
pub fn head(identity: &Identity, threads: &[Thread], files: &[&Mapping], segments: &mut [Segment]) -> Vec<u8> {
    const HEADER: u64 = 64;
    const PROGRAM_HEADER: u64 = 56;
    const ET_CORE: u16 = 4;
    const EM_X86_64: u16 = 62;
    const PT_LOAD: u32 = 1;
    const PT_NOTE: u32 = 4;
    let notes = notes(identity, threads, files);
    let notes_at = HEADER + PROGRAM_HEADER * (segments.len() as u64 + 1);
    let end = notes_at + notes.len() as u64;
    let mut next = end.next_multiple_of(PAGE);
    for segment in segments.iter_mut() {
        segment.offset = next;
        next += segment.held;
    }
    let mut out = Bytes::default();
    out.raw(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    out.half(ET_CORE).half(EM_X86_64).word(1).long(0).long(HEADER).long(0).word(0);
    out.half(HEADER as u16).half(PROGRAM_HEADER as u16).half(segments.len() as u16 + 1).half(0).half(0).half(0);
    out.word(PT_NOTE).word(0).long(notes_at).long(0).long(0).long(notes.len() as u64).long(0).long(4);
    for segment in segments.iter() {
        let Mapping { from, mode, .. } = &segment.mapping;
        // PF_R, PF_W, PF_X
        let flags = [('r', 4), ('w', 2), ('x', 1)].iter().filter(|(letter, _)| mode.contains(*letter)).map(|(_, flag)| flag);
        out.word(PT_LOAD).word(flags.sum()).long(segment.offset).long(*from).long(0);
        out.long(segment.held).long(segment.mapping.len()).long(PAGE);
    }
    out.raw(&notes);
    out.0
}

fn notes(identity: &Identity, threads: &[Thread], files: &[&Mapping]) -> Vec<u8> {
    let mut out = Bytes::default();
    for (index, thread) in threads.iter().enumerate() {
        out.note(NT_PRSTATUS, &status(identity, thread));
        if index == 0 {
            // The kernel's order: what is of the process stands with the first thread.
            out.note(NT_PRPSINFO, &process(identity));
            out.note(NT_AUXV, &identity.auxv);
            out.note(NT_FILE, &mapped(files));
        }
        if let Some(floats) = &thread.floats {
            out.note(NT_FPREGSET, floats);
        }
    }
    out.0
}

/// `struct elf_prstatus`: no signal, and no times, which a copy has not.
fn status(identity: &Identity, thread: &Thread) -> Vec<u8> {
    const REGISTERS: usize = 27;
    let mut out = Bytes::default();
    let [parent, group, session] = identity.others;
    out.zero(32).word(thread.id).word(parent).word(group).word(session).zero(64);
    (0..REGISTERS).for_each(|index| {
        out.long(thread.registers.get(index).copied().unwrap_or(0));
    });
    out.word(u32::from(thread.floats.is_some())).word(0);
    out.0
}

/// `struct elf_prpsinfo`
fn process(identity: &Identity) -> Vec<u8> {
    const NAME: usize = 16;
    const ARGUMENTS: usize = 80;
    let mut out = Bytes::default();
    let [parent, group, session] = identity.others;
    let [user, users_group] = identity.owner;
    out.raw(&[0, b'R', 0, 0]).zero(4).long(0).word(user).word(users_group);
    out.word(identity.pid).word(parent).word(group).word(session);
    out.text(&identity.name, NAME);
    let spaced: Vec<u8> = identity.arguments.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }).collect();
    out.text(spaced.trim_ascii_end(), ARGUMENTS);
    out.0
}

/// `NT_FILE`: count, page size, three words a mapping, then as many paths.
fn mapped(files: &[&Mapping]) -> Vec<u8> {
    let mut out = Bytes::default();
    out.long(files.len() as u64).long(PAGE);
    for file in files {
        out.long(file.from).long(file.end).long(file.offset / PAGE);
    }
    for file in files {
        out.raw(file.path.as_bytes()).zero(1);
    }
    out.0
}

/// Little-endian bytes.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn raw(&mut self, bytes: &[u8]) -> &mut Bytes {
        self.0.extend_from_slice(bytes);
        self
    }

    fn half(&mut self, value: u16) -> &mut Bytes {
        self.raw(&value.to_le_bytes())
    }

    fn word(&mut self, value: u32) -> &mut Bytes {
        self.raw(&value.to_le_bytes())
    }

    fn long(&mut self, value: u64) -> &mut Bytes {
        self.raw(&value.to_le_bytes())
    }

    fn zero(&mut self, count: usize) -> &mut Bytes {
        self.0.resize(self.0.len() + count, 0);
        self
    }

    /// Cut so that a NUL fits behind it.
    fn text(&mut self, text: &[u8], len: usize) -> &mut Bytes {
        let kept = &text[..text.len().min(len - 1)];
        self.raw(kept).zero(len - kept.len())
    }

    fn note(&mut self, kind: u32, bytes: &[u8]) {
        const NAME: &[u8] = b"CORE\0\0\0\0";
        const NAME_LEN: u32 = 5;
        self.word(NAME_LEN).word(bytes.len() as u32).word(kind).raw(NAME).raw(bytes);
        self.zero(bytes.len().next_multiple_of(4) - bytes.len());
    }
}
