//! A Go process seen from outside: every goroutine with its stack, labels and what it waits on, without its cooperation.
//!
//! A snapshot is read with `process_vm_readv` alone: no signal, no trace, no stop, no endpoint. It costs the target nothing but
//! the page tables' locks; it costs goherd about 1.2 µs of CPU a goroutine. What is read while the process runs is each goroutine's
//! own truth, not one instant of all of them: a goroutine that runs has no readable stack, one that moves in between may be missing.
//!
//! Nothing is guessed: an unknown Go version, an executable whose DWARF contradicts the table of offsets, records that do not point
//! at themselves and stacks that do not end where stacks end are refused.

mod channels;
mod core;
mod discover;
mod error;
pub mod freeze;
mod functions;
mod goroutines;
pub mod heap;
mod image;
mod labels;
pub mod layout;
mod memory;
mod notify_lists;
mod permission;
mod reach;
mod semaphores;
mod show;
mod sockets;
mod stackmaps;
mod states;
mod target;
mod unwind;
mod waits;
mod waits_inside;
mod waits_poll;
mod waits_stacks;

use std::fs;
use std::path::Path;

use herd_model::Snapshot;
use nix::time::{ClockId, clock_gettime};
use rustc_hash::FxHashSet;

pub use discover::{Landmarks, Names};
pub use error::LiveError;
pub use freeze::Budget;
pub use goroutines::Tally;
pub use memory::Cost;
pub use reach::Proof;

/// What one reading gave.
#[derive(Debug)]
pub struct Reading {
    /// The goroutines a dump would show.
    pub snapshot: Snapshot,
    /// What was left out of it, and why.
    pub tally: Tally,
    /// What it cost goherd.
    pub cost: Cost,
    /// The executable.
    pub executable: String,
    /// Bytes a core file promises and does not hold.
    pub cut: u64,
    /// How long the process was stopped, where it was.
    pub stopped_ns: Option<u64>,
    /// Why a copy of the process is left as a zombie, where one is: what was read is none the worse for it.
    pub left: Option<LiveError>,
    /// Which goroutines nothing can wake, where the picture is one instant; an error says why that could not be told.
    pub proof: Option<Result<Proof, LiveError>>,
}

/// Reads a live process.
///
/// # Errors
/// When the process is not there, may not be read, is not Go, is of an unknown version, or what was read does not hold together.
pub fn process(pid: i32) -> Result<Reading, LiveError> {
    read_process(pid, goroutines::read)
}

/// Reads a live process and what each goroutine waits on ([`Snapshot::waits`]).
///
/// # Errors
/// As for [`process`].
pub fn process_with_waits(pid: i32) -> Result<Reading, LiveError> {
    let mut reading = read_process(pid, waits::read_all)?;
    if let Some(waits) = &mut reading.snapshot.waits {
        sockets::name(pid, waits);
    }
    Ok(reading)
}

type Read = fn(&mut target::Opened, Option<u64>, &FxHashSet<u64>) -> Result<(Snapshot, Tally), LiveError>;

fn read_process(pid: i32, read: Read) -> Result<Reading, LiveError> {
    let before = identity(pid);
    let mut opened = target::open(pid)?;
    let read = read(&mut opened, monotonic_ns(), &FxHashSet::default());
    // An exit or exec midway explains whatever went wrong, and spoils whatever did not.
    if before.is_none() || identity(pid) != before {
        return Err(LiveError::Gone(pid));
    }
    let (snapshot, tally) = read?;
    Ok(Reading {
        snapshot,
        tally,
        cost: opened.space.cost(),
        executable: opened.executable,
        cut: 0,
        stopped_ns: None,
        left: None,
        proof: None,
    })
}

/// Reads a core file; `executable` is the one it was made from, where the path it names is not at hand.
///
/// # Errors
/// As for [`process`]; also when the file is no core file or lacks what a snapshot needs.
pub fn core(path: &Path, executable: Option<&Path>) -> Result<Reading, LiveError> {
    read_core(path, executable, goroutines::read)
}

