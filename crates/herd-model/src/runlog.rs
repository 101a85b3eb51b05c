//! What the Go runtime prints of itself (`GODEBUG=gctrace=1,schedtrace=1000,…`), one [`RuntimeLog`] a process.

use std::collections::BTreeMap;

/// What one process printed. Lists are in the order of the input; where a reader's limit was hit, the latest records are kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuntimeLog {
    /// What the log calls the process (pod, container, unit), where lines carry a name.
    pub source: Option<Box<str>>,
    /// Collections (`gctrace=1`).
    pub gcs: Vec<GcRecord>,
    /// States of the scheduler (`schedtrace=MS`).
    pub scheds: Vec<SchedRecord>,
    /// Work of the scavenger (`scavtrace=1`).
    pub scavs: Vec<ScavRecord>,
    /// Package initialisers (`inittrace=1`).
    pub inits: Vec<InitRecord>,
    /// Collections that the two-minute timer started (`GC forced`).
    pub timer_gcs: u64,
    /// Which Go releases print in this form.
    pub go: GoClues,
}

/// Everything a text held, and what was lost of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RuntimeLogs {
    /// Processes, in order of appearance.
    pub processes: Vec<RuntimeLog>,
    /// Bytes read.
    pub bytes: u64,
    /// Records.
    pub records: u64,
    /// Records that other text cut in two or more.
    pub torn: u64,
    /// Torn records that were put together again.
    pub stitched: u64,
    /// Torn records whose parts do not fit together.
    pub lost: u64,
    /// Where the first lost records begin, bytes from the start.
    pub lost_at: Vec<u64>,
    /// Records left out because a limit was hit.
    pub over_limit: u64,
    /// Where the first of them begins, bytes from the start.
    pub over_limit_at: Option<u64>,
}

/// What the form of the records says of the release of Go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoClues {
    /// First minor of Go 1 that prints all that was seen: 18 for `MB stacks` in gctrace, 20 for `needspinning=` in schedtrace, 21 for
    /// `KiB work (bg)` in scavtrace, 25 for `schedticks=`, 26 for a collection that looks for leaked goroutines.
    pub from_minor: Option<u32>,
    /// Last minor that does: 17 for a gctrace without `MB stacks`, 24 for a schedtrace without `schedticks=`.
    pub until_minor: Option<u32>,
}

/// One line of gctrace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GcRecord {
    /// Byte at which it begins.
    pub offset: u64,
    /// Number of the collection, from 1.
    pub number: u64,
    /// Seconds from the start of the process.
    pub at_s: f64,
    /// Share of CPU the collector has taken since the start of the process, whole percent.
    pub cpu_percent: u32,
    /// Clock of the pause that ends sweeping, milliseconds.
    pub sweep_pause_ms: f64,
    /// Clock of concurrent marking, milliseconds.
    pub mark_ms: f64,
    /// Clock of the pause that ends marking, milliseconds.
    pub mark_pause_ms: f64,
    /// CPU of the first pause: its clock times the processors stopped, milliseconds.
    pub sweep_pause_cpu_ms: f64,
    /// CPU that allocating goroutines were made to help with, milliseconds.
    pub assist_cpu_ms: f64,
    /// CPU of dedicated and fractional workers, milliseconds.
    pub worker_cpu_ms: f64,
    /// CPU of marking on processors that were idle, milliseconds.
    pub idle_cpu_ms: f64,
    /// CPU of the second pause, milliseconds.
    pub mark_pause_cpu_ms: f64,
    /// Heap at the start of the collection, MiB.
    pub heap_begin_mb: u64,
    /// Heap at its end, MiB.
    pub heap_end_mb: u64,
    /// Heap found live, MiB.
    pub heap_live_mb: u64,
    /// Heap at which it was to be finished, MiB.
    pub goal_mb: u64,
    /// Stacks to scan, MiB; Go 1.18 on.
    pub stacks_mb: Option<u64>,
    /// Globals to scan, MiB; Go 1.18 on.
    pub globals_mb: Option<u64>,
    /// GOMAXPROCS.
    pub procs: u32,
    /// The program called `runtime.GC`.
    pub forced: bool,
    /// It also looked for leaked goroutines.
    pub leak_check: bool,
}

