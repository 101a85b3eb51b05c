//! What a goroutine is doing: its status or wait reason, as the header's bracket says it.

/// Declares [`WaitReason`] from one table: variant, text in a dump, class.
macro_rules! wait_reasons {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $class:ident;)*) => {
        /// The status or wait reason in a goroutine header (`runtime/runtime2.go`, `waitReasonStrings`; `runtime/traceback.go`,
        /// `gStatusStrings`; Go 1.18 to 1.27). Suffixes (`(scan)`, `(leaked)`, `(durable)`, `(synctest)`) are not part of it.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum WaitReason {
            $($(#[$doc])* #[doc = concat!("`", $text, "`")] $variant,)*
            /// A text no known Go version prints.
            Other(Box<str>),
            /// The witness carries no state and no frame tells it.
            Unknown,
        }

        impl WaitReason {
            /// Every named reason, in table order.
            pub const ALL: &'static [WaitReason] = &[$(WaitReason::$variant),*];

            /// Reads the text of a header's bracket, suffixes already removed. Cost: one match.
            pub fn from_text(text: &str) -> WaitReason {
                match text {
                    $($text => WaitReason::$variant,)*
                    "" => WaitReason::Unknown,
                    other => WaitReason::Other(other.into()),
                }
            }

            /// The text Go prints.
            pub fn as_str(&self) -> &str {
                match self {
                    $(WaitReason::$variant => $text,)*
                    WaitReason::Other(text) => text,
                    WaitReason::Unknown => "unknown",
                }
            }

            /// The coarse class families are built on.
            pub fn class(&self) -> StateClass {
                match self {
                    $(WaitReason::$variant => StateClass::$class,)*
                    WaitReason::Other(_) | WaitReason::Unknown => StateClass::Unknown,
                }
            }
        }
    };
}

wait_reasons! {
    Idle = "idle", Idle;
    Runnable = "runnable", Running;
    Running = "running", Running;
    Syscall = "syscall", Syscall;
    Waiting = "waiting", Unknown;
    Dead = "dead", Idle;
    CopyStack = "copystack", Running;
    Preempted = "preempted", Running;
    /// Status of Go 1.26+ when no wait reason is known.
    Leaked = "leaked", Unknown;
    Garbled = "???", Unknown;
    WaitingForCgoCallback = "waiting for cgo callback", Syscall;
    GcAssistMarking = "GC assist marking", Gc;
    IoWait = "IO wait", Io;
    ChanReceiveNil = "chan receive (nil chan)", ChanNil;
    ChanSendNil = "chan send (nil chan)", ChanNil;
    DumpingHeap = "dumping heap", Runtime;
    GarbageCollection = "garbage collection", Gc;
    GarbageCollectionScan = "garbage collection scan", Gc;
    PanicWait = "panicwait", Runtime;
    Select = "select", Select;
    SelectNoCases = "select (no cases)", SelectNone;
    GcAssistWait = "GC assist wait", Gc;
    GcSweepWait = "GC sweep wait", Gc;
    GcScavengeWait = "GC scavenge wait", Gc;
    ChanReceive = "chan receive", ChanReceive;
    ChanSend = "chan send", ChanSend;
    /// Inferred from a profile that hides which of the two it is.
    ChanOperation = "chan send or receive", Channel;
    FinalizerWait = "finalizer wait", Runtime;
    ForceGcIdle = "force gc (idle)", Gc;
    Semacquire = "semacquire", Semaphore;
    Sleep = "sleep", Sleep;
    CondWait = "sync.Cond.Wait", Cond;
    MutexLock = "sync.Mutex.Lock", Lock;
    RwMutexRLock = "sync.RWMutex.RLock", Lock;
    RwMutexLock = "sync.RWMutex.Lock", Lock;
    TraceReaderBlocked = "trace reader (blocked)", Runtime;
    WaitForGcCycle = "wait for GC cycle", Gc;
    GcWorkerIdle = "GC worker (idle)", Gc;
    GcWorkerActive = "GC worker (active)", Gc;
    DebugCall = "debug call", Runtime;
    GcMarkTermination = "GC mark termination", Gc;
    StoppingTheWorld = "stopping the world", Runtime;
    WaitGroupWait = "sync.WaitGroup.Wait", WaitGroup;
    FlushingProcCaches = "flushing proc caches", Runtime;
    TraceGoroutineStatus = "trace goroutine status", Runtime;
    TraceProcStatus = "trace proc status", Runtime;
    PageTraceFlush = "page trace flush", Runtime;
    Coroutine = "coroutine", Coroutine;
    GcWeakToStrongWait = "GC weak to strong wait", Gc;
    SynctestRun = "synctest.Run", Runtime;
    SynctestWait = "synctest.Wait", Runtime;
    GomaxprocsUpdaterIdle = "GOMAXPROCS updater (idle)", Runtime;
    CleanupWait = "cleanup wait", Runtime;
}

/// The coarse class of a [`WaitReason`]; part of a family's identity, so stable across Go versions that renamed reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StateClass {
    /// On a P or about to be.
    Running,
    /// In a system call or C code.
    Syscall,
    /// On the network poller.
    Io,
    /// Receiving from a channel.
    ChanReceive,
    /// Sending to a channel.
    ChanSend,
    /// Sending to or receiving from a channel; the witness does not say which.
    Channel,
    /// On a nil channel: for ever.
    ChanNil,
    /// In a select with cases.
    Select,
    /// In `select {}`: for ever.
    SelectNone,
    /// Acquiring a `sync.Mutex` or `sync.RWMutex`.
    Lock,
    /// In `(*sync.Cond).Wait`.
    Cond,
    /// In `(*sync.WaitGroup).Wait`.
    WaitGroup,
    /// On a runtime semaphore of unknown owner (Go before 1.22 for locks and WaitGroups).
    Semaphore,
    /// In `time.Sleep`.
    Sleep,
    /// A coroutine switched out (`iter.Pull`).
    Coroutine,
    /// A goroutine of the collector.
    Gc,
    /// Another goroutine of the runtime.
    Runtime,
    /// Not started or finished.
    Idle,
    /// Not told by the witness.
    Unknown,
}

impl StateClass {
    /// Whether it sends to a channel, receives from one, or does either and the witness does not tell which. A `select` is neither.
    pub fn is_channel(self) -> bool {
        matches!(self, StateClass::ChanSend | StateClass::ChanReceive | StateClass::Channel)
    }

    /// A word for text and identity, stable across releases.
    pub fn as_str(self) -> &'static str {
        match self {
            StateClass::Running => "running",
            StateClass::Syscall => "syscall",
            StateClass::Io => "io",
            StateClass::ChanReceive => "chan-receive",
            StateClass::ChanSend => "chan-send",
            StateClass::Channel => "channel",
            StateClass::ChanNil => "chan-nil",
            StateClass::Select => "select",
            StateClass::SelectNone => "select-none",
            StateClass::Lock => "lock",
            StateClass::Cond => "cond",
            StateClass::WaitGroup => "waitgroup",
            StateClass::Semaphore => "semaphore",
            StateClass::Sleep => "sleep",
            StateClass::Coroutine => "coroutine",
            StateClass::Gc => "gc",
            StateClass::Runtime => "runtime",
            StateClass::Idle => "idle",
            StateClass::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_reads_back_as_itself() {
        for reason in WaitReason::ALL {
            assert_eq!(&WaitReason::from_text(reason.as_str()), reason);
        }
        assert_eq!(WaitReason::from_text("brewing tea"), WaitReason::Other("brewing tea".into()));
    }
}
