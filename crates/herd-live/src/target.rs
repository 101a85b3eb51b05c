//! Opens a process: its executable, its layout, and where the runtime keeps what a snapshot needs.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use crate::core::{self, Mapped, Thread};
use crate::discover::{self, Heap, Landmarks, MemoryProfile, Names};
use crate::error::LiveError;
use crate::freeze::Copy;
use crate::functions::Functions;
use crate::image::{self, Image, Symbols};
use crate::layout::Layout;
use crate::memory::{Batch, Copied, Memory, Process, Space, u64_at};
use crate::{permission, semaphores};

/// Goroutines a process may have before the count is taken for damage.
const MAX_GOROUTINES: u64 = 1 << 28;
/// Wait reasons a version may name.
const MAX_WAIT_REASONS: u64 = 128;

/// A process ready to be read.
pub struct Opened {
    /// Its memory.
    pub space: Space,
    /// Offsets.
    pub layout: Layout,
    /// Functions.
    pub functions: Functions,
    /// Wait reasons by number.
    pub wait_reasons: Vec<String>,
    /// `go1.26.8`
    pub version: String,
    /// Where the list of goroutines is.
    pub goroutines: List,
    /// `runtime.semtable`, where it is needed and could be found.
    pub semtable: Option<u64>,
    /// `runtime.firstmoduledata`
    pub first_module: u64,
    /// The executable's path.
    pub executable: String,
    /// The file to read it from.
    pub file: PathBuf,
    /// How far from where it was linked to be it is.
    pub bias: u64,
    /// Bytes a core file promises and does not hold.
    pub cut: u64,
    /// Registers of all threads, when they were stopped.
    pub threads: Vec<Thread>,
    /// Nothing in it moves.
    pub frozen: bool,
    /// The heap and the threads' records, where they could be found; without symbols only what stands still is searched for them.
    pub heap: Option<Heap>,
    /// The runtime's memory profile; nothing where no symbol names it.
    pub profile: Option<MemoryProfile>,
    /// Memory the process may write.
    pub writable: Vec<Range<u64>>,
}

/// Where the runtime keeps all goroutines.
#[derive(Clone, Copy, Debug)]
pub enum List {
    /// `allglen` and `allgptr`, written in this order.
    Pair {
        /// Address of the count.
        len: u64,
        /// Address of the pointer to the first.
        first: u64,
    },
    /// The slice `allgs`.
    Slice(u64),
}

impl List {
    /// Addresses of all goroutine records. The list only grows, so the count is read before the pointer.
    pub fn addresses(self, space: &mut Space) -> Result<Vec<u64>, LiveError> {
        let missing = LiveError::Missing { what: "the list of goroutines (runtime.allgs)" };
        let (first, len) = match self {
            List::Pair { len, first } => {
                let len = space.word(len)?;
                (space.word(first)?, len)
            }
            List::Slice(at) => {
                let header = space.bytes(at, 16)?;
                (header.as_deref().map(|header| u64_at(header, 0)), header.as_deref().map(|header| u64_at(header, 8)))
            }
        };
        let (Some(first), Some(len)) = (first, len.filter(|len| *len <= MAX_GOROUTINES)) else { return Err(missing) };
        let bytes = space.bytes(first, len as usize * 8)?.ok_or(missing)?;
        Ok(bytes.chunks_exact(8).map(|word| u64_at(word, 0)).filter(|address| *address != 0).collect())
    }
}

/// Opens a live process.
pub fn open(pid: i32) -> Result<Opened, LiveError> {
    open_over(pid, Box::new(Process::new(pid)))
}

/// Opens a process over the memory of a copy of it, in which nothing moves.
pub fn open_copy(pid: i32, copy: &Copy) -> Result<Opened, LiveError> {
    let maps = fs::read_to_string(format!("/proc/{}/maps", copy.pid)).map_err(|error| refused(copy.pid, &error))?;
    let writable = maps.lines().filter_map(writable).collect();
    let opened = open_over(pid, Box::new(Copied::open(copy.pid)?))?;
    with_heap(Opened { threads: copy.threads.clone(), frozen: true, writable, ..opened })
}

