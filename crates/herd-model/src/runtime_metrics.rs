//! What a Go process serves of its runtime at one moment.

/// Figures of `runtime/metrics`, or their elders; absent where the process does not serve them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RuntimeMetrics {
    /// Goroutines.
    pub goroutines: Option<f64>,
    /// Bytes of heap: those the last collection found alive where they are told (`/gc/heap/live:bytes`), else those allocated and not yet
    /// swept.
    pub heap_bytes: Option<f64>,
    /// CPU seconds of the collector since the start (`/cpu/classes/gc/total:cpu-seconds`).
    pub gc_cpu_s: Option<f64>,
    /// CPU seconds there were since the start, idle ones too (`/cpu/classes/total:cpu-seconds`).
    pub total_cpu_s: Option<f64>,
    /// Share of the collector since the start, 0 to 1 (`runtime.MemStats.GCCPUFraction`).
    pub gc_cpu_fraction: Option<f64>,
    /// Collections since the start.
    pub collections: Option<f64>,
    /// Seconds the world stood for them since the start.
    pub paused_s: Option<f64>,
    /// The collection in which the runtime last held the collector back; 0 for never (`/gc/limiter/last-enabled:gc-cycle`).
    pub limited_at: Option<f64>,
}

impl RuntimeMetrics {
    /// Whether nothing of it was told.
    pub fn is_empty(&self) -> bool {
        *self == RuntimeMetrics::default()
    }
}