/// One line of schedtrace, with its block where `scheddetail=1` printed one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SchedRecord {
    /// Byte at which it begins.
    pub offset: u64,
    /// Milliseconds from the first such line.
    pub at_ms: u64,
    /// GOMAXPROCS.
    pub procs: u32,
    /// Processors without work.
    pub idle_procs: u32,
    /// Threads.
    pub threads: u32,
    /// Threads looking for work.
    pub spinning_threads: u32,
    /// A thread is asked to look for work; Go 1.20 on.
    pub needspinning: Option<u32>,
    /// Threads that are parked.
    pub idle_threads: u32,
    /// Goroutines in the global queue of runnable ones.
    pub run_queue: u64,
    /// Goroutines in the queue of each processor.
    pub local_queues: Box<[u32]>,
    /// Switches of each processor since the start; Go 1.25 on.
    pub schedticks: Box<[u32]>,
    /// What scheddetail tells.
    pub detail: Option<Box<SchedDetail>>,
}

/// A block of scheddetail, counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SchedDetail {
    /// Goroutines that are not dead, those of the runtime included.
    pub goroutines: u64,
    /// Goroutines that can run and do not.
    pub runnable: u64,
    /// Goroutines in a system call or C code.
    pub in_syscall: u64,
    /// Waiting goroutines by the reason the runtime gives.
    pub waiting: BTreeMap<Box<str>, u64>,
    /// Threads with a goroutine and no processor: in a long system call or C code.
    pub threads_without_processor: u64,
    /// Timers of all processors.
    pub timers: u64,
}

/// One line of scavtrace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScavRecord {
    /// Byte at which it begins.
    pub offset: u64,
    /// Returned to the operating system since the last line, KiB.
    pub background_kb: u64,
    /// Returned while allocating, as a memory limit asks for, KiB; Go 1.21 on.
    pub eager_kb: Option<u64>,
    /// Held back from the process at that time, KiB.
    pub released_kb: u64,
    /// Share of retained memory that is in use, percent.
    pub util_percent: u32,
    /// `debug.FreeOSMemory`.
    pub forced: bool,
}

/// One line of inittrace.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InitRecord {
    /// Byte at which it begins.
    pub offset: u64,
    /// Package.
    pub package: Box<str>,
    /// Milliseconds from the start of the process.
    pub at_ms: f64,
    /// Clock, milliseconds.
    pub clock_ms: f64,
    /// Bytes allocated.
    pub bytes: u64,
    /// Allocations.
    pub allocs: u64,
}

impl GcRecord {
    /// CPU of the collection without idle marking, milliseconds. The runtime's own share leaves idle time out, as another goroutine
    /// would have had it (`gc_cpu_fraction`, runtime/mgc.go, Go 1.21 to 1.27).
    pub fn cpu_ms(&self) -> f64 {
        self.sweep_pause_cpu_ms + self.assist_cpu_ms + self.worker_cpu_ms + self.mark_pause_cpu_ms
    }

    /// Clock of both pauses, milliseconds.
    pub fn pause_ms(&self) -> f64 {
        self.sweep_pause_ms + self.mark_pause_ms
    }

    /// Clock of the whole collection, milliseconds.
    pub fn clock_ms(&self) -> f64 {
        self.pause_ms() + self.mark_ms
    }
}

impl SchedRecord {
    /// Runnable goroutines that wait, in all queues.
    pub fn queued(&self) -> u64 {
        self.run_queue + self.local_queues.iter().map(|queue| u64::from(*queue)).sum::<u64>()
    }
}

impl GoClues {
    /// A form that minors from this one on print.
    pub fn seen_from(&mut self, minor: u32) {
        self.from_minor = self.from_minor.max(Some(minor));
    }

    /// A form that minors up to this one print.
    pub fn seen_until(&mut self, minor: u32) {
        self.until_minor = Some(self.until_minor.map_or(minor, |until| until.min(minor)));
    }
}
