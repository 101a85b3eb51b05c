//! Another process's memory, read in batches; a request that cannot be served is marked, never guessed.

use std::fs::File;
use std::io::{ErrorKind, IoSliceMut};
use std::ops::Range;
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;
use rustc_hash::FxHashMap;

use crate::error::LiveError;
use crate::permission;

/// Requests one call takes (`IOV_MAX`, `process_vm_readv(2)`).
const CALL_REQUESTS: usize = 1024;
/// Bytes kept of what does not change: function tables and constant strings.
const PAGE_BYTES: u64 = 16 << 10;
const SMALL_PAGE_BYTES: u64 = 4 << 10;

/// Requests to be read together.
#[derive(Debug, Default)]
pub struct Batch {
    requests: Vec<Request>,
    data: Vec<u8>,
    /// Bytes of `data` the requests take; behind them lies what earlier ones left.
    used: usize,
}

#[derive(Clone, Debug)]
struct Request {
    address: u64,
    range: Range<usize>,
    read: bool,
}

impl Batch {
    /// Forgets all requests; memory is kept.
    pub fn clear(&mut self) {
        self.requests.clear();
        self.used = 0;
    }

    /// Asks for `len` bytes; answers the request's number.
    pub fn ask(&mut self, address: u64, len: usize) -> usize {
        let range = self.used..self.used + len;
        self.used = range.end;
        if self.data.len() < range.end {
            self.data.resize(range.end, 0);
        }
        self.requests.push(Request { address, range, read: false });
        self.requests.len() - 1
    }

    /// The bytes of a request, when they could be read.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        self.requests.get(index).filter(|request| request.read).map(|request| &self.data[request.range.clone()])
    }

    /// The requests' numbers by address.
    fn order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.requests.len() as u32).collect();
        order.sort_unstable_by_key(|index| self.requests[*index as usize].address);
        order
    }

    /// Where the answers to requests lie, when they follow on each other as what is asked for does.
    fn in_one_piece(&self, order: &[u32]) -> Option<Range<usize>> {
        let all = || order.iter().map(|index| &self.requests[*index as usize]);
        let follows = |one: &Request, next: &Request| {
            next.range.start == one.range.end && next.address == one.address + one.range.len() as u64
        };
        let whole = all().zip(all().skip(1)).all(|(one, next)| follows(one, next));
        let (first, last) = all().next().zip(all().next_back()).filter(|_| whole)?;
        Some(first.range.start..last.range.end)
    }

    /// Serves the requests one by one.
    pub fn serve(&mut self, mut read: impl FnMut(u64, &mut [u8]) -> bool) {
        for request in &mut self.requests {
            request.read = read(request.address, &mut self.data[request.range.clone()]);
        }
    }
}

/// What reading has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// System calls.
    pub calls: u64,
    /// Pieces of memory asked for.
    pub pieces: u64,
    /// Bytes read.
    pub bytes: u64,
}

/// Memory that can be read by address.
pub trait Memory {
    /// Serves all requests of a batch. An error means that nothing more can be read at all.
    fn read(&mut self, batch: &mut Batch) -> Result<(), LiveError>;

    /// What it has cost so far.
    fn cost(&self) -> Cost;
}

/// The memory of a live process.
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    cost: Cost,
    scratch: Vec<u8>,
}

impl Process {
    /// Of a process id; nothing is opened.
    pub fn new(pid: i32) -> Process {
        Process { pid: Pid::from_raw(pid), cost: Cost::default(), scratch: Vec::new() }
    }
}

/// Requests this near to each other are read as one: copying what lies between costs less than another piece.
const GAP_BYTES: u64 = 2 << 10;
/// Bytes one call reads.
const CALL_BYTES: usize = 4 << 20;

impl Memory for Process {
    fn read(&mut self, batch: &mut Batch) -> Result<(), LiveError> {
        in_calls(batch, |batch, order, runs| {
            let mut first = 0;
            while first < runs.len() {
                let served = self.call(batch, order, &runs[first..])?;
                first += served;
                if let Some(run) = runs.get(first) {
                    self.one_by_one(batch, &order[run.of.clone()])?;
                    first += 1;
                }
            }
            Ok(())
        })
    }

    fn cost(&self) -> Cost {
        self.cost
    }
}

/// Neighbouring requests, by their place in the order of addresses.
#[derive(Clone, Debug)]
struct Run {
    from: u64,
    end: u64,
    of: Range<usize>,
}

/// Serves a batch call by call, each with the requests' order by address and the runs it reads.
fn in_calls(
    batch: &mut Batch,
    mut serve: impl FnMut(&mut Batch, &[u32], &[Run]) -> Result<(), LiveError>,
) -> Result<(), LiveError> {
    let order = batch.order();
    let mut runs = Vec::new();
    let mut at = 0;
    while at < order.len() {
        at = next_runs(batch, &order, at, &mut runs);
        serve(batch, &order, &runs)?;
    }
    Ok(())
}

