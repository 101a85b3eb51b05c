//! What a goroutine's status word says (`runtime/runtime2.go`, `_Gidle` and on).

/// Its stack is being looked through by a collection.
pub const SCAN_BIT: u32 = 0x1000;
/// It may run and does not.
pub const RUNNABLE: u32 = 1;
/// It runs.
pub const RUNNING: u32 = 2;
/// It is in a system call or in C.
pub const SYSCALL: u32 = 3;
/// It waits.
pub const WAITING: u32 = 4;
/// Its record is free.
pub const DEAD: u32 = 6;
/// It stopped itself when it was asked to.
pub const PREEMPTED: u32 = 9;
/// The runtime found that nothing can wake it (Go 1.26).
pub const LEAKED: u32 = 10;
/// It belongs to a thread of C that is not in Go now (Go 1.26).
pub const DEAD_EXTRA: u32 = 11;

/// What a traceback calls them (`gStatusStrings`).
pub const NAMES: [&str; 12] = [
    "idle",
    "runnable",
    "running",
    "syscall",
    "waiting",
    "???",
    "dead",
    "???",
    "copystack",
    "preempted",
    "leaked",
    "waiting for cgo callback",
];
