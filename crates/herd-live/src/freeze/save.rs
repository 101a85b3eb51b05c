//! A process's memory at one instant as a core file, sparse where it is zero: the process is stopped for milliseconds and copied,
//! the copy is written in pieces, and ends.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt;

use nix::unistd::Pid;

use super::mappings::{self, Mapping, PAGE, Part, Reason};
use super::notes::{self, Identity, MAX_SEGMENTS, Segment};
use super::status::inner_id;
use super::{Budget, Copy, copy_of, refusal};
use crate::error::LiveError;
use crate::memory::Copied;
use crate::target;

/// Bytes read at a time.
const PIECE: u64 = 4 << 20;
/// Pieces of memory gathered before they are read.
const CALL_PIECES: usize = 1024;

/// What saving came to.
#[derive(Debug)]
pub struct Saved {
    /// Bytes the file spans.
    pub spans: u64,
    /// Bytes written; the rest are holes, which read as zero.
    pub written: u64,
    /// Bytes of mapped files that are as those files hold them, and are not in this one.
    pub in_files: u64,
    /// Memory that is in neither, by reason: bytes, and the first address.
    pub left_out: Vec<(Reason, u64, u64)>,
    /// Threads.
    pub threads: usize,
    /// How long the process was stopped.
    pub stopped_ns: u64,
    /// Why the copy stays as a zombie, where it does.
    pub left: Option<LiveError>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes looked at.
    pub done: u64,
    /// Bytes there are.
    pub of: u64,
}

/// Why there is no core file.
#[derive(Debug)]
pub enum SaveError {
    /// The process cannot be copied or read.
    Live(LiveError),
    /// The file cannot be written.
    Write {
        /// Why.
        why: io::Error,
        /// Bytes of memory that were looked at, and that there are.
        at: Progress,
    },
    /// It was told to stop.
    Stopped,
}

impl From<LiveError> for SaveError {
    fn from(error: LiveError) -> SaveError {
        SaveError::Live(error)
    }
}

