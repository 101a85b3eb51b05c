//! The bytes of an execution trace: numbers, kinds of events and how many numbers follow each
//! (`internal/trace/tracev2/events.go`, Go 1.22 to 1.27).

use crate::pb::varint;

/// Bytes a trace begins with.
pub const HEADER_BYTES: usize = 16;
/// Largest payload of a batch (`MaxBatchSize`).
pub const BATCH_BYTES_MAX: u64 = 64 << 10;
/// Most frames of a stack (`MaxFramesPerStack`).
pub const FRAMES_MAX: u64 = 128;
/// Longest text (`MaxEventTrailerDataSize`).
pub const TEXT_BYTES_MAX: u64 = 1 << 10;
/// Most numbers behind an event's time.
pub const ARGS_MAX: usize = 4;

macro_rules! kinds {
    ($($name:ident = $code:literal, $text:literal, $args:literal;)* [$($more:literal, $more_text:literal, $more_args:literal;)*]) => {
        $(pub const $name: u8 = $code;)*

        /// What Go calls a kind of event; empty for a byte that is none.
        pub fn kind_name(kind: u8) -> &'static str {
            match kind {
                $($code => $text,)*
                $($more => $more_text,)*
                _ => "",
            }
        }

        /// How many numbers follow the time of each kind of event; [`NOT_TIMED`] for what stands in no batch of a thread.
        pub const ARGS: [u8; 256] = {
            let mut args = [NOT_TIMED; 256];
            $(args[$code] = $args;)*
            $(args[$more] = $more_args;)*
            args
        };
    };
}

/// A kind that is no event of a thread.
pub const NOT_TIMED: u8 = u8::MAX;

kinds! {
    EVENT_BATCH = 1, "EventBatch", 255;
    STACKS = 2, "Stacks", 255;
    STACK = 3, "Stack", 255;
    STRINGS = 4, "Strings", 255;
    STRING = 5, "String", 255;
    CPU_SAMPLES = 6, "CPUSamples", 255;
    CPU_SAMPLE = 7, "CPUSample", 255;
    FREQUENCY = 8, "Frequency", 255;
    PROCS_CHANGE = 9, "ProcsChange", 2;
    PROC_START = 10, "ProcStart", 2;
    PROC_STOP = 11, "ProcStop", 0;
    PROC_STEAL = 12, "ProcSteal", 3;
    PROC_STATUS = 13, "ProcStatus", 2;
    GO_CREATE = 14, "GoCreate", 3;
    GO_CREATE_SYSCALL = 15, "GoCreateSyscall", 1;
    GO_START = 16, "GoStart", 2;
    GO_DESTROY = 17, "GoDestroy", 0;
    GO_DESTROY_SYSCALL = 18, "GoDestroySyscall", 0;
    GO_STOP = 19, "GoStop", 2;
    GO_BLOCK = 20, "GoBlock", 2;
    GO_UNBLOCK = 21, "GoUnblock", 3;
    GO_SYSCALL_BEGIN = 22, "GoSyscallBegin", 2;
    GO_SYSCALL_END = 23, "GoSyscallEnd", 0;
    GO_SYSCALL_END_BLOCKED = 24, "GoSyscallEndBlocked", 0;
    GO_STATUS = 25, "GoStatus", 3;
    STW_BEGIN = 26, "STWBegin", 2;
    STW_END = 27, "STWEnd", 0;
    GC_ACTIVE = 28, "GCActive", 1;
    GC_BEGIN = 29, "GCBegin", 2;
    GC_END = 30, "GCEnd", 1;
    GC_SWEEP_ACTIVE = 31, "GCSweepActive", 1;
    GC_SWEEP_BEGIN = 32, "GCSweepBegin", 1;
    GC_SWEEP_END = 33, "GCSweepEnd", 2;
    GC_MARK_ASSIST_ACTIVE = 34, "GCMarkAssistActive", 1;
    GC_MARK_ASSIST_BEGIN = 35, "GCMarkAssistBegin", 1;
    GC_MARK_ASSIST_END = 36, "GCMarkAssistEnd", 0;
    HEAP_ALLOC = 37, "HeapAlloc", 1;
    HEAP_GOAL = 38, "HeapGoal", 1;
    GO_LABEL = 39, "GoLabel", 1;
    USER_TASK_BEGIN = 40, "UserTaskBegin", 4;
    USER_TASK_END = 41, "UserTaskEnd", 2;
    USER_REGION_BEGIN = 42, "UserRegionBegin", 3;
    USER_REGION_END = 43, "UserRegionEnd", 3;
    USER_LOG = 44, "UserLog", 4;
    GO_SWITCH = 45, "GoSwitch", 2;
    GO_SWITCH_DESTROY = 46, "GoSwitchDestroy", 2;
    GO_CREATE_BLOCKED = 47, "GoCreateBlocked", 3;
    GO_STATUS_STACK = 48, "GoStatusStack", 4;
    EXPERIMENTAL_BATCH = 49, "ExperimentalBatch", 255;
    SYNC = 50, "Sync", 255;
    CLOCK_SNAPSHOT = 51, "ClockSnapshot", 255;
    END_OF_GENERATION = 52, "EndOfGeneration", 255;
    [
    128, "Span", 3;
    129, "SpanAlloc", 3;
    130, "SpanFree", 1;
    131, "HeapObject", 2;
    132, "HeapObjectAlloc", 2;
    133, "HeapObjectFree", 1;
    134, "GoroutineStack", 2;
    135, "GoroutineStackAlloc", 2;
    136, "GoroutineStackFree", 1;
    ]
}

/// Reads numbers off the front of bytes.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a> {
    /// What is left.
    pub rest: &'a [u8],
}

impl<'a> Numbers<'a> {
    /// One byte.
    #[inline]
    pub fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*byte)
    }

    /// One LEB128 number of at most 64 bits.
    #[inline]
    pub fn number(&mut self) -> Option<u64> {
        let (value, len) = varint(self.rest)?;
        self.rest = &self.rest[len..];
        Some(value)
    }

    /// So many bytes.
    pub fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let bytes = self.rest.get(..len)?;
        self.rest = &self.rest[len..];
        Some(bytes)
    }
}
