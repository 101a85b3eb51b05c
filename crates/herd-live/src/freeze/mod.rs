//! A copy of a running process at one instant: its threads are stopped for milliseconds, one of them is made to clone the process
//! without running anything in the clone, and all go on; the clone stays stopped and is read in their place.
//!
//! Whatever happens to goherd on the way, the process goes on as if nothing had been: when the thread that traces ends, the kernel
//! lets go what it traced, the thread with the injected call returns by itself to where it stood (see `inject`), and a clone nobody
//! holds runs into its own `exit_group`. At most a zombie is left then, and the next copy reaps it.

mod allowed;
#[cfg(target_arch = "x86_64")]
mod halt;
#[cfg(target_arch = "x86_64")]
mod inject;
#[cfg(target_arch = "x86_64")]
mod left;
mod mappings;
mod notes;
#[cfg(target_arch = "x86_64")]
mod rest;
mod save;
mod status;
#[cfg(target_arch = "x86_64")]
mod take;

use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use crate::core::Thread;
use crate::error::LiveError;
use crate::layout::{Arch, Layout};
use crate::target;

pub use mappings::Reason;
pub use save::{Progress, SaveError, Saved, save};

/// How long the process may be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// In any case.
    pub base_ns: u64,
    /// Beyond, for each GB of memory it has resident.
    pub gb_ns: u64,
}

impl Budget {
    /// No longer than this, whatever the size of the process; without a limit of one's own the usual one.
    pub fn within(limit: Option<Duration>) -> Budget {
        let fixed = |limit: Duration| Budget { base_ns: u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX), gb_ns: 0 };
        limit.map_or_else(Budget::default, fixed)
    }
}

impl Default for Budget {
    fn default() -> Budget {
        Budget { base_ns: 50_000_000, gb_ns: 20_000_000 }
    }
}

/// A stopped copy of a process. It ends with this value.
#[derive(Debug)]
pub struct Copy {
    /// The copy's process id: its memory is the process's at one instant.
    pub pid: i32,
    /// The process's threads at that instant; their ids are those of the process's own namespace, as its runtime knows them.
    pub threads: Vec<Thread>,
    /// From the first thread that was asked to stop to the last that was let go.
    pub stopped_ns: u64,
    holder: Option<Holder>,
}

/// The thread that traces the copy; a process is let go when the thread that traces it ends.
#[derive(Debug)]
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "no copy is made there"))]
struct Holder {
    release: Sender<()>,
    thread: JoinHandle<Result<(), LiveError>>,
}

/// Copies a process.
///
/// # Errors
/// When the process may not be traced, cannot be copied, or would be stopped longer than allowed.
pub fn copy(pid: i32, budget: &Budget) -> Result<Copy, LiveError> {
    let layout = target::layout(pid)?;
    copy_of(pid, &layout, budget)
}

/// Copies a process whose layout is known.
pub fn copy_of(pid: i32, layout: &Layout, budget: &Budget) -> Result<Copy, LiveError> {
    if layout.arch != Arch::Amd64 {
        return Err(refusal(pid, "programs of other architectures than amd64 are not copied; read it live instead"));
    }
    let limit = allowed::check(pid, budget)?;
    allowed::wait_untraced(pid)?;
    #[cfg(target_arch = "x86_64")]
    return take::copy(pid, layout, limit);
    #[cfg(not(target_arch = "x86_64"))]
    Err(refusal(pid, &format!("goherd copies processes on amd64 only (it would be stopped for {limit:?}); read it live instead")))
}

impl Copy {
    /// Ends the copy and removes what is left of it from the process's children.
    ///
    /// # Errors
    /// When a zombie had to be left; the next copy of the process reaps it.
    pub fn end(mut self) -> Result<(), LiveError> {
        self.finish()
    }

    fn finish(&mut self) -> Result<(), LiveError> {
        let Some(Holder { release, thread }) = self.holder.take() else { return Ok(()) };
        drop(release);
        thread.join().unwrap_or_else(|_| Err(refusal(self.pid, "the thread that held its copy failed")))
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // What could not be reaped is reaped by the next copy; `end` says so.
        let _ = self.finish();
    }
}

fn refusal(pid: i32, why: &str) -> LiveError {
    LiveError::NoCopy { pid, why: why.to_owned() }
}