/// Copies a process, writes the copy into an empty file, and ends it; `tell` may stop that between two pieces.
///
/// # Errors
/// As for [`super::copy`]; also when the file cannot be written.
pub fn save(
    pid: i32,
    budget: &Budget,
    file: &File,
    tell: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Saved, SaveError> {
    let before = crate::identity(pid);
    let layout = target::layout(pid)?;
    let copy = copy_of(pid, &layout, budget)?;
    let own_id = inner_id(Pid::from_raw(pid), Pid::from_raw(pid));
    if before.is_none() || crate::identity(pid) != before {
        return Err(LiveError::Gone(pid).into());
    }
    let mut saved = write(&copy, own_id, file, tell)?;
    saved.left = copy.end().err();
    Ok(saved)
}

/// Writes a copy.
fn write(copy: &Copy, own_id: u32, file: &File, tell: &mut dyn FnMut(Progress) -> ControlFlow<()>) -> Result<Saved, SaveError> {
    let mappings = mappings::read(copy.pid)?;
    let mut saved = Saved {
        spans: 0,
        written: 0,
        in_files: 0,
        left_out: Vec::new(),
        threads: copy.threads.len(),
        stopped_ns: copy.stopped_ns,
        left: None,
    };
    let mut segments = segments(&mappings, &mut saved);
    if segments.len() > MAX_SEGMENTS {
        let why = format!("it has {} mappings, a core file holds {MAX_SEGMENTS}", segments.len());
        return Err(refusal(copy.pid, &why).into());
    }
    let mut threads = copy.threads.clone();
    threads.sort_by_key(|thread| (thread.id != own_id, thread.id));
    let files: Vec<&Mapping> = mappings.iter().filter(|mapping| mapping.file.is_some()).collect();
    let head = notes::head(&Identity::of(copy.pid, own_id), &threads, &files, &mut segments);
    saved.spans = segments.last().map_or(head.len() as u64, |segment| segment.offset + segment.held);
    let of = segments.iter().map(to_look_at).sum();
    let mut writer = Writer {
        memory: Copied::open(copy.pid)?,
        pagemap: File::open(format!("/proc/{}/pagemap", copy.pid)).ok(),
        file,
        tell,
        progress: Progress { done: 0, of },
        wanted: Vec::new(),
        pending: 0,
        buffer: Vec::new(),
        saved,
    };
    writer.put(&head, 0)?;
    for segment in &segments {
        writer.segment(segment)?;
    }
    writer.flush()?;
    // Holes at the end are only there when the file is as long as it says.
    file.set_len(writer.saved.spans).map_err(|why| SaveError::Write { why, at: writer.progress })?;
    Ok(writer.saved)
}

/// Bytes of a segment that are in memory, as far as that can be told beforehand.
fn to_look_at(segment: &Segment) -> u64 {
    match segment.mapping.resident {
        Some((resident, _)) if segment.sparse => resident,
        _ => segment.held,
    }
}

fn segments(mappings: &[Mapping], saved: &mut Saved) -> Vec<Segment> {
    let mut segments = Vec::new();
    for mapping in mappings {
        let (held, sparse) = match mapping.part(mappings::leads_to_file) {
            Part::Nothing => continue,
            Part::LeftOut(reason) => {
                saved.leave_out(reason, mapping.len(), mapping.from);
                // Zeros are what the copy has, and what is read of the copy and of the file is to be the same.
                (if reason == Reason::Wiped { mapping.len() } else { 0 }, true)
            }
            Part::InFile => {
                let first = if mapping.offset == 0 { PAGE.min(mapping.len()) } else { 0 };
                saved.in_files += mapping.len() - first;
                (first, false)
            }
            Part::Present => (mapping.len(), true),
            Part::All => (mapping.len(), false),
        };
        segments.push(Segment { mapping: mapping.clone(), held, sparse, offset: 0 });
    }
    segments
}

impl Saved {
    fn leave_out(&mut self, why: Reason, bytes: u64, address: u64) {
        match self.left_out.iter_mut().find(|(reason, ..)| *reason == why) {
            Some((_, sum, _)) => *sum += bytes,
            None => self.left_out.push((why, bytes, address)),
        }
    }
}

struct Writer<'a> {
    memory: Copied,
    pagemap: Option<File>,
    file: &'a File,
    tell: &'a mut dyn FnMut(Progress) -> ControlFlow<()>,
    progress: Progress,
    /// What is read next: address, length, place in the file.
    wanted: Vec<(u64, u64, u64)>,
    /// Bytes of it.
    pending: u64,
    buffer: Vec<u8>,
    saved: Saved,
}

