//! The history of a fleet in one file: samples of metrics, families of goroutines, findings with their life, evidence, and small state.
//!
//! One [`Store`] writes; any number of [`History`]s read, from other threads and processes. It is SQLite in WAL mode with every commit
//! synced: what a call returned from is there after a crash, and a call that failed left nothing.
//!
//! Samples arrive as ticks, each appended as one transaction, and are sealed later into chunks of one instance and one layout, column by
//! column. [`Store::tend`] does that and everything else that may wait (retention, downsampling, giving room back) in bounded slices; the
//! caller calls it between ticks.
//!
//! Times are milliseconds since 1970, as the caller's clock has them: a clock that jumps back writes overlapping times, which queries sort.
//!
//! No pattern, no format and no network is known here.

mod bits;
mod chunk;
mod column;
mod error;
mod evidence;
mod export;
mod family;
mod finding;
mod growth;
mod history;
mod names;
mod open;
mod retention;
mod sample;
mod schema;
mod seal;
mod state;
mod tend;
mod tick;

use std::path::PathBuf;
use std::time::Duration;

pub use error::StoreError;
pub use evidence::{EvidenceFilter, EvidenceId, NewEvidence, StoredEvidence};
pub use export::Exported;
pub use family::{FamilyCount, FamilyProfile, StackId, stack_id};
pub use finding::{FindingFilter, FindingState, Step, StoredFinding, Told, Transition};
pub use growth::{FamilyGrowth, GrowthBy, GrowthQuery};
pub use history::{Fold, History, Instance, LabelMatch, SampleRow, SampleSeries, SeriesQuery, StoreSize};
pub use names::{InstanceId, LayoutId};
pub use sample::{Appended, Row, Tick};
pub use tend::Tended;

/// What a store may take. Every limit that is hit is an error or counted; none is silent.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Ticks a chunk has when all goes well. More take less room and more memory: an unsealed tick stays in the file until then.
    pub seal_ticks: u32,
    /// How long samples are kept as they came.
    pub raw_for: Duration,
    /// How long five-minute minima, maxima and means are kept after that; zero keeps none.
    pub rolled_for: Duration,
    /// How long families of goroutines are kept.
    pub families_for: Duration,
    /// How long resolved findings are kept.
    pub findings_for: Duration,
    /// How long evidence is kept.
    pub evidence_for: Duration,
    /// Bytes of evidence in all; the oldest goes first.
    pub evidence_bytes: u64,
    /// Bytes of one piece of evidence.
    pub evidence_piece_bytes: u64,
    /// Bytes of the file; zero is no limit. Past it, calls that write fail with [`StoreError::Full`] until retention made room.
    pub file_bytes: u64,
    /// How long a clock that leapt ahead by more than a day must stay there before retention believes it; meanwhile nothing is deleted.
    /// Zero for clocks that are made up.
    pub clock_doubt: Duration,
    /// Instances known at a time.
    pub instances: u32,
    /// Series of one instance.
    pub series_per_instance: u32,
}

impl Default for Limits {
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Limits {
            seal_ticks: 120,
            raw_for: Duration::from_secs(7 * DAY),
            rolled_for: Duration::from_secs(365 * DAY),
            families_for: Duration::from_secs(30 * DAY),
            findings_for: Duration::from_secs(365 * DAY),
            evidence_for: Duration::from_secs(30 * DAY),
            evidence_bytes: 1 << 30,
            evidence_piece_bytes: 64 << 20,
            file_bytes: 0,
            clock_doubt: Duration::from_hours(1),
            instances: 200_000,
            series_per_instance: 50_000,
        }
    }
}

/// The one writer of a store. Its memory is 8 bytes a sample of one tick, about 100 bytes an instance, and while a shard is sealed up to
/// 64 MiB; SQLite's cache takes 8 MiB more.
#[derive(Debug)]
pub struct Store {
    /// Its connection, which queries may use too.
    own: History,
    path: PathBuf,
    limits: Limits,
    names: names::Names,
    shards: sample::Shards,
    profiles: family::Profiles,
    due: tend::Due,
    /// Whether a call inside [`Store::together`] failed, so that what it left half done is not kept.
    failed_within: bool,
    /// Held for as long as the store is open.
    _lock: std::fs::File,
}
