//! What `/proc` says of a process and its threads.

use std::fs;

use nix::unistd::Pid;

use crate::error::LiveError;

/// A thread's id in its own namespace, which is the one its runtime has.
pub fn inner_id(pid: Pid, tid: Pid) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")).unwrap_or_default();
    field(&status, "NSpid:")
        .and_then(|ids| ids.split_ascii_whitespace().last()?.parse().ok())
        .unwrap_or(tid.as_raw().unsigned_abs())
}

/// A line's value in `/proc/PID/status`.
pub fn field<'s>(status: &'s str, name: &str) -> Option<&'s str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}

/// The ids of a process's threads.
pub fn tasks(pid: Pid) -> Result<Vec<Pid>, LiveError> {
    let path = format!("/proc/{pid}/task");
    let entries = fs::read_dir(&path).map_err(|_| LiveError::NoSuchProcess(pid.as_raw()))?;
    let ids: Vec<Pid> = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).map(Pid::from_raw).collect();
    if ids.is_empty() { Err(LiveError::NoSuchProcess(pid.as_raw())) } else { Ok(ids) }
}