impl Writer<'_> {
    fn segment(&mut self, segment: &Segment) -> Result<(), SaveError> {
        const WINDOW: u64 = 64 << 10;
        let (from, offset) = (segment.mapping.from, segment.offset);
        if !segment.sparse {
            return self.want(from, segment.held, offset);
        }
        let pages = segment.held / PAGE;
        let mut at = 0;
        while at < pages {
            let count = (pages - at).min(WINDOW);
            let first = from + at * PAGE;
            match self.present(first, count) {
                Some(present) => {
                    for (start, end) in runs(&present, |there| *there) {
                        let skip = start * PAGE;
                        self.want(first + skip, (end - start) * PAGE, offset + at * PAGE + skip)?;
                    }
                }
                None => self.want(first, count * PAGE, offset + at * PAGE)?,
            }
            at += count;
        }
        Ok(())
    }

    /// Which of some pages are in memory or swapped out; the others of private memory have never been written.
    fn present(&self, from: u64, pages: u64) -> Option<Vec<bool>> {
        const PRESENT_OR_SWAPPED: u8 = 0xc0;
        const ENTRY: u64 = 8;
        let mut entries = vec![0; (pages * ENTRY) as usize];
        self.pagemap.as_ref()?.read_exact_at(&mut entries, from / PAGE * ENTRY).ok()?;
        Some(entries.chunks_exact(ENTRY as usize).map(|entry| entry[7] & PRESENT_OR_SWAPPED != 0).collect())
    }

    /// Reads later, together with others.
    fn want(&mut self, mut address: u64, mut len: u64, mut offset: u64) -> Result<(), SaveError> {
        while len > 0 {
            let now = len.min(PIECE - self.pending);
            self.wanted.push((address, now, offset));
            self.pending += now;
            if self.pending == PIECE || self.wanted.len() == CALL_PIECES {
                self.flush()?;
            }
            (address, len, offset) = (address + now, len - now, offset + now);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), SaveError> {
        let wanted = std::mem::take(&mut self.wanted);
        self.pending = 0;
        let read = self.read(&wanted)?;
        let mut at = 0;
        for piece in &wanted {
            let (_, len, offset) = *piece;
            if at + len <= read {
                self.put_range(at as usize, len as usize, offset)?;
            } else {
                self.page_by_page(*piece)?;
            }
            at += len;
            self.progress.done += len;
        }
        // What was known beforehand may be less than there is.
        self.progress.of = self.progress.of.max(self.progress.done);
        if (self.tell)(self.progress).is_break() { Err(SaveError::Stopped) } else { Ok(()) }
    }

    /// Reads pieces into the buffer, one behind the other; answers how many bytes came before the first that could not be read.
    fn read(&mut self, wanted: &[(u64, u64, u64)]) -> Result<u64, LiveError> {
        self.buffer.resize(wanted.iter().map(|(_, len, _)| *len as usize).sum(), 0);
        let mut at = 0;
        for (address, len, _) in wanted {
            let end = at + *len as usize;
            if !self.memory.fill(*address, &mut self.buffer[at..end])? {
                break;
            }
            at = end;
        }
        Ok(at as u64)
    }

    /// What lies in a piece that could not be read as a whole, such as a mapping longer than its file.
    fn page_by_page(&mut self, (address, len, offset): (u64, u64, u64)) -> Result<(), SaveError> {
        let whole = std::mem::take(&mut self.buffer);
        for at in (0..len).step_by(PAGE as usize) {
            if self.read(&[(address + at, PAGE, offset + at)])? == PAGE {
                self.put_range(0, PAGE as usize, offset + at)?;
            } else {
                self.saved.leave_out(Reason::Unread, PAGE, address + at);
            }
        }
        self.buffer = whole;
        Ok(())
    }

    /// Writes the pages of a part of the buffer that are not zero.
    fn put_range(&mut self, at: usize, len: usize, offset: u64) -> Result<(), SaveError> {
        static ZERO: [u8; PAGE as usize] = [0; PAGE as usize];
        let buffer = std::mem::take(&mut self.buffer);
        let pages: Vec<&[u8]> = buffer[at..at + len].chunks(PAGE as usize).collect();
        let put = runs(&pages, |page| **page != ZERO[..page.len()]).try_for_each(|(start, end)| {
            let (start, end) = (start as usize * PAGE as usize, (end as usize * PAGE as usize).min(len));
            self.put(&buffer[at + start..at + end], offset + start as u64)
        });
        self.buffer = buffer;
        put
    }

    fn put(&mut self, bytes: &[u8], offset: u64) -> Result<(), SaveError> {
        self.saved.written += bytes.len() as u64;
        self.file.write_all_at(bytes, offset).map_err(|why| SaveError::Write { why, at: self.progress })
    }
}

/// Where neighbours that are so begin and end.
fn runs<T>(items: &[T], is: impl Fn(&T) -> bool) -> impl Iterator<Item = (u64, u64)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + items.get(at..)?.iter().position(&is)?;
        at = items[start..].iter().position(|item| !is(item)).map_or(items.len(), |len| start + len);
        Some((start as u64, at as u64))
    })
}