/// Gathers the runs of one call from `at` on; answers where the next call begins.
fn next_runs(batch: &Batch, order: &[u32], mut at: usize, runs: &mut Vec<Run>) -> usize {
    runs.clear();
    let mut bytes = 0;
    while at < order.len() && bytes < CALL_BYTES {
        let request = &batch.requests[order[at] as usize];
        let (from, len) = (request.address, request.range.len() as u64);
        let end = from.saturating_add(len);
        let full = runs.len() == CALL_REQUESTS;
        match runs.last_mut() {
            Some(run) if from <= run.end.saturating_add(GAP_BYTES) => {
                bytes += (end.max(run.end) - run.end) as usize;
                run.end = run.end.max(end);
                run.of.end = at + 1;
            }
            _ if full => break,
            _ => {
                bytes += len as usize;
                runs.push(Run { from, end, of: at..at + 1 });
            }
        }
        at += 1;
    }
    at
}

impl Process {
    /// Reads runs in one call and hands their bytes out; answers how many could be read before the first that could not.
    fn call(&mut self, batch: &mut Batch, order: &[u32], runs: &[Run]) -> Result<usize, LiveError> {
        let remote: Vec<RemoteIoVec> =
            runs.iter().map(|run| RemoteIoVec { base: run.from as usize, len: (run.end - run.from) as usize }).collect();
        self.scratch.resize(remote.iter().map(|piece| piece.len).sum(), 0);
        let read = self.vm_read(&remote)?;
        let (mut at, mut served) = (0, 0);
        for run in runs {
            let len = (run.end - run.from) as usize;
            if at + len > read {
                break;
            }
            for index in &order[run.of.clone()] {
                let request = &mut batch.requests[*index as usize];
                let from = at + (request.address - run.from) as usize;
                batch.data[request.range.clone()].copy_from_slice(&self.scratch[from..from + request.range.len()]);
                request.read = true;
            }
            at += len;
            served += 1;
        }
        Ok(served)
    }

    /// Reads requests alone: one of them, or what lies between, could not be read with the others.
    fn one_by_one(&mut self, batch: &mut Batch, order: &[u32]) -> Result<(), LiveError> {
        for index in order {
            let request = &mut batch.requests[*index as usize];
            let len = request.range.len();
            self.scratch.resize(len, 0);
            let read = self.vm_read(&[RemoteIoVec { base: request.address as usize, len }])?;
            request.read = read == len;
            if request.read {
                batch.data[request.range.clone()].copy_from_slice(&self.scratch);
            }
        }
        Ok(())
    }

    fn vm_read(&mut self, remote: &[RemoteIoVec]) -> Result<usize, LiveError> {
        self.cost.calls += 1;
        self.cost.pieces += remote.len() as u64;
        let read = match process_vm_readv(self.pid, &mut [IoSliceMut::new(&mut self.scratch)], remote) {
            Ok(read) => read,
            Err(Errno::EFAULT) => 0,
            Err(Errno::ESRCH) => return Err(LiveError::Gone(self.pid.as_raw())),
            Err(errno) => return Err(permission::explain(self.pid.as_raw(), errno)),
        };
        self.cost.bytes += read as u64;
        Ok(read)
    }
}

/// The memory of a copy of a process, which shares its pages with the process until one of both writes to them.
///
/// Read through its file, for `process_vm_readv` makes a page of the copy's own of each shared one it reads (`gup_must_unshare` in the
/// kernel's `mm/gup.c`, since Linux 5.19): that would cost as much memory again as is read, and half the time.
#[derive(Debug)]
pub struct Copied {
    pid: i32,
    file: File,
    cost: Cost,
    scratch: Vec<u8>,
}

impl Copied {
    /// Of the process id of the copy.
    ///
    /// # Errors
    /// When the kernel does not show it.
    pub fn open(pid: i32) -> Result<Copied, LiveError> {
        let file = File::open(format!("/proc/{pid}/mem"))
            .map_err(|error| permission::explain(pid, error.raw_os_error().map_or(Errno::EPERM, Errno::from_raw)))?;
        Ok(Copied { pid, file, cost: Cost::default(), scratch: Vec::new() })
    }

