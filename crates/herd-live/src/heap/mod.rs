//! The heap of a Go process seen from outside: what the runtime has sampled of its allocations, without its cooperation.
//!
//! A running process is neither stopped nor asked. The list of records only grows at its front, so it is read as it was when its first
//! record was; the counts of one record may be of a moment later than those of another, by what was sampled or swept meanwhile. Where
//! a collection ends in between, they are read again.
//!
//! Where nothing moves, in a core file or a copy, it is also told who holds what was sampled: see [`HeapHolders`].

mod buckets;
mod holders;
mod names;
mod profile;
mod tree;

use std::path::Path;

use herd_model::{HeapHolders, Profile};

use crate::error::LiveError;
use crate::freeze::{self, Budget};
use crate::identity;
use crate::memory::Cost;
use crate::target::{self, Opened};

/// What one reading of a heap gave.
#[derive(Debug)]
pub struct HeapReading {
    /// The profile, as `/debug/pprof/heap` answers.
    pub profile: Profile,
    /// Collections went on while its counts were read: some are of before one, some of after.
    pub torn: bool,
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
    /// Who holds it, where that was asked for; an error says why that cannot be told.
    pub holders: Option<Result<HeapHolders, LiveError>>,
}

/// Reads the memory profile of a live process.
///
/// # Errors
/// As for [`crate::process`]; also when no symbol says where the profile is, or it samples nothing.
pub fn process(pid: i32) -> Result<HeapReading, LiveError> {
    let before = identity(pid);
    let mut opened = target::open(pid)?;
    let read = read(&mut opened, None);
    if before.is_none() || identity(pid) != before {
        return Err(LiveError::Gone(pid));
    }
    read
}

/// Reads the memory profile in a copy of a process that was stopped for milliseconds, and who holds what it tells of: `top` lines and
/// roots.
///
/// # Errors
/// As for [`process`]; also when it cannot be copied within the budget (see [`crate::freeze::copy`]).
pub fn frozen(pid: i32, budget: &Budget, top: usize) -> Result<HeapReading, LiveError> {
    let before = identity(pid);
    let layout = target::layout(pid)?;
    let copy = freeze::copy_of(pid, &layout, budget)?;
    if before.is_none() || identity(pid) != before {
        return Err(LiveError::Gone(pid));
    }
    let reading = read(&mut target::open_copy(pid, &copy)?, Some(top))?;
    let stopped_ns = Some(copy.stopped_ns);
    Ok(HeapReading { stopped_ns, left: copy.end().err(), ..reading })
}

/// Reads the memory profile in a core file, and who holds what it tells of, where that is asked for: so many lines and roots.
/// `executable` is the one it was made from, where the path it names is not at hand.
///
/// # Errors
/// As for [`process`] and [`crate::core`].
pub fn core(path: &Path, executable: Option<&Path>, top: Option<usize>) -> Result<HeapReading, LiveError> {
    read(&mut target::open_core(path, executable)?, top)
}

fn read(opened: &mut Opened, top: Option<usize>) -> Result<HeapReading, LiveError> {
    let Opened { space, layout, functions, profile, executable, .. } = opened;
    let at = profile.ok_or_else(|| LiveError::NoProfile(executable.clone()))?;
    let buckets = buckets::read(space, layout, at)?;
    if buckets.rate == 0 && buckets.list.is_empty() {
        return Err(LiveError::NotSampled(executable.clone()));
    }
    let (profile, stacks) = profile::profile(space, layout, functions, &buckets)?;
    let holders = top.map(|top| holders::holders(opened, &buckets, &profile, &stacks, top));
    Ok(HeapReading {
        profile,
        torn: buckets.torn,
        cost: opened.space.cost(),
        executable: opened.executable.clone(),
        cut: opened.cut,
        stopped_ns: None,
        left: None,
        holders,
    })
}