/// The addresses of a line of `/proc/PID/maps` that names memory the program may write; devices hold no pointers of its.
fn writable(line: &str) -> Option<Range<u64>> {
    let mut words = line.split_ascii_whitespace();
    let (from, end) = words.next()?.split_once('-')?;
    let mode = words.next()?.as_bytes();
    let path = words.nth(3).unwrap_or_default();
    let is_device = path.starts_with("/dev/") && !path.starts_with("/dev/zero") && !path.starts_with("/dev/shm");
    if mode.get(1) != Some(&b'w') || mode.first() != Some(&b'r') || is_device {
        return None;
    }
    Some(u64::from_str_radix(from, 16).ok()?..u64::from_str_radix(end, 16).ok()?)
}

/// Where the runtime of a live process keeps what all else is read by.
pub fn landmarks(pid: i32, names: Names) -> Result<Landmarks, LiveError> {
    let (mut image, layout) = image(pid)?;
    if names == Names::Ignored {
        image.symbols = Symbols::default();
    }
    let bias = bias(pid, &image)?;
    let mut space = Space::new(Box::new(Process::new(pid)));
    let places = discover::places(&mut space, &image, &layout, bias)?;
    let mut opened = with_heap(with_memory(space, &image, layout, bias)?)?;
    let allm = opened.heap.map(|heap| opened.space.word(heap.allm)).transpose()?;
    Ok(Landmarks {
        first_module: places.first_module,
        wait_reasons: places.wait_reasons,
        goroutines: opened.goroutines.addresses(&mut opened.space)?,
        semtable: opened.semtable.filter(|_| semaphores::are_needed(&opened.layout)),
        mheap: opened.heap.map(|heap| heap.mheap),
        newest_thread: allm.flatten(),
    })
}

/// The layout of a process's runtime.
pub fn layout(pid: i32) -> Result<Layout, LiveError> {
    Ok(image(pid)?.1)
}

fn image(pid: i32) -> Result<(Image, Layout), LiveError> {
    let path = PathBuf::from(format!("/proc/{pid}/exe"));
    let shown = fs::read_link(&path).map_err(|error| refused(pid, &error))?;
    let opened = image::open(&path, &shown.display().to_string(), true);
    if let Err(LiveError::Io { source, .. }) = &opened
        && source.kind() == std::io::ErrorKind::PermissionDenied
    {
        return Err(refused(pid, source));
    }
    opened
}

fn open_over(pid: i32, memory: Box<dyn Memory>) -> Result<Opened, LiveError> {
    let (image, layout) = image(pid)?;
    let bias = bias(pid, &image)?;
    with_memory(Space::new(memory), &image, layout, bias)
}

/// How far from where it was linked to be a process's executable is.
fn bias(pid: i32, image: &Image) -> Result<u64, LiveError> {
    let auxv = fs::read(format!("/proc/{pid}/auxv")).map_err(|error| refused(pid, &error))?;
    let entry = entry(&auxv).ok_or(LiveError::Missing { what: "the entry point in the auxiliary vector" })?;
    Ok(entry.wrapping_sub(image.entry))
}

/// Opens a core file; the executable is the one it was made from, which it names itself where it can.
pub fn open_core(path: &Path, executable: Option<&Path>) -> Result<Opened, LiveError> {
    let shown = path.display().to_string();
    let mut core = core::open(path)?;
    let entry = entry(&core.auxv).ok_or(LiveError::Missing { what: "the entry point in the auxiliary vector" })?;
    let main = core.files.iter().find(|file| file.from <= entry && entry < file.end).map(|file| file.path.clone());
    let executable =
        executable.map(Path::to_path_buf).or_else(|| main.clone()).ok_or_else(|| LiveError::NoExecutable(shown.clone()))?;
    if !executable.exists() {
        return Err(LiveError::NoExecutable(shown));
    }
    let (image, layout) = image::open(&executable, &executable.display().to_string(), true)?;
    let bias = entry.wrapping_sub(image.entry);
    let program = program(&image, bias, &executable);
    if core.memory.contradicts(&executable, &program) {
        let why = format!("{} is not the executable this core file was made from", executable.display());
        return Err(LiveError::Inconsistent(why));
    }
    // Not every writer of core files lists the mapped files.
    core.memory.map(&executable, &program);
    for file in paths(&core.files) {
        let is_main = Some(&file) == main.as_ref();
        let mappings: Vec<_> = core.files.iter().filter(|mapped| mapped.path == file).cloned().collect();
        core.memory.map(if is_main { &executable } else { &file }, &mappings);
    }
    let (cut, threads, writable) = (core.cut, core.threads, core.writable);
    let opened = with_memory(Space::new(Box::new(core.memory)), &image, layout, bias)?;
    with_heap(Opened { cut, threads, writable, frozen: true, ..opened })
}

