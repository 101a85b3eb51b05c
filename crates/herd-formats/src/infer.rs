//! The wait reason a stack shows, for witnesses that carry none (debug=0, debug=1).

use herd_model::WaitReason;

/// Looks at function names from the innermost on; [`WaitReason::Unknown`] when they do not tell.
pub fn wait_reason<'a>(funcs: impl Iterator<Item = &'a str>) -> WaitReason {
    let mut semaphore = None;
    for func in funcs.take(12) {
        if let Some(reason) = reason_of(func) {
            return reason;
        }
        match func {
            "runtime.semacquire1"
            | "runtime.semacquire"
            | "sync.runtime_Semacquire"
            | "sync.runtime_SemacquireMutex"
            | "internal/sync.runtime_SemacquireMutex"
            | "sync.runtime_SemacquireWaitGroup" => semaphore = Some(WaitReason::Semacquire),
            _ if is_below_user(func) => {}
            _ => break,
        }
    }
    semaphore.unwrap_or(WaitReason::Unknown)
}

fn is_below_user(func: &str) -> bool {
    ["runtime.", "sync.", "internal/sync.", "internal/runtime/", "internal/poll.", "syscall.", "internal/synctest."]
        .iter()
        .any(|prefix| func.starts_with(prefix))
}

fn reason_of(func: &str) -> Option<WaitReason> {
    Some(match func {
        "runtime.chanrecv" | "runtime.chanrecv1" | "runtime.chanrecv2" => WaitReason::ChanReceive,
        "runtime.chansend" | "runtime.chansend1" => WaitReason::ChanSend,
        "runtime.selectgo" => WaitReason::Select,
        "runtime.block" => WaitReason::SelectNoCases,
        "runtime.netpollblock" | "internal/poll.runtime_pollWait" => WaitReason::IoWait,
        "runtime.timeSleep" | "time.Sleep" => WaitReason::Sleep,
        "sync.(*Mutex).lockSlow" | "internal/sync.(*Mutex).lockSlow" | "sync.(*Mutex).Lock" | "internal/sync.(*Mutex).Lock" => {
            WaitReason::MutexLock
        }
        "sync.runtime_SemacquireRWMutexR" | "sync.(*RWMutex).RLock" => WaitReason::RwMutexRLock,
        "sync.runtime_SemacquireRWMutex" | "sync.(*RWMutex).Lock" => WaitReason::RwMutexLock,
        "sync.(*WaitGroup).Wait" | "sync.runtime_SemacquireWaitGroup" => WaitReason::WaitGroupWait,
        "sync.(*Cond).Wait" | "sync.runtime_notifyListWait" => WaitReason::CondWait,
        "os/signal.signal_recv"
        | "runtime.notetsleepg"
        | "syscall.Syscall"
        | "syscall.Syscall6"
        | "syscall.RawSyscall6"
        | "internal/runtime/syscall.Syscall6"
        | "runtime.cgocall"
        | "runtime/internal/syscall.Syscall6" => WaitReason::Syscall,
        "runtime.coroswitch_m" | "runtime.coroswitch" => WaitReason::Coroutine,
        "runtime/pprof.runtime_goroutineProfileWithLabels"
        | "runtime.goroutineProfileWithLabels"
        | "runtime.GoroutineProfile"
        | "runtime/pprof.runtime_goroutineLeakProfileWithLabels"
        | "runtime/pprof.pprof_goroutineProfileWithLabels"
        | "runtime/pprof.pprof_goroutineLeakProfileWithLabels" => WaitReason::Running,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(funcs: &[&str], expect: &WaitReason) {
        assert_eq!(&wait_reason(funcs.iter().copied()), expect);
    }

    #[test]
    fn the_frames_tell() {
        check(&["runtime.gopark", "runtime.chanrecv", "runtime.chanrecv1", "main.f"], &WaitReason::ChanReceive);
        check(
            &["runtime.gopark", "runtime.goparkunlock", "runtime.semacquire1", "sync.runtime_Semacquire", "main.f"],
            &WaitReason::Semacquire,
        );
        check(
            &["runtime.gopark", "runtime.semacquire1", "sync.runtime_Semacquire", "sync.(*WaitGroup).Wait", "main.f"],
            &WaitReason::WaitGroupWait,
        );
        check(&["internal/poll.runtime_pollWait", "internal/poll.(*pollDesc).wait", "net.(*conn).Read"], &WaitReason::IoWait);
        check(&["main.f", "runtime.chanrecv"], &WaitReason::Unknown);
    }
}