    /// Fills `into`; `false` when a part of it is not there.
    ///
    /// # Errors
    /// When the copy is no more.
    pub fn fill(&mut self, mut from: u64, mut into: &mut [u8]) -> Result<bool, LiveError> {
        self.cost.pieces += 1;
        while !into.is_empty() {
            self.cost.calls += 1;
            match self.file.read_at(into, from) {
                // The copy was killed.
                Ok(0) => return Err(LiveError::Gone(self.pid)),
                Ok(read) => {
                    self.cost.bytes += read as u64;
                    from += read as u64;
                    into = &mut into[read..];
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Reads a run at once; `false` when a part of it is not there.
    fn run(&mut self, batch: &mut Batch, order: &[u32], run: &Run) -> Result<bool, LiveError> {
        let len = (run.end - run.from) as usize;
        if let Some(range) = batch.in_one_piece(order) {
            let whole = self.fill(run.from, &mut batch.data[range])?;
            for index in order {
                batch.requests[*index as usize].read = whole;
            }
            return Ok(whole);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        if scratch.len() < len {
            scratch.resize(len, 0);
        }
        let whole = self.fill(run.from, &mut scratch[..len])?;
        for index in order.iter().filter(|_| whole) {
            let request = &mut batch.requests[*index as usize];
            let from = (request.address - run.from) as usize;
            batch.data[request.range.clone()].copy_from_slice(&scratch[from..from + request.range.len()]);
            request.read = true;
        }
        self.scratch = scratch;
        Ok(whole)
    }
}

impl Memory for Copied {
    fn read(&mut self, batch: &mut Batch) -> Result<(), LiveError> {
        in_calls(batch, |batch, order, runs| {
            for run in runs {
                let of = &order[run.of.clone()];
                if of.len() > 1 && self.run(batch, of, run)? {
                    continue;
                }
                for index in of {
                    let request = &mut batch.requests[*index as usize];
                    request.read = self.fill(request.address, &mut batch.data[request.range.clone()])?;
                }
            }
            Ok(())
        })
    }

    fn cost(&self) -> Cost {
        self.cost
    }
}

/// Memory with what does not change kept.
pub struct Space {
    memory: Box<dyn Memory>,
    kept: FxHashMap<u64, Option<Box<[u8]>>>,
    one: Batch,
}

impl Space {
    /// Over a memory.
    pub fn new(memory: Box<dyn Memory>) -> Space {
        Space { memory, kept: FxHashMap::default(), one: Batch::default() }
    }

    /// Serves a batch.
    pub fn read(&mut self, batch: &mut Batch) -> Result<(), LiveError> {
        self.memory.read(batch)
    }

    /// What reading has cost so far.
    pub fn cost(&self) -> Cost {
        self.memory.cost()
    }

    /// Bytes as they are now.
    pub fn bytes(&mut self, address: u64, len: usize) -> Result<Option<Vec<u8>>, LiveError> {
        self.one.clear();
        self.one.ask(address, len);
        self.memory.read(&mut self.one)?;
        Ok(self.one.get(0).map(<[u8]>::to_vec))
    }

    /// A word as it is now.
    pub fn word(&mut self, address: u64) -> Result<Option<u64>, LiveError> {
        Ok(self.bytes(address, 8)?.as_deref().map(|bytes| u64_at(bytes, 0)))
    }

    /// Bytes of what does not change that are kept.
    pub fn kept_bytes(&self) -> u64 {
        self.kept.len() as u64 * PAGE_BYTES
    }

    /// Lets go of them.
    pub fn forget(&mut self) {
        self.kept = FxHashMap::default();
    }

    /// Copies bytes that do not change while the program runs; `false` when they are not there.
    pub fn constant(&mut self, address: u64, into: &mut [u8]) -> Result<bool, LiveError> {
        let mut done = 0;
        while done < into.len() {
            let at = address.wrapping_add(done as u64);
            let Some((page, from)) = self.page(at)? else { return Ok(false) };
            let len = (page.len() - from).min(into.len() - done);
            into[done..done + len].copy_from_slice(&page[from..from + len]);
            done += len;
        }
        Ok(true)
    }

    /// The kept page an address lies in, and where in it.
    fn page(&mut self, address: u64) -> Result<Option<(&[u8], usize)>, LiveError> {
        let large = address / PAGE_BYTES * PAGE_BYTES;
        if !self.kept.contains_key(&(large | 1)) {
            let bytes = self.bytes(large, PAGE_BYTES as usize)?.map(Vec::into_boxed_slice);
            self.kept.insert(large | 1, bytes);
        }
        let small = address / SMALL_PAGE_BYTES * SMALL_PAGE_BYTES;
        let missing = self.kept.get(&(large | 1)).is_some_and(Option::is_none);
        if missing && !self.kept.contains_key(&small) {
            let bytes = self.bytes(small, SMALL_PAGE_BYTES as usize)?.map(Vec::into_boxed_slice);
            self.kept.insert(small, bytes);
        }
        let (key, base) = if missing { (small, small) } else { (large | 1, large) };
        Ok(self.kept.get(&key).and_then(Option::as_deref).map(|page| (page, (address - base) as usize)))
    }

    /// A 32-bit word that does not change.
    pub fn constant_u32(&mut self, address: u64) -> Result<Option<u32>, LiveError> {
        let mut bytes = [0; 4];
        Ok(self.constant(address, &mut bytes)?.then(|| u32::from_le_bytes(bytes)))
    }

    /// A NUL-ended string that does not change, at most `max` bytes of it.
    pub fn constant_text(&mut self, address: u64, max: usize) -> Result<Option<Vec<u8>>, LiveError> {
        let mut text = Vec::new();
        while text.len() < max {
            let Some((page, from)) = self.page(address.wrapping_add(text.len() as u64))? else { return Ok(None) };
            let rest = &page[from..page.len().min(from + max - text.len())];
            if let Some(end) = memchr::memchr(0, rest) {
                text.extend_from_slice(&rest[..end]);
                return Ok(Some(text));
            }
            text.extend_from_slice(rest);
        }
        Ok(Some(text))
    }
}

/// The 64-bit word at `at`; zero where `bytes` end before.
pub fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes)
}

/// The 32-bit word at `at`; zero where `bytes` end before.
pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes)
}