/// Searches for the heap where no symbol names it. Not to find it is an error only for who needs it.
fn with_heap(mut opened: Opened) -> Result<Opened, LiveError> {
    if opened.heap.is_none() {
        let goroutines = opened.goroutines.addresses(&mut opened.space)?;
        opened.heap = discover::heap(&mut opened.space, &opened.layout, opened.first_module, &goroutines)?;
    }
    Ok(opened)
}

/// Where the parts of the executable that never change are.
fn program(image: &Image, bias: u64, path: &Path) -> Vec<Mapped> {
    let constant = image.segments.iter().filter(|segment| !segment.writable);
    constant
        .map(|segment| {
            let from = segment.address.wrapping_add(bias);
            Mapped { from, end: from.saturating_add(segment.len), offset: segment.offset, path: path.to_path_buf() }
        })
        .collect()
}

fn paths(files: &[Mapped]) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = files.iter().map(|file| file.path.clone()).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// Puts together what a snapshot needs.
fn with_memory(mut space: Space, image: &Image, layout: Layout, bias: u64) -> Result<Opened, LiveError> {
    let places = discover::places(&mut space, image, &layout, bias)?;
    let functions = Functions::read(&mut space, &layout, places.first_module)?;
    let wait_reasons = wait_reasons(&mut space, places.wait_reasons)?;
    let semtable = match places.semtable {
        None if semaphores::are_needed(&layout) => discover::semtable(&mut space, &layout, places.first_module)?,
        known => known,
    };
    Ok(Opened {
        space,
        layout,
        functions,
        wait_reasons,
        version: image.version.clone(),
        goroutines: places.goroutines,
        semtable,
        first_module: places.first_module,
        executable: image.path.clone(),
        file: image.file.clone(),
        bias,
        cut: 0,
        threads: Vec::new(),
        frozen: false,
        heap: places.heap,
        profile: places.profile,
        writable: Vec::new(),
    })
}

fn refused(pid: i32, error: &std::io::Error) -> LiveError {
    permission::explain(pid, error.raw_os_error().map_or(Errno::EPERM, Errno::from_raw))
}

/// Where the kernel says the program begins (`AT_ENTRY`).
fn entry(auxv: &[u8]) -> Option<u64> {
    const AT_ENTRY: u64 = 9;
    auxv.chunks_exact(16).find(|pair| u64_at(pair, 0) == AT_ENTRY).map(|pair| u64_at(pair, 8))
}

/// The names of `runtime.waitReasonStrings`, up to the first that is none.
fn wait_reasons(space: &mut Space, at: u64) -> Result<Vec<String>, LiveError> {
    const STRING_BYTES: usize = 16;
    const MAX_REASON_BYTES: u64 = 64;
    let missing = || LiveError::Missing { what: "the names of wait reasons (runtime.waitReasonStrings)" };
    let mut headers = Vec::new();
    for index in 0..MAX_WAIT_REASONS {
        let Some(header) = space.bytes(at + index * STRING_BYTES as u64, STRING_BYTES)? else { break };
        let (text, len) = (u64_at(&header, 0), u64_at(&header, 8));
        // The first is empty; what follows the last is not a string of this kind.
        if len > MAX_REASON_BYTES || (index > 0 && (len == 0 || text == 0)) {
            break;
        }
        headers.push((text, len));
    }
    let mut batch = Batch::default();
    for (text, len) in &headers {
        batch.ask(*text, *len as usize);
    }
    space.read(&mut batch)?;
    let mut reasons = Vec::new();
    for (index, (_, len)) in headers.iter().enumerate() {
        let text = if *len == 0 { Some(&[][..]) } else { batch.get(index) };
        let Some(text) = text.and_then(|text| std::str::from_utf8(text).ok()).filter(|text| is_reason(text)) else { break };
        reasons.push(text.to_owned());
    }
    if reasons.len() < 20 || reasons[1] != "GC assist marking" {
        return Err(missing());
    }
    Ok(reasons)
}

fn is_reason(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
}
