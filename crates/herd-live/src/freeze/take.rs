//! The thread that traces: stops, copies, lets go, and holds the copy until it is no longer wanted.

use std::fs;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

use super::halt::{self, Halted};
use super::inject::{self, Gadgets};
use super::status::field;
use super::{Copy, Holder, allowed, left, refusal, rest};
use crate::core::Thread;
use crate::error::LiveError;
use crate::layout::Layout;

/// How often a copy is tried before a process is said never to be at rest.
const TRIES: u32 = 40;
/// How long between two tries: long enough for signals on their way to arrive.
pub const PAUSE: Duration = Duration::from_millis(2);

/// Copies a process of this machine's architecture, which may be stopped for so long.
pub fn copy(pid: i32, layout: &Layout, limit: Duration) -> Result<Copy, LiveError> {
    let gadgets = Gadgets::find(pid)?;
    for _ in 0..TRIES {
        allowed::wait_untraced(pid)?;
        let job = Job { pid: Pid::from_raw(pid), layout: layout.clone(), gadgets, limit };
        match start(job)? {
            Ok(copy) => return Ok(copy),
            Err(Trouble::Final(error)) => return Err(error),
            Err(Trouble::Again) => thread::sleep(PAUSE),
        }
    }
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let why = if field(&status, "State:").is_some_and(|state| state.starts_with('T')) {
        "a signal has stopped it where none of its runtime's threads was at rest; let it go on (`kill -CONT`)"
    } else {
        "none of its runtime's threads came to rest in a system call; try again"
    };
    Err(refusal(pid, why))
}

/// Why a try gave no copy.
#[derive(Debug)]
pub enum Trouble {
    /// The process was in the way; nothing has changed in it.
    Again,
    /// It will not work.
    Final(LiveError),
}

impl From<LiveError> for Trouble {
    fn from(error: LiveError) -> Trouble {
        Trouble::Final(error)
    }
}

/// What a tracing thread is to do.
struct Job {
    pid: Pid,
    layout: Layout,
    gadgets: Gadgets,
    limit: Duration,
}

/// A copy as its tracing thread hands it over.
struct Taken {
    clone: Pid,
    threads: Vec<Thread>,
    stopped: Duration,
}

/// Runs a job on a thread of its own: that thread's end lets go whatever it traces, on every way out.
fn start(job: Job) -> Result<Result<Copy, Trouble>, LiveError> {
    let (hand_over, taken) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let io = |source| LiveError::Io { path: "a thread to trace with".into(), source };
    let pid = job.pid.as_raw();
    let thread = thread::Builder::new().name("freeze".into()).spawn(move || hold(&job, &hand_over, &released)).map_err(io)?;
    match taken.recv() {
        Ok(Ok(Taken { clone, threads, stopped })) => Ok(Ok(Copy {
            pid: clone.as_raw(),
            threads,
            stopped_ns: u64::try_from(stopped.as_nanos()).unwrap_or(u64::MAX),
            holder: Some(Holder { release, thread }),
        })),
        Ok(Err(trouble)) => {
            thread.join().map_err(|_| refusal(pid, "the thread that copied it failed"))??;
            Ok(Err(trouble))
        }
        Err(_) => Err(refusal(pid, "the thread that copied it failed")),
    }
}

fn hold(job: &Job, hand_over: &Sender<Result<Taken, Trouble>>, released: &Receiver<()>) -> Result<(), LiveError> {
    let taken = take(job);
    let clone = taken.as_ref().ok().map(|taken| taken.clone);
    if hand_over.send(taken).is_err() {
        return Ok(());
    }
    let Some(clone) = clone else { return Ok(()) };
    // Its other end is dropped when the copy is no longer wanted.
    let _ = released.recv();
    end(clone);
    left::reap(job.pid, &job.layout, &job.gadgets)
}

/// Stops, copies, lets go.
fn take(job: &Job) -> Result<Taken, Trouble> {
    left::reap(job.pid, &job.layout, &job.gadgets)?;
    let begun = Instant::now();
    let mut halted = halt::all(job.pid, begun + job.limit)?;
    let Some(rest) = rest::choose(job.pid, &job.layout, &halted) else { return Err(Trouble::Again) };
    let (result, clone) = inject::clone(&rest, &job.gadgets)?;
    // The thread has its registers back. It is let go first, for the others may wait for it.
    halted.sort_by_key(|thread| thread.tid != rest.tid);
    halted.iter().try_for_each(Halted::release)?;
    let stopped = begun.elapsed();
    let threads = halted.iter().map(|thread| thread.seen(job.pid)).collect();
    // On every way out before it is marked, the clone is not killed: let go, it ends in a way that is known for goherd's.
    let clone = clone.ok_or_else(|| inject::why_not(job.pid, result))?;
    guard(clone)?;
    Ok(Taken { clone, threads, stopped })
}

/// Makes the clone the first to go when memory runs out, and end with this thread.
fn guard(clone: Pid) -> Result<(), LiveError> {
    halt::wait_trap(clone)?;
    let path = format!("/proc/{clone}/oom_score_adj");
    fs::write(&path, "1000").map_err(|source| LiveError::Io { path, source })?;
    ptrace::setoptions(clone, Options::PTRACE_O_EXITKILL).map_err(|_| LiveError::Gone(clone.as_raw()))
}

/// Ends a clone this thread traces; it stays a zombie of the process.
fn end(clone: Pid) {
    // Each fails only when the clone has ended already.
    let _ = kill(clone, Signal::SIGKILL);
    let _ = waitpid(clone, Some(WaitPidFlag::__WALL));
}
