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
    if fs::read_to_string("/proc/sys/vm/overcommit_memory").is_ok_and(|mode| is_paid_in_full(&mode)) {
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

/// Whether every page a process may write must be covered beforehand (`vm.overcommit_memory`).
fn is_paid_in_full(mode: &str) -> bool {
    mode.trim() == "2"
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
    let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    let short = short_machine(&memory, needed).or_else(|| short_group(Path::new("/sys/fs/cgroup"), &groups, needed));
    short.map_or(Ok(()), |why| Err(refusal(pid, &why)))
}

/// What `/proc/meminfo` says against it.
fn short_machine(memory: &str, needed: u64) -> Option<String> {
    let available = field(memory, "MemAvailable:")?.strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10;
    (available < needed).then(|| short("the machine", available, needed))
}

/// What the control groups of a process say against it, which are mounted at `root`.
fn short_group(root: &Path, groups: &str, needed: u64) -> Option<String> {
    for group in groups.lines().filter_map(|line| folder(root, line)).flat_map(|group| with_parents(root, &group)) {
        let number = |name: &str| fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
        if let (Some(max), Some(now)) = (number("pids.max"), number("pids.current"))
            && now >= max
        {
            return Some(format!("its control group is at its limit of {max} processes and threads (pids.max)"));
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
                return Some(short("its control group", free, needed));
            }
        }
    }
    None
}

fn short(whose: &str, free: u64, needed: u64) -> String {
    let (free, needed) = (free >> 20, needed >> 20);
    format!("{whose} has {free} MB of memory left, a copy may need {needed} MB; read it live instead")
}

/// The folder a line of `/proc/PID/cgroup` names: `0::/path` (version 2) or `7:pids:/path` (version 1).
fn folder(root: &Path, line: &str) -> Option<PathBuf> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let wanted = controllers.is_empty() || controllers.split(',').any(|name| name == "pids" || name == "memory");
    wanted.then(|| root.join(controllers).join(path.trim_start_matches('/')))
}

/// A group and those it lies in. What is mounted may itself be a group: in a container it is the container's.
fn with_parents(root: &Path, folder: &Path) -> Vec<PathBuf> {
    folder.ancestors().take_while(|part| part.starts_with(root)).map(Path::to_path_buf).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    /// A folder of control groups: path, content.
    fn groups(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, content) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, content).expect("a file");
        }
        root
    }

    #[track_caller]
    fn check(files: &[(&str, &str)], cgroup: &str, expected: Option<&str>) {
        let root = groups(files);
        let short = short_group(root.path(), cgroup, 100 * MB);
        assert_eq!(
            short.as_deref().map(|why| expected.is_some_and(|part| why.contains(part))),
            expected.map(|_| true),
            "{short:?}"
        );
    }

    const V2: &str = "0::/system.slice/api.service\n";
    const V1: &str = "9:name=systemd:/\n8:pids:/docker/4f\n7:blkio:/\n4:memory:/docker/4f\n3:cpu,cpuacct:/\n0::/\n";

    #[test]
    fn processes_of_a_control_group() {
        let (max, now) = ("system.slice/api.service/pids.max", "system.slice/api.service/pids.current");
        check(&[(max, "12\n"), (now, "11\n")], V2, None);
        check(&[(max, "12\n"), (now, "12\n")], V2, Some("limit of 12 processes"));
        check(&[(max, "max\n"), (now, "12\n")], V2, None);
        check(&[("system.slice/pids.max", "40\n"), ("system.slice/pids.current", "41\n")], V2, Some("limit of 40 processes"));
        check(&[("pids/docker/4f/pids.max", "9\n"), ("pids/docker/4f/pids.current", "9\n")], V1, Some("limit of 9 processes"));
        check(&[("pids/docker/pids.max", "9\n"), ("pids/docker/pids.current", "8\n")], V1, None);
        // In a container what is mounted is its own group.
        check(&[("pids.max", "9\n"), ("pids.current", "9\n")], "0::/\n", Some("limit of 9 processes"));
        check(&[("pids.max", "9\n"), ("pids.current", "9\n")], "garbage\n0:\n\n", None);
    }

    #[test]
    fn memory_of_a_control_group() {
        let (max, now, stat) = ("a/memory.max", "a/memory.current", "a/memory.stat");
        let check_v2 = |limit: &str, used: &str, cached: &str, expected| {
            let stat_text =
                format!("anon 1000\nfile 2000\nkernel 10\ninactive_anon 4096\ninactive_file {cached}\nunevictable 0\n");
            check(&[(max, limit), (now, used), (stat, &stat_text)], "0::/a\n", expected);
        };
        check_v2("max\n", "1000\n", "0", None);
        check_v2("209715200\n", "104857600\n", "0", None);
        check_v2("209715200\n", "146800640\n", "0", Some("60 MB of memory left, a copy may need 100 MB"));
        check_v2("209715200\n", "209715200\n", "104857600", None);
        let v1 = |limit: &str, used: &str, expected| {
            let stat = "cache 5\nrss 6\ninactive_file 104857600\ntotal_cache 5\ntotal_inactive_file 0\n";
            let at = |name: &str| format!("memory/docker/4f/memory.{name}");
            check(&[(&at("limit_in_bytes"), limit), (&at("usage_in_bytes"), used), (&at("stat"), stat)], V1, expected);
        };
        v1("9223372036854771712\n", "104857600\n", None);
        v1("209715200\n", "199229440\n", Some("10 MB of memory left"));
    }

    #[test]
    fn memory_of_the_machine() {
        let memory = "MemTotal:       24581272 kB\nMemFree:           90000 kB\nMemAvailable:     102399 kB\nBuffers:              12 kB\n";
        assert!(short_machine(memory, 100 * MB).is_some_and(|why| why.contains("the machine has 99 MB")));
        assert_eq!(short_machine(memory, 99 * MB), None);
        assert_eq!(short_machine("MemTotal: 5 kB\n", 100 * MB), None);
    }

    #[test]
    fn overcommitment() {
        assert_eq!(["0\n", "1\n", "2\n", "2", ""].map(is_paid_in_full), [false, false, true, true, false]);
    }
}
