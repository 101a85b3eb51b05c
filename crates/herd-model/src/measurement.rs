//! What a table of measurements holds: one row an instant, a window or a request.

/// One row. What the table does not tell is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measurement {
    /// When, in seconds since 1970.
    pub time_s: Option<f64>,
    /// Goroutines.
    pub goroutines: Option<f64>,
    /// Memory in bytes.
    pub memory_bytes: Option<f64>,
    /// Requests a second.
    pub qps: Option<f64>,
    /// Latency in milliseconds.
    pub latency_ms: Option<f64>,
    /// Pauses of the collector in milliseconds.
    pub gc_pause_ms: Option<f64>,
    /// Requests of the row's window; 1 where a row is a request.
    pub requests: Option<f64>,
    /// How many of them failed.
    pub failures: Option<f64>,
}
