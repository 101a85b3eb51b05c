//! Why the kernel refuses to show a process's memory, in words, with what would change it.

use std::fs;
use std::os::unix::fs::MetadataExt;

use nix::errno::Errno;

use crate::error::LiveError;

/// Words for an errno of `process_vm_readv` or of opening files under `/proc/PID`.
pub fn explain(pid: i32, errno: Errno) -> LiveError {
    if errno == Errno::ESRCH || errno == Errno::ENOENT {
        return match is_kernel_thread(pid) {
            None => LiveError::NoSuchProcess(pid),
            Some(true) => LiveError::Refused { pid, why: "it is a kernel thread, which runs no program".into() },
            // It is listed until its parent has noticed.
            Some(false) => LiveError::Gone(pid),
        };
    }
    let why = if errno == Errno::ENOSYS {
        "this kernel has no process_vm_readv (CONFIG_CROSS_MEMORY_ATTACH)".to_owned()
    } else if errno == Errno::EPERM || errno == Errno::EACCES {
        reason(pid)
    } else {
        errno.desc().to_owned()
    };
    LiveError::Refused { pid, why }
}

/// Of a process that is listed.
fn is_kernel_thread(pid: i32) -> Option<bool> {
    const FLAGS: usize = 6;
    const PF_KTHREAD: u32 = 0x0020_0000;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    let flags: u32 = fields.split_ascii_whitespace().nth(FLAGS)?.parse().ok()?;
    Some(flags & PF_KTHREAD != 0)
}

fn reason(pid: i32) -> String {
    let ours = Rights::of("self");
    let theirs = Rights::of(&pid.to_string());
    let can_trace = ours.capabilities & CAP_SYS_PTRACE != 0;
    if !can_trace && ours.uid.is_some() && theirs.uid.is_some() && ours.uid != theirs.uid {
        return format!(
            "it belongs to user {}, goherd runs as user {}; run goherd as that user, or with CAP_SYS_PTRACE (sudo, or `docker run --cap-add SYS_PTRACE`)",
            theirs.uid.unwrap_or_default(),
            ours.uid.unwrap_or_default()
        );
    }
    if !can_trace && ours.gid.is_some() && theirs.gid.is_some() && ours.gid != theirs.gid {
        return format!(
            "it runs as group {}, goherd runs as group {}; run goherd as that group, or with CAP_SYS_PTRACE (sudo)",
            theirs.gid.unwrap_or_default(),
            ours.gid.unwrap_or_default()
        );
    }
    if is_file_closed(pid) {
        return "its executable may not be read by goherd's user: `chmod +r` it, or run goherd with CAP_DAC_READ_SEARCH (sudo)"
            .into();
    }
    let scope = fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    if let Some(why) = scope.ok().and_then(|scope| forbidden_by_yama(&scope, can_trace)) {
        return why.into();
    }
    if theirs.namespaces_differ(&ours) {
        return "it runs in a user namespace that is not goherd's: run goherd on the host with CAP_SYS_PTRACE, or inside the container \
                (Kubernetes: `kubectl debug --target` with the same user, or SYS_PTRACE)"
            .into();
    }
    if !can_trace && theirs.permitted & !ours.permitted != 0 {
        return "it has capabilities goherd does not have: run goherd with CAP_SYS_PTRACE (sudo)".into();
    }
    if can_trace && ours.filtered {
        return "goherd runs under a seccomp filter, which may forbid process_vm_readv: allow it (`docker run --cap-add SYS_PTRACE` does)".into();
    }
    if theirs.owner_differs(pid) {
        return "it is marked non-dumpable (it changed its user, or asked for that): run goherd with CAP_SYS_PTRACE (sudo)"
            .into();
    }
    let remedy =
        if can_trace { "run goherd on the host, outside of it" } else { "run goherd on the host with CAP_SYS_PTRACE (sudo)" };
    format!("the kernel does not say why: a sandbox or a security module (AppArmor, SELinux, gVisor) may forbid it; {remedy}")
}

/// Whether the process may be looked at and the file it runs may not: one that may only be executed.
fn is_file_closed(pid: i32) -> bool {
    let path = format!("/proc/{pid}/exe");
    let closed = || fs::File::open(&path).is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    fs::read_link(&path).is_ok() && closed()
}

/// What the security module Yama forbids at a value of `kernel.yama.ptrace_scope` (`Documentation/admin-guide/LSM/Yama.rst`).
fn forbidden_by_yama(scope: &str, can_trace: bool) -> Option<&'static str> {
    match (scope.trim().parse::<u8>(), can_trace) {
        (Ok(1), false) => {
            Some("kernel.yama.ptrace_scope is 1: run goherd with CAP_SYS_PTRACE (sudo), or `sysctl kernel.yama.ptrace_scope=0`")
        }
        (Ok(2), false) => Some("kernel.yama.ptrace_scope is 2: run goherd with CAP_SYS_PTRACE (sudo)"),
        (Ok(3), _) => Some("kernel.yama.ptrace_scope is 3: nobody may, until the next boot"),
        (Ok(0 | 1 | 2 | 4..) | Err(_), _) => None,
    }
}

const CAP_SYS_PTRACE: u64 = 1 << 19;

#[derive(Default)]
struct Rights {
    uid: Option<u32>,
    gid: Option<u32>,
    /// Effective ones.
    capabilities: u64,
    permitted: u64,
    /// A seccomp filter is installed.
    filtered: bool,
    user_namespace: Option<std::path::PathBuf>,
}

impl Rights {
    fn of(pid: &str) -> Rights {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let effective = |name: &str| field(name).and_then(|ids| ids.split_ascii_whitespace().nth(1)?.parse().ok());
        let mask = |name: &str| field(name).and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or(0);
        Rights {
            uid: effective("Uid:"),
            gid: effective("Gid:"),
            capabilities: mask("CapEff:"),
            permitted: mask("CapPrm:"),
            filtered: field("Seccomp:") == Some("2"),
            user_namespace: fs::read_link(format!("/proc/{pid}/ns/user")).ok(),
        }
    }

    /// What the kernel shows of a process that may not be dumped belongs to root, whoever runs it (`proc(5)`); of root's own processes
    /// it cannot be told.
    fn owner_differs(&self, pid: i32) -> bool {
        let owner = fs::metadata(format!("/proc/{pid}/status")).ok().map(|file| MetadataExt::uid(&file));
        owner.is_some() && self.uid.is_some() && owner != self.uid
    }

    fn namespaces_differ(&self, other: &Rights) -> bool {
        matches!((&self.user_namespace, &other.user_namespace), (Some(ours), Some(theirs)) if ours != theirs)
    }
}

#[cfg(test)]
mod tests {
    use super::forbidden_by_yama;

    #[test]
    fn each_value_of_yama() {
        let said = |scope: &str| [false, true].map(|can_trace| forbidden_by_yama(scope, can_trace));
        assert_eq!(said("0\n"), [None, None]);
        let [without, with] = said("1\n");
        assert!(without.is_some_and(|why| why.contains("is 1") && why.contains("sysctl kernel.yama.ptrace_scope=0")));
        assert_eq!(with, None);
        let [without, with] = said("2\n");
        assert!(without.is_some_and(|why| why.contains("is 2") && why.contains("CAP_SYS_PTRACE") && !why.contains("sysctl")));
        assert_eq!(with, None);
        let [without, with] = said("3\n");
        assert!(without == with && with.is_some_and(|why| why.contains("is 3") && why.contains("next boot")));
        for odd in ["", "4\n", "yes\n"] {
            assert_eq!(said(odd), [None, None], "{odd}");
        }
    }
}
