//! What an earlier copy left: a zombie of the process, when goherd was killed while it held it.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::halt;
use super::inject::{self, EXIT_CODE, Gadgets};
use super::rest::{self, RESTS};
use super::status::{field, tasks};
use super::take::{PAUSE, Trouble};
use super::{allowed, refusal};
use crate::error::LiveError;
use crate::layout::Layout;
use crate::memory::{Process, Space};

/// How long a thread at rest is looked for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Zombies reaped at one time.
const MOST: usize = 64;

/// Reaps the zombies of a process that copies have left, with a `wait4` in one of its threads.
pub fn reap(pid: Pid, layout: &Layout, gadgets: &Gadgets) -> Result<(), LiveError> {
    let until = Instant::now() + PATIENCE;
    while let Some(zombie) = zombies(pid).into_iter().next() {
        if Instant::now() > until {
            return Err(refusal(
                pid.as_raw(),
                &format!("its copy {zombie} has ended but could not be reaped; the next copy reaps it"),
            ));
        }
        // As with a copy, the end of the thread that traces lets go whatever it has stopped.
        let reaped = thread::scope(|scope| scope.spawn(|| reap_one(pid, layout, gadgets, zombie)).join());
        match reaped {
            Ok(Ok(())) => {}
            Ok(Err(Trouble::Again)) => thread::sleep(PAUSE),
            Ok(Err(Trouble::Final(error))) => return Err(error),
            Err(_) => return Err(refusal(pid.as_raw(), "the thread that reaped its copy failed")),
        }
        match allowed::wait_untraced(pid.as_raw()) {
            // Another tracer is none of our business once nothing is left.
            Err(error) if !zombies(pid).is_empty() => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Tries one thread after the other.
fn reap_one(pid: Pid, layout: &Layout, gadgets: &Gadgets, zombie: Pid) -> Result<(), Trouble> {
    let until = Instant::now() + PATIENCE;
    let status = fs::read_to_string(format!("/proc/{zombie}/status")).unwrap_or_default();
    let inner = field(&status, "NSpid:").and_then(|ids| ids.split_ascii_whitespace().last()?.parse().ok());
    let inner = inner.ok_or(Trouble::Again)?;
    let mut space = Space::new(Box::new(Process::new(pid.as_raw())));
    for tid in tasks(pid)?.into_iter().filter(|tid| looks_at_rest(pid, *tid)) {
        let halted = match halt::one(pid, tid, until) {
            Ok(Some(halted)) => halted,
            // It has ended, or another tracer holds it; any other thread will do.
            Ok(None) | Err(Trouble::Final(LiveError::Refused { .. })) => continue,
            Err(trouble) => return Err(trouble),
        };
        let at_rest = halted.signal.is_none() && rest::rests(&halted.registers);
        let rest = if at_rest { rest::of(&mut space, pid, layout, &halted) } else { None };
        let result = rest.map(|rest| inject::reap(&rest, gadgets, inner)).transpose()?;
        halted.release()?;
        // Also when it is no longer there to be reaped.
        if result.is_some_and(|result| result != 0) {
            return Ok(());
        }
    }
    Err(Trouble::Again)
}

/// Whether the kernel says that a thread waits in a call it can be made to leave; where it does not say, it may.
fn looks_at_rest(pid: Pid, tid: Pid) -> bool {
    let call = fs::read_to_string(format!("/proc/{pid}/task/{tid}/syscall"));
    call.map_or(true, |text| {
        text.split(' ').next().and_then(|number| number.parse().ok()).is_some_and(|number| RESTS.contains(&number))
    })
}

/// The process's children that have ended, that no signal told of, and that ended as copies do.
pub fn zombies(pid: Pid) -> Vec<Pid> {
    let tasks = tasks(pid).unwrap_or_default();
    let lists: Option<Vec<String>> =
        tasks.iter().map(|tid| fs::read_to_string(format!("/proc/{pid}/task/{tid}/children")).ok()).collect();
    let children: Vec<i32> = match lists {
        Some(lists) => lists.iter().flat_map(|list| list.split_ascii_whitespace()).filter_map(|id| id.parse().ok()).collect(),
        // A thread has ended, or the kernel keeps no such lists.
        None => fs::read_dir("/proc")
            .map_or(Vec::new(), |entries| entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()),
    };
    children.into_iter().filter(|child| is_copy(pid, *child)).take(MOST).map(Pid::from_raw).collect()
}

fn is_copy(pid: Pid, child: i32) -> bool {
    const PARENT: usize = 1;
    const EXIT_SIGNAL: usize = 35;
    const STATUS: usize = 49;
    const KILLED: &str = "9";
    let Ok(stat) = fs::read_to_string(format!("/proc/{child}/stat")) else { return false };
    let Some((_, fields)) = stat.rsplit_once(')') else { return false };
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let is = |index: usize, value: &str| fields.get(index).is_some_and(|field| *field == value);
    let marked = || fs::read_to_string(format!("/proc/{child}/oom_score_adj")).is_ok_and(|mark| mark.trim() == "1000");
    is(0, "Z")
        && is(PARENT, &pid.to_string())
        && is(EXIT_SIGNAL, "0")
        && (is(STATUS, &(EXIT_CODE << 8).to_string()) || is(STATUS, KILLED) && marked())
}