/// Reads a core file and what each goroutine waits on ([`Snapshot::waits`]).
///
/// # Errors
/// As for [`core`].
pub fn core_with_waits(path: &Path, executable: Option<&Path>) -> Result<Reading, LiveError> {
    read_core(path, executable, waits::read_all)
}

fn read_core(path: &Path, executable: Option<&Path>, read: Read) -> Result<Reading, LiveError> {
    let mut opened = target::open_core(path, executable)?;
    // A core file does not say how late it was on the clock that ages are counted by.
    let proof = reach::leaked(&mut opened);
    let none = FxHashSet::default();
    let leaked = proof.as_ref().map_or(&none, |proof| &proof.leaked);
    let (mut snapshot, tally) = read(&mut opened, None, leaked)?;
    follow(&mut snapshot, &proof);
    Ok(Reading {
        snapshot,
        tally,
        cost: opened.space.cost(),
        executable: opened.executable,
        cut: opened.cut,
        stopped_ns: None,
        left: None,
        proof: Some(proof),
    })
}

/// Reads a copy of a process that was stopped for milliseconds: all goroutines at one instant, those that ran too.
///
/// # Errors
/// As for [`process`]; also when it cannot be copied within the budget (see [`freeze::copy`]).
pub fn frozen(pid: i32, budget: &Budget) -> Result<Reading, LiveError> {
    read_copy(pid, budget, goroutines::read)
}

/// Reads a copy of a process, and what each goroutine waits on ([`Snapshot::waits`]), at one instant. Sockets are named as they are
/// a moment later.
///
/// # Errors
/// As for [`frozen`].
pub fn frozen_with_waits(pid: i32, budget: &Budget) -> Result<Reading, LiveError> {
    let mut reading = read_copy(pid, budget, waits::read_all)?;
    if let Some(waits) = &mut reading.snapshot.waits {
        sockets::name(pid, waits);
    }
    Ok(reading)
}

fn read_copy(pid: i32, budget: &Budget, read: Read) -> Result<Reading, LiveError> {
    let before = identity(pid);
    let layout = target::layout(pid)?;
    let copy = freeze::copy_of(pid, &layout, budget)?;
    let now = monotonic_ns();
    if before.is_none() || identity(pid) != before {
        return Err(LiveError::Gone(pid));
    }
    let mut opened = target::open_copy(pid, &copy)?;
    let proof = reach::leaked(&mut opened);
    let none = FxHashSet::default();
    let (mut snapshot, tally) = read(&mut opened, now, proof.as_ref().map_or(&none, |proof| &proof.leaked))?;
    follow(&mut snapshot, &proof);
    let stopped_ns = Some(copy.stopped_ns);
    let left = copy.end().err();
    let cost = opened.space.cost();
    Ok(Reading { snapshot, tally, cost, executable: opened.executable, cut: 0, stopped_ns, left, proof: Some(proof) })
}

/// Notes that what is not marked leaked can be woken.
fn follow(snapshot: &mut Snapshot, proof: &Result<Proof, LiveError>) {
    if let Some(waits) = &mut snapshot.waits {
        waits.followed = proof.is_ok();
    }
}

/// Finds where a live process's runtime keeps what all else is read by.
///
/// # Errors
/// As for [`process`]; what is in doubt is absent instead.
pub fn landmarks(pid: i32, names: Names) -> Result<Landmarks, LiveError> {
    target::landmarks(pid, names)
}

/// What stays the same as long as a process runs the same program: its start time and its executable.
pub fn identity(pid: i32) -> Option<(String, std::path::PathBuf)> {
    const START_TIME: usize = 19;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces.
    let fields = stat.rsplit_once(')')?.1;
    let started = fields.split_ascii_whitespace().nth(START_TIME)?.to_owned();
    let state = fields.split_ascii_whitespace().next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    Some((started, fs::read_link(format!("/proc/{pid}/exe")).ok()?))
}

/// The clock the runtime's `nanotime` reads.
fn monotonic_ns() -> Option<u64> {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).ok()?;
    Some(u64::try_from(now.tv_sec()).ok()? * 1_000_000_000 + u64::try_from(now.tv_nsec()).ok()?)
}
