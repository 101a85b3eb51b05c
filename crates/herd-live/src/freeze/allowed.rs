//! What forbids to copy a process, found before it is touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::status::{field, tasks};
use super::{Budget, refusal};
use crate::error::LiveError;

/// Copying page tables takes so long (measured on amd64 without huge pages).
const GB_NS: u64 = 16_000_000;
const GB: u64 = 1 << 30;
/// Memory that must be free: page tables, and the pages the process writes while the copy lives.
const SPARE_SHARE: u64 = 8;
const SPARE_BYTES: u64 = 32 << 20;
/// How long another tracer that is about to end is waited for.
const PATIENCE: Duration = Duration::from_millis(300);

/// Whether a process can be copied; answers how long it may be stopped.
pub fn check(pid: i32, budget: &Budget) -> Result<Duration, LiveError> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).map_err(|_| LiveError::NoSuchProcess(pid))?;
    if field(&status, "Kthread:") == Some("1") {
        return Err(refusal(pid, "it is a thread of the kernel"));
    }
    if field(&status, "x86_Thread_features:").is_some_and(|features| features.contains("shstk")) {
        return Err(refusal(pid, "it runs with a shadow stack, which an injected call would break; read it live instead"));
    }
    check_filters(pid)?;
    if let Ok("2") = fs::read_to_string("/proc/sys/vm/overcommit_memory").as_deref().map(str::trim) {
        return Err(refusal(pid, "vm.overcommit_memory is 2: a copy would have to be paid for in full; read it live instead"));
    }
    let resident =
        field(&status, "VmRSS:").and_then(|size| size.strip_suffix("kB")?.trim().parse::<u64>().ok()).unwrap_or(0) << 10;
    check_room(pid, resident / SPARE_SHARE + SPARE_BYTES)?;
    let share = |ns: u64| u64::try_from(u128::from(ns) * u128::from(resident) / u128::from(GB)).unwrap_or(u64::MAX);
    let (expected_ns, allowed_ns) = (share(GB_NS), budget.base_ns.saturating_add(share(budget.gb_ns)));
    if expected_ns > allowed_ns {
        return Err(LiveError::OverBudget {
            pid,
            expected_ms: expected_ns.div_ceil(1_000_000),
            allowed_ms: allowed_ns / 1_000_000,
        });
    }
    Ok(Duration::from_nanos(allowed_ns))
}

/// A filter of system calls may end the process for one it did not make.
fn check_filters(pid: i32) -> Result<(), LiveError> {
    for tid in tasks(Pid::from_raw(pid))? {
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")) else { continue };
        if field(&status, "Seccomp:").is_some_and(|mode| mode != "0") {
            return Err(refusal(
                pid,
                "a seccomp filter watches its system calls, and may end it for the clone; run it without one \
                 (`docker run --security-opt seccomp=unconfined`), or read it live instead",
            ));
        }
    }
    Ok(())
}

/// Waits until nobody traces the process: a tracer that has just ended lets go a moment later.
pub fn wait_untraced(pid: i32) -> Result<(), LiveError> {
    let until = Instant::now() + PATIENCE;
    loop {
        let Some(tracer) = tracer(pid)? else { return Ok(()) };
        if Instant::now() > until {
            return Err(refusal(pid, &format!("process {tracer} traces it (a debugger, or another goherd); end that first")));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn tracer(pid: i32) -> Result<Option<u32>, LiveError> {
    for tid in tasks(Pid::from_raw(pid))? {
        let Ok(status) = fs::read_to_string(format!("/proc/{pid}/task/{tid}/status")) else { continue };
        let tracer = field(&status, "TracerPid:").and_then(|tracer| tracer.parse().ok()).unwrap_or(0);
        if tracer != 0 {
            return Ok(Some(tracer));
        }
    }
    Ok(None)
}

/// Whether the machine, and each control group the process is in, has room for one process and some memory more.
fn check_room(pid: i32, needed: u64) -> Result<(), LiveError> {
    let short = |free: u64, whose: &str| {
        let (free, needed) = (free >> 20, needed >> 20);
        refusal(pid, &format!("{whose} has {free} MB of memory left, a copy may need {needed} MB; read it live instead"))
    };
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let available = field(&memory, "MemAvailable:").and_then(|size| size.strip_suffix("kB")?.trim().parse::<u64>().ok());
    if let Some(free) = available.map(|kb| kb << 10).filter(|free| *free < needed) {
        return Err(short(free, "the machine"));
    }
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    for group in groups.lines().filter_map(folder).flat_map(|group| with_parents(&group)) {
        let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
        if let (Some(max), Some(now)) = (number("pids.max"), number("pids.current"))
            && now >= max
        {
            return Err(refusal(pid, &format!("its control group is at its limit of {max} processes and threads (pids.max)")));
        }
        for (max, now, cache) in [
            ("memory.max", "memory.current", "inactive_file "),
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "),
        ] {
            let (Some(max), Some(now)) = (number(max), number(now)) else { continue };
            let stat = fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
            // Pages of files give way.
            let cached = field(&stat, cache).and_then(|size| size.parse().ok()).unwrap_or(0);
            let free = max.saturating_sub(now.saturating_sub(cached));
            if free < needed {
                return Err(short(free, "its control group"));
            }
        }
    }
    Ok(())
}

/// The folder a line of `/proc/PID/cgroup` names: `0::/path` (version 2) or `7:pids:/path` (version 1).
fn folder(line: &str) -> Option<PathBuf> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let root = Path::new("/sys/fs/cgroup");
    let wanted = controllers.is_empty() || controllers.split(',').any(|name| name == "pids" || name == "memory");
    wanted.then(|| root.join(controllers).join(path.trim_start_matches('/')))
}

/// A group and those it lies in.
fn with_parents(folder: &Path) -> Vec<PathBuf> {
    let root = Path::new("/sys/fs/cgroup");
    folder.ancestors().take_while(|part| *part != root && part.starts_with(root)).map(Path::to_path_buf).collect()
}
